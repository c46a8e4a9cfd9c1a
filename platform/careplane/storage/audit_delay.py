"""Whether the audit is sealed in time: rows that wait for long, though somebody is there who should seal them.

Rows that wait are no fault by themselves. Those of a platform that was killed wait until it is started again, and those
behind a long transaction until that has ended. So a row counts only if the sealer could take it; and where the platform
runs it is given some time, for it may have been started, or the transaction have ended, just now.
"""

import asyncio
import time
from typing import Any, Final

import msgspec

from careplane.storage.database import Database
from careplane.storage.seal import READY, WITH_HEAD, genesis

LATE_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 15.0
"""How long a sealer is waited for: it looks every second, and five seconds after a failure."""

_POLL_SECONDS: Final = 0.25

# Another program that checks is not the platform; it says who it is by its name. Anybody may see names of sessions.
_NAME = "SET application_name = 'careplane audit check'"
# language=postgresql
_LOOK = f"""
{WITH_HEAD}
SELECT h.seq, extract(epoch FROM clock_timestamp())::float8 - extract(epoch FROM w.at)::float8 AS seconds,
    EXISTS (
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND application_name = 'careplane ' || current_schema()
    ) AS running
FROM head h, LATERAL (SELECT a.at FROM audit a WHERE {READY} ORDER BY a.xid, a.id LIMIT 1) AS w
"""  # noqa: S608 - constants


class Delay(msgspec.Struct, frozen=True):
    """For how long the oldest row has waited that could be sealed, and whether its component runs anywhere."""

    seconds: float
    running: bool


async def look_for_delay(database: Database, component: str) -> Delay | None:
    """Return how long the oldest row has waited, where that is too long; None where it is sealed meanwhile."""
    await database.execute(_NAME)
    until = time.monotonic() + PATIENCE_SECONDS
    first = found = await _look(database, component)
    while found is not None and found["running"] and found["seq"] == first["seq"]:
        if time.monotonic() > until:
            return Delay(found["seconds"], running=True)
        await asyncio.sleep(_POLL_SECONDS)
        found = await _look(database, component)
    return None if found is None or found["running"] else Delay(found["seconds"], running=False)


async def _look(database: Database, component: str) -> Any:  # noqa: ANN401 - a record or None
    """Return what is known of the oldest row that could be sealed, if it has waited for too long."""
    found = await database.fetch_row(_LOOK, genesis(component))
    return found if found is not None and found["seconds"] > LATE_SECONDS else None
