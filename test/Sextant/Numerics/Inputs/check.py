"""Runs every case through the given passes and compares with float64."""

import argparse
import re
import tempfile

import numpy

import cases
import families
import formulas
import methods
import native
import resized
import sharp_cases
import shipped
import verdict

# Of the largest value of V: half an ulp of the result, and what the sums of the
# accumulator's type cost.
TOLERANCE = {"f64": 1e-13, "f32": 3e-6, "f16": 6e-4, "bf16": 5e-3}


def expected(case, data):
    """What the formulas say, over sequences one by one where they lie end to end."""
    def read(name):
        array, element = data[name]
        return native.load(array, element)
    if not any(case.lengths):
        return dense(case, read)
    batch = len(case.lengths[0] or case.lengths[1]) - 1
    result = numpy.zeros(case.result)
    log_sum_exp = numpy.full(case.rows, -numpy.inf)
    for b in range(batch):
        rows = [slice(known[b], known[b + 1]) if known else slice(None) for known in case.lengths]

        def own(name):
            array = read(name)
            if name in case.queries + case.keys + ["v"]:
                side = rows[0] if name in case.queries else rows[1]
                operand = {"q": "query", "k": "key", "v": "value"}[name[0]]
                return array[side][None] if case.layout[operand] == "thd" else array[b:b + 1]
            roles = case.roles_of(name)
            if roles:
                cut = {"batch": slice(b, b + 1), "query": rows[0], "key": rows[1]}
                return array[tuple(cut.get(role, slice(None)) if array.shape[n] != 1 else slice(None)
                                   for n, role in enumerate(roles[0]))]
            return array[b:b + 1] if name in case.origin and array.ndim else array
        part, rest = dense(case, own, first=b)
        if case.layout["result"] == "thd":
            result[rows[0]], log_sum_exp[:, rows[0]] = part[0], rest[0]
        else:
            result[b], log_sum_exp[b] = part[0], rest[0]
    return result, log_sum_exp


def dense(case, read, first=0):
    layout = {name: "bshd" if known == "thd" else known for name, known in case.layout.items()}
    queries = [formulas.heads_first(read(n), layout["query"]) for n in case.queries]
    keys = [formulas.heads_first(read(n), layout["key"]) for n in case.keys]
    value = formulas.heads_first(read("v"), layout["value"])
    sizes = queries[0].shape[:3] + (value.shape[2],)
    origin = [read(entry) if isinstance(entry, str) else entry for entry in case.origin]
    origin = [int(entry) if numpy.ndim(entry) == 0 else entry for entry in origin]
    positions = formulas.grid([origin[0] + first, *origin[1:]], *sizes)
    labels = None
    if case.labels:
        labels = formulas.by_role(read(case.labels[0]), case.labels[1], 0, positions, sizes)

    def look_up(name):
        roles, center, beyond = (*case.roles_of(name), "clamp")[:3]
        return formulas.by_role(read(name), roles, center, positions, sizes, beyond, labels)
    auxiliary = {name: look_up(name) for name in case.auxiliary}
    whole = {name: read(name) for name in case.captured}

    def score(products):
        products = case.score(products, *positions, **auxiliary, **whole)
        return numpy.broadcast_to(products, sizes)

    lowest = numpy.finfo(numpy.float64 if case.element == "f64" else numpy.float32).min
    result, log_sum_exp = formulas.attention(
        queries, keys, value, case.scale, score,
        read("sink") if case.sink else None, case.uniform, lowest,
        {pair: look_up(name) for pair, (name, *_) in case.modulate.items()},
        look_up(case.relative[0]) if case.relative else None)
    return formulas.heads_first(result, layout["result"]), log_sum_exp


# The bound of a fast path: so many times the error of the reference, and so much of the
# largest value of V; what is stored is rounded once more.
REFERENCE = ["--sextant-decompose", "--sextant-lower-terms"]
ULP = {"f16": 2.0 ** -10, "bf16": 2.0 ** -7}


def error_of(got, want):
    """The largest; infinite where one is a number and the other none, or another infinity."""
    same = (got == want) | (numpy.isnan(got) & numpy.isnan(want))
    finite = numpy.isfinite(got) & numpy.isfinite(want)
    with numpy.errstate(invalid="ignore"):
        return numpy.where(same, 0.0, numpy.where(finite, abs(got - want), numpy.inf)).max(initial=0)


