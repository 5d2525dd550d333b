"""Writes a recorded run of the bench as JSON and CSV again, and reads both back."""

import csv
import io
import json
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
import table  # noqa: E402

record = json.loads((pathlib.Path(sys.argv[1]) / "results" / "performance.json").read_text())
if json.loads(table.as_json(record)) != record:
    sys.exit("expects JSON to read back as it was")
rows = list(csv.DictReader(io.StringIO(table.as_csv(record))))
expected = [(row["case"], str(row["threads"]), each["engine"]) for row in record["rows"] for each in [row, *row.get("peers", [])]]
if [(row["case"], row["threads"], row["engine"]) for row in rows] != expected:
    sys.exit("expects a line for each engine")
for row, ratio in zip(rows, (each.get("ratio") for found in record["rows"] for each in [found, *[{}] * len(found.get("peers", []))])):
    if row["ratio"] != ("" if ratio is None else str(ratio)):
        sys.exit(f"expects the ratio of {row['case']} to be {ratio}, but got '{row['ratio']}'")
print(f"{len(record['rows'])} rows read back")
