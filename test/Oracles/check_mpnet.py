"""Compares all-mpnet-base-v2, compiled, with PyTorch on real sentences.

    python test/Oracles/check_mpnet.py build/oracles MODEL.so [--threads N]

Sentences of 3 to 384 tokens, alone and padded in batches. Every element of a
normalised sentence embedding has to lie within 2e-5, and every element of the
last hidden state within 1e-4 of its largest magnitude.
"""

import argparse
import pathlib
import sys

import numpy as np
import torch
from transformers import AutoTokenizer

import base_models

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "python"))
from sextant_model import Model  # noqa: E402

EMBEDDING, HIDDEN = 2e-5, 1e-4
# Token counts; a list of several is one padded batch.
BATCHES = [[3], [4], [5], [7], [16], [17], [33], [64], [100], [128], [129], [255], [384],
           [3, 384], [5, 3, 17, 11], [128, 3, 64, 127, 90, 33, 128, 12]]


def sentences(tokenizer, lengths):
    """Token ids and mask of stretches of text, each cut to its length, ends included."""
    text = (ROOT / "examples" / "models" / "heldout.txt").read_text()
    rows = []
    for at, length in enumerate(lengths):
        ids = tokenizer(text[997 * at:][: 8 * length + 40], truncation=True, max_length=length)["input_ids"]
        if len(ids) != length:
            sys.exit(f"expects {length} tokens, but got {len(ids)}")
        rows.append(ids)
    longest = max(lengths)
    ids = np.array([row + [tokenizer.pad_token_id] * (longest - len(row)) for row in rows], np.int64)
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows], np.int64)
    return ids, mask


def embedding(hidden, mask):
    """The mean over real tokens, of length one: what the model is used for."""
    hidden, mask = hidden.astype(np.float64), mask[:, :, None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(arguments.folder / base_models.NAME, local_files_only=True)
    oracle, compiled = base_models.load(arguments.folder), Model(arguments.library)
    worst = [0.0, 0.0]
    for lengths in BATCHES:
        ids, mask = sentences(tokenizer, lengths)
        with torch.no_grad():
            want = oracle(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        have = compiled.run({"input_ids": ids, "attention_mask": mask}, arguments.threads)["last_hidden_state"]
        errors = [np.abs(embedding(have, mask) - embedding(want, mask)).max(),
                  np.abs(have - want).max() / np.abs(want).max()]
        # A NaN compares as not below, so it fails too.
        fine = errors[0] <= EMBEDDING and errors[1] <= HIDDEN
        name = "+".join(map(str, lengths))
        print(f"  {name:32} embedding {errors[0]:.1e}  hidden state {errors[1]:.1e}{'' if fine else '  too large'}")
        worst = [max(pair) if fine else float("inf") for pair in zip(worst, errors)]
    print(f"all-mpnet-base-v2: {len(BATCHES)} batches, largest error of an embedding {worst[0]:.1e} "
          f"(at most {EMBEDDING}), of the hidden state {worst[1]:.1e} (at most {HIDDEN})")
    sys.exit(0 if worst[0] <= EMBEDDING and worst[1] <= HIDDEN else 1)


if __name__ == "__main__":
    main()
