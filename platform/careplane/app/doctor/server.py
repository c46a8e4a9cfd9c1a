"""PostgreSQL itself: whether it answers, is new enough, durable, on time and large enough, and has our tables in it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from careplane.app.catalog import NAMES
from careplane.app.databases import by_database
from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning
from careplane.kernel.errors import PlatformError
from careplane.storage.inspection import ServerSeen, see_server
from careplane.storage.migrations import changed, pending

_OLDEST, _TESTED = 15, 18
_CLOCK_WARNING_S, _CLOCK_PROBLEM_S = 1.0, 30.0
_OTHERS_CONNECTIONS = 10
_CERTAIN = ("verify-full", "verify-ca")
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


async def check_server(case: Case) -> Sequence[Finding]:
    """Look at each server that the components' databases are on."""
    if not case.owners:
        if case.elsewhere.issuperset(NAMES):
            return [ok("database", "none is used here: all components run elsewhere")]
        if case.embedded:
            return [ok("database", "the embedded one does not run, and was not looked at: `careplane dev` runs it")]
        return [problem("database", "it is not known for every component", "Set database.url or DATABASE_URL.")]
    findings: list[Finding] = []
    if case.elsewhere:
        others = ", ".join(name for name in NAMES if name in case.elsewhere)
        found = f"{', '.join(case.owners)} was looked at; this login shows nothing of {others}, which have their own"
        findings.append(ok("database", found))
    for url, names in by_database(case.owners):
        try:
            seen = await see_server(url)
        except PlatformError as error:
            reason = str(error.meta.get("database", type(error).__name__))
            advice = "Check that it runs, and that database.url leads to it with the right user and password."
            findings.append(problem("database", f"it does not answer ({reason})", advice))
            continue
        findings += judged(seen, names, case.settings.database.pool_size, datetime.now(UTC))
        findings += await _migrated(url, names)
    return findings


async def check_wire(case: Case) -> Sequence[Finding]:
    """Look at whether what goes to a database on another machine can be read or changed on the way."""
    far = [name for name, url in case.logins.items() if _is_far(url) and not _is_certain(url)]
    if far:
        advice = "Add sslmode=verify-full (and sslrootcert) to the database's URL."
        return [warning("database", f"the wire of {', '.join(far)} to another machine is not certain", advice)]
    return []


def judged(seen: ServerSeen, names: Sequence[str], pool_size: int, now: datetime) -> Iterator[Finding]:
    """Judge a server that `names` will open pools of `pool_size` to."""
    yield _version(seen)
    if seen.encoding != "UTF8":
        advice = "Make the database anew with ENCODING 'UTF8': names do not fit into another one."
        yield problem("database", f"its encoding is {seen.encoding}", advice)
    if seen.standby:
        yield problem("database", "it is a standby, which takes no writes", "Let database.url lead to the primary.")
    weak = [name for name in ("fsync", "full_page_writes") if seen.settings.get(name) != "on"]
    weak += ["synchronous_commit"] if seen.settings.get("synchronous_commit") in {"off", None} else []
    if weak:
        advice = (
            f"Run as its owner: {' '.join(f'ALTER SYSTEM SET {name} = on;' for name in weak)} SELECT pg_reload_conf();"
        )
        yield problem("database", f"{', '.join(weak)} is off, so what was acknowledged can be lost", advice)
    else:
        yield ok("database", "what it has acknowledged survives a power cut")
    yield _connections(seen, len(names) * pool_size)
    yield _clock(abs((now - seen.time).total_seconds()))


def _version(seen: ServerSeen) -> Finding:
    major = seen.number // 10_000
    if major < _OLDEST:
        return problem("database", f"it is PostgreSQL {seen.version}", f"Use PostgreSQL {_TESTED}.")
    if major < _TESTED:
        return warning(
            "database", f"it is PostgreSQL {seen.version}", f"Careplane is tested with PostgreSQL {_TESTED}."
        )
    return ok("database", f"PostgreSQL {seen.version} answers, and needs no extension")


def _connections(seen: ServerSeen, wanted: int) -> Finding:
    settings = seen.settings
    room = int(settings.get("max_connections", 0)) - int(settings.get("superuser_reserved_connections", 0))
    if room < wanted:
        advice = "Raise max_connections, or lower database.pool_size."
        return problem("connections", f"there are {room}, and one process may open {wanted}", advice)
    if room < wanted + _OTHERS_CONNECTIONS:
        advice = "Raise max_connections, or lower database.pool_size: commands at a terminal need some, too."
        return warning("connections", f"there are {room}, and one process may open {wanted}", advice)
    return ok("connections", f"there are {room}, and one process may open {wanted}")


def _clock(seconds: float) -> Finding:
    found = f"the database's and this machine's differ by {seconds:.1f} s"
    advice = "Let both follow a time server (NTP): tokens, audit and dead-lines go by them."
    if seconds > _CLOCK_PROBLEM_S:
        return problem("clocks", found, advice)
    return warning("clocks", found, advice) if seconds > _CLOCK_WARNING_S else ok("clocks", found)


async def _migrated(url: str, names: Sequence[str]) -> Sequence[Finding]:
    other = await changed(url, names)
    if other:
        advice = "Put the files back as they were, or use the Careplane that made this database."
        return [problem("migrations", f"{', '.join(other)} is not what was applied", advice)]
    missing = await pending(url, names)
    if missing:
        return [problem("migrations", f"{len(missing)} are not applied, {missing[0]} first", "Run: careplane migrate")]
    return [ok("migrations", "all are applied")]


def _is_far(url: str) -> bool:
    parts = urlsplit(url)
    hosts = [*parse_qs(parts.query).get("host", []), parts.hostname or ""]
    return not any(host in _LOCAL[1:] or host.startswith("/") for host in hosts) and any(hosts)


def _is_certain(url: str) -> bool:
    return parse_qs(urlsplit(url).query).get("sslmode", [""])[-1] in _CERTAIN
