"""`careplane config reference`: every setting as Markdown, as config/README.md has it between its two marks."""

import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from careplane.app.settings import Settings
from careplane.app.settings_source import Setting, all_settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say

BEGIN: Final = "<!-- What follows is made by `make docs` from the settings' types. -->"
END: Final = "<!-- What is above is made by `make docs`. -->"
_HEAD: Final = "| Setting, in the file and in the environment | Type | Default | Meaning |\n| --- | --- | --- | --- |"
_UNITS: Final = {
    "_s": "seconds",
    "_bytes": "bytes",
    "_kib": "KiB",
    "_minutes": "minutes",
    "_hours": "hours",
    "_days": "days",
}
_BOUNDS: Final = {"ge": "from", "gt": "above", "le": "to"}
_OWN_FOLDER: Final = "the user's own data folder"


def run_reference(into: Path | None) -> None:
    """Print the reference, or put it into a file between its two marks; raise SetupError for a file without them."""
    if into is None:
        say(reference())
        return
    try:
        text = into.read_text("utf-8")
        into.write_text(with_reference(text), "utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SetupError(f"The reference cannot be put into {into} ({reason}): name a file with both marks.") from error


def with_reference(text: str) -> str:
    """Return the text with the reference between its marks; raise ValueError where one of them is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("a mark is missing")
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def reference() -> str:
    """Return every setting, section by section, as Markdown."""
    sections = itertools.groupby(all_settings(), key=lambda setting: setting.section)
    return "\n\n".join(_section(name, tuple(settings)) for name, settings in sections)


def _section(name: str, settings: tuple[Setting, ...]) -> str:
    kind = type(getattr(Settings(), name)) if name else Settings
    title = f"### `[{name}]`" if name else "### Above all sections"
    about = inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]
    defaults = {field.name: field for field in msgspec.structs.fields(kind)}
    rows = "\n".join(_row(setting, defaults[setting.name]) for setting in settings)
    return f"{title}\n\n{about}\n\n{_HEAD}\n{rows}"


def _row(setting: Setting, field: msgspec.structs.FieldInfo) -> str:
    meaning = f"{setting.description[:1].upper()}{setting.description[1:]}. {setting.when}"
    cells = ("<br>".join(_names(setting)), _type(setting), _default(field), meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _names(setting: Setting) -> Iterator[str]:
    yield f"`{setting.name}`"
    yield f"`{setting.variable}`"
    if setting.secret:
        yield f"or from a file, for it is secret<br>`{setting.name}_file`<br>`{setting.variable}_FILE`"
    if setting.entries is not None:
        file = ", `..._FILE`" if setting.secret else ""
        yield f"or one entry<br>`{setting.variable}_<NAME>`{file}"


def _type(setting: Setting) -> str:
    """Tell in plain words what can be given."""
    if setting.wanted:
        return f"{'a table: ' if setting.entries is not None else ''}{setting.wanted.removeprefix('must be ')}"
    bare, *rest = get_args(setting.type)
    if get_origin(bare) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(bare))
    if bare is bool:
        return "`true` or `false`"
    if bare in {int, float}:
        return _number(setting.name, bare, [meta for meta in rest if isinstance(meta, msgspec.Meta)])
    return "text" if bare is str else "a path"


def _number(name: str, kind: Any, metas: list[msgspec.Meta]) -> str:  # noqa: ANN401 - a type
    unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")
    noun = f"{'whole ' if kind is int else ''}{unit or 'number'}"
    bounds = [
        f"{word} {getattr(meta, bound)}" for meta in metas for bound, word in _BOUNDS.items() if _has(meta, bound)
    ]
    return f"{noun}, {' '.join(bounds)}" if bounds else noun


def _has(meta: msgspec.Meta, bound: str) -> bool:
    return getattr(meta, bound) is not None


def _default(field: msgspec.structs.FieldInfo) -> str:
    """Tell a default as it would be written in the file; one that goes by the machine, in words."""
    if field.default_factory is not msgspec.NODEFAULT:
        return "empty" if field.default_factory is dict else _OWN_FOLDER
    if field.default is None:
        return "unset"
    if field.default == "":
        return "empty"
    text = msgspec.json.encode(field.default).decode()
    return f"`{text}`"
