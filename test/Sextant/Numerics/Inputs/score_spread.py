"""Rows whose scores are far apart, against formulas in float64.

    score_spread.py SCRATCH REGION... [--type T] [--heads N] [--sizes K V] [--cpu NAME] [--seed N]

One library holds attentions of the same queries, keys and values under several
regions. Each key head orders its scores in its own way: the largest come first,
last, in the middle, are outdone by larger ones again and again, or sink. By how
much is 1 to 2^100; a query turns it round, or has none of it. Products of small
whole numbers are exact, so only what becomes of a score is in question.
"""

import argparse
import pathlib
import subprocess
import sys

import numpy as np

import native

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "examples" / "python"))
from sextant_model import Model  # noqa: E402

SCALE = 0.25
SLOPES = [64.0, 0.5, 8.0, 0.015625, 1024.0, 2.0, 0.25, 0.125]
SINK = [0.0, 1e30, -4.0, 200.0, -1e30, 31.0, 1.0, -200.0]
WINDOW = 133
BUCKETS, FARTHEST = 32, 128
CAP = 50.0
# Rows and keys: several blocks of keys, none of which ends where a vector does.
SHAPES = [(128, 128), (131, 131), (77, 257), (197, 401), (150, 643), (519, 519), (61, 997), (90, 1499)]
SPREADS = [1.0, 20.0, 100.0, 1000.0, 2.0**33, 2.0**100]
REGIONS = {
    "plain": (),
    "causal": ("sextant.causal {s} at %i, %j : f32",),
    "window": ("sextant.window {s} at %i, %j left 133 right 5 : f32",),
    "alibi": ("sextant.alibi {s} slope %slope at %i, %j : f32", "sextant.causal {s} at %i, %j : f32"),
    "both_ways": ("sextant.alibi {s} slope %slope at %i, %j symmetric : f32",),
    "bias": ("arith.addf {s}, %entry : f32",),
    "bias_causal": ("arith.addf {s}, %entry : f32", "sextant.causal {s} at %i, %j : f32"),
    "masked": ("sextant.mask {s} keep %keep at %i, %j : f32",),
    "buckets": ("sextant.bucket_bias {s} table %table[%h] at %i, %j max_distance 128 bidirectional : f32, tensor<32xHEADSxf32>",),
    "capped": ("sextant.softcap {s} cap 50.0 : f32", "sextant.causal {s} at %i, %j : f32"),
    "sink": ("sextant.causal {s} at %i, %j : f32",),
}
# Scores are multiplied by log2 e beforehand.
IN_BASE_TWO = ["plain", "causal", "window", "masked", "sink"]


