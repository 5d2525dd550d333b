"""Every function of the math dialect, and fmod, in a score region: against float64
NumPy, and which of the C library's functions the compiled model then calls.

With a single key the log-sum-exp of a row is its score.
"""

import argparse
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy

ROWS = 1025
ANY, POSITIVE, UNIT, ABOVE = "any", "positive", "unit", "above"
# Arguments, and the function in f64. Those with two operands take x and 1.7, or x and 5.
OPS = {
    "math.sin": (ANY, numpy.sin), "math.cos": (ANY, numpy.cos), "math.tan": (ANY, numpy.tan),
    "math.sinh": (ANY, numpy.sinh), "math.cosh": (ANY, numpy.cosh), "math.tanh": (ANY, numpy.tanh),
    "math.asin": (UNIT, numpy.arcsin), "math.acos": (UNIT, numpy.arccos), "math.atan": (ANY, numpy.arctan),
    "math.asinh": (ANY, numpy.arcsinh), "math.acosh": (ABOVE, numpy.arccosh), "math.atanh": (UNIT, numpy.arctanh),
    "math.exp": (ANY, numpy.exp), "math.exp2": (ANY, numpy.exp2), "math.expm1": (ANY, numpy.expm1),
    "math.log": (POSITIVE, numpy.log), "math.log2": (POSITIVE, numpy.log2), "math.log10": (POSITIVE, numpy.log10),
    "math.log1p": (POSITIVE, numpy.log1p), "math.cbrt": (ANY, numpy.cbrt), "math.sqrt": (POSITIVE, numpy.sqrt),
    "math.rsqrt": (POSITIVE, lambda x: 1 / numpy.sqrt(x)), "math.erf": (ANY, numpy.vectorize(math.erf)),
    "math.erfc": (ANY, numpy.vectorize(math.erfc)), "math.absf": (ANY, abs), "math.ceil": (ANY, numpy.ceil),
    "math.floor": (ANY, numpy.floor), "math.trunc": (ANY, numpy.trunc), "math.roundeven": (ANY, numpy.round),
    "math.round": (ANY, lambda x: numpy.copysign(numpy.floor(abs(x) + 0.5), x)),
    "math.powf": (POSITIVE, lambda x: x ** float(numpy.float32(1.7))),
    "math.atan2": (ANY, lambda x: numpy.arctan2(x, float(numpy.float32(1.7)))),
    "math.copysign": (ANY, lambda x: abs(x)),
    "arith.remf": (ANY, lambda x: numpy.fmod(x, float(numpy.float32(1.7)))),
    "math.fpowi": (UNIT, lambda x: x ** 5),
    "math.clampf": (ANY, lambda x: numpy.clip(x, -0.5, float(numpy.float32(1.7)))),
    # Of a whole number, the key's position and a constant.
    "math.ipowi": (ANY, lambda x: x + 3.0 ** 5),
}
TWO = ("math.powf", "math.atan2", "math.copysign", "arith.remf")
# Calls that are left.
CALLED = {"fmodf"}
# Upstream's polynomials, in units of the last place of the largest of 1 and the result.
COARSE = {"math.tanh": 2, "math.erf": 2, "math.erfc": 2, "math.log1p": 1.2}


def module():
    kind = "tensor<1x1x?x1xf32>"
    text = [f"func.func @main(%q: {kind} {{sextant.name = \"q\", sextant.dims = [\"1\", \"1\", \"s\", \"1\"]}}, "
            f"%k: tensor<1x1x1x1xf32> {{sextant.name = \"k\"}}) -> ("]
    results = [f"tensor<1x1x?xf32> {{sextant.name = \"r{n}\", sextant.dims = [\"1\", \"1\", \"s\"]}}" for n in range(len(OPS))]
    text.append(", ".join(results) + ") {\n%c = arith.constant 1.7 : f32\n%n = arith.constant 5 : i32\n"
                "%three = arith.constant 3 : i32\n%d = arith.constant -0.5 : f32")
    for n, op in enumerate(OPS):
        rest, types = (", %c", "f32") if op in TWO else (", %n", "f32, i32") if op == "math.fpowi" else ("", "f32")
        line = f"%x = {op} %s{rest} : {types}"
        if op == "math.clampf":
            line = "%x = math.clampf %s to [%d, %c] : f32"
        elif op == "math.ipowi":
            line = ("%l = arith.index_cast %j : index to i32\n%t = arith.addi %l, %three : i32\n"
                    "%p = math.ipowi %t, %n : i32\n%f = arith.sitofp %p : i32 to f32\n%x = arith.addf %s, %f : f32")
        text.append(f"%o{n}, %r{n} = sextant.attention query(%q : {kind}) key(%k : tensor<1x1x1x1xf32>) value(%k : tensor<1x1x1x1xf32>) "
                    f"scale 1.0 log_sum_exp score {{\n^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):\n"
                    f"{line}\nsextant.yield %x : f32\n}} : {kind}, tensor<1x1x?xf32>")
    text.append("return " + ", ".join(f"%r{n}" for n in range(len(OPS))) + " : " + ", ".join(["tensor<1x1x?xf32>"] * len(OPS)) + "\n}")
    return "\n".join(text)


def arguments_of(which):
    random = numpy.random.default_rng(3)
    if which == UNIT:
        return random.uniform(-1, 1, ROWS).astype(numpy.float32)
    x = (random.uniform(-20, 20, ROWS) * 2.0 ** random.integers(-20, 2, ROWS)).astype(numpy.float32)
    return {ANY: x, POSITIVE: abs(x), ABOVE: 1 + abs(x)}[which]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="the folder of sextant_model.py")
    sys.path.insert(0, parser.parse_args().python)
    from sextant_model import Model
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "m.mlir")
        source.write_text(module())
        for target in ("cpu", "reference"):
            library = pathlib.Path(folder, f"{target}.so")
            subprocess.run(["sextant-compile", str(source), "-o", str(library), f"--target={target}"], check=True)
            if target == "cpu":
                names = subprocess.run(["llvm-nm", "-D", "-u", str(library)], check=True, text=True, stdout=subprocess.PIPE).stdout
                names = {line.split()[-1].split("@")[0] for line in names.splitlines()}
                known = names & {op.split(".")[1].replace("remf", "fmod") + end for op in OPS for end in ("", "f")}
                known |= names & {"pow", "powf", "fma", "fmaf", "fmod", "fmodf", "sincos", "sincosf"}
                if known != CALLED:
                    failures += 1
                    print(f"expects calls of {sorted(CALLED)}, but got {sorted(known)}")
            model = Model(library)
            for which in (ANY, POSITIVE, UNIT, ABOVE):
                x = arguments_of(which)
                got = model.run({"q": x.reshape(1, 1, -1, 1), "k": numpy.ones((1, 1, 1, 1), numpy.float32)}, 1)
                for n, (op, (own, function)) in enumerate(OPS.items()):
                    if own != which:
                        continue
                    want = function(x.astype(float))
                    ulp = 2.0 ** -23 * numpy.maximum(abs(want), 1)
                    worst = (abs(got[f"r{n}"].ravel() - want) / ulp).max()
                    wrong = not worst <= (COARSE.get(op, 1.01) if target == "cpu" else 4)
                    failures += wrong
                    print(f"{target}, {op}: largest error {worst:.3f}{', which is too much' if wrong else ''}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
