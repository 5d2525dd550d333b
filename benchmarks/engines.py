"""How each engine loads a case and runs it; each function imports its engine.

`load_...(job)` returns a function that runs once and one that tells the outputs
by name. A job says `model` (a file), `inputs` (an .npz), `threads`, and for
attention `case` and `dims`. None means that the engine has no such case.
"""

import os
import sys

import numpy as np

import attention
import ggml
import peers
import ragged
from inputs import load_inputs

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "examples", "python"))


def load_sextant(job):
    from sextant_model import Model

    model = Model(job["model"])
    run, results = model.prepare(load_inputs(job["inputs"]), job["threads"])
    return run, lambda keep=model: results


def session(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def load_onnxruntime(job):
    """A model file as it is."""
    held = session(job["model"], job["threads"])
    inputs = load_inputs(job["inputs"])
    names = [output.name for output in held.get_outputs()]
    feed = {value.name: inputs[value.name] for value in held.get_inputs()}
    last = {}

    def run():
        last.update(zip(names, held.run(names, feed)))

    return run, lambda: last


def flat(array):
    """[1, heads, rows, size] to [1, rows, heads * size]."""
    return np.ascontiguousarray(array.transpose(0, 2, 1, 3).reshape(1, array.shape[2], -1))


def load_ort_attention(operator):
    def load(job):
        import onnxruntime

        case, dims = job["case"], job["dims"]
        model = peers.onnx_model(case, dims, operator)
        if model is None:
            return None
        held = session(model.SerializeToString(), job["threads"])
        inputs = peers.operands(job)
        shape, past = inputs["q"].shape, dims.get("past", 0)
        feed = inputs
        if operator == "multi-head":
            feed = {name: flat(array) for name, array in inputs.items()}
        binding = held.io_binding()
        binding.bind_output("o")
        if operator == "grouped":
            feed = {"q": flat(inputs["q"])} | {x: flat(inputs[x][:, :, past:]) for x in "kv"}
            if past:
                # A cache that is given and taken in place, as its users do.
                for x in "kv":
                    cache = onnxruntime.OrtValue.ortvalue_from_numpy(inputs[x])
                    binding.bind_ortvalue_input("past_" + x, cache)
                    binding.bind_ortvalue_output("present_" + x, cache)
            else:
                empty = np.zeros((1, inputs["k"].shape[1], 0, shape[3]), np.float32)
                feed |= {"past_k": empty, "past_v": empty}
        for name, array in feed.items():
            binding.bind_cpu_input(name, array)
        for output in held.get_outputs():
            if output.name != "o" and not past:
                binding.bind_output(output.name)

        def outputs():
            o = binding.get_outputs()[0].numpy()
            if operator in ("multi-head", "grouped"):
                o = o.reshape(1, shape[2], shape[1], shape[3]).transpose(0, 2, 1, 3)
            return {"o": o}

        return lambda keep=feed: held.run_with_iobinding(binding), outputs

    return load


def torch_operands(job):
    import torch

    torch.set_num_threads(job["threads"])
    return [torch.from_numpy(array) for array in peers.operands(job).values()]


def torch_rotation(case, dims):
    import torch

    cosine, sine = (torch.from_numpy(table) for table in peers.full_angles(case, dims))

    def rotate(x):
        a, b = x.chunk(2, -1)
        return x * cosine + torch.cat((-b, a), -1) * sine

    return rotate


def load_torch_sdpa(job):
    import torch

    case, dims = job["case"], job["dims"]
    q, k, v = torch_operands(job)
    masked = peers.needs_mask(case, dims)
    bias = peers.dense_bias(case, dims, masked)
    bias = None if bias is None else torch.from_numpy(bias)
    causal = bool(case.get("causal")) and not masked
    rotate = torch_rotation(case, dims) if case.get("term") == "rope-tables" else lambda x: x
    grouped = q.shape[1] != k.shape[1]
    last = {}

    def run():
        with torch.inference_mode():
            last["o"] = torch.nn.functional.scaled_dot_product_attention(
                rotate(q), rotate(k), v, attn_mask=bias, is_causal=causal, enable_gqa=grouped)

    return run, lambda: {"o": last["o"].numpy()}


def load_torch_flex(job):
    """FlexAttention, compiled, with its bias computed and its mask by blocks."""
    import torch
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    case, dims = job["case"], job["dims"]
    q, k, v = torch_operands(job)
    torch._dynamo.reset()
    past, heads = dims.get("past", 0), case["heads"]
    score_mod = None
    if case.get("term") == "alibi":
        slopes = torch.from_numpy(attention.slopes(heads))

        def score_mod(score, b, h, i, j):
            return score + slopes[h] * (j - i - past)
    elif case.get("term") == "t5":
        gap = np.arange(1 - q.shape[2] - past, k.shape[2])
        table = attention.fill("normal", (32, heads)).astype(np.float32).T[:, peers.buckets(gap)]
        table, first = torch.from_numpy(np.ascontiguousarray(table)), int(gap[0])

        def score_mod(score, b, h, i, j):
            return score + table[h, j - i - past - first]
    mask = None
    if case.get("causal"):
        rows = q.shape[2] // case.get("fold", 1)
        behind = k.shape[2] - rows
        mask = create_block_mask(lambda b, h, i, j: j <= i % rows + behind, None, None, q.shape[2], k.shape[2], device="cpu")
    rotate = torch_rotation(case, dims) if case.get("term") == "rope-tables" else lambda x: x
    grouped = q.shape[1] != k.shape[1]
    compiled = torch.compile(
        lambda q, k, v: flex_attention(rotate(q), rotate(k), v, score_mod=score_mod, block_mask=mask, enable_gqa=grouped),
        dynamic=False)
    last = {}

    def run():
        with torch.inference_mode():
            last["o"] = compiled(q, k, v)

    return run, lambda: {"o": last["o"].numpy()}


def load_torch_products(job):
    """Of few rows, keys first: a product with a narrow matrix reads them once, as they lie."""
    import torch

    case, dims = job["case"], job["dims"]
    if not peers.few_alike(case, dims):
        return None
    q, k, v = torch_operands(job)
    bias = peers.dense_bias(case, dims, bool(case.get("causal")))
    bias = None if bias is None else torch.from_numpy(np.ascontiguousarray(bias))
    scale = case["size"] ** -0.5
    last = {}

    def run():
        with torch.inference_mode():
            scores = torch.matmul(k, (q * scale).transpose(-1, -2)).transpose(-1, -2)
            last["o"] = torch.matmul(torch.softmax(scores if bias is None else scores + bias, -1), v)

    return run, lambda: {"o": last["o"].numpy()}


def load_torch_linear(job):
    import torch

    torch.set_num_threads(job["threads"])
    x = torch.from_numpy(load_inputs(job["inputs"])["x"])
    w = torch.from_numpy(np.ascontiguousarray(peers.linear_weight(job["case"]).T))
    last = {}

    def run():
        with torch.inference_mode():
            last["y"] = torch.nn.functional.linear(x, w)

    return run, lambda: {"y": last["y"].numpy()}


def load_torch_module(job):
    """A sentence encoder of transformers, from its folder beside the ONNX file."""
    import torch
    from transformers import AutoModel

    torch.set_num_threads(job["threads"])
    try:
        model = AutoModel.from_pretrained(job["folder"], attn_implementation="sdpa")
    except ValueError:  # not every architecture has it
        model = AutoModel.from_pretrained(job["folder"])
    model = model.eval().to(torch.float32)
    inputs = {name: torch.from_numpy(array) for name, array in load_inputs(job["inputs"]).items()}
    last = {}

    def run():
        with torch.inference_mode():
            last["o"] = model(**inputs)[0]

    return run, lambda: {job["output"]: last["o"].numpy()}


def openvino_request(model, threads):
    import openvino

    core = openvino.Core()
    return core.compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False}).create_infer_request()


