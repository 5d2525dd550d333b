"""Scores of every size that f32 has, and rows of equal ones, against float64 NumPy.

Products are exact: a query is a small whole number times a power of two, a key a
small whole number. Scores are then what f32 makes of them, and only their softmax
is in question.
"""

import argparse
import itertools
import sys
import tempfile

import numpy

import native

HEADS, SIZE, VALUES = 2, 7, 13
LOWEST = numpy.finfo(numpy.float32).min
# Whole blocks and tails, appended rows, a decoded one, keys in one chunk and in several.
SHAPES = ((61, 61), (58, 571), (13, 307), (3, 2111), (1, 5), (1, 2111))
CAUSAL = "sextant.causal {s} at %i, %j : f32"
WINDOW = "sextant.window {s} at %i, %j left 40 right 0 : f32"
ALIBI = "sextant.alibi {s} slope %m at %i, %j : f32"
CAP = "sextant.softcap {s} cap 3.000000e+01 : f32"
BIAS = "arith.addf {s}, %c : f32"
CONSTANT = "arith.constant -3.40282347E+38 : f32"
REGIONS = {"plain": (), "causal": (CAUSAL,), "window": (WINDOW,), "alibi": (ALIBI, CAUSAL), "capped": (CAP, CAUSAL),
           "biased": (BIAS,), "biased_causal": (BIAS, CAUSAL), "lowest": (CONSTANT,), "lowest_causal": (CONSTANT, CAUSAL)}


def function(name, lines, scale):
    """For any number of rows and keys."""
    q, v = f"tensor<1x{HEADS}x?x{SIZE}xf32>", f"tensor<1x{HEADS}x?x{VALUES}xf32>"
    peak = f"tensor<1x{HEADS}x?xf32>"
    text, score = [], "%s"
    for number, line in enumerate(lines):
        text.append(f"%t{number} = {line.replace('{s}', score)}")
        score = f"%t{number}"
    region = "\n".join(text + [f"sextant.yield {score} : f32"])
    region = (f"score {{\n^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %c: f32, %m: f32):\n{region}\n}}"
              if lines else "")
    auxiliary = f"auxiliary(%bias as <[key]> : tensor<?xf32>, %slope as <[head]> : tensor<{HEADS}xf32>)" if lines else ""
    return (f"func.func @{name}(%q: {q}, %k: {q}, %v: {v}, %bias: tensor<?xf32>, %slope: tensor<{HEADS}xf32>) -> ({v}, {peak})"
            f" attributes {{llvm.emit_c_interface}} {{\n"
            f"%two = arith.constant 2 : index\n%rows = tensor.dim %q, %two : {q}\n%keys = tensor.dim %k, %two : {q}\n"
            f"%past = arith.subi %keys, %rows : index\n"
            f"%o, %l = sextant.attention query(%q : {q}) key(%k : {q}) value(%v : {v}) {auxiliary}"
            f" at [0, 0, %past, 0] scale {scale:e} log_sum_exp {region} : {v}, {peak}\n"
            f"return %o, %l : {v}, {peak}\n}}\n")


def scores_of(lines, products, bias, slopes):
    rows, keys = products.shape[-2:]
    i, j = numpy.arange(rows)[:, None] + keys - rows, numpy.arange(keys)
    s = products
    for line in lines:
        if line == CAUSAL:
            s = numpy.where(j > i, -numpy.inf, s)
        elif line == WINDOW:
            s = numpy.where((j > i) | (j < i - 40), -numpy.inf, s)
        elif line == ALIBI:
            # A slope is a power of two, so that its product with a distance is exact.
            s = (s.astype(float) - slopes[:, None, None] * abs(i - j)).astype(numpy.float32)
        elif line == CAP:
            s = 30 * numpy.tanh(s.astype(float) / 30)
        elif line == BIAS:
            s = s + bias
        else:
            s = numpy.full_like(s, LOWEST)
    return s.astype(float)


