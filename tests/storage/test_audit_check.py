"""Checking the audit: whatever is done to it behind the platform's back is found, and named."""

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from tests.storage import chains
from tests.storage.chains import BLOCK, LAST_BLOCK, ROWS, kinds, look
from tests.storage.owner import Owner

from careplane.storage.audit_check import check_audit
from careplane.storage.database import Database
from careplane.storage.seal import Head

COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "caller": "'somebody else'",
    "action": "action || '.'",
    "subject": "gen_random_uuid()",
    "request_id": "''",
    "trace_id": "trace_id || '0'",
    "detail": "coalesce(detail, '{}') || '{\"x\": 1.0}'",
}
SEAL_COLUMNS = {
    "at": "at - interval '1 microsecond'",
    "xid": "'5'",
    "row_ids": "(SELECT array_agg(id ORDER BY id DESC) FROM unnest(row_ids) AS r(id))",
    "row_ids ": "row_ids[2:]",
    "row_ids  ": "row_ids || 1::bigint",
    "digests": "set_byte(digests, 9, get_byte(digests, 9) # 1)",
    "digests ": "digests || '\\x00'",
    "hash": "set_byte(hash, 31, get_byte(hash, 31) # 1)",
    "seq": "seq + 100",
}
_FORGE = """
INSERT INTO audit (id, at, caller, action, request_id, trace_id, xid) OVERRIDING SYSTEM VALUE
SELECT 9990 + $1, at, 'nobody', 'nothing', '', '', xid FROM audit WHERE id = $1 ON CONFLICT DO NOTHING
"""


@pytest.fixture
async def anchor(database: Database) -> Head:
    """Fill and seal the audit, and note its head elsewhere."""
    await chains.write(database)
    return await chains.seal(database)


async def test_what_nobody_touched_is_intact(database: Database, owner: Owner, anchor: Head) -> None:
    """All rows are in blocks, every hash is right, and rows that wait to be sealed are no fault."""
    await chains.write(database, 3)
    report = await check_audit(database, "billing", [anchor])
    assert (report.rows, report.blocks, report.unsealed, report.anchored) == (ROWS + 3, LAST_BLOCK, 3, LAST_BLOCK)
    assert report.findings == []


async def test_an_empty_audit_is_intact(owner: Owner) -> None:
    """A platform that has just been set up has nothing to hide."""
    assert (await look(owner)).findings == []


@pytest.mark.parametrize("row", [1, 9, ROWS])
@pytest.mark.parametrize("column", COLUMNS)
async def test_an_altered_row_is_named(owner: Owner, anchor: Head, column: str, row: int) -> None:
    """Whichever column it is, in the first block, in the middle or in the last."""
    await owner.execute(f"UPDATE audit SET {column} = {COLUMNS[column]} WHERE id = {row}")
    assert await kinds(owner) == [("altered", row)]


async def test_an_absent_detail_is_not_a_null(owner: Owner, anchor: Head) -> None:
    """JSON's null and no detail at all look alike in many a text, but not in the canonical one."""
    await owner.execute("UPDATE audit SET detail = 'null' WHERE id = 1")
    assert await kinds(owner) == [("altered", 1)]


async def test_a_number_with_more_zeros_is_another_text(database: Database, owner: Owner) -> None:
    """What compares as equal may still have been altered."""
    await owner.execute(
        "INSERT INTO audit (caller, action, request_id, trace_id, detail) VALUES ('a', 'b', '', '', '{\"n\": 1.0}')"
    )
    await chains.seal(database)
    await owner.execute("UPDATE audit SET detail = '{\"n\": 1.00}'")
    assert await kinds(owner) == [("altered", 1)]


@pytest.mark.parametrize("row", [1, 9, ROWS])
async def test_a_deleted_row_is_named(owner: Owner, anchor: Head, row: int) -> None:
    """The first, one in the middle, the last."""
    await owner.execute(f"DELETE FROM audit WHERE id = {row}")
    assert await kinds(owner) == [("deleted", row)]


async def test_a_new_id_is_a_deletion_and_an_insertion(owner: Owner, anchor: Head) -> None:
    """A row that was given another id is missing under its own."""
    await owner.execute("ALTER TABLE audit ALTER id DROP IDENTITY; UPDATE audit SET id = 7777 WHERE id = 9")
    assert await kinds(owner) == [("deleted", 9), ("inserted", 7777)]


