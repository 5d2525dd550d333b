"""Reads the frequencies of each schedule out of IR, and compares with NumPy.

The formulas are transcribed from the papers; each returns one frequency a plane.
"""

import math
import re
import subprocess
import sys

import numpy


def geometric(count, base):
    return base ** (-2.0 * numpy.arange(count // 2) / count)


def ntk(count, base, factor):
    return geometric(count, base * factor ** (count / (count - 2)))


def yarn(count, base, factor, trained, fast=32, slow=1, truncate=True):
    """The YaRN paper's wavelengths, and the code's rounding of its bounds."""
    theta = geometric(count, base)

    def plane(turns):
        return count * numpy.log(trained / (turns * 2 * numpy.pi)) / (2 * numpy.log(base))
    low, high = plane(fast), plane(slow)
    if truncate:
        low, high = numpy.floor(low), numpy.ceil(high)
    low, high = max(low, 0), min(high, count - 1)
    ramp = numpy.clip((numpy.arange(count // 2) - low) / ((high - low) or 0.001), 0, 1)
    return theta / factor * ramp + theta * (1 - ramp)


def llama3(count, base, factor, low, high, trained):
    result = []
    for theta in geometric(count, base):
        wave = 2 * numpy.pi / theta
        if wave < trained / high:
            result.append(theta)
        elif wave > trained / low:
            result.append(theta / factor)
        else:
            s = (trained / wave - low) / (high - low)
            result.append((1 - s) * theta / factor + s * theta)
    return numpy.array(result)


def proportional(count, base, share, factor):
    theta = geometric(count, base) / factor
    theta[int(share * count // 2):] = 0
    return theta


def resonance(theta):
    return 2 * numpy.pi / numpy.round(2 * numpy.pi / theta)


FACTORS = [1.0, 1.5, 30.25, 20.0]

BOTH = f"{8192 / (2 * math.pi):.17e}"

SCHEDULES = [
    ("#sextant.ntk<base = 1.0e4, factor = 4.0>", 64, ntk(64, 1e4, 4)),
    ("#sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096>", 128, yarn(128, 1e4, 32, 4096)),
    ("#sextant.yarn<base = 1.5e5, factor = 32.0, trained = 4096, truncate = false>", 64,
     yarn(64, 150000, 32, 4096, truncate=False)),
    ("#sextant.yarn<base = 1.0e4, factor = 3.954, trained = 65, fast = 2.0>", 64,
     yarn(64, 1e4, 3.954, 65, fast=2)),
    # The upper bound lies behind the last plane, and is cut at one less than the dimensions; both bounds are one.
    ("#sextant.yarn<base = 1.0e4, factor = 4.0, trained = 131072>", 128, yarn(128, 1e4, 4, 131072)),
    ("#sextant.yarn<base = 10.0, factor = 8.0, trained = 100000>", 8, yarn(8, 10, 8, 100000)),
    ("#sextant.yarn<base = 1.0e4, factor = 8.0, trained = 4096, fast = 3.0, slow = 3.0, truncate = false>", 64,
     yarn(64, 1e4, 8, 4096, fast=3, slow=3, truncate=False)),
    # Both bounds are the first plane, which is not interpolated: it lies on no ramp of no length.
    ("#sextant.yarn<base = 1.0e4, factor = 8.0, trained = 5>", 8, geometric(8, 1e4) / [1, 8, 8, 8]),
    ("#sextant.llama3<base = 5.0e5, factor = 8.0, low = 1.0, high = 4.0, trained = 8192>", 128,
     llama3(128, 5e5, 8, 1, 4, 8192)),
    ("#sextant.llama3<base = 5.0e5, factor = 16.0, low = 1.0, high = 1.0, trained = 8192>", 128,
     llama3(128, 5e5, 16, 1, 1, 8192)),
    # The first plane turns exactly as often as the bound that both are.
    (f"#sextant.llama3<base = 1.0e4, factor = 16.0, low = {BOTH}, high = {BOTH}, trained = 8192>", 8,
     geometric(8, 1e4) / 16),
    ("#sextant.proportional<base = 1.0e6, share = 0.25, factor = 8.0>", 72, proportional(72, 1e6, .25, 8)),
    # A share of 7.5 planes is 7.
    ("#sextant.proportional<base = 1.0e4, share = 0.3>", 50, proportional(50, 1e4, .3, 1)),
    ("#sextant.longrope<base = 1.0e4, factors = [1.0, 1.5, 30.25, 20.0]>", 8, geometric(8, 1e4) / FACTORS),
    ("#sextant.resonance<of = #sextant.geometric<base = 1.0e4>>", 256, resonance(geometric(256, 1e4))),
    ("#sextant.resonance<of = #sextant.yarn<base = 1.0e4, factor = 8.0, trained = 4096>>", 128,
     resonance(yarn(128, 1e4, 8, 4096))),
    ("#sextant.geometric<base = 1.0e4>", 128, geometric(128, 1e4)),
    ("#sextant.geometric<base = 5.0e5>", 64, geometric(64, 5e5)),
    ("#sextant.geometric<base = 1.0e6>", 96, geometric(96, 1e6)),
    ("#sextant.geometric<base = 1.0e4>", 18, geometric(18, 1e4)),
    ("#sextant.linear<base = 1.0e4, factor = 8.0>", 80, geometric(80, 1e4) / 8),
    ("#sextant.linear<base = 5.0e5, factor = 3.3>", 128, geometric(128, 5e5) / 3.3),
    ("#sextant.explicit<[1.0, 0.10000000149011612, 0.01, 0.0]>", 8,
     numpy.array([1.0, numpy.float32(0.1), 0.01, 0.0])),
]


# Published numbers: of the schedule, the planes that tell mistakes apart.
GOLDEN = [
    ("#sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096>", 128,
     {20: .0562341325, 21: .0468823302, 33: .00446512854, 45: 1.05499774e-4, 46: 4.16725448e-5}),
    ("#sextant.yarn<base = 1.5e5, factor = 32.0, trained = 4096, truncate = false>", 64,
     {8: .0508132748, 9: .0317056962, 12: .00679495949, 17: 1.29318701e-4, 18: 3.83088124e-5}),
    ("#sextant.yarn<base = 1.5e5, factor = 32.0, trained = 4096>", 64,
     {9: .0316207523, 12: .00701571391, 17: 2.27947796e-4}),
    ("#sextant.yarn<base = 1.0e4, factor = 40.0, trained = 4096>", 64,
     {11: .0390069266, 16: .0055, 22: 1.77827941e-4, 23: 3.33380358e-5}),
    ("#sextant.llama3<base = 5.0e5, factor = 8.0, low = 1.0, high = 4.0, trained = 8192>", 128,
     {28: .00321144599, 29: .00216657076, 32: 5.24846161e-4, 34: 1.78507813e-4, 35: 9.55621235e-5}),
    ("#sextant.resonance<of = #sextant.geometric<base = 1.0e4>>", 64,
     # Nine planes come round within 64 positions, not 17.
     {t: 2 * numpy.pi / wave for t, wave in enumerate(
         [6, 8, 11, 15, 20, 26, 35, 47, 63, 84, 112, 149, 199, 265])} | {29: 2 * numpy.pi / 26496, 31: 2 * numpy.pi / 47117}),
]
# Wavelengths of 64, 128 and 256 dimensions: how many are below a length, how many are distinct, and after
# how many positions those below the length repeat together.
WAVES = [(64, 64, 9, 32, None), (128, 4096, 46, 64, 7057974406910048702415100928873416964126012399455200),
         (256, 64, None, 125, None)]
RESONANT = "#sextant.resonance<of = #sextant.geometric<base = 1.0e4>>"


def check_golden(values):
    """How many published numbers are missed by more than their last digit."""
    failures = 0
    for (schedule, _, planes), got in zip(GOLDEN, values):
        for plane, want in planes.items():
            if abs(got[plane] - want) > 5e-9 * want:
                print(f"{schedule}: expects {want} in plane {plane}, but got {got[plane]}")
                failures += 1
    return failures


def check_waves(values):
    """Facts about the wavelengths that were read, not about those of NumPy."""
    failures = 0
    for (count, length, below, distinct, together), got in zip(WAVES, values):
        turns = 2 * math.pi / got
        waves = [round(turn) for turn in turns]
        short = [wave for wave in waves if wave < length]
        found = (below and len(short), len(set(waves)), together and math.lcm(*short))
        if abs(turns - waves).max() > 1e-9 * max(waves) or found != (below, distinct, together):
            print(f"{RESONANT} of {count} dimensions: expects {(below, distinct, together)}, but got {found} of {turns}")
            failures += 1
    return failures


def main():
    module = ""
    written = SCHEDULES + GOLDEN + [(RESONANT, count, {}) for count, *_ in WAVES]
    for number, (schedule, count, _) in enumerate(written):
        kind = f"tensor<1x1x1x{count}xf32>"
        module += (f"func.func @s{number}(%x: {kind}) -> {kind} {{\n"
                   f"  %r = sextant.rotate ins(%x : {kind}) outs(%x : {kind}) by {schedule} pairs halves\n"
                   f"  return %r : {kind}\n}}\n")
    text = subprocess.run(["sextant-opt", "--sextant-tabulate-rotation", "-"], input=module, text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    functions = text.split("func.func")[1:]
    failures = len(functions) != len(written)
    read = []
    for (schedule, count, want), function in zip(written, functions):
        (values,) = re.findall(r"dense<(\[[^>]*\]|\"0x\w*\")> : tensor<\d+xf64>", function)
        # Long tables are printed as their bytes.
        got = (numpy.frombuffer(bytes.fromhex(values[3:-1])) if values.startswith('"')
               else numpy.array([float(value) for value in values[1:-1].split(",")]))
        read.append(got)
        if isinstance(want, dict):
            continue
        if got.shape != want.shape or not (numpy.abs(got - want) <= 1e-12 * want).all():
            print(f"{schedule} of {count} dimensions: expects {want}, but got {got}")
            failures += 1
    failures += check_golden(read[len(SCHEDULES):])
    failures += check_waves(read[len(SCHEDULES + GOLDEN):])
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
