"""What the scripts in this folder share: the three models, the text and the scores.

The models are transformers' own classes, unmodified; only the configurations are ours.
Two are decoders over raw bytes (a token is a byte), the third a masked-byte encoder.
"""

import math
import os
import re
import subprocess
from pathlib import Path

import torch
import transformers

HERE = Path(__file__).resolve().parent
HELD_OUT = HERE / "heldout.txt"
WINDOW = 256          # bytes: training window and scoring window alike
EXCERPT = 32 * 1024   # bytes of held-out text that the repository carries

# MPNet wants four special tokens in front (its padding id is fixed at 1), so a byte b
# is token b + 4 there, and the mask comes after the last byte.
MPNET_SHIFT, MPNET_PAD, MPNET_MASK, MPNET_VOCAB = 4, 1, 260, 261
# The positions of a window that the recorded masked accuracy hides: one in seven.
MASKED = torch.arange(WINDOW) % 7 == 3

CONFIGS = {
    # Rotary positions, grouped-query attention (4 query heads share 2 key/value heads).
    "llama": dict(
        vocab_size=256, hidden_size=96, intermediate_size=256, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024,
        tie_word_embeddings=True, initializer_range=0.05,
        bos_token_id=None, eos_token_id=None, pad_token_id=None),
    # ALiBi with a head count that is no power of two: the slopes are then no geometric list.
    "bloom": dict(
        vocab_size=256, hidden_size=96, n_layer=3, n_head=6, tie_word_embeddings=True,
        initializer_range=0.05, hidden_dropout=0.0, attention_dropout=0.0,
        bos_token_id=None, eos_token_id=None, pad_token_id=None),
    # Bucketed relative positions. The class has 32 buckets whatever a configuration says.
    # Position ids start at padding id + 1, hence the two extra rows.
    "mpnet": dict(
        vocab_size=MPNET_VOCAB, hidden_size=96, intermediate_size=384, num_hidden_layers=3,
        num_attention_heads=4, max_position_embeddings=WINDOW + 2, initializer_range=0.1,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        bos_token_id=0, pad_token_id=MPNET_PAD, eos_token_id=2),
}
PROTOCOL = dict.fromkeys(("llama", "bloom"), (
    "heldout.txt is cut into 128 consecutive windows of 256 bytes. Each is scored from an empty "
    "cache, its first byte unscored. bits_per_byte = sum of -ln p / ln 2 / (128 * 255)."))
PROTOCOL["mpnet"] = (
    "heldout.txt is cut into 128 consecutive windows of 256 bytes; byte b is token b + 4. In each, "
    "the positions p with p mod 7 = 3 (counted from 0) become token 260, the mask. "
    "masked_byte_accuracy = the share of them whose likeliest of all 261 tokens is the right one.")
CLASSES = {
    "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
    "bloom": (transformers.BloomConfig, transformers.BloomForCausalLM),
    "mpnet": (transformers.MPNetConfig, transformers.MPNetForMaskedLM),
}


def build(name, seed=0):
    """A freshly initialised model; the seed decides every weight."""
    torch.manual_seed(seed)
    config, model = CLASSES[name]
    return model(config(**CONFIGS[name])).eval()


def weights_file(work, name):
    return Path(work) / name / "weights.pt"


def parameters(model):
    # parameters() yields a tied tensor once.
    return sum(p.numel() for p in model.parameters())


def corpus():
    """The King James Bible, one verse a line, as (training bytes, held-out bytes).

    Debian's bible-kjv-text carries the text in a compressed form that only the `bible`
    program of the package bible-kjv reads, so we ask that program for all of it.
    """
    # Wider than the longest verse, so that no verse is broken over lines.
    printed = subprocess.run(
        ["bible", "-f", "-l2000", "gen1:1-rev22:21"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, check=True, env={**os.environ, "LC_ALL": "C"}).stdout
    verses = [re.sub(rb"^[1-3]?[A-Za-z]+\d+:\d+ ", b"", line) for line in printed.splitlines()]
    text = b"\n".join(verses) + b"\n"
    cut = len(text) * 95 // 100
    cut = text.index(b"\n", cut) + 1  # begin the held-out part with a whole verse
    return text[:cut], text[cut:]


def tokens(data):
    return torch.frombuffer(bytearray(data), dtype=torch.uint8).long()


def held_out_windows():
    """The committed excerpt as [windows, 256] bytes."""
    return tokens(HELD_OUT.read_bytes()).view(-1, WINDOW)


@torch.no_grad()
def bits_per_byte(model, windows):
    """Each window from an empty cache, its first byte unscored: nats / ln 2 / scored bytes."""
    nats, scored = 0.0, 0
    for batch in windows.split(16):
        logits = model(input_ids=batch, use_cache=False).logits[:, :-1].double()
        nats += torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), batch[:, 1:].flatten(), reduction="sum").item()
        scored += batch[:, 1:].numel()
    return nats / math.log(2) / scored


def mask_bytes(bytes_, hidden):
    """MPNet's input for windows of bytes of which `hidden` (a bool tensor) are masked."""
    return (bytes_ + MPNET_SHIFT).masked_fill(hidden, MPNET_MASK)


@torch.no_grad()
def masked_accuracy(model, windows):
    """The share of hidden bytes for which the likeliest token is the right one."""
    right, hidden = 0, MASKED.expand(16, -1)
    for batch in windows.split(16):
        logits = model(input_ids=mask_bytes(batch, hidden[: len(batch)])).logits
        right += (logits.argmax(-1) == batch + MPNET_SHIFT)[hidden[: len(batch)]].sum().item()
    return right / (len(windows) * int(MASKED.sum()))


def score(name, model, windows):
    if name == "mpnet":
        return {"masked_byte_accuracy": masked_accuracy(model, windows)}
    return {"bits_per_byte": bits_per_byte(model, windows)}
