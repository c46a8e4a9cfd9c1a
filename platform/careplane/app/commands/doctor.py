"""`careplane doctor`: say what was found, for people or for machines; nothing is started and nothing is changed."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from rich.markup import escape
from rich.table import Table

from careplane.app.catalog import NAMES
from careplane.app.doctor.case import Case
from careplane.app.doctor.checks import examine
from careplane.app.doctor.finding import Finding, Level
from careplane.app.doctor.reach import narrowed
from careplane.app.embedded import login_url, running_url
from careplane.app.settings import Settings
from careplane.app.settings_source import load_settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say, show


async def run_doctor(config: Path | None, data: Path | None, *, json: bool) -> None:
    """Look at everything and print what was found; exit with 1 where something is a problem."""
    findings = await examine(await narrowed(await case_of(config, data, os.environ)))
    problems, warnings = (sum(one.level is level for one in findings) for level in (Level.PROBLEM, Level.WARNING))
    if json:
        report = {"problems": problems, "warnings": warnings, "findings": findings}
        say(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(findings)
        say(f"{problems} problems, {warnings} warnings.")
    if problems:
        raise SystemExit(1)


async def case_of(config: Path | None, data: Path | None, environ: Mapping[str, str]) -> Case:
    """Gather what can be looked at: the settings, or the defaults where they are broken, and databases that run."""
    try:
        settings, fault = load_settings(config, environ), None
    except SetupError as error:
        settings, fault = Settings(), str(error)
    if data is not None:
        settings = msgspec.structs.replace(settings, data_dir=data)
    owners = {name: url for name in NAMES if (url := settings.database.url_for(name))}
    elsewhere = frozenset(name for name in settings.grpc.peers if name not in owners)
    logins = dict(owners)
    wanted = [name for name in NAMES if name not in elsewhere]
    if len(owners) < len(wanted):
        try:
            running = await asyncio.to_thread(running_url, settings.data_dir)
        except SetupError:
            running = None  # the folder's own line says what is wrong with it
        for name in wanted if running else ():
            logins.setdefault(name, login_url(running or "", name))
            owners.setdefault(name, running or "")
    complete = len(owners) == len(wanted)
    return Case(settings, config, fault, environ, owners if complete else {}, logins if complete else {}, elsewhere)


def _print(findings: Sequence[Finding]) -> None:
    table = Table("subject", "", "found", "what to do", show_lines=False)
    colours = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
    for one in findings:
        table.add_row(one.subject, f"[{colours[one.level]}]{one.level.value}[/]", escape(one.found), escape(one.advice))
    show(table)
