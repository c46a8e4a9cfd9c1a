"""A crowd of clients that register and change patients, and know what was acknowledged to them and what was not."""

import asyncio
import itertools
import random
import uuid
from collections import Counter
from typing import Any

import httpx
import msgspec
from tests.end_to_end.patients import somebody
from tests.end_to_end.program import Program

AT_ONCE = 24
_phones = itertools.count(1_000_000)


class Sent(msgspec.Struct, frozen=True):
    """A request that may be sent again under its key; `patient` is whom it changes, None for a registration."""

    key: str
    body: dict[str, Any]
    patient: str | None = None


class Crowd:
    """Keeps account of its requests: those acknowledged, with the answer, and those of which nobody knows."""

    def __init__(self, chance: random.Random) -> None:
        """Begin with nothing sent."""
        self._chance = chance
        self._stopped = False
        self.unknown: dict[str, Sent] = {}
        self.registered: dict[str, dict[str, Any]] = {}
        self.changes: Counter[str] = Counter()
        self.refused: list[str] = []
        self.latest: list[str] = []

    async def work(self, program: Program, signed_in: dict[str, str], clients: int = AT_ONCE) -> None:
        """Send requests until stopped, or until nobody answers any more."""
        self._stopped = False
        self.latest = []
        async with _client(program, signed_in) as client:
            await asyncio.gather(*(self._keep_sending(client) for _ in range(clients)))

    def stop(self) -> None:
        """Send nothing more; what is on its way is waited for."""
        self._stopped = True

    async def settle(self, program: Program, signed_in: dict[str, str]) -> None:
        """Send everything that was not acknowledged once more, under the keys it had, until all of it is."""
        async with _client(program, signed_in) as client, asyncio.timeout(30):
            while self.unknown:
                await asyncio.gather(*(self._send(client, sent) for sent in list(self.unknown.values())))

    async def _keep_sending(self, client: httpx.AsyncClient) -> None:
        while not self._stopped:
            sent = self._make()
            self.unknown[sent.key] = sent
            if not await self._send(client, sent):
                return

    def _make(self) -> Sent:
        if self.registered and self._chance.random() < 0.3:
            patient = self._chance.choice(list(self.registered))
            return Sent(str(uuid.uuid4()), {"phone": str(next(_phones))}, patient)
        return Sent(str(uuid.uuid4()), somebody(gender=self._chance.choice(["female", "male"])))

    async def _send(self, client: httpx.AsyncClient, sent: Sent) -> bool:
        headers = {"Idempotency-Key": sent.key}
        try:
            if sent.patient is None:
                answer = await client.post("/api/patients", json=sent.body, headers=headers)
            else:
                answer = await client.patch(f"/api/patients/{sent.patient}", json=sent.body, headers=headers)
        except httpx.TransportError:
            return False
        if answer.is_success:
            self._acknowledged(sent, answer.json())
        elif answer.status_code not in {409, 503, 504}:
            self.refused.append(f"{answer.status_code} {answer.text}")
        return True

    def _acknowledged(self, sent: Sent, body: dict[str, Any]) -> None:
        del self.unknown[sent.key]
        if sent.patient is None:
            assert body["id"] not in self.registered, "two registrations were answered with one patient"
            self.registered[body["id"]] = body
            self.latest.append(body["id"])
        else:
            self.changes[sent.patient] += 1


def _client(program: Program, signed_in: dict[str, str]) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    return httpx.AsyncClient(base_url=program.url, headers=signed_in, timeout=30.0, limits=limits)
