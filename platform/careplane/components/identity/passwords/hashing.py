"""Password hashing with argon2id, off the event loop: a bounded number at a time, and a bounded number that wait."""

import asyncio
import secrets
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from operator import itemgetter
from threading import BoundedSemaphore
from typing import Protocol, TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.errors import FailedPrecondition, Overloaded

T = TypeVar("T")

# OWASP's weakest choices that still count as equal: https://cheatsheetseries.owasp.org, Password Storage.
_FLOORS = ((1, 47_104), (2, 19_456), (3, 12_288), (4, 9_216), (5, 7_168))


class Hasher(Protocol):
    """Slow hashing, on whatever thread it is called."""

    def hash(self, secret: bytes) -> str:
        """Return a salted hash that says by itself how it was made."""
        ...

    def verify(self, hashed: str, secret: bytes) -> bool:
        """Tell whether the hash was made from the secret."""
        ...

    def outdated(self, hashed: str) -> bool:
        """Tell whether the hash was made with other parameters than it would be today."""
        ...


class Argon2:
    """argon2id (RFC 9106)."""

    def __init__(self, settings: IdentitySettings) -> None:
        """Take the parameters; in production raise FailedPrecondition for cheap ones."""
        time_cost, memory = settings.argon2_time_cost, settings.argon2_memory_kib
        if settings.production and not any(time_cost >= t and memory >= m for t, m in _FLOORS):
            detail = "The argon2 settings are too cheap: leave them out, or set argon2_memory_kib to 19456 or more."
            raise FailedPrecondition(detail)
        self._hasher = PasswordHasher(time_cost, memory, settings.argon2_parallelism)

    def hash(self, secret: bytes) -> str:
        """Return a salted hash that says by itself how it was made."""
        return self._hasher.hash(secret)

    def verify(self, hashed: str, secret: bytes) -> bool:
        """Tell whether the hash was made from the secret."""
        try:
            return self._hasher.verify(hashed, secret)
        except VerifyMismatchError:
            return False

    def outdated(self, hashed: str) -> bool:
        """Tell whether the hash was made with other parameters than it would be today."""
        return self._hasher.check_needs_rehash(hashed)


class Passwords:
    """Hashes and checks passwords on threads of its own; get one with `open`."""

    def __init__(self, hasher: Hasher, *, threads: int, waiting: int) -> None:
        """Let `threads` run and `waiting` wait, of whom at most half are strangers; one more is Overloaded."""
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._places = BoundedSemaphore(threads + waiting)
        self._strangers = BoundedSemaphore(threads + waiting // 2)
        self._nobodys: list[tuple[int, str]] = []

    @classmethod
    async def open(
        cls, hasher: Hasher, *, threads: int, waiting: int, in_use: Sequence[tuple[str, int]] = ()
    ) -> "Passwords":
        """Start the threads, and make hashes that no password matches, to check in place of an unknown user's.

        `in_use` are hashes of users, one for each set of parameters, and how many users have such a one.
        """
        passwords = cls(hasher, threads=threads, waiting=waiting)
        nobodys, total = passwords._nobodys, 0
        for hashed, users in sorted(in_use):  # in one order everywhere, so that the draw falls alike
            total += users
            nobodys.append((total, await passwords._run(partial(_stand_in, hashed), (passwords._places,))))
        if not nobodys:
            nobodys.append((1, await passwords.hash(secrets.token_bytes(32))))
        return passwords

    async def hash(self, secret: bytes) -> str:
        """Return the hash to keep of a new password."""
        return await self._run(lambda: self._hasher.hash(secret), (self._places,))

    async def matches(
        self, hashed: str | None, secret: bytes | None, *, stranger: bool = False, draw: bytes = b""
    ) -> bool:
        """Tell whether the secret is the one behind the hash; without either, take just as long to say no.

        As long as whom, `draw` decides: a keyed digest of who was asked for, so that somebody unknown always costs the
        same, and as many of them cost so much as of the users do. However many strangers come at once, there is a place
        for those who are none.
        """
        places = (self._strangers, self._places) if stranger else (self._places,)
        if hashed is None or secret is None:
            await self._run(lambda: self._hasher.verify(hashed or self._nobody(draw), secret or b""), places)
            return False
        return await self._run(lambda: self._hasher.verify(hashed, secret), places)

    def outdated(self, hashed: str) -> bool:
        """Tell whether the hash should be made anew."""
        return self._hasher.outdated(hashed)

    def close(self) -> None:
        """Let the one at hand finish, and end the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _nobody(self, draw: bytes) -> str:
        place = int.from_bytes(draw) * self._nobodys[-1][0] >> 8 * len(draw)
        return self._nobodys[bisect_right(self._nobodys, place, key=itemgetter(0))][1]

    async def _run(self, work: Callable[[], T], places: tuple[BoundedSemaphore, ...]) -> T:
        taken: list[BoundedSemaphore] = []

        def leave(_done: "Future[T] | None" = None) -> None:
            for place in taken:
                place.release()

        for place in places:
            if not place.acquire(blocking=False):
                leave()
                raise Overloaded(retry_after=1.0)
            taken.append(place)
        future = self._threads.submit(work)
        future.add_done_callback(leave)  # when the thread is done with it, not when its caller gives up
        return await asyncio.wrap_future(future)


def _stand_in(hashed: str) -> str:
    """Return a hash that no password matches, and that costs what that one does."""
    return PasswordHasher.from_parameters(extract_parameters(hashed)).hash(secrets.token_bytes(32))
