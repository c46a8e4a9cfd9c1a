"""The one file killed: whatever was killed of it, the next start finds all data, and nothing stays for ever."""

import os
import time

import psutil
import pytest
from tests.binary.one_file import OneFile, Running
from tests.binary.test_one_file import assert_found, register_somebody
from tests.end_to_end.program import until_true

from careplane.app.postmaster import Postmaster

pytestmark = pytest.mark.timeout(180)


def start_again(one_file: OneFile, patient: str) -> None:
    """Start it on the same data folder, find the patient, and stop it."""
    again = Running(one_file)
    again.wait_until_ready()
    assert_found(again, patient)
    assert again.stop() == 0, again.output.read_text()[-4000:]


@pytest.fixture
def running(one_file: OneFile) -> Running:
    """Give one that runs."""
    running = Running(one_file)
    running.wait_until_ready()
    return running


def test_who_unpacks_is_killed(one_file: OneFile, running: Running) -> None:
    """It can pass nothing on, and yet all of it stops in good order, and is cleared away."""
    patient = register_somebody(running)
    running.process.kill()
    until_true(lambda: not one_file.processes(), seconds=40)
    assert '"event":"stopped"' in running.output.read_text()
    until_true(lambda: not one_file.unpacked())
    start_again(one_file, patient)
    one_file.assert_nothing_is_left()


def test_careplane_itself_is_killed(one_file: OneFile, running: Running) -> None:
    """Its PostgreSQL lives on, though the folder it unpacked itself into is gone, and is taken over by the next."""
    patient = register_somebody(running)
    running.inner().kill()
    assert running.ended() != 0
    assert one_file.unpacked() == []
    left = Postmaster.of(running.pgdata)
    assert left is not None
    again = Running(one_file)
    again.wait_until_ready()
    assert Postmaster.of(running.pgdata) == left
    assert_found(again, patient)
    assert again.stop() == 0
    one_file.assert_nothing_is_left()


def test_all_of_it_is_killed(one_file: OneFile, running: Running) -> None:
    """PostgreSQL recovers, and what nobody was left to clear away the next one does, a minute later."""
    patient = register_somebody(running)
    for process in (psutil.Process(running.process.pid), *psutil.Process(running.process.pid).children(recursive=True)):
        process.kill()
    running.ended()
    until_true(lambda: not one_file.processes())
    (left,) = one_file.unpacked()
    start_again(one_file, patient)
    assert one_file.unpacked() == [left]  # it could be one that has only just begun
    long_ago = time.time() - 3600
    os.utime(left / "careplane.unpacked", (long_ago, long_ago))
    one_file.said("--version")
    one_file.assert_nothing_is_left()
