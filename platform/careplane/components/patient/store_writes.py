"""Writing patients: registrations, imports and changes, each a journaled statement for a whole group commit."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from careplane.components.patient.rows import PatientRow
from careplane.components.patient.search.store_words import WordBook, lesson, teaching
from careplane.components.patient.search.words import entries_of
from careplane.kernel.errors import Aborted, AlreadyExists, FieldError, NotFound, PlatformError, StaleVersion
from careplane.storage.database import Database, UniqueViolation
from careplane.storage.journal import Applied, Entry, Journal
from careplane.storage.recordset import recordset

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_ROW = (
    "id, version, archived, email_key, email_claim, name_key, phone_key, birth_date, registered_date, identifiers, "
    "name_words, document, updated_at, updated_by, change, restricted, care_team"
)
_TYPED = """n int, id uuid, version int, archived bool, email_key text, email_claim text, name_key text, phone_key text,
    birth_date date, registered_date date, identifiers text[], name_words text[],
    updated_at timestamptz, updated_by text, change text, restricted bool, care_team uuid[], mrn text"""
# The documents come beside the rest, or each would be read three times: as a part of the whole, of its row, by itself.
_LINES = f"""(SELECT r.*, d.document FROM json_to_recordset($1::json) AS r({_TYPED})
    JOIN unnest($2::jsonb[]) WITH ORDINALITY AS d(document, place) ON d.place = r.n + 1)"""  # noqa: S608 - composed of constants

# Whatever another process may be writing too is locked in one order by all: rows by id, claims and sources by value,
# and last of all, since nothing reads what it returns, the words.
# language=postgresql
_REGISTER = f"""
made AS (
    SELECT made.* FROM {_LINES} AS made JOIN fresh USING (n)
), origin AS (
    SELECT o.n, o.source FROM unnest($3::int[], $4::bytea[]) AS o(n, source)
), inserted AS (
    INSERT INTO patients ({_ROW}, mrn, created_at)
    SELECT {_ROW}, mrn, updated_at FROM made
    WHERE NOT EXISTS (SELECT FROM origin o JOIN patient_sources s USING (source) WHERE o.n = made.n)
    ORDER BY email_claim ON CONFLICT DO NOTHING RETURNING id
), applied AS (
    SELECT n, id FROM made JOIN inserted USING (id)
), sourced AS (
    INSERT INTO patient_sources (source, patient_id)
    SELECT DISTINCT source, id FROM origin JOIN applied USING (n) ORDER BY source
), intended AS (
    INSERT INTO billing_intents (patient_id) SELECT id FROM applied
), taught AS (
    {teaching(5)}
)
"""  # noqa: S608 - composed of constants

# language=postgresql
_CHANGE = f"""
changed AS (
    SELECT changed.* FROM {_LINES} AS changed JOIN fresh USING (n)
), superseded AS (
    SELECT p.* FROM patients p JOIN changed c ON p.id = c.id AND p.version = c.version - 1
    WHERE NOT EXISTS (SELECT FROM patients o WHERE o.email_claim = c.email_claim AND o.id <> c.id)
    ORDER BY p.id FOR UPDATE OF p
), updated AS (
    UPDATE patients p SET ({_ROW}) = (SELECT {", ".join("c." + c for c in _ROW.split(", "))}),
        restricted_since = CASE c.change WHEN 'restricted' THEN c.version ELSE p.restricted_since END
    FROM changed c JOIN superseded s USING (id) WHERE p.id = c.id
    RETURNING p.id
), kept AS (
    INSERT INTO patient_versions
        (patient_id, version, archived, registered_date, document, updated_at, updated_by, change,
         restricted, care_team)
    SELECT id, version, archived, registered_date, document, updated_at, updated_by, change, restricted, care_team
    FROM superseded JOIN updated USING (id)
), applied AS (
    SELECT n FROM changed JOIN updated USING (id)
), taught AS (
    {teaching(3)}
)
"""  # noqa: S608 - composed of constants

_TAKEN = """
SELECT c.n, p.version, EXISTS (SELECT FROM patients o WHERE o.email_claim = c.claim AND o.id <> c.id) AS claimed,
    EXISTS (SELECT FROM unnest($4::int[], $5::bytea[]) AS s(n, source) JOIN patient_sources USING (source)
            WHERE s.n = c.n) AS known
