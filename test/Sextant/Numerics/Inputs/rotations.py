"""Rotations, appended caches and low-rank products against float64 NumPy.

Written from the formulas of the papers, not from the C++: each rotation is a
matrix of 2x2 blocks applied to each head vector.
"""

import argparse
import ctypes
import pathlib
import shutil
import tempfile
import zlib

import numpy

import native
import verdict

# Of the largest value: two products and a sum, and rounding to the type.
TOLERANCE = {"f64": 1e-14, "f32": 2.5e-7, "f16": 6e-4, "bf16": 5e-3}
# Cosines and sines themselves are as good as f32 can be; the published vectors
# have 12 digits; at position 2^21 an ulp of a frequency is 2e-10 of an angle;
# the sums of a product of two products, and of one with a wide middle.
SPECIAL = {"far_positions": 2.0 ** -25 + 3e-10, "golden_interleaved": 3e-12, "golden_halves": 3e-12,
           "stored_as_f64": 1e-9, "low_rank_f64": 1e-14, "low_rank_f32": 4e-7, "low_rank_bf16": 4e-3}


def geometric(base, count):
    return base ** (-numpy.arange(0, count, 2, dtype=numpy.float64) / count)


def turn(x, angles, pairs="halves", stored=None, first=0, count=None, magnitude=1.0):
    """x: [B, H, S, D]; angles: [B, S, planes]."""
    count = x.shape[-1] - first if count is None else count
    planes = count // 2

    def index(order, which, plane):
        return first + (2 * plane + which if order == "interleaved" else plane + which * planes)
    result = x.copy()
    for plane in range(planes):
        a = x[..., index(pairs, 0, plane)]
        b = x[..., index(pairs, 1, plane)]
        c = magnitude * numpy.cos(angles[..., plane])[:, None]
        s = magnitude * numpy.sin(angles[..., plane])[:, None]
        result[..., index(stored or pairs, 0, plane)] = a * c - b * s
        result[..., index(stored or pairs, 1, plane)] = b * c + a * s
    return result


class Case:
    def __init__(self, name, text, want, x=(2, 3, 5, 10), element="f32", layout="bhsd",
                 operands=(), result=None, values=None):
        """`operands`: (name, type, array or int). `want` maps x [B, H, S, D] in
        float64 to the result."""
        self.name, self.text, self.want, self.element, self.layout = name, text, want, element, layout
        shape = x if layout == "bhsd" else (x[0], x[2], x[1], x[3])
        random = numpy.random.default_rng(zlib.crc32(name.encode()))
        self.x = native.store(random.standard_normal(shape) if values is None else
                              numpy.asarray(values, dtype=numpy.float64).reshape(shape), element)
        self.operands = operands
        dims = "x".join(str(n) for n in shape)
        self.type = f"tensor<{dims}x{element}>"
        self.result = result or self.type

    def function(self):
        parameters = "".join(f", %{name}: {kind}" for name, kind, _ in self.operands)
        return (f"func.func @{self.name}(%x: {self.type}{parameters}) -> {self.result} "
                "attributes {llvm.emit_c_interface} {\n"
                f"{self.text.replace('$X', self.type).replace('$R', self.result)}\n"
                f"return %r : {self.result}\n}}\n")

    def check(self, library, allowed=None):
        arguments = [self.x.copy()] + [value for _, _, value in self.operands]
        got = native.load(native.call(library, self.name, arguments, [(4, self.element)])[0], self.element)
        x = native.load(self.x, self.element)
        heads_first = (lambda a: a) if self.layout == "bhsd" else (lambda a: a.transpose(0, 2, 1, 3))
        want = heads_first(self.want(heads_first(x)))
        if got.shape != want.shape:
            return f"{self.name}: expects shape {want.shape}, but got {got.shape}"
        worst = numpy.abs(got - want).max() / max(numpy.abs(want).max(), 1.0)
        allowed = allowed or SPECIAL.get(self.name, TOLERANCE[self.element])
        if not worst <= allowed:
            return f"{self.name}: expects an error of {allowed:.2e}, but got {worst:.2e}"
        return None


def rotate(clauses):
    return ("%init = tensor.empty() : $R\n"
            f"%r = sextant.rotate ins(%x : $X) outs(%init : $R) {clauses}")


