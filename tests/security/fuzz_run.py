"""Run a fuzz target: `python fuzz_run.py token|cursor|line [--broken] [options of libFuzzer] [folders of examples]`."""

import atexit
import signal
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
    # Its timer ticks on when all is over, and then nobody is left to hear it: the next tick would end us by a signal.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    atheris.Fuzz()


main()
