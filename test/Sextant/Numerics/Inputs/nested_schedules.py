"""Every schedule that wraps another one, around every other one: what is inside keeps
its angles, start, magnitude, decay and choice by length, or is refused by name."""

import argparse
import subprocess
import tempfile

import numpy

import native
import verdict
from rotations import Case, geometric, rotate
from fused_rotations import yarn

PLANES, TRAINED, CENTER = 5, 64, 70
POSITIONS = numpy.array([[3, 64, 61, 200, 0], [99, 62, 63, 1, 130]])
AXES = numpy.stack([POSITIONS, POSITIONS[:, ::-1] + 7])
LENGTHS = numpy.array([64, 200])
LADDER = geometric(1e4, 2 * PLANES)
FACTORS = numpy.array([1.0, 1.5, 3.0, 2.0, 7.5])


class Schedule:
    """`frequency` maps positions [S, planes] and a length to frequencies; `magnitude`
    and `rate` map a length to a number and to one for each plane."""

    def __init__(self, text, frequency, magnitude=lambda n: 1.0, rate=lambda n: numpy.zeros(PLANES), length=False,
                 start=False, decays=False, axes=None):
        self.text, self.frequency, self.magnitude, self.rate = f"#sextant.{text}", frequency, magnitude, rate
        self.length, self.start, self.decays, self.axes = length, start, decays, axes


def grown(n):
    growth = 2.0 * max(n, TRAINED) / TRAINED - 1
    return geometric(1e4 * growth ** (2 * PLANES / (2 * PLANES - 2)), 2 * PLANES)


LEAVES = [
    Schedule("geometric<base = 1.0e4>", lambda p, n: LADDER),
    Schedule("linear<base = 1.0e4, factor = 8.0>", lambda p, n: LADDER / 8),
    Schedule("dynamic<base = 1.0e4, factor = 2.0, trained = 64>", lambda p, n: grown(n), length=True),
    Schedule("yarn<base = 1.0e4, factor = 8.0, trained = 64>", lambda p, n: yarn(2 * PLANES, 1e4, 8, TRAINED),
             lambda n: 0.1 * numpy.log(8) + 1),
    Schedule("longrope<base = 1.0e4, factors = [1.0, 1.5, 3.0, 2.0, 7.5], start = 62, magnitude = 1.19>",
             lambda p, n: numpy.where(p < 62, LADDER, LADDER / FACTORS), lambda n: 1.19, start=True),
    Schedule("explicit<[0.5, 0.1, 0.01, 0.0, -0.3], magnitude = 1.25>",
             lambda p, n: numpy.array([0.5, 0.1, 0.01, 0.0, -0.3]), lambda n: 1.25),
]
PLAIN = LEAVES[0]


def resonance(of):
    def whole(f):
        wave = numpy.maximum(numpy.round(2 * numpy.pi / numpy.abs(numpy.where(f == 0, 1, f))), 1)
        return numpy.where(f == 0, 0, numpy.copysign(2 * numpy.pi / wave, f))
    if of.axes is not None or "resonance" in of.text:
        return f"resonance<of = {of.text}>"
    return Schedule(f"resonance<of = {of.text}>", lambda p, n: whole(of.frequency(p, n)), of.magnitude, of.rate,
                    of.length, of.start, of.decays)


def xpos(of):
    text = f"xpos<of = {of.text}, span = 512.0, growing = true>"
    if of.axes is not None or of.decays:
        return text
    zeta = (2 * numpy.arange(PLANES) + 0.4 * 2 * PLANES) / (1.4 * 2 * PLANES)
    return Schedule(text, of.frequency, of.magnitude, lambda n: -numpy.log(zeta) / 512, of.length, of.start, True)


def by_length(short, long):
    text = f"by_length<short = {short.text}, long = {long.text}, trained = {TRAINED}>"
    if short.axes is not None or long.axes is not None:
        return text

    def chosen(n):
        return long if n > TRAINED else short
    return Schedule(text, lambda p, n: chosen(n).frequency(p, n), lambda n: chosen(n).magnitude(n),
                    lambda n: chosen(n).rate(n), True, short.start or long.start, short.decays or long.decays)


