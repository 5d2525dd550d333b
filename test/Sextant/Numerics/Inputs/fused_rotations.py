"""Queries and keys that turn in front of causal attention, where the fast path does it
within its kernel: of a whole prompt of several blocks, of a chunk and of a decoded row.
The number in a name is that of the test that runs it.
"""

import numpy

from rotations import geometric, turn

BATCH, HEADS, KEY_HEADS, VALUES = 2, 4, 2, 16
# Rows and keys: blocks with a tail, a few rows, one.
SHAPES = ((73, 73), (5, 133), (1, 67))
FACTORS = [1.0, 1.5, 3.0, 2.0, 7.5, 1.0, 4.0, 2.5, 9.0, 30.0, 20.0, 30.0, 8.0, 1.25, 64.0, 7.0]
GEOMETRIC = "#sextant.geometric<base = 1.0e4>"
F32 = geometric(1e4, 32)


def longrope(factors, more=""):
    return f"#sextant.longrope<base = 1.0e4, factors = {factors}, magnitude = 1.19{more}>"


def ntk(length, factor, trained, count):
    base = 1e4 * (factor * max(length, trained) / trained - (factor - 1)) ** (count / (count - 2))
    return geometric(base, count)


def resonant(frequencies):
    return 2 * numpy.pi / numpy.round(2 * numpy.pi / frequencies)


