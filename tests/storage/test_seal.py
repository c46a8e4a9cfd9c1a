"""The sealer: every committed row is sealed exactly once, whoever writes, whoever seals, and whatever is killed."""

import asyncio
import random
from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage import chains
from tests.storage.owner import Owner
from tests.storage.waiting import until

from careplane.kernel.errors import Unavailable
from careplane.storage import seal as seal_module
from careplane.storage.audit_check import check_audit
from careplane.storage.database import Database
from careplane.storage.pump import Pump
from careplane.storage.seal import Head, Sealer

WRITERS = 4
_WRITE = "INSERT INTO audit (caller, action, request_id, trace_id) SELECT 'w', 'a', '', '' FROM generate_series(1, $1)"

Step = tuple[str, int, int]
COURSES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["begin", "write", "end"]), st.integers(0, WRITERS - 1), st.integers(1, 3)),
        st.tuples(st.sampled_from(["seal", "roll back"]), st.integers(0, WRITERS - 1), st.just(0)),
    ),
    min_size=15,
)


class Writer:
    """A connection that writes audit rows in transactions which stay open for as long as the test likes."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Write through the connection."""
        self._connection = connection
        self._transaction: asyncpg.transaction.Transaction | None = None

    async def act(self, step: str, count: int) -> None:
        """Do one step, unless it makes no sense now."""
        if step == "begin" and self._transaction is None:
            self._transaction = self._connection.transaction()
            await self._transaction.start()
            await self._connection.execute("SELECT pg_current_xact_id()")
        elif step == "write" and self._transaction is not None:
            await self._connection.execute(_WRITE, count)
        elif step in {"end", "roll back"} and self._transaction is not None:
            await (self._transaction.commit() if step == "end" else self._transaction.rollback())
            self._transaction = None


@pytest.fixture
async def writers(database_url: str) -> AsyncIterator[list[Writer]]:
    """Give writers with a connection each."""
    settings = {"search_path": "billing", "role": "careplane_billing"}
    connections = [await asyncpg.connect(database_url, timeout=10, server_settings=settings) for _ in range(WRITERS)]
    yield [Writer(connection) for connection in connections]
    for connection in connections:
        await connection.close()


async def assert_all_sealed_once(database: Database, owner: Owner) -> None:
    """Check that the blocks together hold the rows that there are, each once, and that the chain is intact."""
    sealed = [row[0] for row in await owner.fetch("SELECT unnest(row_ids) FROM audit_seal")]
    there = [row[0] for row in await owner.fetch("SELECT id FROM audit")]
    assert sorted(sealed) == sorted(there)
    report = await check_audit(database, "billing")
    assert (report.findings, report.unsealed) == ([], 0)


async def test_what_is_there_is_sealed(database: Database, owner: Owner) -> None:
    """Blocks follow each other, each with its rows in order, and the sealer knows the newest."""
    await chains.write(database, 10)
    sealer = Sealer(database, "billing", limit=4)
    assert [await sealer.step() for _ in range(4)] == [True, True, False, False]
    rows = await owner.fetch("SELECT seq, row_ids FROM audit_seal ORDER BY seq")
    assert [tuple(row) for row in rows] == [(1, [1, 2, 3, 4]), (2, [5, 6, 7, 8]), (3, [9, 10])]
    assert sealer.head == Head(3, await owner.value("SELECT hash FROM audit_seal WHERE seq = 3"))
    await assert_all_sealed_once(database, owner)


