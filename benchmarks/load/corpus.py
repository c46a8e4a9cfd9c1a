"""Requests to be sent, written to a file once and sent from there by whatever generates the load."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

UNIQUE = "@" * 16
"""Stands in a body for digits that no other request has: the load's generator puts them in."""

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Request(msgspec.Struct, frozen=True):
    """One request; a body is one line without tabs, as compact JSON is."""

    method: str
    path: str
    body: str = ""
    content_type: str = ""
    if_match: str = ""


def write_corpus(file: Path, requests: Iterable[Request]) -> Path:
    """Write requests a line each, their parts apart by tabs; return the file."""
    with file.open("w", encoding="utf-8") as lines:
        for one in requests:
            parts = (one.method, one.path, one.content_type, one.if_match, one.body)
            assert not any("\t" in part or "\n" in part for part in parts), f"{one} does not fit into a line"
            lines.write("\t".join(parts) + "\n")
    return file
