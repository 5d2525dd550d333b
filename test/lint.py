"""The house rules that a formatter does not know: sizes, names and headers.

Reads the files that git tracks and prints one line per violation; exits 1 if
there is any.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The size at which a file is split, by what it is.
LIMITS = [
    (r"^dialects/.*\.td$", 200),
    (r"^test/.*\.(mlir|test)$", 300),
    (r"^(lib|include|tools|examples)/.*\.(cpp|h|c)$", 600),
    (r"\.py$", 600),
]
# Where each kind of file lives.
HOMES = [
    (r"\.td$", r"^(dialects|test)/"),
    (r"\.cpp$", r"^(lib|tools|test|examples)/"),
    (r"\.h$", r"^(include|lib|test|examples)/"),
]
LICENSE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
ABSOLUTE = re.compile(r"(?<![\w.])/(?:root|home|work)/")


def tracked():
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [name for name in listing if (ROOT / name).is_file()]


def check(name):
    path = ROOT / name
    if re.search(r"\.(onnx|pb|npy|npz|png|safetensors)$", name):
        return
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return
    for pattern, limit in LIMITS:
        lines = text.count("\n")
        if re.search(pattern, name) and lines > limit:
            yield f"{name}: expects at most {limit} lines, but got {lines}"
    for pattern, home in HOMES:
        if re.search(pattern, name) and not re.search(home, name):
            yield f"{name}: expects a file of this kind below {home.strip('^/')}"
    if re.search(r"(^|/)(utils?|misc|helpers?|common)\b", name, re.I):
        yield f"{name}: a file is named for what it holds"
    if re.search(r"\.(cpp|h|c|td)$", name) and LICENSE not in text[:1000]:
        yield f"{name}: expects '{LICENSE}' in its header"
    if re.search(r"^lib/.*\.cpp$", name) and "cl::opt" in text:
        yield f"{name}: no global command-line options in libraries"
    if re.search(r"\.mlir$", name) and not re.fullmatch(r"[a-z0-9-]+\.mlir", path.name):
        yield f"{name}: expects a kebab-case name"
    for number, line in enumerate(text.splitlines(), 1):
        if name != "test/lint.py" and ABSOLUTE.search(line):
            yield f"{name}:{number}: names a path of one machine"
        if line != line.rstrip() and not name.endswith((".md", ".txt")):
            yield f"{name}:{number}: trailing space"


def main():
    problems = [problem for name in tracked() for problem in check(name)]
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
