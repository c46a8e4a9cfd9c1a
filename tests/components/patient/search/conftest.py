"""What the search tests ask for: a small registry in a real PostgreSQL, and a connection that counts its statements."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from careplane.components.patient.search.store_words import lesson, teaching
from careplane.components.patient.search.words import entries_of, mail_key, phone_key, sort_key, words_of

_COLUMNS = (
    "id",
    "mrn",
    "version",
    "archived",
    "email_key",
    "phone_key",
    "name_key",
    "birth_date",
    "registered_date",
    "updated_at",
    "identifiers",
    "name_words",
    "document",
    "created_at",
    "updated_by",
    "change",
)
_START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class Someone(msgspec.Struct, frozen=True, kw_only=True):
    """A patient to be found, made of what a test cares about."""

    name: str
    email: str | None = None
    phone: str | None = None
    born: dt.date | None = None
    identifiers: tuple[str, ...] = ()
    archived: bool = False
    day: int | None = None


class Registry:
    """The tables under test, and the connection to them; it counts the statements sent."""

    someone = Someone

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Use `connection`, whose search path has the tables."""
        self.connection = connection
        self.statements = 0
        self._made = 0

    async def fetch(self, query: str, /, *args: object) -> Sequence[Any]:
        """Run one statement and count it."""
        self.statements += 1
        return await self.connection.fetch(query, *args)

    async def add(self, *people: Someone) -> list[UUID]:
        """Register people in this order, their words first, and return their ids, which ascend."""
        words = list(dict.fromkeys(word for one in people for word in words_of(one.name)))
        await self.fetch(teaching(1), *lesson(words))
        rows = [self._row(one) for one in people]
        await self.connection.copy_records_to_table("patients", records=rows, columns=_COLUMNS, schema_name="patient")
        return [row[0] for row in rows]

    async def named(self, *names: str) -> dict[str, UUID]:
        """Register people of whom only the name matters."""
        return dict(zip(names, await self.add(*(Someone(name=name) for name in names)), strict=True))

    def _row(self, one: Someone) -> tuple[Any, ...]:
        self._made += 1
        at = _START + dt.timedelta(days=self._made if one.day is None else one.day)
        return (
            UUID(int=(7 << 76) | (2 << 62) | self._made),
            f"{self._made:09d}-7",
            1,
            one.archived,
            mail_key(one.email) if one.email else None,
            phone_key(one.phone) if one.phone else None,
            sort_key(one.name),
            one.born,
            at.date(),
            at,
            one.identifiers,
            entries_of(words_of(one.name)),
            "{}",
            at,
            "test",
            "registered",
        )


@pytest.fixture
async def registry(database_url: str) -> AsyncIterator[Registry]:
    """Give an empty registry."""
    connection = await asyncpg.connect(database_url, timeout=10, command_timeout=10)
    try:
        await connection.execute("SET search_path = patient")
        yield Registry(connection)
    finally:
        await connection.close()
