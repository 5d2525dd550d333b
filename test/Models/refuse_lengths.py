"""Calls a compiled decoder with lengths that no exporter means, and prints what it answers.

    python refuse_lengths.py MODEL.so EXAMPLES_PYTHON
"""

import sys

import numpy as np

sys.path.insert(0, sys.argv[2])
from sextant_model import TYPES, Model, ModelError  # noqa: E402


def main():
    model = Model(sys.argv[1])
    sizes = {"batch": 2, "sequence": 3, "past": 5, "total": 8}

    def make(**changed):
        """Inputs of these sizes; `changed` sizes are of single inputs."""
        inputs = {}
        for name, kind, dims in model.inputs:
            known = sizes | changed.get(name, {})
            shape = [int(dim) if dim.isdigit() else known[dim] for dim in dims]
            inputs[name] = np.ones(shape, TYPES[kind])
        return inputs

    def call(what, **changed):
        try:
            outputs = model.run(make(**changed))
            finite = all(np.isfinite(array).all() for array in outputs.values())
            print(f"{what}: {'finite' if finite else 'not finite'}")
        except ModelError as error:
            print(f"{what}: {error}")

    call("fits")
    call("mask too short", attention_mask={"total": 7})
    call("mask too long", attention_mask={"total": 9})
    call("mask of new rows only", attention_mask={"total": 3})
    call("another past", **{"past_key_values.1.value": {"past": 4}})


main()
