"""Functions as one model that `sextant-compile` makes for a target: what a user gets,
from the pipeline to the runtime. Its only public function calls each of them.
"""

import functools
import pathlib
import re
import subprocess
import sys

import numpy

import native

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "examples" / "python"))
from sextant_model import Model, ModelError  # noqa: E402, F401

TARGETS = ("cpu", "reference")
# A model takes tensors: of what a function takes beside them, the type of a tensor's elements.
STORED = {"index": "i64"}
FUNCTION = re.compile(r"func\.func @(\w+)\((.*?)\) -> (.*?) attributes \{llvm\.emit_c_interface\} \{\n"
                      r"(.*?)return (.*?) : [^\n]*\n\}\n", re.S)


def split(text):
    """At commas that are within no brackets."""
    parts, depth, begin = [], 0, 0
    for at, c in enumerate(text.replace("->", "  ")):
        depth += (c in "<([{") - (c in ">)]}")
        if c == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return [part for part in parts + [text[begin:].strip()] if part]


def kind_of(text):
    """Dimensions (None: open) and element type of `tensor<?x3xf32>` or of a scalar; a scalar has no dimensions."""
    dims, element = re.fullmatch(r"(?:tensor<)?((?:(?:\d+|\?)x)*)(\w+)>?", text).groups()
    return [None if d == "?" else int(d) for d in dims.split("x")[:-1]], element


class Functions:
    """Called as by `native.call`: the other functions run on zeros, with an extent of 1 where one is open."""

    def __init__(self, source, folder, name, target):
        self.parameters, self.results, self.idle = {}, {}, {}
        arguments, results, body, values = [], [], [], []
        for function, given, taken, lines, returned in FUNCTION.findall(source):
            taken = split(taken[1:-1] if taken.startswith("(") else taken)
            self.parameters[function], self.results[function] = [], len(taken)
            for n, (value, kind) in enumerate(part.split(": ", 1) for part in split(given)):
                dims, element = kind_of(kind)
                self.idle[f"{function}.{n}"] = numpy.zeros([d or 1 for d in dims], native.STORAGE[element])
                lines = self.read(arguments, f"{function}.{n}", value, kind, dims, element) + lines
            # Values are named anew, as those of each function are its own.
            rename = functools.partial(re.sub, r"%(?=\w)", f"%{function}_")
            arguments[-n - 1:] = map(rename, arguments[-n - 1:])
            body.append(rename(lines))
            values += [rename(value) for value in split(returned)]
            results += [f"{kind} {named(f'{function}:{n}', kind_of(kind)[0])}" for n, kind in enumerate(taken)]
        text, library = (pathlib.Path(folder) / f"{name}-{target}{suffix}" for suffix in (".mlir", ".so"))
        kinds = ", ".join(result.split(" {")[0] for result in results)
        text.write_text("func.func @main(" + ",\n    ".join(arguments) + f")\n    -> ({', '.join(results)}) {{\n"
                        + "\n".join(body) + f"\nreturn {', '.join(values)} : {kinds}\n}}\n")
        remarks = library.with_suffix(".yaml")
        subprocess.run(["sextant-compile", text, "-o", library, f"--target={target}", f"--remarks-file={remarks}"], check=True)
        self.model, self.remarks = Model(library), remarks.read_text()

    @staticmethod
    def read(arguments, name, value, kind, dims, element):
        """Adds the argument for a parameter; yields what makes the parameter of it."""
        stored = STORED.get(element, element)
        tensor = f"tensor<{''.join('?x' if d is None else f'{d}x' for d in dims)}{stored}>"
        if tensor == kind:
            arguments.append(f"{value}: {tensor} {named(name, dims)}")
            return ""
        arguments.append(f"{value}_given: {tensor} {named(name, dims)}")
        if kind.startswith("tensor"):
            return f"{value} = arith.index_cast {value}_given : {tensor} to {kind}\n"
        if stored == element:
            return f"{value} = tensor.extract {value}_given[] : {tensor}\n"
        return (f"{value}_read = tensor.extract {value}_given[] : {tensor}\n"
                f"{value} = arith.index_cast {value}_read : {stored} to {kind}\n")

    def call(self, function, arguments):
        inputs = {f"{function}.{n}": numpy.asarray(argument) for n, argument in enumerate(arguments)}
        outputs = self.model.run(self.idle | inputs)
        return [outputs[f"{function}:{n}"] for n in range(self.results[function])]


def named(name, dims):
    return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(d or "") + chr(34) for d in dims)}]}}'


def build(source, folder, name):
    """The fast path and the definition of it, by target."""
    return {target: Functions(source, folder, name, target) for target in TARGETS}
