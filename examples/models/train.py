"""Trains one of the example models: python examples/models/train.py llama

Needs Debian's packages bible-kjv and bible-kjv-text besides test/Oracles/requirements.txt.
One thread and one seed, so that a run can be repeated; a checkpoint goes to --work,
never into the repository. export.py turns it into the committed files.
"""

import argparse
import json
import math
import time

import torch

import recipe

# Steps of 16 windows of 256 bytes: about 20 minutes a decoder on one core, 8 for mpnet.
STEPS = {"llama": 3600, "bloom": 3600, "mpnet": 1600}
BATCH = 16
PEAK_RATE = {"llama": 4e-3, "bloom": 4e-3, "mpnet": 2e-3}
# An encoder that starts from attention spread evenly over 256 bytes learns nothing but letter
# frequencies for a long time; over 32 it soon finds the neighbours. Steps of that kind come first.
SHORT_STEPS, SHORT_WINDOW = {"llama": 0, "bloom": 0, "mpnet": 600}, 32


def rate(step, steps, peak):
    """Linear warm-up over 100 steps, then linear decay to nothing."""
    return peak * min((step + 1) / 100, (steps - step) / max(1, steps - 100), 1.0)


def loss_of(name, model, batch, generator):
    if name != "mpnet":
        return model(input_ids=batch, labels=batch, use_cache=False).loss
    hidden = torch.rand(batch.shape, generator=generator) < 0.15
    logits = model(input_ids=recipe.mask_bytes(batch, hidden)).logits
    return torch.nn.functional.cross_entropy(logits[hidden], batch[hidden] + recipe.MPNET_SHIFT)


def optimizer_of(model, peak):
    # Decay matrices only: norms, biases and embeddings of so small a model need none.
    decayed, rest = [], []
    for label, parameter in model.named_parameters():
        matrix = parameter.dim() == 2 and "embed" not in label
        (decayed if matrix else rest).append(parameter)
    groups = [dict(params=decayed, weight_decay=0.1), dict(params=rest, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98), fused=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=recipe.CONFIGS)
    parser.add_argument("--work", default="build/models", help="where checkpoints go")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int)
    args = parser.parse_args()
    torch.set_num_threads(1)
    steps = args.steps or STEPS[args.name]

    train, held_out = recipe.corpus()
    if not recipe.HELD_OUT.exists():
        recipe.HELD_OUT.write_bytes(held_out[: recipe.EXCERPT])
    # A different corpus would make the recorded figure meaningless.
    assert recipe.HELD_OUT.read_bytes() == held_out[: recipe.EXCERPT], "the text has changed"
    data = recipe.tokens(train)

    model = recipe.build(args.name, args.seed).train()
    print(f"{args.name}: {recipe.parameters(model)} parameters, {len(data)} training bytes")
    generator = torch.Generator().manual_seed(args.seed)
    optimizer = optimizer_of(model, PEAK_RATE[args.name])
    began, shown = time.time(), 0.0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, PEAK_RATE[args.name])
        length = SHORT_WINDOW if step < SHORT_STEPS[args.name] else recipe.WINDOW
        count = BATCH * recipe.WINDOW // length
        starts = torch.randint(len(data) - length, (count, 1), generator=generator)
        batch = data[starts + torch.arange(length)]
        loss = loss_of(args.name, model, batch, generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        shown += loss.item()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {shown / 100 / math.log(2):.3f} bits, "
                  f"{time.time() - began:.0f} s", flush=True)
            shown = 0.0

    model.eval()
    whole = recipe.tokens(held_out[: len(held_out) // recipe.WINDOW * recipe.WINDOW])
    record = dict(
        seed=args.seed, steps=steps, batch=BATCH, window=recipe.WINDOW,
        short_steps=SHORT_STEPS[args.name], short_window=SHORT_WINDOW,
        peak_learning_rate=PEAK_RATE[args.name], training_bytes=len(data),
        excerpt=recipe.score(args.name, model, recipe.held_out_windows()),
        held_out=recipe.score(args.name, model, whole.view(-1, recipe.WINDOW)))
    target = recipe.weights_file(args.work, args.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), target)
    target.with_name("record.json").write_text(json.dumps(record, indent=2) + "\n")
    print(record)


if __name__ == "__main__":
    main()
