"""Second factors over HTTP: set up, confirmed, and done away with."""

from typing import Final
from uuid import UUID

from litestar import delete, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from careplane.components.identity.api import (
    ConfirmSecondFactor,
    EnrolSecondFactor,
    Identity,
    RecoveryCodes,
    RemoveSecondFactor,
    SecondFactorSecret,
)
from careplane.web.bodies import Body, StrictRequest
from careplane.web.notes import Notes, noted
from careplane.web.parts import WebParts
from careplane.web.reply import Reply

_TAGS: Final = ["Users"]
_PATH: Final = "/api/users/{user_id:str}/second-factor"
_PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - an example
_KEY: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_CODE: Final = "287082"
_ENROLLING: Final = Notes(
    fails=(409,),
    body={"password": _PASSWORD},
    answer={"key": _KEY, "uri": f"otpauth://totp/Careplane:ada%40example.org?secret={_KEY}&issuer=Careplane"},
)
_CONFIRMING: Final = Notes(
    fails=(409,),
    body={"code": _CODE},
    answer={"codes": ["MZXW-6YTB-OJRG-CZBA-MZXW-6YTB", "ONXW-2ZJA-N52G-QZLS-ONXW-2ZJA"]},
)
_REMOVING: Final = Notes(headers=("Idempotency-Key",), fails=(409, 422), body={"password": _PASSWORD, "code": _CODE})
_CONFIRMED: Final = (
    "From then on sign-in asks for it. Each recovery code is good once, and they are shown only here. All sessions of "
    "the user end, this one too: sign in again, with the factor."
)
_REMOVED: Final = (
    "One's own with password and code, or as an administrator somebody else's, with an empty object. If it was "
    "confirmed, all sessions of its user end: sign in again."
)


class EnrolmentBody(Body, frozen=True, kw_only=True):
    """The user's present password."""

    password: str

    def __repr__(self) -> str:
        """Show that it is an enrolment, not the password."""
        return "EnrolmentBody(...)"


class ConfirmationBody(Body, frozen=True, kw_only=True):
    """The code that the authenticator application shows."""

    code: str

    def __repr__(self) -> str:
        """Show that it is a confirmation, not the code."""
        return "ConfirmationBody(...)"


class RemovalBody(Body, frozen=True, kw_only=True):
    """For one's own factor the present password, and a code of it or a recovery code; for another user's nothing."""

    password: str | None = None
    code: str | None = None

    def __repr__(self) -> str:
        """Show that it is a removal, not the password."""
        return "RemovalBody(...)"


def endpoints(identity: Identity, _web: WebParts) -> list[HTTPRouteHandler]:
    """Return the handlers."""

    @post(
        _PATH,
        summary="Set up a second factor",
        description="Give the key to an authenticator application (TOTP), then confirm. Only one's own.",
        tags=_TAGS,
        opt=noted(_ENROLLING),
        status_code=200,
    )
    async def enrol_second_factor(
        user_id: FromPath[UUID], data: JSONBody[EnrolmentBody], request: StrictRequest
    ) -> Reply[SecondFactorSecret]:
        return Reply(await identity.enrol_second_factor(EnrolSecondFactor(user_id, data.password, request.address)))

    @post(
        f"{_PATH}/confirm",
        summary="Confirm a second factor",
        description=_CONFIRMED,
        tags=_TAGS,
        opt=noted(_CONFIRMING),
        status_code=200,
    )
    async def confirm_second_factor(
        user_id: FromPath[UUID], data: JSONBody[ConfirmationBody], request: StrictRequest
    ) -> Reply[RecoveryCodes]:
        return Reply(await identity.confirm_second_factor(ConfirmSecondFactor(user_id, data.code, request.address)))

    @delete(
        _PATH,
        summary="Remove a second factor",
        description=_REMOVED,
        tags=_TAGS,
        opt=noted(_REMOVING),
    )
    async def remove_second_factor(
        user_id: FromPath[UUID], data: JSONBody[RemovalBody], request: StrictRequest
    ) -> Reply[None]:
        removal = RemoveSecondFactor(user_id, data.password, data.code, request.address)
        await identity.remove_second_factor(removal)
        return Reply(None, status=204)

    return [enrol_second_factor, confirm_second_factor, remove_second_factor]
