"""Attention in chunks of queries against float64: long tables of relative vectors,
and xPos far beyond what one center reaches."""

import argparse
import ctypes
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parents[4] / "examples/python"))
from sextant_model import Model  # noqa: E402

SHAW = """
func.func @main(%q: tensor<?x6x?x16xf32> {{sextant.name = "q", sextant.dims = ["batch", "6", "rows", "16"]}},
                %k: tensor<?x{shared}x?x16xf32> {{sextant.name = "k", sextant.dims = ["batch", "{shared}", "keys", "16"]}},
                %v: tensor<?x{shared}x?x24xf32> {{sextant.name = "v", sextant.dims = ["batch", "{shared}", "keys", "24"]}},
                %w: tensor<{entries}x16xf32> {{sextant.name = "w", sextant.dims = ["{length}", "16"]}},
                %past: tensor<?xi64> {{sextant.name = "past", sextant.dims = ["batch"]}})
    -> (tensor<?x6x?x24xf32>, tensor<?x6x?xf32>) {{
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %batch = tensor.dim %q, %c0 : tensor<?x6x?x16xf32>
  %rows = tensor.dim %q, %c2 : tensor<?x6x?x16xf32>
  %zero = arith.constant 0.0 : f32
  {size}
  %empty = tensor.empty(%batch, %rows{more}) : tensor<?x6x?x{entries}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x6x?x{entries}xf32>) -> tensor<?x6x?x{entries}xf32>
  %qw = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%q, %w : tensor<?x6x?x16xf32>, tensor<{entries}x16xf32>)
      outs(%init : tensor<?x6x?x{entries}xf32>) -> tensor<?x6x?x{entries}xf32>
  {products}
  %o:2 = sextant.attention query(%q : tensor<?x6x?x16xf32>) key(%k : tensor<?x{shared}x?x16xf32>)
      value(%v : tensor<?x{shared}x?x24xf32>)
      auxiliary(%qw as <[batch, head, query, distance], center = {center}> : tensor<?x6x?x{entries}xf32>{read})
      at [0, 0, %past : tensor<?xi64>, 0] scale 2.500000e-01 log_sum_exp score {{
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32{argument}):
    %scale = arith.constant 2.500000e-01 : f32
    %0 = arith.mulf %x, %scale : f32
    %1 = arith.addf %s, %0 : f32
    {added}
    %seen = sextant.causal %{last} at %i, %j : f32
    sextant.yield %seen : f32
  }} : tensor<?x6x?x24xf32>, tensor<?x6x?xf32>
  return %o#0, %o#1 : tensor<?x6x?x24xf32>, tensor<?x6x?xf32>
}}
"""

# Products of keys with the same vectors, at the distance from the key.
OF_KEYS = """%keys = tensor.dim %k, %c2 : tensor<?x6x?x16xf32>
  %kempty = tensor.empty(%batch, %keys) : tensor<?x6x?x{entries}xf32>
  %kinit = linalg.fill ins(%zero : f32) outs(%kempty : tensor<?x6x?x{entries}xf32>) -> tensor<?x6x?x{entries}xf32>
  %kw = linalg.contract indexing_maps = [affine_map<(b, h, i, r, d) -> (b, h, i, d)>,
      affine_map<(b, h, i, r, d) -> (r, d)>, affine_map<(b, h, i, r, d) -> (b, h, i, r)>]
      ins(%k, %w : tensor<?x6x?x16xf32>, tensor<{entries}x16xf32>)
      outs(%kinit : tensor<?x6x?x{entries}xf32>) -> tensor<?x6x?x{entries}xf32>"""

