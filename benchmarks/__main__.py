"""`python -m benchmarks [EXPERIMENT...]`: measure Careplane on this machine, and write what was found as a report."""

import sys
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.catalog import EXPERIMENTS
from benchmarks.results import Options
from benchmarks.run import Run
from benchmarks.systems.against import against

HERE = Path(__file__).parent
_FULL = Options(rounds=4, seconds=8, clients=64, rate=1000, sizes=(1_000, 100_000, 1_000_000), seed=1)
_QUICK = Options(rounds=1, seconds=2, clients=64, rate=200, sizes=(1_000, 10_000), seed=1, quick=True)
# In it a folder of our own is made, that nobody else can enter.
_ON_DISK = Path("/var/tmp")  # nosec B108


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words of the command line ask for; return the exit code."""
    parser = _parser()
    asked = parser.parse_args(words)
    if asked.token and not asked.against:
        parser.error("--token is for the system at the address given by --against: give that, too")
    if asked.list:
        sys.stdout.write(_listed() + "\n")
        return 0
    unknown = [name for name in asked.experiments if name not in EXPERIMENTS]
    if unknown:
        sys.exit(f"There is no experiment {', '.join(unknown)}. There are:\n{_listed()}")
    names = [name for name in EXPERIMENTS if name in asked.experiments or not asked.experiments]
    with _scratch(asked.keep) as scratch:
        other = against(asked.against, asked.token) if asked.against else None
        return Run(names, _options(asked), asked.into.resolve(), scratch, other).go()


def _options(asked: Namespace) -> Options:
    """Take what was said, and the rest from the quick or the full measure."""
    start = _QUICK if asked.quick else _FULL
    said = {name: getattr(asked, name) for name in Options.__struct_fields__ if name != "quick"}
    return Options(
        **{name: getattr(start, name) if value is None else value for name, value in said.items()}, quick=asked.quick
    )


@contextmanager
def _scratch(keep: Path | None) -> Iterator[Path]:
    """Give a folder for the data of the systems; on a disk if there is one, for in memory nothing is durable."""
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="careplane-bench-", dir=_ON_DISK if _ON_DISK.is_dir() else None) as name:
        yield Path(name)


def _listed() -> str:
    return "\n".join(f"  {name:12} {experiment.about}" for name, experiment in EXPERIMENTS.items())


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m benchmarks",
        description=f"Measure Careplane on this machine.\n\nexperiments (all of them, if none is named):\n{_listed()}",
        formatter_class=RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("experiments", nargs="*", metavar="EXPERIMENT")
    add("--list", action="store_true", help="list the experiments")
    add("--quick", action="store_true", help="a few minutes in all: 1 round of 2 s, sizes 1000 and 10000")
    add("--rounds", type=_whole, metavar="N", help=f"rounds that count, after one to warm up ({_FULL.rounds})")
    add("--seconds", type=_seconds, metavar="S", help=f"length of one turn of one system ({_FULL.seconds:g})")
    add("--clients", type=_whole, metavar="C", help=f"connections of a closed loop ({_FULL.clients})")
    add("--rate", type=_whole, metavar="R", help=f"requests a second of an open loop ({_FULL.rate})")
    add("--sizes", type=_sizes, metavar="N,N...", help="how many patients the tables have whose sizes are compared")
    add("--seed", type=int, metavar="N", help="of all that is made by lot (1)")
    add("--against", metavar="URL", help="measure what answers the simple patients API at this address, too")
    add("--token", default="", metavar="T", help="the bearer token for it")
    add("--keep", type=Path, metavar="FOLDER", help="keep data and logs of the systems there")
    add("--into", type=Path, default=HERE, metavar="FOLDER", help="where report, results and charts go (benchmarks/)")
    return parser


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise ArgumentTypeError(f"{text} is no number of seconds from 1 to 3600")
    return seconds


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted({_whole(part) for part in text.split(",")}))


if __name__ == "__main__":
    sys.exit(main())
