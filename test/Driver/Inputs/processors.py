# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Creates models and compares which processor was picked with what the system says of this one."""

import ctypes
import json
import sys

folder = sys.argv[1]
with open("/proc/cpuinfo") as file:
    flags = set(next(line for line in file if line.startswith("flags")).split(":")[1].split())
# LLVM's names in the kernel's words.
NAMES = {
    "sse3": "pni", "sse4.1": "sse4_1", "sse4.2": "sse4_2", "bmi": "bmi1", "lzcnt": "abm",
    "avx512vbmi2": "avx512_vbmi2", "avx512vnni": "avx512_vnni", "avx512bitalg": "avx512_bitalg",
    "avx512vpopcntdq": "avx512_vpopcntdq", "avx512bf16": "avx512_bf16", "avx512fp16": "avx512_fp16",
    "avxvnni": "avx_vnni",
}
with open(folder + "/report.json") as file:
    processors = json.load(file)["processors"]


def best(names):
    for processor in processors:
        if processor["name"] in names and all(NAMES.get(f, f) in flags for f in processor["features"]):
            return processor["name"]
    return None


print("for", ",".join(processor["name"] for processor in processors))
for prefix, names in ("all", [p["name"] for p in processors]), ("one", ["sapphirerapids"]):
    library = ctypes.CDLL(f"{folder}/{prefix}.so")
    model, message = ctypes.c_void_p(), ctypes.create_string_buffer(256)
    status = getattr(library, prefix + "_create")(None, ctypes.byref(model), message, 256)
    picked = getattr(library, prefix + "_processor")
    picked.restype = ctypes.c_char_p
    expected = best(names)
    if expected is None:
        right = status == 6 and message.value.startswith(b"expects a processor with ")
        print(f"{prefix}: refused as /proc/cpuinfo says" if right else f"{prefix}: {status} {message.value}")
        continue
    got = picked(model).decode() if status == 0 else message.value
    print(f"{prefix}: picked as /proc/cpuinfo says" if got == expected else f"{prefix}: {got}, not {expected}")
