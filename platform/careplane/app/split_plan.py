"""The processes of `careplane split`: one for each file of settings in a folder, called after what runs in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

import careplane
from careplane.app.catalog import NAMES
from careplane.app.placement import Placement
from careplane.app.settings import Settings
from careplane.app.settings_source import load_settings
from careplane.app.setup_error import SetupError


@dataclass(frozen=True, slots=True)
class SplitProcess:
    """One process: `file` holds its settings, and is called after what runs in it, as in `patient+billing.2.toml`."""

    file: Path
    settings: Settings

    @property
    def name(self) -> str:
        """What it is called in the logs."""
        return self.file.stem

    @property
    def runs(self) -> str:
        """What runs in it, joined by +."""
        return self.name.partition(".")[0]

    @property
    def placement(self) -> Placement:
        """What runs in it."""
        return Placement.of(tuple(self.runs.split("+")))


def default_split_folder() -> Path:
    """Return the folder of settings that comes with Careplane: inside an installed package, or in a clone."""
    package = Path(careplane.__file__).parent
    inside = package / "app" / "split"
    return inside if inside.exists() else package.parents[1] / "config" / "split"


def split_processes(folder: Path, port: int | None = None) -> tuple[SplitProcess, ...]:
    """Return the processes that the files of a folder describe, those that are called before those that call them.

    With a `port`, the (first) gateway listens on that one.
    """
    found = [SplitProcess(file, load_settings(file)) for file in sorted(folder.glob("*.toml"))]
    if not found:
        raise SetupError(f"There are no settings in {folder}: give --config a folder with a file for each process.")
    found.sort(key=_turn)
    if port is not None:
        gateway = gateway_of(found)
        http = msgspec.structs.replace(gateway.settings.http, port=port)
        found[found.index(gateway)] = SplitProcess(gateway.file, msgspec.structs.replace(gateway.settings, http=http))
    return tuple(found)


def _turn(process: SplitProcess) -> tuple[bool, int]:
    return process.placement.gateway, min((NAMES.index(entry.name) for entry in process.placement.entries), default=0)


def gateway_of(processes: Sequence[SplitProcess]) -> SplitProcess:
    """Return the process in which the (first) gateway runs."""
    for process in processes:
        if process.placement.gateway:
            return process
    raise SetupError("None of the processes runs the gateway: add a gateway.toml to the folder.")
