"""The cases of the bench: what is compiled, what goes in, and how fast it could be.

Data is in attention.json, linear.json, models.json, compile.json (how long the
compiler takes), terms.json (each against the same attention without the term,
`wide` ones also with heads of 128), ragged.json (sequences of all lengths, end
to end) and grid.json (each against the same attention without its kernel).
"""

import itertools
import json
import math
import pathlib
import subprocess
import sys

import numpy as np

import attention
import peers
import ragged
from inputs import make_inputs

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "python"))
from sextant_model import TYPES, Model  # noqa: E402

# An exponential costs this many cycles and a cycle has this many FLOP, with AVX2.
CYCLES_OF_EXP2, FLOP_OF_CYCLE = 0.57, 32
# What --smoke runs of longer sequences.
SMOKE = {"sequence": 70, "past": 33}


class Case:
    """One model at one shape. `engines` is the kind of peers it has, `plain` a case to compare pairwise with."""

    engines, plain, rounds, compiles = None, None, 7, False

    def __init__(self, data, smoke):
        self.data, self.name = data, data["name"]
        self.threads = data.get("threads", [1])
        self.dims = dict(data.get("dims", {}))
        if smoke:
            self.dims |= self.smoke_dims()

    def smoke_dims(self):
        return self.data.get("smoke", {})

    def missing(self):
        """Why this cannot run here."""
        return None

    def unchecked(self):
        """Why --smoke does not have this."""
        return None

    def file(self, scratch):
        """The file that is compiled, by content: cases of one module share it."""
        text = self.module()
        path = scratch / (self.file_name() + ".mlir")
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        return path

    def job(self):
        return {}

    def flops(self):
        return None

    def bytes(self):
        """What has to be read at least, where that decides."""
        return None

    def floor(self, peak, bandwidth):
        """The least seconds on a machine of `peak` FLOP/s and `bandwidth` bytes/s."""
        return max(self.flops() / peak, self.bytes() / bandwidth if self.bytes() else 0.0) if self.flops() else None


class Attention(Case):
    engines = "attention"

    def __init__(self, data, smoke, beside=None):
        super().__init__(data, smoke)
        self.what = data["attention"]
        self.plain = beside
        if beside:
            self.engines, self.rounds = None, 30

    def smoke_dims(self):
        return {name: min(size, SMOKE[name]) for name, size in self.dims.items()}

    def file_name(self):
        w = self.what
        return "-".join(["attention", w.get("term", "none"), "causal" if w.get("causal") else "full",
                         f"h{w['heads']}", f"kv{attention.key_heads(w)}", f"d{w['size']}"])

    def module(self):
        return attention.sextant_module(self.what)

    def inputs(self, library):
        return attention.make_inputs(self.what, self.dims)

    def job(self):
        return {"case": self.what, "dims": self.dims}

    def flops(self):
        return attention.flops(self.what, self.dims)

    def bytes(self):
        if self.dims["sequence"] > attention.FEW_ROWS:
            return None
        keys = self.dims["sequence"] + self.dims.get("past", 0)
        return 2 * 4 * attention.key_heads(self.what) * keys * self.what["size"]

    def floor(self, peak, bandwidth):
        if self.bytes():
            return super().floor(peak, bandwidth)
        # One after the other, with what blocks of 64 leave on the diagonal.
        work = attention.flops(self.what, self.dims, 64)
        scores = self.what["heads"] * attention.pairs(self.what, self.dims, 64)
        return (work + scores * CYCLES_OF_EXP2 * FLOP_OF_CYCLE) / peak


class Plain(Attention):
    """The same attention as products and a softmax, which no pass makes one again."""

    def file_name(self):
        return super().file_name() + "-plain"

    def file(self, scratch):
        path, made = scratch / (self.file_name() + ".mlir"), scratch / (self.file_name() + "-from.mlir")
        text, tool = self.module(), self.tools / "sextant-opt"
        if not path.exists() or not made.exists() or made.read_text() != text or path.stat().st_mtime < tool.stat().st_mtime:
            made.write_text(text)
            subprocess.run([str(tool), str(made), "--sextant-decompose", "--sextant-lower-terms", "-o", str(path)], check=True)
        return path


class Ragged(Case):
    engines = "ragged"

    def __init__(self, data, smoke):
        super().__init__(data, smoke)
        self.what = dict(data["ragged"])
        if smoke:
            self.what |= {"sequences": 5, "most": min(self.what["most"], 250)}

    def file_name(self):
        return f"ragged-h{self.what['heads']}-kv{ragged.key_heads(self.what)}-d{self.what['size']}"

    def module(self):
        return ragged.sextant_module(self.what)

    def inputs(self, library):
        return ragged.make_inputs(self.what)

    def job(self):
        return {"case": self.what}

    def flops(self):
        return ragged.flops(self.what)

    def bytes(self):
        keys = int(ragged.lengths(self.what)[1].sum())
        return 2 * 4 * ragged.key_heads(self.what) * keys * self.what["size"] if self.what.get("decode") else None

    def floor(self, peak, bandwidth):
        if self.bytes():
            return super().floor(peak, bandwidth)
        scores = self.what["heads"] * ragged.pairs(self.what, 64)
        return (ragged.flops(self.what, 64) + scores * CYCLES_OF_EXP2 * FLOP_OF_CYCLE) / peak


