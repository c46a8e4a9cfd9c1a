"""docker/compose.yaml as the tests read it: its parts, and each process's environment with its files in a folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVED = {name: it for name, it in SERVICES.items() if it.get("command", [""])[0] == "serve"}
OURS = {name: it for name, it in SERVICES.items() if "build" in it}
OUTSIDE = {"gateway", "gateway2"}
_DEFAULT = re.compile(r"\$\{[A-Z0-9_]+:-([^}]*)\}")


def mounts(name: str) -> dict[str, tuple[str, str]]:
    """Return what a container mounts: its place there, the volume, and how."""
    parts = [(*mount.split(":"), "rw")[:3] for mount in SERVICES[name].get("volumes", [])]
    return {place: (volume, how) for volume, place, how in parts}


def environment(name: str, folder: Path) -> Mapping[str, str]:
    """Return a process's environment, where what its volumes hold is in `folder`, as the setup would make it there."""
    places = {place: folder / volume.removeprefix("secrets-") for place, (volume, _) in mounts(name).items()}
    found = {key: _DEFAULT.sub(r"\1", value) for key, value in SERVICES[name].get("environment", {}).items()}
    for place, real in places.items():
        found = {variable: value.replace(f"{place}/", f"{real}/") for variable, value in found.items()}
    return found
