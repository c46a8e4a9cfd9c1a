"""A user with an authenticator application, as tests of the second factor need one."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from careplane.components.identity.api import (
    ConfirmSecondFactor,
    EnrolSecondFactor,
    Login,
    RecoveryCodes,
    RemoveSecondFactor,
    SecondFactorSecret,
    UserView,
)
from careplane.kernel.context import Context, using
from careplane.kernel.principal import Principal

EMAIL, PASSWORD = "ada@example.org", "vier zufällige Wörter hier"
KEY = base64.b64encode(bytes(range(32))).decode()
STEP = timedelta(seconds=30)


class Holder:
    """A user with an authenticator application."""

    def __init__(self, world: Any, user: UserView, key: bytes = b"", codes: Sequence[str] = ()) -> None:
        """Take what the application was given, and the recovery codes."""
        self.world = world
        self.user = user
        self.me = Context(principal=Principal(id=str(user.id)))
        self.key = key
        self.codes = list(codes)
        self.device: Any = None

    def code(self, steps: int = 0) -> str:
        """Return the code of now, or of some steps later."""
        return code_of(self.key, self.world.clock.now() + steps * STEP)

    def wrong(self) -> str:
        """Return a code of no step about now."""
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for n in range(10) if (code := str(n) * 6) not in near)

    async def login(
        self, code: str | None = None, *, email: str = EMAIL, address: str | None = None, device: str | None = None
    ) -> str:
        """Sign in, and return the token; the device is then known by the secret in `device`, if it was not before."""
        session = await self.world.identity.login(Login(email, PASSWORD, address, code, device))
        self.device = session.device
        return str(session.token)

    async def enrol(self, password: str = PASSWORD) -> SecondFactorSecret:
        """Begin."""
        with using(self.me):
            secret: SecondFactorSecret = await self.world.identity.enrol_second_factor(
                EnrolSecondFactor(self.user.id, password)
            )
        self.key = base64.b32decode(secret.key)
        return secret

    async def confirm(self, code: str | None = None) -> RecoveryCodes:
        """Show a code."""
        with using(self.me):
            request = ConfirmSecondFactor(self.user.id, code or self.code())
            answer: RecoveryCodes = await self.world.identity.confirm_second_factor(request)
        self.codes = list(answer.codes)
        return answer

    async def remove(self, password: str | None = PASSWORD, code: str | None = None, by: Context | None = None) -> None:
        """Do away with it."""
        with using(by or self.me):
            await self.world.identity.remove_second_factor(RemoveSecondFactor(self.user.id, password, code))


def code_of(key: bytes, at: datetime) -> str:
    """Return what an authenticator application shows at an instant."""
    return TOTP(key, 6, SHA1(), 30).generate(at.timestamp()).decode()  # noqa: S303 - what applications do


async def newcomer_in(world: Any) -> Holder:
    """Add a user without a second factor."""
    return Holder(world, await world.add(EMAIL))


async def holder_in(world: Any) -> Holder:
    """Add a user whose second factor is asked for, in a step whose code is not used yet."""
    holder = await newcomer_in(world)
    await holder.enrol()
    await holder.confirm()
    world.clock.at += 2 * STEP
    return holder