random = numpy.random.default_rng(5)
ROWS = numpy.arange(5)[None, :, None]
POSITIONS = numpy.array([[7, 3, 0, 4095, 131071], [1, 1, 2, 2097151, 5]], dtype=numpy.int64)
STARTS = numpy.array([11, 400], dtype=numpy.int32)
DIVISORS = numpy.array([1.0, 1.5, 2.25, 7.0, 64.8], dtype=numpy.float32)
TABLE = random.uniform(-1, 1, (2, 17, 5)).astype(numpy.float32)
ROWTABLE = random.uniform(-1, 1, (2, 1, 5, 2)).astype(numpy.float32)
FAR = numpy.concatenate([numpy.arange(0, 2 ** 21, 2039), [2 ** 21 - 1]])[None].astype(numpy.int64)
GEOMETRIC = "by #sextant.geometric<base = 1.0e4>"
F10 = geometric(1e4, 10)
LONG = numpy.array([0.5, 0.1, 0.01, 0.0, 0.3])
AXES = random.integers(0, 70000, (3, 2, 5))


def by_table(x, cosine, sine, count):
    """The complex form: (a + i b) (cos + i sin), halves."""
    half = count // 2
    z = (x[..., :half] + 1j * x[..., half:count]) * (cosine + 1j * sine)[:, None]
    return numpy.concatenate([z.real, z.imag, x[..., count:]], axis=-1)


