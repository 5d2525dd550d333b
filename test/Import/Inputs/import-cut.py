# Imports a model cut off after each of its bytes; prints how often that is refused as it should be.

import subprocess
import sys

path, cut, importer = sys.argv[1:]
with open(path, "rb") as file:
    whole = file.read()
refused = 0
for size in range(len(whole)):
    with open(cut, "wb") as file:
        file.write(whole[:size])
    result = subprocess.run([importer, cut], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode == 1 and not result.stdout and f"{cut}: error: " in result.stderr:
        refused += 1
    else:
        print(f"{size} bytes: exit code {result.returncode}\n{result.stderr}")
print(f"{refused} of {len(whole)} refused")
