"""Lowers each published method to buffers for the CPU and looks at its memory:
nothing may be as large as a row for each query with an element for each key,
and with tables of every distance all of it together may be neither that, for
one head, nor larger than what is known.
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

# Tables with an entry for each distance of so many queries and keys, and what all buffers hold,
# in elements; the scores of two batch entries and three heads would be 6 * LONG * LONG.
LONG = 1024
KNOWN = {
    "shaw_keys_and_values": 608_000,
    "huang_method_3": 0,
    "huang_method_4": 892_608,
    "transformer_xl": 409_600,
    "deberta": 974_618,
}


def buffers(program):
    """The shapes of what is allocated."""
    source = program.function().replace("attributes {llvm.emit_c_interface} ", "")
    text = subprocess.run(["sextant-opt", *PIPELINE], input=source, text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    return [shape.split("x")[:-1] for shape in re.findall(r"memref\.alloca?\(.*: memref<([^,>]*)", text)]


def main():
    failures = []
    for program in methods.programs(QUERIES, KEYS):
        for shape in buffers(program):
            if "?" in shape or math.prod(map(int, shape)) >= QUERIES * KEYS:
                failures.append(f"{program.name}: expects no buffer of {QUERIES} x {KEYS} elements, "
                                f"but got {'x'.join(shape)}")
    long = {program.name: program for program in methods.programs(LONG, LONG, CLIP=LONG - 1)}
    for name, most in KNOWN.items():
        shapes = buffers(long[name])
        held = sum(math.prod(map(int, shape)) for shape in shapes if "?" not in shape)
        if held > min(most, LONG * LONG - 1) or any("?" in shape for shape in shapes):
            failures.append(f"{name}: expects buffers of {most} elements with long tables, but got {held}: {shapes}")
    verdict.finish(failures, f"{len(methods.ALL)} methods, {len(KNOWN)} of them with long tables")


if __name__ == "__main__":
    main()
