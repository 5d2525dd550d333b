"""One attention as MLIR, from a case of attention.json, terms.json or grid.json.

Inputs are q [1, heads, sequence, size] and k, v [1, key_heads, total, size],
total = past + sequence, and what the case's term adds to them. Terms are data,
as lines of the dialect with $names for sizes and types.
"""

import json
import math
import pathlib
import re
import string

import numpy as np

TERMS = json.loads((pathlib.Path(__file__).parent / "terms.json").read_text())
# Up to this many rows read keys and values once, as memory gives them.
FEW_ROWS = 8
ELEMENTS = {"f32": np.float32, "i32": np.int32, "i1": np.bool_}


def key_heads(case):
    return case.get("key_heads", case["heads"])


def term_of(case):
    return TERMS[case["term"]] if "term" in case else {}


def slopes(heads):
    return np.array([2.0 ** (-8.0 * (h + 1) / heads) for h in range(heads)], np.float32)


def fill(kind, shape, seed=2):
    """Values of a tensor that a term reads."""
    generator = np.random.default_rng(seed)
    if kind == "slopes":
        return slopes(shape[0])
    if kind in ("cosine", "sine"):
        half = np.arange(shape[-1])
        angles = np.arange(shape[-2])[None, :, None] * 1e4 ** (-half / half.size)
        return {"cosine": np.cos, "sine": np.sin}[kind](angles)
    if kind == "segments":  # four documents
        return np.arange(shape[-1])[None] * 4 // max(shape[-1], 1)
    if kind == "sums":
        return np.cumsum(np.log(generator.uniform(0.9, 1.0, shape)), -1)
    if kind == "keep":
        return generator.random(shape) < 0.8
    if kind == "positive":
        return generator.uniform(0.05, 0.9, shape)
    return 0.1 * generator.standard_normal(shape)


def sizes(case, dims):
    total = dims["sequence"] + dims.get("past", 0)
    return {"heads": case["heads"], "size": case["size"], "half": case["size"] // 2,
            "sequence": dims["sequence"], "total": total}


def shape_of(tensor, names):
    return [int(names.get(d, d)) for d in tensor["shape"]]


def literal(array):
    """A dense constant; the numbers of an f32 as text that reads back exactly."""
    if array.ndim == 0:
        return f"{array:.9e}"
    return "[" + ", ".join(literal(part) for part in array) + "]"


def product(name, operand, length, table, entries, case):
    """Lines for %name[b, h, i, m] = sum over d of operand[b, h, i, d] table[m, d], times the scale."""
    heads = case["heads"] if operand == "q" else key_heads(case)
    rows = f"tensor<1x{heads}x?x{case['size']}xf32>"
    result = f"tensor<1x{case['heads']}x?x{entries}xf32>"
    maps = ", ".join(f"affine_map<(b, h, i, m, d) -> ({x})>" for x in ("b, h, i, d", "m, d", "b, h, i, m"))
    return [f"%{name}_scale = arith.constant dense<{literal(table)}> : tensor<{entries}x{case['size']}xf32>",
            f"%{name}_zero = arith.constant 0.0 : f32", f"%{name}_empty = tensor.empty(%{length}) : {result}",
            f"%{name}_init = linalg.fill ins(%{name}_zero : f32) outs(%{name}_empty : {result}) -> {result}",
            f"%{name} = linalg.generic {{indexing_maps = [{maps}], iterator_types = "
            '["parallel", "parallel", "parallel", "parallel", "reduction"]} '
            f"ins(%{operand}, %{name}_scale : {rows}, tensor<{entries}x{case['size']}xf32>) outs(%{name}_init : {result}) {{\n"
            "  ^bb0(%x: f32, %y: f32, %z: f32):\n    %p = arith.mulf %x, %y : f32\n    %a = arith.addf %z, %p : f32\n"
            f"    linalg.yield %a : f32\n  }} -> {result}"]


def score_region(case, arguments):
    """The lines of the region: the term's, then the causal mask."""
    lines, last = [], "%s"
    term = term_of(case)
    steps = list(term.get("score", []))
    if case.get("causal") and not term.get("hides"):
        steps.append("sextant.causal {s} at %i, %j")
    for number, step in enumerate(steps):
        if "{s}" in step:
            typed = step if " : " in step else step + " : f32"
            lines.append(f"%t{number} = " + typed.replace("{s}", last))
            last = f"%t{number}"
        else:
            lines.append(step)
    if not lines:
        return ""
    header = ", ".join(["%s: f32"] + [f"%{x}: index" for x in "bhij"] + arguments)
    return " score {\n  ^bb0(" + header + "):\n    " + "\n    ".join(lines) + f"\n    sextant.yield {last} : f32\n  }}"


