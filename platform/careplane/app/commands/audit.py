"""`careplane audit verify|anchor`: is the audit as it was written, and a note of where it stands, kept elsewhere."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from careplane.app.anchors import Anchor, AnchorFile, anchor_file_of, append
from careplane.app.catalog import NAMES
from careplane.app.clock import SystemClock
from careplane.app.databases import by_database, database_urls
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say
from careplane.storage.audit_check import FINDINGS_MAX, Report, check_audit
from careplane.storage.database import Database
from careplane.storage.migrations import pending
from careplane.storage.seal import Sealer, head, unsealed

_STATEMENT_SECONDS = 3600.0  # some look at the whole audit


async def run_verify(settings: Settings, anchor_file: Path | None) -> None:
    """Check the audit of every component; raise SetupError where anything is not as it was written."""
    anchors = _anchors(settings, anchor_file)
    wrong = 0
    async with _databases(settings) as urls:
        for name, url in urls.items():
            async with _opened(url, name) as database:
                report = await check_audit(database, name, anchors.heads(name) if anchors is not None else ())
            wrong += len(report.findings)
            _say(report)
    for name in sorted(anchors.components() - set(NAMES)) if anchors is not None else ():
        wrong += 1
        say(f"{name}: 1 FINDING; the file has anchors of its chain, and there is no such component")
    if anchors is None:
        say("Without an anchor file nobody can tell whether the newest blocks were cut off: give --anchor FILE.")
    if wrong:
        sentence = f"The audit is not as it was written: {wrong} findings, listed above. Keep the database as it is."
        raise SetupError(sentence)


async def run_anchor(settings: Settings, anchor_file: Path | None) -> None:
    """Seal what is there, append the head of every chain to the file, and print the same lines."""
    file = anchor_file or anchor_file_of(settings)
    anchors: list[Anchor] = []
    async with _databases(settings) as urls:
        for name, url in urls.items():
            async with _opened(url, name) as database:
                await _seal(database, name)
                newest = await head(database)
                left = await unsealed(database, name)
            if left:
                say(
                    f"{name}: {left} rows are not sealed yet, so that no anchor vouches for them: an older transaction "
                    "is open, or another process is sealing. Run this again later."
                )
            if newest is not None:
                anchors.append(Anchor(SystemClock().now(), name, newest.seq, newest.hash.hex()))
    try:
        append(file, anchors)
    except OSError as error:
        raise SetupError(f"{file} cannot be written ({error.strerror}): check the path and its owner.") from error
    for anchor in anchors:
        say(f"{anchor.time.isoformat()} {anchor.component} block {anchor.seq} {anchor.hash}")
    say(f"{len(anchors)} anchors appended to {file}.")


async def _seal(database: Database, name: str) -> None:
    """Seal all that can be sealed, however long it takes, and wait for a moment for what cannot be yet."""
    sealer = Sealer(database, name)
    while await sealer.step():
        pass
    await sealer.finish()


def _anchors(settings: Settings, anchor_file: Path | None) -> AnchorFile | None:
    """Open the file before anything is looked at: a chain must hold what was noted before."""
    if anchor_file is not None or settings.audit.anchor_file is not None:
        return AnchorFile(anchor_file or anchor_file_of(settings))
    usual = anchor_file_of(settings)
    try:
        usual.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # opening it says why
    return AnchorFile(usual)


@asynccontextmanager
async def _databases(settings: Settings) -> AsyncIterator[Mapping[str, str]]:
    """Yield every component's database URL; raise SetupError where migrations are not applied."""
    async with database_urls(settings) as urls:
        for url, names in by_database(urls):
            if await pending(url, names):
                raise SetupError("Migrations are not applied yet: run `careplane migrate` first.")
        yield urls


@asynccontextmanager
async def _opened(url: str, name: str) -> AsyncIterator[Database]:
    database = await Database.open(url, name, size=1, command_timeout=_STATEMENT_SECONDS)
    try:
        yield database
    finally:
        await database.close()


def _say(report: Report) -> None:
    anchored = f"anchored up to block {report.anchored}" if report.anchored else "not anchored"
    state = f"{len(report.findings)} FINDINGS" if report.findings else "intact"
    say(
        f"{report.component}: {state}; {report.rows} rows, {report.blocks} blocks, "
        f"{report.unsealed} rows not sealed yet, {anchored}"
    )
    for sentence in report.warnings:
        say(f"  warning: {sentence}")
    for finding in report.findings:
        say(f"  {finding.kind}: {finding.sentence}")
    if len(report.findings) == FINDINGS_MAX:
        say("  What more there is, is not listed.")
