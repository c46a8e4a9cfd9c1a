"""The components' logins: whether each comes in as itself, and its role may do nothing that it should not."""

from collections.abc import Iterator, Sequence

from careplane.app.catalog import NAMES
from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning
from careplane.kernel.errors import PlatformError
from careplane.storage.inspection import LoginSeen, see_login

_MIGRATE = "Run: careplane migrate"


async def check_logins(case: Case) -> Sequence[Finding]:
    """Look at the login and the role of each component."""
    findings: list[Finding] = []
    for name, url in case.logins.items():
        try:
            seen = await see_login(url, name, [other for other in NAMES if other != name])
        except PlatformError as error:
            reason = str(error.meta.get("database", type(error).__name__))
            advice = "Check its URL; the embedded database lets it in once `careplane dev` has been started anew."
            findings.append(problem("logins", f"{name} is not let in ({reason})", advice))
            continue
        findings += judged(name, seen)
    if case.logins and not findings:
        return [ok("logins", "each component comes in as itself, and can change no audit")]
    return findings


def judged(name: str, seen: LoginSeen) -> Iterator[Finding]:
    """Judge the login of the component `name`; nothing where all is well."""
    if not seen.role_exists:
        yield problem("logins", f"the role {seen.role} is not there", _MIGRATE)
        return
    if seen.role_powerful or seen.owns:
        why = "has rights over the whole server" if seen.role_powerful else f"owns {', '.join(seen.owns)}"
        advice = (
            f"Run as the owner: ALTER ROLE {seen.role} NOSUPERUSER NOCREATEROLE NOBYPASSRLS, and give it no tables."
        )
        yield problem("logins", f"the role {seen.role} {why}", advice)
    if seen.may_change:
        tables = ", ".join(f"{name}.{table}" for table in seen.may_change)
        advice = f"Run as the owner: REVOKE UPDATE, DELETE, TRUNCATE ON {tables} FROM {seen.role}, PUBLIC;"
        yield problem("logins", f"the role {seen.role} can change {tables}", advice)
    if seen.sees:
        advice = f"Run as the owner: REVOKE ALL ON SCHEMA {', '.join(seen.sees)} FROM {seen.role}, PUBLIC;"
        yield problem("logins", f"the role {seen.role} can see into {', '.join(seen.sees)}", advice)
    if seen.sets_role:
        whose = "a superuser's" if seen.powerful else "another's"
        advice = f"Give {seen.role} a login of its own in database.component_urls: config/dev.toml says how."
        yield warning("logins", f"{name} comes in under {whose} login and could go back to it", advice)
