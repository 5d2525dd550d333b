"""What the bench prints and writes: rows to a terminal, JSON and CSV."""

import csv
import importlib.metadata
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys

BOLD, DIM, GREEN, RED, PLAIN = ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m")
# Name, width and heading of each column.
COLUMNS = [("case", 36, "case"), ("threads", 2, "t"), ("ours", 10, "ours ms"), ("spread", 7, "spread"), ("floor", 8, "of floor"),
           ("peak", 8, "of peak"), ("peer", 24, "best peer"), ("theirs", 10, "its ms"), ("ratio", 7, "ratio")]
COUNTS = [("case", 36, "case"), ("count", 16, "instructions"), ("instructions", 9, "more")]
COMPILED = [("case", 36, "case"), ("median", 9, "median s"), ("spread", 7, "spread"), ("least", 9, "least s"), ("busy", 12, "processor s")]
PAIRS = [("case", 36, "case"), ("threads", 2, "t"), ("ours", 10, "with ms"), ("spread", 7, "spread"), ("plain", 11, "without ms"),
         ("time", 9, "time"), ("quartiles", 18, "quartiles")]


def note(text):
    print(f"  {text}", flush=True)


def processor():
    """The model of the CPU and what of it matters, nothing else about the machine."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    fields = dict(reversed([[x.strip() for x in line.split(":", 1)] for line in lines if ":" in line]))
    name = fields.get("model name", "unknown")
    return f"{name}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}, {os.cpu_count()} cores"


def about(root, packages):
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True)
    names = {"libggml": "libggml-python"}
    versions = {names.get(name, name): importlib.metadata.version(names.get(name, name)) for name in packages}
    return {"commit": commit.stdout.strip(), "machine": processor(), "load": os.getloadavg()[0], "engines": versions}


def pair_row(case, ours, plain, others, threads):
    """Two things in turn: the median of the ratios of each pair."""
    first, second = (x.busy if threads == 1 else x.samples for x in (ours, plain))
    ratios = sorted(a / b for a, b in zip(first, second))
    beside = {"unfused_ms": min(engine.best(threads) for engine in others) * 1e3} if others else {}
    return {**beside, "case": case.name, "threads": threads, **ours.row(threads), "plain_ms": 1e3 * min(second),
            "more_time": statistics.median(ratios) - 1.0,
            "more_time_quartiles": [ratios[len(ratios) // 4] - 1.0, ratios[(3 * len(ratios)) // 4] - 1.0]}


class Printer:
    def __init__(self, record):
        self.color = sys.stdout.isatty()
        self.group = None
        others = ", ".join(f"{name} {version}" for name, version in record["engines"].items())
        note(f"{record['machine']}; load average {record['load']:.1f}")
        note(f"commit {record['commit']}; beside {others}" if others else f"commit {record['commit']}")

    def paint(self, text, code):
        return f"{code}{text}{PLAIN}" if self.color else text

    def heading(self, group, columns):
        self.group = group
        line = "  ".join(f"{title:<{width}}" if name in ("case", "peer") else f"{title:>{width}}" for name, width, title in columns)
        print(f"\n  {self.paint(line, BOLD)}\n  {self.paint('─' * len(line), DIM)}", flush=True)

    def show(self, row):
        if "error" in row:
            print(f"  {row['case']:<44} {row['threads']}  agrees with the reference, largest error {row['error']:.1e}", flush=True)
            return
        columns, cells = next(look for key, look in LOOKS.items() if key in row)
        group = (row["case"].split("/")[0], cells)
        if group != self.group:
            self.heading(group, columns)
        cells = cells(row)
        texts = [f"{cells[name]:<{width}}" if name in ("case", "peer") else f"{cells[name]:>{width}}" for name, width, _ in columns]
        if "ratio" in row:
            texts[-1] = self.paint(texts[-1], GREEN if row["ratio"] >= 1.0 else RED)
        print("  " + "  ".join(texts), flush=True)

    def end(self, record):
        print()
        note(f"{len(record['rows'])} rows in {record['seconds']} s; load average {record['load_after']:.1f}")
        behind = [row for row in record["rows"] if row.get("ratio", 1.0) < 1.0]
        if any("ratio" in row for row in record["rows"]):
            note(f"behind a peer in {len(behind)} of them" if behind else "ahead of every peer")


def number(value):
    return f"{value:.3f}" if value < 100 else f"{value:.1f}"


def cells_of(row):
    share = f"{100 * row['share_of_read']:.0f}% read" if "share_of_read" in row else ""
    return {"case": row["case"].split("/", 1)[1], "threads": row["threads"], "ours": number(row["best_ms"]),
            "spread": f"±{50 * row['spread']:.1f}%", "peak": f"{100 * row['share_of_peak']:.1f}%" if "share_of_peak" in row else "",
            "floor": f"{100 * row['share_of_floor']:.1f}%" if "share_of_floor" in row else share,
            "peer": row.get("best_peer", ""), "theirs": number(row["best_peer_ms"]) if "best_peer" in row else "",
            "ratio": f"{row['ratio']:.2f}x" if "ratio" in row else ""}


def pair_cells(row):
    low, high = (f"{100 * quartile:+.1f}" for quartile in row["more_time_quartiles"])
    return {"case": row["case"].split("/", 1)[1], "threads": row["threads"], "ours": number(row["best_ms"]),
            "spread": f"±{50 * row['spread']:.1f}%", "plain": number(row["plain_ms"]), "time": f"{100 * row['more_time']:+.1f}%",
            "quartiles": f"{low} to {high}%"}


def count_cells(row):
    return {"case": row["case"].split("/", 1)[1], "count": f"{row['instructions']:,}",
            "instructions": f"{100 * row['more_instructions']:+.2f}%"}


def compile_cells(row):
    return {"case": row["case"].split("/", 1)[1], "median": f"{row['median_ms'] / 1e3:.2f}", "spread": f"±{50 * row['spread']:.1f}%",
            "least": f"{row['best_ms'] / 1e3:.2f}", "busy": f"{row['processor_ms'] / 1e3:.2f}"}


# By what a row has: its columns and what is in them.
LOOKS = {"processor_ms": (COMPILED, compile_cells), "plain_ms": (PAIRS, pair_cells), "best_ms": (COLUMNS, cells_of), "more_instructions": (COUNTS, count_cells)}


def as_json(record):
    """A row a line, with as many digits as mean something."""
    def rounded(value):
        if isinstance(value, float):
            return float(f"{value:.5g}")
        if isinstance(value, dict):
            return {key: rounded(each) for key, each in value.items()}
        return [rounded(each) for each in value] if isinstance(value, list) else value

    head = {key: rounded(value) for key, value in record.items() if key != "rows"}
    rows = ",\n".join("  " + json.dumps(rounded(row)) for row in record["rows"])
    return json.dumps(head, indent=1)[:-2] + ',\n "rows": [\n' + rows + "\n ]\n}\n"


def as_csv(record):
    """A line for each engine of each row."""
    out = io.StringIO()
    writer = csv.writer(out)
    names = ["best_ms", "median_ms", "spread", "samples"]
    extra = ["share_of_peak", "share_of_floor", "share_of_read", "floor_ms", "ratio", "plain_ms", "more_time", "more_instructions", "processor_ms"]
    writer.writerow(["case", "threads", "engine", *names, *extra])
    for row in record["rows"]:
        if "best_ms" not in row:
            continue
        writer.writerow([row["case"], row["threads"], row["engine"], *(row[x] for x in names), *(row.get(x, "") for x in extra)])
        for peer in row.get("peers", []):
            writer.writerow([row["case"], row["threads"], peer["engine"], *(peer[x] for x in names), *[""] * len(extra)])
    return out.getvalue()
