"""Search: the one function that finds patients, by name, code or column, a page at a time."""

from collections.abc import Sequence
from uuid import UUID

from careplane.components.patient.search import cursor
from careplane.components.patient.search.cursor import Position
from careplane.components.patient.search.filters import Filters, checked
from careplane.components.patient.search.ports import Connection, Row
from careplane.components.patient.search.store_conditions import EVERYTHING, Condition, Statement
from careplane.components.patient.search.store_plan import segments_of
from careplane.components.patient.search.store_segments import Segment

COLUMNS = (
    "id, mrn, version, archived, restricted, care_team, email_key, name_key, birth_date, registered_date, identifiers,"
    " name_words, document, created_at, updated_at, updated_by, change"
)
_LAST = "SELECT id, mrn, email_key, name_key, birth_date, registered_date, updated_at FROM patients WHERE id = $1::uuid"


async def search(
    connection: Connection, filters: Filters, limit: int, after: str | None = None, visible: Condition | None = None
) -> tuple[list[Row], str | None]:
    """Return at most `limit` patients that fit `filters`, after the cursor `after`, and the cursor of what follows.

    Only those for whom `visible` holds are found, as if there were no others; None shows all.
    """
    filters = checked(filters, limit)
    segments = await segments_of(connection, filters, visible)
    start, last = await _start(connection, filters, after, segments)
    found: list[Position] = []
    for number in range(start.segment if start else 0, len(segments)):
        here = start if start and start.segment == number else None
        mode, behind = (here.mode, last) if here else (None, None)
        found += await segments[number].read(connection, number, limit + 1 - len(found), mode, behind)
        if len(found) > limit:
            break
    page = found[:limit]
    rows = await _rows(connection, page, visible)
    following = cursor.write(filters, page[-1]) if len(found) > limit else None
    return [rows[at.last] for at in page if at.last in rows], following


async def _rows(connection: Connection, page: Sequence[Position], visible: Condition | None) -> dict[UUID, Row]:
    """Return the page's patients by id, without those who have been hidden since they were found a moment ago."""
    if not page:
        return {}
    statement = Statement()
    where = f"id = ANY({statement.value([at.last for at in page])}::uuid[])"
    shown = statement.condition(visible or EVERYTHING)
    text = f"SELECT {COLUMNS} FROM patients WHERE {where} AND ({shown})"  # noqa: S608 - composed of constants
    return {row["id"]: row for row in await connection.fetch(text, *statement.arguments)}


async def _start(
    connection: Connection, filters: Filters, after: str | None, segments: Sequence[Segment]
) -> tuple[Position | None, Row | None]:
    """Return where to go on, and the row there, whose values the cursor does not carry."""
    if after is None:
        return None, None
    position = cursor.read(filters, after)
    rows = await connection.fetch(_LAST, position.last)
    if not rows or position.segment >= len(segments):
        raise cursor.unusable()
    return position, rows[0]
