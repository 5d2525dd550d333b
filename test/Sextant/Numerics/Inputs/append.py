"""Every way to know a position, in one run of all rows and in a chunk of the last
three behind a past of five: the chunk's rows are the run's.
"""

import argparse
import re
import tempfile

import numpy

import families
import methods
import native
import shipped
import verdict
from cases import Case

ROWS, CHUNK = 8, 3
# One of each kind that the fast path knows: a term by distance, buckets, products and values by distance, networks, labels.
SHIPPED = ("^(alibi_then_causal|buckets_backwards|keys_and_values_by_distance|keys_by_label|fire)_8$|"
           "^(shaw_keys_and_values|huang_method_3|transformer_xl|mla_absorbed)$")


def adapted(case, rows, past):
    """The case's region and operands for `rows` queries behind `past` keys."""
    made = dict(case.made_of)
    tensors = {}
    for name, (shape, element, values) in (made["tensors"] or {}).items():
        roles = (case.roles_of(name) or [()])[0]
        full = [{"query": ROWS, "key": ROWS}.get(role, size) if size != 1 else size
                for role, size in zip(roles, shape)] if roles else list(shape)
        generator = numpy.random.default_rng(len(name) + sum(full))
        if values is None or tuple(full) != tuple(shape):
            values = generator.integers(0, 3, full) if element[0] == "i" and element != "i1" else generator.standard_normal(full)
            if element == "i1":
                values = values > -0.5
        values = numpy.asarray(values).reshape(full)
        if "query" in roles and rows != ROWS and full[roles.index("query")] == ROWS:
            values = numpy.take(values, range(past, past + rows), axis=roles.index("query"))
        tensors[name] = (values.shape, element, values)
    return Case(**made | {"name": f"{case.name}_{rows}", "rows": rows, "keys": ROWS, "origin": (0, 0, past, 0),
                          "tensors": tensors, "dynamic": False})


def appended(program, chunk):
    """The products of a method are of the chunk's queries alone."""
    data = program.data()
    part = {name: (array[:, :, ROWS - CHUNK:] if chunk.types[name] != program.types[name] else array).copy()
            for name, (array, _) in data.items()}
    chunk.name += "_chunk"
    return {name: array for name, (array, _) in data.items()}, part


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--processor", default="")
    parser.add_argument("--shipped", action="store_true", help="by the compiler and the runtime, some of each kind")
    arguments = parser.parse_args()
    chosen = [case for case in families.every()
              if (case.region or case.relative or case.modulate or case.labels) and case.element == "f32"
              and not re.search("of_each_entry|keys_moved", case.name) and set(case.layout.values()) == {"bhsd"}]
    # The whole run, the chunk, and the arguments of each.
    pairs = []
    for case in chosen:
        whole, chunk = adapted(case, ROWS, 0), adapted(case, CHUNK, ROWS - CHUNK)
        data = {name: array for name, (array, _) in whole.data().items()}
        part = {name: array for name, (array, _) in chunk.data().items()}
        part |= {name: data[name] for name in whole.queries + whole.keys + ["v", "sink"] if name in data}
        part |= {name: data[name][:, :, ROWS - CHUNK:].copy() for name in whole.queries}
        pairs.append((whole, chunk, data, part))
    for whole, chunk in zip(methods.programs(ROWS, ROWS), methods.programs(CHUNK, ROWS)):
        pairs.append((whole, chunk, *appended(whole, chunk)))
    if arguments.shipped:
        pairs = [pair for pair in pairs if re.search(SHIPPED, pair[0].name)]
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        source = "\n".join(one.function() for pair in pairs for one in pair[:2])
        if arguments.shipped:
            library = shipped.Functions(source, folder, "append", "cpu")
        else:
            library = native.build(source, [f"--{p}" for p in arguments.passes], folder, "append", arguments.processor)
        for whole, chunk, data, part in pairs:
            def call(case, values):
                results = [(4, "f32")] + ([(3, "f32")] if case.log_sum_exp else [])
                operands = [int(values[n]) if values[n].ndim == 0 else values[n] for n in case.parameters]
                return native.call(library, case.name, operands, results)
            for a, b in zip(call(whole, data), call(chunk, part)):
                a = a[:, :, ROWS - CHUNK:]
                error = numpy.abs(numpy.where(a == b, 0, a - b)).max()
                if not error <= 2e-6 or numpy.isnan(a).any():
                    failures.append(f"{whole.name}: expects the run's last {CHUNK} rows, but got {error:.2e}")
    verdict.finish(failures, f"{len(pairs)} methods", fewest=9 if arguments.shipped else 60)


if __name__ == "__main__":
    main()