class CompileTime(Attention):
    """How long the compiler takes for an attention of any length."""

    compiles = True

    def unchecked(self):
        return "it is only timed"


class Linear(Case):
    engines = "linear"

    def __init__(self, data, smoke):
        super().__init__(data, smoke)
        self.what = data["linear"]
        if smoke:  # the reference's loops are plain
            self.what = {name: min(size, 100) if name != "rows" else min(size, 7) for name, size in self.what.items()}

    def file_name(self):
        return f"linear-{self.what['depth']}x{self.what['columns']}"

    def module(self):
        depth, columns = self.what["depth"], self.what["columns"]
        weight = peers.linear_weight(self.what).tobytes().hex().upper()
        return f"""func.func @main(%x: tensor<?x{depth}xf32> {{sextant.name = "x", sextant.dims = ["rows", "{depth}"]}})
    -> (tensor<?x{columns}xf32> {{sextant.name = "y", sextant.dims = ["rows", "{columns}"]}}) {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense_resource<weight> : tensor<{depth}x{columns}xf32>
  %rows = tensor.dim %x, %c0 : tensor<?x{depth}xf32>
  %empty = tensor.empty(%rows) : tensor<?x{columns}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x{columns}xf32>) -> tensor<?x{columns}xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x{depth}xf32>, tensor<{depth}x{columns}xf32>)
                     outs(%init : tensor<?x{columns}xf32>) -> tensor<?x{columns}xf32>
  return %y : tensor<?x{columns}xf32>
}}
{{-# dialect_resources: {{ builtin: {{ weight: "0x04000000{weight}" }} }} #-}}
"""

    def inputs(self, library):
        generator = np.random.default_rng(1)
        return {"x": generator.standard_normal((self.what["rows"], self.what["depth"])).astype(np.float32)}

    def job(self):
        return {"case": self.what}

    def flops(self):
        return 2.0 * math.prod(self.what[x] for x in ("rows", "depth", "columns"))

    def bytes(self):
        return 4 * self.what["depth"] * self.what["columns"] if self.what["rows"] == 1 else None


class Network(Case):
    engines = "model"

    def missing(self):
        return None if (ROOT / self.data["model"]).exists() else f"no {self.data['model']} (./dev oracles makes it)"

    def unchecked(self):
        if self.data["model"].startswith("build/"):
            return "the repository does not have its model, which takes minutes by the reference"
        return None

    def file(self, scratch):
        return ROOT / self.data["model"]

    def inputs(self, library):
        signature = [(name, TYPES[type_], shape) for name, type_, shape in Model(library).inputs]
        return make_inputs(signature, self.dims)

    def job(self):
        folder = ROOT / self.data["folder"] if "folder" in self.data else None
        return {"folder": str(folder)} if folder and folder.exists() else {}

    def flops(self):
        if "layers" not in self.data:
            return None
        count, width, inner = (self.data["layers"][x] for x in ("count", "width", "inner"))
        tokens, length = self.dims["batch"] * self.dims["sequence"], self.dims["sequence"]
        return 2.0 * count * tokens * (4 * width**2 + 2 * width * inner + 2 * length * width)


def term_cases(smoke):
    dims = {"sequence": 1024}
    for name, term in attention.TERMS.items():
        causal = {"causal": True} if term["beside"] == "causal" else {}
        for end, base in (("", {"heads": 12, "size": 64}), ("-d128", {"heads": 8, "size": 128})):
            if not end or term.get("wide"):
                plain = Attention({"name": "", "attention": {**base, **causal}, "dims": dims}, smoke)
                yield Attention({"name": f"terms/{name}{end}", "attention": {**base, **causal, "term": name}, "dims": dims}, smoke, plain)


def grid_cases(smoke, tools):
    for group in json.loads((ROOT / "benchmarks" / "grid.json").read_text()):
        for heads, size, sequence, past in itertools.product(*(group[x] for x in ("heads", "sizes", "sequences", "pasts"))):
            data = {"attention": {**group["attention"], "heads": heads, "size": size}, "dims": {"sequence": sequence, "past": past},
                    "threads": group.get("threads", [1])}
            data["name"] = f"grid/{group['group']}-h{heads}-d{size}-s{sequence}" + (f"-past-{past}" if past else "")
            plain = Plain(data, smoke)
            plain.tools = tools
            case = Attention(data, smoke, plain)
            case.rounds = 9
            yield case


def load(tools, smoke=False):
    def read(name):
        return json.loads((ROOT / "benchmarks" / name).read_text())

    return [*(Attention(data, smoke) for data in read("attention.json")), *term_cases(smoke), *grid_cases(smoke, tools),
            *(Ragged(data, smoke) for data in read("ragged.json")),
            *(Linear(data, smoke) for data in read("linear.json")), *(Network(data, smoke) for data in read("models.json")),
            *(CompileTime(data, smoke) for data in read("compile.json"))]
