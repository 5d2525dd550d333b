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
# Bases that models use, and the extremes between which they lie.
BASES = (1e4, 5e5, 1e6, 1e7, 500.0, 10.0, 2.5e9)
# Faster than anything that can be told apart: angles beyond 2^31.
FAST = [2000.0, 1e4, -65536.0, 1e6]


def function(name, rows, size, schedule):
    kind = f"tensor<1x1x{rows}x{size}xf32>"
    return (f"func.func @{name}(%x: {kind}, %p: tensor<1x{rows}xi64>) -> {kind} attributes {{llvm.emit_c_interface}} {{\n"
            f"%init = tensor.empty() : {kind}\n%r = sextant.rotate ins(%x : {kind}) outs(%init : {kind}) "
            f"at(%p : tensor<1x{rows}xi64>) by {schedule} pairs halves\nreturn %r : {kind}\n}}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    arguments = parser.parse_args()
    random = numpy.random.default_rng(21)
    # Four planes everywhere, of two bases; 128 planes here and there, of all.
    ladders = [(f"#sextant.geometric<base = {base:e}>", lambda size, base=base: geometric(base, size)) for base in BASES]
    runs = [(f"all_{n}", numpy.arange(LAST), 8, *ladder) for n, ladder in enumerate(ladders[:2])]
    runs += [(f"some_{n}", numpy.append(random.integers(0, LAST, 4093), LAST - 1), 256, *ladder)
             for n, ladder in enumerate(ladders)]
    runs.append(("fast", runs[-1][1], 8, f"#sextant.explicit<{FAST}>", lambda size: numpy.array(FAST)))
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        library = native.build("".join(function(name, len(p), size, text) for name, p, size, text, _ in runs),
                               [f"--{p}" for p in arguments.passes], folder, "positions", "x86-64-v3")
        for name, positions, size, text, frequencies in runs:
            x = numpy.zeros((1, 1, len(positions), size), numpy.float32)
            x[..., :size // 2] = 1
            got = native.call(library, name, [x, positions[None].astype(numpy.int64)], [(4, "f32")])[0][0, 0]
            angle = positions[:, None].astype(numpy.float64) * frequencies(size)
            for part, want in ((got[:, :size // 2], numpy.cos(angle)), (got[:, size // 2:], numpy.sin(angle))):
                allowed = numpy.maximum(numpy.spacing(abs(want).astype(numpy.float32)).astype(float), 2.0 ** -25)
                excess = (abs(part - want) / allowed).max()
                print(f"{name}, {text}: {want.size} values, largest error {abs(part - want).max():.3e}, {excess:.3f} of what is allowed")
                failures += not excess <= 1
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
