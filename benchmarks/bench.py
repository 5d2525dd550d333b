"""Times compiled models against other engines, and checks that they agree.

    bench.py --build BUILD [FILTER...] [--smoke] [--prepare] [--record] [--instructions] ...

Cases are data, see cases.py. First everything is compiled, then timed. Every
package is a process of its own, and samples of all are taken in turn: a drift
of the machine hits all alike. A loop of nothing but FMAs and one of nothing but
loads are among them, so that a row says how far from the machine's limit it is.
--smoke runs small sizes once, checks results and asserts no time.
"""

import concurrent.futures
import importlib.util
import itertools
import os
import statistics
import subprocess
import time

import numpy as np

import engines
import instructions
import options
import report
import table
from cases import ROOT
from drive import Engine, Pool, take_rounds
from options import refuse

# Of one run of peak.mlir.
PEAK_FLOPS = 2**20 * 12 * 8 * 2
LARGEST_ERROR = 1e-3
# Processes of the compiler, of which the median counts.
COMPILATIONS = 7


def compile_model(build, source, scratch, target="cpu"):
    library = scratch / f"{source.parent.name}-{source.stem}-{target}.so"
    compiler = build / "bin" / "sextant-compile"
    if not library.exists() or library.stat().st_mtime < max(x.stat().st_mtime for x in (source, compiler)):
        command = [str(compiler), str(source), "-o", str(library), f"--target={target}", "--prefix=model"]
        if subprocess.run(command).returncode:
            refuse(f"sextant-compile cannot compile {source.name} for the target {target}")
    return library


def largest_error(left, right):
    """The largest difference, as a share of the largest magnitude of each output."""
    worst = 0.0
    for name, expected in right.items():
        if expected.size:
            scale = max(float(np.abs(expected).max()), 1e-30)
            worst = max(worst, float(np.abs(left[name].astype(np.float64) - expected).max()) / scale)
    return worst


