"""The tables of analytics: facts and counters, moved together in the transaction of the inbox, and read in one go."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from careplane.components.analytics.api import Summary
from careplane.components.analytics.domain import ARCHIVED, PATIENTS, Change, Fact, Tally
from careplane.storage.database import Database
from careplane.storage.recordset import recordset

if TYPE_CHECKING:
    from careplane.storage.database import Connection

_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/tally{suffix}', 0))"
_KNOWN = """
SELECT patient_id, version, birth_year, gender, postal_area, registered_on, archived FROM patient_fact{suffix}
WHERE patient_id = ANY($1::uuid[])
"""
# A counter is updated, removed at zero, or else inserted, and not by ON CONFLICT, whose proposed row may not be
# negative either.
_SAVE = """
WITH fact AS (
    INSERT INTO patient_fact{suffix} (patient_id, version, birth_year, gender, postal_area, registered_on, archived)
    SELECT * FROM json_to_recordset($1::json) AS f(patient_id uuid, version int, birth_year int, gender text,
        postal_area text, registered_on date, archived boolean)
    ON CONFLICT (patient_id) DO UPDATE SET version = excluded.version, birth_year = excluded.birth_year,
        gender = excluded.gender, postal_area = excluded.postal_area, registered_on = excluded.registered_on,
        archived = excluded.archived
), moving AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[]) AS m(dimension, value, change)
), moved AS (
    UPDATE tally{suffix} t SET patients = patients + change FROM moving m
    WHERE (t.dimension, t.value) = (m.dimension, m.value) AND patients + change <> 0 RETURNING t.dimension, t.value
), ended AS (
    DELETE FROM tally{suffix} t USING moving m
    WHERE (t.dimension, t.value) = (m.dimension, m.value) AND patients + change = 0 RETURNING t.dimension, t.value
), added AS (
    INSERT INTO tally{suffix} (dimension, value, patients) SELECT dimension, value, change FROM moving
    WHERE (dimension, value) NOT IN (TABLE moved UNION ALL TABLE ended)
), moving_day AS (
    SELECT * FROM unnest($5::date[], $6::bigint[]) AS m(day, change)
), moved_day AS (
    UPDATE registration_day{suffix} d SET patients = patients + change FROM moving_day m
    WHERE d.day = m.day AND patients + change <> 0 RETURNING d.day
), ended_day AS (
    DELETE FROM registration_day{suffix} d USING moving_day m
    WHERE d.day = m.day AND patients + change = 0 RETURNING d.day
), added_day AS (
    INSERT INTO registration_day{suffix} (day, patients) SELECT day, change FROM moving_day
    WHERE day NOT IN (TABLE moved_day UNION ALL TABLE ended_day)
)
INSERT INTO progress{suffix} AS p (last_event_at, events) VALUES ($7, $8)
ON CONFLICT (one) DO UPDATE SET last_event_at = greatest(p.last_event_at, excluded.last_event_at),
    events = p.events + excluded.events
"""
_SUMMARY = """
SELECT coalesce((SELECT patients FROM tally WHERE dimension = $1), 0) AS total,
    coalesce((SELECT patients FROM tally WHERE dimension = $2), 0) AS archived,
    coalesce(sum(patients) FILTER (WHERE day = $3), 0)::bigint AS today,
    coalesce(sum(patients) FILTER (WHERE day BETWEEN $4 AND $3), 0)::bigint AS week,
    coalesce(sum(patients) FILTER (WHERE day BETWEEN $5 AND $3), 0)::bigint AS month,
    (SELECT last_event_at FROM progress) AS updated_at,
    coalesce((SELECT events FROM progress), 0) AS events,
    (SELECT count(*) FROM dead_letter) AS set_aside,
    (
        SELECT string_agg(ltrim(replace(stream, $6, '') || ':' || position, '/:'), ' ' ORDER BY length(stream), stream)
        FROM inbox_position WHERE stream = $6 OR starts_with(stream, $6 || '/')
    ) AS position
FROM registration_day WHERE day BETWEEN $5 AND $3
"""
_DAYS = "SELECT day, patients FROM registration_day WHERE day BETWEEN $1 AND $2 AND patients > 0"
_TALLIES = "SELECT dimension, value, patients FROM tally WHERE patients > 0"


class Counting:
    """Writes facts and counters: the component's own, or with a `suffix` another set of tables of that ending."""

    def __init__(self, suffix: str = "") -> None:
        """Choose the tables."""
        self._turn = _TURN.format(suffix=suffix)
        self._known = _KNOWN.format(suffix=suffix)
        self._save = _SAVE.format(suffix=suffix)

    async def known(self, connection: "Connection", patient_ids: Sequence[UUID]) -> Mapping[UUID, Fact]:
        """Return what is known of these patients, once no other transaction is counting any more.

        The counters are few and hot, so whoever counts waits for the one before; that keeps deltas exact and rules
        out deadlocks, and the statement after the wait sees what the other one did.
        """
        await connection.execute(self._turn)
        rows = await connection.fetch(self._known, patient_ids)
        return {row["patient_id"]: Fact(*row) for row in rows}

    async def save(self, connection: "Connection", change: Change, newest: datetime, events: int) -> None:
        """Write a change of facts and counters, and that `events` events up to `newest` are in them."""
        tallies, days = change.tallies, change.days
        await connection.execute(
            self._save,
            recordset(change.facts),
            [dimension for dimension, _ in tallies],
            [value for _, value in tallies],
            list(tallies.values()),
            list(days),
            list(days.values()),
            newest,
            events,
        )


class AnalyticsStore:
    """Answers from facts and counters."""

    def __init__(self, database: Database) -> None:
        """Use the component's database."""
        self._database = database

    async def summary(self, today: date, stream: str) -> Summary:
        """Return the totals, those registered up to `today`, and how far the counts reach."""
        week, month = today - timedelta(days=6), today - timedelta(days=29)
        row = await self._database.fetch_row(_SUMMARY, PATIENTS, ARCHIVED, today, week, month, stream)
        return Summary(
            patients_total=row["total"],
            patients_active=row["total"] - row["archived"],
            patients_archived=row["archived"],
            registered_today=row["today"],
            registered_last_7_days=row["week"],
            registered_last_30_days=row["month"],
            updated_at=row["updated_at"],
            events_counted=row["events"],
            events_set_aside=row["set_aside"],
            position=row["position"],
        )

    async def days(self, first: date, last: date) -> Mapping[date, int]:
        """Return how many registered on each day between the two, both included."""
        return {row["day"]: row["patients"] for row in await self._database.fetch(_DAYS, first, last)}

    async def tallies(self) -> Mapping[Tally, int]:
        """Return every counter that counts somebody."""
        rows = await self._database.fetch(_TALLIES)
        return {(row["dimension"], row["value"]): row["patients"] for row in rows}
