"""Spoils every attribute of the examples in the dialect's specification, and reads what is said about it.

A spoilt attribute gets one error at most (some words are as good as others), and no message has the name of
a C++ class in it, which means nothing to who wrote the text.
"""

import bisect
import pathlib
import re
import subprocess
import sys

WORDS = ("abc", "", "[abc]", '"abc"', "5 : abc", "#builtin.loc<abc>", "@abc")
# An enumeration in the syntax of an op.
ENUMERATED = re.compile(r"\b(pairs|layout|query|key|value|result|empty_row|to) (halves|interleaved|bhsd|bshd|thd|zero|uniform)\b")


def spoil(example):
    for attribute in re.finditer(r"#sextant\.\w+<", example):
        depth, end = 1, attribute.end()
        while depth:
            depth += {"<": 1, ">": -1}.get(example[end], 0)
            end += 1
        inside = example[attribute.end():end - 1]
        for parameter in re.finditer(r"(\w+) = ((?:\[[^\]]*\]|#sextant\.\w+<[^<>]*>|[^,<>\[\]])+)", inside):
            for word in WORDS:
                yield (example[:attribute.end()] + inside[:parameter.start(2)] + word + inside[parameter.end(2):]
                       + example[end - 1:])
            yield (example[:attribute.end()] + inside[:parameter.start(1)] + "abc" + inside[parameter.end(1):]
                   + example[end - 1:])
        for word in WORDS:
            yield example[:attribute.end()] + word + example[end - 1:]
        yield example[:attribute.start()] + "#sextant.abc<>" + example[end:]
        yield example[:attribute.start()] + "5" + example[end:]
    for word in ENUMERATED.finditer(example):
        for other in ("abc", "5", '"abc"'):
            yield example[:word.start(2)] + other + example[word.end(2):]


def main():
    examples = []
    for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.td")):
        examples += re.findall(r"```mlir\n(.*?)```", path.read_text(), re.S)
    mutants = [mutant for example in examples for mutant in spoil(example)]
    text = "\n// -----\n".join(mutants)
    starts = [1]
    for mutant in mutants:
        starts.append(starts[-1] + mutant.count("\n") + 2)
    run = subprocess.run(["sextant-opt", "--split-input-file", "--allow-unregistered-dialect", "-o", "/dev/null", "-"],
                         input=text, capture_output=True, text=True)
    errors, wrong = {}, 0
    for line, message in re.findall(r"^<stdin>:(\d+):\d+: error: (.*)", run.stderr, re.M):
        errors.setdefault(bisect.bisect_right(starts, int(line)) - 1, []).append(message)
    for number, messages in errors.items():
        if len(messages) > 1 or re.search(r"::|Sextant_|llvm|Interface|APFloat", " ".join(messages)):
            wrong += 1
            print(f"{mutants[number]}\n" + "\n".join(f"  error: {message}" for message in messages))
    print(f"{len(mutants)} spoilt attributes, {len(errors)} of them refused, {wrong} not well")
    return int(wrong > 0 or len(errors) < len(mutants) // 2)


if __name__ == "__main__":
    sys.exit(main())
