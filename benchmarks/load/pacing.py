"""Load at a constant rate that is more than a system can take, by a generator that leaves it the processor.

k6 takes as much of the processor for a request as the platform does, so on the same machine it cannot send twice what
the platform can take; wrk, paced by a script of ours, takes a fifth of that.
"""

import resource
import shutil
from pathlib import Path

import msgspec
from benchmarks.load.loading import Load, generate, open_loop, wrk
from benchmarks.systems.running import Running


class Paced(msgspec.Struct, frozen=True):
    """What came of it: the load, milliseconds until a refusal was there, and how many cores the generator kept busy."""

    load: Load
    refused_p50: float
    refused_p99: float
    cores: float


class _Refusals(msgspec.Struct, frozen=True):
    refused_p50: float = 0.0
    refused_p99: float = 0.0


def paced_loop(system: Running, corpus: Path, *, rate: int, seconds: float, connections: int = 512) -> Paced:
    """Send at a constant rate, each request on the first connection that is free; times count from when it was due."""
    before = _taken()
    if shutil.which("wrk"):
        words = wrk("paced.lua", system, clients=connections, seconds=seconds)
        line = generate(words, {"RATE": str(rate)}, system, corpus, seconds)
        load, refusals = msgspec.json.decode(line, type=Load), msgspec.json.decode(line, type=_Refusals)
    else:
        load, refusals = open_loop(system, corpus, rate=rate, seconds=seconds, connections=connections), _Refusals()
    return Paced(load, refusals.refused_p50, refusals.refused_p99, (_taken() - before) / load.seconds)


def _taken() -> float:
    """Return the processor seconds of all generators that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
