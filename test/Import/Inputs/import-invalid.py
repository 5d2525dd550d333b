# Imports each graph below a folder, given as text in a file with a number for
# a name, as a model of opset 21; prints what the importer says.

import os
import subprocess
import sys

folder, importer, *encoder = sys.argv[1:]
os.chdir(folder)
for name in sorted((name for name in os.listdir(".") if name.isdigit()), key=int):
    with open(name) as file:
        text = f"ir_version: 10 opset_import {{ version: 21 }} graph {{ {file.read()} }}"
    with open(name + ".onnx", "wb") as model:
        subprocess.run(encoder, input=text.encode(), stdout=model, check=True)
    result = subprocess.run([importer, name + ".onnx"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(result.stdout, end="")
    if result.returncode != 1:
        sys.exit(f"{name}: expects exit code 1, but got {result.returncode}")
