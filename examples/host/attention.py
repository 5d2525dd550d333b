"""Runs a compiled attention.mlir with ctypes, and compares it with NumPy."""

import ctypes as c
import sys

import numpy as np

FLOAT32 = 12


class Tensor(c.Structure):
    _fields_ = [
        ("data", c.c_void_p),
        ("type", c.c_int32),
        ("rank", c.c_int32),
        ("shape", c.POINTER(c.c_int64)),
        ("strides", c.POINTER(c.c_int64)),
    ]


def tensor(array):
    assert array.dtype == np.float32 and array.flags.c_contiguous
    shape = (c.c_int64 * array.ndim)(*array.shape)
    return Tensor(array.ctypes.data, FLOAT32, array.ndim, shape, None)


class Model:
    def __init__(self, path, prefix):
        self.library = c.CDLL(path)
        self.prefix = prefix
        self.handle = c.c_void_p()
        self.call("create", None, c.byref(self.handle))

    def call(self, name, *arguments):
        message = c.create_string_buffer(256)
        function = getattr(self.library, f"{self.prefix}_{name}")
        if function(*arguments, message, c.c_size_t(len(message))):
            raise RuntimeError(message.value.decode())

    def __call__(self, *arrays):
        inputs = (Tensor * len(arrays))(*map(tensor, arrays))
        count = c.c_size_t(len(arrays))
        shapes = (c.c_int64 * 8)()
        one = c.c_size_t(1)
        self.call("output_shapes", self.handle, inputs, count, shapes, one)
        output = np.empty(shapes[:2], np.float32)
        outputs = (Tensor * 1)(tensor(output))
        size = c.c_size_t()
        threads = c.c_int32(1)
        self.call("workspace_size", self.handle, inputs, count, threads, c.byref(size))
        memory = np.empty(size.value + 64, np.uint8)
        workspace = c.c_void_p(-(-memory.ctypes.data // 64) * 64)
        self.call("run", self.handle, inputs, count, outputs, one, workspace, size, None)
        return output


def attention(query, key, value):
    scores = query @ key.T / np.sqrt(query.shape[1])
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    mix = np.eye(5) + 0.5 * np.roll(np.eye(5), 1, axis=1)
    return weights @ value @ mix


model = Model(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "attention")
random = np.random.default_rng(7)
for queries, keys in [(1, 1), (3, 11), (11, 257)]:
    arrays = [random.standard_normal(s, np.float32) for s in [(queries, 7), (keys, 7), (keys, 5)]]
    error = np.abs(model(*arrays) - attention(*(a.astype(np.float64) for a in arrays))).max()
    print(f"{queries} queries, {keys} keys: largest error {error:.1e}")
    assert error < 2e-6
try:
    model(*(np.zeros(s, np.float32) for s in [(13, 7), (13, 7), (13, 5)]))
except RuntimeError as error:
    print("refused:", error)
