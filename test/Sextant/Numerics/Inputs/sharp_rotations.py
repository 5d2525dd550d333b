"""Rotations that an implementation is likely to get wrong. The number in a name
is that of the test that runs it; `COMPARED` are pairs of functions that have to
agree, or differ, among themselves.
"""

import argparse
import ctypes
import pathlib
import re
import shutil
import tempfile

import numpy

import fused_rotations
import native
import shipped
import verdict
from check import error_of
from fused_rotations import ntk, resonant, yarn
from rotations import Case, geometric, rotate, turn

GEOMETRIC = "#sextant.geometric<base = 1.0e4>"
ROWS = numpy.arange(5)[None, :, None]
FACTORS = [1.0, 1.5, 3.0, 2.0, 7.5]
LISTED = ", ".join(map(str, FACTORS))
F10 = geometric(1e4, 10)
BY_LENGTH = ("#sextant.by_length<short = #sextant.longrope<base = 1.0e4, factors = [1.0, 1.0, 1.0, 1.0, 1.0], magnitude = 1.19>,"
             f" long = #sextant.longrope<base = 1.0e4, factors = [{LISTED}], magnitude = 1.19>, trained = 4096>")
LONG = F10 / FACTORS
# Some planes at every position below 2^21 would be 2^21 rows; these are the
# last, the ones around powers of two, and a stride that no period divides.
FAR = numpy.unique(numpy.concatenate([numpy.arange(0, 2 ** 21, 977), 2 ** numpy.arange(21), [131071, 257, 2 ** 21 - 1]]))[None]
STEP = numpy.repeat([1.0, 0.0], 32)


def index(name, value):
    return (name, "index", value)


def lengths(*values):
    return ("n", f"tensor<{len(values)}xi64>", numpy.array(values))


