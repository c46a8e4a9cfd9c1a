"""An audit to tamper with: rows of many callers, sealed in several blocks, and a look at it afterwards."""

from collections.abc import Sequence
from uuid import UUID

from tests.storage.owner import Owner

from careplane.kernel.context import Context, using
from careplane.kernel.principal import Principal
from careplane.storage.audit import AuditLog
from careplane.storage.audit_check import Report, check_chain
from careplane.storage.database import Database
from careplane.storage.seal import Head, Sealer, head

COMPONENT = "billing"
ROWS = 24
BLOCK = 5
LAST_BLOCK = 5


async def write(database: Database, count: int = ROWS) -> None:
    """Write rows that differ in all that a row can differ in, some about somebody and some with a detail."""
    log = AuditLog(database)
    for number in range(count):
        with using(Context(principal=Principal(id=f"user-{number}"), request_id=f"request-{number}")):
            subject = UUID(int=number) if number % 3 else None
            await log.note(f"action {number}", subject=subject, detail={"n": number} if number % 2 else None)


async def seal(database: Database, limit: int = BLOCK) -> Head:
    """Seal what is there, and return the head."""
    sealer = Sealer(database, COMPONENT, limit=limit)
    while await sealer.step():
        pass
    newest = await head(database)
    assert newest is not None
    return newest


async def look(owner: Owner, *anchors: Head) -> Report:
    """Check the chain as the owner's connection sees it, tamperings not yet committed included."""
    async with owner.transaction():
        return await check_chain(owner.connection, COMPONENT, anchors)


async def kinds(owner: Owner, *anchors: Head) -> Sequence[tuple[str, int | None]]:
    """Return what is found: the kind of each finding and the row that it names, or else the block."""
    report = await look(owner, *anchors)
    return [(finding.kind, finding.row if finding.row is not None else finding.block) for finding in report.findings]
