"""Stopping in the middle of a load: what was accepted is answered, what was answered is there, nothing runs on."""

import asyncio
import random
import re
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.crowd import Crowd
from tests.end_to_end.ledger import assert_books_balance
from tests.end_to_end.program import DEMO_EMAIL, DEMO_PASSWORD, Program, until_true, until_true_async

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def nobody_listens(port: int) -> bool:
    """Tell whether a connection to a port is refused."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def assert_all_gone(program: Program) -> None:
    """Check that neither the ports are held nor PostgreSQL runs."""
    assert nobody_listens(program.port)
    assert nobody_listens(program.metrics_port)
    assert program.postgres() is None


@pytest.mark.parametrize("sign", SIGNALS)
async def test_a_stop_in_a_load_cuts_nobody_off(start_program: StartProgram, sign: signal.Signals) -> None:
    """All that was accepted is answered, and after a restart the registry holds exactly what was acknowledged.

    So a client who got no answer knows that nothing happened: its connection was never taken.
    """
    program = start_program()
    crowd = Crowd(random.Random(7))
    working = asyncio.create_task(crowd.work(program, program.sign_in()))
    await until_true_async(lambda: len(crowd.registered) > 100)
    program.ask_to_stop(sign)
    async with asyncio.timeout(30):
        await working
    assert program.ended() == 0, program.said()[-4000:]
    assert_all_gone(program)
    assert "Traceback" not in program.said()
    crowd.unknown.clear()
    program = start_program(program.data)
    assert_books_balance(program, program.sign_in(), crowd)


@pytest.mark.parametrize("sign", SIGNALS)
async def test_slow_calls_in_flight_are_answered(start_program: StartProgram, sign: signal.Signals) -> None:
    """Sign-ins that are still being worked on when the signal comes are finished, each with its token."""
    program = start_program(CAREPLANE_IDENTITY_ARGON2_TIME_COST="8")
    body = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}

    def held() -> float:
        found = re.search(r'careplane_mailbox_calls\{component="identity"\} (\S+)', program.metrics())
        assert found
        return float(found[1])

    async with httpx.AsyncClient(base_url=program.url, timeout=30.0) as client:
        sending = [asyncio.create_task(client.post("/auth/login", json=body)) for _ in range(12)]
        await until_true_async(lambda: held() >= 8, pause=0.001)
        program.ask_to_stop(sign)
        answers = await asyncio.gather(*sending)
    assert [answer.status_code for answer in answers] == [200] * 12
    assert program.ended() == 0


def test_a_program_that_does_nothing_stops_at_once(start_program: StartProgram) -> None:
    """With an idle client connected, it does not wait for anybody."""
    program = start_program()
    with httpx.Client(base_url=program.url) as idle:
        idle.get("/health/live")
        begun = time.monotonic()
        assert program.stop(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 5.0
    assert_all_gone(program)


def test_a_client_who_sends_half_a_request_does_not_hold_it_up(start_program: StartProgram) -> None:
    """Somebody who never finishes their request is given up on."""
    program = start_program()
    with socket.create_connection(("127.0.0.1", program.port), timeout=5.0) as slow:
        slow.sendall(
            b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
        begun = time.monotonic()
        assert program.stop(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 15.0
    assert_all_gone(program)


@pytest.mark.parametrize("sign", SIGNALS)
@pytest.mark.parametrize("patience", [0.0, 0.15, 0.5, 1.0])
def test_a_signal_while_it_starts_ends_it(scratch: Path, sign: signal.Signals, patience: float) -> None:
    """A signal before it is ready is heard too, and leaves no PostgreSQL behind."""
    program = Program(scratch / "data")
    try:
        until_true(program.data.exists, pause=0.001)
        time.sleep(patience)  # wherever it is by now: that is the point of it
        program.ask_to_stop(sign)
        assert program.ended() in {0, 130}, program.said()[-3000:]
        assert "Traceback" not in program.said()
        assert program.postgres() is None
    finally:
        program.clear_away()
