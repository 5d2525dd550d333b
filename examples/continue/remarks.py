"""Tells in a few lines what a remarks file says: what was fused, what was not."""

import collections
import re
import sys


def read_remarks(path):
    """One (kind, pass, text) for each YAML document of LLVM's remark format."""
    with open(path) as file:
        for document in file.read().split("\n---"):
            kind = re.search(r"!(Passed|Missed|Failure|Analysis)", document)
            if not kind:
                continue
            category = re.search(r"^Pass:\s+'?([^'\n]+)", document, re.M)
            strings = re.findall(r"^\s+- (?:Remark|String|Reason):\s+'?(.*?)'?$", document, re.M)
            yield kind.group(1), category.group(1) if category else "", " ".join(strings)


# The passes that recognise and fuse, in the order in which they run; what the
# others tell is about memory and loops.
SHOWN = [
    "sextant-raise-rotation", "sextant-raise-attention", "sextant-name-terms", "sextant-raise-cache",
    "sextant-tabulate-rotation", "sextant-attention-to-kernel", "sextant-pack-linear",
    "sextant-permit-aliases",
]


def main():
    counts = collections.Counter(read_remarks(sys.argv[1]))
    rows = {"Passed": [], "Missed": []}
    for (kind, category, text), count in counts.items():
        if category in SHOWN and kind in rows:
            rows[kind].append((SHOWN.index(category), category, text.replace("''", "'"), count))
    for kind, mark in (("Passed", "+"), ("Missed", "-")):
        for _, category, text, count in sorted(rows[kind]):
            print(f"   {mark} {count:2d} x {category[8:]:20} {text}")
    if not rows["Missed"]:
        print("   and nothing was missed")


if __name__ == "__main__":
    main()
