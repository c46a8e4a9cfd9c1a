"""`careplane secrets`: made once, each process's apart, and for no eyes but its own."""

import base64
import stat
from pathlib import Path

import pytest

from careplane.app import cli
from careplane.app.catalog import NAMES
from careplane.app.commands.secrets import run_secrets
from careplane.app.setup_error import SetupError
from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.keys import load_keys

DATABASE = "db.internal:5432/careplane"


def contents(folder: Path) -> dict[str, str]:
    """Return all that is in the folder."""
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder after the first run."""
    run_secrets(tmp_path / "made", DATABASE)
    return tmp_path / "made"


def test_every_process_gets_all_that_it_needs_and_no_more(folder: Path) -> None:
    """The files are those that the settings ask for, and no password is in two processes' folders but migrate's."""
    found = contents(folder)
    (key,) = [name for name in found if name.startswith("identity/keys/")]
    assert set(found) == {
        key,
        "gateway/cursor_secret",
        "identity/secrets_key",
        "postgres/password",
        "migrate/database_url",
        *(f"migrate/logins/{name}" for name in NAMES),
        *(f"{name}/database_url" for name in NAMES),
    }
    for name in NAMES:
        password = found[f"migrate/logins/{name}"].strip()
        assert len(password) >= 32
        assert found[f"{name}/database_url"] == f"postgresql://careplane_{name}:{password}@{DATABASE}\n"
    owner = found["postgres/password"].strip()
    assert found["migrate/database_url"] == f"postgresql://careplane:{owner}@{DATABASE}\n"
    passwords = [owner, *(found[f"migrate/logins/{name}"].strip() for name in NAMES)]
    assert len(set(passwords)) == len(passwords)
    assert len(found["gateway/cursor_secret"].strip()) >= 32
    assert len(base64.b64decode(found["identity/secrets_key"], validate=False)) == 32


def test_the_signing_key_is_fit_for_production(folder: Path) -> None:
    """`careplane serve` takes it."""
    keys = load_keys(IdentitySettings(keys_dir=folder / "identity" / "keys", production=True))
    assert len(keys) == 1


def test_nobody_else_may_read_them(folder: Path) -> None:
    """Each file is its owner's; the database's account reads its own as a member of the group."""
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in contents(folder)}
    assert modes.pop("postgres/password") == 0o640
    assert set(modes.values()) == {0o600}


def test_run_again_it_keeps_what_is_there(folder: Path) -> None:
    """Nothing changes, what was lost is made anew, and a database that has moved is found by the same passwords."""
    before = contents(folder)
    run_secrets(folder, DATABASE)
    assert contents(folder) == before
    (folder / "gateway" / "cursor_secret").unlink()
    run_secrets(folder, "elsewhere:5432/other")
    after = contents(folder)
    moved = {f"{name}/database_url" for name in (*NAMES, "migrate")}
    assert {name for name in before if before[name] != after[name]} == {"gateway/cursor_secret", *moved}
    assert all(after[name] == before[name].replace(DATABASE, "elsewhere:5432/other") for name in moved)


def test_without_logins_there_is_nothing_of_the_database(tmp_path: Path) -> None:
    """Where another keeps its passwords: only what is not the database's."""
    words = ["secrets", str(tmp_path), "--no-logins"]
    cli.app(words, exit_on_error=False, print_error=False, result_action="return_value")
    before = contents(tmp_path)
    (key,) = [name for name in before if name.startswith("identity/keys/")]
    assert set(before) == {key, "gateway/cursor_secret", "identity/secrets_key"}
    cli.app(words, exit_on_error=False, print_error=False, result_action="return_value")
    assert contents(tmp_path) == before


def test_what_a_killed_run_left_is_no_secret(folder: Path) -> None:
    """A file is moved to its place whole; what lies beside it is written over."""
    (folder / "gateway" / "cursor_secret").rename(folder / "gateway" / "cursor_secret.new")
    run_secrets(folder, DATABASE)
    assert {file.name for file in (folder / "gateway").iterdir()} == {"cursor_secret"}


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "gateway").write_text("")
    with pytest.raises(SetupError, match=r"cannot be written .*: choose a folder that is yours"):
        run_secrets(tmp_path, DATABASE)


def test_the_command_says_what_it_made_and_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Paths are told, passwords are not."""
    words = ["secrets", str(tmp_path), "--database", DATABASE]
    cli.app(words, exit_on_error=False, print_error=False, result_action="return_value")
    said = "".join(capsys.readouterr())
    assert "cursor_secret" in said
    assert not [name for name, text in contents(tmp_path).items() if text.strip() in said]
