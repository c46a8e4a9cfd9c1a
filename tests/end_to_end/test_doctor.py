"""`careplane doctor` as people run it: beside a running platform, without one, and with settings that are broken."""

import json
import socket
from pathlib import Path
from typing import Any

from tests.end_to_end.program import DEMO_PASSWORD, Program, run_careplane
from tests.ports import free_port

Findings = list[dict[str, Any]]


def findings(*arguments: str, **settings: str) -> tuple[int, Findings]:
    """Run it for machines; return its exit code and what it found."""
    said = run_careplane("doctor", "--json", *arguments, **settings)
    assert "Traceback" not in said.stderr + said.stdout, said.stderr
    found: Findings = json.loads(said.stdout)["findings"]
    assert DEMO_PASSWORD not in said.stdout
    return said.returncode, found


def bad(found: Findings) -> Findings:
    """Return what is not well, less what is this machine's affair."""
    here = {"disk", "machine", "open files"}
    return [one for one in found if one["level"] != "ok" and one["subject"] not in here]


def ports() -> dict[str, str]:
    """Return settings with ports that are free."""
    return {"CAREPLANE_HTTP_PORT": str(free_port()), "CAREPLANE_METRICS_PORT": str(free_port())}


def test_a_running_platform_is_well(program: Program) -> None:
    """Its ports are its own, its database, logins, queues and keys are in order; nothing is changed by looking."""
    own = {"CAREPLANE_HTTP_PORT": str(program.port), "CAREPLANE_METRICS_PORT": str(program.metrics_port)}
    code, found = findings("--data", str(program.data), **own)
    assert bad(found) == []
    assert code == 0
    told = {one["subject"]: one["found"] for one in found}
    assert f"process {program.process.pid}" in told["ports"]
    assert {"database", "migrations", "logins", "queues", "keys", "demo user", "connections", "clocks"} <= set(told)


def test_without_a_platform_the_rest_is_looked_at(scratch: Path) -> None:
    """No database runs, and none is started; nothing is made in the folder that was named."""
    code, found = findings("--data", str(scratch / "data"), **ports())
    assert (code, bad(found)) == (0, [])
    assert not (scratch / "data").exists()


def test_broken_settings_are_one_problem(tmp_path: Path) -> None:
    """It ends with 1, and says the rest by the defaults."""
    file = tmp_path / "my.toml"
    file.write_text('[http]\nprot = 1\n[database]\nurl = "postgresql://a:hunter2@b/c"\n')
    file.chmod(0o600)
    code, found = findings("--config", str(file), "--data", str(tmp_path / "data"))
    assert code == 1
    assert [one["subject"] for one in bad(found) if one["subject"] != "ports"] == ["settings"]
    assert "http.prot" in next(one["found"] for one in found if one["subject"] == "settings")
    assert "hunter2" not in json.dumps(found)


def test_a_database_that_is_away_and_a_taken_port_are_problems(tmp_path: Path) -> None:
    """Each is named with what to do, for people too."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        settings = {
            "DATABASE_URL": "postgresql://clinic:hunter2@127.0.0.1:1/careplane",
            "CAREPLANE_HTTP_PORT": str(port),
            "CAREPLANE_METRICS_PORT": "0",
        }
        code, found = findings("--data", str(tmp_path), **settings)
        said = run_careplane("doctor", "--data", str(tmp_path), **settings)
    assert (code, said.returncode) == (1, 1)
    assert {"database", "logins", "ports", "secrets"} <= {one["subject"] for one in bad(found)}
    assert all(one["advice"] for one in bad(found))
    assert f"127.0.0.1:{port}" in said.stdout
    assert "hunter2" not in said.stdout + json.dumps(found)


def test_a_malformed_url_is_one_sentence() -> None:
    """For every command, and no traceback."""
    said = run_careplane("migrate", DATABASE_URL="postgresql://clinic:hunter2@db/careplane?port=abc")
    assert said.returncode == 1
    assert said.stderr.startswith("careplane: The setting DATABASE_URL is wrong: must have a port that is a number")
    assert len(said.stderr.splitlines()) == 1
    assert "hunter2" not in said.stderr
