"""A run: one experiment after another, what each found written at once, and the report at the end, whatever happens."""

import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from benchmarks.bench import Bench
from benchmarks.catalog import EXPERIMENTS, measuring
from benchmarks.durability import Durability, durability
from benchmarks.figures import Finding
from benchmarks.machine import Machine, load_average, versions
from benchmarks.report import aims, write_report
from benchmarks.results import Measured, Options, Results
from benchmarks.systems.running import Running

INTERRUPTED = 130
_START_S = 40.0


@dataclass
class Run:
    """Goes through experiments; `into` is the folder of results.json, report.md and charts, `scratch` that of data."""

    names: Sequence[str]
    options: Options
    into: Path
    scratch: Path
    against: Running | None = None
    """Somebody else's system, to be measured beside ours."""
    seen: dict[str, Durability] = field(default_factory=dict)
    """What the systems of the experiment that runs said of their durability."""

    def __post_init__(self) -> None:
        """Read what earlier runs found, and look at the machine."""
        asked = self.options
        self.bench = Bench(
            self.scratch,
            rounds=asked.rounds,
            seconds=asked.seconds,
            clients=asked.clients,
            rate=asked.rate,
            sizes=asked.sizes,
            seed=asked.seed,
            against=self.against,
            on_running=self._look_at,
        )
        self.file = self.into / "results.json"
        self.results = Results.read(self.file)
        self.machine = Machine.this(self.scratch)
        self.versions = versions()

    def go(self) -> int:
        """Run all of them; return the exit code: 1 if any failed, 130 if it was interrupted."""
        if self.machine.forgets:
            self.bench.say(
                "The data is in memory, where being durable costs nothing: give a folder on a disk by --keep."
            )
        interrupted = False
        with _stopped_once():
            try:
                for at, name in enumerate(self.names):
                    self._announce(at)
                    self._keep(name, self._measure(name))
            except KeyboardInterrupt:
                interrupted = True
                self.bench.say("interrupted: all that was started has been stopped; writing what was found before.")
            write_report(self.results, self.into)
        self._summarise()
        return INTERRUPTED if interrupted else int(any(self._failed(name) for name in self.names))

    def _measure(self, name: str) -> Measured:
        """Run one experiment; its failure, expected or not, is what came of it."""
        self.seen = {}
        at, load, begun = datetime.now(UTC), load_average(), time.monotonic()
        finding, failure = self._attempt(name)
        return Measured(
            at=f"{at:%Y-%m-%d %H:%M} UTC",
            took_s=round(time.monotonic() - begun, 1),
            options=self.options,
            machine=self.machine,
            versions=self.versions,
            load_average=load,
            durability=tuple(self.seen.values()),
            finding=finding,
            failure=failure,
        )

    def _attempt(self, name: str) -> tuple[Finding | None, str]:
        try:
            return measuring(name)(self.bench), ""
        except SystemExit as end:  # what cannot be measured here says so in a sentence
            failure = str(end)
        except Exception as error:  # noqa: BLE001 - it goes into the report, and the other experiments are run
            self.bench.console.print(traceback.format_exc(), markup=False, highlight=False)
            failure = f"{type(error).__name__}: {error}"
        self.bench.say(
            f"{name} failed: {failure}\n  Logs and data stay where --keep FOLDER says; else they are removed."
        )
        return None, failure

    def _keep(self, name: str, measured: Measured) -> None:
        self.results = self.results.with_one(name, measured)
        self.results.write(self.file)

    def _look_at(self, system: Running) -> None:
        self.seen[system.name] = durability(system)

    def _failed(self, name: str) -> bool:
        return name in self.results.experiments and bool(self.results.experiments[name].failure)

    def _announce(self, at: int) -> None:
        """Say what comes now, how long it takes and when all is done, as far as that can be told."""
        now, rest = self._expected(self.names[at]), sum(self._expected(name) for name in self.names[at:])
        done = datetime.now().astimezone() + timedelta(seconds=rest)
        minutes = "less than a minute" if now < 60 else f"about {now / 60:.0f} min"
        name, count = self.names[at], len(self.names)
        self.bench.say(f"[bold]{name}[/] ({at + 1} of {count}): {minutes}; all done at about {done:%H:%M}")

    def _expected(self, name: str) -> float:
        """Foretell the seconds of an experiment: what it took here with the same options, else by its turns."""
        before = self.results.experiments.get(name)
        if before and before.options == self.options and before.machine == self.machine and before.finding:
            return before.took_s
        return _START_S + EXPERIMENTS[name].turns * (self.options.rounds + 1) * (self.options.seconds + 1)

    def _summarise(self) -> None:
        of_run = msgspec.structs.replace(
            self.results, experiments={k: v for k, v in self.results.experiments.items() if k in self.names}
        )
        found = [figure for _, figure in aims(of_run)]
        for figure in found:
            verdict = "[green]met[/]   " if figure.met else "[red]missed[/]"
            self.bench.say(f"{verdict} {figure.name}: {figure.spread.median:,.3g} {figure.unit}")
        self.bench.say(f"{sum(figure.met is True for figure in found)} of {len(found)} met: {self.into / 'report.md'}")


@contextmanager
def _stopped_once() -> Iterator[None]:
    """Let the first SIGINT or SIGTERM interrupt us, and none after it the stopping of what was started."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(_number: int, _frame: object) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for one in before:
        signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
