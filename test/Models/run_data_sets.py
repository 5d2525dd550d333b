"""Runs every data set of an example model through one of its exports, compiled once.

    python run_data_sets.py TOOLS MODEL.onnx TARGET LIBRARY.so
"""

import pathlib
import subprocess
import sys


def main():
    tools, model, target, library = sys.argv[1:5]
    subprocess.run([f"{tools}/sextant-compile", model, f"--target={target}", "-o", library], check=True)
    sets = sorted(path for path in (pathlib.Path(model).parent / "data").iterdir() if path.is_dir())
    failed = 0
    for folder in sets:
        # The exports themselves keep within 1e-4 of PyTorch.
        done = subprocess.run([f"{tools}/sextant-run", library, "--data-set", folder, "--rtol=1e-3", "--atol=1e-4"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(f"{folder.name}: status {done.returncode}\n{done.stdout}", end="", flush=True)
        failed += done.returncode != 0
    print(f"{len(sets) - failed} of {len(sets)} data sets agree")
    sys.exit(1 if failed or not sets else 0)


if __name__ == "__main__":
    main()
