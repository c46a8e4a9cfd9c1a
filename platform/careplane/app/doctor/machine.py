"""This machine: whether the ports are free, and memory, processors and open files are enough."""

import os
import resource
import socket
from collections.abc import Sequence

import psutil

from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning

_GIB = 1024**3
_FILES = 4096


async def check_ports(case: Case) -> Sequence[Finding]:
    """Look at whether the gateway and the metrics can listen, and who does if not."""
    http, metrics = case.settings.http, case.settings.metrics
    wanted = {"gateway": (http.host, http.port)}
    if metrics.port:
        wanted["metrics"] = (metrics.host, metrics.port)
    return [_port(name, host, port) for name, (host, port) in wanted.items()]


async def check_resources(_case: Case) -> Sequence[Finding]:
    """Look at memory, processors and open files."""
    memory = psutil.virtual_memory()
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return resources(memory.total, memory.available, os.cpu_count() or 1, files)


def resources(total: int, available: int, processors: int, files: int) -> Sequence[Finding]:
    """Judge memory in bytes, processors and open files."""
    found = f"{total / _GIB:.1f} GiB of memory, {available / _GIB:.1f} of it free, and {processors} processors"
    findings = [ok("machine", found)]
    if available < _GIB // 4:
        findings = [problem("machine", found, "Free some memory: the system may end Careplane or its database.")]
    elif total < 2 * _GIB:
        findings = [
            warning("machine", found, "Two GiB of memory are what Careplane and its database are comfortable in.")
        ]
    if files != resource.RLIM_INFINITY and files < _FILES:
        advice = f"Raise it to {_FILES} or more (ulimit -n, LimitNOFILE): each client holds one."
        findings.append(warning("open files", f"at most {files} at a time", advice))
    else:
        findings.append(
            ok("open files", "at most " + ("any number" if files == resource.RLIM_INFINITY else str(files)))
        )
    return findings


def _port(name: str, host: str, port: int) -> Finding:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return _taken(name, host, port, error)
    return ok("ports", f"{host}:{port} is free for the {name}")


def _taken(name: str, host: str, port: int, error: OSError) -> Finding:
    holder = _listener(port)
    if holder is not None and _is_careplane(holder):
        return ok("ports", f"a Careplane (process {holder.pid}) has {host}:{port} for the {name}")
    if holder is None:
        reason = (error.strerror or "it cannot be used").lower()
        return problem("ports", f"{host}:{port} cannot be had for the {name} ({reason})", _advice(name))
    return problem("ports", f"process {holder.pid} ({holder.name()}) has {host}:{port}, the {name}'s", _advice(name))


def _advice(name: str) -> str:
    section = "http" if name == "gateway" else "metrics"
    return f"Set {section}.host and {section}.port to an address of this machine that is free, or stop who has it."


def _listener(port: int) -> psutil.Process | None:
    """Return the process that listens on a port, if this account may know."""
    for process in psutil.process_iter():
        try:
            found = process.net_connections(kind="tcp")
            if any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in found):
                return process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return None


def _is_careplane(process: psutil.Process) -> bool:
    try:
        return any("careplane" in os.path.basename(word) for word in process.cmdline()[:4])  # noqa: PTH119 - of a word
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
