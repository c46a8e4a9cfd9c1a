"""The reference of all settings: complete, and in config/README.md as it is now."""

import re
from pathlib import Path

import pytest

from careplane.app import cli
from careplane.app.commands.reference import BEGIN, END, reference, run_reference, with_reference
from careplane.app.settings_source import all_settings
from careplane.app.setup_error import SetupError

GUIDE = Path(__file__).parents[2] / "config" / "README.md"


def test_the_guide_has_it_as_it_is_now() -> None:
    """If not: make docs."""
    text = GUIDE.read_text("utf-8")
    assert (text.count(BEGIN), text.count(END)) == (1, 1)
    assert with_reference(text) == text


def test_every_setting_is_told_whole() -> None:
    """Both names, a type, a default, what it means, and when to set it; a secret's file and a table's entries, too."""
    rows = {re.findall("`([^`]+)`", line)[1]: line for line in reference().splitlines() if line.startswith("| `")}
    settings = list(all_settings())
    assert list(rows) == [setting.variable for setting in settings]
    for setting in settings:
        names, type_, default, meaning = rows[setting.variable].strip("| ").split(" | ")
        assert names.startswith(f"`{setting.name}`<br>")
        assert all((type_, default, meaning))
        assert setting.when.endswith("."), f"{setting.key} does not say when to set it"
        assert (f"`{setting.variable}_FILE`" in names) is setting.secret
        assert (f"`{setting.variable}_<NAME>`" in names) is (setting.entries is not None)
        assert "None" not in type_


@pytest.mark.parametrize(
    "cells",
    [
        '`"127.0.0.1"` | The address the gateway listens on.',
        "| `port`<br>`CAREPLANE_HTTP_PORT` | whole number, from 1 to 65535 | `4004` |",
        "| seconds, above 0 to 3600 | `3.0` |",
        "| whole KiB, from 8 to 4194304 | `65536` |",
        '| `none`, `gzip`, `snappy`, `lz4`, `zstd` | `"lz4"` |',
        "| a table: names with addresses, such as ",
        "| a path | the user's own data folder |",
        "| a path | unset |",
        "| `true` or `false` | `true` |",
        "secret<br>`cursor_secret_file`<br>`CAREPLANE_HTTP_CURSOR_SECRET_FILE` | text | empty |",
        "or one entry<br>`CAREPLANE_DATABASE_LOGINS_<NAME>`, `..._FILE` |",
    ],
)
def test_types_and_defaults_are_in_plain_words(cells: str) -> None:
    """One of each kind."""
    assert cells in reference()


def test_the_command_prints_it_or_puts_it_in_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Between the two marks, and only there."""
    cli.app(["config", "reference"], exit_on_error=False, print_error=False, result_action="return_value")
    assert capsys.readouterr().out == f"{reference()}\n"
    file = tmp_path / "guide.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    run_reference(file)
    run_reference(file)
    assert file.read_text() == f"before\n{BEGIN}\n\n{reference()}\n\n{END}\nafter\n"
    for text in ("", BEGIN, f"{END}\n{BEGIN}"):
        file.write_text(text)
        with pytest.raises(SetupError, match=r"cannot be put into .* \(a mark is missing\): name a file with both"):
            run_reference(file)
        assert file.read_text() == text
    with pytest.raises(SetupError, match=r"No such file"):
        run_reference(tmp_path / "gone.md")
