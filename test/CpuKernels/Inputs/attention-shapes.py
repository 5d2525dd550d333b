"""The compiled attention kernels against formulas in float64.

    attention-shapes.py SEXTANT_COMPILE SCRATCH TYPE [--few] HEAD_SIZE...

For every head size one library holds several attentions of the same queries,
keys and values; it runs at every length from 1 to 130, as prefill, chunk and
decoding, at lengths that need several blocks and several chunks of keys, with
1 to 4 threads, whose results have to be equal bit for bit, and with a workspace
that is one byte too small. With --few it holds two of them and runs the lengths
up to 130 alone: what is left to be wrong is how the head size ends.
"""

import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "examples" / "python"))
from sextant_model import Model, ModelError  # noqa: E402

HEADS, KEY_HEADS = 4, 2
SCALE = 0.25
SLOPES = np.array([0.0625, 0.5, 0.125, 0.25], np.float32)
NAMES = ["plain", "causal", "window", "mask", "capped", "sink", "reach", "behind"]
FEW = ["plain", "window"]
SINK = np.array([0.5, -1.0, 2.0, 0.0], np.float32)


def module(size, kind, names):
    q = f"tensor<1x{HEADS}x?x{size}x{kind}>"
    k = f"tensor<1x{KEY_HEADS}x?x{size}x{kind}>"
    m = "tensor<1x1x?x?xf32>"

    def value(name, *dims):
        return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(d) + chr(34) for d in dims)}]}}'

    results = ", ".join(f"{q} {value(n, 1, HEADS, 'sequence', size)}" for n in names)
    head = (f"query(%q : {q}) key(%k : {k}) value(%v : {k})")
    where = f"at [0, 0, %past, 0] scale {SCALE:e}"
    block = "^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index"
    slopes = ", ".join(f"{x:e}" for x in SLOPES)
    sink = ", ".join(f"{x:e}" for x in SINK)
    attentions = {
        "plain": f"""%plain = sextant.attention {head} {where} : {q}""",
        "causal": f"""%causal = sextant.attention {head} {where} score {{
  {block}):
    %x = sextant.causal %s at %i, %j : f32
    sextant.yield %x : f32
  }} : {q}""",
        "window": f"""%window = sextant.attention {head} auxiliary(%slopes as <[head]> : tensor<{HEADS}xf32>) {where} score {{
  {block}, %slope: f32):
    %x = sextant.alibi %s slope %slope at %i, %j : f32
    %y = sextant.window %x at %i, %j left 67 right 2 : f32
    sextant.yield %y : f32
  }} : {q}""",
        "mask": f"""%mask = sextant.attention {head} auxiliary(%m as <[batch, head, query, key]> : {m}) {where} score {{
  {block}, %bias: f32):
    %x = arith.addf %s, %bias : f32
    sextant.yield %x : f32
  }} : {q}""",
        "capped": f"""%capped = sextant.attention {head} {where} score {{
  {block}):
    %x = sextant.softcap %s cap 2.0 : f32
    %y = sextant.causal %x at %i, %j : f32
    sextant.yield %y : f32
  }} : {q}""",
        "sink": f"""%sink = sextant.attention {head} {where} sink(%sinks : tensor<{HEADS}xf32>) : {q}""",
        "reach": f"""%reach = sextant.attention {head} at [0, 0, %past, 2] scale {SCALE:e} empty_row uniform score {{
  {block}):
    %x = sextant.window %s at %i, %j left 9223372036854775807 right 0 : f32
    sextant.yield %x : f32
  }} : {q}""",
        "behind": f"""%behind = sextant.attention {head} at [0, 0, %total, 0] scale {SCALE:e} empty_row uniform score {{
  {block}):
    %x = sextant.window %s at %i, %j left 3 right 0 : f32
    sextant.yield %x : f32
  }} : {q}""",
    }
    chosen = "\n  ".join(attentions[name] for name in names)
    return f"""
func.func @main(%q: {q} {value('q', 1, HEADS, 'sequence', size)}, %k: {k} {value('k', 1, KEY_HEADS, 'total', size)},
                %v: {k} {value('v', 1, KEY_HEADS, 'total', size)}, %m: {m} {value('m', 1, 1, 'sequence', 'total')})
    -> ({results}) {{
  %c2 = arith.constant 2 : index
  %sequence = tensor.dim %q, %c2 : {q}
  %total = tensor.dim %k, %c2 : {k}
  %past = arith.subi %total, %sequence : index
  %slopes = arith.constant dense<[{slopes}]> : tensor<{HEADS}xf32>
  %sinks = arith.constant dense<[{sink}]> : tensor<{HEADS}xf32>
  {chosen}
  return {", ".join("%" + name for name in names)} : {", ".join([q] * len(names))}
}}
"""


