"""Queries that decay and keys that grow, in sequences end to end and far from 0, against float64 NumPy.

Around one center for all, keys at these positions are beyond the range of f32;
their products with the queries are not.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy

HEADS, SIZE, SPAN = 3, 16, 512.0
LENGTHS = numpy.array([0, 5, 5, 12, 13], dtype=numpy.int64)
STARTS = [90000, 0, 150000, 7]
ROWS = int(LENGTHS[-1])
MODEL = """
#decay = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
#growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true>
func.func @main(
    %q: tensor<1xTx3x16xf32> {sextant.name = "q", sextant.dims = ["1", "T", "3", "16"]},
    %k: tensor<1xTx3x16xf32> {sextant.name = "k", sextant.dims = ["1", "T", "3", "16"]},
    %v: tensor<Tx3x16xf32> {sextant.name = "v", sextant.dims = ["T", "3", "16"]},
    %at: tensor<1xTxi64> {sextant.name = "at", sextant.dims = ["1", "T"]},
    %lengths: tensor<?xi64> {sextant.name = "lengths", sextant.dims = ["ends"]})
    -> (tensor<Tx3x16xf32> {sextant.name = "y", sextant.dims = ["T", "3", "16"]}) {
  %e = tensor.empty() : tensor<1xTx3x16xf32>
  %0 = sextant.rotate ins(%q : tensor<1xTx3x16xf32>) outs(%e : tensor<1xTx3x16xf32>) at(%at : tensor<1xTxi64>)
      by #decay pairs halves layout bshd
  %1 = sextant.rotate ins(%k : tensor<1xTx3x16xf32>) outs(%e : tensor<1xTx3x16xf32>) at(%at : tensor<1xTxi64>)
      by #growth pairs halves layout bshd
  %qr = tensor.collapse_shape %0 [[0, 1], [2], [3]] : tensor<1xTx3x16xf32> into tensor<Tx3x16xf32>
  %kr = tensor.collapse_shape %1 [[0, 1], [2], [3]] : tensor<1xTx3x16xf32> into tensor<Tx3x16xf32>
  %o = sextant.attention query(%qr : tensor<Tx3x16xf32>) key(%kr : tensor<Tx3x16xf32>) value(%v : tensor<Tx3x16xf32>)
      layout query thd key thd value thd result thd scale 2.5e-01
      query_lengths(%lengths : tensor<?xi64>) key_lengths(%lengths : tensor<?xi64>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = sextant.causal %s at %i, %j : f32
    sextant.yield %r : f32
  } : tensor<Tx3x16xf32>
  return %o : tensor<Tx3x16xf32>
}
""".replace("xTx", f"x{ROWS}x").replace("<Tx", f"<{ROWS}x").replace('"T"', f'"{ROWS}"')


def expect(q, k, v, at):
    planes = SIZE // 2
    t = numpy.arange(planes)
    frequency = 1e4 ** (-t / planes)
    zeta = (2 * t + 0.4 * SIZE) / (1.4 * SIZE)
    complex_of = lambda x: x[..., :planes] + 1j * x[..., planes:]
    out = numpy.zeros(v.shape)
    for begin, end in zip(LENGTHS, LENGTHS[1:]):
        for i in range(begin, end):
            keys = numpy.arange(begin, i + 1)
            distance = (at[i] - at[keys])[:, None]
            turn = zeta ** (distance / SPAN) * numpy.exp(1j * distance * frequency)
            for h in range(HEADS):
                score = 0.25 * (complex_of(q[i, h]) * turn * complex_of(k[keys, h]).conj()).real.sum(-1)
                weight = numpy.exp(score - score.max())
                out[i, h] = weight / weight.sum() @ v[keys, h]
    return out


def main():
    random = numpy.random.default_rng(3)
    q, k, v = (random.standard_normal((ROWS, HEADS, SIZE)).astype(numpy.float32) for _ in range(3))
    at = numpy.concatenate([start + numpy.arange(end - begin)
                            for start, begin, end in zip(STARTS, LENGTHS, LENGTHS[1:])]).astype(numpy.int64)
    want = expect(*(x.astype(numpy.float64) for x in (q, k, v)), at)
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "model.mlir").write_text(MODEL)
        inputs = []
        for key, array in (("q", q[None]), ("k", k[None]), ("v", v), ("at", at[None]), ("lengths", LENGTHS)):
            numpy.save(folder / f"{key}.npy", array)
            inputs.append(folder / f"{key}.npy")
        for target in ("cpu", "reference"):
            subprocess.run(["sextant-run", folder / "model.mlir", *inputs, f"--target={target}",
                            f"--output={folder / 'y.npz'}"], check=True, stdout=subprocess.DEVNULL)
            error = numpy.abs(numpy.load(folder / "y.npz")["y"] - want).max()
            if not error <= 3e-6:
                print(f"{target}: expects an error of at most 3e-6, but got {error:.2e}")
                worst = 1
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
