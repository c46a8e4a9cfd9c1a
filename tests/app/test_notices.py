"""The licences: each library that the platform needs, with the text that it comes with."""

import re
import tomllib
from pathlib import Path

import pytest

import careplane
from careplane.app import notices as module
from careplane.app.notices import needed, notices

ROOT = Path(careplane.__file__).parents[2]


def test_each_library_is_named_with_its_licence_and_its_text() -> None:
    """Those of pyproject.toml among them, and what they need in turn; of none the text is missing."""
    said = notices()
    titles = dict(re.findall(r"^={100}\n(\S+) \S+: (.+)\n={100}$", said, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[>=]", one)[0].lower() for one in project["dependencies"]}
    assert wanted <= {re.sub("[_.]", "-", name).lower() for name in titles}
    assert "h2" in titles
    assert "pytest" not in titles
    assert "see below" not in titles.values()
    sections = re.split(r"^={100}\n.+\n={100}\n", said, flags=re.MULTILINE)[1:]
    assert len(sections) == len(titles) == len(needed("careplane"))
    assert min(len(text.strip()) for text in sections) > 300


def test_what_was_written_down_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the one-file program nothing is installed: its file has the licences."""
    (tmp_path / "notices.txt").write_text("Zoë's licence")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "notices.py"))
    assert notices() == "Zoë's licence"