def openvino_runner(model, inputs, threads, outputs):
    import openvino

    request = openvino_request(model, threads)
    for port in request.model_inputs:
        request.set_tensor(port, openvino.Tensor(inputs[port.any_name], shared_memory=True))
    return lambda keep=inputs: request.infer(), lambda: {
        name: request.get_output_tensor(k).data for k, name in enumerate(outputs)}


def load_openvino(job):
    import openvino

    inputs = {name: np.ascontiguousarray(array) for name, array in load_inputs(job["inputs"]).items()}
    model = openvino.Core().read_model(job["model"])
    model.reshape({port: list(inputs[port.any_name].shape) for port in model.inputs})
    return openvino_runner(model, inputs, job["threads"], [port.any_name for port in model.outputs])


def load_openvino_linear(job):
    import openvino

    inputs = load_inputs(job["inputs"])
    x = openvino.opset13.parameter(list(inputs["x"].shape), np.float32, name="x")
    x.output(0).set_names({"x"})
    y = openvino.opset13.matmul(x, openvino.opset13.constant(peers.linear_weight(job["case"])), False, False)
    return openvino_runner(openvino.Model([y], [x]), inputs, job["threads"], ["y"])


def load_openvino_products(job):
    """Of few rows, keys first: a product with a narrow matrix takes them as they lie, its own operator packs them."""
    import openvino

    ops, case, dims = openvino.opset13, job["case"], job["dims"]
    if not peers.few_alike(case, dims):
        return None
    inputs = peers.operands(job)
    nodes = {name: ops.parameter(list(array.shape), np.float32, name=name) for name, array in inputs.items()}
    for name, node in nodes.items():
        node.output(0).set_names({name})
    scores = ops.multiply(ops.matmul(nodes["k"], nodes["q"], False, True), np.float32(case["size"] ** -0.5))
    bias = peers.dense_bias(case, dims, bool(case.get("causal")))
    if bias is not None:
        scores = ops.add(scores, ops.constant(np.ascontiguousarray(bias.swapaxes(2, 3))))
    o = ops.matmul(ops.softmax(scores, 2), nodes["v"], True, False)
    return openvino_runner(openvino.Model([o], list(nodes.values())), inputs, job["threads"], ["o"])


