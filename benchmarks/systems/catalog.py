"""The systems that can be measured, by name."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.systems.common import common
from benchmarks.systems.noop import noop
from benchmarks.systems.per_request import per_request
from benchmarks.systems.platform import one_process, split
from benchmarks.systems.running import Running

SYSTEMS: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "one": one_process,
    "split": split,
    "noop": noop,
    "per-request": per_request,
    "common": common,
}
"""Each runs a system with its data in a folder of its own, which may have data of an earlier run, until it is left."""
