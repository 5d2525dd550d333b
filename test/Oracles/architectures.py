"""Which architectures are compiled, as small models with random weights.

    python test/Oracles/architectures.py FOLDER

fails unless the folder has exactly one NAME.test for each.
"""

import dataclasses
import pathlib
import sys

BASE = dict(vocab_size=67, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=80,
            max_position_embeddings=128, pad_token_id=0, bos_token_id=1, eos_token_id=2)
LAYERS = 2


@dataclasses.dataclass
class Architecture:
    """`attentions` is how many a graph holds by mode, which is how many are to be raised, and
    `rotated` how many of them have a rotated query and key."""

    shows: str
    model: str
    config: dict
    modes: tuple = ("prefill", "decode")
    attentions: int = LAYERS
    rotated: int = 0
    # Exports that do not exist, and why (all are faults of exporters).
    missing: dict = dataclasses.field(default_factory=dict)
    # Positions that are still left unfused, by export.
    left: dict = dataclasses.field(default_factory=dict)

    def counts(self, stem):
        """What a graph of a mode and exporter holds, and may have left."""
        mode = stem.split("-")[0]
        attentions = self.attentions if isinstance(self.attentions, int) else self.attentions[mode]
        return dict(attentions=attentions, rotations=2 * self.rotated, allowed=self.left.get(stem, 0))


def decoder(shows, model, missing=None, rotated=LAYERS, left=None, **config):
    return Architecture(shows, model, {**BASE, **config}, rotated=rotated, missing=missing or {}, left=left or {})


ARCHITECTURES = {
    "llama": decoder("rotary in halves, GQA", "LlamaForCausalLM", num_key_value_heads=2),
    "gptj": Architecture(
        "rotary interleaved, partial", "GPTJForCausalLM",
        dict(vocab_size=67, n_embd=48, n_layer=2, n_head=4, n_inner=80, rotary_dim=8, n_positions=64),
        rotated=LAYERS),
    "cohere": decoder(
        "rotary interleaved, shared norm", "CohereForCausalLM", num_key_value_heads=2,
        missing={"torchscript": "repeat_interleave changes a shared constant"}),
    "gptneox": decoder("rotary partial, parallel residual", "GPTNeoXForCausalLM", rotary_pct=0.5),
    "phi": decoder("rotary partial", "PhiForCausalLM", partial_rotary_factor=0.5),
    "bloom": Architecture(
        "ALiBi by position of the key", "BloomForCausalLM", dict(vocab_size=67, hidden_size=48, n_layer=2, n_head=6)),
    "mpt": Architecture(
        "ALiBi as a sliced constant", "MptForCausalLM",
        dict(vocab_size=67, d_model=48, n_layers=2, n_heads=4, max_seq_len=64, expansion_ratio=2),
        missing={"dynamo-decode": "contradictory guards on the slice of the bias"}),
    "falcon": Architecture(
        "MQA, rotary", "FalconForCausalLM",
        dict(vocab_size=67, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, multi_query=True,
             new_decoder_architecture=False, alibi=False, parallel_attn=True, bias=False),
        rotated=LAYERS),
    "mistral": decoder("sliding window", "MistralForCausalLM", num_key_value_heads=2, sliding_window=4),
    "gemma": decoder("MQA, scaled embedding", "GemmaForCausalLM", num_key_value_heads=1, head_dim=12),
    "gemma2": decoder(
        "softcap, window in every other layer", "Gemma2ForCausalLM", num_key_value_heads=2, head_dim=12,
        sliding_window=4, attn_logit_softcapping=5.0, final_logit_softcapping=9.0, query_pre_attn_scalar=12),
    "qwen3": decoder("norm of query and key", "Qwen3ForCausalLM", num_key_value_heads=2, head_dim=12),
    "gpt2": Architecture(
        "learned positions", "GPT2LMHeadModel",
        dict(vocab_size=67, n_embd=48, n_layer=2, n_head=4, n_inner=80, n_positions=128)),
    "t5": Architecture(
        "buckets, encoder and decoder", "T5ForConditionalGeneration",
        dict(vocab_size=67, d_model=48, d_kv=12, d_ff=80, num_layers=2, num_heads=4, relative_attention_num_buckets=8,
             relative_attention_max_distance=20, pad_token_id=0, decoder_start_token_id=0),
        modes=("encoder", "sequences"), attentions={"encoder": 2, "sequences": 6}),
    "mpnet": Architecture(
        "buckets, encoder", "MPNetModel",
        dict(BASE, add_pooling_layer=False), modes=("encoder",)),
    "bert": Architecture("learned positions, encoder", "BertModel", dict(BASE, add_pooling_layer=False),
                         modes=("encoder",)),
}


def main():
    tests = {path.stem for path in pathlib.Path(sys.argv[1]).glob("*.test")}
    for name in sorted(tests ^ set(ARCHITECTURES)):
        print(f"{name}: expects a test and an architecture, but got one of them")
    sys.exit(tests != set(ARCHITECTURES))


if __name__ == "__main__":
    main()
