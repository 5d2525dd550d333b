"""Runs a layer whose temporaries share the workspace, with bytes behind it that nothing may write.

    workspace-bounds.py SEXTANT_COMPILE SCRATCH
"""

import ctypes
import pathlib
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "examples" / "python"))
from sextant_model import Model  # noqa: E402

GUARD, MARK = 1 << 20, 0xA5
WIDTH, RESULTS, SCALE = 24, 17, 0.3


class GuardedTable:
    """A model's table that asks for more workspace than is needed and tells `run` of what is."""

    def __init__(self, table):
        self._table = table

    def __getattr__(self, name):
        return getattr(self._table, name)

    def workspace_size(self, *arguments):
        status = self._table.workspace_size(*arguments)
        size = arguments[4]._obj
        size.value += GUARD
        return status

    def run(self, *arguments):
        arguments = list(arguments)
        arguments[6] -= GUARD
        behind = arguments[5].value + arguments[6]
        ctypes.memset(behind, MARK, GUARD)
        status = self._table.run(*arguments)
        if ctypes.string_at(behind, GUARD) != bytes([MARK]) * GUARD:
            sys.exit("expects nothing behind the workspace to be written")
        return status


def constant(name, values):
    kind = f"tensor<{'x'.join(map(str, values.shape))}xf32>"
    return f'  %{name} = arith.constant dense<"0x{values.astype("<f4").tobytes().hex()}"> : {kind}\n'


def module(heads, size, weights):
    inner = heads * size
    flat, split, out = f"tensor<?x{inner}xf32>", f"tensor<1x?x{heads}x{size}xf32>", f"tensor<?x{RESULTS}xf32>"

    def product(name, source, kind, weight, result, empty):
        return (f"  %{name} = linalg.matmul ins(%{source}, %{weight} : {kind}, tensor<{weights[weight].shape[0]}x"
                f"{weights[weight].shape[1]}xf32>) outs(%{empty} : {result}) -> {result}\n")

    x = f"tensor<?x{WIDTH}xf32>"
    text = (f'func.func @main(%x: {x} {{sextant.name = "x", sextant.dims = ["s", "{WIDTH}"]}})\n'
            f'    -> ({out} {{sextant.name = "y", sextant.dims = ["s", "{RESULTS}"]}}) {{\n'
            f"  %c0 = arith.constant 0 : index\n  %zero = arith.constant 0.0 : f32\n"
            f"  %s = tensor.dim %x, %c0 : {x}\n")
    text += "".join(constant(name, values) for name, values in weights.items())
    for empty, kind in (("e", flat), ("r", out)):
        text += (f"  %{empty} = tensor.empty(%s) : {kind}\n"
                 f"  %{empty}0 = linalg.fill ins(%zero : f32) outs(%{empty} : {kind}) -> {kind}\n")
    for name in "qkv":
        text += product(name, "x", x, f"w{name}", flat, "e0")
        text += (f"  %{name}h = tensor.expand_shape %{name} [[0, 1], [2, 3]] output_shape [1, %s, {heads}, {size}] "
                 f": {flat} into {split}\n")
    return text + (
        f"  %oh = sextant.attention query(%qh : {split}) key(%kh : {split}) value(%vh : {split})\n"
        f"      layout query bshd key bshd value bshd result bshd scale {SCALE} : {split}\n"
        f"  %o = tensor.collapse_shape %oh [[0, 1], [2, 3]] : {split} into {flat}\n"
        f"  %a = linalg.add ins(%o, %q : {flat}, {flat}) outs(%e : {flat}) -> {flat}\n"
        f"  %p = linalg.softmax dimension(1) ins(%a : {flat}) outs(%e : {flat}) -> {flat}\n"
        + product("y", "p", flat, "wo", out, "r0") + f"  return %y : {out}\n}}\n")


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def formula(x, heads, size, weights):
    w = {name: values.astype(np.float64) for name, values in weights.items()}
    q, k, v = (x.astype(np.float64) @ w[f"w{name}"] for name in "qkv")
    each = [rows.reshape(len(x), heads, size).transpose(1, 0, 2) for rows in (q, k, v)]
    o = softmax(SCALE * each[0] @ each[1].transpose(0, 2, 1)) @ each[2]
    return softmax(o.transpose(1, 0, 2).reshape(len(x), -1) + q) @ w["wo"]


def main():
    compiler, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
    generator, runs = np.random.default_rng(3), 0
    # A head a task, and few heads, which all threads pack together.
    for heads, size in ((9, 8), (2, 32)):
        inner = heads * size
        weights = {name: generator.standard_normal(shape).astype(np.float32) / shape[0] ** 0.5
                   for name, shape in (("wq", (WIDTH, inner)), ("wk", (WIDTH, inner)), ("wv", (WIDTH, inner)),
                                       ("wo", (inner, RESULTS)))}
        path = scratch / f"layer-{heads}"
        path.with_suffix(".mlir").write_text(module(heads, size, weights))
        subprocess.run([compiler, path.with_suffix(".mlir"), "-o", path.with_suffix(".so")], check=True)
        model = Model(path.with_suffix(".so"))
        model._table = GuardedTable(model._table)
        for rows in (1, 5, 67, 301, 1031):
            x = generator.standard_normal((rows, WIDTH)).astype(np.float32)
            want = formula(x, heads, size, weights)
            for threads in range(1, 5):
                got = model.run({"x": x}, threads)["y"]
                error = np.abs(got - want).max()
                if not error <= 1e-5:
                    sys.exit(f"{heads} heads, {rows} rows, {threads} threads: expects 1e-5, but got {error}")
                runs += 1
    print(f"{runs} runs in their workspace")


if __name__ == "__main__":
    main()
