"""The commands out of the one file: each finds what it needs, and what goes wrong is one sentence."""

import json
from pathlib import Path

import httpx
import pytest
from tests.binary.one_file import OneFile, Running
from tests.end_to_end.program import assert_one_sentence
from tests.ports import free_ports

import careplane

pytestmark = pytest.mark.timeout(180)
GIVEN = Path(careplane.__file__).parents[2] / "LICENSE"


def test_it_says_what_it_is(one_file: OneFile) -> None:
    """Its version, its commands, its settings, and the licences of all that it is made from."""
    assert one_file.said("--version").strip() == careplane.__version__
    assert "A patient-management platform" in one_file.said("--help")
    assert "The settings and the route table are valid." in one_file.said("config", "check")
    said = one_file.said("licenses")
    assert GIVEN.read_text().strip() in said
    for one in ("PostgreSQL Database Management System", "litestar 2", "Python 3", "libcrypto"):
        assert one in said
    one_file.assert_nothing_is_left()


def test_the_doctor_finds_nothing_wrong(one_file: OneFile) -> None:
    """It knows the libraries that it brings, none of which is for tests only."""
    said = json.loads(one_file.said("doctor", "--json", **other_ports()))
    assert said["problems"] == 0, said
    libraries = next(one["found"] for one in said["findings"] if one["subject"] == "libraries")
    assert 40 < int(libraries.split()[2]) < 70, libraries


def test_what_is_wrong_is_one_sentence(one_file: OneFile) -> None:
    """A port that is taken, a command that there is not, a settings file that is not there, a setting that is wrong."""
    running = Running(one_file)
    running.wait_until_ready()
    port = str(running.port)
    assert port in assert_one_sentence(one_file.run("dev", "--port", port, "--data", "other"))
    assert "Another Careplane" in assert_one_sentence(one_file.run("dev", "--data", "data", **other_ports()))
    assert running.stop() == 0
    assert_one_sentence(one_file.run("config", "check", "--config", "nowhere.toml"))
    assert "CAREPLANE_HTTP_PORT" in assert_one_sentence(one_file.run("config", "check", CAREPLANE_HTTP_PORT="many"))
    unknown = one_file.run("no-such-command")
    assert unknown.returncode > 0
    assert "Traceback" not in unknown.stderr + unknown.stdout
    one_file.assert_nothing_is_left()


def other_ports() -> dict[str, str]:
    """Return settings with ports that nobody listens on."""
    http, metrics = map(str, free_ports(2))
    return {"CAREPLANE_HTTP_PORT": http, "CAREPLANE_METRICS_PORT": metrics}


def test_commands_work_beside_the_platform(one_file: OneFile) -> None:
    """People are made up, exported and imported, accounts added, the trail verified, keys rotated, all counted anew."""
    running = Running(one_file)
    running.wait_until_ready()
    here = ("--data", "data")
    assert "40" in one_file.said("demo", "--patients", "40", *here)
    one_file.said("export", "all.ndjson", *here)
    assert len((one_file.here / "all.ndjson").read_text("utf-8").splitlines()) == 40
    one_file.said("import", "all.ndjson", *here)
    one_file.said("users", "add-client", "Lab interface", "--role", "analyst", *here)
    one_file.said("audit", "verify", *here)
    one_file.said("keys", "rotate", *here)
    one_file.said("analytics", "rebuild", *here)
    assert httpx.get(f"{running.url}/health/live", timeout=10.0).is_success
    assert running.stop() == 0
    one_file.assert_nothing_is_left()


def test_what_production_needs_is_made(one_file: OneFile) -> None:
    """Certificates and the gateway's documentation, with nothing running."""
    one_file.said("certs", "certs")
    assert (one_file.here / "certs").is_dir()
    document = json.loads(one_file.said("gateway", "export-openapi"))
    assert document["info"]["version"] == careplane.__version__
