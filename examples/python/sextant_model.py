"""A compiled model from Python, by ctypes and NumPy alone.

    model = Model("llama.so")
    outputs = model.run({"input_ids": ids, "attention_mask": mask}, threads=2)

Every library exports one versioned symbol that returns a table of its
functions, so no header and no compiled binding is needed.
"""

import ctypes as c

import numpy as np

MAX_RANK = 8
ALIGNMENT = 64

# By number of `sextant_type`; NumPy has no bfloat16, its bits are given as uint16.
TYPES = {
    1: np.bool_, 2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 6: np.uint8, 7: np.uint16,
    8: np.uint32, 9: np.uint64, 10: np.float16, 11: np.uint16, 12: np.float32, 13: np.float64,
}


class _Tensor(c.Structure):
    _fields_ = [
        ("data", c.c_void_p), ("type", c.c_int32), ("rank", c.c_int32),
        ("shape", c.POINTER(c.c_int64)), ("strides", c.POINTER(c.c_int64)),
    ]


class _Call(c.Structure):
    _fields_ = [("threads", c.c_int32), ("parallel_for", c.c_void_p), ("pool", c.c_void_p)]


class _Value(c.Structure):
    _fields_ = [
        ("name", c.c_char_p), ("type", c.c_int32), ("rank", c.c_int32),
        ("dims", c.POINTER(c.c_char_p)),
    ]


class _Signature(c.Structure):
    _fields_ = [
        ("name", c.c_char_p), ("processor", c.c_char_p),
        ("input_count", c.c_size_t), ("output_count", c.c_size_t),
        ("inputs", c.POINTER(_Value)), ("outputs", c.POINTER(_Value)),
        ("aliases", c.POINTER(c.c_int64)),
    ]


_Shapes = c.POINTER(c.c_int64 * MAX_RANK)
_Message = (c.c_char_p, c.c_size_t)
_Tensors = (c.POINTER(_Tensor), c.c_size_t)


class _Table(c.Structure):
    _fields_ = [
        ("size", c.c_size_t),
        ("describe", c.CFUNCTYPE(c.POINTER(_Signature))),
        ("create", c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(c.c_void_p), *_Message)),
        ("destroy", c.CFUNCTYPE(None, c.c_void_p)),
        ("output_shapes", c.CFUNCTYPE(c.c_int, c.c_void_p, *_Tensors, _Shapes, c.c_size_t, *_Message)),
        ("workspace_size", c.CFUNCTYPE(c.c_int, c.c_void_p, *_Tensors, c.c_int32,
                                       c.POINTER(c.c_size_t), *_Message)),
        ("run", c.CFUNCTYPE(c.c_int, c.c_void_p, *_Tensors, *_Tensors, c.c_void_p, c.c_size_t,
                            c.POINTER(_Call), *_Message)),
    ]


class ModelError(Exception):
    """A status other than success, with the model's own message."""


class Model:
    """One compiled model; runs may come from several threads, each its own Model.run."""

    def __init__(self, path):
        self._library = c.CDLL(str(path))
        self._library.sextant_model_v1.restype = c.POINTER(_Table)
        self._table = self._library.sextant_model_v1().contents
        self._message = c.create_string_buffer(512)
        self._model = c.c_void_p()
        self._check(self._table.create(None, c.byref(self._model), self._message, 512))
        signature = self._table.describe().contents
        self.inputs = [self._describe(signature.inputs[k]) for k in range(signature.input_count)]
        self.outputs = [self._describe(signature.outputs[k]) for k in range(signature.output_count)]
        self._workspace = np.empty(0, np.uint8)

    def __del__(self):
        if getattr(self, "_model", None):
            self._table.destroy(self._model)

    @staticmethod
    def _describe(value):
        dims = [value.dims[k].decode() for k in range(value.rank)]
        return value.name.decode(), value.type, dims

    def _check(self, status):
        if status != 0:
            raise ModelError(f"status {status}: {self._message.value.decode()}")

    @staticmethod
    def _tensors(arrays, types):
        """The C tensors over arrays, and what has to stay alive with them."""
        shapes = [(c.c_int64 * max(array.ndim, 1))(*array.shape) for array in arrays]
        tensors = (_Tensor * len(arrays))()
        for tensor, array, shape, type_ in zip(tensors, arrays, shapes, types):
            tensor.data, tensor.type, tensor.rank, tensor.shape = array.ctypes.data, type_, array.ndim, shape
        return tensors, shapes

    def prepare(self, inputs, threads=1):
        """A function that runs the model on these arrays, and the outputs it fills."""
        arrays = []
        for name, type_, _ in self.inputs:
            if name not in inputs:
                raise ModelError(f"expects an input '{name}', but got {sorted(inputs)}")
            arrays.append(np.ascontiguousarray(inputs[name], TYPES[type_]).reshape(np.shape(inputs[name])))
        tensors, keep = self._tensors(arrays, [type_ for _, type_, _ in self.inputs])
        shapes = (c.c_int64 * MAX_RANK * len(self.outputs))()
        message = (self._message, 512)
        table, model = self._table, self._model
        self._check(table.output_shapes(model, tensors, len(arrays), shapes, len(self.outputs), *message))
        size = c.c_size_t()
        self._check(table.workspace_size(model, tensors, len(arrays), threads, c.byref(size), *message))
        space = np.empty(size.value + ALIGNMENT, np.uint8)
        space = space[-space.ctypes.data % ALIGNMENT:][: size.value]
        results = [np.empty([shapes[k][d] for d in range(len(dims))], TYPES[type_])
                   for k, (_, type_, dims) in enumerate(self.outputs)]
        outputs, keep_outputs = self._tensors(results, [type_ for _, type_, _ in self.outputs])
        call = _Call(threads, None, None)
        # Made once: a run is no longer than what it computes.
        start, bytes_, function = c.c_void_p(space.ctypes.data), size.value, table.run
        before, behind = (model, tensors, len(arrays), outputs, len(results), start), (c.byref(call), *message)

        def run(missing=0, keep=(arrays, keep, keep_outputs, space)):
            status = function(*before, bytes_ - missing, *behind)
            if status:
                self._check(status)

        return run, {name: result for (name, _, _), result in zip(self.outputs, results)}

    def run(self, inputs, threads=1):
        """The outputs by name for the inputs by name."""
        run, results = self.prepare(inputs, threads)
        run()
        return results
