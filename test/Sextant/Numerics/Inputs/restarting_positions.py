"""Packed documents whose positions restart, with queries that decay and keys that grow, against float64 NumPy.

No one center suits the tail of a document, far from 0, and the next document,
which starts there. By length, the longer schedule decays at another rate.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy

HEADS, SIZE, TRAINED = 2, 16, 300
SPANS = {False: 512.0, True: 256.0}
MODEL = """
#short = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
#short_growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true>
#long = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 256.0>
#long_growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 256.0, growing = true>
func.func @main(
    %q: tensor<?x2x?x16xf32> {sextant.name = "q", sextant.dims = ["batch", "2", "rows", "16"]},
    %k: tensor<?x2x?x16xf32> {sextant.name = "k", sextant.dims = ["batch", "2", "rows", "16"]},
    %v: tensor<?x2x?x8xf32> {sextant.name = "v", sextant.dims = ["batch", "2", "rows", "8"]},
    %at: tensor<?x?xi64> {sextant.name = "at", sextant.dims = ["batch", "rows"]},
    %document: tensor<?x?xi32> {sextant.name = "document", sextant.dims = ["batch", "rows"]})
    -> (tensor<?x2x?x8xf32> {sextant.name = "y", sextant.dims = ["batch", "2", "rows", "8"]}) {
  %c2 = arith.constant 2 : index
  %rows = tensor.dim %k, %c2 : tensor<?x2x?x16xf32>
  %0 = sextant.rotate ins(%q : tensor<?x2x?x16xf32>) outs(%q : tensor<?x2x?x16xf32>) at(%at : tensor<?x?xi64>)
      by #sextant.by_length<short = #short, long = #long, trained = 300> length(%rows : index) pairs halves
  %1 = sextant.rotate ins(%k : tensor<?x2x?x16xf32>) outs(%k : tensor<?x2x?x16xf32>) at(%at : tensor<?x?xi64>)
      by #sextant.by_length<short = #short_growth, long = #long_growth, trained = 300> length(%rows : index) pairs halves
  %o = sextant.attention query(%0 : tensor<?x2x?x16xf32>) key(%1 : tensor<?x2x?x16xf32>) value(%v : tensor<?x2x?x8xf32>)
      auxiliary(%document as <[batch, query]> : tensor<?x?xi32>, %document as <[batch, key]> : tensor<?x?xi32>)
      scale 2.5e-01 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: i32, %y: i32):
    %r = sextant.causal %s at %i, %j : f32
    %d = sextant.document %r segments %x, %y at %i, %j : f32, i32
    sextant.yield %d : f32
  } : tensor<?x2x?x8xf32>
  return %o : tensor<?x2x?x8xf32>
}
"""
PLAIN = MODEL.replace("#sextant.by_length<short = #short, long = #long, trained = 300> length(%rows : index)", "#short").replace(
    "#sextant.by_length<short = #short_growth, long = #long_growth, trained = 300> length(%rows : index)", "#short_growth")


def expect(q, k, v, at, document, span):
    planes = SIZE // 2
    t = numpy.arange(planes)
    frequency, zeta = 1e4 ** (-t / planes), (2 * t + 0.4 * SIZE) / (1.4 * SIZE)
    complex_of = lambda x: x[..., :planes] + 1j * x[..., planes:]
    out = numpy.zeros(v.shape)
    for b in range(len(q)):
        for i in range(q.shape[2]):
            keys = numpy.flatnonzero(document[b, : i + 1] == document[b, i])
            distance = (at[b, i] - at[b, keys])[:, None]
            turn = zeta ** (distance / span) * numpy.exp(1j * distance * frequency)
            for h in range(HEADS):
                score = 0.25 * (complex_of(q[b, h, i]) * turn * complex_of(k[b, h, keys]).conj()).real.sum(-1)
                weight = numpy.exp(score - score.max())
                out[b, h, i] = weight / weight.sum() @ v[b, h, keys]
    return out


def documents(*parts):
    """Positions and numbers of documents, each of so many rows from where it starts."""
    at = numpy.concatenate([start + numpy.arange(rows) for start, rows in parts])
    return at.astype("i8"), numpy.repeat(numpy.arange(len(parts)), [rows for _, rows in parts]).astype("i4")


CASES = [
    [documents((60000, 100), (0, 100))],
    [documents((0, 3), (200000, 1), (0, 150), (90000, 46)), documents((130000, 199), (5, 1))],
    # Longer than was trained, and than a chunk.
    [documents((0, 1000), (70000, 300), (0, 31))],
]


def main():
    random = numpy.random.default_rng(3)
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for (title, text), target in ((m, t) for m in (("one", PLAIN), ("by length", MODEL)) for t in ("cpu", "reference")):
            (folder / "model.mlir").write_text(text)
            subprocess.run(["sextant-compile", folder / "model.mlir", "-o", folder / "model.so", f"--target={target}"], check=True)
            for case in CASES:
                at, document = (numpy.stack(x) for x in zip(*case))
                batch, rows = at.shape
                q, k, v = (random.standard_normal((batch, HEADS, rows, size)).astype("f4") for size in (SIZE, SIZE, 8))
                inputs = []
                for key, array in (("q", q), ("k", k), ("v", v), ("at", at), ("document", document)):
                    numpy.save(folder / f"{key}.npy", array)
                    inputs.append(folder / f"{key}.npy")
                subprocess.run(["sextant-run", folder / "model.so", *inputs, f"--output={folder / 'y.npz'}"],
                               check=True, stdout=subprocess.DEVNULL)
                span = SPANS[title == "by length" and rows > TRAINED]
                want = expect(*(x.astype("f8") for x in (q, k, v)), at, document, span)
                error = numpy.abs(numpy.load(folder / "y.npz")["y"] - want).max()
                if not error <= 3e-6:
                    print(f"{target}, {title}, {rows} rows: expects an error of at most 3e-6, but got {error:.2e}")
                    failures += 1
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
