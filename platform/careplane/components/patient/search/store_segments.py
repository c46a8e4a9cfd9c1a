"""Segments: a search is a row of them, read one after another until the page is full, each in one keyset order."""

from typing import NamedTuple
from uuid import UUID

from careplane.components.patient.search.cursor import Mode, Position, unusable
from careplane.components.patient.search.ports import Connection, Row
from careplane.components.patient.search.store_conditions import Condition, Statement

MAX_FEW = 2000
"""Up to so many hits are fetched and sorted (about 5 microseconds each); beyond, an index is walked in its order."""
MAX_WALK = 10_000
"""So many patients a walk looks at before it gives up hope of meeting enough hits and gathers all of them instead."""


class Keyset(NamedTuple):
    """An order over a column that is never NULL where it is used, the id deciding between equals.

    `within` names a column that is always NULL there: it changes nothing but which index can give the order.
    """

    column: str
    descending: bool = False
    within: str = ""

    @property
    def by(self) -> str:
        """Return the ORDER BY list."""
        way = "DESC" if self.descending else "ASC"
        first = self.within or self.column
        return f"id {way}" if first == "id" else f"{first} {way}, id {way}"

    def beyond(self, statement: Statement, last: Row | None) -> str:
        """Return the condition of coming after `last` in this order."""
        if last is None:
            return "TRUE"
        if last[self.column] is None:  # taken away since the page before, and with it the place
            raise unusable()
        sign = "<" if self.descending else ">"
        if self.column == "id":
            return f"id {sign} {statement.value(last['id'])}"
        return f"({self.column}, id) {sign} ({statement.value(last[self.column])}, {statement.value(last['id'])})"


NEWEST = Keyset("id", descending=True)


class Segment(NamedTuple):
    """The patients for whom `where` holds: few are sorted by `few`, many are met by walking the index of `many`.

    A segment without `few` is walked whatever its size: its condition and its order are the same index.
    """

    where: Condition
    many: Keyset
    few: Keyset | None = None

    async def read(
        self, connection: Connection, number: int, limit: int, mode: Mode | None, last: Row | None
    ) -> list[Position]:
        """Return the positions of at most `limit` patients after `last`; `mode` is None where reading begins."""
        if self.few is None:
            ids = await self._all(connection, self.many, limit, last)
            return [Position(number, Mode.MANY, one) for one in ids]
        if mode is not Mode.MANY:
            few = await self._few(connection, self.few, limit, last, begun=mode is Mode.FEW)
            if few is not None:
                return [Position(number, Mode.FEW, one) for one in few]
        return [Position(number, Mode.MANY, one) for one in await self._many(connection, limit, last)]

    async def _few(
        self, connection: Connection, order: Keyset, limit: int, last: Row | None, *, begun: bool
    ) -> list[UUID] | None:
        """Gather all hits and sort them; None if there turn out to be too many to begin so."""
        statement = Statement()
        columns = "id" if order.by.startswith("id ") else f"id, {order.within or order.column}"
        # No LIMIT inside `hits`, or the planner would rather scan the table until it has met so many;
        # it still stops there, because a WITH query is run only as far as it is read.
        text = f"""
            WITH hits AS MATERIALIZED (SELECT {columns} FROM patients WHERE {statement.condition(self.where)}),
            first AS MATERIALIZED (SELECT {columns} FROM hits LIMIT {statement.value(None if begun else MAX_FEW + 1)})
            SELECT id, (SELECT count(*) FROM first) AS hits FROM first
            WHERE {order.beyond(statement, last)} ORDER BY {order.by} LIMIT {statement.value(limit)}
        """  # noqa: S608 - columns come from the closed table, values are arguments
        rows = await connection.fetch(text, *statement.arguments)
        return None if rows and not begun and rows[0]["hits"] > MAX_FEW else [row["id"] for row in rows]

    async def _many(self, connection: Connection, limit: int, last: Row | None) -> list[UUID]:
        """Walk the index for hits, which are many; where they lie far off, gather them after all."""
        statement = Statement()
        text = f"""
            SELECT id FROM (
                SELECT * FROM patients WHERE {self.many.column} IS NOT NULL AND {self.many.beyond(statement, last)}
                ORDER BY {self.many.by} LIMIT {MAX_WALK}
            ) AS walked
            WHERE {statement.condition(self.where)} ORDER BY {self.many.by} LIMIT {statement.value(limit)}
        """  # noqa: S608 - columns come from the closed table, values are arguments
        rows = await connection.fetch(text, *statement.arguments)
        if len(rows) < limit:
            return await self._few(connection, self.many, limit, last, begun=True) or []
        return [row["id"] for row in rows]

    async def _all(self, connection: Connection, order: Keyset, limit: int, last: Row | None) -> list[UUID]:
        """Read straight along the index that both holds the condition and gives the order."""
        statement = Statement()
        text = f"""
            SELECT id FROM patients WHERE {statement.condition(self.where)} AND {order.beyond(statement, last)}
            ORDER BY {order.by} LIMIT {statement.value(limit)}
        """  # noqa: S608 - columns come from the closed table, values are arguments
        return [row["id"] for row in await connection.fetch(text, *statement.arguments)]