def sections(of):
    text = f"sections<of = {of.text}, planes = [2, 3]>"
    if of.axes is not None or of.length or of.start:
        return text
    return Schedule(text, of.frequency, of.magnitude, of.rate, decays=of.decays, axes=[0, 0, 1, 1, 1])


WRAPPERS = [resonance, xpos, lambda of: by_length(of, PLAIN), lambda of: by_length(PLAIN, of), sections]


def nested():
    """What is allowed, and with the schedule inside as text what is not."""
    allowed, refused, layer = [], [], LEAVES
    for _ in range(2):
        outer = [(of, wrap(of)) for of in layer for wrap in WRAPPERS]
        refused += [(of.text, f"#sextant.{made}") for of, made in outer if isinstance(made, str)]
        layer = [made for _, made in outer if not isinstance(made, str)]
        allowed += layer
        # Three deep around what differs most.
        layer = [made for made in layer if any(leaf in made.text for leaf in ("dynamic", "longrope"))]
    return allowed, refused


def want(schedule):
    def turned(x):
        result = numpy.empty_like(x)
        for b, n in enumerate(LENGTHS):
            p = (AXES[schedule.axes][:, b].T if schedule.axes is not None
                 else numpy.repeat(POSITIONS[b][:, None], PLANES, axis=1))
            size = schedule.magnitude(n) * numpy.exp(schedule.rate(n) * (p - (CENTER if schedule.decays else 0)))
            z = (x[b, ..., :PLANES] + 1j * x[b, ..., PLANES:]) * size * numpy.exp(1j * p * schedule.frequency(p, n))
            result[b] = numpy.concatenate([z.real, z.imag], axis=-1)
        return result
    return turned


def case(number, schedule):
    positions = AXES if schedule.axes is not None else POSITIONS
    kind = "tensor<" + "x".join(map(str, positions.shape)) + "xi64>"
    clauses, operands = f"at(%p : {kind}) by {schedule.text}", [("p", kind, positions)]
    if schedule.length:
        clauses += " length(%n : tensor<2xi64>)"
        operands.append(("n", "tensor<2xi64>", LENGTHS))
    if schedule.decays:
        clauses += " center %c"
        operands.append(("c", "index", CENTER))
    return Case(f"nested_{number}", rotate(clauses + " pairs halves"), want(schedule), x=(2, 3, 5, 2 * PLANES),
                element="f64", operands=operands)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    arguments = parser.parse_args()
    allowed, refused = nested()
    text = "\n// -----\n".join(f"func.func @f() attributes {{s = {made}}} {{ return }}" for _, made in refused)
    errors = subprocess.run(["sextant-opt", "-", "--split-input-file"], input=text, text=True, capture_output=True).stderr
    errors = [line for line in errors.splitlines() if "error: expects" in line]
    failures = []
    if len(errors) != len(refused):
        failures.append(f"expects {len(refused)} refusals, but got {len(errors)}")
    for (inside, made), error in zip(refused, errors):
        mnemonic = inside.split("<")[0]
        if f"but got {mnemonic}" not in error:
            failures.append(f"{made}: expects a refusal of {mnemonic}, but got {error}")
    with tempfile.TemporaryDirectory() as folder:
        cases = [case(number, schedule) for number, schedule in enumerate(allowed)]
        library = native.build("\n".join(each.function() for each in cases), [f"--{p}" for p in arguments.passes],
                               folder, "nested")
        for schedule, each in zip(allowed, cases):
            if failure := each.check(library, 1e-11):
                failures.append(f"{schedule.text}: {failure}")
    if len(refused) < 14:
        failures.append(f"expects 14 refused or more, but got {len(refused)}")
    verdict.finish(failures, f"{len(allowed)} nested schedules", 50)


if __name__ == "__main__":
    main()
