"""Prints the counts of a lit run, read from its results file, as one line."""

import collections
import json
import sys


def main():
    try:
        with open(sys.argv[1]) as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError) as error:
        sys.exit(f"no test results: {error}")
    counts = collections.Counter(test["code"] for test in tests)
    passed = counts["PASS"] + counts["XFAIL"] + counts["FLAKYPASS"]
    skipped = counts["UNSUPPORTED"] + counts["SKIPPED"] + counts["EXCLUDED"]
    failed = len(tests) - passed - skipped
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))


if __name__ == "__main__":
    main()
