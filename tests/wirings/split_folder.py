"""A folder of settings for `careplane split` on ports that nobody else has."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.ports import free_ports

from careplane.app.split_plan import default_split_folder

GATEWAY_PORT = 4004
METRICS_PORT = 4005
_PORT = re.compile(r"\b40[0-9]{2}\b")


def write_split_folder(folder: Path, ports: Mapping[int, int]) -> Path:
    """Write the settings that come with Careplane with other ports: those of `ports`, and free ones for the others."""
    files = {file.name: file.read_text() for file in default_split_folder().glob("*.toml")}
    there = sorted({int(found) for text in files.values() for found in _PORT.findall(text)} - set(ports))
    moved = {**dict(zip(there, free_ports(len(there)), strict=True)), **ports}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(_PORT.sub(lambda found: str(moved[int(found[0])]), text))
    return folder
