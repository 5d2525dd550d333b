"""Cosines and sines at every position below 2^21, for some planes, and at random
positions for all others, as the fast path computes them: within one ulp of f32
or 2^-25 of the double result."""

import argparse
import sys
import tempfile

import numpy

import native
from rotations import geometric

LAST = 2 ** 21


def function(name, rows, size):
    kind = f"tensor<1x1x{rows}x{size}xf32>"
    return (f"func.func @{name}(%x: {kind}, %p: tensor<1x{rows}xi64>) -> {kind} attributes {{llvm.emit_c_interface}} {{\n"
            f"%init = tensor.empty() : {kind}\n%r = sextant.rotate ins(%x : {kind}) outs(%init : {kind}) "
            f"at(%p : tensor<1x{rows}xi64>) by #sextant.geometric<base = 1.0e4> pairs halves\nreturn %r : {kind}\n}}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    arguments = parser.parse_args()
    random = numpy.random.default_rng(21)
    # Four planes everywhere; 128 planes here and there.
    runs = [("all", numpy.arange(LAST), 8), ("some", numpy.append(random.integers(0, LAST, 4093), LAST - 1), 256)]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        library = native.build("".join(function(name, len(p), size) for name, p, size in runs),
                               [f"--{p}" for p in arguments.passes], folder, "positions", "x86-64-v3")
        for name, positions, size in runs:
            x = numpy.zeros((1, 1, len(positions), size), numpy.float32)
            x[..., :size // 2] = 1
            got = native.call(library, name, [x, positions[None].astype(numpy.int64)], [(4, "f32")])[0][0, 0]
            angle = positions[:, None].astype(numpy.float64) * geometric(1e4, size)
            for part, want in ((got[:, :size // 2], numpy.cos(angle)), (got[:, size // 2:], numpy.sin(angle))):
                allowed = numpy.maximum(numpy.spacing(abs(want).astype(numpy.float32)).astype(float), 2.0 ** -25)
                excess = (abs(part - want) / allowed).max()
                print(f"{name}: {want.size} values, largest error {abs(part - want).max():.3e}, {excess:.3f} of what is allowed")
                failures += not excess <= 1
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
