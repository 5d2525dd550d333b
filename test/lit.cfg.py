# -*- Python -*-
# One suite for everything. What a machine may lack is a feature: tests that
# need it say so, and the suite says when it is off.

import glob
import os
import platform
import re
import shutil

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "Sextant"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test", ".td"]
config.excludes = ["Inputs", "Consumer", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.sextant_obj_root, "test")

llvm_config.with_system_environment(["HOME", "TMP", "TEMP", "ASAN_OPTIONS", "UBSAN_OPTIONS"])
llvm_config.use_default_substitutions()
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.sextant_tools_dir, append_path=True)

tools = [
    # Every use of the opt tool also proves that its IR survives a round trip.
    ToolSubst("sextant-opt", extra_args=["--verify-roundtrip"], unresolved="fatal"),
    ToolSubst("sextant-import", unresolved="fatal"),
    ToolSubst("sextant-compile", unresolved="ignore"),
    ToolSubst("sextant-run", unresolved="ignore"),
    ToolSubst("sextant-lsp-server", unresolved="ignore"),
]
llvm_config.add_tool_substitutions(tools, [config.sextant_tools_dir, config.llvm_tools_dir])

config.substitutions.append(("%python", "/usr/bin/python3"))
config.substitutions.append(("%oracle", os.path.join(config.sextant_src_root, ".venv", "bin", "python") + " -B"))
config.substitutions.append(("%src", config.sextant_src_root))
config.substitutions.append(("%obj", config.sextant_obj_root))
config.substitutions.append(("%plugin", os.path.join(config.sextant_lib_dir, "SextantPlugin.so")))
config.substitutions.append(("%llvm_prefix", os.path.dirname(config.llvm_tools_dir)))
# A model or tensor as text, from standard input, to ONNX on standard output.
for name, message in ("%onnx-encode-tensor", "TensorProto"), ("%onnx-encode", "ModelProto"):
    command = f"{config.protoc} --encode=sextant_onnx_proto.{message} -I{config.sextant_src_root}/dialects/Onnx Onnx.proto"
    config.substitutions.append((name, command))
config.substitutions.append(("%cc", config.host_cc))
config.substitutions.append(("%cxx", config.host_cxx))

# ThreadSanitizer, and what tells it of OpenMP's barriers.
archer = os.path.join(os.path.dirname(config.llvm_tools_dir), "lib", "libarcher.so")
tsan = glob.glob(os.path.join(os.path.dirname(config.llvm_tools_dir), "lib", "clang", "*", "lib", "*", "libclang_rt.tsan*.a"))
config.substitutions.append(("%archer", archer))

qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
config.substitutions.append(("%qemu_aarch64", str(qemu)))



def has_x86_64_v4():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as text:
            flags = set(re.search(r"^flags\s*:(.*)$", text.read(), re.MULTILINE).group(1).split())
    except (OSError, AttributeError):
        return False
    return {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags


optional = {
    "conformance": config.conformance_dir and os.path.isdir(config.conformance_dir),
    "ptxas": config.ptxas and os.path.exists(config.ptxas),
    # Only on request: these take minutes.
    "oracles": lit_config.params.get("extended") == "1"
    and os.path.exists(os.path.join(config.sextant_src_root, ".venv", "bin", "python")),
    "extended": lit_config.params.get("extended") == "1",
    "gtest": os.path.exists(os.path.join(config.sextant_tools_dir, "import-unit-tests")),
    "qemu-aarch64": qemu,
    "tsan": os.path.exists(archer) and bool(tsan),
    "x86-64-v4": has_x86_64_v4(),
    "x86_64": platform.machine() == "x86_64",
}
for name, found in optional.items():
    if found:
        config.available_features.add(name)
    else:
        lit_config.note(f"'{name}' is off: tests that need it are skipped")
if optional["conformance"]:
    config.substitutions.append(("%conformance", config.conformance_dir))
