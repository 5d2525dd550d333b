"""Compares score regions, compiled, with torch's FlexAttention on the same functions.

    python test/Oracles/check_score_functions.py TOOLS

Every function of a score is written twice: as torch's users write it, run in
f64, and as a region of sextant.attention, run in f32 on both targets with a
past, grouped heads and sizes that divide nothing.
"""

import argparse
import sys
import tempfile
import warnings

import numpy as np
import torch
from torch.nn.attention.flex_attention import flex_attention

import compiled

BATCH, HEADS, KEY_HEADS, ROWS, PAST, SIZE, VALUE = 3, 6, 2, 23, 14, 16, 24
KEYS = PAST + ROWS
TOLERANCE = 3e-6  # of the largest value
HIDDEN = float("-inf")

random = np.random.default_rng(11)
SLOPES = (2.0 ** -np.arange(1, HEADS + 1)).astype(np.float32)
TABLE = random.standard_normal((HEADS, 2 * KEYS - 1)).astype(np.float32)
DENSE = random.standard_normal((1, HEADS, ROWS, KEYS)).astype(np.float32)
KEEP = random.random((BATCH, 1, ROWS, KEYS)) < 0.6
LENGTHS = np.array([KEYS, 20, 5], np.int64)
PREFIX = np.array([9, 0, 25], np.int64)
DOCUMENTS = np.sort(random.integers(0, 4, (BATCH, KEYS)))
GATES = np.cumsum(np.log(random.uniform(0.5, 1, (BATCH, HEADS, KEYS))), -1).astype(np.float32)


def tensor(array):
    return torch.tensor(array)


def row(q):
    """The position of a query: torch counts rows from zero."""
    return q + PAST


class Function:
    """`region` ends with the name of the last score; `auxiliary`: name to (roles, array)."""

    def __init__(self, name, region, score, **auxiliary):
        self.name, self.region, self.score = name, region, score
        self.auxiliary = {key: (roles, np.asarray(array)) for key, (roles, array) in auxiliary.items()}


def keep(condition):
    return lambda s, b, h, q, k: torch.where(condition(b, h, row(q), k), s, HIDDEN)


