"""One target under atheris: `python fuzz/run.py TARGET [libFuzzer option...]`. `make fuzz` runs all, with a corpus."""

import sys

import atheris
from targets import TARGETS

# Not instrument_imports: modules of an editable install have a loader of their own, and stay unseen under it.
atheris.instrument_all()
atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
atheris.Fuzz()
