"""How the embedded PostgreSQL is set up: durable, silent about what is in the data, tuned for one small machine."""

import sys
from pathlib import Path

_FILE = "careplane.conf"
_SETTINGS: dict[str, str] = {
    # Reached through a socket only, in a folder that only its own account can enter.
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # Nothing acknowledged is ever lost.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Memory for a small machine that runs the platform as well; it is touched only as it is needed.
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    # Fewer, evenly spread checkpoints; bounded, so that recovery after a power cut takes seconds.
    "max_wal_size": "1GB",
    "min_wal_size": "160MB",
    "checkpoint_timeout": "10min",
    "checkpoint_completion_target": "0.9",
    # Short statements on a solid-state disk.
    "jit": "off",
    "random_page_cost": "1.1",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "lc_messages": "C",
    # A week of logs. Errors go to the client; here they would carry values out of the rows: personal data.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
if sys.platform == "linux":
    _SETTINGS["client_connection_check_interval"] = "1s"  # a killed client's locks do not outlive it
    _SETTINGS["recovery_init_sync_method"] = "syncfs"


def write_conf(pgdata: Path, socket_folder: Path) -> None:
    """Write our settings for the next start; what an administrator set with ALTER SYSTEM still wins."""
    settings = _SETTINGS | {"unix_socket_directories": str(socket_folder)}
    lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
    conf = pgdata / _FILE
    conf.write_text("# Written by Careplane at every start. Use ALTER SYSTEM for your own.\n" + "".join(lines))
    conf.chmod(0o644)  # root may write for itself alone, and PostgreSQL runs under another account


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def include_conf(pgdata: Path) -> None:
    """Make a fresh database read our settings."""
    with (pgdata / "postgresql.conf").open("a") as conf:
        conf.write(f"\ninclude = '{_FILE}'\n")
