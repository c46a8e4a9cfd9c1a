"""The list of checks, in the order of the report: a new one is a function in its subject's module, and a line here."""

from collections.abc import Sequence
from typing import Final

from careplane.app.doctor import configuration, folder, keys, logins, machine, queues, server, software
from careplane.app.doctor.case import Case, Check
from careplane.app.doctor.finding import Finding, problem

CHECKS: Final[tuple[Check, ...]] = (
    software.check_python,
    software.check_libraries,
    configuration.check_settings,
    configuration.check_secrets,
    configuration.check_cursor_secret,
    configuration.check_proofs,
    configuration.check_routes_file,
    folder.check_folder,
    folder.check_space,
    machine.check_ports,
    machine.check_resources,
    server.check_server,
    server.check_wire,
    logins.check_logins,
    queues.check_queues,
    keys.check_keys,
    keys.check_demo_user,
)


async def examine(case: Case, checks: Sequence[Check] = CHECKS) -> Sequence[Finding]:
    """Carry out the checks; one that fails itself is a problem, and keeps no other from being carried out."""
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += await check(case)
        except Exception as error:  # noqa: BLE001 - it is said, and what it says may be secret
            subject = check.__name__.removeprefix("check_").replace("_", " ")
            found = f"it could not be looked at ({type(error).__name__})"
            findings.append(problem(subject, found, "Report this: it is a fault of Careplane's."))
    return findings
