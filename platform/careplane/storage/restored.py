"""After a backup is restored on another PostgreSQL: transaction ids begin anew there, and outbox and audit must follow.

Relay and sealer go by transaction id. What was written elsewhere bears ids that this server has not reached yet: it
would wait for ever, and new rows would be taken for old. So it is put before everything this server will write.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_FOREIGN = "SELECT coalesce(max(xid) >= pg_snapshot_xmax(pg_current_snapshot()), false) FROM {table}"
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
# A block keeps its order in its row_ids, so no hash depends on this.
_REBASE_AUDIT = """
UPDATE audit a SET xid = CASE WHEN s.id IS NULL THEN '2'::xid8 ELSE '1'::xid8 END
FROM audit b LEFT JOIN (SELECT DISTINCT unnest(row_ids) AS id FROM audit_seal) s USING (id) WHERE a.id = b.id;
UPDATE audit_seal SET xid = '1'
"""


async def adopt_outbox(connection: "Connection") -> bool:
    """Make the outbox of the current schema this server's own if it was written on another; return whether it was."""
    return await _adopt(connection, "outbox", _REBASE)


async def adopt_audit(connection: "Connection") -> bool:
    """Make the audit of the current schema this server's own if it was written on another; return whether it was."""
    return await _adopt(connection, "audit", _REBASE_AUDIT)


async def _adopt(connection: "Connection", table: str, rebase: str) -> bool:
    if await connection.fetchval("SELECT to_regclass($1) IS NULL", table):
        return False
    foreign: Any = await connection.fetchval(_FOREIGN.format(table=table))
    if foreign:
        await connection.execute(rebase)
    return bool(foreign)
