"""Sums what the checks of architectures left behind, as one line.

    python test/Oracles/counts.py build/dev/test/Oracles
"""

import json
import pathlib
import sys


def line(rows):
    def total(key):
        return sum(row[key] for row in rows)
    names = {row["name"] for row in rows}
    graphs = {(row["name"], row["graph"]) for row in rows}
    agree = sum(not row["wrong"] for row in rows)
    return (f"{len(names)} architectures, {len(graphs)} graphs, {total('sets')} data sets over all targets: "
            f"{agree} of {len(rows)} compilations agree; {total('raised')} of {total('attentions')} attentions and "
            f"{total('rotated')} of {total('rotations')} rotations raised; "
            f"{total('unfused')} positions left unfused (goal 0)")


def main():
    found = sorted(pathlib.Path(sys.argv[1]).rglob("*.rows.json"))
    rows = [row for path in found for row in json.loads(path.read_text())]
    if rows:
        print(line(rows))


if __name__ == "__main__":
    main()
