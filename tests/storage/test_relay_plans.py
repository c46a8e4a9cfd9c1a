"""The relay's statements stay cheap in a long event log: each finds its rows by the index."""

from tests.storage.owner import Owner

from careplane.storage import event_log, relay

LONG = 20_000
_FILL = """
INSERT INTO outbox (id, type, subject, version, time, body)
SELECT gen_random_uuid(), 't', gen_random_uuid(), 1, now(), ''::bytea FROM generate_series(1, $1)
"""


async def test_no_statement_reads_the_whole_log(owner: Owner) -> None:
    """Neither asking for more nor finding that there is none reads the table from its beginning."""
    await owner.execute(_FILL, LONG)
    await owner.execute("ANALYZE outbox; SET plan_cache_mode = force_generic_plan")
    await owner.execute(f"PREPARE read (text, bigint) AS {event_log.reading(512)}")
    for statement in ("EXECUTE read ('0', 0)", relay._NEWEST):
        plan = "\n".join(row[0] for row in await owner.fetch(f"EXPLAIN {statement}"))
        assert "Index" in plan, plan
        assert "Seq Scan" not in plan, plan
