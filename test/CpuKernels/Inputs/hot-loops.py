"""Counts what matters in the innermost loops of a disassembly.

Reads `llvm-objdump -d` from standard input and prints a line for every
innermost loop of the functions whose name starts with the argument, then one
line for all of them.
"""

import re
import sys

LABEL = re.compile(r"^(?:[0-9a-f]+ )?<(.*)>:")
JUMP = re.compile(r"^(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+.*,)\s+(?:0x)?([0-9a-f]+)")


def functions(lines, prefix):
    name, body = None, []
    for line in lines:
        label = LABEL.match(line)
        if label:
            if name:
                yield name, body
            name = label.group(1) if label.group(1).startswith(prefix) else None
            body = []
        elif name:
            found = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
            if found:
                text = re.sub(r"\s*#.*", "", found.group(2)).strip()
                body.append((int(found.group(1), 16), text))
    if name:
        yield name, body


def count(pattern, body):
    return sum(1 for _, text in body if re.search(pattern, text))


def spilled_vectors(body):
    """Stores to a fixed place of the stack; arrays there are indexed."""
    return count(r"^vmov[au]ps\s+%[yz]mm\d+, \S*\(%r[sb]p\)", body)


def spills(body):
    return count(r"^v?mov\w*\s+%[xyz]mm\d+, .*\(%r[sb]p", body)


everything = []
for name, body in functions(sys.stdin, sys.argv[1]):
    everything += body
    position = {address: i for i, (address, _) in enumerate(body)}
    for i, (_, text) in enumerate(body):
        jump = JUMP.match(text)
        start = position.get(int(jump.group(1), 16)) if jump else None
        if start is None or start > i:
            continue
        loop = body[start : i + 1]
        if sum(1 for _, text in loop if JUMP.match(text)) > 1:
            continue
        if neon := count(r"^fmla\s.*\.4s", loop):
            print(f"{neon} neon fma, {count(r'^st[rp]', loop)} stores, {count('^bl', loop)} calls")
            continue
        wide = "zmm" if count("zmm", loop) else "ymm"
        fma, vectors = count(rf"^vfn?madd.*%{wide}", loop), rf"%{wide}\d+"
        loads = count(rf"^(?:vmov[au]ps|vbroadcastf128)\s+.*\), {vectors}", loop)
        folded = count(rf"^vfn?madd.*\(.*{vectors}", loop)
        stores = count(rf"^vmov[au]ps\s+{vectors}, .*\)", loop)
        print(
            f"{fma} {wide} fma, {loads + folded} loads, {count('^vbroadcastss', loop)} broadcasts, "
            f"{stores} stores, {count('^call', loop)} calls, {count('^prefetch', loop)} prefetch, "
            f"{spilled_vectors(loop)} spills"
        )
print(f"in all: {spills(everything)} spills, {count('^call', everything)} calls")
