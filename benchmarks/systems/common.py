"""What most teams would write, and written well: FastAPI, pydantic, SQLAlchemy's async ORM, asyncpg, uvicorn.

One process, as ours is, on uvloop and httptools; PostgreSQL is of the same version and has the same settings. A
registration writes a patient, a billing account, an event and an audit row in one transaction; a read writes its audit
row before it answers. There are no rate limits, no groups of commits, no FHIR.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from benchmarks.systems.common_tokens import VARIABLE, issue
from benchmarks.systems.platform import database_of, started, until_ready
from benchmarks.systems.ports import free_port
from benchmarks.systems.running import Running


@contextmanager
def common(folder: Path) -> Iterator[Running]:
    """Run it, with a PostgreSQL of its own and its data in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    port, data, secret = free_port(), folder / "data", secrets.token_hex(32)
    command = [sys.executable, "-m", "benchmarks.systems.common_server", str(port), str(data)]
    url = f"http://127.0.0.1:{port}"
    with (
        (folder / "log").open("ab") as output,
        started(command, {**os.environ, VARIABLE: secret}, output) as process,
    ):
        until_ready(url, process, folder)
        yield Running("common", url, issue(secret), psutil.Process(process.pid), database_of(data))
