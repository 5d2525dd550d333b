"""Attentions whose scores go through one term of position each, as cases.py has
them. Formulas are the papers', in NumPy, and know nothing of the compiler.
"""

import math

import numpy

from cases import CAUSAL, Case, terms
from formulas import hide

BIAS = "sextant.{name} {{s}} {operands} at %i, %j"


def per_head(*names, heads=3, values=None):
    """Tensors and auxiliaries of one number for each head."""
    values = values or {}
    return {"tensors": {n: ((heads,), "f32", values.get(n)) for n in names},
            "auxiliary": {n: (("head",), 0) for n in names}}


def reference_slopes(heads):
    """ofirpress/attention_with_linear_biases, get_slopes."""
    def power_of_two(n):
        start = 2 ** (-2 ** -(math.log2(n) - 3))
        return [start * start ** i for i in range(n)]
    if math.log2(heads).is_integer():
        return power_of_two(heads)
    closest = 2 ** math.floor(math.log2(heads))
    return power_of_two(closest) + reference_slopes(2 * closest)[0::2][:heads - closest]


def rounded_up_slopes(heads):
    """llm-foundry's way to the same list: strided halves of the next power."""
    power = 2 ** math.ceil(math.log2(heads))
    slopes = [2 ** (-8 * (h + 1) / power) for h in range(power)]
    return (slopes[1::2] + slopes[::2])[:heads] if power != heads else slopes


def chunk(i, size):
    return numpy.floor(i / size)


def log_bucket(distance, size, farthest):
    """microsoft/DeBERTa, make_log_bucket_position, by value of i - j."""
    middle = size // 2
    length = numpy.where(numpy.abs(distance) < middle, middle - 1, numpy.abs(distance))
    coarse = numpy.ceil(numpy.log(length / middle) / math.log((farthest - 1) / middle) * (middle - 1)) + middle
    return numpy.where(length <= middle, distance, coarse * numpy.sign(distance)).astype(int)


def fire(i, j, h, c, l, w, b, v, d):
    def psi(x):
        return numpy.log(numpy.abs(c * x) + 1)
    x = psi((i - j).astype(float)) / (psi(numpy.maximum(l, i)) + 1e-6)
    hidden = numpy.maximum(x[..., None] * w + b, 0)
    return numpy.einsum("...u,...u->...", hidden, v.T[h]) + d[h]


