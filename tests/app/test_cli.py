"""The command line's words: what is wrong is named as it is written, and what is shown is shown whole."""

import io

import pytest
from cyclopts import CycloptsError
from rich.table import Table

from careplane.app import cli
from careplane.app.terminal import show
from careplane.components.identity.api import ROLES

WORDS = {
    ("users", "add"): "EMAIL",
    ("users", "add", "a@b.org"): "--role",
    ("import",): "FILE",
    ("dev", "--prot", "1"): "--port",
    ("dev", "--port", "70000"): "65535",
    ("nonsense",): "dev",
}


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_what_is_wrong_with_a_command_is_named(words: tuple[str, ...]) -> None:
    """By the name that the usage line gives it."""
    with pytest.raises(CycloptsError) as caught:
        cli.app(list(words), exit_on_error=False, print_error=False)
    assert WORDS[words] in str(caught.value)


def test_the_roles_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to guess them."""
    with pytest.raises(SystemExit):
        cli.app(["users", "add", "--help"])
    told = capsys.readouterr().out
    assert all(role in told for role in ROLES)
    assert "--empty-role" not in told


def test_stopping_is_not_silent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with one line and 130, as a shell expects it."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "careplane: stopped.\n")


def test_a_table_is_whole_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a pipe has no width: nothing is cut off or broken up to fit one."""
    table = Table("id", "e-mail")
    address = "a" * 60 + "@" + "b" * 60 + ".example.org"
    table.add_row("0" * 36, address)
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    show(table)
    assert address in out.getvalue()
