"""Compiles the exports of architectures.py and compares them with what PyTorch answers.

    python test/Oracles/check_architectures.py TOOLS build/oracles/architectures [NAME ...] [--targets cpu reference]

Ends with a table: for each graph how many attentions were raised of those that
it holds, how many of them were left with a mask or bias as data and not as a
named term, and the largest error. Counts are pinned: fewer is a failure.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

import architectures

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))
from sextant_model import Model, ModelError  # noqa: E402

RELATIVE, ABSOLUTE = 1e-3, 1e-4


def compile_model(tools, graph, target, scratch):
    """The library, and how often each remark of a success or refusal was made."""
    library, remarks = scratch / f"{graph.parent.name}-{graph.stem}-{target}.so", scratch / "remarks.yaml"
    done = subprocess.run(
        [tools / "sextant-compile", graph, "-o", library, f"--target={target}", "--prefix=model",
         f"--remarks-file={remarks}"], capture_output=True, text=True)
    if done.returncode:
        error = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()[:1]
        raise ModelError(f"status {done.returncode}: {(error or [''])[0].split(': ', 1)[-1]}")
    counts = {}
    for kind, passes, name in re.findall(r"--- !(\w+)\s*\nPass:\s*(\S+)\s*\nName:\s*(\S+)", remarks.read_text()):
        counts[kind, passes, name] = counts.get((kind, passes, name), 0) + 1
    return library, counts


def raised_and_unfused(counts):
    """Attentions found, and those of whose terms some stay a region or an array."""
    return (counts.get(("Passed", "sextant-raise-attention", "Raised"), 0),
            sum(n for (_, owner, name), n in counts.items() if owner == "sextant-name-terms" and name in ("Kept", "Mixed")))


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
        mode = graph.stem.split("-")[0]
        expected = about.attentions if isinstance(about.attentions, int) else about.attentions[mode]
        row = dict(name=name, graph=graph.stem, target=target, expected=expected, raised=0, unfused=0, error=float("nan"))
        try:
            library, counts = compile_model(tools, graph, target, scratch)
            row["raised"], row["unfused"] = raised_and_unfused(counts)
            row["error"], wrong = compare(library, sorted(folder.glob(f"{graph.stem}.*.npz")))
            library.unlink()
        except ModelError as error:
            wrong = [str(error)]
        if row["raised"] != expected:
            wrong.append(f"expects {expected} attentions raised, but got {row['raised']}")
        yield {**row, "wrong": wrong}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=list(architectures.ARCHITECTURES), metavar="NAME")
    parser.add_argument("--targets", nargs="+", default=["cpu", "reference"])
    arguments = parser.parse_args()
    rows = []
    print(f"{'architecture':13} {'graph':23} {'target':9} {'raised':>7} {'unfused':>8} {'error':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.names:
            folder = architectures.ensure(name, arguments.folder)
            for target in arguments.targets:
                for row in check(arguments.tools, folder, name, target, pathlib.Path(scratch)):
                    rows.append(row)
                    print(f"{name:13} {row['graph']:23} {target:9} {row['raised']:>3} of {row['expected']} "
                          f"{row['unfused']:>7} {row['error']:>8.1e}  {'; '.join(row['wrong'])[:150]}", flush=True)
    failed = sum(bool(row["wrong"]) for row in rows)
    print(f"{len(arguments.names)} architectures, {len(rows)} graphs: {len(rows) - failed} agree, {failed} do not; "
          f"{sum(r['raised'] for r in rows)} of {sum(r['expected'] for r in rows)} attentions raised, "
          f"{sum(r['unfused'] for r in rows)} with a term left as data")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
