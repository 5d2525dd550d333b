"""Exports the example models, writes their reference vectors and checks both.

    python examples/models/export.py            # all three, from build/models
    python examples/models/export.py bloom
    python examples/models/export.py --untrained  # fresh weights: same graphs, no training

Every model leaves three files (the newer exporter at opsets 20 and 23, the older one at
17), one folder of vectors that all three must reproduce, and a model.json.
"""

import argparse
import json
import re
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from transformers.cache_utils import DynamicCache

import cases
import recipe

EXPORTS = {
    "dynamo-opset20.onnx": dict(dynamo=True, opset_version=20),
    "dynamo-opset23.onnx": dict(dynamo=True, opset_version=23),
    "torchscript-opset17.onnx": dict(dynamo=False, opset_version=17),
}
LIMIT = 2_000_000        # bytes of one export
DATA_LIMIT = 600_000     # bytes of one model's vectors
TOLERANCE = 1e-4
# An exporter's stack traces carry the paths of the machine it ran on.
MACHINE_PATH = re.compile(rb"/(root|work|home|usr|tmp|opt)/")
# What the older exporter puts before every name: our wrapper and the class' own base.
PREFIX = re.compile(r"^/model(/model)?/")


class Decoder(torch.nn.Module):
    """A decoder with its cache as plain tensors: key and value of layer 0, of layer 1, ..."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, past):
        cache = DynamicCache()
        for index in range(0, len(past), 2):
            # update() would concatenate the past to an empty tensor first, and both
            # exporters would write that down.
            layer = cache.layer_class_to_replicate()
            layer.lazy_initialization(past[index], past[index + 1])
            layer.keys, layer.values = past[index], past[index + 1]
            cache.layers.append(layer)
        out = self.model(input_ids=input_ids, attention_mask=attention_mask,
                         past_key_values=cache, use_cache=True)
        present = [t for layer in cache.layers for t in (layer.keys, layer.values)]
        return (out.logits, *present)


class Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return (self.model(input_ids=input_ids, attention_mask=attention_mask).logits,)


def interface(name, model):
    """Input names, output names and the dynamic axes of each input, in order."""
    if name == "mpnet":
        axes = {0: "batch", 1: "sequence"}
        return ["input_ids", "attention_mask"], ["logits"], [axes, axes]
    layers, kinds = range(model.config.num_hidden_layers), ("key", "value")
    past = [f"past_key_values.{i}.{kind}" for i in layers for kind in kinds]
    present = [f"present.{i}.{kind}" for i in layers for kind in kinds]
    # The mask covers past and new bytes; neither exporter can be told that sum.
    axes = [{0: "batch", 1: "sequence"}, {0: "batch", 1: "total"}]
    axes += [{0: "batch", 2: "past"}] * len(past)
    return ["input_ids", "attention_mask", *past], ["logits", *present], axes


def export(wrapped, sample, names, how, path):
    inputs, outputs, axes = names
    if how["dynamo"]:
        # The past is one list argument, so its axes are one list too.
        shapes = [*axes[:2], list(axes[2:])] if len(axes) > 2 else axes
        extra = dict(dynamic_shapes=tuple(shapes), external_data=False, optimize=True)
    else:
        # Outputs get axes as well, otherwise the sample's lengths would be declared.
        declared = dict(zip(inputs, axes)) | {"logits": {0: "batch", 1: "sequence"}}
        declared |= {o: {0: "batch", 2: "total"} for o in outputs[1:]}
        extra = dict(dynamic_axes=declared, do_constant_folding=True)
    args = (*sample[:2], list(sample[2:])) if len(axes) > 2 else tuple(sample)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(wrapped, args, str(path), input_names=inputs,
                          output_names=outputs, verbose=False, **how, **extra)
    clean(path)


def clean(path):
    """Drops what only debugging the exporter needs, and insists that no path is left."""
    model = onnx.load(path)
    del model.metadata_props[:]
    model.doc_string = ""
    graph = model.graph
    for holder in [graph, *graph.node, *graph.value_info, *graph.input, *graph.output,
                   *graph.initializer]:
        holder.doc_string = ""
        # `namespace` is the chain of modules a node came from: good in a diagnostic.
        kept = [p for p in holder.metadata_props if p.key == "namespace"]
        kept = [(p.key, p.value) for p in kept if not MACHINE_PATH.search(p.value.encode())]
        del holder.metadata_props[:]
        for key, value in kept:
            holder.metadata_props.add(key=key, value=value)
    shorten_names(graph)
    onnx.checker.check_model(model)
    data = model.SerializeToString(deterministic=True)
    assert not MACHINE_PATH.search(data), f"{path} names a path of this machine"
    assert len(data) <= LIMIT, f"{path} has {len(data)} bytes"
    path.write_bytes(data)


def shorten_names(graph):
    """Takes from the names of nodes and values the path that all of them share."""
    def short(name):
        return PREFIX.sub("/", name)

    for node in graph.node:
        node.name = short(node.name)
        for values in (node.input, node.output):
            values[:] = [short(name) for name in values]
    for value in [*graph.value_info, *graph.initializer, *graph.input, *graph.output]:
        value.name = short(value.name)
    values = [name for node in graph.node for name in node.output if name]
    values += [value.name for value in [*graph.input, *graph.initializer]]
    assert len(set(values)) == len(values), "two values have one name"


def runner(path):
    """A function from named inputs to the list of outputs, and what it runs on."""
    model = onnx.load(path)
    reference = []

    def run(feeds):
        try:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.log_severity_level = 1, 4
            session = onnxruntime.InferenceSession(str(path), options)
            return "onnxruntime", session.run(None, feeds)
        except Exception:  # onnxruntime has no common base class for "not implemented"
            if not reference:
                reference.append(ReferenceEvaluator(model))
            return "reference evaluator", reference[0].run(None, feeds)

    return run


def check(path, names, suite):
    """Runs one export on every case; returns the runtimes used and the largest error."""
    run, used, worst = runner(path), Counter(), 0.0
    for case in suite:
        feeds = dict(zip(names[0], [t.numpy() for t in case.inputs]))
        runtime, got = run(feeds)
        used[runtime] += 1
        assert len(got) == len(case.outputs)
        for name, want, have in zip(names[1], case.outputs, got):
            want, keep = want.numpy(), case.compared(name)
            assert have.shape == want.shape, (path, case.name, name, have.shape, want.shape)
            error = numpy.abs(have - want)[keep].max(initial=0.0)
            assert error <= TOLERANCE, (path, case.name, name, runtime, error)
            worst = max(worst, float(error))
    return dict(used), worst


def write_vectors(folder, names, suite):
    """The ONNX project's own layout for test data: one TensorProto a file."""
    for old in folder.glob("*/*.pb"):
        old.unlink()
    for case in suite:
        where = folder / case.name
        where.mkdir(parents=True, exist_ok=True)
        for stem, labels, tensors in (("input", names[0], case.inputs),
                                      ("output", names[1], case.outputs)):
            for index, (label, tensor) in enumerate(zip(labels, tensors)):
                proto = numpy_helper.from_array(tensor.numpy(), label)
                (where / f"{stem}_{index}.pb").write_bytes(proto.SerializeToString())
    size = sum(f.stat().st_size for f in folder.glob("*/*.pb"))
    assert size <= DATA_LIMIT, f"{folder} has {size} bytes"
    return size


