"""Runs every case through the given passes and compares with float64."""

import argparse
import importlib
import pathlib
import re
import sys
import tempfile

import numpy

import cases
import formulas
import native
import sharp_cases

# Of the largest value of V: half an ulp of the result, and what the sums of the
# accumulator's type cost.
TOLERANCE = {"f64": 1e-13, "f32": 3e-6, "f16": 6e-4, "bf16": 5e-3}


def expected(case, data):
    def read(name):
        array, element = data[name]
        return native.load(array, element)
    queries = [formulas.heads_first(read(n), case.layout["query"]) for n in case.queries]
    keys = [formulas.heads_first(read(n), case.layout["key"]) for n in case.keys]
    value = formulas.heads_first(read("v"), case.layout["value"])
    sizes = queries[0].shape[:3] + (value.shape[2],)
    origin = [read(entry) if isinstance(entry, str) and data[entry][0].ndim
              else int(data[entry][0]) if isinstance(entry, str) else entry
              for entry in case.origin]
    positions = formulas.grid(origin, *sizes)
    auxiliary = {name: formulas.by_role(read(name), roles, center, positions, sizes)
                 for name, (roles, center) in case.auxiliary.items()}
    whole = {name: read(name) for name in case.captured}

    def score(products):
        products = case.score(products, *positions, **auxiliary, **whole)
        return numpy.broadcast_to(products, sizes)

    lowest = numpy.finfo(numpy.float64 if case.element == "f64" else numpy.float32).min
    result, log_sum_exp = formulas.attention(
        queries, keys, value, case.scale, score,
        read("sink") if case.sink else None, case.uniform, lowest)
    return formulas.heads_first(result, case.layout["result"]), log_sum_exp


def compare(case, what, got, want, element, largest):
    if got.shape != want.shape:
        return f"{case.name}: expects {what} of shape {want.shape}, but got {got.shape}"
    same = (got == want) | (numpy.isnan(got) & numpy.isnan(want))
    finite = numpy.isfinite(got) & numpy.isfinite(want)
    error = numpy.where(same, 0.0, numpy.where(finite, 0.0, numpy.inf))
    error[finite] = numpy.abs(got[finite] - want[finite])
    worst = error.max() / max(largest, 1.0)
    if not worst <= TOLERANCE[element]:
        return f"{case.name}: expects {what} within {TOLERANCE[element]}, but got {worst:.2e}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", default="")
    parser.add_argument("--processor", default="")
    arguments = parser.parse_args()
    # A family of terms is a file beside this one.
    everything = list(cases.ALL)
    for path in sorted(pathlib.Path(__file__).parent.glob("*_terms.py")):
        everything += importlib.import_module(path.stem).ALL
    # The sharp ones have tests of their own.
    if "sharp" in arguments.only:
        everything = sharp_cases.ALL
    chosen = [c for c in everything if re.search(arguments.only, c.name)]
    module = "\n".join(case.function() for case in chosen)
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        passes = [p if p.startswith("--") else f"--{p}" for p in arguments.passes]
        library = native.build(module, passes, arguments.keep or folder, "cases",
                               arguments.processor)
        for case in chosen:
            data = case.data()
            results = [(4, case.element)]
            state = "f64" if case.element == "f64" else "f32"
            if case.log_sum_exp:
                results.append((3, state))
            operands = [int(array) if array.ndim == 0 else array
                        for array, _ in (data[name] for name in case.parameters)]
            got = native.call(library, case.name, operands, results)
            want = expected(case, data)
            largest = numpy.abs(native.load(*data["v"])).max()
            failures.append(compare(case, "a result", native.load(got[0], case.element),
                                    want[0], case.element, largest))
            if case.log_sum_exp:
                finite = want[1][numpy.isfinite(want[1])]
                failures.append(compare(case, "a log-sum-exp", native.load(got[1], state),
                                        want[1], state, numpy.abs(finite).max(initial=1)))
    failures = [f for f in failures if f]
    print("\n".join(failures))
    print(f"{len(chosen)} cases, {len(failures)} failures")
    sys.exit(bool(failures) or not chosen)


if __name__ == "__main__":
    main()
