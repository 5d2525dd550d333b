"""ggml's flash attention as a peer, by ctypes: libggml-python is its library and headers."""

import ctypes as c
import math
import os

import numpy as np

import peers

F32, F16 = 0, 1


class Parameters(c.Structure):
    _fields_ = [("mem_size", c.c_size_t), ("mem_buffer", c.c_void_p), ("no_alloc", c.c_bool)]


class Plan(c.Structure):
    _fields_ = [("work_size", c.c_size_t), ("work_data", c.c_void_p), ("n_threads", c.c_int), ("threadpool", c.c_void_p),
                ("abort_callback", c.c_void_p), ("abort_callback_data", c.c_void_p), ("use_ref", c.c_bool)]


class Context:
    """ggml's memory, given back with this."""

    def __init__(self, base, size):
        self.base, self.handle = base, base.ggml_init(Parameters(size, None, False))

    def __del__(self):
        self.base.ggml_free(self.handle)


def libraries():
    import libggml

    folder = os.path.join(os.path.dirname(libggml.__file__), "lib64")
    base = c.CDLL(os.path.join(folder, "libggml-base.so.0"), mode=c.RTLD_GLOBAL)
    cpu = c.CDLL(os.path.join(folder, "libggml-cpu.so.0"))
    pointer, size = c.c_void_p, c.c_int64
    for name, result, arguments in (
            ("ggml_init", pointer, [Parameters]), ("ggml_free", None, [pointer]), ("ggml_new_tensor_4d", pointer, [pointer, c.c_int, size, size, size, size]),
            ("ggml_get_data", pointer, [pointer]), ("ggml_new_graph", pointer, [pointer]),
            ("ggml_build_forward_expand", None, [pointer, pointer]),
            ("ggml_flash_attn_ext", pointer, [pointer] * 5 + [c.c_float] * 3)):
        function = getattr(base, name)
        function.restype, function.argtypes = result, arguments
    cpu.ggml_cpu_init()
    cpu.ggml_graph_plan.restype, cpu.ggml_graph_plan.argtypes = Plan, [pointer, c.c_int, pointer]
    cpu.ggml_graph_compute.argtypes = [pointer, c.POINTER(Plan)]
    return base, cpu


def load(job):
    """None for a rotation, and for ALiBi: its mask is in f16, which distances do not fit."""
    case, dims = job["case"], job["dims"]
    if case.get("term") in ("rope-tables", "alibi"):
        return None
    base, cpu = libraries()
    inputs = {name: array for name, array in np.load(job["inputs"]).items() if name in "qkv"}
    queries = inputs["q"].shape[2]
    bias = peers.dense_bias(case, dims, bool(case.get("causal")))
    room = sum(array.nbytes for array in inputs.values()) * 3 + (0 if bias is None else 4 * bias.nbytes) + (256 << 20)
    owner = Context(base, room)
    context = owner.handle

    def tensor(array, kind):
        made = base.ggml_new_tensor_4d(context, kind, *reversed(array.shape))
        c.memmove(base.ggml_get_data(made), array.ctypes.data, array.nbytes)
        return made

    q, k, v = (tensor(np.ascontiguousarray(inputs[name]), F32) for name in "qkv")
    mask = None if bias is None else tensor(np.ascontiguousarray(bias.astype(np.float16)), F16)
    result = base.ggml_flash_attn_ext(context, q, k, v, mask, 1 / math.sqrt(case["size"]), 0.0, 0.0)
    graph = base.ggml_new_graph(context)
    base.ggml_build_forward_expand(graph, result)
    plan = cpu.ggml_graph_plan(graph, job["threads"], None)
    work = np.empty(plan.work_size + 64, np.uint8)
    plan.work_data = work.ctypes.data
    shape = (1, queries, case["heads"], case["size"])

    def run(keep=(owner, work)):
        if cpu.ggml_graph_compute(graph, c.byref(plan)):
            raise RuntimeError("ggml fails")

    def outputs():
        data = c.cast(base.ggml_get_data(result), c.POINTER(c.c_float))
        return {"o": np.ctypeslib.as_array(data, shape).transpose(0, 2, 1, 3).copy()}

    return run, outputs
