"""Compiles the exports of architectures.py and compares them with what PyTorch answers.

    python test/Oracles/check_architectures.py TOOLS build/oracles/architectures [NAME ...] [--targets cpu reference]

Prints a table: for each graph how many attentions and rotations were raised of
those that it holds, how many positions were left unfused, and the largest
error. Counts are pinned: fewer raised or more unfused is a failure.

On `cpu` a position is left unfused where a rotation was not raised, where an
attention was not or is none of the fused kernel's, and where it takes an array
with an entry for each query and key. `reference` fuses nothing.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

import numpy as np

import architectures
import compiled
import counts
import exports
from compiled import Model, ModelError

RELATIVE, ABSOLUTE = 1e-3, 1e-4


def compile_model(tools, graph, target, scratch):
    """The library, and what its raised module and remarks say of its positions."""
    library, stages = scratch / f"{graph.parent.name}-{graph.stem}-{target}.so", scratch / "stages"
    remarks = scratch / "remarks.yaml"
    compiled.compile_file(tools, graph, library, target,
                          ["--prefix=model", f"--save-stages={stages}", f"--remarks-file={remarks}"])
    return library, positions((stages / "01-sextant.mlir").read_text(), remarks.read_text())


def positions(module, remarks):
    """How many attentions and rotations a raised module has, and how many arrays of scores."""
    attentions, arrays = re.findall(r"= sextant\.attention .*", module), 0
    for line in attentions:
        for _, roles, sizes in re.findall(r"(%\S+) as <\[([a-z, ]*)\][^>]*> : tensor<((?:[0-9?]+x)*)", line):
            by_role = dict(zip(roles.split(", "), sizes.split("x")))
            arrays += "1" not in (by_role.get("query", "1"), by_role.get("key", "1"))
    return dict(raised=len(attentions), rotations=len(re.findall(r"= sextant\.rotate ", module)), arrays=arrays,
                fused=compiled.fused(remarks))


def compare(library, sets):
    """The largest error over all data sets, and the names of those that are too far off."""
    model, worst, wrong = Model(library), 0.0, []
    for path in sets:
        data = dict(np.load(path))
        inputs = {key[3:]: value for key, value in data.items() if key.startswith("in:")}
        have = model.run(inputs)
        for key, want in data.items():
            if not key.startswith("out:"):
                continue
            got = have[key[4:]]
            if got.shape != want.shape:
                wrong.append(f"{path.stem}: {key[4:]} has shape {got.shape}, not {want.shape}")
                continue
            error = np.abs(got - want)
            worst = max(worst, float(error.max(initial=0.0)))
            # A NaN compares as not below, so it fails too.
            if not (error <= ABSOLUTE + RELATIVE * np.abs(want)).all():
                wrong.append(f"{path.stem}: {key[4:]}")
    return worst, wrong


def check(tools, folder, name, target, scratch):
    """One row of the table for each graph of an architecture."""
    about = architectures.ARCHITECTURES[name]
    for graph in sorted(folder.glob("*.onnx")):
        want = about.counts(graph.stem)
        if target == "reference":  # raises no rotation: what is not the oracle's, it may not have in common
            want.update(rotations=0)
        row = dict(name=name, graph=graph.stem, target=target, **want, raised=0, rotated=0, unfused=0, sets=0,
                   error=float("nan"))
        try:
            library, have = compile_model(tools, graph, target, scratch)
            row["raised"], row["rotated"] = have["raised"], have["rotations"]
            if target == "cpu":
                row["unfused"] = (max(want["attentions"] - have["fused"], 0) + have["arrays"] +
                                  max(want["rotations"] - have["rotations"], 0))
            sets = sorted(folder.glob(f"{graph.stem}.*.npz"))
            row["sets"] = len(sets)
            row["error"], wrong = compare(library, sets)
            library.unlink()
        except ModelError as error:
            wrong = [str(error)]
        for what, due, got in (("attentions", want["attentions"], row["raised"]),
                               ("rotations", want["rotations"], row["rotated"]),
                               ("positions left unfused", 0, row["unfused"])):
            if due != got:
                wrong.append(f"expects {due} {what}, but got {got}")
        yield {**row, "wrong": wrong}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=list(architectures.ARCHITECTURES), metavar="NAME")
    parser.add_argument("--targets", nargs="+", default=["cpu", "reference"])
    parser.add_argument("--results", type=pathlib.Path, help="also write the rows, as JSON")
    arguments = parser.parse_args()
    rows = []
    print(f"{'architecture':13} {'graph':23} {'target':9} {'attentions':>10} {'rotations':>10} {'unfused':>8} {'error':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.names:
            folder = exports.ensure(name, arguments.folder)
            for target in arguments.targets:
                for row in check(arguments.tools, folder, name, target, pathlib.Path(scratch)):
                    rows.append(row)
                    print(f"{name:13} {row['graph']:23} {target:9} {row['raised']:>5} of {row['attentions']} "
                          f"{row['rotated']:>5} of {row['rotations']} {row['unfused']:>8} {row['error']:>8.1e}  "
                          f"{'; '.join(row['wrong'])[:300]}", flush=True)
    if arguments.results:
        arguments.results.write_text(json.dumps(rows))
    failed = sum(bool(row["wrong"]) for row in rows)
    print(counts.line(rows))
    sys.exit(1 if failed or not rows else 0)


if __name__ == "__main__":
    main()
