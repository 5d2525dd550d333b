"""Reads the frequencies of each schedule out of IR, and compares with NumPy.

The formulas are transcribed from the papers; each returns one frequency a plane.
"""

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

SCHEDULES = [
    ("#sextant.ntk<base = 1.0e4, factor = 4.0>", 64, ntk(64, 1e4, 4)),
    ("#sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096>", 128, yarn(128, 1e4, 32, 4096)),
    ("#sextant.yarn<base = 1.5e5, factor = 32.0, trained = 4096, truncate = false>", 64,
     yarn(64, 150000, 32, 4096, truncate=False)),
    ("#sextant.yarn<base = 1.0e4, factor = 3.954, trained = 65, fast = 2.0>", 64,
     yarn(64, 1e4, 3.954, 65, fast=2)),
    ("#sextant.llama3<base = 5.0e5, factor = 8.0, low = 1.0, high = 4.0, trained = 8192>", 128,
     llama3(128, 5e5, 8, 1, 4, 8192)),
    ("#sextant.llama3<base = 5.0e5, factor = 16.0, low = 1.0, high = 1.0, trained = 8192>", 128,
     llama3(128, 5e5, 16, 1, 1, 8192)),
    ("#sextant.proportional<base = 1.0e6, share = 0.25, factor = 8.0>", 72, proportional(72, 1e6, .25, 8)),
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


def main():
    module = ""
    for number, (schedule, count, _) in enumerate(SCHEDULES):
        kind = f"tensor<1x1x1x{count}xf32>"
        module += (f"func.func @s{number}(%x: {kind}) -> {kind} {{\n"
                   f"  %r = sextant.rotate ins(%x : {kind}) outs(%x : {kind}) by {schedule} pairs halves\n"
                   f"  return %r : {kind}\n}}\n")
    text = subprocess.run(["sextant-opt", "--sextant-tabulate-rotation", "-"], input=module, text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    functions = text.split("func.func")[1:]
    failures = len(functions) != len(SCHEDULES)
    for (schedule, count, want), function in zip(SCHEDULES, functions):
        (values,) = re.findall(r"dense<(\[[^>]*\]|\"0x\w*\")> : tensor<\d+xf64>", function)
        # Long tables are printed as their bytes.
        got = (numpy.frombuffer(bytes.fromhex(values[3:-1])) if values.startswith('"')
               else numpy.array([float(value) for value in values[1:-1].split(",")]))
        if got.shape != want.shape or not (numpy.abs(got - want) <= 1e-12 * want).all():
            print(f"{schedule} of {count} dimensions: expects {want}, but got {got}")
            failures += 1
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
