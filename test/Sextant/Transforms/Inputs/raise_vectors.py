"""Raises the decomposed attention cases of ONNX and says what is left.

usage: raise_vectors.py VECTORS

Prints one line for each case that is not exactly one attention without a
softmax, and the count of those that are.
"""

import pathlib
import subprocess
import sys


def raise_case(model):
    imported = subprocess.run(["sextant-import", str(model)], capture_output=True, check=False)
    raised = subprocess.run(
        ["sextant-opt", "--sextant-onnx-to-linalg-pipeline", "--sextant-raise"],
        input=imported.stdout, capture_output=True, check=False)
    text = raised.stdout.decode()
    if imported.returncode or raised.returncode:
        return "fails"
    attentions, softmaxes = text.count("= sextant.attention "), text.count("linalg.softmax")
    return "raised" if (attentions, softmaxes) == (1, 0) else f"{attentions} attentions, {softmaxes} softmaxes"


cases = [folder for folder in sorted(pathlib.Path(sys.argv[1]).iterdir())
         if "attention" in folder.name and "_expanded" in folder.name]
count = 0
for case in cases:
    outcome = raise_case(case / "model.onnx")
    if outcome == "raised":
        count += 1
    else:
        print(f"{case.name}: {outcome}")
print(f"raised {count} of {len(cases)}")