CAUSAL = "%a = sextant.causal %s at %i, %j : f32"
HIDE = "%hidden = arith.constant 0xFF800000 : f32"
FUNCTIONS = [
    Function("nothing", "", lambda s, b, h, q, k: s),
    Function("causal", CAUSAL, keep(lambda b, h, i, j: i >= j)),
    Function("window", "%a = sextant.window %s at %i, %j left 5 right 0 : f32",
             keep(lambda b, h, i, j: (i >= j) & (i - j <= 5))),
    Function("window_of_two_sides", "%a = sextant.window %s at %i, %j left 3 right 7 : f32",
             keep(lambda b, h, i, j: (i - j <= 3) & (j - i <= 7))),
    Function("relative_distance", """%d = arith.subi %i, %j : index
             %n = arith.index_cast %d : index to i64
             %f = arith.sitofp %n : i64 to f32
             %a = arith.addf %s, %f : f32""", lambda s, b, h, q, k: s + (row(q) - k)),
    Function("alibi", "%a = sextant.alibi %s slope %slope at %i, %j : f32\n" + CAUSAL.replace("%s", "%a").replace(
        "%a =", "%b0 ="), lambda s, b, h, q, k: torch.where(row(q) >= k, s + tensor(SLOPES)[h] * (k - row(q)), HIDDEN),
             slope=(["head"], SLOPES)),
    Function("alibi_of_two_sides", "%a = sextant.alibi %s slope %slope at %i, %j symmetric : f32",
             lambda s, b, h, q, k: s - tensor(SLOPES)[h] * (k - row(q)).abs(), slope=(["head"], SLOPES)),
    Function("softcap_then_causal", "%c = sextant.softcap %s cap 2.0 : f32\n%a = sextant.causal %c at %i, %j : f32",
             lambda s, b, h, q, k: torch.where(row(q) >= k, 2 * torch.tanh(s / 2), HIDDEN)),
    Function("causal_then_softcap", CAUSAL + "\n%c = sextant.softcap %a cap 2.0 : f32",
             lambda s, b, h, q, k: 2 * torch.tanh(torch.where(row(q) >= k, s, HIDDEN) / 2)),
    Function("table_by_distance", f"%a = sextant.distance_bias %s bias %bias at %i, %j before {KEYS - 1} after {KEYS - 1} : f32",
             lambda s, b, h, q, k: s + tensor(TABLE)[h, k - row(q) + KEYS - 1], bias=(["head", "distance"], TABLE)),
    Function("dense_bias", "%a = arith.addf %s, %bias : f32", lambda s, b, h, q, k: s + tensor(DENSE)[0, h, q, k],
             bias=(["batch", "head", "query", "key"], DENSE)),
    Function("dense_mask", "%a = sextant.mask %s keep %keep at %i, %j : f32",
             lambda s, b, h, q, k: torch.where(tensor(KEEP)[b, 0, q, k], s, HIDDEN),
             keep=(["batch", "head", "query", "key"], KEEP)),
    Function("padding_by_length", """%n = arith.index_cast %length : i64 to index
             %a = sextant.padding %s length %n at %i, %j : f32""",
             keep(lambda b, h, i, j: j < tensor(LENGTHS)[b]), length=(["batch"], LENGTHS)),
    Function("prefix", f"""{HIDE}
             %n = arith.index_cast %prefix : i64 to index
             %0 = arith.cmpi sle, %j, %i : index
             %1 = arith.cmpi slt, %j, %n : index
             %2 = arith.ori %0, %1 : i1
             %a = arith.select %2, %s, %hidden : f32""",
             keep(lambda b, h, i, j: (i >= j) | (j < tensor(PREFIX)[b])), prefix=(["batch"], PREFIX)),
    Function("documents", f"""{HIDE}
             %0 = arith.cmpi eq, %mine, %theirs : i64
             %1 = arith.select %0, %s, %hidden : f32
             %a = sextant.causal %1 at %i, %j : f32""",
             keep(lambda b, h, i, j: (tensor(DOCUMENTS)[b, i] == tensor(DOCUMENTS)[b, j]) & (i >= j)),
             mine=(["batch", "query"], DOCUMENTS[:, PAST:]), theirs=(["batch", "key"], DOCUMENTS)),
    Function("dilated", f"""{HIDE}
             %three = arith.constant 3 : index
             %zero = arith.constant 0 : index
             %d = arith.subi %i, %j : index
             %m = arith.remsi %d, %three : index
             %0 = arith.cmpi eq, %m, %zero : index
             %1 = arith.select %0, %s, %hidden : f32
             %a = sextant.causal %1 at %i, %j : f32""",
             keep(lambda b, h, i, j: (i >= j) & ((i - j) % 3 == 0))),
    Function("chunked", f"""{HIDE}
             %eight = arith.constant 8 : index
             %m = arith.divui %i, %eight : index
             %n = arith.divui %j, %eight : index
             %0 = arith.cmpi eq, %m, %n : index
             %1 = arith.select %0, %s, %hidden : f32
             %a = sextant.causal %1 at %i, %j : f32""",
             keep(lambda b, h, i, j: (i >= j) & (torch.div(i, 8, rounding_mode="floor") == torch.div(
                 j, 8, rounding_mode="floor")))),
    Function("forgetting_gates", """%0 = arith.subf %mine, %theirs : f32
             %1 = arith.addf %s, %0 : f32
             %a = sextant.causal %1 at %i, %j : f32""",
             lambda s, b, h, q, k: torch.where(row(q) >= k, s + (tensor(GATES)[b, h, row(q)] - tensor(GATES)[b, h, k]), HIDDEN),
             mine=(["batch", "head", "query"], GATES[:, :, PAST:]), theirs=(["batch", "head", "key"], GATES)),
    Function("multiplied_by_distance", """%d = arith.subi %i, %j : index
             %n = math.absi %d : index
             %m = arith.index_cast %n : index to i64
             %f = arith.sitofp %m : i64 to f32
             %one = arith.constant 1.0 : f32
             %g = arith.addf %f, %one : f32
             %a = arith.divf %s, %g : f32""", lambda s, b, h, q, k: s / (1 + (row(q) - k).abs())),
    Function("by_head", """%n = arith.index_cast %h : index to i64
             %f = arith.sitofp %n : i64 to f32
             %half = arith.constant 0.5 : f32
             %g = arith.mulf %f, %half : f32
             %a = arith.mulf %s, %g : f32""", lambda s, b, h, q, k: s * (0.5 * h)),
]


