"""Lowers an attention with each term for the CPU and looks at what is allocated:
nothing of the size of queries by keys, and no attention left for loops."""

import argparse
import math
import re
import subprocess
import sys

import numpy

import position_terms
from cases import Case

ROWS, KEYS = 523, 1031
PASSES = ["--canonicalize", "--sextant-tabulate-distances", "--sextant-attention-to-kernel", "--sextant-decompose",
          "--sextant-lower-terms", "--canonicalize", "--one-shot-bufferize=bufferize-function-boundaries",
          "--sextant-lower-cpu-kernels", "--canonicalize"]
# A row of its own for each score is gathered by no kernel: lookups are by distance instead.
REFUSED = {"content_by_logarithmic_buckets"}


def enlarged(case):
    tensors = {}
    for name, (shape, element, _) in case.types.items():
        if name in case.queries + case.keys + ["v", "sink"]:
            continue
        roles = case.auxiliary.get(name, ((), 0))[0]
        sizes = {"query": ROWS, "key": KEYS}
        shape = tuple(sizes.get(role, size) if size != 1 else 1 for role, size in zip(roles, shape)) if roles else shape
        tensors[name] = (shape, element, numpy.zeros(shape))
    heads = case.rows[1]
    return Case(case.name, heads=heads, key_heads=[heads], batch=1 if not tensors else case.rows[0], rows=ROWS, keys=KEYS,
                scale=case.scale, origin=case.origin, tensors=tensors, auxiliary=case.auxiliary, captured=case.captured,
                region=case.region, uniform=case.uniform, log_sum_exp=case.log_sum_exp)


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    chosen = [enlarged(case) for case in position_terms.ALL if case.name not in REFUSED]
    text = subprocess.run(["sextant-opt", "-", *PASSES], input="\n".join(case.function() for case in chosen),
                          text=True, check=True, stdout=subprocess.PIPE).stdout
    failures = []
    functions = re.split(r"^  func\.func (?:private )?@", text, flags=re.M)[1:]
    for function in functions:
        name = re.match(r"\w+", function)[0]
        for shape in re.findall(r"= memref\.alloca?\(.*?\).*? : memref<((?:[\d?]+x)+)", function):
            dims = [ROWS if d == "?" else int(d) for d in shape.split("x")[:-1]]
            if math.prod(dims) >= ROWS * KEYS:
                failures.append(f"{name}: expects no buffer of queries by keys, but got {shape}")
        if re.search(r"memref<(?:\d+x)*523x1031x", function):
            failures.append(f"{name}: expects nothing of queries by keys")
    kernels = sum("call @sextant_attention" in function or "sextant_attention" in function for function in functions)
    for case in chosen:
        body = next((f for f in functions if f.startswith(case.name + "(")), "")
        if "@sextant_attention" not in body:
            failures.append(f"{case.name}: expects a kernel, but got none")
    print("\n".join(failures))
    print(f"{len(chosen)} terms fused, {kernels} functions, {len(failures)} failures")
    sys.exit(bool(failures) or len(chosen) < 20)


if __name__ == "__main__":
    main()
