"""Runs `./dev manual` and counts its pages against the specifications.

    check_manual.py SOURCE BUILD

Each op, attribute and pass of the .td files has a page and no other page is
there; each has a summary and, but for the words of an enumeration, an example.
Terms and schedules have a formula.
"""

import os
import pathlib
import re
import subprocess
import sys

# What the class in a specification makes of its name.
OP = re.compile(r"^def \w+\s*:\s*(?:Op<Sextant_Dialect|Sextant_\w+)<?,?\s*\"([a-z_]+)\"", re.M)
ATTRIBUTE = re.compile(r"^def \w+\s*:\s*(?:AttrDef<Sextant_Dialect, |Sextant_Schedule<)\"(\w+)\"", re.M)
WORDS = re.compile(r"^def Sextant_(\w+)\s*:\s*EnumAttr<Sextant_Dialect", re.M)
PASS = re.compile(r"^def \w+\s*:\s*(?:Interface)?Pass<\"([a-z-]+)\"", re.M)


def expected(source):
    """Page to whether it has an example and whether it has a formula."""
    pages = {}
    for path in sorted((source / "dialects").rglob("*.td")):
        text, folder = path.read_text(), path.parent.name
        if "Sextant" in path.parts[len(source.parts):-1]:
            for name in OP.findall(text):
                if not re.search(rf'Sextant_(?:Enum|Schedule)<"{name}"', text):
                    pages[f"sextant-{name}"] = True, folder == "Terms"
            for name in ATTRIBUTE.findall(text):
                pages[f"{name}Attr"] = True, folder == "Schedules"
            for name in WORDS.findall(text):
                pages[f"{name}Attr"] = False, False
        for name in PASS.findall(text):
            pages[name] = True, False
    return pages


def main():
    source, build = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    if build.parent != source / "build":
        # `dev` knows builds of presets alone.
        print("built elsewhere: 0 pages of 0 specifications, 0 problems")
        return
    subprocess.run([source / "dev", "manual"], check=True, env=os.environ | {"SEXTANT_PRESET": build.name})
    folder = build / "manual"
    want = expected(source)
    have = {path.stem: path.read_text() for path in folder.glob("*.md") if path.stem != "README"}
    problems = [f"{name}: expects a page" for name in want if name not in have]
    problems += [f"{name}: expects a specification" for name in have if name not in want]
    listed = (folder / "README.md").read_text()
    for name in want.keys() & have.keys():
        text = have[name]
        example, formula = want[name]
        if not re.search(r"^_\S.*\S_$", text, re.M):
            problems.append(f"{name}: expects a summary")
        if example and "```mlir" not in text:
            problems.append(f"{name}: expects an example")
        # Lines set off from a paragraph, outside of the example.
        if formula and not re.search(r"^    +\S", re.sub(r"```.*?```", "", text, flags=re.S), re.M):
            problems.append(f"{name}: expects a formula")
        if f"({name}.md): " not in listed:
            problems.append(f"{name}: expects an entry in the list")
    print("\n".join(sorted(problems)))
    kinds = [sum(map(kind, want)) for kind in (lambda n: n.endswith("Attr"), lambda n: "_" in n)]
    print(f"{len(have)} pages of {len(want)} specifications, {len(problems)} problems")
    sys.exit(bool(problems) or len(want) < 80 or not all(kinds))


if __name__ == "__main__":
    main()
