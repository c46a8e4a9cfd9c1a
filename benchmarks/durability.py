"""What each system's PostgreSQL says of its durability; who switched any of it off is not measured."""

import sys

import msgspec
from benchmarks.systems.running import Running

MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")
SHOWN = (*MUST_BE_ON, "wal_sync_method", "server_version")
_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY($1)"
# What is set for an account or a database holds for them only, and our own session would not show it.
_FOR_SOME = """
SELECT split_part(one, '=', 1) AS name, split_part(one, '=', 2) AS setting
FROM pg_db_role_setting, unnest(setconfig) one
WHERE split_part(one, '=', 1) = ANY($1)
"""


class Durability(msgspec.Struct, frozen=True):
    """The settings of one system's PostgreSQL, as it shows them; none where it has no PostgreSQL of ours."""

    system: str
    settings: dict[str, str]


def durability(system: Running) -> Durability:
    """Ask a system's PostgreSQL; end the run if it would acknowledge what a power cut could lose."""
    if not system.database:
        return Durability(system.name, {})
    found = {row["name"]: str(row["setting"]) for row in system.sql(_SETTINGS, list(SHOWN))}
    of_some = [(row["name"], row["setting"]) for row in system.sql(_FOR_SOME, list(MUST_BE_ON))]
    all_of_them = [*((name, found.get(name, "unknown")) for name in MUST_BE_ON), *of_some]
    off = [f"{name} = {setting}" for name, setting in all_of_them if setting != "on"]
    if off:
        sys.exit(
            f"{system.name} claims to be durable, and its PostgreSQL runs with {', '.join(off)}: "
            "its figures would mean nothing. Switch that on and run this again."
        )
    return Durability(system.name, {name: found[name] for name in SHOWN})
