"""Attentions that an implementation is likely to get wrong. The number in a name
is that of the test that runs it.
"""

import numpy

from cases import CAUSAL, Case, cap, terms
from formulas import hide
from position_terms import log_bucket, reference_slopes, rounded_up_slopes
from relative import values


def sloped(heads, scale=1.0, times=""):
    """ALiBi by the compiler's own list of slopes."""
    return (f"%m = sextant.alibi_slopes {times} : tensor<{heads}xf32>\n"
            f"%slope = tensor.extract %m[%h] : tensor<{heads}xf32>\n"
            + terms("sextant.alibi {s} slope %slope at %i, %j", CAUSAL))


def listed(heads):
    """Two formulations of the reference, which agree."""
    slopes = reference_slopes(heads)
    assert numpy.allclose(slopes, rounded_up_slopes(heads), rtol=1e-15)
    return numpy.array(slopes)


CAPPED = ["sextant.softcap {s} cap 5.000000e+00", "sextant.alibi {s} slope %slope_ at %i, %j",
          "sextant.window {s} at %i, %j left 4 right 0"]
SLOPES = {"tensors": {"slope": ((3,), "f32", [0.5, 0.25, 0.125])}, "auxiliary": {"slope": (("head",), 0)}}


def inside(i, j, left):
    return (j <= i) & (i - j <= left)


# One row of products for each query and label, the labels not symmetric: 3 before, 1 after.
PRODUCTS = {"products": ((2, 3, 7, 5), "f32", None)}
LABELS = ("batch", "head", "query", "distance")


def padded(name):
    generator = numpy.random.default_rng(len(name))
    values = numpy.zeros((2, 3, 7, 7))
    values[..., 1:-1] = generator.standard_normal((2, 3, 7, 5))
    return values


def labelled(s, i, j, products, low, high, outside=None):
    """Shaw's lookup by clipped or checked label; `products` is [B, H, Sq, labels]."""
    d = numpy.broadcast_to(j - i, s.shape)
    read = numpy.take_along_axis(products, numpy.clip(d, low, high) - low, axis=3)
    return s + (read if outside is None else numpy.where((d < low) | (d > high), outside, read))


PROBE = numpy.zeros((2, 3, 7, 5))
PROBE[..., 0] = 30.0
ZERO_BEYOND = padded("beyond")
KEY_BIAS = numpy.random.default_rng(9).standard_normal((2, 3, 11, 1))
SINK = dict(sink=True, log_sum_exp=True)
EDGES = numpy.arange(32 * 3).reshape(32, 3) * 0.1


# From key to key a fifth more, so that each tile of keys has a greater maximum than all before it.
RISING = terms("%d = arith.subi %j, %i : index", "%n = arith.index_cast %d : index to i64", "%x = arith.sitofp %n : i64 to f32",
               "%fifth = arith.constant 2.0e-01 : f32", "%rise = arith.mulf %x, %fifth : f32", "arith.addf {s}, %rise", CAUSAL)


def rising(s, b, h, i, j):
    return hide(s + 0.2 * (j - i), j <= i)


