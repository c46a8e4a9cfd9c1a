"""Where settings come from: a TOML file, overlaid with the environment. A mistake is named in one sentence."""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError

_PREFIX = "CAREPLANE_"
URL_VARIABLE = "DATABASE_URL"
"""Given besides, for `database.url`; other programs know of it too."""


class Setting(NamedTuple):
    """One thing that can be set, as read off the settings' own types."""

    section: str
    name: str
    type: Any
    description: str
    secret: bool
    wanted: str
    fault: Callable[[str], str | None]
    by_component: bool
    when: str

    @property
    def entries(self) -> Any:  # noqa: ANN401 - an annotation
        """The type of its entries, each of which may be given by itself, or None where it is no table."""
        kind = get_args(self.type)[0]
        return get_args(kind)[1] if get_origin(kind) is dict else None

    @property
    def key(self) -> str:
        """Its name in the file, as in `http.port`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        """Its name in the environment, as in `CAREPLANE_HTTP_PORT`."""
        return _PREFIX + self.key.replace(".", "_").upper()

    def given_by(self, variable: str) -> tuple[str, bool] | None:
        """Return the entry that a variable gives (empty: all), and whether in a file; None if it is not for this."""
        if variable == self.variable:
            return "", False
        if self.secret and variable == f"{self.variable}_FILE":
            return "", True
        entry = variable.removeprefix(f"{self.variable}_")
        if not entry or entry == variable or self.entries is None:
            return None
        in_file = self.secret and entry.endswith("_FILE")
        return (entry.removesuffix("_FILE") if in_file else entry).lower(), in_file


class _Found(NamedTuple):
    value: Any
    place: str
    folder: Path
    text: bool


_Everything = dict[tuple[str, str], _Found]
"""What was found, by the key of its setting, and the entry of it or an empty string."""


def all_settings() -> Iterator[Setting]:
    """Yield every setting there is, in the order of the file."""
    for name, kind in get_type_hints(Settings, include_extras=True).items():
        if get_origin(kind) is Annotated:
            yield _setting("", name, kind)
        else:
            for inner, inner_kind in get_type_hints(kind, include_extras=True).items():
                if get_origin(inner_kind) is Annotated:  # the others are set by the program
                    yield _setting(name, inner, inner_kind)


def _setting(section: str, name: str, kind: Any) -> Setting:  # noqa: ANN401 - an annotation
    metas = [meta for meta in get_args(kind)[1:] if isinstance(meta, msgspec.Meta)]
    description = next((meta.description for meta in metas if meta.description), "")
    extra = {key: value for meta in metas for key, value in (meta.extra or {}).items()}
    return Setting(
        section,
        name,
        kind,
        description,
        secret=bool(extra.get("secret")),
        wanted=str(extra.get("wanted", "")),
        fault=extra.get("fault", lambda _: None),
        by_component=bool(extra.get("by_component")),
        when=str(extra.get("when", "")),
    )


def load_settings(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `file` (none: the defaults) and of the environment, which goes first.

    What the environment says of one entry of a table replaces that entry alone.
    """
    tables = _read(file) if file else {}
    known = {setting.key: setting for setting in all_settings()}
    found = _from_file(file, tables, known) if file else {}
    found |= _from_environment(environ, known)
    values: dict[str, Any] = {}
    for (key, entry), where in sorted(found.items(), key=lambda one: one[0][1]):  # a whole table, then its entries
        setting = known[key]
        table = values.setdefault(setting.section, {}) if setting.section else values
        if entry:
            one = {entry: _convert(setting, where, setting.entries)}
            _check_names(setting, where, one)
            table[setting.name] = {**table.get(setting.name, {}), **one}
        else:
            table[setting.name] = _convert(setting, where, setting.type)
            _check_names(setting, where, table[setting.name])
    return msgspec.convert(values, Settings, dec_hook=lambda _kind, value: value)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        sentence = f"The settings file {file} cannot be read ({error.strerror}): check its path and its owner."
        raise SetupError(sentence) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        sentence = f"The settings file {file} is not valid TOML: {error}."
        raise SetupError(sentence) from error


