"""Placement: what runs in this process, and that it can reach whatever it needs elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from careplane.app.catalog import CATALOG, NAMES, Entry
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.gateway.routes import GATEWAY


@dataclass(frozen=True, slots=True)
class Placement:
    """The components that run in this process, and whether the gateway does."""

    entries: tuple[Entry, ...]
    gateway: bool

    @classmethod
    def of(cls, names: tuple[str, ...]) -> "Placement":
        """Place the components named here, and the gateway if it is; all of it for no name; raise SetupError."""
        unknown = [name for name in names if name not in (*NAMES, GATEWAY)]
        if unknown:
            sentence = f"There is nothing called {unknown[0]!r} to serve: choose from {', '.join((*NAMES, GATEWAY))}."
            raise SetupError(sentence)
        entries = tuple(entry for entry in CATALOG if not names or entry.name in names)
        return cls(entries, not names or GATEWAY in names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that runs here, which it calls others by."""
        return (*(entry.name for entry in self.entries), *((GATEWAY,) if self.gateway else ()))

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The components that are called from here and run elsewhere."""
        callers = self._callers()
        return tuple(name for name in NAMES if name in callers)

    @property
    def streams(self) -> frozenset[str]:
        """The streams of events that something here tells or hears."""
        return frozenset(
            stream for entry in self.entries for stream in (*entry.hears, *((entry.name,) if entry.tells else ()))
        )

    def check(self, settings: Settings) -> None:
        """Raise SetupError, which names the setting, where something here could not do its work, or nobody reach it."""
        unknown = sorted(set(settings.grpc.peers) - set(NAMES))
        if unknown:
            sentence = f"grpc.peers names {unknown[0]!r}, which is no component: choose from {', '.join(NAMES)}."
            raise SetupError(sentence)
        for called, caller in self._callers().items():
            if called not in settings.grpc.peers:
                sentence = (
                    f"{caller} calls {called}, which is not in this process: name it in the command as well, or say in "
                    f'grpc.peers where it runs, as in {called} = "{called}.internal:4010".'
                )
                raise SetupError(sentence)
        if not self.gateway and not settings.grpc.port:
            sentence = (
                f"Nobody could call {', '.join(self.names)} here: set grpc.port, or run the gateway in this process."
            )
            raise SetupError(sentence)
        if not settings.kafka.bootstrap_servers:
            self._check_hearing()

    def urls(self, settings: Settings) -> Mapping[str, str]:
        """Return the database URL of each component here; raise SetupError for one that has none."""
        urls = {entry.name: settings.database.url_for(entry.name) for entry in self.entries}
        for name, url in urls.items():
            if not url:
                sentence = (
                    f"`careplane serve` needs a PostgreSQL for {name}: set database.url (or DATABASE_URL), "
                    f"or database.component_urls with {name} in it."
                )
                raise SetupError(sentence)
        return urls

    def _callers(self) -> dict[str, str]:
        """Return each component that is called from here and not here, with one that calls it."""
        calls = [(called, entry.name) for entry in self.entries for called in entry.calls]
        calls += [(called, GATEWAY) for called in NAMES if self.gateway]
        return {called: caller for called, caller in calls if called not in self.names}

    def _check_hearing(self) -> None:
        for entry in CATALOG:
            for heard in entry.hears:
                if (entry.name in self.names) is not (heard in self.names):
                    here = entry.name if entry.name in self.names else heard
                    sentence = (
                        f"{entry.name} hears the events of {heard}, and only {here} is in this process: name the "
                        "other one in the command as well, or set kafka.bootstrap_servers, the same for both."
                    )
                    raise SetupError(sentence)