ROTATIONS = [
    Case("positions_interleaved", rotate(f"at(%p : tensor<2x5xi64>) {GEOMETRIC} pairs interleaved"),
         lambda x: turn(x, POSITIONS[..., None] * F10, "interleaved"),
         operands=[("p", "tensor<2x5xi64>", POSITIONS)]),
    Case("shared_positions_of_i32",
         rotate(f"at(%p : tensor<1x5xi32>) {GEOMETRIC} pairs halves layout bshd"),
         lambda x: turn(x, POSITIONS[:1, :, None] * F10), layout="bshd",
         operands=[("p", "tensor<1x5xi32>", POSITIONS[:1].astype(numpy.int32))]),
    Case("counted_from_a_past", rotate(f"from %past {GEOMETRIC} pairs halves"),
         lambda x: turn(x, (ROWS + 1000003) * F10), operands=[("past", "index", 1000003)]),
    Case("ragged_starts", rotate(f"from %past starts(%s : tensor<2xi32>) {GEOMETRIC} pairs halves"),
         lambda x: turn(x, (ROWS + 2 + STARTS[:, None, None]) * F10),
         operands=[("past", "index", 2), ("s", "tensor<2xi32>", STARTS)]),
    Case("partial_in_the_middle", rotate("by #sextant.linear<base = 5.0e5, factor = 8.0>"
                                         " pairs interleaved first 3 count 6"),
         lambda x: turn(x, ROWS * geometric(5e5, 6) / 8, "interleaved", first=3, count=6)),
    Case("interleaved_to_halves", rotate(f"{GEOMETRIC} pairs interleaved to halves first 2 count 6"),
         lambda x: turn(x, ROWS * geometric(1e4, 6), "interleaved", "halves", 2, 6)),
    Case("run_time_divisors", rotate(f"{GEOMETRIC} over(%d : tensor<5xf32>) pairs halves"),
         lambda x: turn(x, ROWS * F10 / DIVISORS.astype(numpy.float64)),
         operands=[("d", "tensor<5xf32>", DIVISORS)]),
    Case("listed_with_a_magnitude",
         rotate("by #sextant.explicit<[1.0, 0.1, 0.01, 0.0, 0.3], magnitude = 1.25> pairs halves"),
         lambda x: turn(x, ROWS * numpy.array([1.0, 0.1, 0.01, 0.0, 0.3]), magnitude=1.25)),
    Case("the_difference_of_schedules",
         rotate("at(%p : tensor<2x5xi64>) by #sextant.explicit<[1.0, 0.5, 0.1, 0.2, 0.7], magnitude = 1.5>"
                " minus #sextant.explicit<[0.5, 0.25, 0.1, 0.1, 0.3], magnitude = 1.25> pairs halves"),
         lambda x: turn(x, POSITIONS[..., None] * numpy.array([0.5, 0.25, 0.0, 0.1, 0.4]),
                        magnitude=1.2), operands=[("p", "tensor<2x5xi64>", POSITIONS)], element="f64"),
    Case("inverse", rotate(f"from %past {GEOMETRIC} pairs halves inverse"),
         lambda x: turn(x, -(ROWS + 4095) * F10), operands=[("past", "index", 4095)]),
    Case("tables_by_row", rotate("with(%c, %s : tensor<1x5x2xf32>, tensor<1x5x2xf32>) pairs halves count 4"),
         lambda x: by_table(x, *ROWTABLE.astype(numpy.float64), 4),
         operands=[("c", "tensor<1x5x2xf32>", ROWTABLE[0]), ("s", "tensor<1x5x2xf32>", ROWTABLE[1])]),
    Case("tables_by_position",
         rotate("from %past with(%c, %s : tensor<17x5xf32>, tensor<17x5xf32>) pairs halves"),
         lambda x: by_table(x, *TABLE.astype(numpy.float64)[:, None, 3:8], 10),
         operands=[("past", "index", 3), ("c", "tensor<17x5xf32>", TABLE[0]), ("s", "tensor<17x5xf32>", TABLE[1])]),
    # 4096 is short, 4097 is long; each batch entry for itself.
    Case("chosen_by_length", rotate(
        "at(%p : tensor<1x5xi32>) by #sextant.by_length<short = #sextant.geometric<base = 1.0e4>, long ="
        " #sextant.explicit<[0.5, 0.1, 0.01, 0.0, 0.3], magnitude = 1.25>, trained = 4096>"
        " length(%n : tensor<2xi64>) pairs halves"),
         lambda x: numpy.stack([turn(x[:1], POSITIONS[:1, :, None] * F10)[0],
                                turn(x[1:], POSITIONS[:1, :, None] * LONG, magnitude=1.25)[0]]),
         operands=[("p", "tensor<1x5xi32>", POSITIONS[:1].astype(numpy.int32)),
                   ("n", "tensor<2xi64>", numpy.array([4096, 4097]))]),
    Case("dynamic_base", rotate(
        "by #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 4096> length(%n : index) pairs halves"),
         # The published base for twice the trained length, of 128 dimensions.
         lambda x: turn(x, ROWS * geometric(30527.73675, 128)), x=(1, 1, 5, 128),
         operands=[("n", "index", 8192)]),
    Case("original_before_a_start", rotate(
        "at(%p : tensor<2x5xi64>) by #sextant.longrope<base = 1.0e4, factors = [1.0, 1.5, 2.0, 4.0, 3.0],"
        " start = 4095> pairs halves"),
         lambda x: turn(x, POSITIONS[..., None] * numpy.where(
             POSITIONS[..., None] < 4095, F10, F10 / [1.0, 1.5, 2.0, 4.0, 3.0])),
         operands=[("p", "tensor<2x5xi64>", POSITIONS)]),
    Case("several_axes", rotate(
        "at(%p : tensor<3x2x5xi64>) by #sextant.sections<of = #sextant.geometric<base = 1.0e4>,"
        " planes = [1, 3, 1]> pairs halves"),
         lambda x: turn(x, numpy.moveaxis(AXES[[0, 1, 1, 1, 2]], 0, -1) * F10),
         operands=[("p", "tensor<3x2x5xi64>", AXES)]),
    Case("several_axes_interleaved", rotate(
        "at(%p : tensor<3x2x5xi64>) by #sextant.sections<of = #sextant.geometric<base = 1.0e4>,"
        " planes = [3, 1, 1], interleaved = true> pairs interleaved"),
         lambda x: turn(x, numpy.moveaxis(AXES[[0, 1, 2, 0, 0]], 0, -1) * F10, "interleaved"),
         operands=[("p", "tensor<3x2x5xi64>", AXES)]),
    # The cosines and sines themselves, to half an ulp of f32 and no worse.
    Case("far_positions", rotate(f"at(%p : tensor<1x{FAR.shape[1]}xi64>) {GEOMETRIC} pairs halves"),
         lambda x: turn(x, FAR[..., None] * geometric(1e4, 128)), x=(1, 1, FAR.shape[1], 128),
         values=numpy.broadcast_to(numpy.repeat([1.0, 0.0], 64), (1, 1, FAR.shape[1], 128)),
         operands=[("p", f"tensor<1x{FAR.shape[1]}xi64>", FAR)]),
    # RoFormer's own matrix, to every digit of the published vector.
    Case("golden_interleaved", rotate(f"from %past {GEOMETRIC} pairs interleaved"),
         lambda x: numpy.array([-1.27223251272, -1.83886498514, 2.87866810044, 4.08818663560]).reshape(x.shape),
         x=(1, 1, 1, 4), element="f64", values=[1, 2, 3, 4], operands=[("past", "index", 3)]),
    Case("golden_halves", rotate(f"from %past {GEOMETRIC} pairs halves"),
         lambda x: numpy.array([-1.41335252078, 1.87911806669, -2.82885748174, 4.05819113540]).reshape(x.shape),
         x=(1, 1, 1, 4), element="f64", values=[1, 2, 3, 4], operands=[("past", "index", 3)]),
] + [Case(f"stored_as_{element}", rotate(f"at(%p : tensor<2x5xi64>) {GEOMETRIC} pairs halves"),
          lambda x: turn(x, POSITIONS[..., None] * F10), element=element,
          operands=[("p", "tensor<2x5xi64>", POSITIONS)]) for element in ("f64", "f16", "bf16")]


