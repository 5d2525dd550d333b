"""Times compiled models against other engines, and checks that they agree.

    bench.py --build BUILD [FILTER] [--rounds N] [--smoke] [--json FILE]

Cases are data: models.json and attention.json. Every engine is a process of
its own, driven in turn: each round takes one sample of each, so that a drift of
the machine hits all alike. A loop of nothing but FMAs is one of the engines: a
case of attention is also given as its share of that. --smoke runs small sizes
once and checks results only.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import attention
from inputs import make_inputs

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "python"))
from sextant_model import TYPES, Model  # noqa: E402


# Of one run of peak.mlir.
PEAK_FLOPS = 2**20 * 12 * 8 * 2


class Engine:
    """A worker process with one model loaded."""

    def __init__(self, name, path, inputs, threads):
        self.name = name
        self.samples = []
        self.busy = []
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks" / "worker.py"), name, str(path), inputs, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
        )
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{name} cannot run {path}")

    def ask(self, order):
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def sample(self):
        time.sleep(0.02)  # let the others' threads come to rest
        wall, busy = map(float, self.ask("time").split())
        self.samples.append(wall)
        self.busy.append(busy)

    def outputs(self, path):
        self.ask(f"save {path}")
        return dict(np.load(path))

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def row(self):
        ordered = sorted(self.samples)
        return {
            "engine": self.name, "best_ms": 1e3 * ordered[0], "median_ms": 1e3 * statistics.median(ordered),
            # Of all threads together: what a busy machine does not distort.
            "cpu_ms": 1e3 * min(self.busy),
            "spread": ordered[-max(1, len(ordered) // 10)] / ordered[0], "samples": len(ordered),
        }


def compile_model(build, model, out, target):
    library = out / f"{model.parent.name}-{model.stem}-{target}.so"
    if not library.exists():
        subprocess.run(
            [str(build / "bin" / "sextant-compile"), str(model), "-o", str(library), f"--target={target}",
             "--prefix=model"], check=True)
    return library


def peak_engine(build, scratch):
    path = str(scratch / "one.npz")
    np.savez(path, x=np.zeros(1, np.float32))
    return Engine("sextant", compile_model(build, ROOT / "benchmarks" / "peak.mlir", scratch, "cpu"), path, 1)


def largest_error(left, right):
    """The largest difference, as a share of the largest magnitude of each output."""
    worst = 0.0
    for name, expected in right.items():
        if expected.size:
            scale = max(float(np.abs(expected).max()), 1e-30)
            worst = max(worst, float(np.abs(left[name].astype(np.float64) - expected).max()) / scale)
    return worst


def model_of(case, scratch):
    """The file that is compiled."""
    if "model" in case:
        return ROOT / case["model"]
    folder = scratch / "attention"
    folder.mkdir(exist_ok=True)
    path = folder / (case["name"].split("/")[1] + ".mlir")
    text = attention.sextant_module(case["attention"])
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
        for old in folder.parent.glob(f"attention-{path.stem}-*.so"):
            old.unlink()
    return path


def peers_of(case, model, dims, scratch, names):
    """Name and model file of each engine to compare with."""
    if "model" in case:
        return [(name, model) for name in names if name == "onnxruntime"]
    peers = []
    if "onnxruntime" in names:
        import onnx

        path = scratch / "peer.onnx"
        onnx.save(attention.onnx_model(case["attention"], dims), path)
        peers.append(("onnxruntime", path))
    if "torch" in names:
        path = scratch / "peer.json"
        path.write_text(json.dumps({**case["attention"], "dims": dims}))
        peers.append(("torch", path))
    return peers


def run_case(case, build, scratch, arguments, peers):
    model = model_of(case, scratch)
    if not model.exists():
        print(f"  {case['name']}: skipped, no {case['model']} (./dev oracles makes it)")
        return []
    dims = {**case["dims"], **(case.get("smoke", {}) if arguments.smoke else {})}
    library = compile_model(build, model, scratch, "cpu")
    inputs = str(scratch / "inputs.npz")
    if "attention" in case:
        np.savez(inputs, **attention.make_inputs(case["attention"], dims))
        # A position encoding of its own is no part of the peers' model.
        peers = [] if case["attention"].get("rotary") else peers
    else:
        signature = [(name, TYPES[type_], shape) for name, type_, shape in Model(library).inputs]
        np.savez(inputs, **make_inputs(signature, dims))

    rows = []
    for threads in case["threads"]:
        engines = [Engine("sextant", library, inputs, threads)]
        if arguments.smoke:
            engines.append(Engine("sextant", compile_model(build, model, scratch, "reference"), inputs, 1))
        else:
            engines += [Engine(name, path, inputs, threads)
                        for name, path in peers_of(case, model, dims, scratch, peers)]
        peak = peak_engine(build, scratch) if "attention" in case and not arguments.smoke else None
        try:
            for _ in range(1 if arguments.smoke else arguments.rounds):
                for engine in [*engines, *([peak] if peak else [])]:
                    engine.sample()
            results = [engine.outputs(str(scratch / f"outputs-{k}.npz")) for k, engine in enumerate(engines)]
            error = max((largest_error(results[0], other) for other in results[1:]), default=0.0)
            if not error < 1e-3:
                sys.exit(f"{case['name']}: expects results within 1e-3 of the others', but got {error:.2e}")
            if arguments.smoke:
                print(f"  {case['name']}, {threads} thread(s): agrees with the reference, largest error {error:.1e}")
                continue
            ours = engines[0].row()
            per_core = PEAK_FLOPS / min(peak.samples) if peak else 0.0
            for engine in engines:
                row = {"case": case["name"], "threads": threads, **engine.row()}
                row["ratio"] = ours["best_ms"] / row["best_ms"]
                share = ""
                if peak:
                    row["gflops"] = attention.flops(case["attention"], dims) / row["best_ms"] / 1e6
                    row["share_of_peak"] = 1e9 * row["gflops"] / (per_core * threads)
                    share = f" {100 * row['share_of_peak']:5.1f}%"
                rows.append(row)
                goal = f"  (goal: at most {case['goal']})" if "goal" in case and engine is not engines[0] else ""
                print(f"  {row['case']:44} {threads}  {row['engine']:12} {row['best_ms']:9.3f} {row['median_ms']:9.3f} "
                      f"{row['cpu_ms']:9.3f} {row['spread']:6.2f} {row['ratio']:6.2f}{share}{goal}", flush=True)
        finally:
            for engine in [*engines, *([peak] if peak else [])]:
                engine.close()
    return rows


def processor():
    """The model of the CPU and nothing else about the machine."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--smoke", action="store_true", help="small sizes, results only")
    parser.add_argument("--peers", help="only these engines, separated by commas")
    parser.add_argument("--keep", type=pathlib.Path, help="leave compiled models here, and use those that are")
    parser.add_argument("--json", type=pathlib.Path, help="also write the rows here")
    arguments = parser.parse_args()
    build = (ROOT / arguments.build).resolve()
    peers = []
    if not arguments.smoke:
        peers = [name for name in ("onnxruntime", "torch") if importlib.util.find_spec(name)]
        if not peers:
            print("no other engine is there (./dev oracles): nothing to compare with")
        if arguments.peers is not None:
            peers = [name for name in peers if name in arguments.peers.split(",")]
        print(f"  {'case':44} t  {'engine':12} {'best ms':>9} {'median':>9} {'cpu ms':>9} {'p90/1':>6} {'ours/x':>6} of peak")
    rows = []
    with contextlib.ExitStack() as stack:
        scratch = arguments.keep or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        scratch.mkdir(parents=True, exist_ok=True)
        for file in ("models.json", "attention.json"):
            for case in json.loads((ROOT / "benchmarks" / file).read_text()):
                if arguments.filter in case["name"]:
                    rows += run_case(case, build, scratch, arguments, peers)
    if arguments.json:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
        record = {"commit": commit.stdout.strip(), "machine": processor(), "load": os.getloadavg()[0], "rows": rows}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
