"""Follows docs/add-a-position-term.md literally in a scratch copy of the tree.

Each block of the page is written to the file that the line above it names. With
`--syntax` the specification is generated and the new sources are compiled, which
takes seconds; without, everything is built and the tests that the page adds run.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys


def blocks(page):
    found = re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", page, re.M | re.S)
    # A fence within a specification ends no block.
    return [(name, text) for name, text in found]


def run(*command, cwd=None):
    result = subprocess.run([str(c) for c in command], cwd=cwd, text=True, capture_output=True)
    if result.returncode:
        sys.exit(f"{' '.join(str(c) for c in command)}\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return result.stdout


def generate(scratch, include, dialects):
    """What the build generates, of the scratch copy, before the build's own."""
    for kind in ("Terms", "Schedules"):
        folder = scratch / "generated" / "Sextant" / kind
        folder.mkdir(parents=True)
        files = sorted((scratch / "dialects" / "Sextant" / kind).glob("*.td"))
        (folder / f"{kind}.td").write_text(
            "".join(f'include "Sextant/{kind}/{file.name}"\n' for file in files))
    out = scratch / "generated-include" / "sextant" / "Sextant" / "IR"
    out.mkdir(parents=True)
    for name, option in (("SextantAttributes", "attrdef"), ("SextantOps", "op")):
        for suffix, kind in ((".h.inc", "decls"), (".cpp.inc", "defs")):
            of = "attrdefs-dialect" if option == "attrdef" else "dialect"
            run("mlir-tblgen", f"-gen-{option}-{kind}", f"-{of}=sextant", dialects / "Sextant" / "IR" / "Sextant.td",
                "-I", dialects, "-I", scratch / "generated", "-I", include, "-o", out / f"{name}{suffix}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("scratch", type=pathlib.Path)
    parser.add_argument("--syntax", action="store_true")
    arguments = parser.parse_args()
    source, build, scratch = arguments.source, arguments.build, arguments.scratch.resolve()
    shutil.rmtree(scratch, ignore_errors=True)
    folders = ("dialects", "lib", "include") if arguments.syntax else (
        "dialects", "lib", "include", "cmake", "tools", "test", "examples")
    for folder in folders:
        shutil.copytree(source / folder, scratch / folder, ignore=shutil.ignore_patterns("*.onnx", "*.pb", "__pycache__"))
    written = blocks((source / "docs" / "add-a-position-term.md").read_text())
    for name, text in written:
        path = scratch / name
        assert not path.exists(), f"expects {name} to be new"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    kinds = [pathlib.Path(name).suffix for name, _ in written]
    assert kinds.count(".td") == kinds.count(".cpp") == 2, f"expects two of each, but got {kinds}"
    if arguments.syntax:
        prefix = run("llvm-config", "--includedir").strip()
        generate(scratch, prefix, scratch / "dialects")
        for name, _ in written:
            if name.endswith(".cpp"):
                run("clang++", "-std=c++17", "-fsyntax-only", "-fno-exceptions", "-Wall", "-Werror", "-Wno-comment",
                    "-I", scratch / "generated-include", "-I", scratch / "include", "-I", build / "include",
                    "-I", scratch / "lib", "-isystem", prefix, scratch / name)
        print(f"{len(written)} blocks compile")
        return
    for name in ("CMakeLists.txt", "CMakePresets.json"):
        shutil.copy(source / name, scratch / name)
    launcher = shutil.which("ccache")
    run("cmake", "--preset", "dev", *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []), cwd=scratch)
    run("cmake", "--build", scratch / "build" / "dev", "--target", "sextant-opt")
    environment = os.environ | {"PATH": f"{scratch}/build/dev/bin:{os.environ['PATH']}"}
    inputs = scratch / "test" / "Sextant" / "Numerics" / "Inputs"
    for passes in (["sextant-decompose", "sextant-lower-terms"],
                   ["sextant-tabulate-distances", "sextant-attention-to-kernel", "sextant-decompose"]):
        subprocess.run([sys.executable, "-B", "check.py", "--only", "fading", "--processor", "x86-64-v3",
                        "--passes", *passes], cwd=inputs, check=True, env=environment)
    # It is found where every case is: is it fused, and is a chunk behind a past the run's end?
    for script, *passes in (("unfused_memory.py",), ("append.py", "--passes", "sextant-decompose", "sextant-lower-terms")):
        subprocess.run([sys.executable, "-B", script, *passes], cwd=inputs, check=True, env=environment)
    found = subprocess.run([sys.executable, "-B", "-c", "import families; print([c.name for c in families.every()])"],
                           cwd=inputs, check=True, env=environment, text=True, stdout=subprocess.PIPE).stdout
    assert "'fading'" in found, "expects the case of the page among all"
    for name, text in written:
        if name.endswith(".mlir"):
            (command,) = re.findall(r"// RUN: (.*)", text)
            command = command.replace("%s", str(scratch / name))
            subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, env=environment)
    run(sys.executable, "-B", scratch / "test" / "Sextant" / "IR" / "Inputs" / "constraints.py", scratch)
    print(f"{len(written)} blocks run")


if __name__ == "__main__":
    main()
