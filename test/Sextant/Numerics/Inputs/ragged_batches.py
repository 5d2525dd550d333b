"""Compares attention over sequences that lie end to end with formulas in float64.

    ragged_batches.py SEXTANT_COMPILE FOLDER

Prints the seed of a batch whose results are wrong.
"""

import ctypes
import pathlib
import subprocess
import sys

import numpy as np
from sextant_model import TYPES, Model

SIZE = 16
BATCHES = 8
TOLERANCE = 4e-6
SCALE = 0.25
# Name, heads, key heads.
KINDS = [("plain", 6, 3), ("slopes", 8, 8), ("table", 2, 1), ("masked", 4, 2), ("rotated", 4, 4)]
CENTER = 20


def module(kind, heads, key_heads):
    def value(name, dims):
        return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(d) + chr(34) for d in dims)}]}}'
    query, key = f"tensor<?x{heads}x{SIZE}xf32>", f"tensor<?x{key_heads}x{SIZE}xf32>"
    arguments = [f"%q: {query} {value('q', ['rows', heads, SIZE])}",
                 *(f"%{x}: {key} {value(x, ['keys', key_heads, SIZE])}" for x in "kv"),
                 *(f"%{x}: tensor<?xi64> {value(x, ['ends'])}" for x in ("ql", "kl")),
                 f"%past: tensor<?xi32> {value('past', ['batch'])}"]
    auxiliary, extra, clauses, results = [], "", "", [f"{query} {value('o', ['rows', heads, SIZE])}"]
    lines, before, operands, tail = ["%c = sextant.causal %s at %i, %j : f32"], [], {"q": "%q", "k": "%k"}, ""
    last = "%c"
    if kind == "slopes":
        arguments.append(f"%slopes: tensor<{heads}xf32> {value('slopes', [heads])}")
        auxiliary, extra = [f"%slopes as <[head]> : tensor<{heads}xf32>"], ", %slope: f32"
        lines.append("%a = sextant.alibi %c slope %slope at %i, %j : f32")
        last = "%a"
    elif kind == "table":
        type_ = f"tensor<{heads}x{2 * CENTER + 1}xf32>"
        arguments.append(f"%table: {type_} {value('table', [heads, 2 * CENTER + 1])}")
        auxiliary, extra = [f"%table as <[head, distance], center = {CENTER}> : {type_}"], ", %entry: f32"
        lines = ["%a = arith.addf %s, %entry : f32"]
        last = "%a"
    elif kind == "masked":
        arguments.append(f"%keep: tensor<?xi1> {value('keep', ['keys'])}")
        arguments.append(f"%shift: tensor<?x?xf32> {value('shift', ['batch', 'rows'])}")
        arguments.append(f"%sink: tensor<{heads}xf32> {value('sink', [heads])}")
        auxiliary = ["%keep as <[key]> : tensor<?xi1>", "%shift as <[batch, query]> : tensor<?x?xf32>"]
        extra, clauses = ", %on: i1, %more: f32", f" sink(%sink : tensor<{heads}xf32>) log_sum_exp"
        lines = ["%m = sextant.mask %s keep %on at %i, %j : f32", "%a = arith.addf %m, %more : f32"]
        last, tail = "%a", f", tensor<{heads}x?xf32>"
        results.append(f"tensor<{heads}x?xf32> {value('lse', [heads, 'rows'])}")
    elif kind == "rotated":
        half = f"tensor<1x?x{SIZE // 2}xf32>"
        for x, type_, count, rows in (("q", query, heads, "rows"), ("k", key, key_heads, "keys")):
            wide = f"tensor<1x?x{count}x{SIZE}xf32>"
            arguments += [f"%{x}{t}: {half} {value(x + t, [1, rows, SIZE // 2])}" for t in ("cos", "sin")]
            before += [f"%{x}0 = arith.constant 0 : index", f"%{x}n = tensor.dim %{x}, %{x}0 : {type_}",
                       f"%{x}e = tensor.expand_shape %{x} [[0, 1], [2], [3]] output_shape [1, %{x}n, {count}, {SIZE}] "
                       f": {type_} into {wide}",
                       f"%{x}i = tensor.empty(%{x}n) : {wide}",
                       f"%{x}r = sextant.rotate ins(%{x}e : {wide}) outs(%{x}i : {wide}) with(%{x}cos, %{x}sin : {half}, "
                       f"{half}) pairs halves layout bshd",
                       f"%{x}t = tensor.collapse_shape %{x}r [[0, 1], [2], [3]] : {wide} into {type_}"]
            operands[x] = f"%{x}t"
    given = f" auxiliary({', '.join(auxiliary)})" if auxiliary else ""
    body, region = "\n  ".join(before), "\n    ".join(lines)
    outputs = "%o" if len(results) == 1 else "%o, %lse"
    return f"""func.func @main({', '.join(arguments)}) -> ({', '.join(results)}) {{
  {body}
  {outputs} = sextant.attention query({operands['q']} : {query}) key({operands['k']} : {key}) value(%v : {key}){given}
      at [0, 0, %past : tensor<?xi32>, 0] layout query thd key thd value thd result thd scale {SCALE:e}
      query_lengths(%ql : tensor<?xi64>) key_lengths(%kl : tensor<?xi64>){clauses} score {{
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index{extra}):
    {region}
    sextant.yield {last} : f32
  }} : {query}{tail}
  return {outputs} : {query}{tail}
}}
"""


