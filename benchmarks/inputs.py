"""Inputs of a model for a benchmark case, from its signature and its dimensions."""

import re

import numpy as np

BOUNDS = {"input_ids": 200}


def make_inputs(signature, dims, seed=1):
    """Arrays by name. `signature` lists (name, NumPy type, dimension strings)."""
    generator = np.random.default_rng(seed)
    inputs = {}
    for name, dtype, shape in signature:
        sizes = [evaluate(size, dims) for size in shape]
        if name == "attention_mask":
            inputs[name] = np.ones(sizes, dtype)
        elif np.issubdtype(dtype, np.integer):
            inputs[name] = generator.integers(5, BOUNDS.get(name, 100), sizes).astype(dtype)
        elif dtype == np.bool_:
            inputs[name] = np.ones(sizes, dtype)
        else:
            inputs[name] = generator.standard_normal(sizes).astype(dtype)
    return inputs


def load_inputs(path):
    """The arrays of an .npz, each from a cache line on, as tensors of frameworks lie; NumPy's own begin 16 bytes behind."""
    return {name: align(array) for name, array in np.load(path).items()}


def align(array):
    memory = np.empty(array.nbytes + 64, np.uint8)
    begin = -memory.ctypes.data % 64
    copy = memory[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def evaluate(size, dims):
    """A dimension such as "64", "sequence" or "past + sequence"."""
    if re.fullmatch(r"\d+", str(size)):
        return int(size)
    if size == "total":
        return dims.get("past", 0) + dims["sequence"]
    if not re.fullmatch(r"[\w +*-]+", size):
        raise ValueError(f"expects a sum of symbols as a dimension, but got '{size}'")
    return int(eval(size, {"__builtins__": {}}, dims))  # only names, + - * get here
