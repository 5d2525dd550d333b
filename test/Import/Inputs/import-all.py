# Imports every model below a folder; prints how many of how many succeeded.

import pathlib
import subprocess
import sys

folder, *importer = sys.argv[1:]
models = sorted(pathlib.Path(folder).rglob("*.onnx"))
imported = 0
for model in models:
    result = subprocess.run([*importer, str(model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode == 0 and "func.func @main" in result.stdout and not result.stderr:
        imported += 1
    else:
        print(f"{model}: exit code {result.returncode}\n{result.stderr}")
print(f"imported {imported} of {len(models)}")
sys.exit(0 if models and imported == len(models) else 1)