def inputs(rows, keys, scale):
    """Queries, keys and biases, by name."""
    random = numpy.random.default_rng(rows * 10007 + keys)
    none = numpy.zeros(keys, numpy.float32)
    key = numpy.zeros((1, HEADS, keys, SIZE), numpy.float32)
    key[..., 3] = random.integers(-199, 200, key.shape[:3])
    for power in (-9, 0, 7, 15, 17, 19, 21, 22, 23, 24, 26, 29, 33, 40, 77, 116):
        query = numpy.zeros((1, HEADS, rows, SIZE), numpy.float32)
        query[..., 3] = random.integers(1, 10, query.shape[:3]) * random.choice([-1, 1], query.shape[:3]) * 2.0 ** power / scale
        yield f"of about 2^{power + 9}", query, key, none
    query = numpy.full((1, HEADS, rows, SIZE), 1 / scale, numpy.float32)
    # The ends of the range, several of each; then nothing but one of them.
    ends = numpy.zeros_like(key)
    ends[..., 2] = random.choice(numpy.float32([LOWEST, numpy.nextafter(LOWEST, numpy.float32(0)), 0, -LOWEST]), key.shape[:3])
    yield "at both ends", query, ends, none
    for value in (LOWEST, -LOWEST, 1e9, -1e38):
        equal = numpy.zeros_like(key)
        equal[..., 5] = numpy.float32(value)
        yield f"all {value:g}", query, equal, none
    # As masks hide keys: all but one, all, every other.
    small = numpy.zeros_like(key)
    small[..., 1] = random.integers(-8, 8, key.shape[:3]) / 4
    for value in (LOWEST, numpy.float32(-1e38), numpy.float32(-1e10)):
        for what, seen in (("one", numpy.arange(keys) == 2), ("none", numpy.zeros(keys, bool)),
                           ("half", numpy.arange(keys) % 2 == 0), ("the last", numpy.arange(keys) >= keys // 2)):
            yield f"{value:g} but {what}", query, small, numpy.where(seen, numpy.float32(0), value)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--processor", default="")
    parser.add_argument("--scale", type=float, default=0.125, help="of products; those of the reference end before they have it")
    arguments = parser.parse_args()
    failures = count = 0
    slopes = numpy.float32([0.5, 0.0625])
    with tempfile.TemporaryDirectory() as folder:
        library = native.build("".join(function(*f, arguments.scale) for f in REGIONS.items()), [f"--{p}" for p in arguments.passes], folder,
                               "scores", arguments.processor)
        for (name, lines), (rows, keys) in itertools.product(REGIONS.items(), SHAPES):
            v = numpy.random.default_rng(7).standard_normal((1, HEADS, keys, VALUES)).astype(numpy.float32)
            for what, q, k, bias in inputs(rows, keys, arguments.scale):
                o, peak = native.call(library, name, [q, k, v, bias, slopes], [(4, "f32"), (3, "f32")])
                with numpy.errstate(over="ignore", invalid="ignore"):
                    products = numpy.einsum("bhid,bhjd->bhij", q.astype(float) * arguments.scale, k.astype(float))
                    s = scores_of(lines, products[0].astype(numpy.float32), bias, slopes)
                    # Scores times log2 e have to be numbers where the region only hides.
                    base = numpy.e if {*lines} <= {CAUSAL, WINDOW} else 2
                    if not abs(s[s > -numpy.inf]).max() * numpy.log2(base) <= -float(LOWEST):
                        continue
                    weight = numpy.exp(s - s.max(-1, keepdims=True))
                total = weight.sum(-1)
                want, want_peak = weight @ v[0].astype(float) / total[..., None], s.max(-1) + numpy.log(total)
                count += 1
                # What the sum of some thousand products costs, of the largest value; a cap's tangent is not exact.
                allowed = 1e-4 if CAP in lines else 4e-6
                wrong = ~(abs(o[0] - want) <= allowed * abs(v).max()).all(-1)
                wrong |= ~(abs(peak[0] - want_peak) <= allowed + 1e-6 * abs(want_peak))
                if wrong.any():
                    failures += 1
                    h, i = numpy.argwhere(wrong)[0]
                    print(f"{name}, {rows} rows, {keys} keys, scores {what}: {wrong.sum()} of {wrong.size} rows differ; row {h}, {i}: expects "
                          f"{want[h, i, :2]} and {want_peak[h, i]:.6g}, but got {o[0, h, i, :2]} and {peak[0, h, i]:.6g}")
    print(f"{count} cases, {failures} failed")
    sys.exit(failures > 0 or count < 1500)


if __name__ == "__main__":
    main()