def module(function):
    types = {"bool": "i1", "int64": "i64", "float32": "f32"}
    inputs = {"query": ((BATCH, HEADS, ROWS, SIZE), "f32"), "key": ((BATCH, KEY_HEADS, KEYS, SIZE), "f32"),
              "value": ((BATCH, KEY_HEADS, KEYS, VALUE), "f32")}
    for name, (_, array) in function.auxiliary.items():
        inputs[f"x_{name}"] = (array.shape, types[str(array.dtype)])
    kinds = {name: compiled.parameter("", *kind)[0] for name, kind in inputs.items()}
    output = ((BATCH, HEADS, ROWS, VALUE), "f32")
    arguments = ["%s: f32", *(f"%{x}: index" for x in "bhij")]
    arguments += [f"%{name}: {types[str(array.dtype)]}" for name, (_, array) in function.auxiliary.items()]
    auxiliary = ", ".join(f"%x_{name} as <[{', '.join(roles)}]{', center = %d' % (KEYS - 1) if 'distance' in roles else ''}>"
                          f" : {kinds['x_' + name]}" for name, (roles, _) in function.auxiliary.items())
    lines = [line.strip() for line in function.region.splitlines() if line.strip()]
    last = lines[-1].split(" ")[0] if lines else "%s"
    score = "\n    ".join([f"^bb0({', '.join(arguments)}):", *lines, f"sextant.yield {last} : f32"])
    body = (f"  %r_output = sextant.attention query(%query : {kinds['query']}) key(%key : {kinds['key']}) "
            f"value(%value : {kinds['value']}) {f'auxiliary({auxiliary}) ' if auxiliary else ''}"
            f"at [0, 0, {PAST}, 0] scale {SIZE ** -0.5:e} score {{\n    {score}\n  }} : "
            f"{compiled.parameter('', *output)[0]}")
    return compiled.main_function(inputs, {"output": output}, body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # that FlexAttention is slow unless compiled
    arrays = [random.standard_normal(shape).astype(np.float32) for shape in (
        (BATCH, HEADS, ROWS, SIZE), (BATCH, KEY_HEADS, KEYS, SIZE), (BATCH, KEY_HEADS, KEYS, VALUE))]
    wide = [torch.tensor(array, dtype=torch.float64) for array in arrays]
    chosen = [function for function in FUNCTIONS if not arguments.names or function.name in arguments.names]
    failures, worst = 0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for function in chosen:
            want = flex_attention(*wide, score_mod=function.score, scale=SIZE ** -0.5, enable_gqa=True).numpy()
            data = dict(zip(("query", "key", "value"), arrays))
            data |= {f"x_{name}": array for name, (_, array) in function.auxiliary.items()}
            for target in ("cpu", "reference"):
                try:
                    model = compiled.compile_text(arguments.tools, module(function), scratch, function.name, target)
                    error = np.abs(model.run(data)["output"] - want).max() / np.abs(arrays[2]).max()
                    why = None if error <= TOLERANCE else f"expects an error of at most {TOLERANCE}, but got {error:.1e}"
                    if target == "cpu" and compiled.fused(model.remarks) != 1:
                        why = "expects the fused kernel"
                    worst = max(worst, error)
                except compiled.ModelError as refusal:
                    why = str(refusal)
                if why:
                    failures += 1
                    print(f"{function.name} on {target}: {why}")
    print(f"{len(chosen)} score functions on 2 targets: {2 * len(chosen) - failures} agree with FlexAttention "
          f"and are fused on cpu, largest error {worst:.1e} (at most {TOLERANCE})")
    sys.exit(1 if failures or not chosen else 0)


if __name__ == "__main__":
    main()
