"""Compiles MLIR with the tools of the build and calls it on NumPy arrays."""

import ctypes
import pathlib
import subprocess

import numpy

# From linalg on tensors to LLVM, by upstream's plainest passes.
LOOPS = [
    "--canonicalize",
    "--one-shot-bufferize=bufferize-function-boundaries"
    " function-boundary-type-conversion=identity-layout-map"
    " allow-return-allocs-from-loops",
    "--convert-linalg-to-loops",
    "--sextant-lower-cpu-kernels",
    "--sextant-lower-terms",
    "--scf-forall-to-for",
    "--expand-strided-metadata",
    "--lower-affine",
    "--convert-scf-to-cf",
    "--convert-vector-to-llvm",
    "--convert-math-to-llvm",
    "--convert-math-to-libm",
    "--finalize-memref-to-llvm",
    "--convert-arith-to-llvm",
    "--convert-index-to-llvm",
    "--convert-cf-to-llvm",
    "--convert-ub-to-llvm",
    "--convert-func-to-llvm",
    "--reconcile-unrealized-casts",
]

# bf16 is no type of NumPy's: its bits travel as 16-bit integers.
STORAGE = {"f16": numpy.float16, "bf16": numpy.uint16, "f32": numpy.float32,
           "f64": numpy.float64, "i1": numpy.bool_, "i32": numpy.int32,
           "i64": numpy.int64, "index": numpy.int64}


def store(values, element):
    """An array as the element type stores it."""
    if element != "bf16":
        return numpy.array(values, dtype=STORAGE[element], order="C")
    bits = numpy.ascontiguousarray(values, dtype=numpy.float32).view(numpy.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16)


def load(array, element):
    """A stored array as float64 (integers and booleans stay)."""
    if element == "bf16":
        array = (array.astype(numpy.uint32) << 16).view(numpy.float32)
    return array.astype(numpy.float64) if element in ("f16", "bf16", "f32", "f64") else array


def descriptor(rank):
    class MemRef(ctypes.Structure):
        _fields_ = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p),
                    ("offset", ctypes.c_int64), ("sizes", ctypes.c_int64 * rank),
                    ("strides", ctypes.c_int64 * rank)]
    return MemRef


def wrap(array):
    memref = descriptor(array.ndim)()
    memref.allocated = memref.aligned = array.ctypes.data
    memref.sizes[:] = array.shape
    memref.strides[:] = [stride // array.itemsize for stride in array.strides]
    return memref


def unwrap(memref, element):
    kind = numpy.dtype(STORAGE[element])
    shape, strides = list(memref.sizes), [s * kind.itemsize for s in memref.strides]
    count = 1 + sum((n - 1) * s for n, s in zip(memref.sizes, memref.strides))
    raw = (ctypes.c_byte * (count * kind.itemsize)).from_address(
        memref.aligned + memref.offset * kind.itemsize)
    return numpy.lib.stride_tricks.as_strided(
        numpy.frombuffer(raw, dtype=kind), shape, strides).copy()


def build(source, passes, folder, name, processor=""):
    """A library from the text of a module."""
    folder = pathlib.Path(folder)
    text, ir, library = (folder / f"{name}{suffix}" for suffix in (".mlir", ".ll", ".so"))
    text.write_text(source)
    lowered = subprocess.run(["sextant-opt", str(text), *passes, *LOOPS],
                             check=True, stdout=subprocess.PIPE).stdout
    translated = subprocess.run(["mlir-translate", "--mlir-to-llvmir"], input=lowered,
                                check=True, stdout=subprocess.PIPE).stdout
    ir.write_bytes(translated)
    # A copy between strided buffers is a call.
    libraries = subprocess.run(["llvm-config", "--libdir"], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.strip()
    flags = [f"-march={processor}"] if processor else []
    subprocess.run(["clang", "-Wno-override-module", "-O1", *flags, "-shared", "-fPIC",
                    "--rtlib=compiler-rt", "-x", "ir", str(ir), "-lm", f"-L{libraries}",
                    f"-Wl,-rpath,{libraries}", "-lmlir_c_runner_utils", "-o", str(library)],
                   check=True)
    return ctypes.CDLL(str(library))


def call(library, function, arguments, results):
    """Calls `function`. Arguments are arrays and integers; `results` are pairs
    of rank and element type."""
    if not isinstance(library, ctypes.CDLL):
        return library.call(function, arguments)
    fields = [(f"r{n}", descriptor(rank)) for n, (rank, _) in enumerate(results)]
    result = type("Results", (ctypes.Structure,), {"_fields_": fields})()
    keep = [wrap(a) if isinstance(a, numpy.ndarray) else ctypes.c_int64(a) for a in arguments]
    getattr(library, f"_mlir_ciface_{function}")(
        ctypes.byref(result),
        *[k if isinstance(k, ctypes.c_int64) else ctypes.byref(k) for k in keep])
    return [unwrap(getattr(result, field), element)
            for (field, _), (_, element) in zip(fields, results)]
