"""The cases of every family: those of this folder's files that are named *_terms.py
are found, so a family that somebody adds is run with the others."""

import importlib
import pathlib

import cases
import relative


def terms():
    """Of terms alone, a list for each file."""
    return [case for path in sorted(pathlib.Path(__file__).parent.glob("*_terms.py"))
            for case in importlib.import_module(path.stem).ALL]


def every():
    return cases.ALL + relative.ALL + terms()
