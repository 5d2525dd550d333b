"""Compares biases with the modules of BLOOM, MPT, Falcon, T5, MPNet, DeBERTa and XLNet.

    python test/Oracles/check_biases.py TOOLS

Without queries, and with the unit matrix as values, an attention yields the
softmax of its bias. Entries of a table differ by more than any error, so that
the logarithm of a row tells from which bucket every entry came.
"""

import argparse
import sys
import tempfile

import numpy as np
import torch
from transformers import DebertaV2Config, XLNetConfig
from transformers.models.bloom.modeling_bloom import build_alibi_tensor as bloom_bias
from transformers.models.deberta_v2 import modeling_deberta_v2 as deberta
from transformers.models.falcon.modeling_falcon import build_alibi_tensor as falcon_bias
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder
from transformers.models.mpt.modeling_mpt import build_mpt_alibi_tensor as mpt_bias
from transformers.models.t5.modeling_t5 import T5Attention
from transformers.models.xlnet.modeling_xlnet import XLNetRelativeAttention

import compiled

TOLERANCE = 3e-6
HEAD_COUNTS = (1, 2, 3, 5, 6, 8, 12, 20, 25, 32, 33)
TARGETS = ("cpu", "reference")
random = np.random.default_rng(23)


def paper_slopes(heads):
    """Press et al.: powers of 2^(-8/n) for n a power of two; else those, and every other one of twice as many."""
    def powers(n):
        return [2.0 ** (-8.0 * k / n) for k in range(1, n + 1)]
    below = 2 ** int(np.log2(heads))
    return np.array(powers(below) + powers(2 * below)[::2][:heads - below])


def mpt_slopes(heads):
    """MPT lists those of the next power of two, every other one first."""
    above = 2 ** int(np.ceil(np.log2(heads)))
    slopes = [2.0 ** (-8.0 * k / above) for k in range(1, above + 1)]
    return np.array(slopes if above == heads else (slopes[1::2] + slopes[::2])[:heads])


class Run:
    """One attention of a region over `auxiliary` (name to roles, array and perhaps a center) and `captured` arrays."""

    def __init__(self, tools, scratch):
        self.tools, self.scratch, self.number = tools, scratch, 0

    def __call__(self, target, region, last, query, key, value, scale=1.0, auxiliary=(), captured=(), fused=True, past=0):
        self.number += 1
        data = {"query": query, "key": key, "value": value}
        auxiliary, captured = dict(auxiliary), dict(captured)
        data |= {f"x_{name}": array for name, (_, array, *_) in auxiliary.items()} | captured
        inputs = {name: (array.shape, {"float32": "f32", "int64": "i64", "bool": "i1"}[str(array.dtype)])
                  for name, array in data.items()}
        kinds = {name: compiled.parameter("", *kind)[0] for name, kind in inputs.items()}
        output = (*query.shape[:3], value.shape[3]), "f32"
        arguments = ["%s: f32", *(f"%{x}: index" for x in "bhij")]
        for name, (roles, array, *_) in auxiliary.items():
            free = array.shape[array.ndim - roles.count("free"):]
            arguments.append(f"%{name}: {compiled.parameter('', free, inputs[f'x_{name}'][1])[0] if free else 'f32'}")
        named = ", ".join(f"%x_{name} as <[{', '.join(roles)}]{''.join(f', center = {c}' for c in center)}> : "
                          f"{kinds['x_' + name]}" for name, (roles, _, *center) in auxiliary.items())
        body = (f"  %r_output = sextant.attention query(%query : {kinds['query']}) key(%key : {kinds['key']}) "
                f"value(%value : {kinds['value']}) {f'auxiliary({named}) ' if named else ''}at [0, 0, {past}, 0] scale {scale:e} score {{\n"
                f"  ^bb0({', '.join(arguments)}):\n{region}\n  sextant.yield {last} : f32\n  }} : "
                f"{compiled.parameter('', *output)[0]}")
        text = compiled.main_function(inputs, {"output": output}, body)
        model = compiled.compile_text(self.tools, text, self.scratch, f"bias{self.number}", target)
        if fused and target == "cpu" and compiled.fused(model.remarks) != 1:
            raise compiled.ModelError("expects the fused kernel")
        return model.run(data)["output"]


def unit(heads, size):
    """Queries and keys that add nothing, and values that show the weights."""
    empty = np.zeros((1, heads, size, 4), np.float32)
    return empty, empty, np.broadcast_to(np.eye(size, dtype=np.float32), (1, heads, size, size)).copy()


