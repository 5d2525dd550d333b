"""Causal attention over sequences of random lengths that lie end to end: prompts, or one token behind each."""

import math

import numpy as np


def key_heads(case):
    return case.get("key_heads", case["heads"])


def lengths(case):
    """Rows and keys of each sequence."""
    keys = np.random.default_rng(7).integers(case["least"], case["most"] + 1, case["sequences"])
    return (np.ones_like(keys) if case.get("decode") else keys), keys


def sextant_module(case):
    def value(name, dims):
        return f'{{sextant.name = "{name}", sextant.dims = [{", ".join(chr(34) + str(d) + chr(34) for d in dims)}]}}'

    heads, size = case["heads"], case["size"]
    query, key = f"tensor<?x{heads}x{size}xf32>", f"tensor<?x{key_heads(case)}x{size}xf32>"
    arguments = [f"%q: {query} {value('q', ('rows', heads, size))}",
                 *(f"%{x}: {key} {value(x, ('keys', key_heads(case), size))}" for x in "kv"),
                 *(f"%{x}: tensor<?xi32> {value(x, ('ends',))}" for x in ("query_lengths", "key_lengths")),
                 f"%past: tensor<?xi64> {value('past', ('sequences',))}"]
    return f"""func.func @main({", ".join(arguments)})
    -> ({query} {value('o', ('rows', heads, size))}) {{
  %o = sextant.attention query(%q : {query}) key(%k : {key}) value(%v : {key}) at [0, 0, %past : tensor<?xi64>, 0]
      layout query thd key thd value thd result thd scale {1 / math.sqrt(size):.9e}
      query_lengths(%query_lengths : tensor<?xi32>) key_lengths(%key_lengths : tensor<?xi32>) score {{
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  }} : {query}
  return %o : {query}
}}
"""


def make_inputs(case):
    random = np.random.default_rng(1)
    rows, keys = lengths(case)
    inputs = {name: random.standard_normal((count, heads, case["size"])).astype(np.float32)
              for name, count, heads in (("q", rows.sum(), case["heads"]), ("k", keys.sum(), key_heads(case)),
                                         ("v", keys.sum(), key_heads(case)))}
    for name, count in (("query_lengths", rows), ("key_lengths", keys)):
        inputs[name] = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    return inputs | {"past": (keys - rows).astype(np.int64)}


def pairs(case, block=1):
    """Queries and keys that meet; where a mask cuts, with what blocks of `block` rows leave of it."""
    rows, keys = lengths(case)
    if case.get("decode"):
        return int(keys.sum())
    return sum(int(np.minimum((np.arange(n) // block + 1) * block, n).sum()) for n in rows)


def flops(case, block=1):
    return 4.0 * case["heads"] * case["size"] * pairs(case, block)


def load_torch(each):
    """One call a sequence, or one for all, padded to the longest; nested tensors have no causal kernel of the CPU."""
    def load(job):
        import torch

        from inputs import load_inputs

        case, inputs = job["case"], load_inputs(job["inputs"])
        torch.set_num_threads(job["threads"])
        rows, keys = lengths(case)
        ends = {"q": inputs["query_lengths"], "k": inputs["key_lengths"], "v": inputs["key_lengths"]}
        parts = {x: [torch.from_numpy(inputs[x][a:b]).transpose(0, 1)[None] for a, b in zip(ends[x], ends[x][1:])] for x in "qkv"}
        options = {"enable_gqa": case["heads"] != key_heads(case)}
        attention = torch.nn.functional.scaled_dot_product_attention
        last, mask, whole = {}, None, {}
        if not each:
            for x in "qkv":
                whole[x] = torch.zeros(len(rows), parts[x][0].shape[1], int((rows if x == "q" else keys).max()), case["size"])
                for b, part in enumerate(parts[x]):
                    whole[x][b, :, :part.shape[2]] = part[0]
            if case.get("decode"):
                mask = (torch.arange(int(keys.max()))[None] < torch.from_numpy(keys)[:, None])[:, None, None]

        def run():
            with torch.inference_mode():
                if each:
                    last["o"] = [attention(*part, is_causal=not case.get("decode"), **options) for part in zip(*parts.values())]
                else:
                    last["o"] = attention(*whole.values(), attn_mask=mask, is_causal=mask is None, **options)

        def outputs():
            found = last["o"] if each else [last["o"][b:b + 1, :, :n] for b, n in enumerate(rows)]
            return {"o": np.concatenate([part[0].transpose(0, 1).numpy() for part in found])}

        return run, outputs

    return load
