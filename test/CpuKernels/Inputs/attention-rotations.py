"""Attention that turns queries and keys on the way, against formulas in float64.

    attention-rotations.py SEXTANT_COMPILE SCRATCH

Both pairings, all dimensions and some, both layouts, a rotation of the queries
alone; the last one keeps the path of few rows.
"""

import pathlib
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "examples" / "python"))
from sextant_model import Model  # noqa: E402

HEADS, KEY_HEADS, BATCH = 4, 2, 2


def module(size, pairs, first, count, layout, keys_too):
    def tensor(heads):
        return f"tensor<{BATCH}x{heads}x?x{size}xf32>" if layout == "bhsd" else f"tensor<{BATCH}x?x{heads}x{size}xf32>"

    def value(name, *dims):
        return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(d) + chr(34) for d in dims)}]}}'

    def dims(heads):
        return (BATCH, heads, "s", size) if layout == "bhsd" else (BATCH, "s", heads, size)

    q, k, t = tensor(HEADS), tensor(KEY_HEADS), f"tensor<1x?x{count // 2}xf32>"
    how = f"with(%c, %sn : {t}, {t}) pairs {pairs} first {first} count {count} layout {layout}"
    each = f"layout query {layout} key {layout} value {layout} result {layout}"
    return f"""
func.func @main(%q: {q} {value('q', *dims(HEADS))}, %k: {k} {value('k', *dims(KEY_HEADS))},
                %v: {k} {value('v', *dims(KEY_HEADS))}, %c: {t} {value('c', 1, 's', count // 2)},
                %sn: {t} {value('sn', 1, 's', count // 2)}) -> ({q} {value('o', *dims(HEADS))}) {{
  %axis = arith.constant {2 if layout == 'bhsd' else 1} : index
  %s = tensor.dim %q, %axis : {q}
  %eq = tensor.empty(%s) : {q}
  %ek = tensor.empty(%s) : {k}
  %rq = sextant.rotate ins(%q : {q}) outs(%eq : {q}) {how}
  %rk = sextant.rotate ins(%k : {k}) outs(%ek : {k}) {how}
  %o = sextant.attention query(%rq : {q}) key({'%rk' if keys_too else '%k'} : {k}) value(%v : {k})
      at [0, 0, 0, 0] {each} scale 0.25 : {q}
  return %o : {q}
}}
"""


def rotate(x, cosine, sine, pairs, first, count):
    x = x.copy()
    part = x[..., first : first + count]
    if pairs == "halves":
        a, b = part[..., : count // 2], part[..., count // 2 :]
    else:
        a, b = part[..., 0::2], part[..., 1::2]
    a, b = a * cosine - b * sine, b * cosine + a * sine
    turned = np.concatenate([a, b], -1) if pairs == "halves" else np.stack([a, b], -1).reshape(part.shape)
    x[..., first : first + count] = turned
    return x


def main():
    compiler, scratch = sys.argv[1:]
    for layout in ("bhsd", "bshd"):
        for pairs in ("halves", "interleaved"):
            for size, first, count, keys_too in ((64, 0, 64, True), (56, 8, 32, True), (32, 0, 32, False)):
                name = f"{layout}-{pairs}-{size}"
                path = pathlib.Path(scratch) / name
                path.with_suffix(".mlir").write_text(module(size, pairs, first, count, layout, keys_too))
                subprocess.run([compiler, path.with_suffix(".mlir"), "-o", path.with_suffix(".so")], check=True)
                model = Model(path.with_suffix(".so"))
                generator = np.random.default_rng(size)
                for length in (1, 5, 13, 50, 130):
                    def make(heads):
                        shape = (BATCH, heads, length, size) if layout == "bhsd" else (BATCH, length, heads, size)
                        return generator.standard_normal(shape).astype(np.float32)

                    q, k, v = make(HEADS), make(KEY_HEADS), make(KEY_HEADS)
                    angle = generator.standard_normal((1, length, count // 2))
                    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
                    got = model.run({"q": q, "k": k, "v": v, "c": cosine, "sn": sine})["o"]
                    q, k, v, got = (x.astype(np.float64) for x in (q, k, v, got))
                    if layout == "bshd":
                        q, k, v, got = (x.swapaxes(1, 2) for x in (q, k, v, got))
                    how = (cosine[:, None].astype(np.float64), sine[:, None].astype(np.float64), pairs, first, count)
                    q = rotate(q, *how)
                    k = rotate(k, *how) if keys_too else k
                    k, v = (np.repeat(x, HEADS // KEY_HEADS, 1) for x in (k, v))
                    score = 0.25 * q @ k.swapaxes(-1, -2)
                    weight = np.exp(score - score.max(-1, keepdims=True))
                    error = np.abs(got - weight @ v / weight.sum(-1, keepdims=True)).max()
                    if not error < 2e-5:
                        sys.exit(f"{name}, {length} rows: expects results within 2e-5, but got {error}")
                print(f"{name}: right")


if __name__ == "__main__":
    main()
