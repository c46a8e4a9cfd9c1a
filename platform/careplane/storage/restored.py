"""After a backup is restored on another PostgreSQL: transaction ids begin anew there, and the outbox must follow.

The relay goes by transaction id. Events that were written elsewhere bear ids that this server has not reached yet: they
would wait for ever, and new ones would be taken for old. So they are put before everything this server will write.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_FOREIGN = "SELECT coalesce(max(xid) >= pg_snapshot_xmax(pg_current_snapshot()), false) FROM outbox"
# Server transaction ids begin at 3: 1 stands for what has been handed on, 2 for what is still to be.
_REBASE = """
WITH reached AS (
    SELECT coalesce(max(xid::text::bigint), 0)::text::xid8 AS xid, coalesce(max(seq), 0) AS seq FROM outbox_position
), moved AS (
    UPDATE outbox o SET xid = CASE WHEN (o.xid, o.seq) <= (r.xid, r.seq) THEN '1'::xid8 ELSE '2'::xid8 END
    FROM reached r RETURNING o.seq, o.xid
)
UPDATE outbox_position SET xid = '1'::xid8, seq = (SELECT coalesce(max(seq), 0) FROM moved WHERE xid = '1'::xid8)
"""


async def adopt_outbox(connection: "Connection") -> bool:
    """Make the outbox of the current schema this server's own if it was written on another; return whether it was."""
    if await connection.fetchval("SELECT to_regclass('outbox') IS NULL"):
        return False
    foreign: Any = await connection.fetchval(_FOREIGN)
    if foreign:
        await connection.execute(_REBASE)
    return bool(foreign)
