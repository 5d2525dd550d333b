"""ggml's flash attention as a peer, by ctypes: libggml-python is its library and headers."""

import ctypes as c
import math
import os

import numpy as np

import peers

F32, F16 = 0, 1
# 0 to 100: how long a thread without work looks for some before it sleeps.
POLL = 0


class Parameters(c.Structure):
    _fields_ = [("mem_size", c.c_size_t), ("mem_buffer", c.c_void_p), ("no_alloc", c.c_bool)]


class Plan(c.Structure):
    _fields_ = [("work_size", c.c_size_t), ("work_data", c.c_void_p), ("n_threads", c.c_int), ("threadpool", c.c_void_p),
                ("abort_callback", c.c_void_p), ("abort_callback_data", c.c_void_p), ("use_ref", c.c_bool)]


class Threads(c.Structure):
    _fields_ = [("cpumask", c.c_bool * 512), ("n_threads", c.c_int), ("prio", c.c_int), ("poll", c.c_uint32),
                ("strict_cpu", c.c_bool), ("paused", c.c_bool)]


class Context:
    """ggml's memory, given back with this. NumPy asks for huge pages for an array of this size, as for everyone's inputs;
    ggml's own would have none."""

    def __init__(self, base, size):
        self.memory = np.empty(size, np.uint8)
        self.base, self.handle = base, base.ggml_init(Parameters(size, self.memory.ctypes.data, False))

    def __del__(self):
        self.base.ggml_free(self.handle)


class ThreadPool:
    """Threads that outlive a call: without these ggml starts and joins its own in each. They sleep between calls.

    Each has a core of its own: ggml spins where threads meet, and two that wake on one core lose a slice of time there.
    """

    def __init__(self, base, cpu, threads):
        wanted = Threads()
        base.ggml_threadpool_params_init(c.byref(wanted), threads)
        wanted.poll = POLL
        self.cores = os.sched_getaffinity(0)
        if 1 < threads <= len(self.cores):
            wanted.strict_cpu = True
            for core in sorted(self.cores)[:threads]:
                wanted.cpumask[core] = True
        self.cpu, self.handle = cpu, cpu.ggml_threadpool_new(c.byref(wanted))

    def __del__(self):
        self.cpu.ggml_threadpool_free(self.handle)
        os.sched_setaffinity(0, self.cores)


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
            ("ggml_flash_attn_ext", pointer, [pointer] * 5 + [c.c_float] * 3),
            ("ggml_threadpool_params_init", None, [c.POINTER(Threads), c.c_int])):
        function = getattr(base, name)
        function.restype, function.argtypes = result, arguments
    cpu.ggml_cpu_init()
    cpu.ggml_graph_plan.restype, cpu.ggml_graph_plan.argtypes = Plan, [pointer, c.c_int, pointer]
    cpu.ggml_graph_compute.argtypes = [pointer, c.POINTER(Plan)]
    cpu.ggml_threadpool_new.restype, cpu.ggml_threadpool_new.argtypes = pointer, [c.POINTER(Threads)]
    cpu.ggml_threadpool_free.restype, cpu.ggml_threadpool_free.argtypes = None, [pointer]
    return base, cpu


def load(job):
    """None for a rotation, and for ALiBi: its mask is in f16, which distances do not fit."""
    case, dims = job["case"], job["dims"]
    if case.get("term") in ("rope-tables", "alibi"):
        return None
    base, cpu = libraries()
    inputs = peers.operands(job)
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
    pool = ThreadPool(base, cpu, job["threads"])
    plan = cpu.ggml_graph_plan(graph, job["threads"], pool.handle)
    work = np.empty(plan.work_size + 64, np.uint8)
    plan.work_data = work.ctypes.data
    shape = (1, queries, case["heads"], case["size"])

    def run(keep=(owner, work, pool)):
        if cpu.ggml_graph_compute(graph, c.byref(plan)):
            raise RuntimeError("ggml fails")

    def outputs():
        data = c.cast(base.ggml_get_data(result), c.POINTER(c.c_float))
        return {"o": np.ctypeslib.as_array(data, shape).transpose(0, 2, 1, 3).copy()}

    return run, outputs
