"""`python -m benchmarks.systems.common_server PORT FOLDER`: the common stack's server and its PostgreSQL."""

import os
import sys
from pathlib import Path

import uvicorn
from benchmarks.systems.common_app import application
from benchmarks.systems.common_tokens import VARIABLE

from careplane.app.embedded import EmbeddedPostgres


def main(port: int, folder: Path) -> None:
    """Serve until SIGINT or SIGTERM."""
    with EmbeddedPostgres(folder, components=()) as postgres:
        database = postgres.url.replace("postgresql://", "postgresql+asyncpg://", 1)
        app = application(database, os.environ[VARIABLE])
        uvicorn.run(
            app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
