"""Lowers an attention with each term for the CPU and looks at what is allocated:
nothing of the size of queries by keys, and no attention left for loops."""

import argparse
import math
import re
import subprocess

import families
import verdict
from resized import resized

ROWS, KEYS = 523, 1031
PASSES = ["--canonicalize", "--sextant-tabulate-distances", "--sextant-join-pairs", "--sextant-attention-to-kernel",
          "--sextant-decompose", "--sextant-lower-terms", "--canonicalize",
          "--one-shot-bufferize=bufferize-function-boundaries", "--sextant-lower-cpu-kernels", "--canonicalize"]
# Why some are not the kernels'; tiles of the running form compute them.
REFUSED = {
    "double_precision": "f64",
    "values_in_double": "f64",
    "products_weighted_by_label": "products weighted by label",
}


def is_dense(case):
    """Whether the model itself brings an element for each query and key."""
    operands = [roles for roles, *_ in case.auxiliary.values()] + ([case.labels[1]] if case.labels else [])
    return any({"query", "key"} <= set(roles) for roles in operands)


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    written = {case.name: larger for case in families.every()
               if (larger := resized(case, ROWS, KEYS))}
    # Sizes that are known can be counted.
    for case in written.values():
        case.dynamic = False
    unknown = REFUSED.keys() - written.keys()
    chosen = [case for name, case in written.items() if name not in REFUSED]
    text = subprocess.run(["sextant-opt", "-", *PASSES], input="\n".join(case.function() for case in written.values()),
                          text=True, check=True, stdout=subprocess.PIPE).stdout
    failures = [f"{name}: expects a case of this name" for name in unknown]
    # A function that is called stands in front of the one that calls it.
    functions = re.split(r"^  func\.func (?:private )?@", text, flags=re.M)[1:]
    bodies = {re.match(r"\w+", function)[0]: function for function in functions}
    dense = {case.name for case in chosen if is_dense(case)}
    allowed = dense | REFUSED.keys()
    # A kernel is its callers', by which equal ones are shared.
    for kernel in bodies.keys() - written.keys():
        callers = {name for name in written if re.search(rf"@{kernel}\b", bodies.get(name, ""))}
        if callers and callers <= allowed:
            allowed.add(kernel)
    for name, function in bodies.items():
        if name in allowed:
            continue
        for shape in re.findall(r"= memref\.alloca?\(.*?\).*? : memref<((?:[\d?]+x)+)", function):
            dims = [ROWS if d == "?" else int(d) for d in shape.split("x")[:-1]]
            if math.prod(dims) >= ROWS * KEYS:
                failures.append(f"{name}: expects no buffer of queries by keys, but got {shape}")
        if re.search(rf"memref<(?:\d+x)*{ROWS}x{KEYS}x", function):
            failures.append(f"{name}: expects nothing of queries by keys")
    for name in written:
        if ("@sextant_attention" in bodies.get(name, "")) == (name in REFUSED):
            failures.append(f"{name}: expects {'no kernel' if name in REFUSED else 'a kernel'}")
    verdict.finish(failures, f"{len(chosen)} terms fused, {len(REFUSED)} known not to be", fewest=70)


if __name__ == "__main__":
    main()