def module(kind, heads, sizes, names):
    size, values = sizes
    q, k = f"tensor<1x{heads}x?x{size}x{kind}>", f"tensor<1x{heads}x?x{size}x{kind}>"
    v, o = f"tensor<1x{heads}x?x{values}x{kind}>", f"tensor<1x{heads}x?x{values}x{kind}>"
    peak, bias, keep, table = (f"tensor<1x{heads}x?xf32>", "tensor<1x1x?x?xf32>", "tensor<?x?xi1>",
                               f"tensor<{BUCKETS}x{heads}xf32>")

    def value(name, *dims):
        return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(d) + chr(34) for d in dims)}]}}'

    body, results, types = [], [], []
    for name in names:
        lines = REGIONS[name]
        score, text = "%s", []
        for number, line in enumerate(lines):
            text.append(f"%{name}{number} = {line.replace('{s}', score).replace('HEADS', str(heads))}")
            score = f"%{name}{number}"
        text.append(f"sextant.yield {score} : f32")
        region = ("score {\n^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32, %entry: f32, %keep: i1):\n  "
                  + "\n  ".join(text) + "\n}" if lines else "")
        auxiliary = (f"auxiliary(%slopes as <[head]> : tensor<{heads}xf32>, %m as <[batch, head, query, key]> : {bias}, "
                     f"%seen as <[query, key]> : {keep})" if lines else "")
        sink = f"sink(%sinks : tensor<{heads}xf32>)" if name == "sink" else ""
        body.append(f"%o{name}, %l{name} = sextant.attention query(%q : {q}) key(%k : {k}) value(%v : {v}) {auxiliary}"
                    f" at [0, 0, %past, 0] scale {SCALE:e} {sink} log_sum_exp {region} : {o}, {peak}")
        results += [f"%o{name}", f"%l{name}"]
        types += [(o, value(name, 1, heads, "sequence", values)), (peak, value(f"l{name}", 1, heads, "sequence"))]
    constants = (("slopes", SLOPES), ("sinks", SINK))
    lines = [f"%{name} = arith.constant dense<[{', '.join(f'{x:e}' for x in list_[:heads])}]> : tensor<{heads}xf32>"
             for name, list_ in constants]
    return f"""
func.func @main(%q: {q} {value('q', 1, heads, 'sequence', size)}, %k: {k} {value('k', 1, heads, 'total', size)},
                %v: {v} {value('v', 1, heads, 'total', values)}, %m: {bias} {value('m', 1, 1, 'sequence', 'total')},
                %seen: {keep} {value('seen', 'sequence', 'total')}, %table: {table} {value('table', BUCKETS, heads)})
    -> ({", ".join(f"{t} {a}" for t, a in types)}) {{
  %c2 = arith.constant 2 : index
  %sequence = tensor.dim %q, %c2 : {q}
  %total = tensor.dim %k, %c2 : {k}
  %past = arith.subi %total, %sequence : index
  {chr(10).join(lines)}
  {chr(10).join(body)}
  return {", ".join(results)} : {", ".join(t for t, _ in types)}
}}
"""


