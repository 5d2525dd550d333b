"""Every way to know a position, in one run of all rows and in a chunk of the last
three behind a past of five: the chunk's rows are the run's.
"""

import argparse
import re
import sys
import tempfile

import numpy

import cases
import native
import position_terms
from cases import Case

ROWS, CHUNK = 8, 3


def adapted(case, rows, past):
    """The case's region and operands for `rows` queries behind `past` keys."""
    tensors = {}
    for name, what in case.types.items():
        if name in case.queries + case.keys + ["v", "sink"]:
            continue
        shape, element, values = what
        roles = case.auxiliary.get(name, ((), 0))[0]
        full = [{"query": ROWS, "key": ROWS}.get(role, size) if size != 1 else size
                for role, size in zip(roles, shape)] if roles else list(shape)
        generator = numpy.random.default_rng(len(name) + sum(full))
        if values is None or tuple(full) != tuple(shape):
            values = generator.integers(0, 3, full) if element.startswith("i") and element != "i1" else generator.standard_normal(full)
            if element == "i1":
                values = values > -0.5
        values = numpy.asarray(values).reshape(full)
        if "query" in roles and rows != ROWS and full[roles.index("query")] == ROWS:
            values = numpy.take(values, range(past, past + rows), axis=roles.index("query"))
        tensors[name] = (values.shape, element, values)
    heads = case.rows[1]
    return Case(f"{case.name}_{rows}", heads=heads, key_heads=[heads], batch=case.rows[0], rows=rows, keys=ROWS,
                scale=case.scale, origin=(0, 0, past, 0), tensors=tensors, auxiliary=case.auxiliary,
                captured=case.captured, region=case.region, uniform=case.uniform, sink=case.sink,
                log_sum_exp=case.log_sum_exp)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--processor", default="")
    arguments = parser.parse_args()
    methods = [case for case in cases.ALL + position_terms.ALL
               if case.region and case.element == "f32" and not re.search("of_each_entry|lengths|keys_moved", case.name)
               and set(case.layout.values()) == {"bhsd"}]
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        whole = [adapted(case, ROWS, 0) for case in methods]
        chunks = [adapted(case, CHUNK, ROWS - CHUNK) for case in methods]
        library = native.build("\n".join(case.function() for case in whole + chunks),
                               [f"--{p}" for p in arguments.passes], folder, "append", arguments.processor)
        for full, chunk in zip(whole, chunks):
            data = full.data()
            part = {name: array for name, (array, _) in chunk.data().items()}
            for name in full.queries + full.keys + ["v", "sink"]:
                if name in data:
                    part[name] = data[name][0]
            for name in full.queries:
                part[name] = data[name][0][:, :, ROWS - CHUNK:].copy()

            def call(case, values):
                results = [(4, "f32")] + ([(3, "f32")] if case.log_sum_exp else [])
                operands = [int(values[n]) if values[n].ndim == 0 else values[n] for n in case.parameters]
                return native.call(library, case.name, operands, results)
            run = call(full, {name: array for name, (array, _) in data.items()})
            appended = call(chunk, part)
            for a, b in zip(run, appended):
                error = numpy.abs(numpy.where(a[:, :, ROWS - CHUNK:] == b, 0, a[:, :, ROWS - CHUNK:] - b)).max()
                if not error <= 2e-6:
                    failures.append(f"{full.name}: expects the run's last {CHUNK} rows, but got {error:.2e}")
    print("\n".join(failures))
    print(f"{len(methods)} methods, {len(failures)} failures")
    sys.exit(bool(failures) or len(methods) < 30)


if __name__ == "__main__":
    main()
