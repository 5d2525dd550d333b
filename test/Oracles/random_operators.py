"""random_operators.py SEXTANT-RUN [--seed N] [--count N] [--target T]

Operators with random attributes and symbolic sizes against numpy, on several
sets of sizes each, 0 and 1 among them. Every model has a seed of its own that
is printed if it fails: --seed N --count 1 makes it again.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZES = [0, 1, 2, 3, 5]


class Case:
    """One node. Inputs are functions of sizes, so that they can be made anew."""

    def __init__(self, rng):
        self.rng = rng
        self.inputs, self.constants, self.attributes = {}, {}, {}
        self.op, self.expect = None, None

    def dims(self, rank, least=0):
        """Names of sizes, or sizes that are fixed."""
        return [self.rng.choice(["a", "b", "c"]) if self.rng.random() < 0.6
                else int(self.rng.integers(max(least, 1), 5)) for _ in range(rank)]

    def input(self, dims, kind="float32", values=None):
        name = f"x{len(self.inputs)}"
        self.inputs[name] = (dims, np.dtype(kind), values)
        return name

    def constant(self, value, kind="int64"):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value, kind)
        return name

    def axis(self, rank):
        return int(self.rng.integers(-rank, rank))

    def node(self, op, names, expect, outputs=1, **attributes):
        self.op, self.names, self.expect, self.outputs = op, names, expect, outputs
        self.attributes = attributes


def shape_of(dims, sizes):
    return [sizes.get(d, d) for d in dims]


def make_values(rng, dims, kind, values, sizes):
    shape = shape_of(dims, sizes)
    if values is not None:
        return np.asarray(values(shape, sizes), kind).reshape(shape)
    if kind == np.bool_:
        return rng.integers(0, 2, shape).astype(kind)
    if kind.kind == "f":
        return (rng.integers(-40, 41, shape) / 8).astype(kind)
    return rng.integers(0 if kind.kind == "u" else -9, 10, shape).astype(kind)


def broadcastable(case, dims):
    """Other dimensions that broadcast with the given."""
    other = [1 if case.rng.random() < 0.3 else d for d in dims]
    return other[int(case.rng.integers(0, len(dims) + 1)):]


def elementwise(case):
    dims = case.dims(int(case.rng.integers(0, 4)))
    name, kind, function = case.rng.choice(np.array([
        ("Add", "float32", np.add), ("Sub", "int64", np.subtract), ("Mul", "int32", np.multiply),
        ("Div", "float32", np.divide), ("Max", "float32", np.maximum), ("Min", "int64", np.minimum),
        ("Add", "uint8", np.add), ("Sub", "uint16", np.subtract), ("Greater", "uint32", np.greater),
        ("Less", "float32", np.less), ("Equal", "int64", np.equal), ("And", "bool", np.logical_and),
        ("Or", "bool", np.logical_or), ("Max", "uint64", np.maximum)], dtype=object))
    x, y = case.input(dims, kind), case.input(broadcastable(case, dims), kind)
    case.node(name, [x, y], function)


def division(case):
    dims = case.dims(int(case.rng.integers(0, 3)))
    kind = case.rng.choice(["int32", "int64", "int8", "uint8"])
    nonzero = lambda shape, _: np.where(case.rng.random(shape) < 0.5, 3, 7 if kind[0] == "u" else -4)
    x, y = case.input(dims, kind), case.input(broadcastable(case, dims), kind, nonzero)
    if case.rng.random() < 0.5:
        case.node("Div", [x, y], lambda x, y: np.trunc(x / y).astype(x.dtype))
    else:
        case.node("Mod", [x, y], np.mod)


def unary(case):
    name, function = case.rng.choice(np.array([
        ("Neg", np.negative), ("Abs", np.abs), ("Exp", np.exp), ("Tanh", np.tanh), ("Sin", np.sin),
        ("Floor", np.floor), ("Round", np.round), ("Sign", np.sign), ("Relu", lambda x: np.maximum(x, 0)),
        ("Sigmoid", lambda x: 1 / (1 + np.exp(-x)))], dtype=object))
    case.node(name, [case.input(case.dims(int(case.rng.integers(0, 4))))], function)


def where(case):
    dims = case.dims(2)
    names = [case.input(broadcastable(case, dims), "bool"), case.input(dims), case.input(broadcastable(case, dims))]
    case.node("Where", names, np.where)


def reduction(case):
    rank = int(case.rng.integers(1, 4))
    axes = sorted(case.rng.choice(rank, int(case.rng.integers(1, rank + 1)), replace=False).tolist())
    keep = bool(case.rng.integers(0, 2))
    name, function = case.rng.choice(np.array([
        ("ReduceSum", np.sum), ("ReduceProd", np.prod), ("ReduceL1", lambda x, **k: np.sum(np.abs(x), **k)),
        ("ReduceSumSquare", lambda x, **k: np.sum(x * x, **k)),
        ("ReduceLogSumExp", lambda x, **k: np.log(np.sum(np.exp(x), **k)))], dtype=object))
    case.node(name, [case.input(case.dims(rank)), case.constant(axes)],
              lambda x, _: function(x, axis=tuple(axes), keepdims=keep), keepdims=int(keep))


def softmax(case):
    rank = int(case.rng.integers(1, 4))
    axis = case.axis(rank)

    def expect(x):
        if not x.size:
            return x
        power = np.exp(x - x.max(axis, keepdims=True))
        return power / power.sum(axis, keepdims=True)
    case.node("Softmax", [case.input(case.dims(rank))], expect, axis=axis)


def log_softmax(case):
    softmax(case)
    plain = case.expect
    case.op, case.expect = "LogSoftmax", lambda x: np.log(plain(x))


def transpose(case):
    rank = int(case.rng.integers(1, 5))
    order = case.rng.permutation(rank).tolist()
    case.node("Transpose", [case.input(case.dims(rank))], lambda x: x.transpose(order), perm=order)


def reshape(case):
    dims = case.dims(3)
    if case.rng.random() < 0.5:  # The first stays, the others become one.
        case.node("Reshape", [case.input(dims), case.constant([0, -1])],
                  lambda x, _: x.reshape(x.shape[0], x.shape[1] * x.shape[2]))
    else:  # The target is data.
        target = lambda _, sizes: np.array(shape_of(dims, sizes))[[0]].tolist() + [
            int(np.prod(shape_of(dims, sizes)[1:]))]
        case.node("Reshape", [case.input(dims), case.input([2], "int64", target)],
                  lambda x, shape: x.reshape(shape), allowzero=1)


def concat(case):
    rank = int(case.rng.integers(1, 4))
    axis, dims = case.axis(rank), case.dims(rank)
    names = []
    for _ in range(int(case.rng.integers(1, 4))):
        own = list(dims)
        own[axis] = case.dims(1)[0]
        names.append(case.input(own))
    case.node("Concat", names, lambda *xs: np.concatenate(xs, axis), axis=axis)


def split(case):
    case_axis = int(case.rng.integers(0, 2))
    dims = case.dims(2)
    dims[case_axis] = 7
    sizes = [0, 3, 4] if case.rng.random() < 0.5 else [2, 5]
    case.node("Split", [case.input(dims), case.constant(sizes)],
              lambda x, _: np.split(x, np.cumsum(sizes)[:-1], case_axis), outputs=len(sizes), axis=case_axis)


def slicing(case):
    dims = case.dims(2)
    axis, step = int(case.rng.integers(0, 2)), int(case.rng.choice([1, 1, 2, 3]))
    bounds = [int(case.rng.integers(-6, 7)), int(case.rng.choice([-7, -3, -1, 0, 1, 2, 4, 6, 2**62]))]

    def expect(x, *_):
        at = [slice(None)] * 2
        at[axis] = slice(bounds[0], bounds[1], step)
        return x[tuple(at)]
    if case.rng.random() < 0.5:
        ends = [case.constant([b]) for b in bounds]
    else:
        ends = [case.input([1], "int64", lambda *_, b=b: [b]) for b in bounds]
    case.node("Slice", [case.input(dims)] + ends + [case.constant([axis]), case.constant([step])], expect)


def reverse(case):
    dims = case.dims(2)
    axis = int(case.rng.integers(0, 2))
    case.node("Slice", [case.input(dims), case.constant([-1]), case.constant([-2**31]), case.constant([axis]),
                        case.constant([-1])], lambda x, *_: np.flip(x, axis))


def indices_below(case, dim):
    def values(shape, sizes):
        size = sizes.get(dim, dim)
        return case.rng.integers(-size, size, shape) if size else np.zeros(shape)
    return values


def gather(case):
    rank = int(case.rng.integers(1, 4))
    dims, axis = case.dims(rank), case.axis(rank)
    dims[axis] = 4
    indices = case.input(case.dims(int(case.rng.integers(0, 3))), "int64", indices_below(case, 4))
    case.node("Gather", [case.input(dims, case.rng.choice(["float32", "uint8"])), indices],
              lambda x, at: np.take(x, at, axis), axis=axis)


def gather_elements(case):
    dims, axis = case.dims(2), int(case.rng.integers(0, 2))
    dims[axis] = 4
    own = list(dims)
    own[axis] = "d"
    indices = case.input(own, "int64", indices_below(case, 4))
    case.node("GatherElements", [case.input(dims), indices], lambda x, at: np.take_along_axis(x, at, axis), axis=axis)


def scatter_nd(case):
    dims = [4] + case.dims(1)
    indices = case.input(["d", 1], "int64", indices_below(case, 4))
    updates = case.input(["d", dims[1]])

    def expect(x, at, new):
        x = x.copy()
        np.add.at(x, at[:, 0], new)
        return x
    case.node("ScatterND", [case.input(dims), indices, updates], expect, reduction="add")


def expand(case):
    dims = case.dims(2)
    source = [1 if case.rng.random() < 0.5 else d for d in dims]
    target = case.input([3], "int64", lambda _, sizes: [2] + [
        5 if s == 1 else sizes.get(s, s) for s in source])
    if "a" in source or "b" in source or "c" in source:
        target = case.constant([2, 1, 1])
    case.node("Expand", [case.input(source), target], lambda x, shape: x * np.ones(shape, x.dtype))


def tile(case):
    repeats = case.rng.integers(0, 4, 2).tolist()
    case.node("Tile", [case.input(case.dims(2)), case.constant(repeats)], lambda x, _: np.tile(x, repeats))


def pad(case):
    pads = case.rng.integers(0, 3, 4).tolist()
    case.node("Pad", [case.input(case.dims(2)), case.constant(pads), case.constant(7.5, "float32")],
              lambda x, *_: np.pad(x, [(pads[0], pads[2]), (pads[1], pads[3])], constant_values=7.5))


def cumsum(case):
    axis, reverse_, exclusive = case.axis(2), int(case.rng.integers(0, 2)), int(case.rng.integers(0, 2))

    def expect(x, _):
        y = np.flip(x, axis) if reverse_ else x
        z = np.cumsum(y, axis) - (y if exclusive else 0)
        return np.flip(z, axis) if reverse_ else z
    case.node("CumSum", [case.input(case.dims(2)), case.constant(axis)], expect, reverse=reverse_, exclusive=exclusive)


def top_k(case):
    dims, largest = case.dims(1) + [5], int(case.rng.integers(0, 2))

    def expect(x, _):
        order = np.argsort(-x if largest else x, -1, kind="stable")[:, :3]
        return [np.take_along_axis(x, order, -1), order]
    case.node("TopK", [case.input(dims), case.constant([3])], expect, outputs=2, largest=largest)


def matmul(case):
    batch = case.dims(int(case.rng.integers(0, 3)))
    m, k, n = case.dims(3)
    x, y = case.input(batch + [m, k]), case.input(broadcastable(case, batch) + [k, n])
    case.node("MatMul", [x, y], np.matmul)


def einsum(case):
    b, i, j, d = case.dims(4)
    equation = case.rng.choice(["bid,bjd->bij", "bij,bjd->bid", "bid,bid->bi", "bid,bjd->ijb"])
    rest = {"b": b, "i": i, "j": j, "d": d}
    left, right = equation.split("->")[0].split(",")
    names = [case.input([rest[c] for c in left]), case.input([rest[c] for c in right])]
    case.node("Einsum", names, lambda x, y: np.einsum(equation, x, y), equation=str(equation))


def trilu(case):
    k, upper = int(case.rng.integers(-4, 5)), int(case.rng.integers(0, 2))
    case.node("Trilu", [case.input(case.dims(3)), case.constant(k)],
              lambda x, _: np.triu(x, k) if upper else np.tril(x, k), upper=upper)


def cast(case):
    source, target = case.rng.choice(["float32", "int64", "uint8", "bool", "float64", "float16"], 2)
    to = helper.np_dtype_to_tensor_dtype(np.dtype(target))
    small = lambda shape, _: case.rng.integers(0, 2 if source == "bool" else 99, shape)
    case.node("Cast", [case.input(case.dims(2), source, small)], lambda x: x.astype(target), to=to)


def arg_max(case):
    keep = int(case.rng.integers(0, 2))
    case.node("ArgMax", [case.input(case.dims(1) + [5], "int32")],
              lambda x: np.argmax(x, -1, keepdims=bool(keep)), axis=-1, keepdims=keep)


GENERATORS = [elementwise, elementwise, division, unary, where, reduction, softmax, log_softmax, transpose, reshape, concat,
              split, slicing, slicing, reverse, gather, gather_elements, scatter_nd, expand, tile, pad, cumsum, top_k,
              matmul, einsum, trilu, cast, arg_max]


def save(array, name, path):
    path.write_bytes(numpy_helper.from_array(np.array(array), name).SerializeToString())


def check(runner, seed, target, folder):
    rng = np.random.default_rng(seed)
    case = Case(rng)
    GENERATORS[int(rng.integers(0, len(GENERATORS)))](case)
    outputs = [f"y{i}" for i in range(case.outputs)]
    sets = []
    for index in range(4):
        sizes = {name: int(rng.choice(SIZES)) for name in "abcd"}
        arrays = {n: make_values(rng, d, k, v, sizes) for n, (d, k, v) in case.inputs.items()}
        with np.errstate(all="ignore"):
            results = case.expect(*[arrays.get(n, case.constants.get(n)) for n in case.names])
        results = list(results) if case.outputs > 1 else [results]
        place = folder / str(index)
        place.mkdir()
        for position, (name, array) in enumerate(arrays.items()):
            save(array, name, place / f"input_{position}.pb")
        for position, result in enumerate(results):
            save(np.asarray(result), outputs[position], place / f"output_{position}.pb")
        sets.append(f"--data-set={place}")
        kinds = [np.asarray(r).dtype for r in results]
    info = lambda n, k, d: helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.dtype(k)), d)
    graph = helper.make_graph(
        [helper.make_node(case.op, case.names, outputs, name="it", **case.attributes)], "g",
        [info(n, k, d) for n, (d, k, _) in case.inputs.items()], [info(o, k, None) for o, k in zip(outputs, kinds)],
        [numpy_helper.from_array(a, n) for n, a in case.constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    run = subprocess.run([runner, folder / "model.onnx", f"--target={target}", *sets], capture_output=True, text=True)
    if run.returncode == 0:
        return True
    print(f"seed {seed}: {case.op} {case.attributes} of {[list(map(str, d)) for d, _, _ in case.inputs.values()]} "
          f"with {[c.tolist() for c in case.constants.values()]}: status {run.returncode}")
    print("  " + (run.stdout + run.stderr).strip().replace("\n", "\n  "))
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[2])
    parser.add_argument("runner")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--target", default="reference")
    options = parser.parse_args()
    failures = 0
    for seed in range(options.seed, options.seed + options.count):
        with tempfile.TemporaryDirectory() as folder:
            failures += not check(options.runner, seed, options.target, pathlib.Path(folder))
    print(f"{options.count - failures} of {options.count} as numpy has it, seeds from {options.seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
