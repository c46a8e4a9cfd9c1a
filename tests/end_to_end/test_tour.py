"""The README's five minutes with curl, as they are written there: every command works and says what it should."""

import re
import shutil
import subprocess

import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.program import ROOT


def tour() -> str:
    """Return the README's shell commands under 'Five minutes with curl', without the line that names the address."""
    section = (ROOT / "README.md").read_text().split("## Five minutes with curl", 1)[1]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    commands = found[1]
    assert "URL=http://127.0.0.1:4004\n" in commands
    return commands.replace("URL=http://127.0.0.1:4004\n", "")


def test_the_tour_of_the_readme(start_program: StartProgram) -> None:
    """Sign in, register, find, change, collide, look back, bill, count, archive and restore, with the default rates."""
    take_the_tour(start_program(generous=False).url)


def take_the_tour(url: str) -> None:
    """Follow the README at this address, and check that each step of it says what it should."""
    if shutil.which("curl") is None:
        pytest.skip("the tour is told with curl, which is not on this machine")
    told = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"URL={url}\n{tour()}"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    statuses = [int(status) for status in re.findall(r"HTTP/1.1 (\d{3})", told.stdout)]
    # Register, read, change, a stale change, archive, read what is archived, restore; the others do not show theirs.
    assert statuses == [201, 200, 200, 412, 204, 410, 200], told.stdout
    assert told.stdout.count('"Zoë Müller-Østergård"') >= 6
    assert told.stdout.count('"nextCursor":null') == 2, "each of the two searches finds her"
    assert '"change":"amended"' in told.stdout
    assert re.search(r'"status":"(PENDING|ACTIVE)"', told.stdout)
    assert '"patientsTotal":' in told.stdout
    assert re.search(r'"resourceType": ?"Patient"', told.stdout)
    assert "restricted to its care team" in told.stdout, "Ana is refused, and told the way in"
    assert told.stdout.count('"until":') >= 2, "the emergency is open for a time, and listed with it"
    assert '"outcome":"denied"' in told.stdout, "the audit has the refusal"
