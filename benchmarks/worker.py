"""One engine in one process: engines' thread pools spin after a call, and in one
process they would steal the next engine's cores.

Reads a line per order on standard input: `time` runs once and answers with
seconds by the clock and of processor time, `save PATH` writes the outputs of the last run.
"""

import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "examples", "python"))


def load_sextant(path, inputs, threads):
    from sextant_model import Model

    model = Model(path)
    run, results = model.prepare(inputs, threads)
    return run, lambda: results


def load_onnxruntime(path, inputs, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    used = {value.name for value in session.get_inputs()}
    feed = {name: array for name, array in inputs.items() if name in used}
    last = {}

    def run():
        last.update(zip(names, session.run(names, feed)))

    return run, lambda: last


ENGINES = {"sextant": load_sextant, "onnxruntime": load_onnxruntime}


def main():
    engine, path, inputs, threads = sys.argv[1:5]
    os.environ["OMP_WAIT_POLICY"] = "passive"
    run, results = ENGINES[engine](path, dict(np.load(inputs)), int(threads))
    run()
    print("ready", flush=True)
    for line in sys.stdin:
        order = line.split()
        if order[0] == "time":
            start, busy = time.perf_counter(), time.process_time()
            run()
            print(time.perf_counter() - start, time.process_time() - busy, flush=True)
        elif order[0] == "save":
            np.savez(order[1], **results())
            print("saved", flush=True)


if __name__ == "__main__":
    main()