def softmax_times(score, v, sink=None):
    peak = score.max(-1, keepdims=True)
    if sink is not None:
        peak = np.maximum(peak, sink)
    peak = np.where(np.isneginf(peak), 0.0, peak)
    weight = np.exp(score - peak)
    total = weight.sum(-1, keepdims=True)
    if sink is not None:
        total = total + np.exp(sink - peak)
    return weight @ v / np.where(total == 0.0, 1.0, total)


def uniform(score, hidden, v):
    """A row that sees no key is the average of all values."""
    result = softmax_times(np.where(hidden, -np.inf, score), v)
    return np.where(hidden.all(-1)[:, None], v.mean(-2, keepdims=True), result)


def expected(q, k, v, m, names):
    if not q.size or not k.size:
        return {name: np.zeros(q.shape) for name in names}
    q, k, v, m = (x.astype(np.float64) for x in (q, k, v, m))
    k, v = (np.repeat(x, HEADS // KEY_HEADS, 1) for x in (k, v))
    score = SCALE * q @ k.swapaxes(-1, -2)
    past = k.shape[2] - q.shape[2]
    distance = np.arange(k.shape[2])[None, :] - (np.arange(q.shape[2]) + past)[:, None]
    hidden = np.where(distance > 0, -np.inf, 0.0)
    window = np.where((distance >= -67) & (distance <= 2), 0.0, -np.inf)
    slopes, sink = (x.astype(np.float64)[None, :, None, None] for x in (SLOPES, SINK))
    formulas = {"plain": lambda: softmax_times(score, v), "causal": lambda: softmax_times(score + hidden, v),
                "window": lambda: softmax_times(score + slopes * distance + window, v), "mask": lambda: softmax_times(score + m, v),
                "capped": lambda: softmax_times(2.0 * np.tanh(score / 2.0) + hidden, v), "sink": lambda: softmax_times(score, v, sink),
                "reach": lambda: uniform(score, distance + 2 > 0, v),
                "behind": lambda: uniform(score, distance + past - k.shape[2] < -3, v)}
    return {name: formulas[name]() for name in names}


def narrow(array, kind):
    if kind == "bf16":  # NumPy has none: its bits
        bits = array.astype(np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return array.astype({"f32": np.float32, "f16": np.float16}[kind])


def widen(array, kind):
    if kind == "bf16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


def make(generator, size, kind, queries, keys):
    shapes = (1, HEADS, queries, size), (1, KEY_HEADS, keys, size), (1, KEY_HEADS, keys, size)
    q, k, v = (narrow(generator.standard_normal(shape), kind) for shape in shapes)
    m = np.where(generator.random((1, 1, queries, keys)) < 0.3, -np.inf, generator.standard_normal((1, 1, queries, keys)))
    if queries and generator.random() < 0.5:
        m[0, 0, generator.integers(queries)] = -np.inf  # a row that sees no key
    return {"q": q, "k": k, "v": v, "m": m.astype(np.float32)}


def check(model, inputs, kind, tolerance, where, most):
    results = [model.run(inputs, threads) for threads in range(1, most + 1)]
    arguments = [widen(inputs[name], kind) for name in "qkv"] + [inputs["m"]]
    rights = expected(*arguments, results[0])
    for name, actual in results[0].items():
        right = rights[name]
        error = np.abs(widen(actual, kind) - right).max(initial=0.0)
        if not error <= tolerance:
            sys.exit(f"{where}: expects '{name}' within {tolerance}, but got {error}")
        for threads, other in enumerate(results[1:], 2):
            if other[name].tobytes() != actual.tobytes():
                sys.exit(f"{where}: expects '{name}' of {threads} threads to equal that of one")
    return results[0]


def check_not_a_number(model, generator, size, kind):
    """A NaN reaches the rows that see it, and no other."""
    for queries, keys in ((1, 40), (50, 50), (200, 300)):
        inputs = make(generator, size, kind, queries, keys)
        clean = model.run(inputs)
        j = keys - queries // 2 - 1
        inputs["k"][0, 1, j, 3] = narrow(np.array([np.nan], np.float32), kind)[0]
        got = widen(model.run(inputs)["causal"], kind)
        sees = np.arange(queries) + keys - queries >= j
        for head in range(HEADS):
            hit = np.isnan(got[0, head]).all(-1)
            if not (hit == (sees & (head >= 2))).all():
                sys.exit(f"expects NaN in the rows that see key {j}, but got it in {np.flatnonzero(hit)} of head {head}")
            same = got[0, head][~hit] == widen(clean["causal"], kind)[0, head][~hit]
            if not same.all():
                sys.exit(f"expects rows that do not see a NaN to stay, but head {head} changed")
        # A query's is in one row, and a value's in one column of the rows that weigh it.
        nothing = narrow(np.array([np.nan], np.float32), kind)[0]
        inputs, i = make(generator, size, kind, queries, keys), queries // 3
        before = widen(model.run(inputs)["causal"], kind)
        inputs["q"][0, 2, i, 5] = nothing
        got = widen(model.run(inputs)["causal"], kind)
        hit = np.zeros(got.shape[:3], bool)
        hit[0, 2, i] = True
        if not (np.isnan(got).all(-1) == hit).all() or (got[~hit] != before[~hit]).any():
            sys.exit(f"expects NaN in row {i} of head 2 alone, but got it in {np.argwhere(np.isnan(got).any(-1))}")
        inputs = make(generator, size, kind, queries, keys)
        before = widen(model.run(inputs)["causal"], kind)
        inputs["v"][0, 1, j, 3] = nothing
        got = widen(model.run(inputs)["causal"], kind)
        if not np.isnan(got[0, 2:, sees, 3]).all():
            sys.exit(f"expects NaN in the rows that weigh value {j}, but {np.argwhere(~np.isnan(got[0, 2:, sees, 3]))} have none")
        rest = np.arange(got.shape[-1]) != 3
        if (got[..., rest] != before[..., rest]).any() or (got[0, :2] != before[0, :2]).any():
            sys.exit(f"expects what does not weigh the NaN of value {j} to stay")


class ShortWorkspace:
    """A model's table whose `run` is told of one byte less of workspace than it was given."""

    def __init__(self, table):
        self._table = table

    def __getattr__(self, name):
        return getattr(self._table, name)

    def run(self, *arguments):
        return self._table.run(*(size - 1 if k == 6 else size for k, size in enumerate(arguments)))


def check_workspace(model, inputs):
    """One byte too few is a status, and nothing is written."""
    whole, model._table = model._table, ShortWorkspace(model._table)
    run, results = model.prepare(inputs, 2)
    model._table = whole
    for array in results.values():
        array.fill(7)
    try:
        run()
    except ModelError as error:
        if "workspace" not in str(error):
            sys.exit(f"expects a message about the workspace, but got '{error}'")
    else:
        sys.exit("expects a workspace that is one byte too small to be refused")
    if not all((array == 7).all() for array in results.values()):
        sys.exit("expects nothing to be written")


def compile_library(compiler, scratch, kind, size, names):
    path = pathlib.Path(scratch) / f"attention-{kind}-{size}"
    path.with_suffix(".mlir").write_text(module(size, kind, names))
    subprocess.run([*shlex.split(compiler), path.with_suffix(".mlir"), "-o", path.with_suffix(".so")], check=True)
    return path.with_suffix(".so")


def lengths(generator, few):
    shapes = [(n, n) for n in range(1, 131)] + [(1, n) for n in range(1, 131)]
    if few:
        return shapes
    return [(0, 0), (0, 5), (0, 300), (1, 0), (5, 0), (40, 0), *shapes,
            *((n, n + int(generator.integers(1, 300))) for n in range(1, 60)),
            (1, 1537), (3, 2100), (24, 600), (25, 601), (300, 300), (97, 777)]


def main():
    few = "--few" in sys.argv
    compiler, scratch, kind, *sizes = (word for word in sys.argv[1:] if word != "--few")
    names = FEW if few else NAMES
    # One rounding of the result, and of storage in between where it is narrow.
    tolerance = {"f32": 2e-5, "f16": 2e-3, "bf16": 1.6e-2}[kind]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        libraries = [threads.submit(compile_library, compiler, scratch, kind, size, names) for size in sizes]
        for size, library in zip(map(int, sizes), libraries):
            check_size(Model(library.result()), kind, size, tolerance, few)


def check_size(model, kind, size, tolerance, few):
    generator = np.random.default_rng(size)
    shapes = lengths(generator, few)
    for number, (queries, keys) in enumerate(shapes):
        inputs = make(generator, size, kind, queries, keys)
        check(model, inputs, kind, tolerance, f"{kind}, head size {size}, {queries} queries, {keys} keys",
              4 if keys > 130 and number % 4 == 0 or number % 32 == 0 else 1)
    check_workspace(model, inputs)
    if not few:
        check_not_a_number(model, generator, size, kind)
    print(f"{kind}, head size {size}: {len(shapes)} shapes", flush=True)


if __name__ == "__main__":
    main()
