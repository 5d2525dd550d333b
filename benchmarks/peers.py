"""The same attention for each peer: ONNX models, and what is constant in them.

A peer gets a position term that it has no word for as the constant tensor that
folding makes of it, and a rotation as the nodes that exporters write.
"""

import math

import numpy as np

import attention
from attention import key_heads, sizes
from inputs import load_inputs

# Terms of attention.json that peers can be given.
COMPARED = {None, "rope-tables", "alibi", "t5"}


def distance(queries, keys):
    return np.arange(keys)[None, :] - np.arange(keys - queries, keys)[:, None]


def buckets(gap, count=32, farthest=128):
    """T5's, both ways, with the logarithm in f32."""
    half = count // 2
    exact = half // 2
    far = np.abs(gap)
    ratio = np.log(np.maximum(far, 1).astype(np.float32) / np.float32(exact)) / np.float32(math.log(farthest / exact))
    coarse = np.minimum(exact + (ratio * np.float32(half - exact)).astype(np.int64), half - 1)
    return np.where(far < exact, far, coarse) + np.where(gap > 0, half, 0)


def bias_tensor(case, queries, keys):
    """[1, heads, queries, keys], or None; the causal mask is apart."""
    gap, heads = distance(queries, keys), case["heads"]
    if case.get("term") == "alibi":
        return (attention.slopes(heads)[:, None, None] * gap)[None].astype(np.float32)
    if case.get("term") == "t5":
        table = attention.fill("normal", (32, heads)).astype(np.float32)
        return np.ascontiguousarray(table.T[:, buckets(gap)][None])
    return None


def folded(case, dims):
    """The same with the query heads of a group as rows of one head: [1, 32, 1, 128] viewed as [1, 8, 4, 128].

    Returns a case and its dimensions, whose `fold` says how many heads are the rows. No copy, and each key is read
    once for all its rows. None where heads differ in more than their queries, or where a mask of all pairs,
    which several rows need, would be larger than what it saves.
    """
    fold, rows = case["heads"] // key_heads(case), dims["sequence"]
    causal = bool(case.get("causal")) and rows > 1
    if fold == 1 or "term" in case or (causal and not dims.get("past", 0)):
        return None
    turned = {"heads": key_heads(case), "size": case["size"], "fold": fold} | ({"causal": True} if causal else {})
    return turned, {"sequence": fold * rows, "past": sizes(case, dims)["total"] - fold * rows}


def few_alike(case, dims):
    """Whether few rows see keys that are theirs alone, with nothing but a mask: what plain products do best."""
    return dims["sequence"] // case.get("fold", 1) <= attention.FEW_ROWS and key_heads(case) == case["heads"] and "term" not in case


def operands(job):
    """q, k and v by name, as the job's case has them."""
    inputs = {name: array for name, array in load_inputs(job["inputs"]).items() if name in "qkv"}
    if "fold" in job["case"]:
        inputs["q"] = inputs["q"].reshape(1, job["case"]["heads"], job["dims"]["sequence"], job["case"]["size"])
    return inputs


