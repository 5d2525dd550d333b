"""Reads the frequencies of each schedule out of IR, and compares with NumPy.

The formulas are transcribed from the papers; each returns one frequency a plane.
"""

import re
import subprocess
import sys

import numpy


def geometric(count, base):
    return base ** (-2.0 * numpy.arange(count // 2) / count)


SCHEDULES = [
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
        (values,) = re.findall(r"dense<\[(.*?)\]> : tensor<\d+xf64>", function)
        got = numpy.array([float(value) for value in values.split(",")])
        if got.shape != want.shape or not (numpy.abs(got - want) <= 1e-12 * want).all():
            print(f"{schedule} of {count} dimensions: expects {want}, but got {got}")
            failures += 1
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
