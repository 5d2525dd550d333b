"""Queries that decay and keys that grow, far from 0, where no one center for all suits: against float64 NumPy, or a status.

Positions of several axes have a center for each. Rates that two lengths choose cancel or not when the model runs. What a
cache holds keeps its center, and so does what no attention reads: beyond the range of f32 that is refused, and never NaN.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy

HEADS, SIZE, VALUES = 2, 16, 8
PLANES = SIZE // 2
DECAYS = """
#short = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0>
#short_growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 512.0, growing = true>
#long = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 256.0>
#long_growth = #sextant.xpos<of = #sextant.geometric<base = 1.0e4>, span = 256.0, growing = true>
"""
CAUSAL = """
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %r = sextant.causal %s at %i, %j : f32
    sextant.yield %r : f32
"""
QUERY = '%q: tensor<?x2x?x16xf32> {sextant.name = "q", sextant.dims = ["batch", "2", "rows", "16"]}'
KEY = '%k: tensor<?x2x?x16xf32> {sextant.name = "k", sextant.dims = ["batch", "2", "keys", "16"]}'
VALUE = '%v: tensor<?x2x?x8xf32> {sextant.name = "v", sextant.dims = ["batch", "2", "keys", "8"]}'
RESULT = '(tensor<?x2x?x8xf32> {sextant.name = "y", sextant.dims = ["batch", "2", "rows", "8"]})'


def number(name):
    return f'%{name}: tensor<i64> {{sextant.name = "{name}", sextant.dims = []}}'


def read(*names):
    return "".join(f"""
  %{n}_number = tensor.extract %{n}[] : tensor<i64>
  %{n}_index = arith.index_cast %{n}_number : i64 to index""" for n in names)


def rotation(result, source, rest):
    return f"""
  %{result} = sextant.rotate ins(%{source} : tensor<?x2x?x16xf32>) outs(%{source} : tensor<?x2x?x16xf32>) {rest} pairs halves"""


def attention(key, rest):
    return f"""
  %o = sextant.attention query(%qr : tensor<?x2x?x16xf32>) key(%{key} : tensor<?x2x?x16xf32>)
      value(%v : tensor<?x2x?x8xf32>) {rest} : tensor<?x2x?x8xf32>
  return %o : tensor<?x2x?x8xf32>"""


def model(operands, body):
    return f"{DECAYS}func.func @main({', '.join([QUERY, KEY, VALUE, *operands])}) -> {RESULT} {{{body}\n}}\n"


MASKED = f"scale 2.5e-01 score {{{CAUSAL}}}"
AXES = model(
    ['%at: tensor<3x?x?xi64> {sextant.name = "at", sextant.dims = ["3", "batch", "rows"]}'],
    rotation("qr", "q", "at(%at : tensor<3x?x?xi64>) by #sextant.sections<of = #short, planes = [3, 3, 2]>")
    + rotation("kr", "k", "at(%at : tensor<3x?x?xi64>) by #sextant.sections<of = #short_growth, planes = [3, 3, 2]>")
    + attention("kr", MASKED))
CHOICE = "by #sextant.by_length<short = #short{0}, long = #long{0}, trained = 300> length(%{1}_index : index)"
LENGTHS = model(
    [number("past"), number("one"), number("other")],
    read("past", "one", "other") + rotation("qr", "q", "from %past_index " + CHOICE.format("", "one"))
    + rotation("kr", "k", "from %past_index " + CHOICE.format("_growth", "other")) + attention("kr", MASKED))
# Rows are appended to what earlier calls turned.
CACHE = f"""{DECAYS}func.func @main({QUERY},
    %k: tensor<?x2x?x16xf32> {{sextant.name = "k", sextant.dims = ["batch", "2", "rows", "16"]}}, {VALUE},
    %cache: tensor<?x2x?x16xf32> {{sextant.name = "cache", sextant.dims = ["batch", "2", "keys", "16"]}},
    {number("first")}, {number("past")}) -> {RESULT} {{{read("first", "past")}
  %at = arith.addi %first_index, %past_index : index""" + rotation(
    "qr", "q", "from %at by #short") + rotation("new", "k", "from %at by #short_growth") + """
  %kr = sextant.cache_append ins(%new : tensor<?x2x?x16xf32>) outs(%cache : tensor<?x2x?x16xf32>) at(%past_index : index)
""" + attention("kr", f"at [0, 0, %past_index, 0] {MASKED}") + "\n}\n"
UNMASKED = model(
    [number("past")],
    read("past") + rotation("qr", "q", "from %past_index by #short") + rotation("kr", "k", "by #short_growth")
    + attention("kr", "scale 2.5e-01"))

ZETA = (2 * numpy.arange(PLANES) + 0.4 * SIZE) / (1.4 * SIZE)
FREQUENCY = 1e4 ** (-numpy.arange(PLANES) / PLANES)


def complex_of(x):
    return x[..., :PLANES] + 1j * x[..., PLANES:]


def expect(q, k, v, at, key_at, spans=(512.0, 512.0), visible=None):
    """Positions [B, S, planes]; around one center each, of queries and of keys, where spans differ: 0."""
    out = numpy.zeros(q.shape[:3] + (VALUES,))
    for b in range(len(q)):
        for i in range(q.shape[2]):
            keys = numpy.arange(k.shape[2]) if visible is None else numpy.arange(visible(i))
            distance = at[b, i] - key_at[b, keys]
            decay = ZETA ** (distance / spans[0])
            if spans[0] != spans[1]:
                decay = ZETA ** (at[b, i] / spans[0] - key_at[b, keys] / spans[1])
            turn = decay * numpy.exp(1j * distance * FREQUENCY)
            for h in range(HEADS):
                score = 0.25 * (complex_of(q[b, h, i]) * turn * complex_of(k[b, h, keys]).conj()).real.sum(-1)
                weight = numpy.exp(score - score.max())
                out[b, h, i] = weight / weight.sum() @ v[b, h, keys]
    return out


def counted(batch, first, rows):
    return numpy.broadcast_to((first + numpy.arange(rows))[None, :, None], (batch, rows, PLANES))


def axes_case(*parts):
    """Text, whose axes are alike, and images: rows and columns from where the text ended."""
    def make(random, draw):
        entries = []
        for first, text, height, width in parts:
            places = [(first + t,) * 3 for t in range(text)]
            start = first + text
            places += [(start, start + y, start + x) for y in range(height) for x in range(width)]
            places += [(start + max(height, width) + t,) * 3 for t in range(text)]
            entries.append(places)
        at = numpy.moveaxis(numpy.array(entries), -1, 0)
        batch, rows = at.shape[1:]
        q, k, v = draw(batch, rows, rows)
        planes = numpy.moveaxis(at[[0, 0, 0, 1, 1, 1, 2, 2]], 0, -1)
        return [q, k, v, at.astype("i8")], lambda q, k, v: expect(q, k, v, planes, planes, visible=lambda i: i + 1)
    return make


def jumping_axes(random, draw):
    # Each axis by itself restarts and jumps, packed documents of other axes.
    steps = random.integers(0, 3, (3, 1, 60))
    at = numpy.cumsum(steps, axis=2) + numpy.repeat([[[100001]], [[2 ** 20]], [[0]]], 60, axis=2)
    at[1, :, 40:] -= 30
    q, k, v = draw(1, 60, 60)
    planes = numpy.moveaxis(at[[0, 0, 0, 1, 1, 1, 2, 2]], 0, -1)
    return [q, k, v, at.astype("i8")], lambda q, k, v: expect(q, k, v, planes, planes, visible=lambda i: i + 1)


def going_back(random, draw):
    # A mask by position lets queries see the keys that are now far ahead of them.
    at = numpy.broadcast_to(numpy.concatenate([50000 + numpy.arange(20), numpy.arange(20)]), (3, 1, 40))
    return [*draw(1, 40, 40), at.astype("i8")], None


def lengths_case(past, one, other):
    def make(random, draw):
        q, k, v = draw(1, 40, 40)
        at = counted(1, past, 40)
        spans = tuple(256.0 if length > 300 else 512.0 for length in (one, other))
        return [q, k, v, *map(numpy.array, (past, one, other))], lambda q, k, v: expect(
            q, k, v, at, at, spans, visible=lambda i: i + 1)
    return make


def cache_case(first, past):
    """A cache that begins at a position of its own, as one that slides does."""
    def make(random, draw):
        rows, held = 3, past + 3
        q, k, v = draw(1, rows, held)
        at = counted(1, first, held)
        with numpy.errstate(over="ignore"):
            turned = complex_of(k) * numpy.exp(1j * at * FREQUENCY)[:, None] * ZETA ** (-at / 512.0)[:, None]
            cache = numpy.concatenate([turned.real, turned.imag], axis=-1).astype("f4")
        cache[:, :, past:] = 0
        return [q, k[:, :, past:].copy(), v, cache, numpy.array(first), numpy.array(past)], lambda q, _, v: expect(
            q, k.astype("f8"), v, counted(1, first + past, rows), at, visible=lambda i: past + i + 1)
    return make


def unmasked_case(past, keys):
    def make(random, draw):
        q, k, v = draw(1, 2, keys)
        return [q, k, v, numpy.array(past)], lambda q, k, v: expect(q, k, v, counted(1, past, 2), counted(1, 0, keys))
    return make


RANGE = "by #sextant.{}: expects positions within {} of the center, where planes have grown by exp(80), but got "
AHEAD = RANGE.format("sections", 32695) + "50"
XPOS, CHOSEN = RANGE.format("xpos", 32695), RANGE.format("by_length", 16347)
CASES = [
    ("axes", AXES, axes_case((0, 5, 4, 7)), None),
    ("axes", AXES, axes_case((100001, 3, 4, 9), (2 ** 20, 3, 6, 6)), None),
    ("axes", AXES, axes_case((2 ** 20, 700, 3, 5)), None),
    ("axes", AXES, jumping_axes, None),
    ("axes", AXES, going_back, AHEAD),
    # Both choose alike, by lengths that the model does not know to be equal.
    ("lengths", LENGTHS, lengths_case(0, 300, 200), None),
    ("lengths", LENGTHS, lengths_case(100001, 300, 200), None),
    ("lengths", LENGTHS, lengths_case(2 ** 20, 301, 1000), None),
    # Another rate for each side: around 0 by definition, as far as that goes.
    ("lengths", LENGTHS, lengths_case(0, 300, 301), None),
    ("lengths", LENGTHS, lengths_case(20, 301, 300), None),
    ("lengths", LENGTHS, lengths_case(100001, 300, 301), CHOSEN),
    ("lengths", LENGTHS, lengths_case(2 ** 20, 301, 300), CHOSEN),
    ("cache", CACHE, cache_case(0, 50), None),
    ("cache", CACHE, cache_case(32600, 90), None),
    ("cache", CACHE, cache_case(32600, 94), XPOS),
    ("cache", CACHE, cache_case(100001, 20), XPOS),
    ("cache", CACHE, cache_case(2 ** 20, 20), XPOS),
    # Keys behind queries that see them grow by definition.
    ("no mask", UNMASKED, unmasked_case(100, 70), None),
    ("no mask", UNMASKED, unmasked_case(0, 2000), None),
    ("no mask", UNMASKED, unmasked_case(0, 40000), XPOS),
    ("no mask", UNMASKED, unmasked_case(39000, 40000), None),
]


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for target in ("cpu", "reference"):
            compiled = {}
            for number, (title, text, make, refusal) in enumerate(CASES):
                if refusal == AHEAD and target == "reference":
                    continue  # What masks hide is still there.
                library = folder / f"{title.replace(' ', '_')}.{target}.so"
                if library not in compiled:
                    (folder / "model.mlir").write_text(text)
                    subprocess.run(["sextant-compile", folder / "model.mlir", "-o", library, f"--target={target}"], check=True)
                    compiled[library] = True
                random = numpy.random.default_rng(3)

                def draw(batch, rows, keys):
                    return [random.standard_normal((batch, HEADS, count, size)).astype("f4")
                            for count, size in ((rows, SIZE), (keys, SIZE), (keys, VALUES))]
                arrays, want = make(random, draw)
                inputs = []
                for position, array in enumerate(arrays):
                    numpy.save(folder / f"{position}.npy", array)
                    inputs.append(folder / f"{position}.npy")
                run = subprocess.run(["sextant-run", library, *inputs, f"--output={folder / 'y.npz'}"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                if refusal:
                    if run.returncode == 0 or refusal not in run.stderr:
                        print(f"{target}, {title}, case {number}: expects '{refusal}', but got '{run.stderr.strip()}'")
                        failures += 1
                    continue
                if run.returncode:
                    print(f"{target}, {title}, case {number}: {run.stderr.strip()}")
                    failures += 1
                    continue
                got = numpy.load(folder / "y.npz")["y"]
                wanted = want(*(x.astype("f8") for x in arrays[:3]))
                error = numpy.abs(got - wanted).max()
                if not error <= 5e-6:
                    print(f"{target}, {title}, case {number}: expects an error of at most 5e-6, but got {error:.2e}")
                    failures += 1
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
