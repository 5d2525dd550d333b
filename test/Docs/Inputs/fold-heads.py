"""Attention with the heads of a group folded to rows, as the bench gives it to peers, is the same attention."""

import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, sys.argv[1])
import attention  # noqa: E402
import engines  # noqa: E402
import peers  # noqa: E402


def softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def load(job):
    """A peer that knows one mask, of all heads, and no groups."""
    case, dims = job["case"], job["dims"]
    values = peers.operands(job)
    bias = peers.dense_bias(case, dims, bool(case.get("causal")))
    scores = values["q"] @ values["k"].swapaxes(2, 3) / np.sqrt(case["size"])
    return (lambda: None), lambda: {"o": softmax(scores if bias is None else scores + bias) @ values["v"]}


def expected(case, dims, inputs):
    """By definition: query head h reads key head h / (heads of a group), row i keys up to past + i."""
    out = np.empty_like(inputs["q"])
    group = case["heads"] // case["key_heads"]
    for h in range(case["heads"]):
        for i in range(dims["sequence"]):
            seen = dims["past"] + i + 1 if case.get("causal") else dims["past"] + dims["sequence"]
            k, v = (inputs[name][0, h // group, :seen] for name in "kv")
            out[0, h, i] = softmax(k @ inputs["q"][0, h, i] / np.sqrt(case["size"])) @ v
    return out


folder = pathlib.Path(tempfile.mkdtemp())
for case, dims in (({"heads": 6, "key_heads": 2, "size": 5}, {"sequence": 1, "past": 11}),
                   ({"heads": 6, "key_heads": 3, "size": 5, "causal": True}, {"sequence": 4, "past": 7}),
                   ({"heads": 4, "key_heads": 1, "size": 3}, {"sequence": 3, "past": 2})):
    inputs = attention.make_inputs(case, dims)
    np.savez(folder / "inputs.npz", **inputs)
    job = {"inputs": str(folder / "inputs.npz"), "case": case, "dims": dims}
    error = np.abs(engines.folded(load)(job)[1]()["o"] - expected(case, dims, inputs)).max()
    print(f"{case['heads']} heads in {case['key_heads']}, {dims['sequence']} rows:", "the same" if error < 1e-5 else f"error {error}")
for case, dims in (({"heads": 4, "size": 3}, {"sequence": 1, "past": 9}),
                   ({"heads": 4, "key_heads": 2, "size": 3, "term": "alibi"}, {"sequence": 1, "past": 9}),
                   ({"heads": 4, "key_heads": 2, "size": 3, "causal": True}, {"sequence": 9})):
    print("not folded" if peers.folded(case, dims) is None else "folded")
