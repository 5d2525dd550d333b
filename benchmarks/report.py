"""Writes docs/performance.md from a recorded run of the bench.

    report.py benchmarks/results/attention.json > docs/performance.md
"""

import json
import pathlib
import sys


def main():
    record = json.loads(pathlib.Path(sys.argv[1]).read_text())
    cases = {}
    for row in record["rows"]:
        cases.setdefault((row["case"], row["threads"]), {})[row["engine"]] = row
    peers = sorted({row["engine"] for row in record["rows"]} - {"sextant"})
    print(f"""# Attention, measured

Written by `benchmarks/report.py` from `{sys.argv[1]}`: commit {record["commit"]}, {record["machine"]}, load average
{record["load"]:.0f} when it ended. f32, best of the rounds, milliseconds. One process per engine, a sample of each in turn;
the share is of a loop of nothing but FMAs that is sampled in the same rounds (times the threads). A busy machine takes
second threads away: rows of two threads are lower bounds then. Make it again with

    ./dev bench attention/ --json benchmarks/results/attention.json
    benchmarks/report.py benchmarks/results/attention.json > docs/performance.md

| case | threads | ours | share of peak | {" | ".join(peers)} | best peer / ours |
| --- | --- | --- | --- |{" --- |" * len(peers)} --- |""")
    for (case, threads), engines in cases.items():
        ours = engines["sextant"]
        times = [f"{engines[p]['best_ms']:.3f}" if p in engines else "" for p in peers]
        others = [engines[p]["best_ms"] for p in peers if p in engines]
        ratio = f"{min(others) / ours['best_ms']:.2f}x" if others else ""
        print(f"| {case.removeprefix('attention/')} | {threads} | {ours['best_ms']:.3f} | {100 * ours['share_of_peak']:.0f} % | "
              f"{' | '.join(times)} | {ratio} |")


if __name__ == "__main__":
    main()