def yarn(count, base, factor, trained, fast=32, slow=1):
    theta = geometric(base, count)

    def plane(turns):
        return count * numpy.log(trained / (turns * 2 * numpy.pi)) / (2 * numpy.log(base))
    low, high = max(numpy.floor(plane(fast)), 0), min(numpy.ceil(plane(slow)), count - 1)
    ramp = numpy.clip((numpy.arange(count // 2) - low) / ((high - low) or 0.001), 0, 1)
    return theta / factor * ramp + theta * (1 - ramp)


class Fused:
    """`frequencies` of each batch entry at its position; `last` is the position of the last key, `axes` how many
    a position has, `span` that of a decay, `places` what a row is at on each axis."""

    def __init__(self, name, schedule, frequencies, last=None, size=32, pairs="halves", first=0, count=None, magnitude=1.0,
                 lengths=None, sections=None, span=None, grows=None):
        self.name, self.schedule, self.frequencies, self.last = name, schedule, frequencies, last
        self.size, self.pairs, self.first, self.count = size, pairs, first, count or size - first
        self.magnitude, self.lengths, self.sections, self.span, self.grows = magnitude, lengths, sections, span, grows

    def function(self):
        q, k, v, o = (f"tensor<{BATCH}x{heads}x?x{size}xf32>" for heads, size in (
            (HEADS, self.size), (KEY_HEADS, self.size), (KEY_HEADS, VALUES), (HEADS, VALUES)))
        parameters, where = f"%q: {q}, %k: {k}, %v: {v}", {"q": "from %first_q", "k": "from %first_k"}
        lines = [f"%two = arith.constant 2 : index\n%rows = tensor.dim %q, %two : {q}\n%keys = tensor.dim %k, %two : {k}\n"
                 f"%past = arith.subi %keys, %rows : index\n%eq = tensor.empty(%rows) : {q}\n%ek = tensor.empty(%keys) : {k}"]
        if self.sections:
            ids = "tensor<3x1x?xi64>"
            parameters += f", %at_q: {ids}, %at_k: {ids}"
            where = {side: f"at(%at_{side} : {ids})" for side in "qk"}
        else:
            parameters += ", %first_k: index"
            lines.append("%first_q = arith.addi %first_k, %past : index")
        length = ""
        if self.lengths is not None:
            kind = f"tensor<{BATCH}xi64>"
            parameters += f", %n: {kind}"
            length = f" length(%n : {kind})"
        for side, kind, schedule in (("q", q, self.schedule), ("k", k, self.grows or self.schedule)):
            lines.append(f"%r{side} = sextant.rotate ins(%{side} : {kind}) outs(%e{side} : {kind}) {where[side]} by {schedule}{length}"
                         f" pairs {self.pairs} first {self.first} count {self.count}")
        body = "\n".join(lines)
        return (f"func.func @{self.name}({parameters}) -> {o} attributes {{llvm.emit_c_interface}} {{\n{body}\n"
                f"%o = sextant.attention query(%rq : {q}) key(%rk : {k}) value(%v : {v}) at [0, 0, %past, 0] scale 5.0e-01 score {{\n"
                "^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):\n%c = sextant.causal %s at %i, %j : f32\n"
                f"sextant.yield %c : f32\n}} : {o}\nreturn %o : {o}\n}}\n")

    def expect(self, q, k, v, at_q, at_k):
        """Every formula in float64; positions are [axis, row]."""
        def turned(x, at):
            of_plane = at[self.sections].T if self.sections else at[0][:, None]
            parts = []
            for b in range(BATCH):
                angles = of_plane * self.frequencies(b, at[0][:, None])
                parts.append(turn(x[b:b + 1], angles[None], self.pairs, first=self.first, count=self.count, magnitude=self.magnitude))
            return numpy.concatenate(parts)
        qt, kt = turned(q, at_q), numpy.repeat(turned(k, at_k), HEADS // KEY_HEADS, 1)
        if not self.span:
            score = qt @ kt.swapaxes(-1, -2)
        else:
            # Of each plane's products by itself, by its power of the distance.
            half = self.size // 2
            zeta = (2 * numpy.arange(half) + 0.4 * self.size) / (1.4 * self.size)
            apart = at_q[0][:, None] - at_k[0]
            score = sum(zeta[t] ** (numpy.maximum(apart, 0) / self.span) * sum(qt[..., d, None] * kt[..., None, :, d] for d in (t, t + half))
                        for t in range(half))
        rows, keys = score.shape[-2:]
        score = numpy.where(numpy.arange(keys) <= numpy.arange(rows)[:, None] + keys - rows, 0.5 * score, -numpy.inf)
        weight = numpy.exp(score - score.max(-1, keepdims=True))
        return weight @ numpy.repeat(v, HEADS // KEY_HEADS, 1) / weight.sum(-1, keepdims=True)

    def check(self, libraries, bound):
        """What differs from the formula on the fast path by more than `bound` allows for the error of the definition."""
        for rows, keys in SHAPES:
            random = numpy.random.default_rng(rows * 1009 + keys)
            q, k, v = (random.standard_normal(shape).astype(numpy.float32) for shape in (
                (BATCH, HEADS, rows, self.size), (BATCH, KEY_HEADS, keys, self.size), (BATCH, KEY_HEADS, keys, VALUES)))
            start = 0 if self.last is None else self.last - keys + 1
            at_k = numpy.arange(keys)[None] + start
            if self.sections:
                # Text, an image whose rows and columns are its own, text at one more than the greatest.
                n = numpy.arange(keys)
                image = (n >= 7) & (n < 47)
                at_k = numpy.stack([numpy.where(n < 7, n, numpy.where(image, 7 + extent, n - 47 + 15)) for extent in (0 * n, (n - 7) // 8, (n - 7) % 8)])
            at_q = at_k[:, keys - rows:]
            more = [at_q[:, None].copy(), at_k[:, None].copy()] if self.sections else [start]
            for lengths in self.lengths or [None]:
                self.now = lengths
                arguments = [q, k, v, *more] + ([] if lengths is None else [numpy.array(lengths)])
                want = self.expect(*(x.astype(float) for x in (q, k, v)), at_q, at_k)
                got = {target: library.call(self.name, arguments)[0] for target, library in libraries.items()}
                if failure := bound(f"{self.name}, {rows} of {keys} rows", got, want, abs(v).max()):
                    yield failure


def dynamic(name, text, by_length, lengths, **more):
    case = Fused(name, text, lambda b, at: by_length(case.now[b]), lengths=lengths, **more)
    return case


ONES = [1.0] * 16
BY_LENGTH = f"#sextant.by_length<short = {longrope(ONES)}, long = {longrope(FACTORS)}, trained = 4096>"
XPOS = f"#sextant.xpos<of = {GEOMETRIC}, span = 512.0"
ALL = [
    Fused("fused_07_neighbours", GEOMETRIC, lambda b, at: geometric(1e4, 32), size=40, pairs="interleaved", first=8),
    Fused("fused_08_partial", GEOMETRIC, lambda b, at: F32, size=64, count=32),
    Fused("fused_08_proportional", "#sextant.proportional<base = 1.0e4, share = 0.5>",
          lambda b, at: numpy.where(numpy.arange(32) < 16, geometric(1e4, 64), 0.0), size=64),
    Fused("fused_09_yarn", "#sextant.yarn<base = 1.0e4, factor = 32.0, trained = 4096>",
          lambda b, at: yarn(32, 1e4, 32, 4096), size=48, count=32, magnitude=1.34657359, last=131071),
    # A long request, a short one, and the two of one batch.
    dynamic("fused_10_beyond_the_trained_length", "#sextant.dynamic<base = 1.0e4, factor = 2.0, trained = 4096>",
            lambda n: ntk(n, 2, 4096, 32), [(16384, 16384), (4096, 100), (4097, 8192)], last=4100),
    dynamic("fused_11_mixed_batch", BY_LENGTH, lambda n: F32 / FACTORS if n > 4096 else F32,
            [(4096, 4097), (4097, 4096), (4096, 4096)], last=4096, magnitude=1.19),
    Fused("fused_11_start_by_position", longrope(FACTORS, ", start = 61"), lambda b, at: numpy.where(at < 61, F32, F32 / FACTORS), magnitude=1.19),
    Fused("fused_12_far_positions", GEOMETRIC, lambda b, at: geometric(1e4, 64), size=64, last=2 ** 21 - 1),
    Fused("fused_13_around_yarn", "#sextant.resonance<of = #sextant.yarn<base = 1.0e4, factor = 8.0, trained = 64>>",
          lambda b, at: resonant(yarn(32, 1e4, 8, 64)), magnitude=0.1 * numpy.log(8) + 1, last=131071),
    # Around one center for all, keys at these positions are beyond the range of f32; products are not.
    Fused("fused_18_decay", XPOS + ">", lambda b, at: F32, grows=XPOS + ", growing = true>", span=512.0, last=131072),
    Fused("fused_18_sections", f"#sextant.sections<of = {GEOMETRIC}, planes = [4, 6, 6]>", lambda b, at: F32,
          sections=[0] * 4 + [1] * 6 + [2] * 6),
    Fused("fused_18_interleaved_sections", f"#sextant.sections<of = {GEOMETRIC}, planes = [6, 5, 5], interleaved = true>", lambda b, at: F32,
          sections=[0, 1, 2] * 5 + [0]),
    Fused("fused_19_tail_of_planes", GEOMETRIC, lambda b, at: F32, size=35, pairs="interleaved", first=3),
]