def softmax(bias, hidden):
    bias = np.where(hidden, -np.inf, bias)
    weights = np.exp(bias - bias.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def slopes(run):
    """The causal term under each head count equals each module's own bias, which drops or moves the row's part."""
    size = 61
    mask = torch.ones(1, size, dtype=torch.int64)
    hidden = np.triu(np.ones((size, size), bool), 1)
    region = "%a = sextant.alibi %s slope %slope at %i, %j : f32\n%c = sextant.causal %a at %i, %j : f32"
    for heads in HEAD_COUNTS:
        modules = {"bloom": (paper_slopes, bloom_bias(mask, heads, torch.float32)),
                   "mpt": (mpt_slopes, mpt_bias(heads, size))}
        if heads & (heads - 1) == 0 and heads >= 8 and heads < 16:
            # Falcon multiplies in bfloat16, which is exact for powers of two only.
            modules["falcon"] = (paper_slopes, falcon_bias(mask, heads, torch.float32))
        for name, (listed, bias) in modules.items():
            want = softmax(bias.double().numpy().reshape(heads, 1, size), hidden)
            for target in TARGETS:
                have = run(target, region, "%c", *unit(heads, size),
                           auxiliary={"slope": (["head"], listed(heads).astype(np.float32))})
                yield f"slopes of {name} for {heads} heads on {target}", np.abs(have[0] - want).max()


def falcon_scaled(run):
    """Falcon adds the bias before it scales: the region divides it back out of the constant scale."""
    heads, size, width = 8, 61, 16
    query, key, value = (random.standard_normal((1, heads, size, width)).astype(np.float32) for _ in range(3))
    bias = falcon_bias(torch.ones(1, size, dtype=torch.int64), heads, torch.float32).double().numpy()
    hidden = np.triu(np.ones((size, size), bool), 1)
    scores = np.einsum("bhid,bhjd->bhij", query.astype(np.float64), key.astype(np.float64))
    want = softmax((scores + bias.reshape(heads, 1, size)) * width ** -0.5, hidden) @ value.astype(np.float64)
    region = (f"%k = arith.constant {width ** -0.5:e} : f32\n%a = sextant.alibi %s slope %slope at %i, %j : f32\n"
              "%m = arith.mulf %a, %k : f32\n%c = sextant.causal %m at %i, %j : f32")
    for target in TARGETS:
        have = run(target, region, "%c", query, key, value,
                   auxiliary={"slope": (["head"], paper_slopes(heads).astype(np.float32))})
        yield f"scaled bias of falcon on {target}", np.abs(have - want).max() / np.abs(value).max()


def buckets(run):
    """Every distance takes its entry from the bucket that the module says."""
    size, heads = 641, 2
    distance = np.arange(size)[None, :] - np.arange(size)[:, None]
    for module, count, most, both in (("t5", 32, 128, True), ("t5", 32, 128, False), ("t5", 8, 20, True),
                                      ("t5", 64, 512, True), ("t5", 16, 256, False), ("mpnet", 32, 128, True)):
        relative = torch.tensor(distance)
        number = (T5Attention._relative_position_bucket(relative, both, count, most) if module == "t5" else
                  MPNetEncoder.relative_position_bucket(relative, count, most)).numpy()
        table = np.stack([0.05 * random.permutation(count) for _ in range(heads)], 1).astype(np.float32)
        region = (f"%a = sextant.bucket_bias %s table %table[%h] at %i, %j max_distance {most} "
                  f"{'bidirectional ' if both else ''}: f32, tensor<{count}x{heads}xf32>")
        for target in TARGETS:
            have = np.log(run(target, region, "%a", *unit(heads, size), captured={"table": table})[0])
            for head in range(heads):
                difference = table[number, head] - table[number[0, 0], head]
                wrong = np.abs(have[head] - np.diag(have[head])[:, None] - difference) > 0.02
                yield (f"{count} buckets of {module} up to {most}{' both ways' if both else ''} on {target}, head {head}: "
                       f"{wrong.sum()} distances", float("inf") if wrong.any() else 0.0)


DEBERTA = """
  %zero = arith.constant 0 : index
  %span = arith.constant SPAN : index
  %last = arith.constant LAST : index
  %first = arith.constant FIRST : index
  %d = arith.subi %i, %j : index
  %e = arith.addi %d, %first : index
  %bucket = tensor.extract %buckets[%e] : tensor<WIDExi64>
  %n = arith.index_cast %bucket : i64 to index
  %p0 = arith.addi %span, %n : index
  %p1 = arith.maxsi %p0, %zero : index
  %p = arith.minsi %p1, %last : index
  %g = arith.subi %first, %d : index
  %mirrored = tensor.extract %buckets[%g] : tensor<WIDExi64>
  %m = arith.index_cast %mirrored : i64 to index
  %q0 = arith.subi %span, %m : index
  %q1 = arith.maxsi %q0, %zero : index
  %q = arith.minsi %q1, %last : index
  %content = tensor.extract %c2p[%p] : tensor<COUNTxf32>
  %position = tensor.extract %p2c[%q] : tensor<COUNTxf32>
  %both = arith.addf %content, %position : f32
  %scaled = arith.mulf %both, %factor : f32
  %a = arith.addf %s, %scaled : f32"""


def disentangled(run):
    """DeBERTa's own attention: content by position and position by content, through its logarithmic buckets."""
    for size, count, most in ((47, 8, 24), (33, -1, 16)):
        heads, width = 3, 8
        config = DebertaV2Config(hidden_size=heads * width, num_attention_heads=heads, relative_attention=True,
                                 position_buckets=count, max_relative_positions=most, pos_att_type=["c2p", "p2c"])
        torch.manual_seed(5)
        module = deberta.DisentangledSelfAttention(config).double().eval()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.randn_like(parameter) / parameter.shape[-1] ** 0.5)
            hidden = torch.randn(2, size, heads * width, dtype=torch.float64)
            span = module.pos_ebd_size
            embedding = torch.randn(2 * span, heads * width, dtype=torch.float64)
            want = module(hidden, torch.ones(2, 1, size, size), rel_embeddings=embedding)[0]

            def split(states):
                return states.reshape(*states.shape[:-1], heads, width).transpose(-2, -3)
            query, key, value = (split(getattr(module, f"{name}_proj")(hidden)) for name in ("query", "key", "value"))
            position_key, position_query = (split(getattr(module, f"pos_{name}_proj")(embedding)) for name in ("key", "query"))
        distance = torch.arange(1 - size, size)
        mapped = deberta.make_log_bucket_position(distance, count, most) if count > 0 else distance
        region = DEBERTA
        for name, number in (("SPAN", span), ("LAST", 2 * span - 1), ("FIRST", size - 1), ("WIDE", 2 * size - 1),
                             ("COUNT", 2 * span)):
            region = region.replace(name, str(number))
        # Position keys meet the query, position queries the key.
        content = (query @ position_key.transpose(-1, -2)).float().numpy()
        position = (key @ position_query.transpose(-1, -2)).float().numpy()
        region = f"%factor = arith.constant {(3 * width) ** -0.5:e} : f32" + region
        for target in TARGETS:
            have = run(target, region, "%a", *(t.float().contiguous().numpy() for t in (query, key, value)),
                       scale=(3 * width) ** -0.5, captured={"buckets": mapped.long().numpy()},
                       auxiliary={"c2p": (["batch", "head", "query", "free"], np.ascontiguousarray(content)),
                                  "p2c": (["batch", "head", "key", "free"], np.ascontiguousarray(position))})
            error = np.abs(have.transpose(0, 2, 1, 3).reshape(2, size, -1) - want.numpy()).max()
            yield f"DeBERTa's attention with {count} buckets on {target}", error / value.abs().max().item()


