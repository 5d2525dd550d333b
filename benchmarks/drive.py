"""The workers of the bench: one process for each package, samples of all in turn."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
# After so many rounds, a rival that takes so many times as long as the fastest will not be the fastest.
HOPELESS = {3: 3.0, 7: 1.6}


class Worker:
    """The process of one package; it keeps what it loaded until it drops it."""

    def __init__(self, cache=None):
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "TOKENIZERS_PARALLELISM": "false"}
        if cache:  # compiled kernels of torch outlive a run of the bench
            environment |= {"TORCHINDUCTOR_CACHE_DIR": str(cache), "TORCHINDUCTOR_FX_GRAPH_CACHE": "1"}
        self.process = subprocess.Popen([sys.executable, "-B", str(HERE / "worker.py")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)

    def send(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def receive(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "its process ended"}

    def ask(self, **order):
        try:
            self.send(**order)
        except BrokenPipeError:
            return {"error": "its process ended"}
        return self.receive()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Engine:
    """One thing that is timed: a key in a worker."""

    def __init__(self, name, worker, key):
        self.name, self.worker, self.key = name, worker, key
        self.samples, self.busy = [], []

    def sample(self):
        result = self.worker.ask(do="time", key=self.key)
        if "error" in result:
            raise RuntimeError(f"{self.name}: {result['error']}")
        self.samples.append(result["wall"])
        self.busy.append(result["busy"])

    def best(self, threads):
        """With one thread the time is that of the processor, which others on the machine do not distort."""
        return min(self.busy if threads == 1 else self.samples)

    def row(self, threads):
        times = sorted(self.busy if threads == 1 else self.samples)
        low, high = times[len(times) // 4], times[(3 * len(times)) // 4]
        return {"engine": self.name, "best_ms": 1e3 * times[0], "median_ms": 1e3 * statistics.median(times),
                "clock_ms": 1e3 * min(self.samples), "spread": (high - low) / statistics.median(times),
                "samples": len(times)}


class Pool:
    """Workers by package, started when first asked for."""

    def __init__(self, cache):
        self.workers, self.cache = {}, cache

    def get(self, package):
        if package in self.workers and self.workers[package].process.poll() is not None:
            del self.workers[package]
        if package not in self.workers:
            self.workers[package] = Worker(self.cache if package == "torch" else None)
        return self.workers[package]

    def drop(self):
        for worker in self.workers.values():
            worker.ask(do="drop")

    def close(self):
        for worker in self.workers.values():
            worker.close()
        self.workers = {}


def take_rounds(engines, least, most, seconds, threads=1, rivals=()):
    """Samples of all in turn: at least `least` rounds, then until `seconds` are over or there are `most`.

    Only rivals that may still be the fastest of all are sampled on, these the more often.
    """
    start = time.monotonic()
    for number in range(most):
        if number >= least and time.monotonic() - start > seconds:
            break
        if number in HOPELESS and rivals:
            limit = HOPELESS[number] * min(rival.best(threads) for rival in rivals)
            engines = [engine for engine in engines if engine not in rivals or engine.best(threads) <= limit]
        # In the other order every second time: no engine always follows the same one.
        for engine in engines if number % 2 == 0 else reversed(engines):
            engine.sample()