def appended(x, lengths, room):
    result = numpy.zeros((2, 3, room, 10))
    for entry, length in enumerate(lengths):
        result[entry, :, length:length + 5] = x[entry]
    return result


def append(clauses, zero="0.0"):
    return (f"%z = arith.constant {zero} : f32\n%e = tensor.empty() : $R\n"
            "%init = linalg.fill ins(%z : f32) outs(%e : $R) -> $R\n"
            f"%r = sextant.cache_append ins(%x : $X) {clauses}")


PAST = random.standard_normal((2, 3, 7, 10)).astype(numpy.float32)
OTHERS = [
    Case("appended_at_one_offset", append("outs(%init : $R) at(%past : index)"),
         lambda x: appended(x, [6, 6], 11), result="tensor<2x3x11x10xf32>", operands=[("past", "index", 6)]),
    Case("appended_to_ragged_batches", append("outs(%init : $R) at(%n : tensor<2xi64>)"),
         lambda x: appended(x, [8, 1], 13), result="tensor<2x3x13x10xf32>",
         operands=[("n", "tensor<2xi64>", numpy.array([8, 1], dtype=numpy.int64))]),
    Case("appended_behind_a_past", append("behind(%p : tensor<2x3x7x10xf32>) outs(%init : $R)"),
         lambda x: numpy.concatenate([PAST, x], axis=2), result="tensor<2x3x12x10xf32>",
         operands=[("p", "tensor<2x3x7x10xf32>", PAST)]),
]


def low_rank(element):
    """Rank 3 between 10 and 7 features; bf16 shows whether the middle is wide."""
    generator = numpy.random.default_rng(17)
    u, v = (native.store(generator.standard_normal(shape), element) for shape in ((10, 3), (3, 7)))
    return Case(f"low_rank_{element}", f"%init = tensor.empty() : $R\n"
                f"%r = sextant.low_rank_linear ins(%x : $X) down(%u : tensor<10x3x{element}>)"
                f" up(%v : tensor<3x7x{element}>) outs(%init : $R)",
                lambda x: x @ native.load(u, element) @ native.load(v, element), element=element,
                result=f"tensor<2x3x5x7x{element}>",
                operands=[("u", f"tensor<10x3x{element}>", u), ("v", f"tensor<3x7x{element}>", v)])


OTHERS += [low_rank(element) for element in ("f64", "f32", "bf16")]


def check_periods(library):
    """Positions a whole wavelength apart turn alike to the last bit."""
    x = numpy.random.default_rng(3).standard_normal((1, 1, 2, 2)).astype(numpy.float32)
    x[0, 0, 1] = x[0, 0, 0]
    for position in (0, 5, 4095, 131071):
        (got,) = native.call(library, "resonant", [x, numpy.array([[position, position + 6 * 12345]])], [(4, "f32")])
        if (got[0, 0, 0] != got[0, 0, 1]).any():
            return f"resonant: expects equal rows at {position}, but got {got}"
    return None


RESONANT = """
func.func @resonant(%x: tensor<1x1x2x2xf32>, %p: tensor<1x2xi64>) -> tensor<1x1x2x2xf32>
    attributes {llvm.emit_c_interface} {
  %init = tensor.empty() : tensor<1x1x2x2xf32>
  %r = sextant.rotate ins(%x : tensor<1x1x2x2xf32>) outs(%init : tensor<1x1x2x2xf32>)
      at(%p : tensor<1x2xi64>) by #sextant.resonance<of = #sextant.geometric<base = 1.0e4>> pairs halves
  return %r : tensor<1x1x2x2xf32>
}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--without", default="nothing")
    arguments = parser.parse_args()
    chosen = [case for case in ROTATIONS + OTHERS if arguments.only in case.name
              and arguments.without not in case.name]
    # Copies of strided memory call into upstream's helper.
    tools = pathlib.Path(shutil.which("mlir-translate")).resolve().parent
    ctypes.CDLL(str(tools.parent / "lib" / "libmlir_c_runner_utils.so"), ctypes.RTLD_GLOBAL)
    with tempfile.TemporaryDirectory() as folder:
        library = native.build("\n".join(case.function() for case in chosen) + RESONANT,
                               [f"--{p}" for p in arguments.passes], folder, "rotations")
        failures = [failure for case in chosen if (failure := case.check(library))]
        failures += [failure for failure in [check_periods(library)] if failure]
    verdict.finish(failures, f"{len(chosen)} cases")


if __name__ == "__main__":
    main()
