"""Lowers each published method to buffers for the CPU and looks at its memory:
nothing may be as large as a row for each query with an element for each key.
"""

import math
import re
import subprocess

import methods
import verdict

# Whole tiles of queries and keys, so that every size is known; and so many that 256 queries of
# all heads, whose products with a table lie in memory at once, are fewer.
QUERIES, KEYS = 2048, 2112
PIPELINE = ["--sextant-cpu-tensors", "--sextant-to-buffers"]


def main():
    failures = []
    for program in methods.programs(QUERIES, KEYS):
        source = program.function().replace("attributes {llvm.emit_c_interface} ", "")
        text = subprocess.run(["sextant-opt", *PIPELINE], input=source, text=True, check=True,
                              stdout=subprocess.PIPE).stdout
        sizes = [shape.split("x")[:-1]
                 for shape in re.findall(r"memref\.alloca?\(.*: memref<([^,>]*)", text)]
        for shape in sizes:
            if "?" in shape or math.prod(map(int, shape)) >= QUERIES * KEYS:
                failures.append(f"{program.name}: expects no buffer of {QUERIES} x {KEYS} elements, "
                                f"but got {'x'.join(shape)}")
    verdict.finish(failures, f"{len(methods.ALL)} methods")


if __name__ == "__main__":
    main()
