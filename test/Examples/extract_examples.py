"""Prints the IR between ```mlir fences of all .td files below a folder.

Only fences that contain `--with TEXT` are printed: a fence that shows an
attribute or a before/after sketch is no module.
"""

import argparse
import pathlib
import re
import textwrap


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--with", dest="needle", default="")
    arguments = parser.parse_args()
    parts = []
    for path in sorted(arguments.folder.rglob("*.td")):
        for fence in re.findall(r"```mlir\n(.*?)```", path.read_text(), re.S):
            if arguments.needle in fence:
                name = path.relative_to(arguments.folder)
                parts.append(f"// from {name}\n{textwrap.dedent(fence)}")
    print("\n// -----\n\n".join(parts))


if __name__ == "__main__":
    main()
