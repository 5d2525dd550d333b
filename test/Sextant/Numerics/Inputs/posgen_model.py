"""PosGen's tasks as models: each next token is four times the average of the four
tokens before it that the task adds, which a score region finds by their positions.
A token in front, which no task reads, moves every row by one.
"""

import random
import tempfile

import numpy

import native
import shipped
import verdict
from posgen import KINDS, data_sets

VOCABULARY, SIZE = 17, 8
# Whether the key at %j is the one that a task reads beside the last three: the fourth last, the first, the middle.
BESIDE = {
    "recursive": "%p = arith.subi %i, %three : index",
    "chain": "%p = arith.muli %i, %zero : index",
    # (length - 4) / 2, of the length behind row i.
    "semi": "%last = arith.subi %i, %three : index\n%p = arith.divui %last, %two : index",
}


def function(kind):
    q, v = f"tensor<1x2x?x{SIZE}xf32>", "tensor<1x2x?x1xf32>"
    return (f"func.func @{kind}(%q: {q}, %k: {q}, %v: {v}) -> {v} attributes {{llvm.emit_c_interface}} {{\n"
            f"%axis = arith.constant 2 : index\n%rows = tensor.dim %q, %axis : {q}\n%keys = tensor.dim %k, %axis : {q}\n"
            f"%behind = arith.subi %keys, %rows : index\n%minus = arith.constant -1 : index\n%first = arith.addi %behind, %minus : index\n"
            f"%o = sextant.attention query(%q : {q}) key(%k : {q}) value(%v : {v}) at [0, 0, %first, -1] scale 1.0 score {{\n"
            "^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):\n"
            "%zero = arith.constant 0 : index\n%two = arith.constant 2 : index\n%three = arith.constant 3 : index\n"
            f"%none = arith.constant 0xFF800000 : f32\n{BESIDE[kind]}\n%beside = arith.cmpi eq, %j, %p : index\n"
            "%d = arith.subi %i, %j : index\n%near = arith.cmpi ult, %d, %three : index\n"
            "%keep = arith.ori %beside, %near : i1\n%w = arith.select %keep, %s, %none : f32\n"
            f"%c = sextant.causal %w at %i, %j : f32\nsextant.yield %c : f32\n}} : {v}\nreturn %o : {v}\n}}\n")


def resonant():
    """A wave for each of 32 planes, of 64 trained positions and a token in front."""
    kind = "tensor<1x1x?x64xf32>"
    return (f"func.func @resonant(%x: {kind}) -> {kind} attributes {{llvm.emit_c_interface}} {{\n"
            f"%axis = arith.constant 2 : index\n%rows = tensor.dim %x, %axis : {kind}\n%e = tensor.empty(%rows) : {kind}\n"
            f"%r = sextant.rotate ins(%x : {kind}) outs(%e : {kind}) by #sextant.resonance<of = #sextant.geometric<base = 1.0e4>> pairs halves\n"
            f"return %r : {kind}\n}}\n")


def main():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        libraries = shipped.build("".join(map(function, KINDS)) + resonant(), folder, "posgen")
    for target, library in libraries.items():
        for kind in KINDS:
            (sequence,), = data_sets(kind, VOCABULARY, (1,), (256,), random.Random(5549))
            # The token in front is far from any value, so that reading it shows.
            tokens = numpy.array([1e6, *sequence])[None, None, :, None].repeat(2, 1).astype(numpy.float32)
            flat = numpy.zeros((1, 2, 257, SIZE), numpy.float32)
            # Every row of the prompt; a chunk; one row.
            for rows in (257, 5, 1):
                got = native.call(library, kind, [flat[:, :, :rows], flat, tokens], [(4, "f32")])[0]
                read = max(257 - rows, 4)
                summed = numpy.round(4 * got[0, :, read - (257 - rows):, 0].astype(float))
                want = numpy.array([*sequence[4:], None])[read - 4:-1].astype(int)
                if (summed[:, :-1] % VOCABULARY != want).any() or abs(summed / 4 - got[0, :, read - (257 - rows):, 0]).max() > 1e-5:
                    failures.append(f"{target}, {kind}, {rows} rows: expects {want[:8]}, but got {summed[0, :8] % VOCABULARY}")
        # Planes below the critical one are at some trained position what they are at any: 9 of 32, and not 17.
        x = numpy.repeat(numpy.float32([1, 0]), 32)[None, None, None].repeat(257, 2)
        turned = native.call(library, "resonant", [x], [(4, "f32")])[0][0, 0]
        known = [{(row[t], row[t + 32]) for row in turned[:64]} for t in range(32)]
        repeat = sum(all((row[t], row[t + 32]) in known[t] for row in turned[65:]) for t in range(32))
        if repeat != 9:
            failures.append(f"{target}: expects 9 planes that repeat, but got {repeat}")
    verdict.finish(failures, f"{len(KINDS)} tasks")


if __name__ == "__main__":
    main()