def sandwich(distance, size, first):
    planes = numpy.arange(first, first + size // 2)
    return numpy.cos(distance[..., None] / 10000.0 ** (2 * planes / size)).sum(-1)


def forgotten(shape, seed):
    gates = numpy.random.default_rng(seed).uniform(0.3, 1.0, shape)
    return numpy.log(gates).cumsum(axis=-1)


SEGMENTS = numpy.array([[0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3], [5, 5, 5, 5, 5, 5, 5, 5, 9, 9, 9]])
SUMS = forgotten((2, 3, 11), 4)
DISTANCES = {"rows": 7, "keys": 23, "origin": (0, 0, 9, 0)}

ALL = [
    # Chunks that the rows cross, behind a past, and one that a tile crosses twice.
    Case("chunk", rows=7, keys=17, origin=(0, 0, 9, 0), region=terms("sextant.chunk {s} at %i, %j size 5", CAUSAL),
         score=lambda s, b, h, i, j: hide(s, (chunk(i, 5) == chunk(j, 5)) & (j <= i))),
    Case("chunk_of_both_sides", rows=9, keys=17, origin=(0, 0, 3, 1),
         region=terms("sextant.chunk {s} at %i, %j size 3"), log_sum_exp=True,
         score=lambda s, b, h, i, j: hide(s, chunk(i, 3) == chunk(j, 3))),
    Case("chunk_with_uniform_empty_rows", rows=7, keys=11, uniform=True, origin=(0, 0, 4, 0),
         region=terms("sextant.chunk {s} at %i, %j size 4", CAUSAL),
         score=lambda s, b, h, i, j: hide(s, (i // 4 == j // 4) & (j <= i))),
    Case("chunk_of_many_keys", rows=7, origin=(0, 0, 4, 0), region=terms("sextant.chunk {s} at %i, %j size 73"),
         score=lambda s, b, h, i, j: hide(s, chunk(i, 73) == chunk(j, 73))),
    Case("prefix_of_each_entry", batch=3, rows=11, region=terms("sextant.prefix {s} length %length_ at %i, %j"),
         tensors={"length": ((3,), "index", [4, 0, 11])}, auxiliary={"length": (("batch",), 0)},
         score=lambda s, b, h, i, j, length: hide(s, (j <= i) | (j < length))),
    Case("prefix_behind_a_past", rows=4, origin=(0, 0, 7, 0), dynamic=True,
         region=terms("%c = arith.constant 3 : index", "sextant.prefix {s} length %c at %i, %j"),
         score=lambda s, b, h, i, j: hide(s, (j <= i) | (j < 3))),
    Case("document", rows=11, tensors={"mine": ((2, 11), "i32", SEGMENTS), "its": ((2, 11), "i32", SEGMENTS)},
         auxiliary={"mine": (("batch", "query"), 0), "its": (("batch", "key"), 0)}, dynamic=True,
         region=terms("%m = sextant.document %s segments %mine_, %its_ at %i, %j : f32, i32",
                      "sextant.causal {s} at %i, %j").replace("causal %s", "causal %m"),
         score=lambda s, b, h, i, j, mine, its: hide(s, (mine == its) & (j <= i))),
    Case("document_in_i64", rows=3, origin=(0, 0, 8, 0),
         tensors={"mine": ((2, 3), "i64", SEGMENTS[:, 8:]), "its": ((2, 11), "i64", SEGMENTS)},
         auxiliary={"mine": (("batch", "query"), 0), "its": (("batch", "key"), 0)},
         region="%m = sextant.document %s segments %mine_, %its_ at %i, %j : f32, i64\nsextant.yield %m : f32",
         score=lambda s, b, h, i, j, mine, its: hide(s, mine == its)),
    # Method 1: sign-blind, the last scalar holds beyond. One is 0, one negative.
    Case("huang_1", **DISTANCES, captured=("table",), scale=0.5,
         tensors={"table": ((6,), "f32", [1.0, -0.5, 0.0, 2.0, 0.25, 1.5])},
         region="%0 = sextant.relative_factor %s table %table at %i, %j symmetric : f32, tensor<6xf32>\n"
                "%1 = sextant.causal %0 at %i, %j : f32\nsextant.yield %1 : f32",
         score=lambda s, b, h, i, j, table: hide(s * table[numpy.minimum(abs(j - i), 5)], j <= i)),
    Case("huang_2", **DISTANCES, captured=("table",), tensors={"table": ((7,), "f32", None)},
         region="%0 = sextant.relative_factor %s table %table at %i, %j : f32, tensor<7xf32>\n"
                "sextant.yield %0 : f32",
         score=lambda s, b, h, i, j, table: s * table[numpy.clip(j - i, -3, 3) + 3]),
    Case("factor_by_clipped_distance", rows=7, tensors={"table": ((3, 8), "f32", None)},
         auxiliary={"table": (("head", "distance"), 3)}, origin=(0, 0, 2, 0),
         region=terms("sextant.distance_factor {s} by %table_ at %i, %j before 3 after 4", CAUSAL),
         score=lambda s, b, h, i, j, table: hide(s * table, j <= i)),
    Case("huang_4", rows=7, tensors={"qa": ((2, 3, 7, 5), "f32", None), "ka": ((2, 3, 11, 5), "f32", None)},
         auxiliary={"qa": (("batch", "head", "query", "distance"), 2),
                    "ka": (("batch", "head", "key", "distance"), 2)}, origin=(0, 0, 4, 0),
         region=terms("arith.addf {s}, %qa_", "arith.addf {s}, %ka_"),
         score=lambda s, b, h, i, j, qa, ka: s + qa + ka),
    Case("kerple_logarithm", **DISTANCES,
         **per_head("p", "a", values={"p": [0.3, 1.9, 0.01], "a": [0.9, 0.05, 0.4]}),
         region=terms("sextant.kerple_log {s} power %p_ scale %a_ at %i, %j", CAUSAL),
         score=lambda s, b, h, i, j, p, a: hide(s - p * numpy.log(1 + a * abs(i - j)), j <= i)),
    Case("kerple_power", **DISTANCES, dynamic=True,
         **per_head("p", "a", values={"p": [0.3, 1.0, 2.0], "a": [0.9, 0.05, 0.1]}),
         region=terms("sextant.kerple_power {s} power %p_ scale %a_ at %i, %j"),
         score=lambda s, b, h, i, j, p, a: s - a * abs(i - j).astype(float) ** p),
    Case("kerple_weighted", **DISTANCES,
         **per_head("p", "a", values={"p": [0.3, 1.0, 2.0], "a": [0.9, 0.05, 0.1]}),
         region=terms("sextant.kerple_weight {s} power %a_ scale %p_ at %i, %j",
                      "sextant.kerple_log {s} power %p_ scale %a_ at %i, %j", CAUSAL),
         score=lambda s, b, h, i, j, p, a: hide(
             s * numpy.exp(-p * abs(i - j).astype(float) ** a) - p * numpy.log(1 + a * abs(i - j)), j <= i)),
    # A table for each batch entry's own past is none.
    Case("kerple_at_a_past_of_each_entry", batch=3, tensors={
             "past": ((3,), "index", [0, 6, 3]), "p": ((3,), "f32", [0.3, 1.9, 0.01]), "a": ((3,), "f32", [0.9, 0.05, 0.4])},
         auxiliary={"p": (("head",), 0), "a": (("head",), 0)}, origin=(0, 0, "past", 0),
         region=terms("sextant.kerple_log {s} power %p_ scale %a_ at %i, %j", CAUSAL),
         score=lambda s, b, h, i, j, p, a: hide(s - p * numpy.log(1 + a * abs(i - j)), j <= i)),
    Case("fire", rows=7, keys=16, origin=(0, 0, 9, 0), captured=("c", "l", "w", "b1", "w2", "d"),
         tensors={"c": ((1,), "f32", [0.1]), "l": ((1,), "f32", [12.0]), "w": ((5,), "f32", None),
                  "b1": ((5,), "f32", None), "w2": ((5, 3), "f32", None), "d": ((3,), "f32", None)},
         region="%z = arith.constant 0 : index\n"
                "%c0 = tensor.extract %c[%z] : tensor<1xf32>\n%l0 = tensor.extract %l[%z] : tensor<1xf32>\n"
                "%0 = sextant.fire %s scale %c0 threshold %l0 in(%w, %b1) out(%w2, %d) [%h] at %i, %j"
                " : f32, tensor<5xf32>, tensor<5x3xf32>, tensor<3xf32>\n"
                "%1 = sextant.causal %0 at %i, %j : f32\nsextant.yield %1 : f32",
         score=lambda s, b, h, i, j, c, l, w, b1, w2, d: hide(
             s + fire(*numpy.broadcast_arrays(i, j, h), c[0], l[0], w, b1, w2, d), j <= i)),
    # Queries among their keys, more of them than a kernel takes at once, and units that never turn, turn
    # together, or are on for short distances only.
    Case("fire_on_both_sides", heads=4, key_heads=[2], value_heads=2, rows=61, keys=601, origin=(0, 0, 331, 0),
         log_sum_exp=True, captured=("c", "l", "w", "b1", "w2", "d"),
         tensors={"c": ((1,), "f32", [0.3]), "l": ((1,), "f32", [350.0]),
                  "w": ((8,), "f32", [1.0, -2.0, 0.0, 0.0, 0.5, 3.0, -1.0, 2.0]),
                  "b1": ((8,), "f32", [-0.5, 1.0, 0.7, -0.4, 0.25, -2.0, 0.9, -1.0]),
                  "w2": ((8, 4), "f32", None), "d": ((4,), "f32", None)},
         region="%z = arith.constant 0 : index\n"
                "%c0 = tensor.extract %c[%z] : tensor<1xf32>\n%l0 = tensor.extract %l[%z] : tensor<1xf32>\n"
                "%0 = sextant.fire %s scale %c0 threshold %l0 in(%w, %b1) out(%w2, %d) [%h] at %i, %j"
                " : f32, tensor<8xf32>, tensor<8x4xf32>, tensor<4xf32>\nsextant.yield %0 : f32",
         score=lambda s, b, h, i, j, c, l, w, b1, w2, d:
             s + fire(*numpy.broadcast_arrays(i, j, h), c[0], l[0], w, b1, w2, d)),
    # The planes of the paper, and those of a port that starts one later.
    Case("sandwich_from_0", **DISTANCES, **per_head("w", values={"w": [3 / 8, 3 / 16, 3 / 24]}),
         region=terms("sextant.sandwich {s} weight %w_ at %i, %j size 12 first 0", CAUSAL),
         score=lambda s, b, h, i, j, w: hide(s + w * sandwich(i - j, 12, 0), j <= i)),
    Case("sandwich_from_1", **DISTANCES, dynamic=True, **per_head("w", values={"w": [3 / 8, 3 / 16, 3 / 24]}),
         region=terms("sextant.sandwich {s} weight %w_ at %i, %j size 12 first 1", CAUSAL),
         score=lambda s, b, h, i, j, w: hide(s + w * sandwich(i - j, 12, 1), j <= i)),
    Case("forgetting_gates", rows=4, origin=(0, 0, 7, 0),
         tensors={"mine": ((2, 3, 4), "f32", SUMS[..., 7:]), "its": ((2, 3, 11), "f32", SUMS)},
         auxiliary={"mine": (("batch", "head", "query"), 0), "its": (("batch", "head", "key"), 0)},
         region=terms("sextant.forget {s} sums %mine_, %its_ at %i, %j", CAUSAL),
         score=lambda s, b, h, i, j, mine, its: hide(s + mine - its, j <= i)),
    Case("alibi_of_two_sides", **DISTANCES, **per_head("m", "n"),
         region=terms("sextant.two_sided_alibi {s} slopes %m_, %n_ at %i, %j"),
         score=lambda s, b, h, i, j, m, n: s + numpy.where(j <= i, m * (j - i), -n * (j - i))),
    # Falcon adds before it scales, so the slopes are scaled as well.
    Case("falcon_alibi", heads=12, key_heads=[4], value_heads=4, origin=(0, 0, 6, 0), scale=0.25,
         region="%m = sextant.alibi_slopes times 2.500000e-01 : tensor<12xf32>\n"
                "%slope = tensor.extract %m[%h] : tensor<12xf32>\n"
                + terms("sextant.alibi {s} slope %slope at %i, %j", CAUSAL),
         score=lambda s, b, h, i, j: hide(
             0.25 * (s / 0.25 + numpy.array(reference_slopes(12))[h] * (j - i)), j <= i)),
    Case("content_by_logarithmic_buckets", rows=7, keys=31, origin=(0, 0, 12, 0),
         tensors={"row": ((2, 3, 7, 16), "f32", None)},
         auxiliary={"row": (("batch", "head", "query", "free"), 0)},
         region=terms("%at = sextant.log_bucket %i, %j size 8 max_distance 20",
                      "%entry = tensor.extract %row_[%at] : tensor<16xf32>", "arith.addf {s}, %entry"),
         score=lambda s, b, h, i, j, row: s + numpy.take_along_axis(
             numpy.broadcast_to(row, s.shape[:3] + (1, 16)),
             numpy.broadcast_to(numpy.clip(log_bucket(i - j, 8, 20) + 8, 0, 15), s.shape)[..., None], axis=-1)[..., 0]),
]