def segments(run):
    """XLNet's attention over a memory and a segment: Transformer-XL's four products, in both directions."""
    heads, width, size, memory = 3, 8, 23, 14
    keys = memory + size
    module = XLNetRelativeAttention(XLNetConfig(d_model=heads * width, n_head=heads, d_head=width)).double().eval()
    torch.manual_seed(9)
    with torch.no_grad():
        for bias in (module.r_w_bias, module.r_r_bias):
            bias.copy_(torch.randn_like(bias))
        # [rows, batch, heads, width]; a vector for each distance from keys down to 1 - size.
        query, key, value, position = (torch.randn(rows, 2, heads, width, dtype=torch.float64)
                                       for rows in (size, keys, keys, keys + size))
        want = module.rel_attn_core(query, key, value, position).permute(1, 2, 0, 3).numpy()
        products = torch.einsum("ibnd,mbnd->bnim", query + module.r_r_bias, position)
        query = query + module.r_w_bias
    region = (f"%factor = arith.constant {width ** -0.5:e} : f32\n%both = arith.addf %s, %r : f32\n"
              "%a = arith.mulf %both, %factor : f32")
    query, key, value = (t.permute(1, 2, 0, 3).float().contiguous().numpy() for t in (query, key, value))
    for target in TARGETS:
        have = run(target, region, "%a", query, key, value, past=memory, auxiliary={
            "r": (["batch", "head", "query", "distance"], products.float().contiguous().numpy(), keys)})
        yield f"XLNet's attention on {target}", np.abs(have - want).max() / np.abs(value).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools")
    parser.add_argument("only", nargs="*")
    arguments = parser.parse_args()
    count, failures, worst = 0, 0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(arguments.tools, scratch)
        for group in (slopes, falcon_scaled, buckets, disentangled, segments):
            if arguments.only and group.__name__ not in arguments.only:
                continue
            try:
                for name, error in group(run):
                    count += 1
                    worst = max(worst, float(error))
                    if not error <= TOLERANCE:
                        failures += 1
                        print(f"{name}: expects an error of at most {TOLERANCE}, but got {error:.1e}")
            except compiled.ModelError as refusal:
                count, failures = count + 1, failures + 1
                print(f"{group.__name__}: {refusal}")
    print(f"{count} biases of seven models: {count - failures} agree, largest error {worst:.1e} (at most {TOLERANCE})")
    sys.exit(1 if failures or not count else 0)


if __name__ == "__main__":
    main()