class Bench:
    def __init__(self, arguments, scratch):
        self.arguments, self.scratch = arguments, scratch
        self.build = (ROOT / arguments.build).resolve()
        self.pool = Pool(scratch / "torch")
        self.packages = options.packages(arguments)

    def compile_all(self, chosen):
        """All libraries, two at a time."""
        jobs = {(ROOT / "benchmarks" / "peak.mlir", "cpu"), (ROOT / "benchmarks" / "read.mlir", "cpu")}
        for case in chosen:
            for each in filter(None, (case, case.plain)):
                jobs |= {(each.file(self.scratch), "cpu")}
                if self.arguments.smoke:
                    jobs |= {(each.file(self.scratch), "reference")}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(lambda job: compile_model(self.build, job[0], self.scratch, job[1]), sorted(jobs)))

    def library(self, case, target="cpu"):
        return compile_model(self.build, case.file(self.scratch), self.scratch, target)

    def load(self, package, kind, name, key, job):
        """An engine, None where it has no such case; says why where it fails."""
        worker = self.pool.get(package)
        result = worker.ask(do="load", kind=kind, engine=name, key=key, job=job)
        if "error" in result:
            table.note(f"{name} cannot run this: {result['error'][:150]}")
        return None if result else Engine(name, worker, key)

    def ours(self, name, library, inputs, threads, key):
        job = {"model": str(library), "inputs": str(inputs), "threads": threads}
        engine = self.load("sextant", "", "sextant", key, job)
        if not engine:
            refuse(f"the bench cannot run {library.name}")
        engine.name = name
        return engine

    def roof(self, kind, size, threads):
        """A loop of FMAs, or one that reads `size` bytes."""
        path = self.scratch / f"{kind}.npz"
        rows = 1 if kind == "peak" else max(1, size // (4 * 4096))
        np.savez(path, x=np.zeros(1, np.float32) if kind == "peak" else np.ones((rows, 4096), np.float32))
        source = ROOT / "benchmarks" / f"{kind}.mlir"
        engine = self.ours(kind, compile_model(self.build, source, self.scratch), path, threads, kind)
        engine.bytes = rows * 4 * 4096
        return engine

    def warm(self, chosen):
        """Kernels that torch compiles, which outlive this process."""
        inputs = self.scratch / "inputs.npz"
        for case in chosen:
            if case.engines == "attention" and not case.compiles and "torch" in self.packages:
                np.savez(inputs, **case.inputs(None))
                for threads, name in itertools.product(case.threads, ("torch-flex", "torch-flex-folded")):
                    self.load("torch", "attention", name, name, {"inputs": str(inputs), "threads": threads, **case.job()})
                self.pool.drop()

    def rows(self, chosen):
        for case in chosen:
            yield from self.run(case)

    def run(self, case):
        """Rows of one case, for each number of threads."""
        if case.compiles:
            yield self.compile_time(case)
            return
        library, inputs = self.library(case), self.scratch / "inputs.npz"
        np.savez(inputs, **case.inputs(library))
        for threads in case.threads:
            try:
                yield self.run_threads(case, library, inputs, threads)
            finally:
                self.pool.drop()

    def compile_time(self, case):
        """Of whole processes, from the file to the library, by the clock: what a user waits for."""
        command = [str(self.build / "bin" / "sextant-compile"), str(case.file(self.scratch)), "-o",
                   str(self.scratch / "compile-time.so"), "--prefix=model"]
        clock, busy = [], []
        for _ in range(COMPILATIONS):
            start, before = time.perf_counter(), os.times()
            if subprocess.run(command).returncode:
                refuse(f"{case.name}: sextant-compile cannot compile it")
            after = os.times()
            clock.append(1e3 * (time.perf_counter() - start))
            busy.append(1e3 * (after.children_user + after.children_system - before.children_user - before.children_system))
        clock.sort()
        return {"case": case.name, "threads": 1, "engine": "sextant-compile", "best_ms": clock[0],
                "median_ms": statistics.median(clock), "spread": (clock[-2] - clock[1]) / statistics.median(clock),
                "processor_ms": statistics.median(busy), "samples": len(clock)}

    def run_threads(self, case, library, inputs, threads):
        ours = self.ours("sextant", library, inputs, threads, "ours")
        others = []
        if self.arguments.smoke:
            others.append(self.ours("reference", self.library(case, "reference"), inputs, 1, "reference"))
        elif case.plain:
            plain = self.ours("plain", self.library(case.plain), inputs, threads, "plain")
            if case.name.startswith("grid/") and "onnxruntime" in self.packages:
                # The plain form as another compiler has it.
                job = {"model": "", "inputs": str(inputs), "threads": threads, **case.job()}
                others.append(self.load("onnxruntime", "attention", "ort-unfused", "unfused", job))
        elif case.engines:
            outputs = list(ours.worker.ask(do="names", key="ours")["names"])
            for name, package, _ in engines.ENGINES[case.engines]:
                if package in self.packages:
                    model = self.peer_model(case)
                    job = {"model": str(model), "inputs": str(inputs), "threads": threads, "output": outputs[0], **case.job()}
                    if name == "torch" and case.engines == "model" and "folder" not in job:
                        continue
                    others.append(self.load(package, case.engines, name, name, job))
        others = [engine for engine in others if engine]
        error = self.agree(case, ours, others)
        if self.arguments.smoke:
            return {"case": case.name, "threads": threads, "error": error}
        if case.plain:
            take_rounds([ours, plain, *others], case.rounds, max(case.rounds, self.arguments.rounds), 1.0)
            return table.pair_row(case, ours, plain, others, threads)
        roofs = [self.roof("peak", 0, 1)] if case.flops() else []
        if case.bytes():
            roofs.append(self.roof("read", case.bytes(), threads))
        take_rounds([ours, *others, *roofs], min(case.rounds, self.arguments.rounds), self.arguments.rounds,
                    self.arguments.seconds, threads, others)
        return self.measured(case, ours, others, roofs, threads)

    def peer_model(self, case):
        if case.engines != "linear" or not importlib.util.find_spec("onnx"):
            return case.file(self.scratch)
        import onnx

        import peers

        path = self.scratch / "linear.onnx"
        onnx.save(peers.linear_model(case.what), path)
        return path

    def agree(self, case, ours, others):
        results = []
        for engine in [ours, *others]:
            path = self.scratch / "outputs.npz"
            result = engine.worker.ask(do="save", key=engine.key, path=str(path))
            if "error" in result:
                refuse(f"{case.name}: {engine.name}: {result['error']}")
            results.append(dict(np.load(path)))
        worst = 0.0
        for engine, result in zip(others, results[1:]):
            shared = {name: array for name, array in result.items() if name in results[0]}
            error = largest_error(results[0], shared)
            if not error < LARGEST_ERROR or not shared:
                refuse(f"{case.name}: expects results within {LARGEST_ERROR} of those of {engine.name}, but got {error:.2e}")
            worst = max(worst, error)
        return worst

    def measured(self, case, ours, others, roofs, threads):
        found = {"case": case.name, "threads": threads, **ours.row(threads)}
        found["peers"] = [engine.row(threads) for engine in others]
        if roofs:
            peak = PEAK_FLOPS / roofs[0].best(1) * threads
            read = roofs[1].bytes / roofs[1].best(threads) if len(roofs) > 1 else None
            seconds = found["best_ms"] / 1e3
            found |= {"peak_gflops": peak / 1e9, "gflops": case.flops() / seconds / 1e9,
                      "share_of_peak": case.flops() / seconds / peak, "floor_ms": 1e3 * case.floor(peak, read)}
            found["share_of_floor"] = found["floor_ms"] / found["best_ms"]
            if read:
                found |= {"read_gbs": read / 1e9, "share_of_read": case.bytes() / seconds / read}
        if found["peers"]:
            best = min(found["peers"], key=lambda peer: peer["best_ms"])
            found |= {"best_peer": best["engine"], "best_peer_ms": best["best_ms"], "ratio": best["best_ms"] / found["best_ms"]}
        return found


def main():
    arguments = options.parse(__doc__.splitlines()[0])
    chosen = options.choose(arguments)
    scratch = (arguments.keep or ROOT / arguments.build / "bench").resolve()
    try:
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(f"cannot keep what is compiled in {scratch}: {error.strerror}")
    bench = Bench(arguments, scratch)
    if arguments.peers is None and not bench.packages and not arguments.smoke and not arguments.instructions:
        table.note("no other engine is there (./dev oracles): nothing to compare with")
    start = time.monotonic()
    bench.compile_all(chosen)
    table.note(f"{len(chosen)} cases compiled in {time.monotonic() - start:.0f} s")
    if arguments.prepare:
        bench.warm(chosen)
        bench.pool.close()
        return table.note(f"all ready after {time.monotonic() - start:.0f} s")
    record = {**table.about(ROOT, bench.packages), "rows": []}
    printer = table.Printer(record)
    try:
        for row in instructions.count_all(bench, chosen) if arguments.instructions else bench.rows(chosen):
            record["rows"].append(row)
            printer.show(row)
    finally:
        bench.pool.close()
    record |= {"load_after": os.getloadavg()[0], "seconds": round(time.monotonic() - start)}
    printer.end(record)
    write(arguments, record)


def write(arguments, record):
    if arguments.record and not arguments.smoke:
        grid = all(row["case"].startswith("grid/") for row in record["rows"])
        name = "instructions" if arguments.instructions else "grid" if grid else "performance"
        (ROOT / "benchmarks" / "results" / f"{name}.json").write_text(table.as_json(record))
        report.write()
    if arguments.json:
        arguments.json.write_text(table.as_json(record))
    if arguments.csv:
        arguments.csv.write_text(table.as_csv(record))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        refuse("interrupted")
    except RuntimeError as error:  # an engine that ran before and does so no more
        refuse(str(error))
