"""What the bench is asked: options, checked before anything is compiled, and the cases that are meant.

Whatever is wrong with them is one line and a status that is not zero.
"""

import argparse
import importlib.util
import os
import pathlib
import shutil
import sys

import cases
import table
from cases import ROOT

# By the names that --peers takes.
PACKAGES = {"onnxruntime": "onnxruntime", "torch": "torch", "openvino": "openvino", "ggml": "libggml"}


def refuse(text):
    sys.exit(f"./dev bench: {text}")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        refuse(message + "; --help lists options")


def parse(summary):
    parser = Parser(prog="./dev bench", description=summary)
    parser.add_argument("filters", nargs="*", metavar="FILTER", help="parts of names; without any, all but the grid")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=30, help="at most so many for each row (30)")
    parser.add_argument("--seconds", type=float, default=2.5, help="about so long for each row (2.5)")
    parser.add_argument("--smoke", action="store_true", help="small sizes, results only")
    parser.add_argument("--prepare", action="store_true", help="compile only")
    parser.add_argument("--instructions", action="store_true", help="count instructions of terms and time nothing")
    parser.add_argument("--peers", help=f"only these of {', '.join(PACKAGES)}, separated by commas, or none")
    parser.add_argument("--keep", type=pathlib.Path, help="where compiled models stay (BUILD/bench)")
    parser.add_argument("--record", action="store_true", help="also write benchmarks/results and docs/performance.md")
    parser.add_argument("--json", type=pathlib.Path, help="also write the rows here")
    parser.add_argument("--csv", type=pathlib.Path, help="also write the rows here")
    arguments = parser.parse_args()
    check(arguments)
    return arguments


def check(arguments):
    if arguments.rounds < 1:
        refuse(f"expects --rounds of at least 1, but got {arguments.rounds}")
    if not arguments.seconds >= 0.0:
        refuse(f"expects --seconds of at least 0, but got {arguments.seconds:g}")
    for name in ("json", "csv", "record"):
        if getattr(arguments, name) and (arguments.smoke or arguments.prepare):
            refuse(f"--{name} has nothing to write with {'--smoke' if arguments.smoke else '--prepare'}, which times nothing")
    for name in ("json", "csv"):
        path = getattr(arguments, name)
        folder = path.resolve().parent if path else None
        if path and path.is_dir():
            refuse(f"expects a file for --{name}, but {path} is a folder")
        if path and not folder.is_dir():
            refuse(f"cannot write --{name}={path}: there is no folder {path.parent}")
        if path and not os.access(path if path.exists() else folder, os.W_OK):
            refuse(f"cannot write --{name}={path}: permission denied")
    if arguments.instructions and not shutil.which("valgrind"):
        refuse("--instructions needs valgrind, which is not installed")
    if arguments.record:
        check_record(arguments)
    packages(arguments)


def check_record(arguments):
    """The page is made of whole runs: a part of one would replace all."""
    if not arguments.instructions and (arguments.peers is not None or arguments.rounds < 10):
        refuse("--record takes all peers and at least 10 rounds; --json writes any rows")
    whole = [["terms/"]] if arguments.instructions else [[], ["grid/"]]
    if arguments.filters not in whole:
        refuse("--record takes " + ("terms/ with --instructions" if arguments.instructions else "all cases, or grid/ alone")
               + f", but got {' '.join(arguments.filters) or 'no filter'}; --json writes any rows")


def packages(arguments):
    """The other engines of this run, by the names of their packages."""
    there = [package for package in PACKAGES.values() if importlib.util.find_spec(package)]
    if arguments.peers in ("", "none"):
        return []
    if arguments.peers is None:
        return [] if arguments.smoke else there
    wanted = arguments.peers.split(",")
    for name in wanted:
        if name not in PACKAGES:
            refuse(f"no peer is called '{name}'; there are {', '.join(PACKAGES)}")
        if PACKAGES[name] not in there:
            refuse(f"the peer {name} is not installed; ./dev oracles installs all")
    return [] if arguments.smoke else [package for name, package in PACKAGES.items() if name in wanted]


def choose(arguments):
    """The cases that the filters name; each has to name one that can run."""
    known = cases.load(ROOT / arguments.build / "bin", arguments.smoke)
    for text in arguments.filters:
        named = [case for case in known if text in case.name]
        if not named:
            groups = dict.fromkeys(case.name.split("/")[0] + "/" for case in known)
            refuse(f"no case has '{text}' in its name; names begin with {', '.join(groups)}")
        if arguments.smoke and all(case.unchecked() for case in named):
            refuse(f"--smoke has no case with '{text}' in its name: {named[0].unchecked()}")
        if all(case.missing() for case in named):
            refuse(f"no case with '{text}' in its name can run: {named[0].missing()}")
        if arguments.instructions and not any(case.plain for case in named):
            refuse(f"--instructions counts what is beside something else, as terms/, but got '{text}'")
    chosen = []
    for case in known:
        named = any(text in case.name for text in arguments.filters) if arguments.filters else not case.name.startswith("grid/")
        if not named or (arguments.smoke and case.unchecked()):
            continue
        if case.missing():
            table.note(f"{case.name}: skipped, {case.missing()}")
        else:
            chosen.append(case)
    return chosen