def load_openvino_attention(job):
    import openvino

    ops, case, dims = openvino.opset13, job["case"], job["dims"]
    inputs = peers.operands(job)
    nodes = {}
    for name, array in inputs.items():
        nodes[name] = ops.parameter(list(array.shape), np.float32, name=name)
        nodes[name].output(0).set_names({name})
    parameters = list(nodes.values())
    if case.get("term") == "rope-tables":
        cosine, sine = (ops.constant(table) for table in peers.full_angles(case, dims))
        for name in "qk":
            a, b = ops.split(nodes[name], 3, 2).outputs()
            turned = ops.concat([ops.multiply(b, np.float32(-1)), a], -1)
            nodes[name] = ops.add(ops.multiply(nodes[name], cosine), ops.multiply(turned, sine))
    heads, groups = case["heads"], attention.key_heads(case)
    if heads != groups:
        length = inputs["k"].shape[2]
        for name in "kv":
            apart = ops.unsqueeze(nodes[name], np.array([2]))
            each = ops.broadcast(apart, np.array([1, groups, heads // groups, length, case["size"]]))
            nodes[name] = ops.reshape(each, np.array([1, heads, length, case["size"]]), False)
    masked = peers.needs_mask(case, dims)
    bias = peers.dense_bias(case, dims, masked)
    extra = [] if bias is None else [ops.constant(bias)]
    o = ops.scaled_dot_product_attention(nodes["q"], nodes["k"], nodes["v"], *extra,
                                         causal=bool(case.get("causal")) and not masked)
    return openvino_runner(openvino.Model([o], parameters), inputs, job["threads"], ["o"])


def folded(load):
    """The engine with the query heads of a group as rows; the result is the same memory."""
    def load_folded(job):
        turned = peers.folded(job["case"], job["dims"])
        ready = turned and load({**job, "case": turned[0], "dims": turned[1]})
        if not ready:
            return None
        run, outputs = ready
        shape = (1, job["case"]["heads"], job["dims"]["sequence"], job["case"]["size"])
        return run, lambda: {"o": outputs()["o"].reshape(shape)}

    return load_folded


# By kind of case: name, package, function. The package is also the process.
ENGINES = {
    "attention": [
        ("ort-attention", "onnxruntime", load_ort_attention("attention")),
        ("ort-mha", "onnxruntime", load_ort_attention("multi-head")),
        ("ort-gqa", "onnxruntime", load_ort_attention("grouped")),
        ("ort-unfused", "onnxruntime", load_ort_attention("unfused")),
        ("torch-sdpa", "torch", load_torch_sdpa),
        ("torch-flex", "torch", load_torch_flex),
        ("openvino", "openvino", load_openvino_attention),
        ("ggml", "libggml", ggml.load),
        ("torch-products", "torch", load_torch_products),
        ("openvino-products", "openvino", load_openvino_products),
        ("ort-attention-folded", "onnxruntime", folded(load_ort_attention("attention"))),
        ("torch-sdpa-folded", "torch", folded(load_torch_sdpa)),
        ("torch-flex-folded", "torch", folded(load_torch_flex)),
        ("torch-products-folded", "torch", folded(load_torch_products)),
        ("openvino-folded", "openvino", folded(load_openvino_attention)),
        ("openvino-products-folded", "openvino", folded(load_openvino_products)),
        ("ggml-folded", "libggml", folded(ggml.load)),
    ],
    "ragged": [
        ("torch-each", "torch", ragged.load_torch(each=True)),
        ("torch-padded", "torch", ragged.load_torch(each=False)),
    ],
    "linear": [
        ("onnxruntime", "onnxruntime", load_onnxruntime),
        ("torch", "torch", load_torch_linear),
        ("openvino", "openvino", load_openvino_linear),
    ],
    "model": [
        ("onnxruntime", "onnxruntime", load_onnxruntime),
        ("torch", "torch", load_torch_module),
        ("openvino", "openvino", load_openvino),
    ],
}
