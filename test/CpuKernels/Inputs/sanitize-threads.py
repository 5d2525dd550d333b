"""Builds a program that runs a model whose kernels ThreadSanitizer watches.

    sanitize-threads.py [--share] [--overlap] LLVM_BIN MODEL.mlir FOLDER HOST.c

With --share every thread is told that it is the first one, so that all work in
that one's memory. With --overlap every part of a loop begins where the loop does.
"""

import pathlib
import re
import subprocess
import sys


def main():
    share, overlap = "--share" in sys.argv, "--overlap" in sys.argv
    tools, model, folder, host = (pathlib.Path(word) for word in sys.argv[1:] if not word.startswith("--"))
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["sextant-compile", model, "--prefix=model", "-o", folder / "model.so"], check=True)
    subprocess.run(["sextant-compile", model, "--prefix=model", "--emit=llvm", "-o", folder / "model.ll"], check=True)
    split = subprocess.run([tools / "opt", "-S", "-passes=function(scalarizer<load-store;min-bits=128>)", folder / "model.ll"],
                           check=True, text=True, stdout=subprocess.PIPE).stdout
    if re.search(r"(load|store) <8 x float>", split):
        sys.exit("expects no access of 32 bytes to be left")
    watched, count = re.subn(r"(?m)^(attributes #\d+ = \{)", r"\1 sanitize_thread", split)
    if not count:
        sys.exit("expects attributes of functions")
    # Weights are an object beside the code; which numbers they are changes no access.
    watched = re.sub(r"(?m)^(@model_weights_data = )external (hidden constant \[\d+ x i8\])", r"\1\2 zeroinitializer", watched)
    if share:
        # The last argument of a loop that is called through a pointer.
        call = r"(call i64 %\d+\(ptr [^,()]*, i64 [^,()]*, i64 [^,()]*, i64 noundef )%\d+\)"
        watched, count = re.subn(call, r"\1 0)", watched)
        if not count:
            sys.exit("expects loops to be told the number of a thread")
    if overlap:
        # The loop's function, from and to a number, and which thread it is.
        watched, count = re.subn(r"(call i64 %\d+\(ptr [^,]*, i64 [^,]*)%\d+(, i64 [^,]*%\d+, i64 [^,]*\))", r"\g<1>0\2", watched)
        if not count:
            sys.exit("expects loops to be called for parts of them")
    (folder / "watched.ll").write_text(watched)
    subprocess.run([tools / "clang", "-fsanitize=thread", "-fopenmp", "-O1", "-g1", "-Wno-override-module", f"-I{folder}",
                    host, folder / "watched.ll", "-o", folder / "once"], check=True)


if __name__ == "__main__":
    main()
