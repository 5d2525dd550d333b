"""Runs ONNX node cases through sextant-run and counts what matches.

    conformance.py SEXTANT_RUN FOLDER TARGET [FILTER]

Prints a line for each case that does not match, and the counts.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def run(case):
    # Half precision has a tolerance of its own.
    half = any(word in os.path.basename(case) for word in ("fp16", "float16", "bfloat16"))
    tolerance = ["--rtol=1e-2", "--atol=1e-3"] if half else ["--rtol=1e-3", "--atol=1e-5"]
    command = [tool, os.path.join(case, "model.onnx"), f"--target={target}", *tolerance]
    for name in sorted(os.listdir(case)):
        if not name.startswith("test_data_set_"):
            continue
        try:
            done = subprocess.run(
                [*command, "--data-set", os.path.join(case, name)], capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            return "timed out"
        if done.returncode:
            lines = [line for line in (done.stdout + done.stderr).splitlines()
                     if "error" in line and not line.endswith("e+00")] or [f"exit status {done.returncode}"]
            return lines[0]
    return None


tool, folder, target = sys.argv[1:4]
wanted = sys.argv[4] if len(sys.argv) > 4 else ""
cases = sorted(c for c in os.listdir(folder) if wanted in c)
with ThreadPoolExecutor(os.cpu_count()) as pool:
    results = list(pool.map(lambda case: run(os.path.join(folder, case)), cases))
for case, failure in zip(cases, results):
    if failure:
        print(f"FAIL {case}: {failure}")
failed = sum(1 for failure in results if failure)
print(f"{len(cases) - failed} of {len(cases)} cases match on {target}")
sys.exit(failed != 0)