def _from_file(file: Path, tables: dict[str, Any], known: Mapping[str, Setting]) -> _Everything:
    found: _Everything = {}
    sections = {setting.section for setting in known.values()}
    for name, value in tables.items():
        is_section = name in sections and name
        if is_section and not isinstance(value, dict):
            sentence = f"The key {name} in {file} is a section: write [{name}] and its settings below."
            raise SetupError(sentence)
        for key, inner in (
            {f"{name}.{inner}": it for inner, it in value.items()} if is_section else {name: value}
        ).items():
            where = _Found(inner, f"{key} in {file}", file.parent, text=False)
            secret = known.get(key.removesuffix("_file"))
            if key in known:
                _put(found, (key, ""), where)
            elif key.endswith("_file") and secret and secret.secret:
                _put(found, (secret.key, ""), _content(where))
            else:
                raise SetupError(f"There is no setting {where.place}: correct its name or remove it.")
    return found


def _from_environment(environ: Mapping[str, str], known: Mapping[str, Setting]) -> _Everything:
    found: _Everything = {}
    sections = tuple(f"{_PREFIX}{setting.section.upper()}_" for setting in known.values() if setting.section)
    for variable, value in environ.items():
        if not value:
            continue  # an empty variable is as good as none
        where = _Found(value, variable, Path.cwd(), text=True)
        if (named := _named(variable, known)) is not None:
            of, in_file = named
            _put(found, of, _content(where) if in_file else where)
        elif variable.startswith(sections):
            sentence = f"The environment variable {variable} is not a setting: correct its name or remove it."
            raise SetupError(sentence)
    if environ.get(URL_VARIABLE):  # ours goes first
        found.setdefault(("database.url", ""), _Found(environ[URL_VARIABLE], URL_VARIABLE, Path.cwd(), text=True))
    return found


def _named(variable: str, known: Mapping[str, Setting]) -> tuple[tuple[str, str], bool] | None:
    """Return the setting that a variable is for, with the entry of it, and whether it names a file; None for none."""
    given = ((setting.key, setting.given_by(variable)) for setting in known.values())
    found = [((key, one[0]), one[1]) for key, one in given if one is not None]
    return min(found, key=lambda one: bool(one[0][1]), default=None)  # a setting called so goes before an entry


def _put(found: _Everything, of: tuple[str, str], where: _Found) -> None:
    if of in found:
        sentence = f"{found[of].place} and {where.place} are both given, for the same: leave one of them out."
        raise SetupError(sentence)
    found[of] = where


def _content(where: _Found) -> _Found:
    """Return what the file holds that was named."""
    try:
        text = _path(where.folder, str(where.value)).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = "not text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        sentence = f"The file named by {where.place} cannot be read ({reason}): check its path and its owner."
        raise SetupError(sentence) from error
    return where._replace(value=text, text=True)


def _path(folder: Path, text: str) -> Path:
    try:
        return folder / Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("whose home that is, is not known") from error


def _convert(setting: Setting, where: _Found, wanted: Any) -> Any:  # noqa: ANN401 - of the setting's type
    def path(kind: type, value: object) -> object:
        return _path(where.folder, value) if isinstance(value, str) and kind is Path else value

    value, bare = where.value, get_args(wanted)[0] if get_origin(wanted) is Annotated else wanted
    if where.text and Path not in {bare, *get_args(bare)} and not _is_utf8(value):
        raise SetupError(f"The setting {where.place} is wrong: it must be UTF-8 text ({setting.description}).")
    try:
        if where.text and get_origin(bare) in {dict, tuple}:
            value = msgspec.json.decode(value)
        converted = msgspec.convert(value, wanted, strict=not where.text, dec_hook=path)
    except msgspec.MsgspecError as error:
        reason = setting.wanted or str(error).partition(" - at ")[0].replace("`", "")
        sentence = f"The setting {where.place} is wrong: {reason[:1].lower()}{reason[1:]} ({setting.description})."
        raise SetupError(sentence) from error
    for text in converted.values() if isinstance(converted, dict) else (converted,):
        if fault := setting.fault(text):
            sentence = f"The setting {where.place} is wrong: {fault} ({setting.description})."
            raise SetupError(sentence)
    return converted


def _is_utf8(value: str) -> bool:
    """Tell whether a variable can be written; bytes that are no text come out of the environment as surrogates."""
    return not any("\ud800" <= sign <= "\udfff" for sign in value)


def _check_names(setting: Setting, where: _Found, value: object) -> None:
    """Raise SetupError for an entry called after no component; what stands in a secret's place is not repeated."""
    if not setting.by_component or not isinstance(value, dict):
        return
    from careplane.app.catalog import NAMES

    if unknown := sorted(set(value) - set(NAMES)):
        what = "something" if setting.secret else repr(unknown[0])
        sentence = f"The setting {where.place} names {what} that is no component: choose from {', '.join(NAMES)}."
        raise SetupError(sentence)
