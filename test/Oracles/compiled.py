"""Compiles text or a graph with the tools of a build, and loads the result."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))
from sextant_model import Model, ModelError  # noqa: E402, F401


def compile_file(tools, source, library, target="cpu", options=()):
    """The library of a model; the compiler's own words where there is none."""
    done = subprocess.run([f"{tools}/sextant-compile", source, "-o", library, f"--target={target}", *options],
                          capture_output=True, text=True)
    if done.returncode:
        error = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()[:1]
        raise ModelError(f"status {done.returncode}: {(error or [''])[0].split(': ', 1)[-1]}")
    return library


def compile_text(tools, text, folder, name, target="cpu"):
    """A model of a module of MLIR. A name is used once: libraries stay loaded."""
    source = pathlib.Path(folder) / f"{name}-{target}.mlir"
    source.write_text(text)
    options = [f"--remarks-file={source.with_suffix('.yaml')}"]
    model = Model(compile_file(tools, source, source.with_suffix(".so"), target, options))
    model.remarks = source.with_suffix(".yaml").read_text()
    return model


def fused(remarks):
    """How many attentions became the fused kernel of the `cpu` target."""
    return len(re.findall(r"--- !Passed\s*\nPass:\s*sextant-attention-to-kernel", remarks))


def parameter(name, shape, element):
    """An argument of a public function, with what the runtime calls it and its dimensions."""
    kind = f"tensor<{'x'.join([*map(str, shape), element])}>"
    dims = ", ".join(f'"{size}"' for size in shape)
    return kind, f'{{sextant.name = "{name}", sextant.dims = [{dims}]}}'


def main_function(inputs, outputs, body):
    """`inputs` and `outputs`: name to (shape, element). The body defines %r_NAME."""
    arguments = ", ".join(f"%{name}: {' '.join(parameter(name, *kind))}" for name, kind in inputs.items())
    results = ", ".join(" ".join(parameter(name, *kind)) for name, kind in outputs.items())
    values = ", ".join(f"%r_{name}" for name in outputs)
    kinds = ", ".join(parameter(name, *kind)[0] for name, kind in outputs.items())
    return f"func.func @main({arguments}) -> ({results}) {{\n{body}\n  return {values} : {kinds}\n}}\n"
