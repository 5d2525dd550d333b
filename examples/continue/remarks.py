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


def main():
    counts = collections.Counter(read_remarks(sys.argv[1]))
    for kind, mark in (("Passed", "+"), ("Missed", "-")):
        for (found, category, text), count in sorted(counts.items(), key=lambda item: item[0][1]):
            if found == kind:
                print(f"   {mark} {count:3d} x  {category}: {text}")
    if not counts:
        print("   no remarks")


if __name__ == "__main__":
    main()
