"""What the doctor is called to: the settings as far as they could be read, and the databases that can be reached."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from careplane.app.doctor.finding import Finding
from careplane.app.settings import Settings


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a check may look at.

    `fault` says why the settings could not be used, in which case they are the defaults. `owners` are the URLs of those
    who may migrate, `logins` those that the components use; both are empty where no database is known to run.
    `elsewhere` are the components that cannot be looked at from here, for they have processes and logins of their own.
    """

    settings: Settings
    file: Path | None = None
    fault: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    logins: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()

    @property
    def embedded(self) -> bool:
        """Whether the database is the one that Careplane brings along."""
        return not (self.settings.database.url or self.settings.database.component_urls or self.elsewhere)


Check = Callable[[Case], Awaitable[Sequence[Finding]]]
"""Looks at one subject and says what it found; what it needs and does not find is a finding too."""
