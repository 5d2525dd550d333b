"""Compares the numbers of constraints in three places.

A constraint (C3) of an op or attribute `name` stands in its specification, in
the comment `// name (C3)` of the verifier, and in the name `@name_c3...` of a
negative test. What one place has and another lacks is printed.
"""

import collections
import pathlib
import re
import sys


def specified(folder):
    """From each .td; shared prose before the first def belongs to attention."""
    found = collections.defaultdict(set)
    for path in sorted(folder.rglob("*.td")):
        name = "attention" if path.stem == "AttentionBase" else None
        for line in path.read_text().splitlines():
            if define := re.match(r'def \w+\s*:\s*\w+<(.*)', line):
                strings = re.findall(r'"([^"]+)"', define[1])
                lower = [s for s in strings[:2] if re.fullmatch(r"[a-z_0-9]+", s)]
                name = lower[0] if lower else name
            if mnemonic := re.search(r'let mnemonic = "(\w+)"', line):
                name = mnemonic[1]
            if number := re.match(r"\s*(?:-|\d+\.) `?\(C(\d+)\)", line):
                found[name].add(int(number[1]))
    return found


def commented(folder):
    found = collections.defaultdict(set)
    for path in folder.rglob("*.cpp"):
        for name, numbers in re.findall(r"//+ (\w+) ((?:\(C\d+\)(?:, | and )?)+)", path.read_text()):
            found[name] |= {int(n) for n in re.findall(r"\d+", numbers)}
    return found


def tested(folder):
    found = collections.defaultdict(set)
    for path in folder.rglob("*invalid*.mlir"):
        for name, number in re.findall(r"@(\w+?)_c(\d+)", path.read_text()):
            found[name].add(int(number))
    return found


def main():
    root = pathlib.Path(sys.argv[1])
    places = {"the specification": specified(root / "dialects"),
              "a verifier's comment": commented(root / "lib"),
              "a negative test": tested(root / "test")}
    everything = {(name, number) for place in places.values()
                  for name, numbers in place.items() for number in numbers}
    complaints = [f"{name} (C{number}) is missing in {place}"
                  for name, number in sorted(everything, key=str)
                  for place, found in places.items() if number not in found[name]]
    print("\n".join(complaints))
    print(f"{len(everything)} constraints, {len(complaints)} missing")
    sys.exit(bool(complaints) or not everything)


if __name__ == "__main__":
    main()
