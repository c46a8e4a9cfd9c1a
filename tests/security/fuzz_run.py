"""Run a fuzz target: `python fuzz_run.py token|cursor|line [--broken] [options of libFuzzer] [folders of examples]`."""

import sys
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[2])]


def main() -> None:
    """Fuzz until libFuzzer's options say enough, or something is found."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["careplane", "tests.security.fuzz_broken"]):
        from tests.security import fuzz_broken, fuzz_targets
    broken = "--broken" in options
    target = (fuzz_broken.BROKEN if broken else fuzz_targets.TARGETS)[name]
    atheris.Setup([sys.argv[0], *(option for option in options if option != "--broken")], target)
    atheris.Fuzz()


main()
