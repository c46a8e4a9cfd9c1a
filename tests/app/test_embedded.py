"""The embedded PostgreSQL: started, found again after a kill, refused in one sentence where it cannot be."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from careplane.app.embedded import EmbeddedPostgres, running_url
from careplane.app.postmaster import Postmaster
from careplane.app.setup_error import SetupError

START_AND_DIE = """
import os, signal, sys
from pathlib import Path
from careplane.app.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a new folder that is not below pytest's closed ones."""
    path = Path(tempfile.mkdtemp(prefix="careplane-embedded-"))
    yield path
    shutil.rmtree(path)


async def ask(url: str, question: str) -> object:
    """Ask the database at `url` one question."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def start_and_die(folder: Path) -> int:
    """Start a database from a process that is then killed; return how that ended."""
    return subprocess.run([sys.executable, "-c", START_AND_DIE, folder], check=False, timeout=60).returncode


async def test_it_starts_keeps_its_data_and_stops(folder: Path) -> None:
    """What was written before a stop is there after the next start, and in between nothing runs."""
    with EmbeddedPostgres(folder) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS seven")
        assert running_url(folder) == server.url
    assert running_url(folder) is None
    with EmbeddedPostgres(folder) as server:
        assert await ask(server.url, "SELECT seven FROM kept") == 7


def test_another_accounts_database_is_not_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not look into the folder is told so in one sentence."""

    def closed(_file: Path, **_how: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", closed)
    with pytest.raises(SetupError, match="belongs to another account"):
        running_url(folder)


async def test_it_is_durable_and_listens_on_a_socket_only(folder: Path) -> None:
    """The settings that durability and privacy rest on are in force."""
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
    }
    with EmbeddedPostgres(folder) as server:
        assert {name: await ask(server.url, f"SHOW {name}") for name in expected} == expected


async def test_nobody_may_come_in_by_tcp(folder: Path) -> None:
    """Who cannot enter the folder has no way in, whatever address an administrator might make it listen on."""
    with EmbeddedPostgres(folder) as server:
        rules = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules WHERE type = 'host'"
        assert await ask(server.url, rules) == "reject"
        assert stat.S_IMODE((folder / "postgres").stat().st_mode) == stat.S_IRWXU


