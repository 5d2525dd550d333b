"""Frequencies as compiled code has them, where a schedule builds them at run time: the
angle of one step in f64, to 1e-12 relative for every plane."""

import argparse
import tempfile

import numpy

import native
import verdict
from rotations import geometric
from fused_rotations import resonant, yarn

FACTORS = numpy.array([1.0, 1.5, 30.25, 20.0, 64.8])
LONG = "#sextant.longrope<base = 1.0e4, factors = [1.0, 1.5, 30.25, 20.0, 64.8]>"
SHORT = "#sextant.linear<base = 1.0e4, factor = 2.0>"
YARN = "#sextant.yarn<base = 1.0e4, factor = 8.0, trained = 4096>"


def dynamic(count, base, factor, trained, length):
    growth = factor * max(length, trained) / trained - (factor - 1)
    return geometric(base * growth ** (count / (count - 2)), count)


def cases():
    for count, base, factor, trained, lengths in ((128, 1e4, 2.0, 4096, (1, 4096, 4097, 8192, 16384, 2 ** 21)),
                                                  (22, 5e5, 8.0, 2048, (2049, 99999)), (4, 1e4, 1.0, 16, (1000,)),
                                                  (96, 1e6, 3.3, 1000, (1001, 131071))):
        for length in lengths:
            text = f"#sextant.dynamic<base = {base:e}, factor = {factor}, trained = {trained}>"
            want = dynamic(count, base, factor, trained, length)
            yield text, count, want, length
            if count == 128:
                yield f"#sextant.resonance<of = {text}>", count, resonant(want), length
                yield f"#sextant.xpos<of = {text}, span = 1.0e300>", count, want, length
    for length in (4096, 4097):
        yield (f"#sextant.by_length<short = {SHORT}, long = {LONG}, trained = 4096>", 10,
               geometric(1e4, 10) / (FACTORS if length > 4096 else 2), length)
        yield (f"#sextant.resonance<of = #sextant.by_length<short = {SHORT}, long = {YARN}, trained = 4096>>", 64,
               resonant(yarn(64, 1e4, 8, 4096) if length > 4096 else geometric(1e4, 64) / 2), length)
    # What needs no length, by the same path.
    yield "#sextant.geometric<base = 5.0e5>", 128, geometric(5e5, 128), None
    yield YARN, 128, yarn(128, 1e4, 8, 4096), None
    yield LONG, 10, geometric(1e4, 10) / FACTORS, None
    yield f"#sextant.resonance<of = {YARN}>", 128, resonant(yarn(128, 1e4, 8, 4096)), None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    arguments = parser.parse_args()
    module, chosen = "", list(cases())
    for number, (schedule, count, _, length) in enumerate(chosen):
        kind = f"tensor<1x1x1x{count}xf64>"
        more, clause = ("", "") if length is None else (", %n: index", " length(%n : index)")
        module += (f"func.func @f{number}(%x: {kind}, %p: tensor<1x1xi64>{more}) -> {kind}"
                   f" attributes {{llvm.emit_c_interface}} {{\n%e = tensor.empty() : {kind}\n"
                   f"%r = sextant.rotate ins(%x : {kind}) outs(%e : {kind}) at(%p : tensor<1x1xi64>) by {schedule}{clause}"
                   f" pairs halves\nreturn %r : {kind}\n}}\n")
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        library = native.build(module, [f"--{p}" for p in arguments.passes], folder, "frequencies")
        for number, (schedule, count, want, length) in enumerate(chosen):
            x = numpy.repeat([1.0, 0.0], count // 2).reshape(1, 1, 1, count)
            values = [x, numpy.array([[1]])] + ([] if length is None else [length])
            cosine, sine = native.call(library, f"f{number}", values, [(4, "f64")])[0].reshape(2, -1)
            error = (abs(numpy.arctan2(sine, cosine) - want) / want).max()
            if not error <= 1e-12:
                failures.append(f"{schedule} at length {length}: expects frequencies within 1e-12, but got {error:.2e}")
    verdict.finish(failures, f"{len(chosen)} schedules")


if __name__ == "__main__":
    main()
