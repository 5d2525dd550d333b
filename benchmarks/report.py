"""Writes docs/performance.md and docs/performance.svg from recorded runs of the bench.

    report.py [--results FOLDER] [--docs FOLDER]

Reads performance.json, and beside it instructions.json and grid.json where they are.
"""

import argparse
import json
import pathlib

import chart

ROOT = pathlib.Path(__file__).resolve().parent.parent
ATTENTION = """| case | threads | ms | of the floor | of FMA peak | best peer | its ms | peer / ours |
| --- | --- | --- | --- | --- | --- | --- | --- |"""
ROOFED = """| case | threads | ms | of FMA peak | of read bandwidth | best peer | its ms | peer / ours |
| --- | --- | --- | --- | --- | --- | --- | --- |"""
COMPILED = """| attention | median | least | of a processor |
| --- | --- | --- | --- |"""
TERMS = """| term | heads of | beside | ms | more time | quartiles | more instructions |
| --- | --- | --- | --- | --- | --- | --- |"""
GRID = """| shapes | threads | rows | slower than plain by more than 3 % | plain / fused: least, median | slower than ONNX Runtime's plain graph | least, median |
| --- | --- | --- | --- | --- | --- | --- |"""

PEERS = """| peer | threads | memory of q, k, v | forms |
| --- | --- | --- | --- |
| ONNX Runtime | intra-op pool, spinning off | bound where NumPy has them | Attention-23 (ort-attention), MultiHeadAttention (ort-mha), GroupQueryAttention with its cache in place (ort-gqa), the graph of products and a softmax (ort-unfused) |
| PyTorch | OpenMP, passive waiting | NumPy's | scaled_dot_product_attention (torch-sdpa), FlexAttention compiled for the shape, causal masks as block masks (torch-flex), products, keys first (torch-products) |
| OpenVINO | one stream, no pinning, f32 | NumPy's, shared | its operator (openvino), products, keys first (openvino-products) |
| ggml | a pool that is kept, asleep between calls, a core for each thread | an array of NumPy's, into which they are copied once | ggml_flash_attn_ext with masks in f16 |

NumPy asks for huge pages for arrays of 4 MiB and more, so that all, and the loop that reads, have the same pages. Each has 20 ms
of rest before a sample, and a run that warms it. Only peers within 3 times of the fastest peer are sampled on behind the third
round, and within 1.6 times behind the seventh, these the more often. Biases are constant tensors, or a function of the score where a peer takes one (torch-flex).

A name with `-folded` has the query heads of a group as rows: [1, 32, 1, 128] is viewed as [1, 8, 4, 128], so that a peer without
a path of its own for groups reads keys and values once. Appended rows then get their causal mask as a constant. Products with
keys first, K Qᵀ, are of up to 8 rows: keys are the tall matrix and need no packing. All forms have to agree with ours.
"""


def number(value):
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 100 else f"{value:.1f}"


def percent(row, key):
    return f"{100 * row[key]:.0f} %" if key in row else ""


def against(row):
    if "best_peer" not in row:
        return " |  | "
    return f"{row['best_peer']} | {number(row['best_peer_ms'])} | {row['ratio']:.2f}x"


def part(record, prefix):
    return [row for row in record["rows"] if row["case"].startswith(prefix)] if record else []


def timed_table(header, rows, shares, prefix=""):
    """Our time, two shares of what the machine can do, and the best peer."""
    lines = [header]
    for row in rows:
        first, second = (percent(row, share) for share in shares)
        lines.append(f"| {row['case'].removeprefix(prefix)} | {row['threads']} | {number(row['best_ms'])} | {first} | {second} | {against(row)} |")
    return "\n".join(lines)


def attention_table(rows):
    return timed_table(ATTENTION, rows, ("share_of_floor", "share_of_peak"), "attention/")


def roofed_table(rows):
    return timed_table(ROOFED, rows, ("share_of_peak", "share_of_read"))


def terms_table(rows, counted):
    terms = json.loads((ROOT / "benchmarks" / "terms.json").read_text())
    instructions = {row["case"]: row for row in part(counted, "terms/")}
    lines = [TERMS]
    for row in rows:
        wide = row["case"].endswith("-d128")
        name = row["case"].removeprefix("terms/").removesuffix("-d128")
        more = instructions.get(row["case"], row).get("more_instructions")
        low, high = row["more_time_quartiles"]
        lines.append(f"| {name} | {128 if wide else 64} | {terms[name]['beside']} | {number(row['best_ms'])} | {100 * row['more_time']:+.1f} % | "
                     f"{100 * low:+.1f} to {100 * high:+.1f} % | {'' if more is None else f'{100 * more:+.2f} %'} |")
    return "\n".join(lines)


