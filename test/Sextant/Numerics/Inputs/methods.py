"""Published methods, each with the products that feed its attention, against
its paper's formula in float64.
"""

import zlib

import numpy

import formulas
import native


class Program:
    """A function: lines of IR over named parameters, and what it is to yield."""

    def __init__(self, name, types, result, lines, expect):
        self.name, self.element, self.log_sum_exp = name, "f32", False
        self.types, self.result, self.lines, self.expect = types, result, lines, expect
        self.parameters = list(types)
        self.relative = any("relative_value" in line for line in lines)

    def data(self):
        random = numpy.random.default_rng(zlib.crc32(self.name.encode()))
        return {name: (native.store(random.standard_normal(shape), "f32"), "f32")
                for name, shape in self.types.items()}

    def function(self):
        arguments = ", ".join(f"%{name}: {kind(shape)}" for name, shape in self.types.items())
        body = "\n".join(self.lines)
        return (f"func.func @{self.name}({arguments}) -> {kind(self.result)} "
                f"attributes {{llvm.emit_c_interface}} {{\n{body}\n"
                f"return %o : {kind(self.result)}\n}}\n")

    def expected(self, data):
        return self.expect(**{name: native.load(*data[name]) for name in self.types}), None


def kind(shape):
    return "tensor<" + "x".join(map(str, shape)) + "xf32>"


def turned(result, equation, shape, operand, index):
    """Lines for a tensor whose `index` runs backwards."""
    names = ", ".join(equation)
    from_end = ", ".join(f"{shape[equation.index(c)] - 1} - {c}" if c == index else c for c in equation)
    loops = ", ".join(['"parallel"'] * len(shape))
    return [f"%{result}_empty = tensor.empty() : {kind(shape)}",
            f"%{result} = linalg.generic {{indexing_maps = [affine_map<({names}) -> ({from_end})>, "
            f"affine_map<({names}) -> ({names})>], iterator_types = [{loops}]}} "
            f"ins(%{operand} : {kind(shape)}) outs(%{result}_empty : {kind(shape)}) {{\n"
            f"^bb0(%x: f32, %y: f32):\nlinalg.yield %x : f32\n}} -> {kind(shape)}"]


def generic(result, equation, shapes, left, right, reverse="", product=True):
    """Lines for an einsum of two operands, or for their broadcast sum. An index
    in `reverse` runs backwards in the right operand."""
    inputs, output = equation.split("->")
    of_left, of_right = inputs.split(",")
    lines = []
    if reverse:
        lines = turned(f"{result}_turned", of_right, shapes[1], right, reverse)
        right = f"{result}_turned"
    names = dict.fromkeys(output)
    names.update(dict.fromkeys(c for c in inputs if c.isalpha()))
    sizes = {c: n for part, shape in zip(inputs.split(","), shapes) for c, n in zip(part, shape)}

    def indexing(part):
        return f"affine_map<({', '.join(names)}) -> ({', '.join(part)})>"
    maps = ", ".join(map(indexing, (of_left, of_right, output)))
    loops = ", ".join('"parallel"' if c in output else '"reduction"' for c in names)
    kinds = ", ".join(kind(shape) for shape in shapes)
    whole = kind([sizes[c] for c in output])
    body = ("%p = arith.mulf %x, %y : f32\n%z = arith.addf %s, %p : f32" if product
            else "%z = arith.addf %x, %y : f32")
    return [*lines, f"%{result}_zero = arith.constant 0.0 : f32",
            f"%{result}_empty = tensor.empty() : {whole}",
            f"%{result}_init = linalg.fill ins(%{result}_zero : f32) outs(%{result}_empty : {whole}) "
            f"-> {whole}",
            f"%{result} = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{loops}]}} "
            f"ins(%{left}, %{right} : {kinds}) outs(%{result}_init : {whole}) {{\n"
            f"^bb0(%x: f32, %y: f32, %s: f32):\n{body}\nlinalg.yield %z : f32\n}} -> {whole}"]


def attend(operands, clauses, score, shape, result="o"):
    """One attention. `score` is the names of its auxiliary arguments and the
    lines that make `%y` of the score."""
    names, lines = score
    arguments = ["%s: f32"] + [f"%{x}: index" for x in "bhij"] + [f"%{name}: f32" for name in names]
    return [f"%{result} = sextant.attention {operands} {clauses} score {{",
            f"^bb0({', '.join(arguments)}):", *lines,
            f"sextant.yield {'%y' if lines else '%s'} : f32",
            f"}} : {kind(shape)}"]


def by(name, shape, roles, center):
    return f"%{name} as <[{roles}], center = {center}> : {kind(shape)}"


