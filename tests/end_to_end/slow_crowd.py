"""Five hundred clients that take their time, in a process of their own: `python slow_crowd.py PORT`.

A third drips headers, a third drips bodies, a third asks once and keeps its connection. Who is cut off comes again.
It writes a line when all of them are there, and stops when its input ends.
"""

import asyncio
import sys

EACH = 167
DRIP_SECONDS = 1.0
HEAD = b"GET /health/live HTTP/1.1\r\nHost: a\r\n"
WAYS = (
    (HEAD, b"X: y\r\n"),
    (
        b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{",
        b" ",
    ),
    (HEAD + b"\r\n", b""),
)


async def dawdle(port: int, first: bytes, drip: bytes, here: asyncio.Semaphore) -> None:
    """Connect again and again, begin to say something, and never come to its end."""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        here.release()
        try:
            while not await _cut_off(reader):
                writer.write(drip)
        except ConnectionError:
            pass  # the other side has hung up: that is what it is for
        finally:
            writer.close()


async def _cut_off(reader: asyncio.StreamReader) -> bool:
    """Listen for as long as one drip takes, and tell whether the other side has hung up."""
    try:
        async with asyncio.timeout(DRIP_SECONDS):
            while await reader.read(65_536):
                pass
    except TimeoutError:
        return False
    return True


async def main(port: int) -> None:
    """Be there until the input ends."""
    here = asyncio.Semaphore(0)
    clients = [asyncio.create_task(dawdle(port, *way, here)) for way in WAYS for _ in range(EACH)]
    for _ in clients:
        await here.acquire()
    sys.stdout.write("all there\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for client in clients:
        client.cancel()
    for ended in await asyncio.gather(*clients, return_exceptions=True):
        if not isinstance(ended, asyncio.CancelledError):
            raise ended if isinstance(ended, BaseException) else RuntimeError


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
