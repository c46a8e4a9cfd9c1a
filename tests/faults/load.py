"""Clients as good ones are: they send what was not acknowledged again, under the key it had, and keep account."""

import asyncio
import itertools
import random
import uuid
from collections import Counter
from typing import Any

import httpx
import msgspec
from tests.end_to_end.patients import somebody

_PAUSE_S = 0.01
_RETRY_S = 0.1
_ANSWER_S = 5.0
_TRY_AGAIN = frozenset({409, 429, 503, 504})
_phones = itertools.count(1_000_000)


class Sent(msgspec.Struct, frozen=True):
    """A request under its key; `patient` is whom it changes, None for a registration."""

    key: str
    body: dict[str, Any]
    patient: str | None = None


class Load:
    """Clients that register, change and read patients, and what they were told."""

    def __init__(self, chance: random.Random) -> None:
        """Begin with nothing sent."""
        self._chance = chance
        self._going = False
        self.versions: dict[str, int] = {}
        self.open = 0
        self.wrong: list[str] = []
        self.answers: Counter[str] = Counter()

    async def work(
        self, url: str, token: dict[str, str], clients: int, through: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Work until told to stop, and then until everything that was sent is acknowledged, `through` a balancer."""
        self._going = True
        limits = httpx.Limits(max_connections=clients)
        making = httpx.AsyncClient(base_url=url, headers=token, timeout=_ANSWER_S, limits=limits, transport=through)
        async with making as client, asyncio.TaskGroup() as working:
            for _ in range(clients):
                working.create_task(self._work(client))

    def stop(self) -> None:
        """Send nothing new."""
        self._going = False

    async def _work(self, client: httpx.AsyncClient) -> None:
        while self._going:
            drawn = self._chance.random()
            if self.versions and drawn < 0.2:
                await self._read(client, self._chance.choice(tuple(self.versions)))
            elif self.versions and drawn < 0.4:
                patient = self._chance.choice(tuple(self.versions))
                await self._see_through(client, Sent(str(uuid.uuid4()), {"phone": str(next(_phones))}, patient))
            else:
                body = somebody(gender=self._chance.choice(["female", "male"]))
                await self._see_through(client, Sent(str(uuid.uuid4()), body))
            await asyncio.sleep(_PAUSE_S)

    async def _see_through(self, client: httpx.AsyncClient, sent: Sent) -> None:
        self.open += 1
        while True:
            if await self._send(client, sent):
                break
            await asyncio.sleep(self._chance.uniform(_RETRY_S / 2, _RETRY_S))
        self.open -= 1

    async def _send(self, client: httpx.AsyncClient, sent: Sent) -> bool:
        method, path = ("PATCH", f"/api/patients/{sent.patient}") if sent.patient else ("POST", "/api/patients")
        answer = await self._ask(client, method, path, sent)
        if answer is None:
            return False
        if answer.is_success:
            self._acknowledged(sent, answer.json())
        else:
            self.wrong.append(f"{method}: {answer.status_code} {answer.text[:500]}")
        return True

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str, sent: Sent | None) -> httpx.Response | None:
        """Return an answer that is final, or None if asking again is what a good client does."""
        headers = {"Idempotency-Key": sent.key} if sent else {}
        try:
            answer = await client.request(method, path, json=sent.body if sent else None, headers=headers)
        except httpx.TransportError as error:
            self.answers[f"{method} {type(error).__name__}"] += 1
            return None
        self.answers[f"{method} {answer.status_code}"] += 1
        return None if answer.status_code in _TRY_AGAIN else answer

    def _acknowledged(self, sent: Sent, body: dict[str, Any]) -> None:
        if sent.patient is None:
            if body["id"] in self.versions:
                self.wrong.append("two registrations were answered with one patient")
            self.versions[body["id"]] = 1
        else:
            self.versions[sent.patient] += 1

    async def _read(self, client: httpx.AsyncClient, patient: str) -> None:
        acknowledged = self.versions[patient]
        answer = await self._ask(client, "GET", f"/api/patients/{patient}", None)
        if answer is None:
            return
        if not answer.is_success:
            self.wrong.append(f"GET: {answer.status_code} {answer.text[:500]}")
        elif answer.json()["version"] < acknowledged:
            self.wrong.append(f"version {answer.json()['version']} was read after {acknowledged} was acknowledged")
