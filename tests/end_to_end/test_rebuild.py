"""`careplane analytics rebuild` beside the running platform, under load and after a kill; and its logins."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import registered
from tests.end_to_end.program import Program, assert_one_sentence, environment, run_careplane, until_true

_COUNTS = ("patient_fact", "tally", "registration_day", "progress")


@pytest.fixture
def running(start_program: StartProgram) -> Program:
    """Give a program of this test's own, to be filled."""
    return start_program()


@pytest.fixture
def client(running: Program) -> Iterator[httpx.Client]:
    """Give a client of that program."""
    with httpx.Client(base_url=running.url, headers=running.sign_in(), timeout=30.0) as client:
        yield client


def rebuild(program: Program) -> subprocess.CompletedProcess[str]:
    """Run the command on the folder of a program."""
    return run_careplane("analytics", "rebuild", "--data", str(program.data))


def tables(program: Program) -> dict[str, list[str]]:
    """Return every row of the counts, as PostgreSQL writes it."""
    return {
        name: [row["row"] for row in program.sql(f"SELECT t::text AS row FROM analytics.{name} t ORDER BY 1")]
        for name in _COUNTS
    }


def counted(program: Program) -> bool:
    """Tell whether every event of the log has been counted."""
    ask = "SELECT count(*) AS n FROM patient.outbox WHERE id NOT IN (SELECT event_id FROM analytics.inbox)"
    return bool(program.sql(ask)[0]["n"] == 0)


def summary(client: httpx.Client) -> dict[str, Any]:
    """Return the summary."""
    found: dict[str, Any] = client.get("/api/analytics/summary").json()
    return found


@contextmanager
def load(client: httpx.Client) -> Iterator[Callable[[], int]]:
    """Register people without a pause while the body runs; give a way to tell how many."""
    stop = threading.Event()
    made: list[int] = []

    def go_on() -> None:
        while not stop.is_set():
            registered(client)
            made.append(1)

    crowd = [threading.Thread(target=go_on) for _ in range(4)]
    for one in crowd:
        one.start()
    try:
        yield lambda: len(made)
    finally:
        stop.set()
        for one in crowd:
            one.join()


def test_it_puts_right_what_was_changed_while_people_come(running: Program, client: httpx.Client) -> None:
    """Under load, on the running platform: afterwards the counts are right, and the same as from nothing."""
    assert run_careplane("demo", "--patients", "1500", "--data", str(running.data)).returncode == 0
    with load(client) as made:
        until_true(lambda: made() > 20)
        running.sql("UPDATE analytics.tally SET patients = patients + 1000")
        running.sql("DELETE FROM analytics.patient_fact WHERE birth_year IS NOT NULL")
        said = rebuild(running)
        at_work = made()
        until_true(lambda: made() > at_work + 20)
    assert said.returncode == 0, said.stderr
    assert "events counted anew in" in said.stdout
    assert "0 set aside" in said.stdout
    until_true(lambda: counted(running))
    live = tables(running)
    people = running.sql("SELECT count(*) AS n FROM patient.patients")[0]["n"]
    assert summary(client)["patientsTotal"] == people == 1500 + made()
    running.sql("TRUNCATE analytics.patient_fact, analytics.tally, analytics.registration_day, analytics.progress")
    assert rebuild(running).returncode == 0
    assert tables(running) == live
    assert summary(client)["eventsSetAside"] == 0


def test_one_that_was_killed_leaves_the_counts_as_they_were(running: Program, client: httpx.Client) -> None:
    """Killed at its first step it has changed nothing; the next one is refused while it might be alive, then works."""
    for _ in range(20):
        registered(client)
    until_true(lambda: counted(running))
    before, answer = tables(running), summary(client)
    running.sql("CREATE TABLE analytics.hold (one int)")
    running.sql(
        """CREATE FUNCTION analytics.hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$"""
    )
    running.sql("CREATE TRIGGER hold AFTER INSERT ON analytics.inbox_rebuilt EXECUTE FUNCTION analytics.hold()")
    hold = threading.Event()
    holding = threading.Thread(target=_hold, args=(running, hold))
    holding.start()
    until_true(lambda: running.sql("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND granted"))
    command = [sys.executable, "-m", "careplane", "analytics", "rebuild", "--data", str(running.data)]
    doomed = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until_true(lambda: running.sql("SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted"))
    os.kill(doomed.pid, signal.SIGKILL)
    doomed.wait(10)
    hold.set()
    holding.join()
    running.sql("DROP TRIGGER hold ON analytics.inbox_rebuilt")
    assert (tables(running), summary(client)) == (before, answer)
    assert "Another rebuild" in assert_one_sentence(rebuild(running))
    running.sql("UPDATE analytics.rebuild SET seen_at = seen_at - interval '1 minute'")
    said = rebuild(running)
    assert said.returncode == 0, said.stderr
    assert "0 rows of the counts were changed" in said.stdout
    assert (tables(running), summary(client)) == (before, answer)


def _hold(program: Program, hold: threading.Event) -> None:
    """Keep a lock until told to let go."""
    import asyncio

    import asyncpg

    from careplane.app.embedded import running_url

    async def work() -> None:
        url = running_url(program.data)
        assert url is not None
        connection = await asyncpg.connect(url, timeout=10)
        await connection.execute("SELECT pg_advisory_lock(7)")
        await asyncio.to_thread(hold.wait, 30)
        await connection.close()

    asyncio.run(work())


def test_it_works_where_the_platform_does_not_run(running: Program, client: httpx.Client) -> None:
    """It starts the database for itself, and what it changed is there at the next start."""
    for _ in range(5):
        registered(client)
    until_true(lambda: counted(running))
    running.sql("UPDATE analytics.tally SET patients = 77")
    assert running.stop() == 0
    said = rebuild(running)
    assert said.returncode == 0, said.stderr
    assert "5 events counted anew" in said.stdout
    again = Program(running.data)
    try:
        again.wait_until_ready()
        with httpx.Client(base_url=again.url, headers=again.sign_in(), timeout=30.0) as second:
            assert summary(second)["patientsTotal"] == 5
    finally:
        again.clear_away()


def test_each_component_logs_in_as_itself(program: Program) -> None:
    """No pool of `careplane dev` has another login than its own role, which is nobody's superuser."""
    ask = """SELECT application_name AS name, usename AS login, usesuper AS powerful
        FROM pg_stat_activity JOIN pg_user USING (usename) WHERE application_name LIKE 'careplane %'"""
    found = {row["name"].partition(" ")[2]: (row["login"], row["powerful"]) for row in program.sql(ask)}
    assert found == {name: (f"careplane_{name}", False) for name in ("identity", "billing", "patient", "analytics")}