@settings(max_examples=30, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(course=COURSES)
async def test_no_course_of_commits_leaves_a_row_out(
    database: Database, owner: Owner, writers: list[Writer], course: list[Step]
) -> None:
    """Transactions open, commit and roll back in any order, with the sealer working in between."""
    sealer = Sealer(database, "billing", limit=3)
    for step, number, count in course:
        if step == "seal":
            await sealer.step()
        else:
            await writers[number].act(step, count)
    for writer in writers:
        await writer.act("end", 0)
    await sealer.finish()
    await assert_all_sealed_once(database, owner)


@pytest.mark.parametrize("by_id_alone", [False, True])
async def test_a_sealer_by_id_alone_would_leave_rows_out(
    database: Database, owner: Owner, writers: list[Writer], monkeypatch: pytest.MonkeyPatch, by_id_alone: bool
) -> None:
    """The law has teeth: were it not for the horizon, the row of a transaction that commits late is behind for ever."""
    if by_id_alone:
        everything = "'9223372036854775807'::xid8"
        for name in ("_LOOK", "_SEAL"):
            text = getattr(seal_module, name).replace("pg_snapshot_xmin(pg_current_snapshot())", everything)
            monkeypatch.setattr(seal_module, name, text)
    sealer = Sealer(database, "billing")
    late, early = writers[:2]
    for writer, step in ((late, "begin"), (late, "write"), (early, "begin"), (early, "write"), (early, "end")):
        await writer.act(step, 1)
    await sealer.step()
    assert await owner.count("audit_seal") == int(by_id_alone)
    await late.act("end", 0)
    await sealer.finish()
    sealed = await owner.value("SELECT count(*) FROM (SELECT unnest(row_ids) FROM audit_seal) s")
    assert sealed == 1 if by_id_alone else 2
    assert bool((await check_audit(database, "billing")).findings) is by_id_alone


@pytest.mark.parametrize("without_horizon", [False, True])
async def test_a_block_ends_where_a_transaction_is_open(
    database: Database, owner: Owner, writers: list[Writer], monkeypatch: pytest.MonkeyPatch, without_horizon: bool
) -> None:
    """There is a row to be sealed, so that a block is made: what is past the open transaction must not be in it."""
    if without_horizon:
        horizon = " AND xid < pg_snapshot_xmin(pg_current_snapshot())"
        monkeypatch.setattr(seal_module, "_SEAL", seal_module._SEAL.replace(horizon, ""))
    sealer = Sealer(database, "billing")
    await chains.write(database, 1)
    late, early = writers[:2]
    for writer, step in ((late, "begin"), (late, "write"), (early, "begin"), (early, "write"), (early, "end")):
        await writer.act(step, 1)
    await sealer.step()
    assert await owner.value("SELECT row_ids FROM audit_seal") == ([1, 3] if without_horizon else [1])
    await late.act("end", 0)
    await sealer.finish()
    assert bool((await check_audit(database, "billing")).findings) is without_horizon


async def test_what_is_left_is_counted(database: Database, owner: Owner, writers: list[Writer]) -> None:
    """Rows that are committed and in no block, be it that an open transaction hides them."""
    await chains.write(database, 2)
    await Sealer(database, "billing").finish()
    assert await seal_module.unsealed(database, "billing") == 0
    await writers[0].act("begin", 0)
    await chains.write(database, 3)
    await Sealer(database, "billing").finish(within=0.05)
    assert await seal_module.unsealed(database, "billing") == 3


@pytest.mark.parametrize("at", ["infinity", "-infinity", "294276-12-31T23:59:59Z", "4713-01-02T00:00Z BC"])
async def test_no_row_keeps_others_from_being_sealed(database: Database, owner: Owner, at: str) -> None:
    """A time that no calendar has is refused; put in all the same, it is sealed, and found."""
    insert = "INSERT INTO audit (at, caller, action, request_id, trace_id) VALUES ('" + at + "', 'x', 'x', '', '')"
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(insert)
    await owner.execute(f"ALTER TABLE audit DROP CONSTRAINT audit_at_check; {insert}")
    await chains.write(database, 2)
    sealer = Sealer(database, "billing")
    while await sealer.step():
        pass
    assert sealer.waits >= 0
    report = await check_audit(database, "billing")
    [(finding, count)] = [(finding, report.unsealed) for finding in report.findings]
    assert (finding.kind, finding.row, count) == ("backdated", 2, 0)


@pytest.mark.parametrize("seed", range(2))
async def test_two_sealers_among_busy_writers_seal_each_row_once(
    database: Database, owner: Owner, writers: list[Writer], seed: int
) -> None:
    """Writers and two pumped sealers all run at once, for hundreds of transactions of uneven length."""
    chance = random.Random(seed)

    async def write(writer: Writer) -> None:
        for _ in range(40):
            await writer.act("begin", 0)
            await asyncio.sleep(chance.random() * 0.002)
            await writer.act("write", chance.randrange(1, 4))
            await asyncio.sleep(chance.random() * 0.002)
            await writer.act("end" if chance.random() < 0.9 else "roll back", 0)

    failures: list[Exception] = []
    sealers = [Sealer(database, "billing", limit=limit) for limit in (5, 7)]
    pumps = [Pump("s", one.step, lambda _name, error: failures.append(error), idle=0.001) for one in sealers]
    for pump in pumps:
        pump.start()
    await asyncio.gather(*(write(writer) for writer in writers))
    for pump in pumps:
        await pump.stop()
    assert not failures
    await sealers[0].finish()
    assert await owner.count("audit_seal") > 20
    await assert_all_sealed_once(database, owner)


async def test_a_sealer_that_is_killed_leaves_nothing_half_done(database: Database, owner: Owner) -> None:
    """Its session ends in the middle of a block: there is no such block, and the next attempt makes it."""
    await chains.write(database, 6)
    sealer = Sealer(database, "billing")
    async with owner.transaction():
        await owner.execute("LOCK TABLE audit_seal IN SHARE MODE")
        step = asyncio.create_task(sealer.step())
        await owner.until_waiting(1)
        await owner.kill()
        with pytest.raises(Unavailable):
            await step
    assert await owner.count("audit_seal") == 0
    await sealer.finish()
    await assert_all_sealed_once(database, owner)


async def test_at_the_end_it_waits_for_older_transactions(
    database: Database, owner: Owner, writers: list[Writer]
) -> None:
    """What is committed, but hidden by a transaction that still runs, is sealed when that has ended."""
    await writers[0].act("begin", 0)
    await chains.write(database, 3)
    sealer = Sealer(database, "billing")
    finish = asyncio.create_task(sealer.finish(within=10.0))
    await until(lambda: sealer.waits > 0)
    assert await owner.count("audit_seal") == 0
    await writers[0].act("end", 0)
    await finish
    await assert_all_sealed_once(database, owner)


async def test_at_the_end_it_does_not_wait_for_ever(database: Database, owner: Owner, writers: list[Writer]) -> None:
    """A transaction that does not end keeps nobody from stopping; the next start seals what is left."""
    await writers[0].act("begin", 0)
    await chains.write(database, 3)
    await Sealer(database, "billing").finish(within=0.05)
    assert await owner.count("audit_seal") == 0
    await writers[0].act("roll back", 0)
    await Sealer(database, "billing").finish()
    await assert_all_sealed_once(database, owner)


async def test_no_statement_reads_the_whole_audit(database: Database, owner: Owner) -> None:
    """Neither looking for rows nor sealing them reads the table from its beginning."""
    await owner.execute(_WRITE.replace("$1", "30000"))
    await chains.seal(database, seal_module.BLOCK)
    await owner.execute(_WRITE.replace("$1", "3"))
    await owner.execute("ANALYZE audit; ANALYZE audit_seal; SET plan_cache_mode = force_generic_plan")
    await owner.execute(f"PREPARE look (bytea) AS {seal_module._LOOK}")
    seal = seal_module._SEAL.format(limit=seal_module.BLOCK)
    await owner.execute(f"PREPARE seal (bigint, bytea, text, bigint) AS {seal}")
    for statement in ("EXECUTE look ('')", "EXECUTE seal (99, '', '9', 9)"):
        plan = "\n".join(row[0] for row in await owner.fetch(f"EXPLAIN {statement}"))
        assert "Index" in plan, plan
        assert "Seq Scan" not in plan, plan
