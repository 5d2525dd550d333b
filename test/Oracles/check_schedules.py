"""Compares frequency schedules, compiled, with transformers' own functions for them.

    python test/Oracles/check_schedules.py TOOLS

Each schedule turns unit vectors in f64 at position 1, where the angles are the
frequencies; they and the magnitude have to equal what ROPE_INIT_FUNCTIONS
answers in f32 within 2e-6, relative.
"""

import argparse
import sys
import tempfile

import numpy as np
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.utils import logging

import compiled

logging.set_verbosity_error()

TOLERANCE = 2e-6
SHORT = [1.0, 1.02, 1.05, 1.1, 1.2, 1.3, 1.25, 1.5]
LONG = [1.0, 1.5, 2.25, 4.0, 8.5, 16.0, 30.25, 64.8]


def lists(values):
    return "[" + ", ".join(f"{value:e}" for value in values) + "]"


def case(kind, dim, base, schedule, length=None, most=131072, **parameters):
    return dict(kind=kind, dim=dim, base=base, schedule=schedule, length=length, most=most, parameters=parameters)


def phi3(original, most, **parameters):
    """A LongRoPE of short and long factors; the magnitude as the paper's code has it."""
    factor = most / original
    magnitude = parameters.get("attention_factor") or np.sqrt(1 + np.log(factor) / np.log(original))

    def one(factors):
        return f"#sextant.longrope<base = 1.0e4, factors = {lists(factors)}, magnitude = {magnitude:.17e}>"
    schedule = f"#sextant.by_length<short = {one(SHORT)}, long = {one(LONG)}, trained = {original}>"
    return [case("longrope", 16, 1e4, schedule, length=length, most=most, short_factor=SHORT, long_factor=LONG,
                 original_max_position_embeddings=original, factor=factor, **parameters)
            for length in (1, original - 1, original, original + 1, most)]


def yarn(dim, base, factor, trained, clauses="", **parameters):
    return case("yarn", dim, base, f"#sextant.yarn<base = {base:e}, factor = {factor:e}, trained = {trained}{clauses}>",
                factor=factor, original_max_position_embeddings=trained, **parameters)


def llama3(dim, base, factor, low, high, trained):
    return case("llama3", dim, base,
                f"#sextant.llama3<base = {base:e}, factor = {factor:e}, low = {low:e}, high = {high:e}, "
                f"trained = {trained}>", factor=factor, low_freq_factor=low, high_freq_factor=high,
                original_max_position_embeddings=trained)


def dynamic(dim, base, factor, trained):
    return [case("dynamic", dim, base, f"#sextant.dynamic<base = {base:e}, factor = {factor:e}, trained = {trained}>",
                 length=length, most=trained, factor=factor)
            for length in (1, trained - 1, trained, trained + 1, 2 * trained, 5 * trained + 3)]


CASES = [
    *[case("default", dim, base, f"#sextant.geometric<base = {base:e}>")
      for dim, base in ((2, 1e4), (18, 1e4), (64, 5e5), (128, 1e4), (128, 1e6), (256, 1e7))],
    *[case("linear", dim, base, f"#sextant.linear<base = {base:e}, factor = {factor:e}>", factor=factor)
      for dim, base, factor in ((80, 1e4, 8.0), (128, 5e5, 3.3), (6, 1e4, 1.0))],
    *dynamic(128, 1e4, 2.0, 4096), *dynamic(22, 5e5, 8.0, 2048),
    yarn(128, 1e4, 32.0, 4096), yarn(64, 1e4, 40.0, 4096), yarn(96, 1e6, 4.0, 32768), yarn(14, 1e4, 1.0, 2048),
    yarn(64, 150000.0, 32.0, 4096, ", truncate = false", truncate=False),
    yarn(64, 1e4, 16.0, 4096, ", fast = 24.0, slow = 2.0", beta_fast=24.0, beta_slow=2.0),
    yarn(64, 1e4, 40.0, 4096, ", magnitude = 1.0", mscale=1.0, mscale_all_dim=1.0),
    yarn(64, 1e4, 40.0, 4096, f", magnitude = {(0.0707 * np.log(40.0) + 1) / (0.1 * np.log(40.0) + 1):.17e}",
         mscale=0.707, mscale_all_dim=1.0),
    yarn(64, 1e4, 40.0, 4096, ", magnitude = 1.25", attention_factor=1.25),
    llama3(128, 5e5, 8.0, 1.0, 4.0, 8192), llama3(64, 5e5, 32.0, 1.0, 4.0, 8192), llama3(128, 1e4, 16.0, 1.5, 2.5, 4096),
    *phi3(4096, 131072), *phi3(64, 96), *phi3(4096, 131072, attention_factor=1.5),
    *[case("proportional", dim, base,
           f"#sextant.proportional<base = {base:e}, share = {share:e}, factor = {factor:e}>",
           partial_rotary_factor=share, factor=factor)
      for dim, base, share, factor in ((72, 1e6, 0.25, 8.0), (64, 1e4, 1.0, 1.0), (50, 1e4, 0.3, 1.0), (64, 1e4, 0.0, 2.0))],
]