def orders(keys, random):
    """How many spreads a key's score is above the others."""
    j = np.arange(keys)
    step, period = int(random.integers(11, 40)), int(random.integers(23, 90))
    somewhere = int(random.integers(keys // 4, 3 * keys // 4))
    return [
        j < random.integers(1, 9),  # the largest first
        j >= keys - random.integers(1, 9),  # last
        j == somewhere,  # in the middle, one alone
        j // step,  # outdone by the next keys again and again
        -(j // step),  # the other way round
        np.where(j < somewhere, -1, 0) + (j == 0),  # below all others, but the first
        (j % period == period - 1) * (j // period + 1),  # now and then, each larger
        random.integers(0, 2, keys),
    ]


def make(random, kind, heads, sizes, rows, keys, spread, first, huge_values):
    """Elements are whole numbers times powers of two, so that products in f32 are exact."""
    q = random.integers(-1, 2, (1, heads, rows, sizes[0])).astype(float)
    k = random.integers(-1, 2, (1, heads, keys, sizes[0])).astype(float) / 4
    # The last element of a sum, so that what is added to it is not rounded as often as a large sum would be.
    turns = np.array([1.0, 1.0, -1.0, 0.0, 2.0, 0.5])
    q[..., -1] = turns[random.integers(0, len(turns), (1, heads, rows))]
    order = orders(keys, random)
    for head in range(heads):
        k[0, head, :, -1] = spread / SCALE * order[(first + head) % len(order)]
    v = random.standard_normal((1, heads, keys, sizes[1])) * (1e30 if huge_values else 1.0)
    m = random.integers(-8, 9, (1, 1, rows, keys)) / 4 * np.where(random.random((1, 1, 1, keys)) < 0.05, spread, 1.0)
    # Keys that all rows hide, in the beginning and in the end; those that some do; rows that see none.
    seen = random.random((rows, keys)) < 0.9
    seen[:, : int(random.integers(0, keys // 2))] = False
    seen[:, keys - int(random.integers(0, keys // 3)) :] = False
    begin = int(random.integers(0, rows))
    seen[begin : begin + rows // 4, : 2 * keys // 3] = False
    seen[int(random.integers(0, rows))] = False
    m[0, 0][~seen] = -np.inf
    table = random.integers(-8, 9, (BUCKETS, heads)) / 4 * np.where(random.random((BUCKETS, heads)) < 0.2, spread, 1.0)
    return {"q": native.store(q, kind), "k": native.store(k, kind), "v": native.store(v, kind), "m": m.astype(np.float32), "seen": seen,
            "table": table.astype(np.float32)}


def bucket(distance):
    """T5's, for both directions."""
    half, exact = BUCKETS // 2, BUCKETS // 4
    far = np.abs(distance)
    logarithm = np.log(np.maximum(far, 1) / exact) / np.log(FARTHEST / exact) * (half - exact)
    return np.where(far < exact, far, np.minimum(half - 1, exact + np.floor(logarithm + 1e-9).astype(int))) + (distance > 0) * half


def expected(inputs, kind, chosen, names):
    """Of the chosen rows: each region's scores as f32 has them, results, and log-sum-exps."""
    q, k, v = (native.load(inputs[name], kind)[0] for name in "qkv")
    keys, past = k.shape[1], k.shape[1] - q.shape[1]
    heads = q.shape[0]
    distance = np.arange(keys)[None, :] - (chosen + past)[:, None]
    score = (SCALE * q[:, chosen] @ k.swapaxes(1, 2)).astype(np.float32)
    slopes = np.array(SLOPES[:heads], np.float32)[:, None, None]
    bias, seen = inputs["m"][0, 0][chosen], inputs["seen"][chosen]
    hidden = distance > 0

    def hide(where, x):
        return np.where(where, np.float32(-np.inf), x)

    scores = {
        "plain": score,
        "causal": hide(hidden, score),
        "window": hide((distance < -WINDOW) | (distance > 5), score),
        "alibi": hide(hidden, score + slopes * distance.astype(np.float32)),
        "both_ways": score - slopes * np.abs(distance).astype(np.float32),
        "bias": score + bias,
        "bias_causal": hide(hidden, score + bias),
        "masked": hide(~seen, score),
        "buckets": score + inputs["table"].T[:, bucket(distance)],
        "capped": hide(hidden, (CAP * np.tanh(score.astype(float) / CAP)).astype(np.float32)),
        "sink": hide(hidden, score),
    }
    for name in names:
        x = scores[name]
        sink = np.array(SINK[:heads], np.float32).astype(float)[:, None, None] if name == "sink" else -np.inf
        x = x.astype(float)
        peak = np.maximum(x.max(-1, keepdims=True), sink)
        safe = np.where(np.isneginf(peak), 0.0, peak)
        weight = np.exp(x - safe)
        total = weight.sum(-1, keepdims=True) + np.exp(sink - safe)
        result = weight @ v / np.where(total == 0.0, 1.0, total)
        with np.errstate(divide="ignore"):
            yield name, result, (safe + np.log(total))[..., 0], peak[..., 0]


def check(model, inputs, kind, random, names, where):
    results = model.run(inputs, 1)
    for name, other in model.run(inputs, 3).items():
        if other.tobytes() != results[name].tobytes():
            sys.exit(f"{where}: expects '{name}' of three threads to equal that of one")
    rows = inputs["q"].shape[2]
    chosen = np.unique(np.r_[:8, rows - 8 : rows, random.integers(0, rows, 24)])
    largest = np.abs(native.load(inputs["v"], kind)).max()
    rounding = {"f32": 0.0, "f16": 2.0**-11, "bf16": 2.0**-8}[kind]
    for name, right, right_peak, peak in expected(inputs, kind, chosen, names):
        got = native.load(results[name], kind)[0][:, chosen]
        got_peak = results[f"l{name}"].astype(float)[0][:, chosen]
        # What a factor of log2 e costs a score, and a tangent its cap; those from 2^30 on end as one number.
        size = np.where(np.isfinite(peak), np.abs(peak), 0.0)
        allowed = 4e-6 + (2.5e-7 * np.minimum(size, 200000.0) * (size < 2.0**30) if name in IN_BASE_TWO else 0.0)
        allowed = allowed + (1e-4 if name == "capped" else 0.0)
        error = np.abs(got - right).max(-1) / largest
        wrong = ~(error <= allowed + rounding * np.abs(right).max(-1) / largest)
        same = got_peak == right_peak
        with np.errstate(invalid="ignore"):
            wrong |= ~(same | (np.abs(got_peak - right_peak) <= allowed + 2.5e-7 * np.abs(right_peak)))
        if wrong.any():
            h, i = np.argwhere(wrong)[0]
            sys.exit(f"{where}: expects '{name}', row {h}, {chosen[i]}, {right[h, i, :3]} and {right_peak[h, i]:.8g}, but got "
                     f"{got[h, i, :3]} and {got_peak[h, i]:.8g}; {wrong.sum()} of {wrong.size} rows differ by up to {np.nanmax(error):.2g}")


def check_not_a_number(model, random, kind, heads, sizes, names):
    """A key that is not a number makes those rows so that see it, wherever the largest scores are."""
    for rows, keys in ((150, 643), (300, 300)):
        inputs = make(random, kind, heads, sizes, rows, keys, 100.0, 0, False)
        clean = model.run(inputs)
        for j in (keys - rows + 1, keys - rows // 2, keys - 3):
            broken = dict(inputs, k=inputs["k"].copy())
            broken["k"][0, 1, j, 5] = native.store(np.array([np.nan]), kind)[0]
            got = model.run(broken, 2)
            i = np.arange(rows) + keys - rows
            sees = {"plain": i >= 0, "causal": j <= i, "alibi": j <= i, "bias_causal": j <= i, "capped": j <= i, "sink": j <= i,
                    "masked": inputs["seen"][:, j], "window": (j >= i - WINDOW) & (j <= i + 5)}
            for name, which in sees.items():
                if name not in names:
                    continue
                for result in (name, f"l{name}"):
                    actual, before = (native.load(x[result], "f32" if result != name else kind)[0] for x in (got, clean))
                    none = np.isnan(actual).all(-1) if actual.ndim == 3 else np.isnan(actual)
                    if (none[1] != which).any() or none[[h for h in range(heads) if h != 1]].any():
                        sys.exit(f"expects NaN of '{result}' in the {which.sum()} rows that see key {j}, but got it in {np.argwhere(none).tolist()}")
                    if not np.allclose(actual[~none], before[~none], rtol=1e-6, atol=2e-6):
                        sys.exit(f"expects rows of '{result}' that do not see key {j} to stay")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("scratch", type=pathlib.Path)
    parser.add_argument("names", nargs="+", choices=list(REGIONS))
    parser.add_argument("--type", default="f32")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs=2, default=[24, 40])
    parser.add_argument("--cpu", default="x86-64-v3")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    kind, heads, sizes, names = arguments.type, arguments.heads, arguments.sizes, arguments.names
    random = np.random.default_rng(arguments.seed)
    path = arguments.scratch / "-".join(["spread", kind, str(heads), str(sizes[0]), arguments.cpu, *names])
    path.with_suffix(".mlir").write_text(module(kind, heads, sizes, names))
    subprocess.run(["sextant-compile", f"--cpu={arguments.cpu}", path.with_suffix(".mlir"), "-o", path.with_suffix(".so")], check=True)
    model, count = Model(path.with_suffix(".so")), 0
    # f16 holds a hundred steps of these.
    spreads = [s for s in SPREADS if kind != "f16" or s <= 100.0]
    for rows, keys in SHAPES:
        for number, spread in enumerate(spreads):
            huge_values = kind != "f16" and number % 2 == 1
            inputs = make(random, kind, heads, sizes, rows, keys, spread, count, huge_values)
            check(model, inputs, kind, random, names, f"{kind}, {rows} rows, {keys} keys, scores {spread:g} apart")
            count += 1
    check_not_a_number(model, random, kind, heads, sizes, names)
    print(f"{kind}, {heads} heads: {count} inputs")


if __name__ == "__main__":
    main()
