"""One attention as a model for each engine, from a case of attention.json.

Inputs are q [1, heads, sequence, size] and k, v [1, key_heads, total, size],
total = past + sequence. Sextant reads its dialect; peers get the bias as the
constant tensor that folding would make of it.
"""

import math

import numpy as np

BUCKETS, FARTHEST = 32, 128


def key_heads(case):
    return case.get("key_heads", case["heads"])


def slopes(heads):
    return [2.0 ** (-8.0 * (h + 1) / heads) for h in range(heads)]


def table(heads):
    """A bias by distance -128 .. 128 for each head, as buckets would fill it."""
    distance = np.arange(-FARTHEST, FARTHEST + 1)
    return np.array([[math.sin(h + 1.0 + 0.25 * math.log1p(abs(d)) * (1 if d > 0 else -1)) for d in distance]
                     for h in range(heads)], np.float32)


def bias_tensor(case, queries, keys):
    """[1, heads, queries, keys], or None; the causal mask is apart."""
    distance = np.arange(keys)[None, :] - np.arange(keys - queries, keys)[:, None]
    if case.get("bias") == "alibi":
        return (np.array(slopes(case["heads"]), np.float32)[:, None, None] * distance)[None].astype(np.float32)
    if case.get("bias") == "t5":
        return table(case["heads"])[:, np.clip(distance, -FARTHEST, FARTHEST) + FARTHEST][None]
    return None


def mask_tensor(queries, keys):
    distance = np.arange(keys)[None, :] - np.arange(keys - queries, keys)[:, None]
    return np.where(distance <= 0, np.float32(0), np.float32(-np.inf))[None, None]


def sextant_module(case):
    heads, size = case["heads"], case["size"]
    kind = case.get("type", "f32")
    query, key = f"tensor<1x{heads}x?x{size}x{kind}>", f"tensor<1x{key_heads(case)}x?x{size}x{kind}>"

    def value(name, heads, length):
        dims = ", ".join(f'"{d}"' for d in (1, heads, length, size))
        return f'{{sextant.name = "{name}", sextant.dims = [{dims}]}}'

    total = "past + sequence"
    arguments = [f"%q: {query} {value('q', heads, 'sequence')}", f"%k: {key} {value('k', key_heads(case), total)}",
                 f"%v: {key} {value('v', key_heads(case), total)}"]
    body, score = [], []
    auxiliary = ""
    if case.get("bias") == "alibi":
        numbers = ", ".join(f"{s:.9e}" for s in slopes(heads))
        body.append(f"%slopes = arith.constant dense<[{numbers}]> : tensor<{heads}xf32>")
        auxiliary = f"auxiliary(%slopes as <[head]> : tensor<{heads}xf32>) "
        score.append("%t0 = sextant.alibi %s slope %x at %i, %j : f32")
    elif case.get("bias") == "t5":
        rows = ", ".join("[" + ", ".join(f"{x:.9e}" for x in row) + "]" for row in table(heads))
        kind_of_table = f"tensor<{heads}x{2 * FARTHEST + 1}xf32>"
        body.append(f"%table = arith.constant dense<[{rows}]> : {kind_of_table}")
        auxiliary = f"auxiliary(%table as <[head, distance], center = {FARTHEST}> : {kind_of_table}) "
        score.append(f"%t0 = sextant.distance_bias %s bias %x at %i, %j before {FARTHEST} after {FARTHEST} : f32")
    last = "%t0" if score else "%s"
    if case.get("causal"):
        score.append(f"%t1 = sextant.causal {last} at %i, %j : f32")
        last = "%t1"
    q, k = "%q", "%k"
    if case.get("rotary"):
        # Tables of cosines and sines, which a model makes once for all layers.
        half = f"tensor<1x?x{size // 2}xf32>"
        for name in ("cosine", "sine"):
            arguments.append(f'%{name}: {half} {{sextant.name = "{name}", sextant.dims = ["1", "sequence", "{size // 2}"]}}')
        for name, kind_of in (("q", query), ("k", key)):
            body += [f"%e{name} = tensor.empty(%sequence) : {kind_of}",
                     f"%r{name} = sextant.rotate ins(%{name} : {kind_of}) outs(%e{name} : {kind_of}) "
                     f"with(%cosine, %sine : {half}, {half}) pairs halves"]
        q, k = "%rq", "%rk"
    region = ""
    if score:
        extra = ", %x: f32" if auxiliary else ""
        region = (" score {\n^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index" + extra + "):\n    "
                  + "\n    ".join(score) + f"\n    sextant.yield {last} : f32\n  }}")
    lines = "\n  ".join(
        ["%c2 = arith.constant 2 : index",
         f"%sequence = tensor.dim %q, %c2 : {query}", f"%total = tensor.dim %k, %c2 : {key}",
         "%past = arith.subi %total, %sequence : index"] + body)
    return f"""func.func @main({", ".join(arguments)})
    -> ({query} {value('o', heads, 'sequence')}) {{
  {lines}
  %o = sextant.attention query({q} : {query}) key({k} : {key}) value(%v : {key})
      {auxiliary}at [0, 0, %past, 0] scale {1 / math.sqrt(size):.9e}{region} : {query}
  return %o : {query}
}}
"""


def onnx_model(case, dims):
    """Attention of opset 23, with bias and offset mask as one constant."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    queries, keys = dims["sequence"], dims["sequence"] + dims.get("past", 0)
    shapes = {"q": [1, case["heads"], queries, case["size"]], "o": [1, case["heads"], queries, case["size"]]}
    shapes["k"] = shapes["v"] = [1, key_heads(case), keys, case["size"]]
    values = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()}
    names, constants, attributes = ["q", "k", "v"], [], {}
    bias = bias_tensor(case, queries, keys)
    causal = case.get("causal", False)
    if causal and (queries != keys or bias is not None):
        mask = mask_tensor(queries, keys)
        bias = mask if bias is None else bias + mask
    elif causal:
        attributes["is_causal"] = 1
    if bias is not None:
        names.append("mask")
        constants.append(numpy_helper.from_array(np.ascontiguousarray(bias, np.float32), "mask"))
    nodes = [helper.make_node("Attention", names, ["o"], **attributes)]
    graph = helper.make_graph(nodes, "attention", [values[n] for n in "qkv"], [values["o"]], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)


def make_inputs(case, dims, seed=1):
    generator = np.random.default_rng(seed)
    keys = dims["sequence"] + dims.get("past", 0)
    shapes = {"q": (1, case["heads"], dims["sequence"], case["size"]),
              "k": (1, key_heads(case), keys, case["size"]), "v": (1, key_heads(case), keys, case["size"])}
    inputs = {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    if case.get("rotary"):
        half = np.arange(case["size"] // 2)
        angles = np.arange(keys)[None, :, None] * 1e4 ** (-half / half.size)
        inputs |= {"cosine": np.cos(angles).astype(np.float32), "sine": np.sin(angles).astype(np.float32)}
    return inputs


def flops(case, dims):
    """Of the two products, counting what a causal mask leaves."""
    queries, past = dims["sequence"], dims.get("past", 0)
    pairs = queries * (queries + past)
    if case.get("causal"):
        pairs -= queries * (queries - 1) // 2
    return 4.0 * case["heads"] * case["size"] * pairs
