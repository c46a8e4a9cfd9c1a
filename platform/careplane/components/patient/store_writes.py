"""Writing patients: registrations, imports and changes, each a journaled statement for a whole group commit."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from careplane.components.patient.rows import SEPARATOR, PatientRow
from careplane.components.patient.search.store_words import WordBook
from careplane.kernel.errors import Aborted, AlreadyExists, FieldError, NotFound, PlatformError, StaleVersion
from careplane.storage.database import Database, UniqueViolation
from careplane.storage.journal import Applied, Entry, Journal

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_ROW = (
    "id, version, archived, email_key, email_claim, name_key, phone_key, birth_date, registered_date, identifiers, "
    "name_words, document, updated_at, updated_by, change, restricted, care_team"
)
_UNNEST = """unnest($1::int[], $2::uuid[], $3::int[], $4::bool[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::date[], $10::date[], $11::text[], $12::text[], $13::jsonb[], $14::timestamptz[], $15::text[], $16::text[],
    $17::bool[], $18::text[]"""
_LISTS = f"""string_to_array(identifiers, E'\\x{ord(SEPARATOR):02x}') AS identifiers,
    string_to_array(name_words, E'\\x{ord(SEPARATOR):02x}') AS name_words,
    string_to_array(care_team, E'\\x{ord(SEPARATOR):02x}')::uuid[] AS care_team"""
_ROW_WIDTH = 18

# Whatever another process may be writing too is locked in one order by all: rows by id, claims and sources by value.
# language=postgresql
_REGISTER = f"""
made AS (
    SELECT n, id, version, archived, email_key, email_claim, name_key, phone_key, birth_date, registered_date,
        {_LISTS}, document, updated_at, updated_by, change, restricted, mrn
    FROM {_UNNEST}, $19::text[])
        AS made(n, {_ROW}, mrn) JOIN fresh USING (n)
), origin AS (
    SELECT o.n, o.source FROM unnest($20::int[], $21::bytea[]) AS o(n, source)
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
)
"""  # noqa: S608 - composed of constants

# language=postgresql
_CHANGE = f"""
changed AS (
    SELECT n, id, version, archived, email_key, email_claim, name_key, phone_key, birth_date, registered_date,
        {_LISTS}, document, updated_at, updated_by, change, restricted
    FROM {_UNNEST}) AS changed(n, {_ROW}) JOIN fresh USING (n)
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
        self._database = database
        self._words = WordBook()
        self._register = Journal(
            database, _REGISTER, _first_arrays, _first_refusals, width=_ROW_WIDTH + 3, committed=committed
        )
        self._change = Journal(database, _CHANGE, _row_arrays, _change_refusals, width=_ROW_WIDTH, committed=committed)

    async def register(self, writes: Sequence[PatientWrite]) -> Sequence[Applied | PlatformError]:
        """Insert first versions, with the intent to open an account for each."""
        await self._teach(writes)
        return await _unique(self._register, writes)

    async def change(self, writes: Sequence[PatientWrite]) -> Sequence[Applied | PlatformError]:
        """Put the next version in the place of the one before, which goes to the history."""
        await self._teach(writes)
        return await _unique(self._change, writes)

    async def _teach(self, writes: Sequence[PatientWrite]) -> None:
        """Put new name words into the dictionary, ahead of the patients: a word that nobody bears does no harm."""
        words = [word for write in writes for word in write.row.words]
        if self._words.unknown(words):
            async with self._database.connection() as connection:
                await self._words.learn(connection, words)


async def _unique(journal: Journal[PatientWrite], writes: Sequence[PatientWrite]) -> Sequence[Applied | PlatformError]:
    """Flush; of a single write that lost a race for a unique value, say which value it was."""
    try:
        return await journal.flush(writes)
    except UniqueViolation as error:
        if len(writes) > 1:
            raise
        if error.constraint_name == "patients_email_claim":
            return [_email_taken()]
        return [Aborted(meta={"constraint": error.constraint_name})]


def _row_arrays(writes: Sequence[PatientWrite]) -> Sequence[Sequence[object]]:
    rows = [write.row for write in writes]
    patients = [row.patient for row in rows]
    return (
        range(len(rows)),
        [p.id for p in patients],
        [p.version for p in patients],
        [p.archived for p in patients],
        [r.found.email for r in rows],
        [r.email_claim for r in rows],
        [r.found.name_key for r in rows],
        [r.found.phone for r in rows],
        [r.found.birth_date for r in rows],
        [p.registered_date for p in patients],
        [r.identifiers for r in rows],
        [r.entries for r in rows],
        [p.document for p in patients],
        [p.updated_at for p in patients],
        [p.updated_by for p in patients],
        [p.change for p in patients],
        [p.restricted for p in patients],
        [r.care_team for r in rows],
    )


def _first_arrays(writes: Sequence[PatientWrite]) -> Sequence[Sequence[object]]:
    return (*_row_arrays(writes), [w.row.patient.mrn for w in writes], *_source_arrays(writes))


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
