"""One token of heads that lie side by side, of every type that is stored.

    each-head-storage.py SCRATCH CPU TYPE...

Queries that turn, slopes and a sink by head, a mask by batch entry that leaves
none of the keys to one and starts and ends within a chunk for the others. The
results are right (float64), and have the same bits as those of heads by
themselves, with or without gaps between rows, for one to four threads.
"""

import pathlib
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "examples" / "python"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Sextant" / "Numerics" / "Inputs"))
import native  # noqa: E402
from sextant_model import Model  # noqa: E402

BATCH, HEADS, SIZE, VALUES = 3, 7, 64, 128
SCALE = 0.125
# Too few for chunks, the fewest that are many, chunks that end together, and that do not.
LENGTHS = [1919, 1920, 2399, 3500]
# One rounding of the result, a query's where it turns, and of what comes before.
TOLERANCE = {"f32": 2e-6, "f16": 2e-3, "bf16": 1.6e-2}


def module(kind):
    def tensor(rows, size, element=kind):
        return f"tensor<{BATCH}x{HEADS}x{rows}x{size}x{element}>"

    def value(name, *dims):
        return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(d) + chr(34) for d in dims)}]}}'

    q, k, v, o = tensor("?", SIZE), tensor("?", SIZE), tensor("?", VALUES), tensor("?", VALUES)
    turn, keep, slopes = f"tensor<{BATCH}x?x{SIZE // 2}xf32>", f"tensor<{BATCH}x?xi1>", f"tensor<{HEADS}xf32>"
    return f"""
func.func @main(%q: {q} {value('q', BATCH, HEADS, 'sequence', SIZE)}, %k: {k} {value('k', BATCH, HEADS, 'total', SIZE)},
                %v: {v} {value('v', BATCH, HEADS, 'total', VALUES)}, %c: {turn} {value('c', BATCH, 'sequence', SIZE // 2)},
                %sn: {turn} {value('sn', BATCH, 'sequence', SIZE // 2)}, %keep: {keep} {value('keep', BATCH, 'total')},
                %slopes: {slopes} {value('slopes', HEADS)}, %sink: {slopes} {value('sink', HEADS)})
    -> ({o} {value('o', BATCH, HEADS, 'sequence', VALUES)}, {o} {value('plain', BATCH, HEADS, 'sequence', VALUES)}) {{
  %c2 = arith.constant 2 : index
  %sequence = tensor.dim %q, %c2 : {q}
  %total = tensor.dim %k, %c2 : {k}
  %past = arith.subi %total, %sequence : index
  %e = tensor.empty(%sequence) : {q}
  %r = sextant.rotate ins(%q : {q}) outs(%e : {q}) with(%c, %sn : {turn}, {turn}) pairs halves
  %o = sextant.attention query(%r : {q}) key(%k : {k}) value(%v : {v})
      auxiliary(%keep as <[batch, key]> : {keep}, %slopes as <[head]> : {slopes})
      at [0, 0, %past, 0] scale {SCALE:e} sink(%sink : {slopes}) score {{
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %own: i1, %slope: f32):
    %0 = sextant.alibi %s slope %slope at %i, %j : f32
    %1 = sextant.mask %0 keep %own at %i, %j : f32
    sextant.yield %1 : f32
  }} : {o}
  %p = sextant.attention query(%q : {q}) key(%k : {k}) value(%v : {v}) at [0, 0, %past, 0] scale {SCALE:e} : {o}
  return %o, %p : {o}, {o}
}}
"""


def expected(inputs, kind):
    q, k, v = (native.load(inputs[name], kind) for name in "qkv")
    c, s, slopes, sink = (inputs[name].astype(float) for name in ("c", "sn", "slopes", "sink"))
    a, b = q[..., : SIZE // 2], q[..., SIZE // 2 :]
    c, s = c[:, None], s[:, None]
    turned = np.concatenate([a * c - b * s, b * c + a * s], -1)
    keys = k.shape[2]

    def weigh(score, sink):
        peak = np.maximum(score.max(-1, keepdims=True), sink)
        peak = np.where(np.isneginf(peak), 0.0, peak)
        weight = np.exp(score - peak)
        return weight @ v / (weight.sum(-1, keepdims=True) + np.exp(sink - peak))

    score = SCALE * turned @ k.swapaxes(-1, -2) + slopes[:, None, None] * (np.arange(keys) - (keys - 1))
    score = np.where(inputs["keep"][:, None, None, :], score, -np.inf)
    return {"o": weigh(score, sink[:, None, None]), "plain": weigh(SCALE * q @ k.swapaxes(-1, -2), -np.inf)}


def side_by_side(array, gap):
    """The same numbers in rows of all heads, with the rows of so many more of them between two."""
    batch, heads, rows, size = array.shape
    memory = np.zeros((batch, rows, heads + gap, size), array.dtype)
    memory[:, :, :heads] = array.swapaxes(1, 2)
    return memory[:, :, :heads].swapaxes(1, 2)


def check(model, kind, keys, random):
    def normal(*shape):
        return random.standard_normal(shape)

    angle = normal(BATCH, 1, SIZE // 2)
    keep = np.zeros((BATCH, keys), bool)
    keep[1, 133:] = random.random(keys - 133) < 0.8
    keep[2, : keys - 501] = True
    inputs = {"q": native.store(normal(BATCH, HEADS, 1, SIZE), kind), "k": native.store(normal(BATCH, HEADS, keys, SIZE), kind),
              "v": native.store(normal(BATCH, HEADS, keys, VALUES), kind), "c": np.cos(angle).astype(np.float32),
              "sn": np.sin(angle).astype(np.float32), "keep": keep, "slopes": (normal(HEADS) / 64).astype(np.float32),
              "sink": normal(HEADS).astype(np.float32)}
    alone = model.run(inputs)
    for name, right in expected(inputs, kind).items():
        error = np.abs(native.load(alone[name], kind) - right).max()
        if not error <= TOLERANCE[kind]:
            sys.exit(f"{kind}, {keys} keys: expects '{name}' within {TOLERANCE[kind]}, but got {error}")
    for gap, threads in ((0, 1), (0, 4), (2, 3), (1, 2)):
        spread = dict(inputs, k=side_by_side(inputs["k"], gap), v=side_by_side(inputs["v"], gap))
        for name, result in model.run(spread, threads).items():
            if result.tobytes() != alone[name].tobytes():
                wrong = np.argwhere((result != alone[name]).any(-1))
                sys.exit(f"{kind}, {keys} keys, {gap} heads apart, {threads} threads: expects '{name}' of heads side by side to "
                         f"equal that of heads alone, but got others at {wrong.tolist()}")


def main():
    scratch, cpu, *kinds = sys.argv[1:]
    for kind in kinds:
        path = pathlib.Path(scratch) / f"each-head-{kind}-{cpu}"
        path.with_suffix(".mlir").write_text(module(kind))
        subprocess.run(["sextant-compile", f"--cpu={cpu}", path.with_suffix(".mlir"), "-o", path.with_suffix(".so")], check=True)
        model, random = Model(path.with_suffix(".so")), np.random.default_rng(3)
        for keys in LENGTHS:
            check(model, kind, keys, random)
        print(f"{kind}: {len(LENGTHS)} lengths")


if __name__ == "__main__":
    main()
