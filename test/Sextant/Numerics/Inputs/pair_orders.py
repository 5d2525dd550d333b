"""Queries and keys with a bias, a weighted norm and a rotation of some dimensions,
in either order of pairs: neighbours are halves where every weight is permuted
alike. Keys that are values as well are what they are in their own order.
"""

import argparse
import tempfile

import numpy

import native
import shipped
import verdict
from rotations import geometric, turn

HEADS, KEY_HEADS, ROWS, KEYS, SIZE, COUNT, PAST = 6, 2, 5, 11, 40, 32, 6
ORDER = numpy.r_[0:COUNT:2, 1:COUNT:2, COUNT:SIZE]


def kind(*shape):
    return f"tensor<{'x'.join(map(str, shape))}xf32>"


def normed(name, heads, rows, start, pairs):
    """Lines for %NAME_turned of %NAME, its bias and its norm's weight."""
    whole, row, size = kind(1, heads, rows, SIZE), kind(1, heads, rows), kind(SIZE)
    maps = {"all": "(b, h, s, d) -> (b, h, s, d)", "row": "(b, h, s, d) -> (b, h, s)", "last": "(b, h, s, d) -> (d)"}

    def generic(result, inputs, output, reads, body, last="parallel"):
        which = ", ".join(f"affine_map<{maps[m]}>" for m in reads)
        loops = ", ".join(['"parallel"'] * 3 + [f'"{last}"'])
        values, types = ", ".join(v for v, _ in inputs), ", ".join(t for _, t in inputs)
        return (f"%{result} = linalg.generic {{indexing_maps = [{which}], iterator_types = [{loops}]}} "
                f"ins({values} : {types}) outs({output[0]} : {output[1]}) {{\n{body}\n}} -> {output[1]}")
    return "\n".join([
        f"%{name}_e = tensor.empty() : {whole}\n%{name}_r = tensor.empty() : {row}\n%{name}_z = arith.constant 0.0 : f32",
        f"%{name}_n = linalg.fill ins(%{name}_z : f32) outs(%{name}_r : {row}) -> {row}",
        generic(f"{name}_moved", [(f"%{name}", whole), (f"%{name}_bias", size)], (f"%{name}_e", whole), ["all", "last", "all"],
                "^bb0(%x: f32, %y: f32, %o: f32):\n%0 = arith.addf %x, %y : f32\nlinalg.yield %0 : f32"),
        generic(f"{name}_squares", [(f"%{name}_moved", whole)], (f"%{name}_n", row), ["all", "row"],
                "^bb0(%x: f32, %y: f32):\n%0 = arith.mulf %x, %x : f32\n%1 = arith.addf %y, %0 : f32\nlinalg.yield %1 : f32",
                "reduction"),
        generic(f"{name}_normed", [(f"%{name}_moved", whole), (f"%{name}_squares", row), (f"%{name}_weight", size)],
                (f"%{name}_e", whole), ["all", "row", "last", "all"],
                "^bb0(%x: f32, %y: f32, %z: f32, %o: f32):\n%0 = math.rsqrt %y : f32\n%1 = arith.mulf %x, %0 : f32\n"
                "%2 = arith.mulf %1, %z : f32\nlinalg.yield %2 : f32"),
        f"%{name}_start = arith.constant {start} : index",
        f"%{name}_turned = sextant.rotate ins(%{name}_normed : {whole}) outs(%{name}_e : {whole}) from %{name}_start "
        f"by #sextant.geometric<base = 1.0e4> pairs {pairs} count {COUNT}"])