async def test_its_log_holds_nothing_of_what_was_asked(folder: Path) -> None:
    """A failing statement, its parameters and the row it met do not get into the log."""
    with EmbeddedPostgres(folder) as server:
        await ask(server.url, "CREATE TABLE people (email text PRIMARY KEY)")
        await ask(server.url, "INSERT INTO people VALUES ('canary@example.org')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(server.url, "INSERT INTO people VALUES ('canary@example.org')")
    logs = "".join(file.read_text() for file in (folder / "postgres" / "log").iterdir())
    assert "ready to accept connections" in logs
    assert "canary" not in logs


async def test_a_database_left_running_by_a_killed_process_is_taken_over(folder: Path) -> None:
    """After kill -9 PostgreSQL still runs: the next start uses it, and stops it in the end."""
    assert start_and_die(folder) == -signal.SIGKILL
    server = EmbeddedPostgres(folder)
    server.start()
    assert server.reused
    assert await ask(server.url, "SELECT 1") == 1
    server.stop()
    assert running_url(folder) is None


async def test_it_recovers_when_the_database_was_killed_too(folder: Path) -> None:
    """After a kill of PostgreSQL itself the next start recovers what was committed."""
    server = EmbeddedPostgres(folder)
    await ask(server.start(), "CREATE TABLE kept AS SELECT 7 AS seven")
    running = Postmaster.of(folder / "postgres")
    assert running
    os.kill(running.pid, signal.SIGKILL)
    server.stop()
    with EmbeddedPostgres(folder) as again:
        assert await ask(again.url, "SELECT seven FROM kept") == 7


async def test_a_stale_pid_file_with_a_recycled_number_is_no_hindrance(folder: Path) -> None:
    """A postmaster.pid whose number is another program's now does not keep the database from starting."""
    with EmbeddedPostgres(folder):
        text = (folder / "postgres" / "postmaster.pid").read_text()
    (folder / "postgres" / "postmaster.pid").write_text(text.replace(text.split()[0], str(os.getpid()), 1))
    with EmbeddedPostgres(folder) as server:
        assert await ask(server.url, "SELECT 1") == 1


async def test_half_a_database_is_made_anew(folder: Path) -> None:
    """What a killed first start left behind is thrown away."""
    (folder / "careplane.lock").touch()
    (folder / "postgres.unfinished").mkdir()
    (folder / "postgres.unfinished" / "rubble").touch()
    with EmbeddedPostgres(folder) as server:
        assert await ask(server.url, "SELECT 1") == 1


async def test_a_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    """A data folder whose path is longer than a socket's may be works all the same."""
    deep = folder / ("d" * 60) / ("e" * 60)
    with EmbeddedPostgres(deep) as server:
        assert await ask(server.url, "SELECT 1") == 1
        socket_folder = Postmaster.of(deep / "postgres")
    assert socket_folder
    assert not socket_folder.socket_folder.is_relative_to(deep)
    shutil.rmtree(socket_folder.socket_folder)


def test_two_on_one_folder_are_refused(folder: Path) -> None:
    """The second Careplane on a folder is told which process has it, and the first works on."""
    with EmbeddedPostgres(folder):
        with pytest.raises(SetupError, match=rf"^Another Careplane \(process {os.getpid()}\) is working in "):
            EmbeddedPostgres(folder).start()
        assert running_url(folder)


def test_a_folder_that_is_not_ours_is_left_alone(folder: Path) -> None:
    """A folder with other things in it is refused, and nothing is put there."""
    (folder / "thesis.tex").touch()
    with pytest.raises(SetupError, match=r"holds files that are not Careplane's: choose .* --data\.$"):
        EmbeddedPostgres(folder).start()
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_an_unusable_folder_is_named(folder: Path) -> None:
    """A data folder that cannot be made is refused in one sentence."""
    (folder / "file").touch()
    with pytest.raises(SetupError, match=r"^Careplane cannot write to .*: choose another folder with --data\.$"):
        EmbeddedPostgres(folder / "file" / "data").start()


@pytest.mark.parametrize(
    ("path", "reason"), [("file", "file exists"), ("file/sub", "not a directory"), ("loop", "leads nowhere")]
)
def test_what_can_be_no_folder_is_told(folder: Path, path: str, reason: str) -> None:
    """A file, what is below a file, or a link that leads to itself: one sentence, from whoever comes first."""
    (folder / "file").touch()
    (folder / "loop").symlink_to("loop")

    def ask_and_start() -> None:
        assert running_url(folder / path) is None
        EmbeddedPostgres(folder / path).start()

    with pytest.raises(SetupError, match=rf"{reason}.*: choose another folder with --data\.$"):
        ask_and_start()


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"", b"x\n"])
def test_a_pid_file_that_is_none_is_passed_over(folder: Path, content: bytes) -> None:
    """Nothing runs where nobody says what."""
    (folder / "postgres").mkdir()
    (folder / "postgres" / "postmaster.pid").write_bytes(content)
    assert running_url(folder) is None


def test_a_pid_file_that_cannot_be_read_is_told(folder: Path) -> None:
    """In one sentence."""
    (folder / "postgres" / "postmaster.pid").mkdir(parents=True)
    with pytest.raises(SetupError, match=r"cannot be used \(is a directory\): choose another folder with --data\.$"):
        running_url(folder)


def test_another_version_is_named(folder: Path) -> None:
    """A database of another PostgreSQL is refused with both versions, and the folder is free again."""
    (folder / "careplane.lock").touch()
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("15\n")
    for _ in range(2):
        with pytest.raises(SetupError, match="was made by PostgreSQL 15 and this Careplane brings 18"):
            EmbeddedPostgres(folder).start()


def test_a_database_that_cannot_start_says_why(folder: Path) -> None:
    """PostgreSQL's own reason is in the sentence."""
    with EmbeddedPostgres(folder):
        pass
    with (folder / "postgres" / "postgresql.auto.conf").open("a") as conf:
        conf.write("shared_buffers = 'plenty'\n")
    with pytest.raises(SetupError, match=r"^PostgreSQL could not start \(.*\): mend that and start Careplane again"):
        EmbeddedPostgres(folder).start()


def test_a_start_that_takes_too_long_is_given_up(folder: Path) -> None:
    """After the time is up nothing is left running."""
    with EmbeddedPostgres(folder):
        pass
    with pytest.raises(SetupError, match="was not ready within 0 s"):
        EmbeddedPostgres(folder, start_timeout_s=0.0).start()
    assert Postmaster.of(folder / "postgres") is None
