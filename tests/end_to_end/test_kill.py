"""kill -9 in a load, twenty times on one data folder: nothing acknowledged is lost, nothing happens twice."""

import asyncio
import os
import random
import time

import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.crowd import Crowd
from tests.end_to_end.ledger import assert_books_balance
from tests.end_to_end.program import Program, run_careplane

ROUNDS = 20
POSTGRES_LIVES_ON = {4, 9, 14}


async def _work_until_killed(program: Program, crowd: Crowd, seconds: float, *, with_postgres: bool) -> None:
    """Let the crowd work for so long, and then pull the plug."""
    working = asyncio.create_task(crowd.work(program, program.sign_in()))
    try:
        await asyncio.sleep(seconds)  # a moment drawn by lot is the point of it
    finally:
        program.kill(with_postgres=with_postgres)
        await working


@pytest.mark.timeout(280)
async def test_twenty_kills_lose_nothing(start_program: StartProgram) -> None:
    """After each restart every acknowledged patient and change is there, once, with all that belongs to it.

    What was not acknowledged is sent again under its key, so that in the end exactly all that was sent is there. In
    most rounds PostgreSQL is killed as well; in some it lives on, and the next program takes it over. The audit's chain
    has gone on through all of it, and holds what was noted of it outside of the database.
    """
    seed = int(os.environ.get("KILL_SEED") or time.time_ns() % 1_000_000)
    print(f"seed {seed}: set KILL_SEED to it to have the same rounds again")  # noqa: T201 - shown where it fails
    chance = random.Random(seed)
    crowd = Crowd(chance)
    program = start_program()
    for number in range(ROUNDS):
        lives_on = number in POSTGRES_LIVES_ON
        before = program.postgres()
        await _work_until_killed(program, crowd, chance.uniform(0.05, 0.9), with_postgres=not lives_on)
        after = program.postgres()
        assert (after == before) is lives_on, (before, after)
        program = start_program(program.data)
        assert (program.postgres() == before) is lives_on
        signed_in = program.sign_in()
        await crowd.settle(program, signed_in)
        assert_books_balance(program, signed_in, crowd)
    verified = run_careplane("audit", "verify", "--data", str(program.data))
    assert verified.returncode == 0, verified.stdout
    assert len(crowd.registered) > 20 * ROUNDS, "the load was too small for this to mean anything"
    assert program.stop() == 0, program.said()[-4000:]
    assert program.postgres() is None
