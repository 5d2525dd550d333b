"""Prints the counts of a lit run, read from its results file; the last line is those of tests that ran."""

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
    if skipped:
        print(f"{skipped} skipped, which need what this machine lacks or what was not asked for")
    print(f"{passed} passed, {failed} failed")


if __name__ == "__main__":
    main()
