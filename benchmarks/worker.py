"""One engine in one process: engines' thread pools spin after a call, and in one
process they would steal the next engine's cores.

Reads a line per order on standard input: `time` answers with seconds by the
clock and of processor time, `save PATH` writes the outputs of the last run.
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


def load_torch(path, inputs, threads):
    """scaled_dot_product_attention, with the bias as a tensor made beforehand."""
    import json

    import torch

    import attention

    torch.set_num_threads(threads)
    case = json.loads(open(path).read())
    queries, keys = case["dims"]["sequence"], inputs["k"].shape[2]
    q, k, v = (torch.from_numpy(inputs[name]) for name in "qkv")
    bias = attention.bias_tensor(case, queries, keys)
    causal = case.get("causal", False)
    if causal and (bias is not None or queries != keys):
        mask = attention.mask_tensor(queries, keys)
        bias = mask if bias is None else bias + mask
        causal = False
    if bias is not None:
        bias = torch.from_numpy(np.ascontiguousarray(bias, np.float32))
    grouped = q.shape[1] != k.shape[1]
    last = {}

    def run():
        with torch.inference_mode():
            last["o"] = torch.nn.functional.scaled_dot_product_attention(
                q, k, v, attn_mask=bias, is_causal=causal, enable_gqa=grouped)

    return run, lambda: {"o": last["o"].numpy()}


ENGINES = {"sextant": load_sextant, "onnxruntime": load_onnxruntime, "torch": load_torch}


def time_best(run):
    """The best of some runs behind one that warms the caches: as a loop over layers or tokens finds them."""
    run()
    best, busy_best, spent = float("inf"), float("inf"), 0.0
    while spent < 0.01:
        start, busy = time.perf_counter(), time.process_time()
        run()
        wall = time.perf_counter() - start
        best, busy_best, spent = min(best, wall), min(busy_best, time.process_time() - busy), spent + wall
    return best, busy_best


def main():
    engine, path, inputs, threads = sys.argv[1:5]
    os.environ["OMP_WAIT_POLICY"] = "passive"
    run, results = ENGINES[engine](path, dict(np.load(inputs)), int(threads))
    run()
    print("ready", flush=True)
    for line in sys.stdin:
        order = line.split()
        if order[0] == "time":
            print(*time_best(run), flush=True)
        elif order[0] == "save":
            np.savez(order[1], **results())
            print("saved", flush=True)


if __name__ == "__main__":
    main()
