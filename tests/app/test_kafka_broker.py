"""The embedded Kafka: started, stopped, gone with its owner, refused in one sentence where it cannot be."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.broker.test_fixture import make_topic, send_and_receive
from tests.end_to_end.program import until_true

from careplane.app.kafka_broker import KafkaBroker
from careplane.app.kafka_broker_answer import answers
from careplane.app.kafka_broker_conf import Listener, write_properties
from careplane.app.kafka_broker_jars import jars, java
from careplane.app.setup_error import SetupError

QUICK = ("-XX:TieredStopAtLevel=1",)
START_AND_DIE = """
import os, signal, sys
from pathlib import Path
from careplane.app.kafka_broker import KafkaBroker
broker = KafkaBroker(Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a new folder."""
    path = Path(tempfile.mkdtemp(prefix="careplane-broker-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder, in which the test's own programs are the only ones there are."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CAREPLANE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    """Write a program."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.mark.timeout(120)
def test_it_starts_keeps_its_records_and_stops(folder: Path, startable_kafka: None) -> None:
    """What was sent before a stop is there after the next start, by whichever of its doors; afterwards it is gone."""
    broker = KafkaBroker(folder, java_options=QUICK)
    servers = broker.start()
    make_topic(servers, "kept")
    assert send_and_receive(servers, "kept") == b"careplane"
    pid = broker.pid
    assert pid
    with pytest.raises(SetupError, match=rf"^Another Careplane \(process {os.getpid()}\) is working in "):
        KafkaBroker(folder).start()
    broker.stop()
    assert not psutil.pid_exists(pid)
    port = int(servers.rpartition(":")[2])
    with KafkaBroker(folder, port, java_options=QUICK) as again:
        assert again.bootstrap_servers == servers
        assert send_and_receive(servers, "kept") == b"careplane"
    assert not answers("127.0.0.1", port)


@pytest.mark.timeout(120)
def test_it_goes_when_its_owner_is_killed(folder: Path, startable_kafka: None) -> None:
    """After kill -9 of the owner its broker ends too, and the next start on the folder recovers what was there."""
    command = [sys.executable, "-c", START_AND_DIE, str(folder)]
    died = subprocess.run(command, check=False, timeout=60, stdout=subprocess.PIPE, text=True)
    assert died.returncode == -signal.SIGKILL
    until_true(lambda: not psutil.pid_exists(int(died.stdout)))
    with KafkaBroker(folder, java_options=QUICK) as broker:
        assert broker.pid


@pytest.mark.timeout(120)
def test_what_it_does_not_understand_is_told(folder: Path, startable_kafka: None) -> None:
    """Kafka's own reason is in the sentence, and the folder is free again."""
    for _ in range(2):
        with pytest.raises(SetupError, match=r"^Kafka in .* could not start \(.*log.retention.hours.*\): mend that"):
            KafkaBroker(folder, properties={"log.retention.hours": "many"}, java_options=QUICK).start()


@pytest.mark.timeout(120)
def test_a_start_that_takes_too_long_is_given_up(folder: Path, startable_kafka: None) -> None:
    """After the time is up nothing is left running."""
    others = psutil.Process().children()
    with pytest.raises(SetupError, match="did not answer within 0 s"):
        KafkaBroker(folder, java_options=QUICK, start_timeout_s=0.0).start()
    assert psutil.Process().children() == others


def test_a_port_that_is_taken_is_named(folder: Path, startable_kafka: None) -> None:
    """Somebody else's port is not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"^Port {port}, which Kafka was to have, is taken"):
            KafkaBroker(folder, port).start()


def test_without_java_one_is_asked_for(folder: Path, programs: Path) -> None:
    """In one sentence that says what to do."""
    with pytest.raises(SetupError, match=r"needs Java 17 or later and there is none: install one.*bootstrap_servers"):
        KafkaBroker(folder).start()


@pytest.mark.parametrize(
    ("says", "named"),
    [('openjdk version "11.0.2"', "is 11"), ('java version "1.8.0_391"', "is 8"), ("gcj", "is of no known version")],
)
def test_a_java_too_old_is_named(folder: Path, programs: Path, says: str, named: str) -> None:
    """With its version, also where it counts as Java did before 9."""
    program(programs, "java", f"echo '{says}' >&2")
    with pytest.raises(SetupError, match=f"needs Java 17 or later and .* {named}: install a newer one"):
        KafkaBroker(folder).start()


def test_the_java_of_java_home_goes_first(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older one in PATH does not matter then."""
    (programs / "home" / "bin").mkdir(parents=True)
    program(programs, "java", "echo 'version \"11\"' >&2")
    program(programs / "home" / "bin", "java", "echo 'version \"21.0.1\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(programs / "home"))
    assert java() == programs / "home" / "bin" / "java"


def test_without_maven_it_is_asked_for(programs: Path) -> None:
    """In one sentence that says what to do, and nothing half fetched stays."""
    with pytest.raises(SetupError, match=r"^Maven, which fetches Kafka the first time, is not installed"):
        jars()
    assert list((programs / "cache").iterdir()) == []


def test_what_maven_cannot_fetch_is_told(programs: Path) -> None:
    """Maven's own first reason is in the sentence, and nothing half fetched stays."""
    program(programs, "mvn", "echo '[ERROR] No such host'; echo '[ERROR] see the manual'; exit 1")
    with pytest.raises(SetupError, match=r"^Maven could not fetch Kafka .* \(No such host\): check the network"):
        jars()
    assert list((programs / "cache").iterdir()) == []


def test_an_unusable_cache_is_named(programs: Path) -> None:
    """The folder cannot be made where a file is."""
    (programs / "cache").touch()
    with pytest.raises(SetupError, match=r"^Kafka cannot be kept in .*: name another folder in CAREPLANE_CACHE"):
        jars()


def test_what_was_fetched_is_not_fetched_again(programs: Path) -> None:
    """Maven is asked once."""
    fetch = 'for word in "$@"; do case $word in -DoutputDirectory=*) /bin/mkdir "${word#*=}";; esac; done'
    program(programs, "mvn", fetch)
    first = jars()
    program(programs, "mvn", "exit 1")
    assert jars() == first
    assert [path.name for path in (programs / "cache").iterdir()] == [first.name]


def test_a_listener_may_tell_a_proxys_port() -> None:
    """Clients come back to where they are told."""
    assert Listener("PATIENT", 1).told == "PATIENT://127.0.0.1:1"
    assert Listener("PATIENT", 1, told_port=2).told == "PATIENT://127.0.0.1:2"


def test_properties_are_for_their_owner_only(folder: Path) -> None:
    """They are written as Java reads them, and nobody else reads them."""
    write_properties(folder / "some.properties", {"one": "back\\slash", "two": "naïve\nlines"})
    assert (folder / "some.properties").read_bytes() == b"one=back\\\\slash\ntwo=na\\u00efve\\nlines\n"
    assert (folder / "some.properties").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("said", [b"", b"\0\0\0\1x", b"\0\0\0\x08" + b"\0" * 8, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_who_is_no_broker_does_not_answer_as_one(said: bytes) -> None:
    """Nor does a broker that knows of none that takes records."""

    def answer(door: socket.socket) -> None:
        with door.accept()[0] as connection:
            connection.recv(100)
            connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as door:
        answering = threading.Thread(target=answer, args=(door,))
        answering.start()
        assert not answers(*door.getsockname()[:2])
        answering.join(10)
