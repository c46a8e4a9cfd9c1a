"""`careplane certs`: certificates and call keys for processes that talk to each other, in a folder for each to mount.

FOLDER/ca.pem and ca.key are the authority. FOLDER/<process>/ is what one process gets, and all that it gets: ca.pem,
tls.pem, tls.key, calls/<name>.key for each name that runs in it, and calls/*.pub of everybody. Run again, the command
keeps what is good.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from careplane.app.authority import LASTS, Authority, ends_within, name_fault, names_in, read_certificate, read_private
from careplane.app.catalog import NAMES
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say
from careplane.gateway.routes import GATEWAY
from careplane_transports.grpc.call_keys import private_pem, public_pem

EVERYBODY: Final = (GATEWAY, *NAMES)
_SOON: Final = 3
"""A certificate is renewed in the last third of its time."""

_SECRET, _OPEN = 0o600, 0o644
_SEVERAL = re.compile(r"\s*\+\s*")


def run_certs(folder: Path, processes: Sequence[str], hosts: Sequence[str], days: int) -> None:
    """Make what is missing in the folder, renew what ends soon, and say what was done."""
    wanted = {process: _names(process) for process in processes or EVERYBODY}
    for host in hosts:
        if (fault := name_fault(host)) is not None:
            raise SetupError(f"{host!r} {fault}: give --hosts names in lower case or IP addresses.")
    work = _Work(folder, datetime.now(UTC), timedelta(days=days))
    try:
        work.do(wanted, tuple(hosts))
    except OSError as error:
        sentence = f"{error.filename or folder} cannot be written ({error.strerror}): choose a folder that is yours."
        raise SetupError(sentence) from error
    for line in work.said:
        say(line)
    ends = work.authority.certificate.not_valid_after_utc
    say(f"{folder}: the authority is good until {ends:%Y-%m-%d}; keep ca.key where no process can read it.")


def _names(process: str) -> tuple[str, ...]:
    """Return the names that run in a process, which is called after them: `patient`, or `patient+billing`."""
    names = tuple(_SEVERAL.split(process.strip()))
    unknown = [name for name in names if name not in EVERYBODY]
    if unknown:
        sentence = f"There is no component {unknown[0]!r}: choose from {', '.join(EVERYBODY)}, joined by + to share."
        raise SetupError(sentence)
    return names


@dataclass
class _Work:
    """What is done in one folder, and what there is to say about it."""

    folder: Path
    now: datetime
    lasts: timedelta
    said: list[str] = field(default_factory=list)
    authority: Authority = field(init=False)

    def do(self, wanted: dict[str, tuple[str, ...]], hosts: tuple[str, ...]) -> None:
        """Do all of it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.authority = self._authority()
        everyone = {**self._others(), **wanted}
        keys = {name: self._call_key(name, everyone) for names in everyone.values() for name in names}
        for process, names in everyone.items():
            place = self.folder / process
            if process in wanted:
                self._certificate(place, names, hosts)
            self._keep(place / "ca.pem", _pem(self.authority.certificate), _OPEN)
            for name, key in keys.items():
                if name in names:
                    self._keep(place / "calls" / f"{name}.key", private_pem(key), _SECRET)
                self._keep(place / "calls" / f"{name}.pub", public_pem(key.public_key()), _OPEN)

    def _authority(self) -> Authority:
        key, certificate = self.folder / "ca.key", self.folder / "ca.pem"
        if not key.exists() and not certificate.exists():
            made = Authority.begun(self.now)
            self._write(key, private_pem(made.key), _SECRET)
            self._write(certificate, _pem(made.certificate), _OPEN)
            self.said.append(f"Made an authority in {certificate}.")
            return made
        found = Authority.read(key, certificate)
        if ends_within(found.certificate, max(self.lasts, LASTS / 10), self.now):
            found = Authority.begun(self.now, found.key)
            self._write(certificate, _pem(found.certificate), _OPEN)
            self.said.append(f"Renewed the authority in {certificate}; what it had issued stays good.")
        key.chmod(_SECRET)
        return found

    def _others(self) -> dict[str, tuple[str, ...]]:
        """Return the processes that were made earlier: they are to hear of new names as well."""
        found = sorted(place.parent.name for place in self.folder.glob("*/calls") if place.is_dir())
        return {process: tuple(process.split("+")) for process in found if set(process.split("+")) <= set(EVERYBODY)}

    def _call_key(self, name: str, everyone: dict[str, tuple[str, ...]]) -> ec.EllipticCurvePrivateKey:
        files = [self.folder / process / "calls" / f"{name}.key" for process in everyone if name in everyone[process]]
        for file in files:
            key = read_private(file)
            if key is not None:
                return key
        self.said.append(f"Made the call key of {name}.")
        return ec.generate_private_key(ec.SECP256R1())

    def _certificate(self, place: Path, names: tuple[str, ...], hosts: Iterable[str]) -> None:
        called = {*names, "localhost", "127.0.0.1", "::1", *hosts}
        file, key = place / "tls.pem", read_private(place / "tls.key")
        held = read_certificate(file)
        if key is not None and held is not None and self.authority.issued(held):
            known = set(names_in(held))
            fresh = held.public_key() == key.public_key() and not ends_within(held, self.lasts / _SOON, self.now)
            if fresh and called <= known:
                (place / "tls.key").chmod(_SECRET)
                return
            called |= known  # who renews need not name every host again
        key = key or ec.generate_private_key(ec.SECP256R1())
        made = self.authority.issue((*names, *sorted(called)), key.public_key(), self.now, self.lasts)
        self._keep(place / "tls.key", private_pem(key), _SECRET)
        self._write(file, _pem(made), _OPEN)
        self.said.append(f"Made the certificate of {place.name}, good until {made.not_valid_after_utc:%Y-%m-%d}.")

    def _keep(self, file: Path, content: bytes, mode: int) -> None:
        if not file.is_file() or file.read_bytes() != content:
            self._write(file, content, mode)
        elif mode == _SECRET:
            file.chmod(mode)

    def _write(self, file: Path, content: bytes, mode: int) -> None:
        """Put a file in place whole, for whoever owns the folder, and never readable by more than its mode says."""
        owner = self.folder.stat()
        missing = [place for place in (file.parent, file.parent.parent) if not place.exists()]
        file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:  # noqa: PTH123 - its mode
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if os.geteuid() == 0 and owner.st_uid != 0:
            for made in (fresh, *missing):
                os.chown(made, owner.st_uid, owner.st_gid)
        fresh.replace(file)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