@pytest.mark.parametrize("block", [1, 3])
async def test_a_deleted_block_is_named(owner: Owner, anchor: Head, block: int) -> None:
    """With its rows it leaves a gap in the numbers."""
    await owner.execute(
        f"DELETE FROM audit WHERE id = ANY(SELECT unnest(row_ids) FROM audit_seal WHERE seq = {block});"
        f"DELETE FROM audit_seal WHERE seq = {block}"
    )
    assert await kinds(owner) == [("missing block", block)]


async def test_several_blocks_that_are_missing_are_named_together(owner: Owner, anchor: Head) -> None:
    """From where to where; and their rows, if they were left, are in no block."""
    await owner.execute("DELETE FROM audit_seal WHERE seq IN (2, 3, 4)")
    report = await look(owner)
    assert report.findings[0].sentence == "blocks 2 to 4 are missing"
    assert [finding.row for finding in report.findings[1:]] == list(range(BLOCK + 1, 4 * BLOCK + 1))


async def test_swapped_rows_are_named(owner: Owner, anchor: Head) -> None:
    """What was done by one is now said to have been done by the other."""
    await owner.execute(
        "UPDATE audit a SET caller = b.caller, action = b.action FROM audit b WHERE (a.id, b.id) IN ((7, 8), (8, 7))"
    )
    assert await kinds(owner) == [("altered", 7), ("altered", 8)]


async def test_rows_in_another_order_are_named(owner: Owner, anchor: Head) -> None:
    """The order in which things happened is evidence too."""
    await owner.execute("UPDATE audit_seal SET row_ids = '{6,8,7,9,10}' WHERE seq = 2")
    assert await kinds(owner) == [("reordered", 8), ("reordered", 7)]


async def test_another_order_with_digests_to_match_is_found(owner: Owner, anchor: Head) -> None:
    """Then the block no longer fits its hash."""
    await owner.execute(
        "UPDATE audit_seal SET row_ids = '{6,8,7,9,10}', digests = substr(digests, 1, 8) || substr(digests, 17, 8) "
        "|| substr(digests, 9, 8) || substr(digests, 25) WHERE seq = 2"
    )
    assert await kinds(owner) == [("altered block", 2)]


async def test_a_forged_row_among_sealed_ones_is_named(owner: Owner, anchor: Head) -> None:
    """It bears a transaction that was sealed long ago, and no block holds it."""
    await owner.fetch(_FORGE, 9)
    assert await kinds(owner) == [("inserted", 9999)]


async def test_a_row_that_no_block_will_ever_take_is_named(owner: Owner, anchor: Head) -> None:
    """A transaction in the far future would keep a row unsealed, to be altered at will."""
    await owner.fetch(_FORGE, 9)
    await owner.execute("UPDATE audit SET xid = '9999999999999' WHERE id = 9999")
    assert await kinds(owner) == [("inserted", 9999)]


async def test_a_row_in_two_blocks_is_named(owner: Owner, anchor: Head) -> None:
    """Were it sealed twice, one of the two could be taken away."""
    await owner.execute("UPDATE audit_seal SET row_ids = row_ids || 3::bigint WHERE seq = 5")
    assert ("inserted", 3) in await kinds(owner)


async def test_a_row_that_is_there_twice_is_named(owner: Owner, anchor: Head) -> None:
    """Whoever drops the primary key can do that."""
    await owner.execute("ALTER TABLE audit DROP CONSTRAINT audit_pkey")
    await owner.execute("INSERT INTO audit OVERRIDING SYSTEM VALUE SELECT * FROM audit WHERE id = 3")
    assert await kinds(owner) == [("inserted", 3)]


@pytest.mark.parametrize("block", [1, 3, LAST_BLOCK])
@pytest.mark.parametrize("column", SEAL_COLUMNS)
async def test_an_altered_block_is_found(owner: Owner, anchor: Head, column: str, block: int) -> None:
    """Each of its columns is covered, by the hash or by what the rows say."""
    await owner.execute(f"UPDATE audit_seal SET {column.strip()} = {SEAL_COLUMNS[column]} WHERE seq = {block}")
    assert await kinds(owner)


async def test_a_duplicated_block_is_found(owner: Owner, anchor: Head) -> None:
    """Whoever drops the primary key can do that, too."""
    await owner.execute("ALTER TABLE audit_seal DROP CONSTRAINT audit_seal_pkey")
    await owner.execute("INSERT INTO audit_seal SELECT * FROM audit_seal WHERE seq = 2")
    assert ("duplicate block", 2) in await kinds(owner)


async def test_a_tail_that_was_cut_off_is_found_by_its_anchor(owner: Owner, anchor: Head) -> None:
    """The chain alone cannot tell; whoever noted its head can."""
    await owner.execute("DELETE FROM audit WHERE id > 20; DELETE FROM audit_seal WHERE seq = 5")
    assert await kinds(owner) == []
    assert await kinds(owner, anchor) == [("truncated", 5)]


