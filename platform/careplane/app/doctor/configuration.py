"""Settings, environment and route table: whether they are valid, and secrets stand where only their owner looks."""

import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from careplane.app.catalog import NAMES
from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning
from careplane.app.front import check_routes
from careplane.app.settings_source import URL_VARIABLE, Setting, all_settings
from careplane.app.setup_error import SetupError
from careplane.components.identity.api import IDENTITY

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SECRET_MIN = 32
_URLS = ("database.url", "database.component_urls")  # secret for the passwords in them, where they have any


async def check_settings(case: Case) -> Sequence[Finding]:
    """Look at whether the settings can be used at all."""
    if case.fault is not None:
        return [problem("settings", case.fault, "Correct that; everything below goes by the defaults.")]
    return [ok("settings", f"{case.file} and the environment are valid" if case.file else "the environment is valid")]


async def check_routes_file(case: Case) -> Sequence[Finding]:
    """Look at the route table."""
    try:
        check_routes(case.settings)
    except SetupError as error:
        return [
            problem("routes", str(error), "Correct the lines named; config/gateway.yaml shows how they are written.")
        ]
    return [ok("routes", "the route table is valid")]


async def check_secrets(case: Case) -> Sequence[Finding]:
    """Look at where secrets stand, and who can read them there."""
    findings = [*_in_file(case), *_in_environment(case)]
    return findings or [ok("secrets", "none stands where others could read it")]


async def check_cursor_secret(case: Case) -> Sequence[Finding]:
    """Look at the secret that signs the cursors of lists."""
    length = len(case.settings.http.cursor_secret)
    if length >= _SECRET_MIN:
        return [ok("cursors", "their secret is long enough")]
    advice = f"Set http.cursor_secret_file to a file with {_SECRET_MIN} random characters, the same for all gateways."
    if length:
        return [problem("cursors", f"http.cursor_secret has {length} characters, which can be guessed", advice)]
    if case.embedded:
        return [ok("cursors", "`careplane dev` makes and keeps their secret")]
    if case.elsewhere and case.owners:
        return [ok("cursors", "their secret is not set, and only a process with the gateway needs it")]
    return [warning("cursors", "http.cursor_secret is not set, and `careplane serve` needs it", advice)]


async def check_proofs(case: Case) -> Sequence[Finding]:
    """Look at what a production should have beside its keys: second factors, and proof that the audit is whole."""
    if case.embedded or case.elsewhere.issuperset(NAMES):
        return []
    findings = []
    if IDENTITY.name not in case.elsewhere and not case.settings.identity.secrets_key:
        advice = "Set identity.secrets_key_file to a file that `openssl rand -base64 32` has filled."
        findings.append(warning("second factors", "nobody can enrol one: identity.secrets_key is not set", advice))
    if case.settings.audit.anchor_file is None:
        advice = "Set audit.anchor_file to a file on another machine, or on one that only takes additions."
        findings.append(warning("audit", "how far it has come is noted nowhere but in the log", advice))
    return findings


def _in_file(case: Case) -> Iterator[Finding]:
    """Tell of secrets written into the settings file, and of secrets' own files, where others can read them."""
    if case.file is None:
        return
    try:
        values = tomllib.loads(case.file.read_text("utf-8"))
    except (OSError, ValueError):
        return  # the settings' own line says so
    for setting in _secrets():
        table: Any = values.get(setting.section, {})
        if not isinstance(table, Mapping):
            continue
        if table.get(setting.name) and _open_to_others(case.file):
            found = f"{setting.key} stands in {case.file}, which others can read"
            yield problem("secrets", found, _how(f"{setting.key}_file"))
        if place := table.get(f"{setting.name}_file"):
            yield from _secret_file(setting, case.file.parent, str(place))


def _in_environment(case: Case) -> Iterator[Finding]:
    for setting in _secrets():
        for variable, value in case.environ.items():
            named = setting.variable if (variable, setting.key) == (URL_VARIABLE, "database.url") else variable
            given = setting.given_by(named)
            if given is None:
                continue
            _, in_file = given
            if in_file:
                yield from _secret_file(setting, Path(), value)
            elif value and (setting.key not in _URLS or _has_password(value)):
                found = f"{variable} holds a secret, which the environment shows to many"
                yield warning("secrets", found, _how(f"{named}_FILE"))


def _secret_file(setting: Setting, folder: Path, place: str) -> Iterator[Finding]:
    try:
        file = folder / Path(place).expanduser()
        is_open = file.is_file() and _open_to_others(file)
    except (OSError, RuntimeError):
        return  # the settings' own line says that it cannot be read
    if is_open:
        yield problem("secrets", f"{file}, which {setting.key} is in, can be read by others", f"Run: chmod 600 {file}")


def _secrets() -> list[Setting]:
    return [setting for setting in all_settings() if setting.secret]


def _how(named: str) -> str:
    return f"Put it into a file of its own, readable by its owner only, and name that as {named}."


def _has_password(url: str) -> bool:
    """Tell whether a URL, or one of several, has a password in it."""
    return any(":" in part.partition("//")[2].rpartition("@")[0] for part in url.split('"')) or "password=" in url


def _open_to_others(file: Path) -> bool:
    return bool(file.stat().st_mode & _OTHERS)
