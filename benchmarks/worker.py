"""The process of one engine: thread pools spin after a call, and in one process
they would steal the next engine's cores.

Reads an order a line on standard input, as JSON, and answers each with a line:
`load` a job under a key, `time` it, `save` the outputs of its last run, `drop`
all. What an engine writes elsewhere goes to standard error.
"""

import json
import os
import sys
import time

import numpy as np

import engines

# Each sample is the best of the runs in this time, behind one that warms the
# caches: as a loop over layers or tokens finds them. One that takes long warms
# them by itself.
SECONDS, LONG = 0.01, 0.1
# Before each sample, so that the threads of others come to rest, and also the process that asks: one that has just
# written and is about to wait still holds a core, and a thread woken then may share the other with its caller.
REST = 0.02


def time_once(run):
    """By the clock, of the processor, and by the clock again: what a sum starts with."""
    start, busy = time.perf_counter(), time.process_time()
    run()
    wall = time.perf_counter() - start
    # The clock of the processor may stand still for some microseconds.
    return wall, time.process_time() - busy or wall, wall


def time_best(run):
    best, busy_best, spent = time_once(run)
    if spent < LONG:
        best, busy_best, spent = float("inf"), float("inf"), 0.0
    while spent < SECONDS:
        wall, busy, _ = time_once(run)
        best, busy_best, spent = min(best, wall), min(busy_best, busy), spent + wall
    return best, busy_best


def find(kind, name):
    if name == "sextant":
        return engines.load_sextant
    return next(load for each, _, load in engines.ENGINES[kind] if each == name)


def answer(order, loaded):
    if order["do"] == "load":
        ready = find(order["kind"], order["engine"])(order["job"])
        if ready is None:
            return {"absent": True}
        ready[0]()
        loaded[order["key"]] = ready
    elif order["do"] == "time":
        time.sleep(REST)
        wall, busy = time_best(loaded[order["key"]][0])
        return {"wall": wall, "busy": busy}
    elif order["do"] == "save":
        np.savez(order["path"], **loaded[order["key"]][1]())
    elif order["do"] == "names":
        return {"names": list(loaded[order["key"]][1]())}
    elif order["do"] == "drop":
        loaded.clear()
    return {}


def main():
    # Answers alone go to the pipe: engines print to what is standard output.
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    loaded = {}
    for line in sys.stdin:
        try:
            result = answer(json.loads(line), loaded)
        except Exception as error:  # an engine that cannot run a case says why
            result = {"error": f"{type(error).__name__}: {error}"[:400]}
        print(json.dumps(result), file=pipe, flush=True)


if __name__ == "__main__":
    main()