async def test_a_chain_computed_anew_is_found_by_its_anchor(database: Database, owner: Owner, anchor: Head) -> None:
    """All hashes are right, and are not those that were noted."""
    await owner.execute("UPDATE audit SET caller = 'somebody else' WHERE id = 9; DELETE FROM audit_seal")
    anew = await chains.seal(database)
    assert anew.seq == anchor.seq
    assert await kinds(owner) == []
    assert await kinds(owner, anchor) == [("rewritten", 5)]


async def test_a_block_that_was_computed_anew_alone_breaks_the_next(
    database: Database, owner: Owner, anchor: Head
) -> None:
    """A forger must go on to the end of the chain, and past the anchor."""
    await owner.execute(
        "CREATE TABLE kept AS SELECT * FROM audit_seal WHERE seq > 2; DELETE FROM audit_seal WHERE seq > 1"
    )
    await owner.execute("UPDATE audit SET caller = 'somebody else' WHERE id = 9")
    await chains.seal(database)
    await owner.execute("DELETE FROM audit_seal WHERE seq > 2; INSERT INTO audit_seal SELECT * FROM kept")
    assert await kinds(owner) == [("altered block", 3)]


async def test_a_chain_is_its_components_own(database: Database, anchor: Head) -> None:
    """The chain of one component cannot stand in for another's."""
    report = await check_audit(database, "patient")
    assert [finding.kind for finding in report.findings] == ["altered block"]


async def test_only_so_many_findings_are_listed(owner: Owner, anchor: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything is wrong, a thousand sentences say no more than that."""
    monkeypatch.setattr("careplane.storage.audit_check.FINDINGS_MAX", 7)
    await owner.execute("UPDATE audit SET caller = 'x'")
    assert len((await look(owner)).findings) == 7


ROW = st.integers(1, ROWS)
SEAL = st.integers(1, LAST_BLOCK)
TAMPERINGS = st.one_of(
    st.builds("UPDATE audit SET {0} = {1} WHERE id = {2}".format, st.just("caller"), st.just("'x'"), ROW),
    st.builds(
        lambda column, row: f"UPDATE audit SET {column} = {COLUMNS[column]} WHERE id = {row}",
        st.sampled_from(sorted(COLUMNS)),
        ROW,
    ),
    st.builds(
        lambda column, seq: f"UPDATE audit_seal SET {column.strip()} = {SEAL_COLUMNS[column]} WHERE seq = {seq}",
        st.sampled_from(sorted(SEAL_COLUMNS)),
        SEAL,
    ),
    st.builds("DELETE FROM audit WHERE id = {}".format, ROW),
    st.builds("DELETE FROM audit WHERE id >= {}".format, ROW),
    st.builds("DELETE FROM audit_seal WHERE seq = {}".format, SEAL),
    st.builds("DELETE FROM audit_seal WHERE seq >= {}".format, SEAL),
    st.builds("DELETE FROM audit WHERE id > {0} * 5; DELETE FROM audit_seal WHERE seq > {0}".format, st.integers(0, 4)),
    st.builds(lambda row: _FORGE.replace("$1", str(row)), st.integers(1, ROWS - 1)),  # after the last it is an addition
    st.builds(
        "UPDATE audit a SET caller = b.caller FROM audit b WHERE (a.id, b.id) IN (({0}, {1}), ({1}, {0}))".format,
        st.integers(1, 11),
        st.integers(12, ROWS),
    ),
    st.builds(
        "UPDATE audit_seal a SET hash = b.hash FROM audit_seal b WHERE a.seq = {0} AND b.seq = {1}".format,
        st.integers(1, 2),
        st.integers(3, 5),
    ),
)


@settings(max_examples=60, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_tampering_is_found(owner: Owner, anchor: Head, data: st.DataObject) -> None:
    """One thing that was changed, or several at once: with the anchor, no change passes."""
    statements = data.draw(st.lists(TAMPERINGS, min_size=1, max_size=4))
    transaction = owner.transaction()
    await transaction.start()
    try:
        before = await _contents(owner)
        for statement in statements:
            await owner.execute(statement)
        report = await look(owner, anchor)
        note(f"findings: {report.findings}")
        assert report.findings or await _contents(owner) == before
    finally:
        await transaction.rollback()
    assert (await look(owner, anchor)).findings == []


async def _contents(owner: Owner) -> object:
    rows = await owner.fetch("SELECT a::text FROM audit a UNION ALL SELECT s::text FROM audit_seal s ORDER BY 1")
    return [row[0] for row in rows]
