"""docker/Dockerfile and .dockerignore, without Docker: what the image is made from, and as whom it runs."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker" / "Dockerfile").read_text()
LINES = [line.strip() for line in re.sub(r"\\\n", " ", TEXT).splitlines() if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ALLOWED = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]


def said(word: str) -> list[str]:
    """Return what stands behind each instruction of that name."""
    return [line.partition(" ")[2].strip() for line in LINES if line.split(" ", 1)[0] == word]


def test_the_image_runs_as_nobody_in_particular() -> None:
    """A numbered account, which an orchestrator can check is not root; it cannot log in and has no home."""
    assert said("USER") == ["10001:10001"]
    assert LINES.index("USER 10001:10001") > max(index for index, line in enumerate(LINES) if line.startswith("RUN"))
    assert "--shell /usr/sbin/nologin" in TEXT


def test_it_is_stopped_checked_and_started_as_it_should_be() -> None:
    """SIGTERM drains, `careplane health` tells how it is, and no shell stands between the signal and the program."""
    assert said("STOPSIGNAL") == ["SIGTERM"]
    assert said("ENTRYPOINT") == ['["careplane"]']
    assert said("CMD") == ['["serve"]']
    (check,) = said("HEALTHCHECK")
    assert check.endswith('CMD ["careplane", "health"]')


def test_what_goes_in_is_locked() -> None:
    """Packages come by hash and as wheels, their build included; nothing is fetched past the lock."""
    installs = re.findall(r"pip(?: --python \S+)? install ([^&\n]*)", TEXT)
    assert len(installs) == 3
    assert [("--require-hashes" in it) or ("--no-deps /dist/" in it) for it in installs] == [True] * 3
    assert "--no-build-isolation" in TEXT
    assert not said("ADD")
    assert not re.search(r"\b(apt-get|curl|wget|git clone)\b", TEXT)
    assert all(":latest" not in image for image in said("ARG") + said("FROM"))


def test_the_second_stage_takes_the_environment_and_nothing_else() -> None:
    """No source, no compiler, no package cache in what runs."""
    second = LINES[max(index for index, line in enumerate(LINES) if line.startswith("FROM")) :]
    assert [line for line in second if line.startswith("COPY")] == ["COPY --from=build /opt/careplane /opt/careplane"]


def test_no_secret_is_built_in() -> None:
    """Neither as an argument nor in the environment: both can be read from the image."""
    words = [word for line in said("ARG") + said("ENV") for word in re.findall(r"([A-Z_]+)=?", line)]
    assert not [word for word in words if re.search("PASSWORD|SECRET|TOKEN|KEY|URL", word)]


def test_it_says_what_it_is() -> None:
    """The labels of the Open Container Initiative, with the project's own version and licence."""
    (labels,) = said("LABEL")
    assert f"VERSION={PROJECT['project']['version']}" in said("ARG")
    assert f'licenses="{PROJECT["project"]["license"]}"' in labels
    assert all(
        f"org.opencontainers.image.{name}=" in labels for name in ("title", "description", "version", "revision")
    )


def test_only_what_is_needed_is_sent_to_the_builder() -> None:
    """Nothing is, but what is named; and what is named is there, with all that the build takes."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    for name in ALLOWED:
        assert (ROOT / name).exists(), name
    for source in ("pyproject.toml", "config/requirements.lock", "docker/locked.py", "README.md", "LICENSE"):
        assert source in ALLOWED
    forced = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"].get("force-include", {})
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for source in (*forced, *packages):
        assert any(
            source == name or source.startswith(name.rstrip("/") + "/") or name.startswith(f"{source}/")
            for name in ALLOWED
        )


@pytest.mark.parametrize("name", [".git/config", ".env", ".venv/bin/python", "data/careplane.key", "tests/conftest.py"])
def test_what_must_stay_here_is_not_sent(name: str) -> None:
    """History, secrets, data and tests."""
    assert not any(fnmatch(name, f"{allowed.rstrip('/')}*") for allowed in ALLOWED)
