"""The running platform that the access matrix asks, with tokens for every caller and records of every kind."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from tests.access.callers import Caller
from tests.access.policy import RECORDS, Stand
from tests.access.requests import Examples
from tests.end_to_end.conftest import programs
from tests.end_to_end.program import Program

from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.keys import SigningKey, read_key
from careplane.components.identity.signing.tokens import TokenSigner

_ADMIN = Caller("who prepares", ("admin",))


class World:
    """A platform with nobody in it: tokens are made with its own key, records as they are needed."""

    def __init__(self, program: Program) -> None:
        """Ask `program`."""
        self.url = program.url
        settings = IdentitySettings()
        key = _key_of(program)
        self._signer = TokenSigner(
            lambda _now: key, issuer=settings.issuer, audience=settings.audience, ttl_s=settings.token_ttl_s
        )

    def signed_in(self, caller: Caller, roles: tuple[str, ...] | None = None) -> dict[str, str]:
        """Return the header with a caller's token, which is none for nobody; other `roles` take the place of theirs."""
        if not caller.signed_in:
            return {}
        now, roles = datetime.fromtimestamp(time.time(), UTC), caller.roles if roles is None else roles
        token = self._signer.issue(caller.id, roles, now=now, jti=uuid4(), session=uuid4(), epoch=0)
        return {"authorization": f"Bearer {token}"}

    async def examples(self, http: httpx.AsyncClient) -> Examples:
        """Return the example bodies of the API documentation."""
        return Examples((await http.get("/api-docs")).json())

    async def variables(self, http: httpx.AsyncClient, caller: Caller, stand: Stand) -> dict[str, str]:
        """Return what to put into a path, after making what it is about."""
        user = str(caller.id if stand is Stand.SELF else uuid4())
        patient = await self._record(http, caller, stand) if stand in RECORDS else str(uuid4())
        return {"user_id": user, "patient_id": patient, "version": "1"}

    async def _record(self, http: httpx.AsyncClient, caller: Caller, stand: Stand) -> str:
        admin = self.signed_in(_ADMIN)
        who = {"name": "Ann Other", "email": f"{uuid4()}@example.org", "address": "1 Way", "dateOfBirth": "1980-02-03"}
        made = await http.post("/api/patients", json=who, headers=admin)
        assert made.status_code == 201, made.text
        patient: str = made.json()["id"]
        if stand is Stand.ARCHIVED:
            _done(await http.delete(f"/api/patients/{patient}", headers=admin))
        elif stand is not Stand.OPEN:
            team = [str(caller.id if stand is Stand.TEAM else uuid4())]
            access: dict[str, Any] = {"restricted": True, "careTeam": team}
            _done(await http.put(f"/api/patients/{patient}/access", json=access, headers=admin))
        if stand is Stand.GRANTED and caller.signed_in:
            as_clinician = self.signed_in(caller, ("clinician",))
            reason = {"reason": "Unconscious in the emergency room"}
            _done(await http.post(f"/api/patients/{patient}/break-glass", json=reason, headers=as_clinician))
        return patient


@contextmanager
def running_world() -> Iterator[World]:
    """Run a platform for the body."""
    with programs() as start:
        yield World(start())


def _key_of(program: Program) -> SigningKey:
    newest = max((program.data / "keys").glob("*.pem"))
    return read_key(newest.read_text(), "The key", production=False)


def _done(answer: httpx.Response) -> None:
    assert answer.is_success, answer.text
