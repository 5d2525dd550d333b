"""A compiled model from Python, by ctypes and NumPy alone.

    model = Model("llama.so")
    outputs = model.run({"input_ids": ids, "attention_mask": mask}, threads=2)

A present may be its past's memory, and a step then writes its new rows only:

    cache = np.empty((batch, heads, capacity, size), np.float32)
    model.run({..., past: cache[:, :, :n]}, outputs={present: cache[:, :, :n + 1]})

where `present, past` is one of `model.caches.items()`.

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
        ("processor", c.CFUNCTYPE(c.c_char_p, c.c_void_p)),
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
        # Presents by name, and the past whose memory each may be.
        self.caches = {self.outputs[k][0]: self.inputs[signature.aliases[k]][0]
                       for k in range(signature.output_count) if signature.aliases[k] >= 0}
        self.processor = self._table.processor(self._model).decode()

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
        sizes = [(c.c_int64 * max(array.ndim, 1))(*array.shape) for array in arrays]
        steps = [(c.c_int64 * max(array.ndim, 1))(*(step // array.itemsize for step in array.strides))
                 for array in arrays]
        tensors = (_Tensor * len(arrays))()
        for tensor, array, size, step, type_ in zip(tensors, arrays, sizes, steps, types):
            tensor.data, tensor.type, tensor.rank = array.ctypes.data, type_, array.ndim
            tensor.shape, tensor.strides = size, step
        return tensors, (sizes, steps)

    def _result(self, given, shape, name, type_):
        """The array that was given for an output, or a new one."""
        if name not in given:
            return np.empty(shape, TYPES[type_])
        if given[name].dtype != TYPES[type_]:
            raise ModelError(f"expects '{name}' of {np.dtype(TYPES[type_])}, but got {given[name].dtype}")
        return given[name]

    def prepare(self, inputs, threads=1, outputs=None):
        """A function that runs the model on these arrays, and the outputs it fills: new ones, or those given by name."""
        given = outputs or {}
        arrays = []
        for name, type_, _ in self.inputs:
            if name not in inputs:
                raise ModelError(f"expects an input '{name}', but got {sorted(inputs)}")
            # It stays where it is: a present may be there, and what can be read as it lies is.
            array = np.asarray(inputs[name], TYPES[type_])
            if any(step % array.itemsize for step in array.strides):
                array = array.copy()
            arrays.append(array)
        tensors, keep = self._tensors(arrays, [type_ for _, type_, _ in self.inputs])
        shapes = (c.c_int64 * MAX_RANK * len(self.outputs))()
        message = (self._message, 512)
        table, model = self._table, self._model
        self._check(table.output_shapes(model, tensors, len(arrays), shapes, len(self.outputs), *message))
        size = c.c_size_t()
        self._check(table.workspace_size(model, tensors, len(arrays), threads, c.byref(size), *message))
        results = [self._result(given, [shapes[k][d] for d in range(len(dims))], name, type_)
                   for k, (name, type_, dims) in enumerate(self.outputs)]
        # Outputs with gaps, but for those of caches, are computed in the workspace.
        size.value += sum(-(-result.nbytes // ALIGNMENT) * ALIGNMENT
                          for result in results if not result.flags.c_contiguous)
        space = np.empty(size.value + ALIGNMENT, np.uint8)
        space = space[-space.ctypes.data % ALIGNMENT:][: size.value]
        outputs, keep_outputs = self._tensors(results, [type_ for _, type_, _ in self.outputs])
        call = _Call(threads, None, None)
        # Made once: a run is no longer than what it computes; it holds whatever C has only the address of.
        start, bytes_, function = c.c_void_p(space.ctypes.data), size.value, table.run
        arguments = model, tensors, len(arrays), outputs, len(results), start, bytes_, c.byref(call), *message

        def run(keep=(self, arrays, results, keep, keep_outputs, space)):
            status = function(*arguments)
            if status:
                self._check(status)

        return run, {name: result for (name, _, _), result in zip(self.outputs, results)}

    def run(self, inputs, threads=1, outputs=None):
        """The outputs by name for the inputs by name; arrays in `outputs` are filled."""
        run, results = self.prepare(inputs, threads, outputs)
        run()
        return results