XPOS = """
func.func @main(%q: tensor<{batch}x2x?x16xf32> {{sextant.name = "q", sextant.dims = ["{batch}", "2", "rows", "16"]}},
                %k: tensor<{batch}x1x?x16xf32> {{sextant.name = "k", sextant.dims = ["{batch}", "1", "keys", "16"]}},
                %v: tensor<{batch}x1x?x8xf32> {{sextant.name = "v", sextant.dims = ["{batch}", "1", "keys", "8"]}},
                %past: {past} {{sextant.name = "past", sextant.dims = ["{batch}"]}}) -> tensor<{batch}x2x?x8xf32> {{
  %c2 = arith.constant 2 : index
  %rows = tensor.dim %q, %c2 : tensor<{batch}x2x?x16xf32>
  %keys = tensor.dim %k, %c2 : tensor<{batch}x1x?x16xf32>
  %e = tensor.empty(%rows) : tensor<{batch}x2x?x16xf32>
  %f = tensor.empty(%keys) : tensor<{batch}x1x?x16xf32>
  %qr = sextant.rotate ins(%q : tensor<{batch}x2x?x16xf32>) outs(%e : tensor<{batch}x2x?x16xf32>)
      starts(%past : {past}) by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = {span}> pairs interleaved
  %kr = sextant.rotate ins(%k : tensor<{batch}x1x?x16xf32>) outs(%f : tensor<{batch}x1x?x16xf32>)
      by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = {span}, growing = true> pairs interleaved
  %o = sextant.attention query(%qr : tensor<{batch}x2x?x16xf32>) key(%kr : tensor<{batch}x1x?x16xf32>)
      value(%v : tensor<{batch}x1x?x8xf32>) at [0, 0, %past : {past}, 0] scale 2.5e-1 score {{
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = {term} : f32
    sextant.yield %r : f32
  }} : tensor<{batch}x2x?x8xf32>
  return %o : tensor<{batch}x2x?x8xf32>
}}
"""

failures = []


def build(folder, text, target):
    source, library = folder / "model.mlir", folder / f"model-{len(list(folder.iterdir()))}.so"
    source.write_text(text)
    subprocess.run(["sextant-compile", str(source), "-o", str(library), f"--target={target}"], check=True)
    return Model(library)


def workspace(model, arrays):
    tensors, _ = model._tensors(arrays, [value[1] for value in model.inputs])
    size = ctypes.c_size_t()
    model._check(model._table.workspace_size(model._model, tensors, len(arrays), 1, ctypes.byref(size), model._message, 512))
    return size.value


def compare(what, got, want, tolerance=1e-5):
    error = numpy.abs(got - want).max() if numpy.isfinite(got).all() else math.inf
    if not error <= tolerance * max(1.0, numpy.abs(want).max()):
        failures.append(f"{what}: expects at most {tolerance}, but got {error}")


def softmax(scores):
    largest = scores.max(-1, keepdims=True)
    weights = numpy.exp(scores - largest)
    total = weights.sum(-1, keepdims=True)
    return weights / total, (largest + numpy.log(total))[..., 0]