def do(name, args):
    model = recipe.build(name)
    weights = recipe.weights_file(args.work, name)
    if args.untrained:
        # Fresh norms and biases are all alike and the exporters would merge them.
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.02 * torch.randn_like(parameter))
    else:
        model.load_state_dict(torch.load(weights, weights_only=True))
    wrapped = (Encoder if name == "mpnet" else Decoder)(model).eval()
    names, folder = interface(name, model), args.to / name
    folder.mkdir(parents=True, exist_ok=True)
    committed, checked_only = cases.suite(name, wrapped)
    size = write_vectors(folder / "data", names, committed)
    about = {
        "class": type(model).__name__,
        "config": recipe.CONFIGS[name],
        "parameters": recipe.parameters(model),
        "trained": not args.untrained,
        "licence": "Apache-2.0 WITH LLVM-exception",
    }
    if not args.untrained:
        record = json.loads(weights.with_name("record.json").read_text())
        about |= {
            "command": f"python examples/models/train.py {name} --seed {record['seed']}",
            "training": {k: record[k] for k in record if k not in ("excerpt", "held_out")},
            "protocol": recipe.PROTOCOL[name],
            # Recomputed from the weights that the exports hold.
            "excerpt": recipe.score(name, model, recipe.held_out_windows()),
            "whole_held_out": record["held_out"],
        }
    about["vector_bytes"], about["exports"] = size, {}
    for file, how in EXPORTS.items():
        path = folder / file
        # Lengths that differ pairwise, so that no axis can be mistaken for another.
        export(wrapped, cases.sample(name, wrapped), names, how, path)
        used, worst = check(path, names, committed + checked_only)
        ops = Counter(node.op_type for node in onnx.load(path).graph.node)
        about["exports"][file] = {
            "bytes": path.stat().st_size, "cases_by_runtime": used,
            "largest_error": float(f"{worst:.1e}"), "nodes": sum(ops.values()),
            "ops": dict(sorted(ops.items()))}
        print(name, file, path.stat().st_size, "bytes", used, f"error {worst:.1e}")
    about["versions"] = {p: version(p) for p in ("torch", "transformers", "onnx",
                                                 "onnxscript", "onnxruntime")}
    (folder / "model.json").write_text(json.dumps(about, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", default=list(recipe.CONFIGS),
                        help="llama, bloom or mpnet (default: all)")
    parser.add_argument("--work", default="build/models", help="where checkpoints are")
    parser.add_argument("--to", type=Path, default=recipe.HERE, help="where the files go")
    parser.add_argument("--untrained", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in args.names:
        do(name, args)


if __name__ == "__main__":
    main()