def xpos(position, center, sign, size=10, span=512.0):
    zeta = (2 * numpy.arange(size // 2) + 0.4 * size) / (1.4 * size)
    return zeta ** (sign * (position - center) / span)


def gated(x, position, center, sign):
    """xPos by its definition: turned, then each plane scaled."""
    y = turn(x, position * F10)
    scale = numpy.broadcast_to(xpos(position, center, sign), position.shape[:2] + (5,))
    return y * numpy.concatenate([scale, scale], axis=-1)[:, None]


CASES = [
    # 8: the same share, two functions; planes that stand still stay in the product.
    Case("sharp_08_partial", rotate(f"from %p by {GEOMETRIC} pairs halves count 4"), x=(1, 2, 5, 8),
         want=lambda x: turn(x, (ROWS + 3) * [1.0, 0.01], count=4), operands=[index("p", 3)]),
    Case("sharp_08_proportional", rotate("from %p by #sextant.proportional<base = 1.0e4, share = 0.5> pairs halves"),
         x=(1, 2, 5, 8), want=lambda x: turn(x, (ROWS + 3) * [1.0, 0.1, 0.0, 0.0]), operands=[index("p", 3)]),
    # 9: magnitudes reach rotated dimensions only, and are applied to queries and keys alike.
    Case("sharp_09_magnitude_of_rotated_dimensions", rotate(
        "by #sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096> pairs halves count 8"), x=(1, 2, 5, 10),
         want=lambda x: turn(x, ROWS * yarn(8, 1e4, 32, 4096), count=8, magnitude=1.34657359)),
    # What shortens scales nothing.
    Case("sharp_09_magnitude_of_a_factor_below_one", rotate(
        "by #sextant.yarn<base = 1.0e4, factor = 0.5, trained = 4096> pairs halves"),
         want=lambda x: turn(x, ROWS * yarn(10, 1e4, 0.5, 4096))),
    # 10: a long request and then a short one; nothing of the first is left.
    Case("sharp_10_beyond_the_trained_length", rotate(
        "by #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 4096> length(%n : tensor<3xi64>) pairs halves"),
         x=(3, 1, 5, 128), want=lambda x: numpy.concatenate([
             turn(x[b:b + 1], ROWS * ntk(n, 2, 4096, 128)) for b, n in enumerate((16384, 4096, 4097))]),
         operands=[lengths(16384, 4096, 4097)]),
    # 11: exactly the trained length is short, in one batch with a longer one; the factors are not monotone.
    Case("sharp_11_mixed_batch", rotate(f"from %p by {BY_LENGTH} length(%n : tensor<3xi64>) pairs halves"), x=(3, 1, 5, 10),
         want=lambda x: numpy.concatenate([turn(x[b:b + 1], (ROWS + 4092) * f, magnitude=1.19)
                                           for b, f in enumerate((F10, LONG, F10))]),
         operands=[index("p", 4092), lengths(4096, 4097, 1)]),
    # The start is chosen by position, so a decoded row behind it is not at the start.
    Case("sharp_11_start_by_position", rotate(
        f"from %p by #sextant.longrope<base = 1.0e4, factors = [{LISTED}], start = 3> pairs halves"),
         want=lambda x: turn(x, (ROWS + 1) * numpy.where(ROWS + 1 < 3, F10, LONG)), operands=[index("p", 1)]),
    # 12: against the double result, cosines and sines themselves.
    Case("sharp_12_far_positions", rotate(f"at(%p : tensor<1x{FAR.shape[1]}xi64>) by {GEOMETRIC} pairs halves"),
         x=(1, 1, FAR.shape[1], 64), values=numpy.broadcast_to(STEP, (1, 1, FAR.shape[1], 64)),
         want=lambda x: turn(x, FAR[..., None] * geometric(1e4, 64)), operands=[("p", f"tensor<1x{FAR.shape[1]}xi64>", FAR)]),
    # 13: rounding after scaling, around a start, and with a base that grows.
    Case("sharp_13_around_yarn", rotate(
        "from %p by #sextant.resonance<of = #sextant.yarn<base = 1.0e4, factor = 8.0, trained = 64>> pairs halves"),
         want=lambda x: turn(x, (ROWS + 99) * resonant(yarn(10, 1e4, 8, 64)), magnitude=0.1 * numpy.log(8) + 1),
         operands=[index("p", 99)]),
    Case("sharp_13_around_a_start", rotate(
        f"from %p by #sextant.resonance<of = #sextant.longrope<base = 1.0e4, factors = [{LISTED}], start = 3>> pairs halves"),
         want=lambda x: turn(x, ROWS * numpy.where(ROWS < 3, resonant(F10), resonant(LONG))), operands=[index("p", 0)]),
    Case("sharp_13_around_a_growing_base", rotate(
        "from %p by #sextant.resonance<of = #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 4096>>"
        " length(%n : tensor<2xi64>) pairs halves"), x=(2, 1, 5, 128),
         want=lambda x: numpy.concatenate([turn(x[b:b + 1], (ROWS + 7000) * resonant(ntk(n, 2, 4096, 128)))
                                           for b, n in enumerate((8192, 16384))]),
         operands=[index("p", 7000), lengths(8192, 16384)]),
    # 18: scaled relative to a page, where f32 would overflow from position 0.
    Case("sharp_18_query_far_from_0", rotate(
        "from %p by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0> center %c pairs halves"),
         want=lambda x: gated(x, ROWS + 131072, 130000, 1), operands=[index("p", 131072), index("c", 130000)]),
    Case("sharp_18_key_far_from_0", rotate(
        "from %p by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true> center %c pairs halves"),
         want=lambda x: gated(x, ROWS + 130048, 130000, -1), operands=[index("p", 130048), index("c", 130000)]),
    # Text behind an image: its position is not the number of cached rows.
    Case("sharp_18_position_is_not_the_length", rotate(
        "at(%p : tensor<3x1x5xi64>) by #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [1, 2, 2]> pairs halves"),
         x=(1, 2, 5, 10), want=lambda x: turn(x, numpy.moveaxis(PLACES[[0, 1, 1, 2, 2]], 0, -1) * F10),
         operands=[("p", "tensor<3x1x5xi64>", None)]),
    Case("sharp_18_interleaved_sections", rotate(
        "at(%p : tensor<3x1x5xi64>) by #sextant.sections<of = #sextant.geometric<base = 1.0e4>, planes = [2, 2, 1],"
        " interleaved = true> pairs halves"),
         x=(1, 2, 5, 10), want=lambda x: turn(x, numpy.moveaxis(PLACES[[0, 1, 2, 0, 1]], 0, -1) * F10),
         operands=[("p", "tensor<3x1x5xi64>", None)]),
    Case("sharp_19_tail_of_planes", rotate(f"from %p by {GEOMETRIC} pairs interleaved first 3 count 6"), x=(1, 3, 7, 13),
         want=lambda x: turn(x, (numpy.arange(7)[None, :, None] + 9) * geometric(1e4, 6), "interleaved", first=3, count=6),
         operands=[index("p", 9)]),
]
# Two tokens of text, a 1 x 3 image whose rows and columns are its own, then nothing: the next is 1 + the greatest.
PLACES = numpy.array([[[0, 1, 2, 2, 2]], [[0, 1, 2, 2, 2]], [[0, 1, 2, 3, 4]]])
for case in CASES:
    case.operands = [(name, kind, PLACES if value is None else value) for name, kind, value in case.operands]


ALLOWED = {"sharp_12_far_positions": 2.0 ** -25 + 3e-10}


def compare(library, number):
    """Checks among results of the compiled functions themselves."""
    def call(name, *arguments, rank=4):
        return native.call(library, name, list(arguments), [(rank, "f32")])[0]
    random = numpy.random.default_rng(number)
    if number == 7:
        # Neighbours are halves under one permutation of queries and keys, also in part, and with fewer key heads.
        order = numpy.r_[0:8:2, 1:8:2, 8:10]
        q, k = (random.standard_normal((1, h, 5, 10)).astype(numpy.float32) for h in (6, 2))
        for x in (q, k):
            one, other = call("neighbours", x.copy()), call("halves", x[..., order].copy())
            assert numpy.array_equal(one[..., order], other), "expects neighbours permuted to be halves"
            assert numpy.array_equal(call("stored_as_halves", x.copy()), one[..., order]), "expects the stored order"
            assert not numpy.allclose(call("halves", x.copy()), one), "expects the two orders to differ"
    if number == 10:
        # A cache of keys that an earlier length rotated is another function, by design; unrotated keys are not.
        x = random.standard_normal((1, 1, 5, 128)).astype(numpy.float32)
        short, longer = (call("dynamic", x.copy(), n) for n in (8192, 16384))
        assert abs(short - longer).max() > 1e-4, "expects a base that grows with the length"
        assert numpy.array_equal(short, call("dynamic", x.copy(), 8192)), "expects nothing to be kept between calls"
    if number == 11:
        # A cache written short, turned in place by the difference when the length crosses.
        keys = random.standard_normal((1, 2, 4097, 10)).astype(numpy.float32)
        fresh = call("keys_at_length", keys.copy(), 4097)
        cache = call("keys_at_length", keys.copy(), 4096)
        crossed = call("crossed", cache.copy())
        norm = numpy.linalg.norm(fresh.astype(float), axis=-1, keepdims=True)
        worst = (abs(crossed.astype(float) - fresh) / norm).max()
        assert worst <= 2.0 ** -21, f"expects keys within 2^-21 of their norms, but got {worst:.2e}"
        assert (abs(cache - fresh) / norm).max() > 0.1, "expects short and long keys to differ"
    if number == 13:
        # All planes repeat to the bit; those of one wavelength, of which 256 dimensions have three pairs, turn alike.
        # What the wavelengths are is read from the IR by Schedules/frequencies.test.
        x = numpy.repeat([1.0, 0.0], 128).astype(numpy.float32).reshape(1, 1, 1, 256).repeat(2, axis=2)
        turned = call("resonant", x.copy(), numpy.array([[1, 4097]]))[0, 0]
        assert len(numpy.unique(turned[:, :128] + 1j * turned[:, 128:], axis=1).T) == 125, "expects 125 distinct planes"
        waves = numpy.round(2 * numpy.pi / numpy.angle(turned[0, :128] + 1j * turned[0, 128:]))
        x = random.standard_normal((1, 1, 1, 256)).astype(numpy.float32).repeat(2, axis=2)
        for plane, wave in ((0, 6), (40, int(waves[40])), (127, int(waves[127]))):
            for position in (0, 5, 4095, 131071):
                got = call("resonant", x.copy(), numpy.array([[position, position + wave]]))
                for d in (plane, plane + 128):
                    assert got[0, 0, 0, d] == got[0, 0, 1, d], f"expects plane {plane} to repeat after {wave} from {position}"
    if number == 18:
        # Each page of keys relative to its own first position, queries once for each page: products are right where
        # one center for all would overflow.
        q = random.standard_normal((1, 1, 1, 10)).astype(numpy.float32)
        k = random.standard_normal((1, 1, 1, 10)).astype(numpy.float32)
        for i, j in ((131072, 131071), (131072, 130100), (2 ** 21 - 1, 2 ** 21 - 700), (131072, 0)):
            page = j // 512 * 512
            got = (call("xpos_query", q.copy(), i, page).astype(float) * call("xpos_key", k.copy(), j, page)).sum()
            position = numpy.array([[[i]]]), numpy.array([[[j]]])
            want = (gated(q.astype(float), position[0], j, 1) * gated(k.astype(float), position[1], j, -1)).sum()
            assert abs(got - want) <= 1e-5 * max(1, abs(want)), f"expects {want} for {i}, {j}, but got {got}"


def bound(name, got, want, largest):
    """That of docs/numerics.md, and one for what it is relative to."""
    reference = error_of(got["reference"], want)
    for target, allowed in (("reference", 1e-5 * largest), ("cpu", 4 * reference + 1e-6 * largest)):
        if not (error := error_of(got[target], want)) <= allowed:
            return f"{name}, {target}: expects an error of {allowed:.2e}, but got {error:.2e}"
    return None


def function(name, clauses, shape, more=""):
    kind = "tensor<" + "x".join(map(str, shape)) + "xf32>"
    return (f"func.func @{name}(%x: {kind}{more}) -> {kind} attributes {{llvm.emit_c_interface}} {{\n"
            f"%init = tensor.empty() : {kind}\n%r = sextant.rotate ins(%x : {kind}) outs(%init : {kind}) {clauses}\n"
            f"return %r : {kind}\n}}\n")


def in_place(name, clauses, shape):
    kind = "tensor<" + "x".join(map(str, shape)) + "xf32>"
    return (f"func.func @{name}(%x: {kind}) -> {kind} attributes {{llvm.emit_c_interface}} {{\n"
            f"%r = sextant.rotate ins(%x : {kind}) outs(%x : {kind}) {clauses}\nreturn %r : {kind}\n}}\n")


LONGER = f"#sextant.longrope<base = 1.0e4, factors = [{LISTED}], magnitude = 1.19>"
SHORTER = "#sextant.longrope<base = 1.0e4, factors = [1.0, 1.0, 1.0, 1.0, 1.0], magnitude = 1.19>"
XPOS = "by #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0"
COMPARED = {
    7: function("neighbours", f"by {GEOMETRIC} pairs interleaved count 8", (1, "?", 5, 10)).replace(
        "tensor.empty()", "tensor.empty(%h)").replace("{\n%init", "{\n%c1 = arith.constant 1 : index\n"
        "%h = tensor.dim %x, %c1 : tensor<1x?x5x10xf32>\n%init", 1),
    10: function("dynamic", "by #sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 4096> length(%n : index) pairs halves",
                 (1, 1, 5, 128), ", %n: index"),
    11: function("keys_at_length", f"by {BY_LENGTH} length(%n : index) pairs halves", (1, 2, 4097, 10), ", %n: index")
    + in_place("crossed", f"by {LONGER} minus {SHORTER} pairs halves", (1, 2, 4097, 10)),
    13: function("resonant", f"at(%p : tensor<1x2xi64>) by #sextant.resonance<of = {GEOMETRIC}> pairs halves",
                 (1, 1, 2, 256), ", %p: tensor<1x2xi64>"),
    18: function("xpos_query", f"from %p {XPOS}> center %c pairs halves", (1, 1, 1, 10), ", %p: index, %c: index")
    + function("xpos_key", f"from %p {XPOS}, growing = true> center %c pairs halves", (1, 1, 1, 10), ", %p: index, %c: index"),
}
COMPARED[7] += COMPARED[7].replace("@neighbours", "@halves").replace("pairs interleaved", "pairs halves")
COMPARED[7] += COMPARED[7].split("func.func @halves")[0].replace("@neighbours", "@stored_as_halves").replace(
    "pairs interleaved", "pairs interleaved to halves")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--shipped", action="store_true", help="both targets, also in front of attention")
    arguments = parser.parse_args()
    number = arguments.number
    chosen = [case for case in CASES if case.name.startswith(f"sharp_{number:02}")]
    tools = pathlib.Path(shutil.which("mlir-translate")).resolve().parent
    ctypes.CDLL(str(tools.parent / "lib" / "libmlir_c_runner_utils.so"), ctypes.RTLD_GLOBAL)
    failures, fused = [], []
    with tempfile.TemporaryDirectory() as folder:
        source = "\n".join(case.function() for case in chosen) + COMPARED.get(number, "")
        if arguments.shipped:
            fused = [case for case in fused_rotations.ALL if case.name.startswith(f"fused_{number:02}")]
            libraries = shipped.build(source + "".join(case.function() for case in fused), folder, "sharp")
        else:
            libraries = {"passes": native.build(source, [f"--{p}" for p in arguments.passes], folder, "sharp")}
        for target, library in libraries.items():
            failures += [f"{target}: {f}" for case in chosen if (f := case.check(library, ALLOWED.get(case.name)))]
            if number in COMPARED:
                compare(library, number)
        for case in fused:
            failures += case.check(libraries, bound)
        if fused and (apart := re.findall("rotation of the .* done apart.*", libraries["cpu"].remarks)):
            failures.append(f"expects rotations that the kernel does, but got {apart}")
    verdict.finish(failures, f"{len(chosen) + (number in COMPARED) + len(fused)} cases")


if __name__ == "__main__":
    main()