def shaw(folder, random, reach, target, dynamic=False, both=False):
    """With `both`, keys have products too; else two query heads share a key head."""
    entries, shared = 2 * reach + 1, 6 if both else 3
    model = build(folder, SHAW.format(
        entries="?" if dynamic else entries, length="entries" if dynamic else entries, center=reach, shared=shared,
        size="%r = tensor.dim %w, %c0 : tensor<?x16xf32>" if dynamic else "", more=", %r" if dynamic else "",
        products=OF_KEYS.format(entries=entries) if both else "",
        read=f", %kw as <[batch, head, key, distance], center = {reach}> : tensor<?x6x?x{entries}xf32>" if both else "",
        argument=", %y: f32" if both else "", last=2 if both else 1,
        added="%2 = arith.addf %1, %y : f32" if both else ""), target)
    for batch, rows, keys in ((2, 1, 41), (1, 256, 256), (2, 257, 400), (1, 600, 600)):
        q, k, v = (random.standard_normal(s).astype("f4")
                   for s in ((batch, 6, rows, 16), (batch, shared, keys, 16), (batch, shared, keys, 24)))
        w = random.standard_normal((entries, 16)).astype("f4")
        past = numpy.array([keys - rows, max(keys - rows - 3, 0)][:batch], "i8")
        got = model.run({"q": q, "k": k, "v": v, "w": w, "past": past}, threads=2)
        i, j = past[:, None, None] + numpy.arange(rows)[:, None], numpy.arange(keys)
        q, k, v, w = (x.astype("f8") for x in (q, k.repeat(6 // shared, 1), v.repeat(6 // shared, 1), w))
        entry = numpy.clip(j - i + reach, 0, entries - 1)[:, None].repeat(6, 1)
        scores = 0.25 * (numpy.einsum("bhid,bhjd->bhij", q, k)
                         + numpy.take_along_axis(numpy.einsum("bhid,rd->bhir", q, w), entry, -1))
        if both:
            columns = numpy.einsum("bhjd,rd->bhrj", k, w)
            scores += numpy.take_along_axis(columns, entry, 2)
        weights, logs = softmax(numpy.where((j <= i)[:, None], scores, -numpy.inf))
        for number, want in enumerate((weights @ v, logs)):
            compare(f"{target}, reach {reach}, {rows} of {keys}, result {number}", list(got.values())[number], want)
    return model


def spared(model, random, reach, both=False):
    """Of products there are those of a chunk of queries, and of all keys of one head."""
    rows, entries, shared = 1024, 2 * reach + 1, 6 if both else 3
    arrays = [random.standard_normal(s).astype("f4") for s in
              ((2, 6, rows, 16), (2, shared, rows, 16), (2, shared, rows, 24), (entries, 16))]
    size = workspace(model, [*arrays, numpy.zeros(2, "i8")])
    limit = 1.3 * 4 * entries * (256 * 6 // shared + rows * both)
    if size >= limit:
        failures.append(f"workspace: expects less than {limit} bytes, but got {size}")


def rotated(x, positions):
    """By the angle alone; the decay belongs to the product."""
    angle = positions[..., None] * 1e4 ** (-numpy.arange(8) / 8)
    cosine, sine = numpy.cos(angle), numpy.sin(angle)
    a, b = x[..., 0::2], x[..., 1::2]
    return a * cosine - b * sine, b * cosine + a * sine


def xpos(folder, random, target, term, see, shapes, span=512, batch=1):
    model = build(folder, XPOS.format(batch=batch, past=f"tensor<{batch}xi64>", term=term, span=f"{span}.0"), target)
    zeta = (2 * numpy.arange(8) + 0.4 * 16) / (1.4 * 16)
    for rows, keys, pasts in shapes:
        q, k, v = (random.standard_normal(s).astype("f4")
                   for s in ((batch, 2, rows, 16), (batch, 1, keys, 16), (batch, 1, keys, 8)))
        got = list(model.run({"q": q, "k": k, "v": v, "past": numpy.array(pasts, "i8")}, threads=2).values())[0]
        if not numpy.isfinite(got).all():
            failures.append(f"{target}, {term}, {rows} of {keys}: expects numbers, but got "
                            f"{(~numpy.isfinite(got)).any(-1).sum()} rows of none")
        # As many rows as matter: float64 takes them one by one.
        for b, past in enumerate(pasts):
            for row in sorted({0, rows // 2, rows - 1, *random.integers(0, rows, 25)}):
                i = past + row
                j = see(i, keys)
                qs = rotated(q[b, :, row].astype("f8"), numpy.float64(i))
                ks = rotated(k[b, 0, j].astype("f8"), j.astype("f8"))
                decay = zeta ** ((i - j)[:, None] / span)
                scores = 0.25 * sum(numpy.einsum("ht,jt,jt->hj", x, y, decay) for x, y in zip(qs, ks))
                want = softmax(scores)[0] @ v[b, 0, j].astype("f8")
                compare(f"{target}, {term}, {rows} of {keys}, row {row}", got[b, :, row], want, 2e-5)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["products", "decay"])
    what = parser.parse_args().what
    random = numpy.random.default_rng(3)
    window = "sextant.window %s at %i, %j left 99 right 0"
    causal = "sextant.causal %s at %i, %j"

    def near(i, keys):
        return numpy.arange(max(i - 99, 0), i + 1)

    def before(i, keys):
        return numpy.arange(i + 1)

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if what == "products":
            spared(shaw(folder, random, 1024, "cpu"), random, 1024)
            spared(shaw(folder, random, 300, "cpu", dynamic=True), random, 300)
            spared(shaw(folder, random, 1023, "cpu", both=True), random, 1023, both=True)
            shaw(folder, random, 300, "reference")
            shaw(folder, random, 300, "reference", both=True)
        else:
            xpos(folder, random, "cpu", window, near, [(131072, 131072, [0]), (1, 131072, [131071])])
            xpos(folder, random, "cpu", causal, before, [(37, 37, [0]), (1, 100003, [100002]), (1030, 90001, [88971])])
            xpos(folder, random, "cpu", causal, before, [(70, 90001, [89931, 1000]), (1, 90001, [90000, 0])], batch=2)
            xpos(folder, random, "cpu", causal, before, [(300, 700, [400])], span=16)
            xpos(folder, random, "reference", causal, before, [(3, 90001, [89998]), (37, 37, [0])])
    for failure in failures:
        print(failure)
    print(f"{what}: {len(failures)} failures")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