def function(name, pairs, shared):
    q, k = kind(1, HEADS, ROWS, SIZE), kind(1, KEY_HEADS, KEYS, SIZE)
    values = "%k_turned" if shared else "%v"
    more = "".join(f", %{n}_{what}: {kind(SIZE)}" for n in "qk" for what in ("bias", "weight"))
    return (f"func.func @{name}(%q: {q}, %k: {k}, %v: {k}{more}) -> {q} attributes {{llvm.emit_c_interface}} {{\n"
            f"{normed('q', HEADS, ROWS, PAST, pairs)}\n{normed('k', KEY_HEADS, KEYS, 0, pairs)}\n"
            f"%o = sextant.attention query(%q_turned : {q}) key(%k_turned : {k}) value({values} : {k}) "
            f"at [0, 0, {PAST}, 0] scale 2.0 score {{\n"
            "^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):\n%c = sextant.causal %s at %i, %j : f32\n"
            f"sextant.yield %c : f32\n}} : {q}\nreturn %o : {q}\n}}\n")


def expected(pairs, shared, q, k, v, q_bias, q_weight, k_bias, k_weight):
    def prepared(x, bias, weight, start):
        x = x.astype(float) + bias
        x = x / numpy.sqrt((x * x).sum(-1, keepdims=True)) * weight
        angles = (numpy.arange(x.shape[2])[None, :, None] + start) * geometric(1e4, COUNT)
        return turn(x, angles, pairs, count=COUNT)
    q, k = prepared(q, q_bias, q_weight, PAST), prepared(k, k_bias, k_weight, 0)
    k, v = (numpy.repeat(x, HEADS // KEY_HEADS, 1) for x in (k, k if shared else v.astype(float)))
    score = 2.0 * q @ k.swapaxes(-1, -2)
    score = numpy.where(numpy.arange(KEYS) <= numpy.arange(ROWS)[:, None] + PAST, score, -numpy.inf)
    weight = numpy.exp(score - score.max(-1, keepdims=True))
    return weight @ v / weight.sum(-1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", nargs="*", default=[])
    parser.add_argument("--processor", default="")
    parser.add_argument("--shipped", action="store_true")
    arguments = parser.parse_args()
    random = numpy.random.default_rng(7)
    shapes = [(1, HEADS, ROWS, SIZE), *[(1, KEY_HEADS, KEYS, SIZE)] * 2, *[(SIZE,)] * 4]
    data = [random.standard_normal(shape).astype(numpy.float32) for shape in shapes]
    # Everything but the values has the dimensions of queries and keys.
    permuted = [x if n == 2 else numpy.ascontiguousarray(x[..., ORDER]) for n, x in enumerate(data)]
    results, failures = {}, []
    with tempfile.TemporaryDirectory() as folder:
        names = [(pairs, shared) for pairs in ("interleaved", "halves") for shared in (False, True)]
        source = "".join(function(f"{p}_{s}", p, s) for p, s in names)
        if arguments.shipped:
            library = shipped.Functions(source, folder, "orders", "cpu")
        else:
            library = native.build(source, [f"--{p}" for p in arguments.passes], folder, "orders", arguments.processor)
        for pairs, shared in names:
            given = data if pairs == "interleaved" else permuted
            got = native.call(library, f"{pairs}_{shared}", [x.copy() for x in given], [(4, "f32")])[0]
            error = abs(got - expected(pairs, shared, *given)).max()
            if not error < 3e-6:
                failures.append(f"{pairs}, values {'shared' if shared else 'apart'}: expects the formula, but is off by {error:.1e}")
            results[pairs, shared] = got
        other = native.call(library, "halves_False", [x.copy() for x in permuted[:6]] + [data[6].copy()], [(4, "f32")])[0]

    def differ(a, b):
        return abs(a - b).max()
    apart, shared = ([results[pairs, s] for pairs in ("interleaved", "halves")] for s in (False, True))
    for text, holds in (
            ("neighbours to be halves of permuted weights", differ(*apart) < 3e-6),
            ("a norm's weights that stay to matter", differ(apart[1], other) > 1e-2),
            ("shared values in the order of the keys", differ(shared[0][..., ORDER], shared[1]) < 3e-6),
            ("shared values in their own order to be none in the other", differ(*shared) > 1e-1)):
        if not holds:
            failures.append(f"expects {text}")
    verdict.finish(failures, f"{len(names)} programs")


if __name__ == "__main__":
    main()
