"""The inputs on which the exports are checked, and PyTorch's answers to them.

Committed cases are those in which every query row sees a key. A row that sees none (left
padding) has no answer that all exporters agree on, so left padding is only checked here,
at export time, and only on the rows that do see one.
"""

from dataclasses import dataclass

import torch

import recipe

TEXT = recipe.HELD_OUT.read_bytes()


@dataclass
class Case:
    name: str
    inputs: list
    outputs: list
    rows: torch.Tensor = None   # [batch, sequence] bool: the rows to compare, or all
    past: int = 0

    def compared(self, output):
        """An index into the output that selects what is compared."""
        if self.rows is None:
            return ...
        if output == "logits":
            return self.rows.numpy()
        # Keys and values lie [batch, head, past + sequence, size]: broadcast over heads.
        batch = self.rows.shape[0]
        kept = torch.cat([torch.ones(batch, self.past, dtype=torch.bool), self.rows], 1)
        b, t = kept.nonzero(as_tuple=True)
        return b.numpy(), slice(None), t.numpy()


def text(batch, length, at=0):
    """Distinct stretches of held-out text as [batch, length] bytes."""
    rows = [recipe.tokens(TEXT[at + 300 * b:][:length]) for b in range(batch)]
    return torch.stack(rows)


@torch.no_grad()
def decoder_case(name, wrapped, batch, sequence, past=0, mask=None, rows=None):
    config = wrapped.model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = config.hidden_size // config.num_attention_heads
    everything = text(batch, past + sequence)
    ones = torch.ones(batch, past + sequence, dtype=torch.long)
    mask = ones if mask is None else torch.tensor(mask)
    cache = [torch.zeros(batch, heads, 0, size) for _ in range(2 * config.num_hidden_layers)]
    if past:
        # A real cache: the model's own keys and values of the preceding text.
        _, *cache = wrapped(everything[:, :past], mask[:, :past], cache)
    inputs = [everything[:, past:].contiguous(), mask, *cache]
    outputs = wrapped(inputs[0], inputs[1], list(cache))
    return Case(name, inputs, [o.contiguous() for o in outputs], rows, past)


@torch.no_grad()
def encoder_case(name, wrapped, batch, sequence, mask=None, rows=None):
    hidden = (torch.arange(sequence) % 7 == 3).expand(batch, -1)
    ids = recipe.mask_bytes(text(batch, sequence), hidden)
    mask = torch.ones_like(ids) if mask is None else torch.tensor(mask)
    ids = ids.masked_fill(mask == 0, recipe.MPNET_PAD)
    return Case(name, [ids, mask], list(wrapped(ids, mask)), rows)


def suite(name, wrapped):
    """(cases to commit, cases only checked at export time)."""
    right = [[1] * 11, [1] * 7 + [0] * 4]
    left = [[1] * 9, [0] * 4 + [1] * 5]
    rows = torch.tensor(left, dtype=torch.bool)
    if name == "mpnet":
        committed = [
            encoder_case("short", wrapped, 1, 2),
            encoder_case("batch", wrapped, 2, 13),
            encoder_case("padded", wrapped, 2, 11, right),
            # Past distance 128 every key lies in the last bucket of its side.
            encoder_case("long", wrapped, 1, 150),
        ]
        return committed, [encoder_case("left-padded", wrapped, 2, 9, left, rows),
                           encoder_case("one", wrapped, 1, 1)]
    committed = [
        decoder_case("prefill", wrapped, 1, 13),
        decoder_case("append", wrapped, 2, 5, 7),
        decoder_case("decode", wrapped, 2, 1, 17),
        # Right padding. A padded row still sees the real keys before it.
        decoder_case("padded", wrapped, 2, 11, 0, right),
        # The step after such a prefill: the cache of the shorter text has a hole.
        decoder_case("padded-decode", wrapped, 2, 1, 11, [row + [1] for row in right]),
        # And after a prefill padded on the left: what the padding left in the cache is an
        # input here, so it is the same for everyone, and no new row is without a key.
        decoder_case("left-padded-decode", wrapped, 2, 1, 9, [row + [1] for row in left]),
    ]
    return committed, [
        decoder_case("left-padded", wrapped, 2, 9, 0, left, rows),
        decoder_case("first", wrapped, 1, 1),
        decoder_case("long", wrapped, 1, 150, 40),
    ]


def sample(name, wrapped):
    """What the exporters trace: no length is 0 or 1, and none equals another."""
    if name == "mpnet":
        return encoder_case("sample", wrapped, 2, 11).inputs
    return decoder_case("sample", wrapped, 2, 3, 5).inputs
