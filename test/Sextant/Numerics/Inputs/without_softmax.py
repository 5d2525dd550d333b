"""Linear attention and CoPE against float64 NumPy, written from the papers."""

import argparse
import itertools
import re
import tempfile
import zlib

import numpy

import native
import shipped
import verdict

TOLERANCE = {"f64": 1e-12, "f32": 4e-6, "f16": 2e-3}


def geometric(size, base=1e4):
    return base ** (-numpy.arange(0, size, 2) / size)


def turned(x, start=0):
    """RoFormer's rotation of neighbours, as a product of complex numbers."""
    angle = (numpy.arange(x.shape[2]) + start)[:, None] * geometric(x.shape[3])
    z = (x[..., ::2] + 1j * x[..., 1::2]) * numpy.exp(1j * angle)
    return numpy.stack([z.real, z.imag], axis=-1).reshape(x.shape)


def shared(x, heads):
    return numpy.repeat(x, heads // x.shape[1], axis=1)


def quadratic(qr, kr, q, k, v, causal, past=None):
    """Equation 19, with every weight written out."""
    heads = q.shape[1]
    kr, k, v = (shared(x, heads) for x in (kr, k, v))
    seen = numpy.tril(numpy.ones((q.shape[2], k.shape[2]))) if causal else 1.0
    above = numpy.einsum("bhid,bhjd->bhij", qr, kr) * seen
    below = numpy.einsum("bhid,bhjd->bhij", q, k) * seen
    total, divisor = numpy.einsum("bhij,bhje->bhie", above, v), below.sum(-1)
    if past:
        total = total + numpy.einsum("bhid,bhde->bhie", qr, shared(past[0], heads))
        divisor = divisor + numpy.einsum("bhid,bhd->bhi", q, shared(past[1], heads))
    return total / divisor[..., None]


def cope(q, k, v, table, scale, past):
    """x-transformers' order of operations, row by row."""
    heads, rows, keys = q.shape[1], q.shape[2], k.shape[2]
    k, v = shared(k, heads), shared(v, heads)
    result = numpy.zeros(q.shape[:3] + v.shape[3:])
    for b, h, i in numpy.ndindex(q.shape[0], heads, rows):
        score = scale * k[b, h, :i + past + 1] @ q[b, h, i]
        gates = 1 / (1 + numpy.exp(-score))
        position = numpy.minimum(gates[::-1].cumsum()[::-1], len(table) - 1)
        low, high = numpy.floor(position).astype(int), numpy.ceil(position).astype(int)
        at = table @ q[b, h, i]
        share = position - low
        score = score + (1 - share) * at[low] + share * at[high]
        weight = numpy.exp(score - score.max())
        result[b, h, i] = weight @ v[b, h, :i + past + 1] / weight.sum()
    return result


class Linear:
    def __init__(self, name, heads=6, groups=3, rows=11, keys=None, causal=True, state=False,
                 element="f32", dynamic=False, batch=2, size=8, width=5):
        self.name, self.causal, self.element, self.state = name, causal, element, state
        random = numpy.random.default_rng(zlib.crc32(name.encode()))

        def feature(*shape):
            # elu + 1 of anything.
            x = random.standard_normal(shape)
            return numpy.where(x > 0, x + 1, numpy.exp(x))
        keys = keys or rows
        q, k = feature(batch, heads, rows, size), feature(batch, groups, keys, size)
        arrays = [turned(q), turned(k), q, k, random.standard_normal((batch, groups, keys, width))]
        self.arrays = [native.store(x, element) for x in arrays]
        self.wide = "f64" if element == "f64" else "f32"
        if state:
            self.arrays += [native.store(x, self.wide) for x in (
                random.standard_normal((batch, groups, size, width)), feature(batch, groups, size))]
        self.dynamic = dynamic
        self.result = (batch, heads, rows, width)

    def kind(self, shape, element):
        dims = ["?" if self.dynamic and n == 2 and len(shape) == 4 and shape[3] != 0 else str(d)
                for n, d in enumerate(shape)]
        return "tensor<" + "x".join(dims) + f"x{element}>"

    def function(self):
        kinds = [self.kind(x.shape, self.element) for x in self.arrays[:5]]
        states = ["tensor<" + "x".join(map(str, x.shape)) + f"x{self.wide}>" for x in self.arrays[5:]]
        names = ["%qr", "%kr", "%q", "%k", "%v", "%a", "%z"]
        results = [self.kind(self.result, self.element)] + states
        state = f"state(%a, %z : {', '.join(states)})" if states else ""
        count = f":{len(results)}" if states else ""
        values = ", ".join(f"%r#{n}" for n in range(len(results))) if states else "%r"
        return (f"func.func @{self.name}({', '.join(f'{n}: {t}' for n, t in zip(names, kinds + states))}) -> "
                f"({', '.join(results)}) attributes {{llvm.emit_c_interface}} {{\n"
                f"%r{count} = sextant.linear_attention numerator(%qr, %kr : {kinds[0]}, {kinds[1]}) "
                f"denominator(%q, %k : {kinds[2]}, {kinds[3]}) value(%v : {kinds[4]}) {state} "
                f"{'causal' if self.causal else ''} : {', '.join(results)}\n"
                f"return {values} : {', '.join(results)}\n}}\n")

    def check(self, library):
        results = [(4, self.element)] + ([(4, self.wide), (3, self.wide)] if self.state else [])
        # What a function is given, it may write over.
        got = native.call(library, self.name, [a.copy() for a in self.arrays], results)
        x = [native.load(a, self.element) for a in self.arrays[:5]]
        past = [a.astype(float) for a in self.arrays[5:]] or None
        yield got[0], quadratic(*x, self.causal, past)
        if self.state:
            yield got[1], past[0] + numpy.einsum("bgjd,bgje->bgde", x[1], x[4])
            yield got[2], past[1] + x[3].sum(axis=2)


class Cope:
    def __init__(self, name, past=0, rows=7, element="f32", positions=4, scale=0.5):
        self.name, self.past, self.element, self.scale = name, past, element, scale
        random = numpy.random.default_rng(zlib.crc32(name.encode()))
        shapes = ((2, 6, rows, 8), (2, 3, rows + past, 8), (2, 3, rows + past, 5), (positions, 8))
        self.arrays = [native.store(random.standard_normal(shape), element) for shape in shapes]

    def function(self):
        kinds = ["tensor<" + "x".join(map(str, x.shape)) + f"x{self.element}>" for x in self.arrays]
        result = kinds[0].replace(f"x8x{self.element}", f"x5x{self.element}")
        return (f"func.func @{self.name}(%q: {kinds[0]}, %k: {kinds[1]}, %v: {kinds[2]}, %e: {kinds[3]}, %past: index) -> "
                f"{result} attributes {{llvm.emit_c_interface}} {{\n"
                f"%r = sextant.cope query(%q : {kinds[0]}) key(%k : {kinds[1]}) value(%v : {kinds[2]}) "
                f"table(%e : {kinds[3]}) past %past scale {self.scale:e} : {result}\nreturn %r : {result}\n}}\n")

    def check(self, library):
        got = native.call(library, self.name, [*self.arrays, self.past], [(4, self.element)])[0]
        yield got, cope(*(native.load(x, self.element) for x in self.arrays), self.scale, self.past)


ALL = [
    Linear("causal"),
    Linear("causal_over_several_chunks", rows=23, dynamic=True),
    Linear("causal_behind_a_state", rows=13, state=True),
    Linear("one_row_behind_a_state", rows=1, state=True, dynamic=True),
    Linear("whole_chunks_behind_a_state", rows=15, state=True, dynamic=True),
    Linear("every_key", rows=7, keys=13, causal=False),
    Linear("every_key_behind_a_state", rows=7, keys=13, causal=False, state=True, dynamic=True),
    Linear("of_one_key_head", heads=5, groups=1, rows=17),
    Linear("in_f64", element="f64", rows=17, state=True),
    Linear("in_f16", element="f16", rows=17, state=True),
    Cope("cope"), Cope("cope_behind_a_past", past=5, rows=3), Cope("cope_in_f64", element="f64", positions=2),
    # The last position is reached, and what is counted beyond it is the last.
    Cope("cope_beyond_its_table", rows=13, positions=3),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--only", default="")
    parser.add_argument("--shipped", action="store_true")
    arguments = parser.parse_args()
    failures, chosen = [], [case for case in ALL if re.search(arguments.only, case.name)]
    with tempfile.TemporaryDirectory() as folder:
        source = "\n".join(case.function() for case in chosen)
        libraries = (shipped.build(source, folder, "linear").values() if arguments.shipped else
                     [native.build(source, [f"--{p}" for p in arguments.passes], folder, "linear")])
        for library, case in itertools.product(libraries, chosen):
            for got, want in case.check(library):
                error = numpy.abs(got.astype(numpy.float64) - want).max() / max(numpy.abs(want).max(), 1)
                if got.shape != want.shape or not error <= TOLERANCE[case.element]:
                    failures.append(f"{case.name}: expects {want.shape} within {TOLERANCE[case.element]}, "
                                    f"but got {got.shape}, {error:.2e}")
    verdict.finish(failures, f"{len(chosen)} cases")


if __name__ == "__main__":
    main()
