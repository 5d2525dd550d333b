"""How many instructions a run of a model executes, as callgrind counts them."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess

import table

HERE = pathlib.Path(__file__).resolve().parent


class Counter:
    def __init__(self, build, scratch):
        self.folder = scratch / "once"
        self.folder.mkdir(exist_ok=True)
        self.compiler = next((path for path in map(shutil.which, ("clang-22", "cc", "gcc")) if path), None)
        self.valgrind = shutil.which("valgrind")
        if not (self.valgrind and self.compiler):
            table.note("no instructions are counted: valgrind or a C compiler is not installed")

    def host(self, library):
        """A program that runs the library once."""
        folder = self.folder / library.stem
        folder.mkdir(exist_ok=True)
        host = folder / "once"
        shutil.copy(library.with_suffix(".h"), folder / "model.h")
        subprocess.run([self.compiler, "-O1", f"-I{folder}", str(HERE / "once.c"), str(library),
                        f"-Wl,-rpath,{library.parent}", "-o", str(host)], check=True)
        return host

    def count(self, library, length):
        """Of one run with one thread; None where callgrind fails."""
        if not (self.valgrind and self.compiler):
            return None
        done = subprocess.run([self.valgrind, "--tool=callgrind", "--toggle-collect=model_run", "--callgrind-out-file=/dev/null",
                               str(self.host(library)), str(length)], capture_output=True, text=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        return int(found.group(1)) if found and not done.returncode else None


def count_all(bench, chosen):
    """A row for each case that is compared with another; as many at a time as there are cores."""
    counter = Counter(bench.build, bench.scratch)
    pairs = [case for case in chosen if case.plain]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        plain = {case.plain.file_name(): case.plain for case in pairs}
        without = {name: threads.submit(counter.count, bench.library(case), case.dims["sequence"]) for name, case in plain.items()}
        counts = [(case, threads.submit(counter.count, bench.library(case), case.dims["sequence"])) for case in pairs]
        for case, count in counts:
            base = without[case.plain.file_name()].result()
            if base and count.result():
                yield {"case": case.name, "threads": 1, "instructions": count.result(), "more_instructions": count.result() / base - 1.0}
