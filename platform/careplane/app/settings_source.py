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
_URL_VARIABLE = "DATABASE_URL"


class Setting(NamedTuple):
    """One thing that can be set, as read off the settings' own types."""

    section: str
    name: str
    type: Any
    description: str
    secret: bool
    wanted: str
    fault: Callable[[str], str | None]

    @property
    def key(self) -> str:
        """Its name in the file, as in `http.port`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        """Its name in the environment, as in `CAREPLANE_HTTP_PORT`."""
        return _PREFIX + self.key.replace(".", "_").upper()


class _Found(NamedTuple):
    value: Any
    place: str
    folder: Path
    text: bool


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
    fault: Callable[[str], str | None] = extra.get("fault", lambda _: None)
    return Setting(section, name, kind, description, bool(extra.get("secret")), str(extra.get("wanted", "")), fault)


def load_settings(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `file` (none: the defaults) and of the environment, which goes first."""
    tables = _read(file) if file else {}
    known = {setting.key: setting for setting in all_settings()}
    found = _from_file(file, tables, known) if file else {}
    found |= _from_environment(environ, known)
    values: dict[str, Any] = {}
    for key, where in found.items():
        setting = known[key]
        table = values.setdefault(setting.section, {}) if setting.section else values
        table[setting.name] = _convert(setting, where)
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


def _from_file(file: Path, tables: dict[str, Any], known: Mapping[str, Setting]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    sections = {setting.section for setting in known.values()}
    for name, value in tables.items():
        is_section = name in sections and name
        if is_section and not isinstance(value, dict):
            sentence = f"The key {name} in {file} is a section: write [{name}] and its settings below."
            raise SetupError(sentence)
        for key, inner in (
            {f"{name}.{inner}": it for inner, it in value.items()} if is_section else {name: value}
        ).items():
            _put(found, known, key, _Found(inner, f"{key} in {file}", file.parent, text=False))
    return found


def _from_environment(environ: Mapping[str, str], known: Mapping[str, Setting]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    here = Path.cwd()
    keys = {setting.variable: setting.key for setting in known.values()}
    keys |= {f"{variable}_FILE": f"{key}_file" for variable, key in keys.items() if known[key].secret}
    sections = tuple(f"{_PREFIX}{setting.section.upper()}_" for setting in known.values() if setting.section)
    if environ.get(_URL_VARIABLE):
        found["database.url"] = _Found(environ[_URL_VARIABLE], _URL_VARIABLE, here, text=True)
    for variable, value in environ.items():
        if not value:
            continue  # an empty variable is as good as none
        if variable in keys:
            _put(found, known, keys[variable], _Found(value, variable, here, text=True))
        elif variable.startswith(sections):
            sentence = f"The environment variable {variable} is not a setting: correct its name or remove it."
            raise SetupError(sentence)
    return found


def _put(found: dict[str, _Found], known: Mapping[str, Setting], key: str, where: _Found) -> None:
    """Note what was found for `key`; a secret's `<name>_file` is read here."""
    secret = known.get(key.removesuffix("_file"))
    if key not in known and key.endswith("_file") and secret and secret.secret:
        found[secret.key] = _Found(_content(where), where.place, where.folder, text=True)
    elif key in known:
        found[key] = where
    else:
        sentence = f"There is no setting {where.place}: correct its name or remove it."
        raise SetupError(sentence)


def _content(where: _Found) -> str:
    try:
        return (where.folder / Path(str(where.value)).expanduser()).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        sentence = f"The file named by {where.place} cannot be read ({reason}): check its path and its owner."
        raise SetupError(sentence) from error


def _convert(setting: Setting, where: _Found) -> Any:  # noqa: ANN401 - of the setting's type
    def path(kind: type, value: object) -> object:
        return where.folder / Path(value).expanduser() if isinstance(value, str) and kind is Path else value

    value = where.value
    try:
        if where.text and get_origin(get_args(setting.type)[0]) is dict:
            value = msgspec.json.decode(value)
        converted = msgspec.convert(value, setting.type, strict=not where.text, dec_hook=path)
    except msgspec.MsgspecError as error:
        reason = setting.wanted or str(error).partition(" - at ")[0].replace("`", "")
        sentence = f"The setting {where.place} is wrong: {reason[:1].lower()}{reason[1:]} ({setting.description})."
        raise SetupError(sentence) from error
    for text in converted.values() if isinstance(converted, dict) else (converted,):
        if fault := setting.fault(text):
            sentence = f"The setting {where.place} is wrong: {fault} ({setting.description})."
            raise SetupError(sentence)
    return converted
