"""The experiments, in the order in which they run and are reported: a module of this name in `experiments/` each."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from benchmarks.bench import Bench
from benchmarks.figures import Finding


class Experiment(NamedTuple):
    """What an experiment is about, and about how many turns a round has in it, to foretell how long it takes."""

    about: str
    turns: int


EXPERIMENTS: dict[str, Experiment] = {
    "registering": Experiment("durable registrations, against none stored and against other ways to store them", 12),
    "reading": Experiment("reads by id, against a server that reads nothing", 6),
    "splitting": Experiment("a process for each component, against one process", 5),
    "sizes": Experiment("registering and reading in tables of many patients, against few", 30),
    "search": Experiment("how fast and how well patients are found, by misspelt names, too", 30),
    "imports": Experiment("patients a second from a file", 4),
    "delaying": Experiment("from commit to visible in analytics", 3),
    "overload": Experiment("twice as many requests as it can answer", 6),
    "starting": Experiment("start-up time and memory", 6),
    "mixing": Experiment("reads, searches, registrations and updates at once", 8),
}


def measuring(name: str) -> Callable[[Bench], Finding]:
    """Return what makes the measurements of an experiment."""
    found: Callable[[Bench], Finding] = import_module(f"benchmarks.experiments.{name}").measure
    return found