def grid_table(rows):
    groups = {}
    for row in rows:
        groups.setdefault((row["case"].split("/")[1].split("-")[0], row["threads"]), []).append(row)
    lines = [GRID]
    for (name, threads), members in groups.items():
        ratios = sorted(1.0 / (1.0 + row["more_time"]) for row in members)
        slow = sum(row["more_time"] > 0.03 for row in members)
        others = sorted(row["unfused_ms"] / row["best_ms"] for row in members if "unfused_ms" in row)
        beside = f"{sum(x < 1 / 1.03 for x in others)} | {others[0]:.2f}x, {others[len(others) // 2]:.2f}x" if others else " | "
        lines.append(f"| {name} | {threads} | {len(members)} | {slow} | {ratios[0]:.2f}x, {ratios[len(ratios) // 2]:.2f}x | {beside} |")
    return "\n".join(lines)


def compile_table(rows):
    lines = [COMPILED]
    for row in rows:
        times = " | ".join(f"{row[key] / 1e3:.2f} s" for key in ("median_ms", "best_ms", "processor_ms"))
        lines.append(f"| {row['case'].removeprefix('compile/')} | {times} |")
    return "\n".join(lines)


def page(record, counted, grid):
    engines = ", ".join(f"{name} {version}" for name, version in record["engines"].items())
    text = f"""# Measured

Written by `benchmarks/report.py` from `benchmarks/results/`: commit {record["commit"]}, {record["machine"]}, load average
{record["load"]:.1f} when it began and {record["load_after"]:.1f} when it ended, after {record["seconds"] / 60:.0f} minutes. Beside {engines}.
Make it again, on a machine that does nothing else, with

    ./dev oracles
    ./dev bench --prepare                # compiles everything beforehand, also torch's kernels: 7 minutes
    ./dev bench --record                 # benchmarks/results/performance.json and this page: 11 minutes
    ./dev bench grid/ --record           # the last table: 4 minutes
    ./dev bench terms/ --instructions --record    # counts instructions, which a busy machine does not change: 25 minutes

f32, AVX2, milliseconds, best of the rounds; the JSON has medians and spreads too. A process for each package, a sample of each
in turn. With one thread the time is the processor's, which others on the machine do not distort; with two it is the clock's.

![Time of each peer, ours being 1](performance.svg)

## Attention

FMA peak is a loop of nothing but FMAs, sampled in the same rounds (times the threads). The floor is the FMAs at that peak,
and behind them an exp2 for each score at 0.57 cycles, a causal mask counted in blocks of 64 rows, which tiles of six rows
undercut: short causal cases can be above 100 %. For up to 8 rows it is the larger
of the FMAs and the bytes of keys and values at the speed at which a buffer of that size was read. A peer in the table is the
fastest of all.

{attention_table(part(record, "attention/"))}

How each peer is set up, and in which forms it runs:

{PEERS}
## What a term costs

S1024, 12 heads of 64 or 8 of 128, one thread, against the same attention without the term: the median over pairs run in turn, and the
instructions of a run as callgrind counts them (`./dev bench terms/ --instructions`). Products that a term needs are part of it.

{terms_table(part(record, "terms/"), counted)}
{f'{chr(10)}Instructions were counted at commit {counted["commit"]}.{chr(10)}' if counted else ''}
## Linear layers

M x K x N with a constant weight. A single row reads the weight once: its share is of the speed at which a buffer of that
size was read.

{roofed_table(part(record, "linear/"))}

## Whole models, and sequences end to end

Each `ragged` case is one attention over sequences of different lengths, beside PyTorch's sequence by sequence.

{roofed_table([row for row in record["rows"] if row["case"].split("/")[0] not in ("attention", "terms", "linear", "compile", "grid")])}
"""
    if part(record, "compile/"):
        text += f"""
## Compile time

Of one attention, batch and lengths left open, from MLIR to the library: whole processes of `sextant-compile`, by the clock.

{compile_table(part(record, "compile/"))}
"""
    if grid:
        text += f"""
## Fused and plain

Shapes of `benchmarks/grid.json`, each against the same attention decomposed to products and a softmax in the same pipeline
(`./dev bench grid/`, commit {grid["commit"]}, load average {grid["load"]:.1f}).

{grid_table(part(grid, "grid/"))}
"""
    return text


def write(results=ROOT / "benchmarks" / "results", docs=ROOT / "docs"):
    record, counted, grid = (json.loads((results / name).read_text()) if (results / name).exists() else None
                             for name in ("performance.json", "instructions.json", "grid.json"))
    if not record:
        return
    (docs / "performance.md").write_text(page(record, counted, grid))
    rows = part(record, "attention/") + part(record, "linear/") + part(record, "all-mpnet")
    drawing = chart.draw(rows, "Time of each peer, ours being 1",
                         f"{record['machine']}, f32, best of interleaved rounds; right of the line Sextant is faster")
    (docs / "performance.svg").write_text(drawing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--docs", type=pathlib.Path, default=ROOT / "docs")
    arguments = parser.parse_args()
    write(arguments.results, arguments.docs)