def lengths(random):
    """Rows and keys of each sequence: prompts, tokens behind a past, chunks; many of none."""
    count = int(random.integers(1, 24))
    rows, keys = [], []
    for _ in range(count):
        kind = random.integers(0, 8)
        past = 0 if kind < 4 else int(random.integers(0, 700))
        own = 0 if kind == 0 else 1 if kind >= 6 else int(random.integers(1, 90 if kind < 5 else 400))
        rows.append(own)
        keys.append(own + past)
    if random.integers(0, 3) == 0:
        rows[0], keys[0] = 1, 5000
    return np.array(rows), np.array(keys)


def turned(x, cosine, sine):
    a, b = x[..., :SIZE // 2], x[..., SIZE // 2:]
    cosine, sine = (t[0][:, None, :].astype(np.float64) for t in (cosine, sine))
    return np.concatenate([a * cosine - b * sine, b * cosine + a * sine], axis=-1)


def expected(kind, heads, key_heads, inputs):
    q, k, v = (inputs[x].astype(np.float64) for x in "qkv")
    if kind == "rotated":
        q, k = turned(q, inputs["qcos"], inputs["qsin"]), turned(k, inputs["kcos"], inputs["ksin"])
    result, log_sum_exp = np.zeros_like(q), np.zeros((heads, len(q)))
    for b, past in enumerate(inputs["past"]):
        rows, keys = (slice(inputs[x][b], inputs[x][b + 1]) for x in ("ql", "kl"))
        i = np.arange(rows.stop - rows.start)[:, None] + past
        j = np.arange(keys.stop - keys.start)[None, :]
        for h in range(heads):
            own = h // (heads // key_heads)
            score = SCALE * q[rows, h] @ k[keys, own].T
            if kind in ("plain", "slopes", "rotated"):
                score = np.where(j <= i, score, -np.inf)
            if kind == "slopes":
                score = score + inputs["slopes"][h] * (j - i)
            elif kind == "table":
                score = score + inputs["table"][h][np.clip(j - i + CENTER, 0, 2 * CENTER)]
            elif kind == "masked":
                score = np.where(inputs["keep"][keys][None, :], score, -np.inf) + inputs["shift"][b, rows][:, None]
            sink = inputs["sink"][h] if kind == "masked" else -np.inf
            peak = np.maximum(score.max(axis=1, initial=-np.inf), sink)
            peak = np.where(np.isfinite(peak), peak, 0.0)[:, None]
            weights = np.exp(score - peak)
            total = weights.sum(axis=1, keepdims=True) + np.exp(sink - peak)
            result[rows, h] = np.divide(weights @ v[keys, own], total, out=np.zeros((len(i), SIZE)), where=total != 0)
            with np.errstate(divide="ignore"):
                log_sum_exp[h, rows] = (np.log(total) + peak)[:, 0]
    return {"o": result, "lse": log_sum_exp}


def make(kind, heads, key_heads, rows, keys, random):
    def normal(*shape):
        return random.standard_normal(shape).astype(np.float32)
    ends = {name: np.concatenate([[0], np.cumsum(x)]).astype(np.int64) for name, x in (("ql", rows), ("kl", keys))}
    inputs = {"q": normal(rows.sum(), heads, SIZE), "k": normal(keys.sum(), key_heads, SIZE),
              "v": normal(keys.sum(), key_heads, SIZE), "past": (keys - rows).astype(np.int32)} | ends
    inputs |= {"slopes": abs(normal(heads)) / 8, "table": normal(heads, 2 * CENTER + 1), "sink": normal(heads),
               "keep": random.random(keys.sum()) > 0.3, "shift": normal(len(rows), rows.sum())}
    for x, count in (("q", rows.sum()), ("k", keys.sum())):
        angles = random.random((1, count, SIZE // 2)) * 6
        inputs |= {x + "cos": np.cos(angles).astype(np.float32), x + "sin": np.sin(angles).astype(np.float32)}
    return inputs


def workspace(model, inputs, threads):
    types = [type_ for _, type_, _ in model.inputs]
    arrays = [np.asarray(inputs[name], TYPES[type_]) for name, type_, _ in model.inputs]
    tensors, _ = model._tensors(arrays, types)
    size = ctypes.c_size_t()
    model._check(model._table.workspace_size(model._model, tensors, len(arrays), threads, ctypes.byref(size),
                                             model._message, 512))
    return size.value


def main():
    compiler, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for kind, heads, key_heads in KINDS:
        source, library = folder / f"{kind}.mlir", folder / f"{kind}.so"
        source.write_text(module(kind, heads, key_heads))
        subprocess.run([compiler, source, "-o", library], check=True)
        model = Model(library)
        for seed in range(BATCHES):
            random = np.random.default_rng(seed)
            rows, keys = lengths(random)
            inputs = make(kind, heads, key_heads, rows, keys, random)
            wanted = expected(kind, heads, key_heads, inputs)
            runs = [model.run(inputs, threads) for threads in (1, 2, 3, 4)]
            for name, got in runs[0].items():
                with np.errstate(invalid="ignore"):
                    error = np.where(got == wanted[name], 0, abs(got - wanted[name])).max(initial=0)
                if not error <= TOLERANCE * max(1, abs(inputs["v"]).max(initial=0)):
                    sys.exit(f"{kind}, seed {seed}: '{name}' is {error:.2e} off, rows {rows.tolist()}, keys {keys.tolist()}")
                if any(got.tobytes() != other[name].tobytes() for other in runs[1:]):
                    sys.exit(f"{kind}, seed {seed}: threads change '{name}', rows {rows.tolist()}, keys {keys.tolist()}")
        print(f"{kind}, {heads} heads of {key_heads}: {BATCHES} batches agree")

    # As many rows in more sequences.
    model = Model(folder / "plain.so")
    sizes = []
    for count in (2, 512):
        rows = np.full(count, 2048 // count)
        sizes.append(workspace(model, make("plain", *KINDS[0][1:], rows, rows, np.random.default_rng(0)), 2))
    if sizes[1] - sizes[0] > 510 * 3 * 8 + 64:
        sys.exit(f"2 sequences take {sizes[0]} bytes, and 512 of as many rows {sizes[1]}")
    print("one list")


if __name__ == "__main__":
    main()
