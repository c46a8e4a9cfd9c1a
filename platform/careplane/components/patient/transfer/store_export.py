"""Carrying records away: pages of complete records along the primary key, closed ones left out."""

from collections.abc import Sequence
from uuid import UUID

from careplane.components.patient.access.store_reads import PATIENT
from careplane.components.patient.domain import Patient
from careplane.components.patient.rows import patient_of
from careplane.components.patient.search.store_conditions import Condition, Statement, joined
from careplane.storage.database import Database

_ACTIVE = Condition("NOT archived")


class ExportStore:
    """The registry's table as an export reads it."""

    def __init__(self, database: Database) -> None:
        """Read the registry's database."""
        self._database = database

    async def page(self, after: UUID | None, limit: int, visible: Condition, *, archived: bool) -> Sequence[Patient]:
        """Return the records that come next by id."""
        statement = Statement()
        beyond = [Condition("id > {}::uuid", (after,))] if after else []
        where = statement.condition(_where(visible, *beyond, archived=archived))
        text = f"SELECT {PATIENT} FROM patients WHERE {where} ORDER BY id LIMIT {statement.value(limit)}"  # noqa: S608 - composed of constants
        return [patient_of(row) for row in await self._database.fetch(text, *statement.arguments)]

    async def count(self, visible: Condition, *, archived: bool) -> int:
        """Return how many records there are to carry away."""
        statement = Statement()
        where = statement.condition(_where(visible, archived=archived))
        row = await self._database.fetch_row(f"SELECT count(*) AS n FROM patients WHERE {where}", *statement.arguments)  # noqa: S608 - composed of constants
        return int(row["n"])


def _where(*conditions: Condition, archived: bool) -> Condition:
    return joined([*conditions, *(() if archived else (_ACTIVE,))])
