"""Small random models of many architectures, exported, with what PyTorch answers.

    python test/Oracles/exports.py build/oracles/architectures [NAME ...]

Every model is one of transformers' own classes with a small configuration and
seeded weights. NAME/MODE-EXPORTER.onnx is a graph: `prefill` has no cache,
`decode` has one. NAME/MODE-EXPORTER.SET.npz holds inputs and expected outputs.
Those are PyTorch's; only for sets with a row that sees no key they are what a
runtime makes of the very graph, since exporters change such rows.
"""

import argparse
import hashlib
import importlib.metadata
import logging
import pathlib
import warnings

import numpy as np

from architectures import ARCHITECTURES

EXPORTERS = {"dynamo": dict(dynamo=True, opset_version=20, external_data=False, optimize=True),
             "torchscript": dict(dynamo=False, opset_version=17, do_constant_folding=True)}


def build(name):
    """The model with weights large enough that a wrong position or mask shows."""
    import torch
    import transformers

    about = ARCHITECTURES[name]
    torch.manual_seed(sum(name.encode()))
    cls, config = getattr(transformers, about.model), dict(about.config)
    arguments = {"add_pooling_layer": False} if config.pop("add_pooling_layer", None) is False else {}
    model = cls(cls.config_class(**config), **arguments).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if not parameter.requires_grad:  # a table of sines
                continue
            noise = torch.randn_like(parameter)
            if parameter.ndim == 1:
                parameter.copy_(0.1 * noise + (0 if key.endswith("bias") else 1))
            elif "embed" in key or "wte" in key or "relative_attention_bias" in key or "shared" in key:
                parameter.copy_(noise)
            else:
                parameter.copy_(1.5 * noise / parameter.shape[-1] ** 0.5)
    return model


