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
the share is of a loop of nothing but FMAs that is sampled in the same rounds (times the threads). With one thread the time
is that of the processor, which others on the machine do not distort; with two it is the clock's, which a busy
machine lengthens. Make it again with

    ./dev bench attention/ --json benchmarks/results/attention.json
    benchmarks/report.py benchmarks/results/attention.json > docs/performance.md

| case | threads | ours | share of peak | {" | ".join(peers)} | best peer / ours |
| --- | --- | --- | --- |{" --- |" * len(peers)} --- |""")
    for (case, threads), engines in cases.items():
        clock = "cpu_ms" if threads == 1 else "best_ms"
        ours = engines["sextant"]
        times = [f"{engines[p][clock]:.3f}" if p in engines else "" for p in peers]
        others = [engines[p][clock] for p in peers if p in engines]
        ratio = f"{min(others) / ours[clock]:.2f}x" if others else ""
        share = 100 * ours["share_of_peak"] * ours["best_ms"] / ours[clock]
        print(f"| {case.removeprefix('attention/')} | {threads} | {ours[clock]:.3f} | {share:.0f} % | "
              f"{' | '.join(times)} | {ratio} |")


if __name__ == "__main__":
    main()
