"""Coverage-guided fuzzing of what decodes what strangers send, briefly in every run, for long by `make fuzz`."""

import os
import random
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

HERE = Path(__file__).parent
TARGETS = ("token", "cursor", "line")
SECONDS = int(os.environ.get("CAREPLANE_FUZZ_SECONDS", "4"))
SEED = int(os.environ.get("CAREPLANE_FUZZ_SEED", str(random.randrange(1, 2**31))))
FOUND = 77
"""How libFuzzer ends when the target raised something."""


@pytest.fixture(autouse=True)
def _atheris() -> None:
    group = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["dependency-groups"]["fuzz"]
    wanted = any(marker.evaluate() for text in group if (marker := Requirement(text).marker))
    if not wanted:
        pytest.skip("atheris has no wheel for this Python on this platform")
    assert find_spec("atheris"), "atheris is locked and not installed: run `make env`"


def fuzz(
    target: str, folder: Path, *options: str, seconds: int = SECONDS, seed: int = SEED
) -> subprocess.CompletedProcess[str]:
    """Fuzz a target; what it finds is kept in the folder."""
    sys.stdout.write(f"seed {seed}; the same again by CAREPLANE_FUZZ_SEED={seed}\n")
    fresh = folder / "corpus"
    fresh.mkdir()
    limits = (f"-seed={seed}", f"-max_total_time={seconds}", "-max_len=3000", "-timeout=5", "-rss_limit_mb=2048")
    command = (sys.executable, str(HERE / "fuzz_run.py"), target, *options, *limits)
    return subprocess.run(
        [*command, f"-artifact_prefix={folder}/", str(fresh), str(HERE / "corpus" / target)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + 60,
        check=False,
    )


@pytest.mark.timeout(SECONDS + 90)
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_found(target: str, tmp_path: Path) -> None:
    """Nothing but what must come of it comes of whatever is decoded."""
    said = fuzz(target, tmp_path)
    found = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    assert said.returncode == 0, f"seed {SEED}, {found}\n{said.stdout[-6000:]}\n{said.stderr[-6000:]}"
    assert not found
    assert "DONE" in said.stderr
    assert any((tmp_path / "corpus").iterdir()), "the fuzzer learnt nothing: is the code under test instrumented?"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("target", TARGETS)
def test_a_planted_fault_is_found(target: str, tmp_path: Path) -> None:
    """The same target comes upon the fault of a broken decoder, which is in none of the examples."""
    said = fuzz(target, tmp_path, "--broken", seconds=150, seed=3)
    assert said.returncode == FOUND, said.stderr[-4000:]
    assert [file for file in tmp_path.iterdir() if file.name.startswith("crash-")]


@pytest.mark.parametrize("target", TARGETS)
def test_the_examples_are_few_and_small(target: str) -> None:
    """What is kept in the project is what a person would look at."""
    sizes = [file.stat().st_size for file in (HERE / "corpus" / target).iterdir()]
    assert 3 <= len(sizes) <= 20
    assert max(sizes) < 2048