FROM unnest($1::int[], $2::uuid[], $3::text[]) AS c(n, id, claim) LEFT JOIN patients p ON p.id = c.id ORDER BY c.n
"""


class KnownSource(AlreadyExists):
    """A record with one of these source identifiers is in the registry already."""

    default_detail = "A record with the same source identifier is already registered. Nothing was changed."


class EmailTaken(AlreadyExists):
    """Another active patient has the e-mail address; the caller may be one to whom that record is closed."""

    default_detail = (
        "This e-mail address belongs to another active patient. Use another address, or ask whoever looks after the "
        "registry to find out whose it is."
    )


class PatientWrite(msgspec.Struct, frozen=True):
    """A version to be written with its journal entry; `sources` are those of an imported first version."""

    row: PatientRow
    entry: Entry
    expected: bool = False
    sources: tuple[bytes, ...] = ()


def source_key(source: str) -> bytes:
    """Return the 16 bytes under which a source identifier is remembered (BLAKE2b, RFC 7693)."""
    return hashlib.blake2b(source.encode(), digest_size=16).digest()


class PatientWriter:
    """The two journaled statements that write patients, as flushes for group commits."""

    def __init__(self, database: Database, committed: Callable[[], None]) -> None:
        """Tell `committed` after every commit."""
        self._words = WordBook()
        self._register = Journal(database, _REGISTER, self._first, _first_refusals, width=6, committed=committed)
        self._change = Journal(database, _CHANGE, self._next, _change_refusals, width=4, committed=committed)

    async def register(self, writes: Sequence[PatientWrite]) -> Sequence[Applied | PlatformError]:
        """Insert first versions, with the intent to open an account for each."""
        return await self._flush(self._register, writes)

    async def change(self, writes: Sequence[PatientWrite]) -> Sequence[Applied | PlatformError]:
        """Put the next version in the place of the one before, which goes to the history."""
        return await self._flush(self._change, writes)

    async def _flush(
        self, journal: Journal[PatientWrite], writes: Sequence[PatientWrite]
    ) -> Sequence[Applied | PlatformError]:
        """Flush; of a single write that lost a race for a unique value, say which value it was."""
        try:
            answers = await journal.flush(writes)
        except UniqueViolation as error:
            if len(writes) > 1:
                raise
            if error.constraint_name == "patients_email_claim":
                return [_email_taken()]
            return [Aborted(meta={"constraint": error.constraint_name})]
        self._words.remember(_words(writes))
        return answers

    def _first(self, writes: Sequence[PatientWrite]) -> Sequence[object]:
        return (*_row_arguments(writes), *_source_arrays(writes), *self._lesson(writes))

    def _next(self, writes: Sequence[PatientWrite]) -> Sequence[object]:
        return (*_row_arguments(writes), *self._lesson(writes))

    def _lesson(self, writes: Sequence[PatientWrite]) -> Sequence[object]:
        """Return the words to be taught with the patients; that of one who is refused does no harm."""
        return lesson(self._words.unknown(_words(writes)))


class _Line(msgspec.Struct, frozen=True, gc=False):
    """A version on its way into the statement, its fields named as the columns; `n` is its place in the batch."""

    n: int
    id: UUID
    version: int
    archived: bool
    email_key: str | None
    email_claim: str | None
    name_key: str
    phone_key: str | None
    birth_date: date | None
    registered_date: date
    identifiers: tuple[str, ...]
    name_words: list[str]
    updated_at: datetime
    updated_by: str
    change: str
    restricted: bool
    care_team: tuple[UUID, ...]
    mrn: str


def _line(n: int, row: PatientRow) -> _Line:
    patient, found = row.patient, row.found
    return _Line(
        n,
        patient.id,
        patient.version,
        patient.archived,
        found.email,
        row.email_claim,
        found.name_key,
        found.phone,
        found.birth_date,
        patient.registered_date,
        found.identifiers,
        entries_of(row.words),
        patient.updated_at,
        patient.updated_by,
        patient.change,
        patient.restricted,
        patient.care_team,
        patient.mrn,
    )


def _words(writes: Sequence[PatientWrite]) -> Iterator[str]:
    return (word for write in writes for word in write.row.words)


def _row_arguments(writes: Sequence[PatientWrite]) -> Sequence[object]:
    rows = [write.row for write in writes]
    return recordset([_line(n, row) for n, row in enumerate(rows)]), [row.patient.document for row in rows]


def _source_arrays(writes: Sequence[PatientWrite]) -> Sequence[Sequence[object]]:
    pairs = [(n, source) for n, write in enumerate(writes) for source in write.sources]
    return [n for n, _ in pairs], [source for _, source in pairs]


async def _first_refusals(connection: "Connection", writes: Sequence[PatientWrite]) -> Sequence[PlatformError]:
    return [_first_refusal(row) for row in await _taken(connection, writes)]


def _first_refusal(row: Any) -> PlatformError:  # noqa: ANN401 - a record
    if row["known"]:
        return KnownSource()
    if row["version"] is not None:
        return AlreadyExists("A patient with this id exists already. Register under a new id.")
    return _email_taken() if row["claimed"] else Aborted()


async def _change_refusals(connection: "Connection", writes: Sequence[PatientWrite]) -> Sequence[PlatformError]:
    rows = await _taken(connection, writes)
    return [_change_refusal(row, write) for row, write in zip(rows, writes, strict=True)]


def _change_refusal(row: Any, write: PatientWrite) -> PlatformError:  # noqa: ANN401 - a record
    if row["version"] is None:
        return NotFound()
    if row["version"] != write.row.patient.version - 1:
        return StaleVersion() if write.expected else Aborted()
    return _email_taken() if row["claimed"] else Aborted()


async def _taken(connection: "Connection", writes: Sequence[PatientWrite]) -> Sequence[Any]:
    ids = [w.row.patient.id for w in writes]
    claims = [w.row.email_claim for w in writes]
    return await connection.fetch(_TAKEN, range(len(writes)), ids, claims, *_source_arrays(writes))


def _email_taken() -> EmailTaken:
    return EmailTaken(fields=(FieldError(field="email", message="is already in use by an active patient"),))
