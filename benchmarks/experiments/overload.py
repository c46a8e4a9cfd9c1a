"""Overload: twice what the platform can take, what it answers of that and how soon, and how it is right afterwards."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx
import msgspec
from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line, Spread, Table
from benchmarks.load.loading import Load, closed_loop, none_failed
from benchmarks.load.meanwhile import meanwhile
from benchmarks.load.pacing import Paced, paced_loop
from benchmarks.load.requests import registrations
from benchmarks.systems.platform import SIGN_IN
from benchmarks.systems.running import Running

ABOUT = (
    "Capacity is the rate of registrations with the fewest clients that reach nearly the best rate of all (closed "
    "loop); then twice that rate arrives, whether or not the answers keep up, and right after it half of that rate. "
    "Goodput are the answers 2xx a second. A request that finds no free connection waits for one, and its time counts "
    "from when it was due, so that nothing hides behind slow answers. The generator is wrk with a script that paces "
    "it, for k6 takes as much of the processor for a request as the platform: how many of the machine's cores it kept "
    "busy is told, and what the server without storage answers at that rate. What it hides: requests come in steps of "
    "a millisecond, and those that were still in work at the end are not counted. Meanwhile somebody asks for health "
    "and signs in, again and again."
)
CLIENTS = (32, 64, 128, 256)
NEARLY = 0.95
CALM_S = 1.5  # the platform lets only some in for a second after the last refusal
FACTOR = 2.0
PROBE_EVERY_S = 1.0  # each sign-in takes a tenth of a second of one core, for its password


class Turn(msgspec.Struct, frozen=True):
    """One round: at capacity, in overload, right afterwards, and what was probed in overload."""

    capacity: Load
    over: Paced
    after: Paced
    probes: list[float]
    unanswered: int


def measure(bench: Bench) -> Finding:
    """Find how many clients it takes, then overload the platform round by round."""
    corpus = registrations(bench.scratch("corpus") / "overload.tsv", seed=bench.seed)
    with bench.running("one") as (one,):
        clients = _clients(bench, one, corpus)
        turns = bench.in_turns((one,), lambda system: _turn(bench, system, corpus, clients), show=_shown)[0]
    offered = FACTOR * _of(turns, lambda t: t.capacity.rate).median
    with bench.running("noop") as (noop,):
        alone = paced_loop(noop, corpus, rate=round(offered), seconds=bench.seconds)
    return Finding(
        "overload",
        f"Overload at {FACTOR:g} x the capacity, which is that with {clients} clients",
        ABOUT,
        (
            Figure("goodput against capacity", _of(turns, lambda t: t.over.load.rate / t.capacity.rate), at_least=0.9),
            Figure("p99 of what is accepted against p99 at capacity", _of(turns, _slower), at_most=2.0),
            Figure(
                "neither accepted nor refused with Retry-After", _of(turns, lambda t: t.over.load.failed), at_most=0
            ),
            Figure("refused or failed right after it, at half the capacity", _of(turns, _still_refused), at_most=0),
            Figure("health and sign-in not answered in overload", _of(turns, lambda t: t.unanswered), at_most=0),
            Figure("health and sign-in, the longest in overload", _of(turns, lambda t: max(t.probes)), "ms"),
            Figure("offered against capacity", _of(turns, _offered)),
            Figure("cores that the generator kept busy", _of(turns, lambda t: t.over.cores)),
            Figure("the same with noop in the platform's place", Spread.of([alone.cores])),
        ),
        (_table(turns, alone.load),),
        (_chart(turns),),
    )


def _clients(bench: Bench, system: Running, corpus: Path) -> int:
    """Return the fewest clients that reach nearly the best rate."""
    none_failed(closed_loop(system, corpus, clients=bench.clients, seconds=bench.seconds), "the warm-up")
    rates: dict[int, float] = {}
    for clients in CLIENTS:
        system.settle()
        rates[clients] = none_failed(closed_loop(system, corpus, clients=clients, seconds=bench.seconds), "one").rate
    bench.say("  capacity: " + ", ".join(f"{rate:.0f}/s with {clients}" for clients, rate in rates.items()))
    return min(clients for clients, rate in rates.items() if rate >= NEARLY * max(rates.values()))


def _turn(bench: Bench, system: Running, corpus: Path, clients: int) -> Turn:
    system.settle()
    time.sleep(CALM_S)
    capacity = none_failed(closed_loop(system, corpus, clients=clients, seconds=bench.seconds), "one")
    system.settle()
    with _probing(system) as probes:
        over = paced_loop(system, corpus, rate=round(FACTOR * capacity.rate), seconds=bench.seconds)
    after = paced_loop(system, corpus, rate=round(capacity.rate / 2), seconds=max(2.0, bench.seconds / 4))
    answered = [took for took in probes if took]
    return Turn(capacity, over, after, answered, len(probes) - len(answered))


@contextmanager
def _probing(system: Running) -> Iterator[list[float]]:
    """Ask for health and sign in, over and over; the list gets the milliseconds of each answer, 0 for one not given."""
    found: list[float] = []
    with httpx.Client(base_url=system.url, timeout=30) as client:

        def probe() -> None:
            found.append(_timed(client, "GET", "/health/ready"))
            found.append(_timed(client, "POST", "/auth/login"))

        with meanwhile(probe, every=PROBE_EVERY_S):
            yield found


def _timed(client: httpx.Client, method: str, path: str) -> float:
    begun = time.perf_counter()
    try:
        answer = client.request(method, path, json=SIGN_IN if method == "POST" else None)
    except httpx.TransportError:
        return 0.0
    return (time.perf_counter() - begun) * 1e3 if answer.status_code == HTTPStatus.OK else 0.0


def _slower(turn: Turn) -> float:
    return turn.over.load.p99 / turn.capacity.p99


def _still_refused(turn: Turn) -> float:
    return turn.after.load.refused + turn.after.load.failed


def _offered(turn: Turn) -> float:
    load = turn.over.load
    return (load.sent + load.unsent) / load.seconds / turn.capacity.rate


def _of(turns: Sequence[Turn], value: Callable[[Turn], float]) -> Spread:
    return Spread.of([value(turn) for turn in turns])


def _shown(turn: Turn) -> str:
    over, capacity = turn.over.load, turn.capacity
    said = f"{capacity.rate:.0f}/s, p99 {capacity.p99:.0f} ms; twice that: {over.rate:.0f}/s, p99 {over.p99:.0f} ms"
    return f"{said}, {over.refused} refused, {over.failed} failed; then {turn.after.load.refused} refused"


def _table(turns: Sequence[Turn], alone: Load) -> Table:
    rows = [
        ("at capacity", *_cells([turn.capacity for turn in turns])),
        ("at twice that", *_cells([turn.over.load for turn in turns])),
        ("right after, at half of it", *_cells([turn.after.load for turn in turns])),
        ("noop, at twice the capacity of the platform", *_cells([alone])),
    ]
    refusal = _of(turns, lambda turn: turn.over.refused_p50)
    columns = ("load", "accepted/s", "refused/s", "failed", "p50 ms", "p99 ms", "longest ms")
    return Table(f"Overload; the median refusal was there within {refusal.median:.0f} ms", columns, tuple(rows))


def _cells(loads: Sequence[Load]) -> list[str]:
    rows = [(one.rate, one.refused / one.seconds, one.failed, one.p50, one.p99, one.worst) for one in loads]
    return [f"{Spread.of(values).median:.0f}" for values in zip(*rows, strict=True)]


def _chart(turns: Sequence[Turn]) -> Chart:
    lines = (
        Line("accepted", (_of(turns, lambda t: t.capacity.rate), _of(turns, lambda t: t.over.load.rate))),
        Line("refused", (Spread.of([0.0]), _of(turns, lambda t: t.over.load.refused / t.over.load.seconds))),
    )
    return Chart("overload", "Goodput in overload", "", "a second", ("capacity", "twice the capacity"), lines)