ALL = [
    # 4: weights by distance over many tiles of keys under a maximum that rises, and over few.
    *(Case(f"sharp_04_rising_over_{keys}_keys_of_{rows}_rows", heads=4, key_heads=[2], value_heads=2, batch=1, rows=rows, keys=keys,
           value_size=16, origin=(0, 0, keys - rows, 0), region=RISING, score=rising, log_sum_exp=True, dynamic=True,
           **values(19, ("head", "distance", "free"), heads=4, size=16))
      for rows, keys in ((61, 571), (3, 1301), (1, 67))),
    # 2: lists that are not powers of two, Falcon's order, and what a key alone does to the log-sum-exp.
    *(Case(f"sharp_02_slopes_of_{heads}_heads", heads=heads, region=sloped(heads), origin=(0, 0, 6, 0),
           score=lambda s, b, h, i, j, heads=heads: hide(s + listed(heads)[h] * (j - i), j <= i))
      for heads in (1, 3, 6, 12, 40)),
    Case("sharp_02_falcon", heads=6, scale=0.25, region=sloped(6, times="times 2.500000e-01"), origin=(0, 0, 6, 0),
         score=lambda s, b, h, i, j: hide((s * 4 + listed(6)[h] * (j - i)) / 4, j <= i)),
    Case("sharp_02_by_distance", log_sum_exp=True, origin=(0, 0, 6, 0), **SLOPES,
         region=terms("sextant.alibi {s} slope %slope_ at %i, %j", CAUSAL),
         score=lambda s, b, h, i, j, slope: hide(s + slope * j - slope * i, j <= i)),
    Case("sharp_02_by_key_alone", log_sum_exp=True, origin=(0, 0, 6, 0), **SLOPES,
         region=terms("%n = arith.index_cast %j : index to i32", "%x = arith.sitofp %n : i32 to f32",
                      "%bias = arith.mulf %slope_, %x : f32", "arith.addf {s}, %bias", CAUSAL),
         score=lambda s, b, h, i, j, slope: hide(s + slope * j, j <= i)),
    # 3: the same three terms in the order of two engines.
    Case("sharp_03_cap_bias_window", scale=4.0, origin=(0, 0, 6, 0), **SLOPES, region=terms(*CAPPED),
         score=lambda s, b, h, i, j, slope: hide(cap(s, 5.0) + slope * (j - i), inside(i, j, 4))),
    Case("sharp_03_bias_cap_window", scale=4.0, origin=(0, 0, 6, 0), **SLOPES,
         region=terms(CAPPED[1], CAPPED[0], CAPPED[2]),
         score=lambda s, b, h, i, j, slope: hide(cap(s + slope * (j - i), 5.0), inside(i, j, 4))),
    # 5: labels at the edge and beyond, by one probe that is not symmetric, and the other sign.
    Case("sharp_05_probe", rows=7, tensors={"products": (PROBE.shape, "f32", PROBE)},
         auxiliary={"products": (LABELS, 3)}, origin=(0, 0, 4, 0), region=terms("arith.addf {s}, %products_"),
         score=lambda s, b, h, i, j, products: s + 30.0 * (j - i <= -3)),
    Case("sharp_05_clamped", rows=7, tensors=PRODUCTS, auxiliary={"products": (LABELS, 3)}, origin=(0, 0, 4, 0),
         region=terms("arith.addf {s}, %products_"), score=lambda s, b, h, i, j, products: s + products),
    Case("sharp_05_zero_beyond", rows=7, tensors={"products": (ZERO_BEYOND.shape, "f32", ZERO_BEYOND)},
         auxiliary={"products": (LABELS, 4)}, origin=(0, 0, 4, 0), region=terms("arith.addf {s}, %products_"),
         score=lambda s, b, h, i, j, products: labelled(
             s, i, j, ZERO_BEYOND[..., 1:-1].astype(numpy.float32).astype(float), -3, 1, 0.0)),
    # The same by a table without zeros, beyond which nothing is read.
    Case("sharp_05_nothing_beyond", rows=7, tensors={"products": ((2, 3, 7, 5), "f32", ZERO_BEYOND[..., 1:-1])},
         auxiliary={"products": (LABELS, 3, "zero")}, origin=(0, 0, 4, 0), region=terms("arith.addf {s}, %products_"),
         score=lambda s, b, h, i, j, products: labelled(
             s, i, j, ZERO_BEYOND[..., 1:-1].astype(numpy.float32).astype(float), -3, 1, 0.0)),
    Case("sharp_05_other_sign", rows=7, tensors={"products": (PROBE.shape, "f32", PROBE[..., ::-1].copy())},
         auxiliary={"products": (LABELS, 1)}, origin=(0, 0, 4, 0), region=terms("arith.addf {s}, %products_"),
         score=lambda s, b, h, i, j, products: s + 30.0 * (i - j <= -3)),
    # 6: no NaN, no +inf, and a constant that cancels on one side only.
    Case("sharp_06_factors_under_a_mask", captured=("table",), rows=7, log_sum_exp=True,
         tensors={"table": ((4,), "f32", [-1.0, 0.0, 2.0, -0.5])},
         region="%0 = sextant.relative_factor %s table %table at %i, %j symmetric : f32, tensor<4xf32>\n"
                "%1 = sextant.causal %0 at %i, %j : f32\nsextant.yield %1 : f32",
         score=lambda s, b, h, i, j, table: hide(s * table[numpy.minimum(abs(j - i), 3)], j <= i)),
    Case("sharp_06_constant_table", rows=7, tensors={"qa": ((2, 3, 7, 1), "f32", None), "ka": ((2, 3, 11, 1), "f32", KEY_BIAS)},
         auxiliary={"qa": (LABELS, 0), "ka": (("batch", "head", "key", "distance"), 0)},
         region=terms("arith.addf {s}, %qa_", "arith.addf {s}, %ka_"),
         # What is the query's alone is gone; what is the key's is not.
         score=lambda s, b, h, i, j, qa, ka: s + KEY_BIAS.astype(numpy.float32).astype(float).transpose(0, 1, 3, 2)),
    # 16: edges where a logarithm that is an ulp low moves a bucket.
    Case("sharp_16_edges_both_ways", rows=3, keys=131, origin=(0, 0, 64, 0), captured=("table",),
         tensors={"table": ((32, 3), "f32", EDGES)},
         region="%0 = sextant.bucket_bias %s table %table[%h] at %i, %j max_distance 128 bidirectional"
                " : f32, tensor<32x3xf32>\nsextant.yield %0 : f32",
         score=lambda s, b, h, i, j, table: s + table[both_ways(j - i), h]),
    Case("sharp_16_edges_backwards", rows=2, keys=131, origin=(0, 0, 129, 0), captured=("table",),
         tensors={"table": ((32, 3), "f32", EDGES)},
         region="%0 = sextant.bucket_bias %s table %table[%h] at %i, %j max_distance 128"
                " : f32, tensor<32x3xf32>\n%1 = sextant.causal %0 at %i, %j : f32\nsextant.yield %1 : f32",
         score=lambda s, b, h, i, j, table: hide(s + table[backwards(i - j), h], j <= i)),
    # DeBERTa: rows are clipped at -k and k - 1, and both directions read row delta(i, j).
    Case("sharp_16_asymmetric_clamp", rows=7, keys=11, origin=(0, 0, 2, 0), scale=3.0 ** -0.5,
         tensors={"qr": ((2, 3, 7, 8), "f32", None), "kr": ((2, 3, 11, 8), "f32", None)},
         auxiliary={"qr": (LABELS, 3), "kr": (("batch", "head", "key", "distance"), 3)},
         region=terms("arith.addf {s}, %qr_", "arith.addf {s}, %kr_"),
         score=lambda s, b, h, i, j, qr, kr: s + qr + kr),
    # To the farthest on either side, where a row of the table is the last or the first.
    Case("sharp_16_logarithmic_edges", batch=1, rows=2, keys=1301, origin=(0, 0, 650, 0),
         tensors={"row": ((1, 3, 2, 512), "f32", None)}, auxiliary={"row": (("batch", "head", "query", "free"), 0)},
         region=terms("%at = sextant.log_bucket %i, %j size 256 max_distance 512",
                      "%entry = tensor.extract %row_[%at] : tensor<512xf32>", "arith.addf {s}, %entry"),
         score=lambda s, b, h, i, j, row: s + numpy.take_along_axis(row[..., 0, :] if row.ndim == 5 else row,
             numpy.broadcast_to(numpy.clip(golden_rows(i - j) + 256, 0, 511), s.shape), axis=3)),
    # 17: a sink counts once, unscaled, and is all that an empty row has; W against W + 1; tanh before the mask.
    Case("sharp_17_sink_counts_once", **SINK, keys=23, scale=0.25, origin=(0, 0, 18, 0), region=terms(CAUSAL),
         score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("sharp_17_sink_of_empty_rows", **SINK, origin=(0, 0, 0, 3), scale=4.0, region=terms(CAUSAL),
         score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("sharp_17_window_of_four", rows=7, origin=(0, 0, 4, 0),
         region=terms("sextant.window {s} at %i, %j left 3 right 0"),
         score=lambda s, b, h, i, j: hide(s, (j > i - 4) & (j <= i))),
    Case("sharp_17_window_of_four_and_itself", rows=7, origin=(0, 0, 4, 0),
         region=terms("sextant.window {s} at %i, %j left 4 right 0"),
         score=lambda s, b, h, i, j: hide(s, (j >= i - 4) & (j <= i))),
    Case("sharp_17_window_without_end", rows=7, origin=(0, 0, 4, 0),
         region=terms("sextant.window {s} at %i, %j left 2147483647 right 9223372036854775807"),
         score=lambda s, b, h, i, j: s),
    Case("sharp_17_cap_before_mask", scale=9.0, region=terms("sextant.softcap {s} cap 1.500000e+00", CAUSAL),
         origin=(0, 0, 2, 0), score=lambda s, b, h, i, j: hide(cap(s, 1.5), j <= i)),
    # 19: heads no register divides, lengths no tile divides, and more queries than keys.
    *(Case(f"sharp_19_head_of_{size}", sizes=(size,), value_size=size, rows=7, keys=19, scale=size ** -0.5,
           origin=(0, 0, 12, 0), region=terms(CAUSAL), dynamic=True, log_sum_exp=True,
           score=lambda s, b, h, i, j: hide(s, j <= i)) for size in (192, 80, 96)),
    Case("sharp_19_more_queries_than_keys", rows=23, keys=17, origin=(0, 0, -6, 0), log_sum_exp=True,
         region=terms(CAUSAL), score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("sharp_19_uniform_rows_without_keys", rows=23, keys=17, origin=(0, 0, -6, 0), uniform=True,
         region=terms(CAUSAL), score=lambda s, b, h, i, j: hide(s, j <= i)),
]


def both_ways(distance):
    """The published values, by the distance at which each bucket begins."""
    n = abs(distance)
    past = numpy.where(n < 8, n, 8 + numpy.searchsorted([12, 16, 23, 32, 46, 64, 91], n, side="right"))
    return past + 16 * (distance > 0)


def backwards(distance):
    n = numpy.maximum(distance, 0)
    begins = [16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113]
    return numpy.where(n < 16, n, 15 + numpy.searchsorted(begins, n, side="right"))


def golden_rows(distance):
    rows = log_bucket(distance, 256, 512)
    for length, bucket in ((128, 128), (129, 129), (200, 169), (300, 207), (511, 255)):
        assert (abs(rows[abs(distance) == length]) == bucket).all()
    return rows