def softmax(scores, value):
    shares = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
    return numpy.einsum("bhij,bhjd->bhid", shares / shares.sum(axis=-1, keepdims=True), value)


def dots(q, k):
    return numpy.einsum("bhid,bhjd->bhij", q, k)


def programs(S, K, CLIP=3):
    """All methods for S queries behind K - S keys, with tables up to a distance of CLIP."""
    B, H, D, V = 2, 3, 5, 13
    OUT = (B, H, S, V)
    PAST = K - S
    I, J = numpy.arange(S)[:, None] + PAST, numpy.arange(K)[None, :]
    QKV = {"q": (B, H, S, D), "k": (B, H, K, D), "v": (B, H, K, V)}

    PLAIN = (f"query(%q : {kind(QKV['q'])}) key(%k : {kind(QKV['k'])}) value(%v : {kind(QKV['v'])})")

    ROWS, TABLE = (B, H, S, 2 * CLIP + 1), (2 * CLIP + 1, D)
    COLUMNS = (B, H, K, 2 * CLIP + 1)
    BY_ROW, BY_COLUMN = "batch, head, query, distance", "batch, head, key, distance"
    # Products that are scaled with the others: added before the scale is applied.
    SCALE = 0.5
    SCALED_ONE = (["a_"], [f"%factor = arith.constant {SCALE} : f32", "%sum = arith.addf %s, %a_ : f32",
                          "%y = arith.mulf %sum, %factor : f32"])
    SCALED_TWO = (["a_", "e_"], [f"%factor = arith.constant {SCALE} : f32", "%sum = arith.addf %s, %a_ : f32",
                               "%both = arith.addf %sum, %e_ : f32", "%y = arith.mulf %both, %factor : f32"])

    def clipped():
        """Row of a table for each query and key: clip(j - i, -CLIP, CLIP) + CLIP."""
        return numpy.clip(J - I, -CLIP, CLIP) + CLIP

    def shaw(q, k, v, a, w):
        label = clipped()
        scores = SCALE * (dots(q, k) + numpy.einsum("bhid,ijd->bhij", q, a[label]))
        shares = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return (numpy.einsum("bhij,bhjd->bhid", shares, v)
                + numpy.einsum("bhij,ijd->bhid", shares, w[label]))

    def huang4(q, k, v, a):
        each = a[clipped()]
        scores = dots(q, k) + numpy.einsum("bhid,ijd->bhij", q, each)
        return softmax(SCALE * (scores + numpy.einsum("bhjd,ijd->bhij", k, each)), v)

    def huang3(q, k, v, a):
        return softmax(SCALE * numpy.einsum("bhid,ijd,bhjd->bhij", q, a[clipped()], k), v)

    # Distances 0 to K - 1 of Transformer-XL, of which the mask leaves no negative
    # one; entry m is r of distance m.
    def transformer_xl(q, k, v, u, w, r):
        content = dots(q + u[None, :, None], k)
        position = numpy.einsum("bhid,hijd->bhij", q + w[None, :, None],
                                r[:, numpy.clip(I - J, 0, K - 1)])
        return softmax(formulas.hide(SCALE * (content + position), J <= I), v)

    # Entry clamp(i - j + CLIP, 0, 2 CLIP - 1), the same for both terms, as the code
    # of DeBERTa has it.
    def deberta(q, k, v, kr, qr):
        entry = numpy.clip(I - J + CLIP, 0, 2 * CLIP - 1)
        to_position = numpy.einsum("bhid,hijd->bhij", q, kr[:, entry])
        from_position = numpy.einsum("bhjd,hijd->bhij", k, qr[:, entry])
        return softmax((dots(q, k) + to_position + from_position) / numpy.sqrt(3 * D), v)

    LATENT, ROTATED = 4, 3
    MLA = {"q": (B, H, S, D), "qr": (B, H, S, ROTATED), "c": (B, 1, K, LATENT),
           "kr": (B, 1, K, ROTATED), "up": (H, LATENT, D), "uv": (H, LATENT, V)}
    MASK = ([], ["%y = sextant.causal %s at %i, %j : f32"])

    def mla(q, qr, c, kr, up, uv):
        keys = numpy.einsum("bjc,hcd->bhjd", c[:, 0], up)
        values = numpy.einsum("bjc,hcd->bhjd", c[:, 0], uv)
        scores = SCALE * (dots(q, keys) + numpy.einsum("bhid,bjd->bhij", qr, kr[:, 0]))
        return softmax(formulas.hide(scores, J <= I), values)

    AT = f"at [0, 0, {PAST}, 0]"
    DEBERTA_SCALE = float(1 / numpy.sqrt(3 * D))
    TWO_DEBERTA = (["a_", "e_"], [f"%factor = arith.constant {DEBERTA_SCALE:.9e} : f32",
                                "%sum = arith.addf %s, %a_ : f32", "%both = arith.addf %sum, %e_ : f32",
                                "%y = arith.mulf %both, %factor : f32"])
    HALF = (B, H, S, 2 * CLIP), (B, H, K, 2 * CLIP)

    return [
        Program("shaw_keys_and_values", QKV | {"a": TABLE, "w": (2 * CLIP + 1, V)}, OUT, [
            *generic("r", "bhid,md->bhim", (QKV["q"], TABLE), "q", "a"),
            *attend(PLAIN, f"auxiliary({by('r', ROWS, BY_ROW, CLIP)}) {AT} "
                    f"relative_value({by('w', (2 * CLIP + 1, V), 'distance, free', CLIP)})",
                    SCALED_ONE, OUT)], shaw),
        Program("huang_method_3", QKV | {"a": TABLE}, OUT, attend(
            PLAIN, f"modulate(0 by {by('a', TABLE, 'distance, free', CLIP)}) {AT} scale {SCALE:e}",
            ([], []), OUT), huang3),
        Program("huang_method_4", QKV | {"a": TABLE}, OUT, [
            *generic("r", "bhid,md->bhim", (QKV["q"], TABLE), "q", "a"),
            *generic("t", "bhjd,md->bhjm", (QKV["k"], TABLE), "k", "a"),
            *attend(PLAIN, f"auxiliary({by('r', ROWS, BY_ROW, CLIP)}, "
                    f"{by('t', COLUMNS, BY_COLUMN, CLIP)}) {AT}", SCALED_TWO, OUT)], huang4),
        Program("transformer_xl", QKV | {"u": (H, D), "w": (H, D), "r": (H, K, D)}, OUT, [
            *generic("qu", "bhid,hd->bhid", (QKV["q"], (H, D)), "q", "u", product=False),
            *generic("qw", "bhid,hd->bhid", (QKV["q"], (H, D)), "q", "w", product=False),
            *generic("t", "bhid,hmd->bhim", (QKV["q"], (H, K, D)), "qw", "r", reverse="m"),
            *attend(PLAIN.replace("%q ", "%qu "), f"auxiliary("
                    f"{by('t', (B, H, S, K), BY_ROW, K - 1)}) {AT}",
                    (["a_"], [*SCALED_ONE[1][:2], "%scaled = arith.mulf %sum, %factor : f32",
                             "%y = sextant.causal %scaled at %i, %j : f32"]), OUT)], transformer_xl),
        Program("deberta", QKV | {"kr": (H, 2 * CLIP, D), "qr": (H, 2 * CLIP, D)}, OUT, [
            *generic("r", "bhid,hmd->bhim", (QKV["q"], (H, 2 * CLIP, D)), "q", "kr", reverse="m"),
            *generic("t", "bhjd,hmd->bhjm", (QKV["k"], (H, 2 * CLIP, D)), "k", "qr", reverse="m"),
            *attend(PLAIN, f"auxiliary({by('r', HALF[0], BY_ROW, CLIP - 1)}, "
                    f"{by('t', HALF[1], BY_COLUMN, CLIP - 1)}) {AT}", TWO_DEBERTA, OUT)], deberta),
        Program("mla_naive", MLA, OUT, [
            *generic("kn", "bgjc,hcd->bhjd", (MLA["c"], MLA["up"]), "c", "up"),
            *generic("vn", "bgjc,hcd->bhjd", (MLA["c"], MLA["uv"]), "c", "uv"),
            *attend(f"query(%q, %qr : {kind(MLA['q'])}, {kind(MLA['qr'])}) "
                    f"key(%kn, %kr : {kind(QKV['k'])}, {kind(MLA['kr'])}) "
                    f"value(%vn : {kind(QKV['v'])})", f"{AT} scale {SCALE:e}", MASK, OUT)], mla),
        # The latent cache is key and value of all heads at once.
        Program("mla_absorbed", MLA, OUT, [
            *generic("qn", "bhid,hcd->bhic", (MLA["q"], MLA["up"]), "q", "up"),
            *attend(f"query(%qn, %qr : {kind((B, H, S, LATENT))}, {kind(MLA['qr'])}) "
                    f"key(%c, %kr : {kind(MLA['c'])}, {kind(MLA['kr'])}) "
                    f"value(%c : {kind(MLA['c'])})", f"{AT} scale {SCALE:e}", MASK,
                    (B, H, S, LATENT), result="latent"),
            *generic("o", "bhic,hcd->bhid", ((B, H, S, LATENT), MLA["uv"]), "latent", "uv")], mla),
    ]


ALL = programs(7, 11)
