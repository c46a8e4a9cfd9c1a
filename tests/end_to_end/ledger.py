"""The books after all is quiet: each patient once, with one account, one audit row and one effect in analytics."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
from tests.end_to_end.crowd import Crowd
from tests.end_to_end.program import Program, until_true

Sql = Callable[[str], Sequence[Mapping[str, Any]]]

# A repeat that was answered from memory leaves a row of its own, which says so: it has a detail.
_REGISTER = """
SELECT subject::text AS id, count(*) AS rows FROM patient.audit
WHERE action = 'patient/register' AND detail IS NULL GROUP BY 1
"""
_EVENTS = """
SELECT subject::text AS id, array_agg(version ORDER BY xid, seq) AS versions, count(DISTINCT id) AS events
FROM patient.outbox GROUP BY 1
"""


def assert_books_balance(program: Program, signed_in: dict[str, str], crowd: Crowd) -> None:
    """Check everything that was acknowledged, and that there is nothing else; the program must be left in peace."""
    assert crowd.refused == []
    assert not crowd.unknown
    wanted = {patient: 1 + crowd.changes[patient] for patient in crowd.registered}
    with httpx.Client(base_url=program.url, headers=signed_in, timeout=30.0) as client:
        _wait_until_quiet(program, client, sum(wanted.values()))
        summary = client.get("/api/analytics/summary").json()
        assert summary["patientsTotal"] == summary["patientsActive"] == len(wanted)
        assert summary["eventsSetAside"] == 0
        for patient in crowd.latest[-25:]:
            shown = client.get(f"/api/patients/{patient}").json()
            assert (shown["version"], shown["email"]) == (wanted[patient], crowd.registered[patient]["email"])
            assert client.get(f"/api/patients/{patient}/billing-account").json()["status"] == "ACTIVE"
    assert_tables_agree(program.sql, wanted)


def _wait_until_quiet(program: Program, client: httpx.Client, events: int) -> None:
    # It must come to exactly that many: once it is more, it never will be.
    until_true(lambda: client.get("/api/analytics/summary").json()["eventsCounted"] == events)
    until_true(lambda: not program.sql("SELECT FROM patient.billing_intents LIMIT 1"))


def assert_tables_agree(sql: Sql, wanted: Mapping[str, int]) -> None:
    """Check that the tables hold these patients, in these versions, each with all that belongs to it, and no others."""

    def pairs(query: str, *names: str) -> dict[str, Any]:
        rows = sql(query)
        found = {row["id"]: tuple(row[name] for name in names) for row in rows}
        assert len(found) == len(rows)
        return found

    assert pairs("SELECT id::text, version FROM patient.patients", "version") == {p: (v,) for p, v in wanted.items()}
    accounts = pairs("SELECT patient_id::text AS id, count(*) AS n FROM billing.account GROUP BY 1", "n")
    assert accounts == dict.fromkeys(wanted, (1,)), "not exactly one account for each"
    assert pairs(_REGISTER, "rows") == dict.fromkeys(wanted, (1,)), "not exactly one audit row for each registration"
    assert pairs(_EVENTS, "versions", "events") == {p: (list(range(1, v + 1)), v) for p, v in wanted.items()}
    facts = pairs("SELECT patient_id::text AS id, version FROM analytics.patient_fact", "version")
    assert facts == {p: (v,) for p, v in wanted.items()}
    counted = sql("SELECT dimension, sum(patients)::bigint AS n FROM analytics.tally GROUP BY 1")
    tallies = {row["dimension"]: row["n"] for row in counted if row["dimension"] != "archived"}
    assert tallies == dict.fromkeys(("patients", "gender", "birth_year", "postal_area"), len(wanted))
    days = sql("SELECT coalesce(sum(patients), 0)::bigint AS n FROM analytics.registration_day")
    assert days[0]["n"] == len(wanted)
    assert sql("SELECT FROM patient.dead_letter UNION ALL SELECT FROM analytics.dead_letter") == []