def oracle(about):
    """The inverse frequencies in f32 and the factor of cosines and sines."""
    # A partial share would shrink the dimensions of every kind but one.
    config = LlamaConfig(hidden_size=about["dim"], num_attention_heads=1, head_dim=about["dim"],
                         max_position_embeddings=about["most"],
                         rope_parameters=dict(rope_type=about["kind"], rope_theta=about["base"], **about["parameters"]))
    if about["kind"] == "default":
        frequencies, magnitude = LlamaRotaryEmbedding.compute_default_rope_parameters(config)
    else:
        frequencies, magnitude = ROPE_INIT_FUNCTIONS[about["kind"]](config, None, seq_len=about["length"])
    return frequencies.double().numpy(), float(magnitude)


def module():
    inputs, outputs, body = {"position": ((1, 1), "i64")}, {}, ["  %zero = arith.constant 0 : index"]
    for number, about in enumerate(CASES):
        kind = ((1, 1, 1, about["dim"]), "f64")
        inputs[f"x{number}"] = outputs[f"y{number}"] = kind
        text = compiled.parameter("", *kind)[0]
        length = ""
        if about["length"] is not None:
            inputs[f"n{number}"] = ((1,), "i64")
            length = f" length(%n{number} : tensor<1xi64>)"
        body.append(f"  %e{number} = tensor.empty() : {text}\n"
                    f"  %r_y{number} = sextant.rotate ins(%x{number} : {text}) outs(%e{number} : {text}) "
                    f"at(%position : tensor<1x1xi64>) by {about['schedule']}{length} pairs halves\n")
    return compiled.main_function(inputs, outputs, "\n".join(body))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tools")
    tools = parser.parse_args().tools
    data = {"position": np.array([[1]], np.int64)}
    for number, about in enumerate(CASES):
        planes = about["dim"] // 2
        data[f"x{number}"] = np.repeat([1.0, 0.0], planes).reshape(1, 1, 1, -1)
        data[f"n{number}"] = np.array([about["length"] or 0], np.int64)
    failures, worst = 0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for target in ("cpu", "reference"):
            results = compiled.compile_text(tools, module(), scratch, "schedules", target).run(data)
            for number, about in enumerate(CASES):
                cosine, sine = results[f"y{number}"].reshape(2, -1)
                want, magnitude = oracle(about)
                have = np.concatenate([np.arctan2(sine, cosine), np.hypot(sine, cosine)])
                want = np.concatenate([want, np.full(want.size, magnitude)])
                error = np.abs(have - want) / np.where(want == 0, 1.0, want)
                worst = max(worst, error.max())
                if not error.max() <= TOLERANCE:
                    failures += 1
                    print(f"{target}: {about['schedule']} of {about['dim']} dimensions"
                          + (f" at length {about['length']}" if about["length"] else "")
                          + f": expects {want[error.argmax()]!r} in plane {error.argmax() % (want.size // 2)}, "
                          f"but got {have[error.argmax()]!r}")
    kinds = sorted({about["kind"] for about in CASES})
    print(f"{len(CASES)} schedules of {len(kinds)} kinds ({', '.join(kinds)}) on 2 targets: "
          f"{2 * len(CASES) - failures} agree, largest error {worst:.1e} (at most {TOLERANCE})")
    missing = set(ROPE_INIT_FUNCTIONS) - set(kinds)
    if missing:
        print(f"transformers has kinds that are not compared: {', '.join(sorted(missing))}")
    sys.exit(1 if failures or missing else 0)


if __name__ == "__main__":
    main()