def compare_bound(case, what, got, reference, want, element, largest):
    """The bound of docs/numerics.md."""
    if got.shape != want.shape:
        return f"{case.name}: expects {what} of shape {want.shape}, but got {got.shape}"
    finite = abs(want[numpy.isfinite(want)]).max(initial=0)
    allowed = 4 * error_of(reference, want) + 1e-6 * largest + ULP.get(element, 0) * finite
    if not error_of(got, want) <= allowed:
        return f"{case.name}: expects {what} within {allowed:.2e}, but got {error_of(got, want):.2e}"
    return None


def compare(case, what, got, want, element, largest, times=1):
    if got.shape != want.shape:
        return f"{case.name}: expects {what} of shape {want.shape}, but got {got.shape}"
    worst = error_of(got, want) / max(largest, 1.0)
    if not worst <= times * TOLERANCE[element]:
        return f"{case.name}: expects {what} within {times * TOLERANCE[element]}, but got {worst:.2e}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--value-tables", choices=["with", "without"])
    parser.add_argument("--keep", default="")
    parser.add_argument("--processor", default="")
    parser.add_argument("--bound", action="store_true", help="that of docs/numerics.md, and no fixed one")
    parser.add_argument("--shipped", action="store_true", help="by the compiler and the runtime, both targets, to that bound")
    parser.add_argument("--rows", type=int, help="as many queries, behind as many --keys as are left")
    parser.add_argument("--keys", type=int)
    arguments = parser.parse_args()
    everything = families.every() + methods.ALL
    # The sharp ones have tests of their own.
    if "sharp" in arguments.only:
        everything = sharp_cases.ALL + everything
    chosen = [c for c in everything if re.search(arguments.only, c.name)]
    if arguments.value_tables:
        chosen = [c for c in chosen if bool(c.relative) == (arguments.value_tables == "with")]
    if arguments.rows:
        chosen = [c for case in chosen if isinstance(case, cases.Case)
                  and (c := resized.resized(case, arguments.rows, arguments.keys))]
    module = "\n".join(case.function() for case in chosen)
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        passes = [p if p.startswith("--") else f"--{p}" for p in arguments.passes]
        if arguments.shipped:
            library, reference = shipped.build(module, folder, "cases").values()
            arguments.bound = True
        else:
            library = native.build(module, passes, arguments.keep or folder, "cases", arguments.processor)
        if arguments.bound and not arguments.shipped:
            reference = native.build(module, REFERENCE, folder, "reference")
        for case in chosen:
            data = case.data()
            results = [(len(case.result), case.element)]
            state = "f64" if case.element == "f64" else "f32"
            if case.log_sum_exp:
                results.append((len(case.rows), state))
            operands = [int(array) if array.ndim == 0 else array
                        for array, _ in (data[name] for name in case.parameters)]
            got = native.call(library, case.name, operands, results)
            plain = native.call(reference, case.name, operands, results) if arguments.bound else None
            known = isinstance(case, methods.Program)
            want = case.expected(data) if known else expected(case, data)
            largest = numpy.abs(want[0] if known else native.load(*data["v"])).max()
            if arguments.bound:
                for n, (what, element) in enumerate([("a result", case.element), ("a log-sum-exp", state)][:len(results)]):
                    failures.append(compare_bound(case, what, native.load(got[n], element), native.load(plain[n], element),
                                                  want[n], element, largest))
                if not arguments.shipped:
                    continue
                # A bound by the reference's error is worth what the reference is.
                got = plain
            # A score of a thousand is right to as many ulps of one.
            times = 4 if arguments.rows else 1
            failures.append(compare(case, "a result", native.load(got[0], case.element),
                                    want[0], case.element, largest, times))
            if case.log_sum_exp:
                finite = want[1][numpy.isfinite(want[1])]
                failures.append(compare(case, "a log-sum-exp", native.load(got[1], state),
                                        want[1], state, numpy.abs(finite).max(initial=1), times))
    failures = [f for f in failures if f]
    verdict.finish(failures, f"{len(chosen)} cases")


if __name__ == "__main__":
    main()
