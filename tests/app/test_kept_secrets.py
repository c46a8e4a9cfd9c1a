"""The secrets of `careplane dev`: made once, whole, for their owner only."""

import stat
from pathlib import Path

import pytest

from careplane.app.kept_secrets import kept_secret
from careplane.app.setup_error import SetupError


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """The next start finds the same one, and nobody else may read it."""
    file = tmp_path / "keys" / "one.secret"
    secret = kept_secret(file)
    assert len(secret) == 32
    assert kept_secret(file) == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [found.name for found in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("left", [b"", b"half"])
def test_what_a_killed_start_left_is_no_secret(tmp_path: Path, left: bytes) -> None:
    """An empty file would be a key that everybody knows."""
    file = tmp_path / "one.secret"
    file.write_bytes(left)
    secret = kept_secret(file)
    assert len(secret) == 32
    assert kept_secret(file) == secret


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """In one sentence."""
    (tmp_path / "keys").write_text("in the way")
    with pytest.raises(SetupError, match="choose another data folder"):
        kept_secret(tmp_path / "keys" / "one.secret")
