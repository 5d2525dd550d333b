"""Two libraries whose C API has the same prefix, the first loaded for all: each computes its own model."""

import ctypes
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import sextant_model  # noqa: E402

libraries = [ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL) for path in sys.argv[2:]]
models = [sextant_model.Model(path) for path in sys.argv[2:]]
for model in models:
    print(model.run({"x": np.ones(3, np.float32)})["y"])
