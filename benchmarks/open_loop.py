"""Registrations at a fixed rate, whether or not the answers keep up: `TOKEN=... python open_loop.py PORT RATE SECONDS`.

A delay counts from the moment at which a registration was due, so that a server that stands still does not make it look
as if nobody had wanted anything meanwhile. It prints how many were sent, how many failed, and the delays' p50 and p99.
"""

import asyncio
import json
import os
import random
import sys
from itertools import count

import uvloop

CONNECTIONS = 128
PATIENCE_S = 60.0
GIVEN = ("Anna", "Bert", "Chloe", "Dirk", "Ella", "Finn", "Gina", "Hugo", "Iris", "Jan", "Karl", "Lena")
FAMILY = ("Smith", "Jansen", "Garcia", "Kowalski", "Rossi", "Silva", "Novak", "Dubois", "Meyer", "Yilmaz")


def body(run: str, number: int) -> bytes:
    """Return a registration of somebody whom nobody has registered before."""
    return json.dumps(
        {
            "name": f"{random.choice(GIVEN)} {random.choice(FAMILY)}",
            "email": f"p{run}-{number}@example.org",
            "address": f"{random.randrange(1, 999)} High Street, Springfield",
            "dateOfBirth": f"19{random.randrange(30, 99)}-{random.randrange(1, 12):02}-{random.randrange(1, 28):02}",
        }
    ).encode()


class Load:
    """The connections, those who wait for one, and what has come of it."""

    def __init__(self, port: int, token: str) -> None:
        """Know the server and who we are."""
        self._port = port
        self._head = (
            "POST /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: "
        ).encode()
        self._due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self.seconds: list[float] = []
        self.failed = 0

    async def run(self, rate: int, seconds: int) -> None:
        """Send, and return when everything is answered."""
        loop, run = asyncio.get_running_loop(), os.urandom(6).hex()
        async with asyncio.timeout(seconds + PATIENCE_S), asyncio.TaskGroup() as group:
            senders = [group.create_task(self._send()) for _ in range(CONNECTIONS)]
            begun = loop.time() + 0.1
            for number in range(rate * seconds):
                due = begun + number / rate
                if (left := due - loop.time()) > 0:
                    await asyncio.sleep(left)
                self._due.put_nowait((due, body(run, number)))
            await self._due.join()
            for sender in senders:
                sender.cancel()

    async def _send(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        loop = asyncio.get_running_loop()
        for _ in count():
            due, content = await self._due.get()
            writer.write(self._head + str(len(content)).encode() + b"\r\n\r\n" + content)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
            self.failed += b" 201 " not in head.partition(b"\r")[0]
            self.seconds.append(loop.time() - due)
            self._due.task_done()


def main() -> None:
    """Send and say what came of it."""
    port, rate, seconds = map(int, sys.argv[1:])
    load = Load(port, os.environ["TOKEN"])
    uvloop.run(load.run(rate, seconds))
    ordered = sorted(load.seconds)
    p50, p99 = (1000 * ordered[len(ordered) * part // 100] for part in (50, 99))
    sys.stdout.write(json.dumps({"sent": len(ordered), "failed": load.failed, "p50": p50, "p99": p99}))


if __name__ == "__main__":
    main()
