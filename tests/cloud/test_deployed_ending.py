"""The pretended cloud ends for certain: when a test is done with it, when it fails, and when its starter is killed."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.cloud.moto_cloud import cloud

_ROOT = Path(__file__).parents[2]
_STARTER = """
import time
from tests.cloud.moto_cloud import cloud
with cloud() as made:
    print(made.process, flush=True)
    time.sleep(60)
"""
_END_SECONDS = 20.0


def test_it_ends_when_a_test_fails() -> None:
    """Whatever is raised inside."""
    servers = []

    def fail() -> None:
        with cloud() as made:
            servers.append(psutil.Process(made.process))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [server.is_running() for server in servers] == [False]


def test_it_ends_when_its_starter_is_killed() -> None:
    """Nobody is left to end it: it hears its standard input end."""
    command = [sys.executable, "-c", _STARTER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=_ROOT, start_new_session=True) as starter:
        assert starter.stdout is not None
        server = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
        starter.wait(_END_SECONDS)
        assert server.wait(_END_SECONDS) is None, "not our child, so it has no code for us"
    assert not server.is_running()
