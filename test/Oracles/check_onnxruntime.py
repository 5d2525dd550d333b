"""Compares rotations and attentions of com.microsoft and ONNX, compiled, with ONNX Runtime.

    python test/Oracles/check_onnxruntime.py TOOLS [NAME ...]

Each model is one node with dynamic batch and lengths, compiled once for each
target and run on several data sets.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

import compiled

RELATIVE, ABSOLUTE = 1e-4, 1e-5
HEADS, GROUPS, SIZE, MOST = 6, 2, 16, 96
random = np.random.default_rng(31)
KINDS = {np.dtype("float32"): TensorProto.FLOAT, np.dtype("int64"): TensorProto.INT64,
         np.dtype("int32"): TensorProto.INT32, np.dtype("bool"): TensorProto.BOOL}


def normal(*shape):
    return random.standard_normal(shape).astype(np.float32)


def caches(planes, rows=MOST):
    angles = np.arange(rows)[:, None] * 1e4 ** (-np.arange(planes) / planes)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


class Case:
    """A node over named inputs, some of them constants. `sets` are the inputs of each run;
    `dims` says how each is declared, `valid` which rows of an output mean anything."""

    def __init__(self, name, op, domain, inputs, sets, dims, outputs, constants=None, attentions=0, valid=None, **attributes):
        self.name, self.sets, self.attentions, self.valid = name, sets, attentions, valid
        constants = constants or {}
        node = helper.make_node(op, inputs, list(outputs), name=name, domain=domain, **attributes)
        graph = helper.make_graph(
            [node], name,
            [helper.make_tensor_value_info(key, KINDS[array.dtype], dims[key]) for key, array in sets[0].items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
            [onnx.numpy_helper.from_array(array, key) for key, array in constants.items()])
        opsets = [helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)]
        self.model = helper.make_model(graph, opset_imports=opsets, ir_version=10)


def rotations():
    dims = {"x": ["batch", "sequence", HEADS * SIZE], "at": ["batch", "sequence"]}
    out = {"y": dims["x"]}

    def flat(batch, length):
        return {"x": normal(batch, length, HEADS * SIZE), "at": random.integers(0, MOST, (batch, length))}
    for interleaved in (0, 1):
        kind = "interleaved" if interleaved else "halves"
        for rotated in (SIZE, 10):
            cosine, sine = caches(rotated // 2)
            constants = {"cosine": cosine, "sine": sine}
            partial = {} if rotated == SIZE else {"rotary_embedding_dim": rotated}
            what = f"{kind}{'' if rotated == SIZE else '_partial'}"
            sets = [flat(1, 1), flat(2, 7), flat(3, 5)]
            yield Case(f"microsoft_rotation_{what}", "RotaryEmbedding", "com.microsoft", ["x", "at", "cosine", "sine"], sets, dims,
                       out, constants, interleaved=interleaved, num_heads=HEADS, **partial)
            yield Case(f"onnx_rotation_{what}", "RotaryEmbedding", "", ["x", "cosine", "sine", "at"], sets, dims,
                       out, constants, interleaved=interleaved, num_heads=HEADS, **partial)
        cosine, sine = caches(SIZE // 2)
        heads = {"x": ["batch", HEADS, "sequence", SIZE], "at": [1]}
        yield Case(f"microsoft_rotation_{kind}_from_a_start", "RotaryEmbedding", "com.microsoft", ["x", "at", "cosine", "sine"],
                   [{"x": normal(b, HEADS, s, SIZE), "at": np.array([p])} for b, s, p in ((1, 1, 0), (2, 9, 31), (3, 4, 90))],
                   heads, {"y": heads["x"]}, {"cosine": cosine, "sine": sine}, interleaved=interleaved)
        rows = {"x": heads["x"], "cosine": ["batch", "sequence", SIZE // 2], "sine": ["batch", "sequence", SIZE // 2]}
        yield Case(f"onnx_rotation_{kind}_by_rows", "RotaryEmbedding", "", ["x", "cosine", "sine"],
                   [{"x": normal(b, HEADS, s, SIZE), "cosine": normal(b, s, SIZE // 2), "sine": normal(b, s, SIZE // 2)}
                    for b, s in ((1, 1), (2, 7), (3, 5))], rows, {"y": heads["x"]}, interleaved=interleaved)


def shared(name, packed=False, past=False, rotary=None, extra=None, extra_dims=None, **attributes):
    """A GroupQueryAttention; without a past the lengths are those of a prompt padded on its right."""
    cosine, sine = caches(SIZE // 2)
    width, narrow = HEADS * SIZE, GROUPS * SIZE
    dims = {"query": ["batch", "sequence", width + 2 * narrow if packed else width], "lengths": ["batch"], "total": [1]}
    if not packed:
        dims |= {"key": ["batch", "sequence", narrow], "value": ["batch", "sequence", narrow]}
    if past:
        dims |= {key: ["batch", GROUPS, "past", SIZE] for key in ("past_key", "past_value")}
    dims |= extra_dims or {}
    sets = []
    for batch, new, lengths in (((1, 1, [17]), (2, 1, [23, 23]), (3, 1, [5, 31, 12]), (1, 7, [13])) if past else
                                ((1, 1, [1]), (2, 9, [9, 9]), (3, 33, [33, 33, 33]), (3, 13, [13, 4, 9]))):
        data = {"query": normal(batch, new, dims["query"][2])}
        if not packed:
            data |= {"key": normal(batch, new, narrow), "value": normal(batch, new, narrow)}
        if past:
            held = max(lengths) - new
            data |= {key: normal(batch, GROUPS, held, SIZE) for key in ("past_key", "past_value")}
        data |= {"lengths": np.array(lengths, np.int32) - 1, "total": np.array([max(lengths)], np.int32)}
        data |= extra(batch, new, max(lengths)) if extra else {}
        sets.append(data)
    inputs = ["query", "" if packed else "key", "" if packed else "value", "past_key" if past else "",
              "past_value" if past else "", "lengths", "total"]
    inputs += ["cosine", "sine"] if rotary else []
    if extra:
        inputs += [""] * ({"bias": 10, "sink": 11}[next(iter(extra_dims))] - len(inputs)) + [*extra_dims]
    present = ["batch", GROUPS, "total" if past else "sequence", SIZE]
    outputs = {"output": ["batch", "sequence", width], "present_key": present, "present_value": present}

    def valid(data, key, array):
        lengths, new = data["lengths"] + 1, data["query"].shape[1]
        if key != "output":  # rows of the cache that a shorter entry has not reached
            return np.arange(array.shape[2])[None, None, :, None] < lengths[:, None, None, None]
        return np.arange(new)[None, :, None] < (new if past else lengths[:, None, None])
    return Case(f"group_query_{name}{'_with_past' if past else ''}", "GroupQueryAttention", "com.microsoft", inputs, sets, dims,
                outputs, {"cosine": cosine, "sine": sine} if rotary else {}, valid=valid, num_heads=HEADS,
                attentions=1, kv_num_heads=GROUPS,
                do_rotary=int(rotary is not None), rotary_interleaved=int(rotary == "interleaved"), **attributes)


def group_query():
    for past in (False, True):
        yield shared("plain", past=past)
        yield shared("rotated_halves", past=past, rotary="halves")
        yield shared("rotated_interleaved", past=past, rotary="interleaved")
        yield shared("packed", past=past, packed=True, rotary="halves")
        yield shared("window", past=past, local_window_size=4, rotary="halves")
        yield shared("softcap", past=past, softcap=2.0)
        yield shared("scaled", past=past, scale=0.5)
        yield shared("smooth_softmax", past=past, smooth_softmax=1)
        yield shared("sink", past=past, extra=lambda b, s, t: {"sink": normal(HEADS)}, extra_dims={"sink": [HEADS]})
        yield shared("bias", past=past, extra=lambda b, s, t: {"bias": normal(b, 1, s, t)},
                     extra_dims={"bias": ["batch", 1, "sequence", "total" if past else "sequence"]})


def multi_head():
    width = HEADS * SIZE
    dims = {key: ["batch", "sequence" if key == "query" else "keys", width] for key in ("query", "key", "value")}
    out = {"output": dims["query"]}
    inputs = ["query", "key", "value"]

    def data(batch, rows, keys):
        return {"query": normal(batch, rows, width), "key": normal(batch, keys, width), "value": normal(batch, keys, width)}
    sizes = ((1, 1, 1), (2, 7, 7), (2, 5, 23), (3, 17, 17))
    common = dict(attentions=1, num_heads=HEADS)
    yield Case("multi_head_plain", "MultiHeadAttention", "com.microsoft", inputs, [data(*s) for s in sizes], dims, out, **common)
    yield Case("multi_head_scaled", "MultiHeadAttention", "com.microsoft", inputs, [data(*s) for s in sizes], dims, out, scale=0.4, **common)
    yield Case("multi_head_causal", "MultiHeadAttention", "com.microsoft", inputs, [data(b, s, s) for b, s, _ in sizes], dims, out,
               unidirectional=1, **common)
    yield Case("multi_head_bias", "MultiHeadAttention", "com.microsoft", [*inputs, "bias"], [data(*s) for s in sizes], dims, out,
               {"bias": normal(3 * width)}, **common)
    padded = [data(*s) | {"mask": np.sort(random.integers(0, 2, (s[0], s[2])))[:, ::-1].astype(np.int32)} for s in sizes]
    for one in padded:
        one["mask"] = np.ascontiguousarray(one["mask"])
        one["mask"][:, 0] = 1
    yield Case("multi_head_padding", "MultiHeadAttention", "com.microsoft", [*inputs, "", "mask"], padded,
               dims | {"mask": ["batch", "keys"]}, out, **common)
    yield Case("multi_head_score_bias", "MultiHeadAttention", "com.microsoft", [*inputs, "", "", "added"],
               [data(*s) | {"added": normal(1, HEADS, s[1], s[2])} for s in sizes],
               dims | {"added": [1, HEADS, "sequence", "keys"]}, out, **common)
    held = {key: ["batch", HEADS, "past", SIZE] for key in ("past_key", "past_value")}
    present = {key: ["batch", HEADS, "total", SIZE] for key in ("present_key", "present_value")}
    yield Case("multi_head_with_past", "MultiHeadAttention", "com.microsoft", [*inputs, "", "", "", *held],
               [data(b, s, s) | {key: normal(b, HEADS, 11, SIZE) for key in held} for b, s, _ in sizes],
               {key: ["batch", "sequence", width] for key in dims} | held, out | present, **common)


def compare(case, have, data, session):
    """The largest error, or why the results differ."""
    worst = 0.0
    for value, want in zip(session.get_outputs(), session.run(None, data)):
        got = have[value.name]
        if got.shape != want.shape:
            return worst, f"expects {value.name} of shape {want.shape}, but got {got.shape}"
        meant = np.ones(want.shape, bool) & (case.valid(data, value.name, want) if case.valid else True)
        error = np.where(meant, np.abs(got - np.where(meant, want, 0)), 0)
        worst = max(worst, float(error.max(initial=0)))
        if not (error <= ABSOLUTE + RELATIVE * np.abs(np.where(meant, want, 0))).all():
            shapes = {key: array.shape for key, array in data.items()}
            return worst, f"{value.name} is off by {error.max():.1e} for {shapes}"
    return worst, None


def check(case, tools, scratch, target):
    path = pathlib.Path(scratch) / f"{case.name}-{target}.onnx"
    onnx.save(case.model, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = onnxruntime.InferenceSession(str(path), options)
    remarks = path.with_suffix(".yaml")
    try:
        model = compiled.Model(compiled.compile_file(tools, path, path.with_suffix(".so"), target,
                                                     [f"--remarks-file={remarks}"]))
        worst = 0.0
        for data in case.sets:
            error, why = compare(case, model.run(data), data, session)
            worst = max(worst, error)
            if why:
                return worst, 0, why
    except compiled.ModelError as refusal:
        return 0.0, 0, str(refusal)
    return worst, compiled.fused(remarks.read_text()) if target == "cpu" else 0, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    count = failures = fused = attentions = 0
    worst = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for case in [*rotations(), *group_query(), *multi_head()]:
            if arguments.names and not any(name in case.name for name in arguments.names):
                continue
            for target in ("cpu", "reference"):
                error, kernels, why = check(case, arguments.tools, scratch, target)
                count, fused, worst = count + 1, fused + kernels, max(worst, error)
                if target == "cpu":
                    attentions += case.attentions
                    if kernels != case.attentions and not why:
                        why = f"expects {case.attentions} attentions fused, but got {kernels}"
                if why:
                    failures += 1
                    print(f"{case.name} on {target}: {why}", flush=True)
    print(f"{count // 2} nodes on 2 targets: {count - failures} of {count} agree with ONNX Runtime, largest error {worst:.1e}; "
          f"{fused} of {attentions} attentions fused on cpu")
    sys.exit(1 if failures or not count else 0)


if __name__ == "__main__":
    main()
