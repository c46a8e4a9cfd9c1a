"""Starts that cannot be, and those that only look so: one clear sentence and a non-zero exit, never a traceback."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import registered
from tests.end_to_end.program import (
    ROOT,
    Program,
    assert_one_sentence,
    generous_routes,
    run_careplane,
)
from tests.ports import free_port


def start(data: Path, **settings: str) -> str:
    """Try to start a program that must not start, and return the sentence it says."""
    port = settings.pop("port", None) or str(free_port())
    settings.setdefault("CAREPLANE_METRICS_PORT", "0")
    return assert_one_sentence(run_careplane("dev", "--port", port, "--data", str(data), **settings))


def test_a_second_one_in_the_same_folder_is_refused(program: Program) -> None:
    """The sentence names the folder, the process that holds it, and what to do. The first one goes on."""
    sentence = start(program.data)
    assert str(program.data) in sentence
    assert str(program.process.pid) in sentence
    assert "--data" in sentence
    assert httpx.get(f"{program.url}/health/ready", timeout=10.0).status_code == 200


def test_a_taken_port_is_refused(program: Program, tmp_path: Path) -> None:
    """The port is named, and nothing has been made in the folder yet."""
    sentence = start(tmp_path / "data", port=str(program.port))
    assert str(program.port) in sentence
    assert not (tmp_path / "data" / "postgres").exists()
    sentence = start(tmp_path / "data", CAREPLANE_METRICS_PORT=str(program.metrics_port))
    assert str(program.metrics_port) in sentence


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A file in the way, a system that takes no files, and a folder that is somebody else's."""
    (tmp_path / "file").touch()
    assert "--data" in start(tmp_path / "file" / "data")
    assert "/proc/careplane" in start(Path("/proc/careplane"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    assert "not Careplane's" in start(tmp_path / "mine")
    if os.geteuid() != 0:  # root may write anywhere
        (tmp_path / "closed").mkdir(mode=0o500)
        assert "--data" in start(tmp_path / "closed" / "data")


@pytest.mark.parametrize(
    ("arguments", "settings", "named"),
    [
        (("dev", "--port", "http"), {}, "port"),
        (("dev", "--port", "70000"), {}, "port"),
        (("dev",), {"CAREPLANE_HTTP_PORT": "http"}, "CAREPLANE_HTTP_PORT"),
        (("dev",), {"CAREPLANE_HTTP_PROT": "4004"}, "CAREPLANE_HTTP_PROT"),
        (("dev",), {"CAREPLANE_LOGGING_LEVEL": "loud"}, "CAREPLANE_LOGGING_LEVEL"),
        (("dev",), {"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL"),
        (("dev",), {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "CAREPLANE_METRICS_PORT": "0"}, "DATABASE_URL"),
        (("dev", "--config", "/no/such/file.toml"), {}, "/no/such/file.toml"),
        (("dev", "--bogus"), {}, "bogus"),
        (("import", "/no/such/file.ndjson"), {}, "/no/such/file.ndjson"),
        (("demo", "--patients", "-1"), {}, "patients"),
        (("serve", "payroll"), {}, "payroll"),
        (("brew",), {}, "brew"),
    ],
)
def test_a_mistake_in_what_is_asked_is_named(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], named: str
) -> None:
    """Options, settings and files that make no sense end it with a word on which."""
    data = ("--data", str(tmp_path / "data")) if arguments[0] in {"dev", "import", "demo"} else ()
    port = ("--port", str(free_port())) if arguments == ("dev",) and "CAREPLANE_HTTP_PORT" not in settings else ()
    said = run_careplane(*arguments, *data, *port, **settings)
    assert said.returncode > 0
    assert "Traceback" not in said.stderr + said.stdout
    assert named in said.stderr + said.stdout, said.stderr + said.stdout


def test_the_number_of_a_killed_database_may_be_another_programs_now(start_program: StartProgram) -> None:
    """After a power cut the numbers in PostgreSQL's lock files may belong to others, who must not be taken for it."""
    program = start_program()
    with httpx.Client(base_url=program.url, headers=program.sign_in()) as client:
        patient = registered(client)
    program.kill(with_postgres=True)
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        lock = program.data / "postgres" / name
        if lock.exists():
            lines = lock.read_text().splitlines()
            lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    program = start_program(program.data)
    with httpx.Client(base_url=program.url, headers=program.sign_in()) as client:
        assert client.get(f"/api/patients/{patient['id']}").json() == patient


PLANTED: list[tuple[str, str, str]] = [
    ("methods: [PUT, PATCH]", "methods: [PUT, PATCHES]", "PATCHES"),
    ('access: bearer, scopes: ["patients:read"], rate: search', "access: secret, rate: search", "secret"),
    (
        'scopes: ["analytics:read"], rate: read, timeout: 5, body_limit: 0}',
        'scopes: ["analytics:rule"], rate: read, timeout: 5, body_limit: 0}',
        "analytics:rule",
    ),
    ("path: /auth/validate,", "path: auth/validate,", "auth/validate"),
    ("path: /auth/validate,", "path: /auth/valid,", "/auth/valid"),
    ("component: analytics", "component: analyst", "analyst"),
    ("rate: login, timeout: 10", "rate: logout, timeout: 10", "logout"),
    ("rate: login, timeout: 10", "rate: login, timeout: soon", "number"),
    ("body_limit: 4096", "body_limit: -1", "0"),
    ("body_limit: 4096", "body_limit: 4096, colour: red", "colour"),
    ("path: /health/ready,", "path: /health/live,", "/health/live"),
    ("per: user}", "per: moon}", "moon"),
    ("burst: 400", "burst: 0", "1"),
    ("routes:", "routes: {", ""),
]


def planted(tmp_path: Path, old: str, new: str) -> tuple[Path, int]:
    """Write the route table with a mistake in it, and return its path and the line of the mistake."""
    table = (ROOT / "config" / "gateway.yaml").read_text()
    assert old in table, old
    line = table[: table.index(old)].count("\n") + 1
    file = tmp_path / "gateway.yaml"
    file.write_text(table.replace(old, new, 1))
    return file, line


@pytest.mark.parametrize(("old", "new", "named"), PLANTED)
def test_a_mistake_in_the_route_table_is_told_with_its_line(tmp_path: Path, old: str, new: str, named: str) -> None:
    """Checked before anything runs: the file, the line, and what is wrong on it."""
    file, line = planted(tmp_path, old, new)
    said = run_careplane("config", "check", CAREPLANE_HTTP_ROUTES_FILE=str(file))
    sentence = assert_one_sentence(said)
    if new != "routes: {":
        assert f"{file}:{line}:" in sentence, sentence
    else:
        assert f"{file}:" in sentence
    assert named in sentence


def test_all_mistakes_are_told_at_once_and_it_does_not_start(scratch: Path) -> None:
    """`careplane dev` refuses the table too, with every mistake in it."""
    table = (ROOT / "config" / "gateway.yaml").read_text()
    file = scratch / "gateway.yaml"
    file.write_text(table.replace("rate: login,", "rate: lo,").replace("component: analytics", "component: an"))
    sentence = start(scratch / "data", CAREPLANE_HTTP_ROUTES_FILE=str(file))
    assert "'lo'" in sentence
    assert sentence.count("'an'") == 3


def test_a_route_table_without_a_row_is_refused(tmp_path: Path) -> None:
    """Every handler must have its row: a table that forgets one is refused, by name."""
    file = generous_routes(tmp_path)
    lines = [line for line in file.read_text().splitlines() if "/api/analytics/summary" not in line]
    file.write_text("\n".join(lines))
    sentence = assert_one_sentence(run_careplane("config", "check", CAREPLANE_HTTP_ROUTES_FILE=str(file)))
    assert "/api/analytics/summary" in sentence


def test_a_table_of_roles_that_is_not_sound_is_told_before_the_start(tmp_path: Path) -> None:
    """By `config check`, and by whatever would start with it: an unknown scope, and a table that nobody can repair."""
    file = tmp_path / "roles.toml"
    for table, told in (('desk = ["patients:reed"]', "patients:reed"), ("admin = []", "users:write")):
        file.write_text(f"[identity.roles]\n{table}\n")
        checked = assert_one_sentence(run_careplane("config", "check", "--config", str(file)))
        assert "identity.roles" in checked
        assert told in checked
    file.write_text("[identity.roles]\ndesk = 5\n")
    assert "identity.roles" in assert_one_sentence(run_careplane("config", "check", "--config", str(file)))
    roles = '{"desk": ["patients:reed"]}'
    assert "patients:reed" in start(tmp_path / "data", CAREPLANE_IDENTITY_ROLES=roles)


def test_config_check_shows_settings_and_no_secret() -> None:
    """It prints what the settings amount to; what is secret is only said to be set."""
    secrets: dict[str, Any] = {
        "CAREPLANE_HTTP_CURSOR_SECRET": "canary-secret-canary-secret-canary",
        "DATABASE_URL": "postgresql://me:canary-password@db.example/x",
    }
    said = run_careplane("config", "check", COLUMNS="200", CAREPLANE_HTTP_PORT="4321", **secrets)
    assert said.returncode == 0, said.stderr
    assert "4321" in said.stdout
    assert "canary" not in said.stdout + said.stderr
