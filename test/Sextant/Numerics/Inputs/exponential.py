"""The exponential of the kernels over all exponents that its results have.

A row of two keys: a score of 0, and one of x, whose values are (1, 0) and (0, 1).
The quotient of the two results is then e^x, rounded twice more.
"""

import argparse
import sys
import tempfile

import numpy

import native

# What docs/numerics.md says of the relative error at x: a part of its own, and one
# that grows with x, for x log2 e is rounded. Then the two roundings.
OWN, GROWING, ROUNDINGS = 1.7e-7, 7.3e-8, 1.2e-7


def inputs():
    random = numpy.random.default_rng(5)
    parts = [numpy.float32([0, -1e4, -1e30, -3.4028234e38, -numpy.inf])]
    # Every exponent of the argument down to where a power is 1, then every
    # exponent of the result, and both sides of where the next begins.
    for exponent in range(-26, 7):
        parts.append(-numpy.ldexp(random.uniform(1, 2, 1024), exponent))
    for exponent in range(0, 140):
        parts.append((random.uniform(0, 1, 512) - exponent) * numpy.log(2.0))
        near = numpy.float32(-(exponent + 0.5) * numpy.log(2.0))
        parts.append(near + numpy.arange(-8, 9) * numpy.spacing(near))
    x = numpy.concatenate(parts).astype(numpy.float32)
    return x[~(x > 0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--processor", default="")
    arguments = parser.parse_args()
    q, v = "tensor<?x1x1x1xf32>", "tensor<?x1x?x2xf32>"
    k, o = "tensor<?x1x?x1xf32>", "tensor<?x1x1x2xf32>"
    source = (f"func.func @weights(%q: {q}, %k: {k}, %v: {v}) -> {o} attributes {{llvm.emit_c_interface}} {{\n"
              f"%o = sextant.attention query(%q : {q}) key(%k : {k}) value(%v : {v}) scale 1.0 : {o}\nreturn %o : {o}\n}}\n")
    x = inputs()
    keys = numpy.zeros((len(x), 1, 2, 1), numpy.float32)
    keys[:, 0, 1, 0] = x
    values = numpy.broadcast_to(numpy.eye(2, dtype=numpy.float32), (len(x), 1, 2, 2)).copy()
    with tempfile.TemporaryDirectory() as folder:
        library = native.build(source, [f"--{p}" for p in arguments.passes], folder, "weights", arguments.processor)
        got = native.call(library, "weights", [numpy.ones((len(x), 1, 1, 1), numpy.float32), keys, values], [(4, "f32")])[0]
    got = got[:, 0, 0, 1].astype(float) / got[:, 0, 0, 0].astype(float)
    want = numpy.exp(x.astype(float))
    none = x <= -126.5 * numpy.log(2.0)
    # At half a power either side is right.
    edge = abs(x + 126.5 * numpy.log(2.0)) < 1e-4
    wrong = numpy.count_nonzero(got[none & ~edge])
    seen = ~none & ~edge
    error = abs(got[seen] / want[seen] - 1)
    share = error / (OWN + GROWING * abs(x[seen]) + ROUNDINGS)
    exponents = len(set(numpy.floor(numpy.log2(want[seen]))))
    print(f"{len(x)} arguments, results of {exponents} exponents, largest relative error {error[x[seen] > -1].max():.3g} above -1, "
          f"{error.max():.3g} in all, {share.max():.3f} of what is allowed; {wrong} powers that are not 0")
    # Not so much less that the contract could say a smaller number.
    sys.exit(not (0.5 < share.max() <= 1 and wrong == 0 and exponents == 128))


if __name__ == "__main__":
    main()