def dense_bias(case, dims, with_causal):
    """What is added to scores, or None; `with_causal` says whether the mask is part of it."""
    queries, keys = sizes(case, dims)["sequence"], sizes(case, dims)["total"]
    bias = bias_tensor(case, queries, keys)
    if with_causal:
        fold = case.get("fold", 1)
        mask = np.where(distance(queries // fold, keys) <= 0, np.float32(0), np.float32(-np.inf))[None, None]
        mask = np.tile(mask, (1, 1, fold, 1))
        bias = mask if bias is None else bias + mask
    return None if bias is None else np.ascontiguousarray(bias, np.float32)


def needs_mask(case, dims):
    """Whether `causal` of a peer is not what the case has: behind a past, or with a bias."""
    return bool(case.get("causal")) and (dims.get("past", 0) > 0 or case.get("term") in ("alibi", "t5"))


def rotated(helper, n):
    """Nodes of rotate_half, as PyTorch's exporters write them."""
    return [
        helper.make_node("Slice", [n, "zero", "middle", "last"], [f"{n}_a"]),
        helper.make_node("Slice", [n, "middle", "end", "last"], [f"{n}_b"]),
        helper.make_node("Neg", [f"{n}_b"], [f"{n}_minus"]),
        helper.make_node("Concat", [f"{n}_minus", f"{n}_a"], [f"{n}_half"], axis=-1),
        helper.make_node("Mul", [n, "cosines"], [f"{n}_x"]),
        helper.make_node("Mul", [f"{n}_half", "sines"], [f"{n}_y"]),
        helper.make_node("Add", [f"{n}_x", f"{n}_y"], [f"{n}_turned"]),
    ]


def full_angles(case, dims):
    """Cosines and sines of whole rows, [1, 1, total, size]."""
    half = [attention.fill(kind, (1, sizes(case, dims)["total"], case["size"] // 2)).astype(np.float32)
            for kind in ("cosine", "sine")]
    return [np.concatenate([table, table], -1)[None] for table in half]


def onnx_model(case, dims, operator):
    """`operator`: attention (opset 23), multi-head, grouped (ONNX Runtime's), or unfused. None where it has no such form."""
    from onnx import TensorProto, helper, numpy_helper

    heads, groups, size = case["heads"], key_heads(case), case["size"]
    queries, keys, past = sizes(case, dims)["sequence"], sizes(case, dims)["total"], dims.get("past", 0)
    term, causal = case.get("term"), bool(case.get("causal"))
    constants, nodes, attributes = {}, [], {}
    shapes = {"q": [1, heads, queries, size], "k": [1, groups, keys, size], "v": [1, groups, keys, size]}
    results = {"o": [1, heads, queries, size]}
    operands = {"q": "q", "k": "k"}
    flat = operator in ("multi-head", "grouped")
    if flat:
        shapes = {name: [1, shape[2], shape[1] * size] for name, shape in shapes.items()}
        results = {"o": [1, queries, heads * size]}
    if term == "rope-tables" and operator in ("attention", "unfused"):
        cosine, sine = full_angles(case, dims)
        constants |= {"cosines": cosine, "sines": sine, "zero": np.array([0]), "middle": np.array([size // 2]),
                      "end": np.array([size]), "last": np.array([3])}
        nodes += rotated(helper, "q") + rotated(helper, "k")
        operands = {"q": "q_turned", "k": "k_turned"}
    if operator == "attention":
        masked = needs_mask(case, dims)
        bias = dense_bias(case, dims, masked)
        if bias is not None:
            constants["mask"] = bias
        if causal and not masked:
            attributes["is_causal"] = 1
        nodes.append(helper.make_node("Attention", [operands["q"], operands["k"], "v", *(["mask"] if bias is not None else [])],
                                      ["o"], **attributes))
    elif operator == "multi-head":
        if groups != heads or term == "rope-tables":
            return None
        masked = needs_mask(case, dims)
        bias = dense_bias(case, dims, masked)
        names = ["q", "k", "v"]
        if bias is not None:
            constants["mask"] = bias
            names += ["", "", "mask"]
        nodes.append(helper.make_node("MultiHeadAttention", names, ["o"], domain="com.microsoft", num_heads=heads,
                                      unidirectional=int(causal and not masked)))
    elif operator == "grouped":
        return grouped_model(case, dims)
    else:  # the graph that exporters write without an operator of attention
        bias = dense_bias(case, dims, causal)
        constants["scale"] = np.float32(1 / math.sqrt(size))
        k, v = operands["k"], "v"
        if groups != heads:
            for name in (k, v):
                constants |= {"five": np.array([1, groups, heads // groups, keys, size]),
                              "one": np.array([2]), "four": np.array([1, heads, keys, size])}
                nodes += [helper.make_node("Unsqueeze", [name, "one"], [name + "_apart"]),
                          helper.make_node("Expand", [name + "_apart", "five"], [name + "_each"]),
                          helper.make_node("Reshape", [name + "_each", "four"], [name + "_all"])]
            k, v = k + "_all", v + "_all"
        nodes += [helper.make_node("Transpose", [k], ["kt"], perm=[0, 1, 3, 2]),
                  helper.make_node("MatMul", [operands["q"], "kt"], ["s0"]), helper.make_node("Mul", ["s0", "scale"], ["s1"])]
        if bias is not None:
            constants["mask"] = bias
            nodes.append(helper.make_node("Add", ["s1", "mask"], ["s2"]))
        nodes += [helper.make_node("Softmax", ["s2" if bias is not None else "s1"], ["p"], axis=-1),
                  helper.make_node("MatMul", ["p", v], ["o"])]
    return build(helper, numpy_helper, TensorProto, nodes, shapes, results, constants)


def grouped_model(case, dims):
    """GroupQueryAttention: always causal, so of decoding and of causal cases; a past lies in a buffer of its own."""
    from onnx import TensorProto, helper, numpy_helper

    heads, groups, size = case["heads"], key_heads(case), case["size"]
    queries, past = dims["sequence"], dims.get("past", 0)
    if not (case.get("causal") or queries == 1) or case.get("term") == "t5":
        return None
    total = queries + past
    shapes = {"q": [1, queries, heads * size], "k": [1, queries, groups * size], "v": [1, queries, groups * size],
              "past_k": [1, groups, total if past else 0, size], "past_v": [1, groups, total if past else 0, size]}
    results = {"o": [1, queries, heads * size], "present_k": [1, groups, total, size], "present_v": [1, groups, total, size]}
    constants = {"lengths": np.array([total - 1], np.int32), "total": np.array(total, np.int32)}
    names = ["q", "k", "v", "past_k", "past_v", "lengths", "total"]
    attributes = {"num_heads": heads, "kv_num_heads": groups}
    if case.get("term") == "rope-tables":
        constants |= {name: attention.fill(name, (1, total, size // 2)).astype(np.float32)[0] for name in ("cosine", "sine")}
        names += ["cosine", "sine"]
        attributes["do_rotary"] = 1
    if case.get("term") == "alibi":
        constants["bias"] = dense_bias(case, dims, False)
        names += [""] * (10 - len(names)) + ["bias"]
    nodes = [helper.make_node("GroupQueryAttention", names, ["o", "present_k", "present_v"], domain="com.microsoft", **attributes)]
    return build(helper, numpy_helper, TensorProto, nodes, shapes, results, constants)


def build(helper, numpy_helper, TensorProto, nodes, shapes, results, constants):
    inputs, outputs = ([helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in values.items()]
                       for values in (shapes, results))
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "attention", inputs, outputs, held)
    return helper.make_model(graph, ir_version=10, opset_imports=[
        helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)])


def linear_model(case):
    """A product with a constant weight; N x K in `weight`."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    return build(helper, numpy_helper, TensorProto, nodes, {"x": [case["rows"], case["depth"]]},
                 {"y": [case["rows"], case["columns"]]}, {"w": linear_weight(case)})


def linear_weight(case):
    generator = np.random.default_rng(3)
    return (generator.standard_normal((case["depth"], case["columns"])) / math.sqrt(case["depth"])).astype(np.float32)
