"""Durable registrations: against no storage, against other ways to store them, and by how many ask."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Chart, Figure, Finding, Line, Spread
from benchmarks.load.requests import registrations
from benchmarks.load.turns import Turns, closed, rates_line, work_table
from benchmarks.systems.raw import raw, written
from benchmarks.systems.running import Running

ABOUT = (
    "Each answer means that a patient, the intent to open an account or the account, an event and an audit row are on "
    "the disk. noop is the same gateway, guards, mailbox and validation with no storage behind them: the ceiling. "
    "per-request is Careplane with a transaction for each piece of work instead of group commit. common is what most "
    "teams would write: FastAPI, SQLAlchemy's async ORM, asyncpg and uvicorn, on a PostgreSQL with the same settings. "
    "raw is Careplane's own statement sent by asyncpg over one connection: the limit of the storage. Processor time "
    "counts until billing and analytics have done what follows from the registrations."
)
CLIENTS = (1, 4, 16, 64, 256)
BATCHES = (64, 256)
RAW_PATIENTS_A_SECOND = 2_000
"""So many are written for each second of a turn: what takes less time than a turn of the others."""


def measure(bench: Bench) -> Finding:
    """Register with all systems in turns, then with two of them by more and more clients."""
    corpus = registrations(bench.scratch("corpus") / "registering.tsv", seed=bench.seed)
    with bench.running("noop", "one", "per-request", "common") as ours:
        systems = [*ours, *([bench.against] if bench.against else [])]
        found = closed(bench, systems, lambda _: corpus)
        by_clients = _by_clients(bench, ours[:2], corpus, found)
    raw = _raw(bench)
    return Finding(
        "registering",
        "Registering",
        ABOUT,
        (*_ratios(found), *(figure for one in found.values() for figure in one.answers(f"register, {one.name}")), *raw),
        (work_table("a registration, all that follows from it included", list(found.values())),),
        (_systems_chart(found, raw), _clients_chart(by_clients), *_times_charts(by_clients)),
    )


def _ratios(found: Mapping[str, Turns]) -> list[Figure]:
    one = found["one"]
    figures = [
        Figure("register, durable: one process against noop", one.against(found["noop"]), at_least=0.75),
        Figure("register: against per-request", one.against(found["per-request"]), at_least=3.0),
        Figure("register: against common", one.against(found["common"]), at_least=12.0),
    ]
    if "against" in found:
        figures.append(Figure("register: against the other server", one.against(found["against"])))
    return figures


def _by_clients(
    bench: Bench, systems: Sequence[Running], corpus: Path, found: Mapping[str, Turns]
) -> dict[int, Mapping[str, Turns]]:
    return {
        clients: found if clients == bench.clients else closed(bench, systems, lambda _: corpus, clients)
        for clients in CLIENTS
    }


def _raw(bench: Bench) -> list[Figure]:
    patients = round(bench.seconds * RAW_PATIENTS_A_SECOND)
    bench.say("starting raw")
    with raw(bench.scratch("data/raw")) as storage:
        bench.on_running(storage)
        rates: dict[int, list[float]] = {batch: [] for batch in BATCHES}
        for turn in range(bench.rounds + 1):
            for batch in BATCHES:
                rate = written(storage, patients=patients, batch=batch, seed=bench.seed + turn)
                bench.say(f"  {f'round {turn}' if turn else 'warm-up':8} raw, {batch} at once: {rate:8.0f}/s")
                rates[batch] += [rate] if turn else []
    return [Figure(f"raw, {batch} at once", Spread.of(values), "/s") for batch, values in rates.items()]


def _systems_chart(found: Mapping[str, Turns], raw: Sequence[Figure]) -> Chart:
    places = (*found, *(figure.name for figure in raw))
    spreads = (*(one.rate for one in found.values()), *(figure.spread for figure in raw))
    line = Line("registrations", spreads)
    return Chart("registering", "Registrations a second", "", "registrations a second", places, (line,))


def _clients_chart(found: Mapping[int, Mapping[str, Turns]]) -> Chart:
    lines = tuple(rates_line(name, [turns[name] for turns in found.values()]) for name in ("noop", "one"))
    title = "Registrations a second, by clients"
    return Chart("registering-by-clients", title, "clients", "registrations a second", tuple(map(float, found)), lines)


def _times_charts(found: Mapping[int, Mapping[str, Turns]]) -> list[Chart]:
    places, names = tuple(map(float, found)), ("noop", "one")
    p50 = tuple(Line(name, tuple(turns[name].p50 for turns in found.values())) for name in names)
    p99 = tuple(Line(name, tuple(turns[name].p99 for turns in found.values())) for name in names)
    half, most = "Half of all registrations are answered within", "99 % of all registrations are answered within"
    return [
        Chart("registering-p50", half, "clients", "milliseconds", places, p50, log_y=True),
        Chart("registering-p99", most, "clients", "milliseconds", places, p99, log_y=True),
    ]