def wrap(model, mode):
    """A module over tensors alone: transformers' caches are objects."""
    import torch
    from transformers.cache_utils import DynamicCache

    class Encoder(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            inner = self.model.encoder if hasattr(self.model, "lm_head") else self.model
            return inner(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    class Sequences(torch.nn.Module):
        def forward(self, input_ids, attention_mask, decoder_input_ids):
            return self.model(input_ids=input_ids, attention_mask=attention_mask,
                              decoder_input_ids=decoder_input_ids, use_cache=False).logits

    class Prefill(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits

    class Decode(torch.nn.Module):
        def forward(self, input_ids, attention_mask, past):
            cache = DynamicCache()
            for index in range(0, len(past), 2):
                # update() would first concatenate the past to an empty tensor.
                layer = cache.layer_class_to_replicate()
                layer.lazy_initialization(past[index], past[index + 1])
                layer.keys, layer.values = past[index], past[index + 1]
                cache.layers.append(layer)
            out = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True)
            return (out.logits, *[t for layer in cache.layers for t in (layer.keys, layer.values)])

    wrapper = {"encoder": Encoder, "sequences": Sequences, "prefill": Prefill, "decode": Decode}[mode]()
    wrapper.model = model
    return wrapper.eval()


def tokens(batch, length, seed):
    return np.random.default_rng(seed).integers(3, 67, (batch, length))


def padded(lengths, total, left=False):
    rows = [[0] * (total - n) + [1] * n if left else [1] * n + [0] * (total - n) for n in lengths]
    return np.array(rows)


def cache_of(model, ids, mask):
    import torch

    with torch.no_grad():
        cache = model(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask), use_cache=True).past_key_values
        # All of it, also where the library would keep a window only.
        return [t.contiguous() for layer in cache.layers for t in (layer.keys, layer.values)]


def data_sets(model, mode):
    """(name, inputs, whether some row sees no key); the first is what exporters trace."""
    sets = []
    if mode == "decode":
        from transformers.cache_utils import DynamicCache

        def past_of(ids, mask):
            import torch

            with torch.no_grad():
                heads = cache_of(model, ids[:, :1], mask[:, :1])
                empty = [t[:, :, :0] for t in heads]
                if not ids.shape[1]:
                    return [t.numpy() for t in empty]
                _, *past = wrap(model, "decode")(torch.tensor(ids), torch.tensor(mask), empty)
                return [t.numpy() for t in past]

        left, right = padded([9, 5], 9, left=True), padded([11, 7], 11)
        for name, batch, new, past, mask in (
                ("trace", 2, 3, 5, None), ("step", 2, 1, 17, None), ("chunk", 1, 7, 6, None),
                ("left-padded-step", 2, 1, 9, left), ("right-padded-step", 2, 1, 11, right)):
            ids = tokens(batch, past + new, past)
            mask = np.ones((batch, past), np.int64) if mask is None else mask
            full = np.concatenate([mask, np.ones((batch, new), np.int64)], 1)
            sets.append((name, [ids[:, past:], full, past_of(ids[:, :past], mask)], False))
        return sets
    masks = [("trace", np.ones((2, 11))), ("one", np.ones((1, 1))), ("long", np.ones((1, 53))),
             ("right-padded", padded([13, 4, 9], 13)), ("left-padded", padded([9, 5], 9, left=True))]
    for name, mask in masks:
        ids = np.where(mask == 1, tokens(*mask.shape, mask.size), 0)
        inputs = [ids, mask.astype(np.int64)]
        if mode == "sequences":
            inputs.append(tokens(mask.shape[0], 7, 5))
        # A window can hold padding alone, on the right as well.
        window = getattr(model.config, "sliding_window", None) or getattr(model.config, "local_attention", None)
        blind = mode == "prefill" and name == "left-padded" or mode != "sequences" and window and name.endswith("padded")
        sets.append((name, inputs, blind))
    return sets


def export(wrapped, mode, inputs, exporter, path):
    import torch

    rows, names = {0: "batch", 1: "sequence"}, ["input_ids", "attention_mask"]
    args = tuple(torch.tensor(array) for array in inputs[:2])
    axes, outputs = [rows, rows], ["hidden" if mode == "encoder" else "logits"]
    if mode == "sequences":
        names, axes, args = [*names, "decoder_input_ids"], [*axes, {0: "batch", 1: "target"}], (
            *args, torch.tensor(inputs[2]))
    flat = list(axes)
    if mode == "decode":
        kinds = [f"{k}.{kind}" for k in range(len(inputs[2]) // 2) for kind in ("key", "value")]
        names, outputs = [*names, *(f"past.{k}" for k in kinds)], [*outputs, *(f"present.{k}" for k in kinds)]
        past = [{0: "batch", 2: "past"}] * len(kinds)
        axes = [rows, {0: "batch", 1: "total"}, past]
        flat, args = [*axes[:2], *past], (*args, [torch.tensor(t) for t in inputs[2]])
    how = dict(EXPORTERS[exporter])
    if how["dynamo"]:
        how["dynamic_shapes"] = tuple(axes)
    else:
        first = {0: "batch", 1: "target" if mode == "sequences" else "sequence"}
        how["dynamic_axes"] = dict(zip(names, flat)) | {outputs[0]: first} | {
            o: {0: "batch", 2: "total"} for o in outputs[1:]}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(wrapped, args, str(path), input_names=names, output_names=outputs, verbose=False, **how)
    return names, outputs


def evaluate(path, feeds):
    """What a runtime makes of a graph."""
    import onnx
    import onnxruntime
    from onnx.reference import ReferenceEvaluator

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    try:
        return onnxruntime.InferenceSession(str(path), options).run(None, feeds)
    except Exception:  # there is no common base class for "not implemented"
        return ReferenceEvaluator(onnx.load(path)).run(None, feeds)


def make(name, folder):
    """Exports one architecture in all its modes; yields a line for each graph."""
    import torch

    about, model = ARCHITECTURES[name], build(name)
    for mode in about.modes:
        sets, wrapped = data_sets(model, mode), wrap(model, mode)
        with torch.no_grad():  # tables that a first call makes would else be made by an exporter
            wrapped(*[[torch.tensor(t) for t in v] if isinstance(v, list) else torch.tensor(v) for v in sets[0][1]])
        for exporter in EXPORTERS:
            if exporter in about.missing or f"{exporter}-{mode}" in about.missing:
                continue
            stem = f"{mode}-{exporter}"
            path = folder / f"{stem}.onnx"
            names, outputs = export(wrapped, mode, sets[0][1], exporter, path)
            worst = 0.0
            for label, inputs, blind in sets:
                flat = [a for value in inputs for a in (value if isinstance(value, list) else [value])]
                feeds = dict(zip(names, flat))
                expected = evaluate(path, feeds)
                if not blind:
                    with torch.no_grad():
                        got = wrapped(*[[torch.tensor(t) for t in v] if isinstance(v, list) else torch.tensor(v)
                                        for v in inputs])
                    answers = [t.numpy() for t in (got if isinstance(got, tuple) else (got,))]
                    worst = max([worst, *(float(np.abs(a - b).max()) for a, b in zip(answers, expected))])
                    expected = answers
                np.savez(folder / f"{stem}.{label}.npz", **{f"in:{k}": v for k, v in feeds.items()},
                         **{f"out:{k}": v for k, v in zip(outputs, expected)})
            yield f"{name:9} {stem:22} {len(sets)} sets, runtime against PyTorch {worst:.1e}"


def ensure(name, folder):
    """Makes what is missing or was made by another version of this file or of the packages."""
    about = ARCHITECTURES[name]
    how = [about.model, about.config, about.modes, about.missing,
           *(importlib.metadata.version(package) for package in ("torch", "transformers", "onnxscript"))]
    stamp = hashlib.sha256(pathlib.Path(__file__).read_bytes() + repr(how).encode()).hexdigest()
    target = folder / name
    mark = target / "made-by"
    if mark.exists() and mark.read_text() == stamp:
        return target
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    logging.disable(logging.WARNING)
    for line in make(name, target):
        print(line, flush=True)
    mark.write_text(stamp)
    return target


def main():
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=list(ARCHITECTURES), metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.names:
        ensure(name, arguments.folder)


if __name__ == "__main__":
    main()