def sextant_module(case):
    heads, size, kind = case["heads"], case["size"], case.get("type", "f32")
    scale = 1 / math.sqrt(size)
    query, key = f"tensor<1x{heads}x?x{size}x{kind}>", f"tensor<1x{key_heads(case)}x?x{size}x{kind}>"
    term = term_of(case)
    names = {"heads": heads, "size": size, "half": size // 2}

    def value(name, dims):
        text = {"total": "past + sequence"}
        return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(text.get(d, d)) + chr(34) for d in dims)}]}}'

    def tensor(what, element):
        dims = [str(names.get(d, d if d.isdigit() else "?")) for d in what["shape"]]
        return f"tensor<{'x'.join([*dims, element])}>"

    arguments = [f"%q: {query} {value('q', (1, heads, 'sequence', size))}",
                 *(f"%{x}: {key} {value(x, (1, key_heads(case), 'total', size))}" for x in "kv")]
    for name, what in term.get("inputs", {}).items():
        dims = [names.get(d, d) for d in what["shape"]]
        arguments.append(f"%{name}: {tensor(what, what.get('element', 'f32'))} {value(name, dims)}")
    template = {**names, "query": query, "key": key, "table": f"tensor<1x?x{size // 2}xf32>"}
    body, constants = [], {}
    for name, what in term.get("constants", {}).items():
        constants[name] = fill(what["fill"], shape_of(what, names)).astype(np.float32)
        body.append(f"%{name} = arith.constant dense<{literal(constants[name])}> : {tensor(what, 'f32')}")
    # What is multiplied with rows is scaled like their products with keys.
    for name, operand, length, table, entries in term.get("products", []):
        body += product(name, operand, length, (constants[table] * scale).astype(np.float32), entries, case)
    body += term.get("before", [])
    extra = [f"%{x[0]}: {x[2] if len(x) > 2 else 'f32'}" for x in term.get("auxiliary", [])]
    clauses = f"at [0, 0, %past, 0] scale {scale:.9e}"
    if "auxiliary" in term:
        operands, types = zip(*(re.fullmatch(r"(.*) : (.*)", x[1]).groups() for x in term["auxiliary"]))
        clauses = "auxiliary(" + ", ".join(f"{o} : {t}" for o, t in zip(operands, types)) + ") " + clauses
    if "modulate" in term:
        clauses = f"modulate({term['modulate']}) " + clauses
    if "relative_value" in term:
        clauses += f" relative_value({term['relative_value']})"
    lines = "\n  ".join(
        ["%c2 = arith.constant 2 : index", f"%sequence = tensor.dim %q, %c2 : {query}",
         f"%total = tensor.dim %k, %c2 : {key}", "%past = arith.subi %total, %sequence : index", *body])
    text = f"""func.func @main({", ".join(arguments)})
    -> ({query} {value('o', (1, heads, 'sequence', size))}) {{
  {lines}
  %o = sextant.attention query({term.get("query", "%q")} : {query}) key({term.get("key", "%k")} : {key}) value(%v : {key})
      {clauses}{score_region(case, extra)} : {query}
  return %o : {query}
}}
"""
    return string.Template(text).substitute(template)


def make_inputs(case, dims, seed=1):
    generator = np.random.default_rng(seed)
    names = sizes(case, dims)
    shapes = {"q": (1, case["heads"], names["sequence"], case["size"])}
    shapes["k"] = shapes["v"] = (1, key_heads(case), names["total"], case["size"])
    inputs = {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    for name, what in term_of(case).get("inputs", {}).items():
        array = fill(what["fill"], shape_of(what, names))
        inputs[name] = np.ascontiguousarray(array.astype(ELEMENTS[what.get("element", "f32")]))
    return inputs


def flops(case, dims, block=1):
    """Of the two products; of a causal mask with what blocks of `block` rows leave."""
    return 4.0 * case["heads"] * case["size"] * pairs(case, dims, block)


def pairs(case, dims, block=1):
    queries, past = dims["sequence"], dims.get("past", 0)
    if not case.get("causal"):
        return queries * (queries + past)
    rows = np.arange(queries)
    return int(np.minimum((rows // block + 1) * block, queries).sum()) + queries * past
