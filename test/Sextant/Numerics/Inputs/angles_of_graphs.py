"""Angles that graphs spell in f32, on both targets, against float64 NumPy.

A position and a frequency meet in each way that exporters have: as a product,
by a matrix product, by an einsum; in a rotation, and in the sines and cosines
that older models add to their inputs, which nothing raises.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy

# f32 numbers that are no powers of one base: they are kept as they are.
LIST = numpy.array([1.0, 0.3, 0.0625, 0.011, 7e-5], dtype=numpy.float32)
PLANES = len(LIST)
# Powers of one base, which both targets compute with though a graph has them in
# f32: these are off by 2e-2 at the last position.
POWERS = 10000.0 ** (-numpy.arange(PLANES) / PLANES)
POSITIONS = numpy.array([[0, 1, 4095, 131071, 2 ** 21 - 1, 2 ** 21 - 3],
                         [2 ** 21 - 2, 7, 2 ** 20 + 1, 1999993, 65537, 3]])
# Beyond what a raised rotation takes: other graphs are not checked, and right as far as a turn is known.
FAR = numpy.array([[3 * 2 ** 31 // 2, 3 * 2 ** 31 // 2 + 1, -(2 ** 32) - 7, 2 ** 33 + 12345, 2 ** 40 + 1, 0],
                   [2 ** 45 - 3, -(2 ** 49) + 5, 2 ** 52 + 1, 2 ** 53 - 1, 2 ** 31, 11]])
# Half an ulp of a cosine, and what polynomials in double are off by.
ALLOWED = 2.0 ** -25 + 1e-10


# How angles are made of positions [B, S] and frequencies: the shape of the list,
# and nodes as (result, op, operands, attributes).
ANGLES = {
    "product": ((PLANES,), [("p", "Cast", "at", "to = 1 : i64"), ("p1", "Unsqueeze", "p minus", ""),
                            ("a", "Mul", "p1 f", "")]),
    "matmul": ((1, PLANES, 1), [("p", "Cast", "at", "to = 1 : i64"), ("p1", "Unsqueeze", "p one", ""),
                                ("a0", "MatMul", "f p1", ""), ("a", "Transpose", "a0", "perm = array<i64: 0, 2, 1>")]),
    "einsum": ((PLANES,), [("p", "Cast", "at", "to = 1 : i64"), ("a", "Einsum", "p f", 'equation = "bs,d->bsd"')]),
}
# What becomes of them; x is [B, 3, S, D], ones before zeros or all zeros, so that
# the result is the cosines before the sines.
USES = {
    "rotated": [("aa", "Concat", "a a", "axis = -1 : i64"), ("c3", "Cos", "aa", ""), ("s3", "Sin", "aa", ""),
                ("c", "Unsqueeze", "c3 one", ""), ("s", "Unsqueeze", "s3 one", ""),
                ("x1", "Slice", "x zero half axis", ""), ("x2", "Slice", "x half whole axis", ""),
                ("n", "Neg", "x2", ""), ("r", "Concat", "n x1", "axis = -1 : i64"),
                ("xc", "Mul", "x c", ""), ("rs", "Mul", "r s", ""), ("z", "Add", "xc rs", "")],
    "added": [("c", "Cos", "a", ""), ("s", "Sin", "a", ""), ("cs3", "Concat", "c s", "axis = -1 : i64"),
              ("cs", "Unsqueeze", "cs3 one", ""), ("z", "Add", "x cs", "")],
}
INTEGERS = {"minus": -1, "zero": 0, "one": 1, "half": PLANES, "whole": 2 * PLANES, "axis": 3}


def write(frequencies, angles, use, batch, rows):
    shape, nodes = ANGLES[angles]
    x = f"tensor<{batch}x3x{rows}x{2 * PLANES}xf32>"
    types = {"x": x, "at": f"tensor<{batch}x{rows}xi64>", "f": f"tensor<{'x'.join(map(str, shape))}xf32>"}
    values = ", ".join(repr(float(value)) for value in frequencies)
    if shape == (PLANES,):
        values = f"[{values}]"
    else:
        values = "[[" + ", ".join(f"[{float(value)!r}]" for value in frequencies) + "]]"
    lines = [f"  %f = arith.constant dense<{values}> : {types['f']}"]
    for name, value in INTEGERS.items():
        types[name] = "tensor<1xi64>"
        lines.append(f"  %{name} = arith.constant dense<{value}> : tensor<1xi64>")
    for result, op, operands, attributes in nodes + USES[use]:
        types[result] = "tensor<*xf32>"
        names = operands.split()
        attributes = f" with {{{attributes}}}" if attributes else ""
        lines.append(f'  %{result} = sextant_onnx.node "{op}"({", ".join("%" + name for name in names)}) '
                     f"version 20{attributes} : ({', '.join(types[name] for name in names)}) -> tensor<*xf32>")
    dims = f'["{batch}", "3", "{rows}", "{2 * PLANES}"]'
    return (f'func.func @main(%x: {x} {{sextant.name = "x", sextant.dims = {dims}}},\n'
            f'    %at: {types["at"]} {{sextant.name = "at", sextant.dims = ["{batch}", "{rows}"]}})\n'
            f'    -> (tensor<*xf32> {{sextant.name = "y", sextant.dims = {dims}}}) {{\n'
            + "\n".join(lines) + "\n  return %z : tensor<*xf32>\n}\n").replace('"?"', '"n"')


def check(folder, frequencies, angles, use, sizes, target, positions=POSITIONS):
    batch, rows = positions.shape
    model = folder / "model.mlir"
    model.write_text(write(frequencies.astype(numpy.float32), angles, use, *(("?", "?") if sizes == "dynamic" else (batch, rows)))
                     .replace('["n", "3", "n"', '["b", "3", "s"').replace('["n", "n"]', '["b", "s"]'))
    x = numpy.zeros((batch, 3, rows, 2 * PLANES), dtype=numpy.float32)
    if use == "rotated":
        x[..., :PLANES] = 1
    numpy.save(folder / "x.npy", x)
    numpy.save(folder / "at.npy", positions)
    subprocess.run(["sextant-run", model, folder / "x.npy", folder / "at.npy", f"--target={target}",
                    f"--output={folder / 'y.npz'}"], check=True, stdout=subprocess.DEVNULL)
    got = numpy.load(folder / "y.npz")["y"].astype(numpy.float64)
    angle = positions[:, None, :, None] * frequencies.astype(numpy.float64)
    want = numpy.concatenate([numpy.cos(angle), numpy.sin(angle)], axis=-1)
    return numpy.abs(got - want).max()


def main():
    worst = 0.0
    cases = [("list", LIST, sizes) for sizes in ("static", "dynamic")] + [("powers", POWERS, "dynamic")]
    with tempfile.TemporaryDirectory() as name:
        for kind, frequencies, sizes in cases:
            for angles in ANGLES:
                for use in USES:
                    for target in ("cpu", "reference"):
                        error = check(pathlib.Path(name), frequencies, angles, use, sizes, target)
                        worst = numpy.maximum(worst, error)
                        if not error <= ALLOWED:
                            print(f"{kind}, {angles}, {use}, {sizes}, {target}: expects an error of at most "
                                  f"{ALLOWED:.2e}, but got {error:.2e}")
        for angles in ANGLES:
            for target in ("cpu", "reference"):
                error = check(pathlib.Path(name), LIST, angles, "added", "dynamic", target, FAR)
                worst = numpy.maximum(worst, error)
                if not error <= ALLOWED:
                    print(f"far, {angles}, {target}: expects an error of at most {ALLOWED:.2e}, but got {error:.2e}")
    print(f"largest error {worst:.2e}")
    return int(not worst <= ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
