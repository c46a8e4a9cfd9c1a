"""The second factor: codes of an authenticator application (TOTP, RFC 6238), and recovery codes in their place."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from careplane.components.identity.accounts.store_accounts import AccountStore
from careplane.components.identity.api import IDENTITY
from careplane.components.identity.domain import Kind, User, email_key
from careplane.components.identity.guessing.guesses import PASSWORD, Admission, Guesses
from careplane.components.identity.passwords.hashing import Passwords
from careplane.components.identity.passwords.password_rules import is_short, prepared
from careplane.components.identity.second_factor.messages_second_factor import (
    ConfirmSecondFactor,
    EnrolSecondFactor,
    RecoveryCodes,
    RemoveSecondFactor,
    SecondFactorSecret,
)
from careplane.components.identity.second_factor.store_second_factor import (
    Confirmation,
    Enrolment,
    Factor,
    Removal,
    SecondFactorStore,
    Use,
    enrolled_already,
    no_factor,
    password_too_short,
)
from careplane.components.identity.second_factor.vault import Vault
from careplane.components.identity.store import UserStore
from careplane.kernel.clock import Clock
from careplane.kernel.context import current
from careplane.kernel.contract import Method
from careplane.kernel.errors import FailedPrecondition, FieldError, InvalidArgument, NotFound, Overloaded
from careplane.kernel.message import Empty, Message
from careplane.storage.journal import Entry, entry_for, unremembered

STEP_SECONDS: Final = 30
WINDOW: Final = 1  # steps before and after the present one, for clocks that differ
DIGITS: Final = 6
RECOVERY_CODES: Final = 10

_SECRET_BYTES: Final = 20
_RECOVERY_BYTES: Final = 15  # 120 bits: enough to be kept under a fast digest (OWASP ASVS 5.0, 6.5.2)
_ISSUER: Final = "Careplane"
_CODE: Final = re.compile(rf"[0-9]{{{DIGITS}}}")
_METHODS: Final = IDENTITY.methods


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """Does what the interface `Identity` promises about second factors, and checks their codes."""

    users: UserStore
    accounts: AccountStore
    store: SecondFactorStore
    passwords: Passwords
    guesses: Guesses
    vault: Vault
    clock: Clock

    async def enrol(self, request: EnrolSecondFactor) -> SecondFactorSecret:
        """Make a secret for somebody who knows their password; it is asked for once it is confirmed."""
        user = await self._user(request.user_id)
        method = _METHODS["enrol_second_factor"]
        key = secrets.token_bytes(_SECRET_BYTES)
        sealed = self.vault.seal(user.id, key)  # without a key for it nothing else need be asked
        await self.guesses.refunded(await self._prove(method, request, user))
        entry = _entry(method, request, user.id, {"outcome": "begun"})
        await self.store.enrol(Enrolment(user.id, sealed, self.clock.now(), entry))
        uri = _totp(key).get_provisioning_uri(user.email, _ISSUER)
        return SecondFactorSecret(key=base64.b32encode(key).decode(), uri=uri)

    async def confirm(self, request: ConfirmSecondFactor) -> RecoveryCodes:
        """Ask for the factor from now on, for its owner has shown that the application has the secret.

        All sessions of the owner end, also this one: each device signs in anew, with the factor.
        """
        user, factor = await self._user(request.user_id), await self.store.of(request.user_id)
        if factor is None:
            raise FailedPrecondition("There is no second factor to confirm. Begin with its enrolment.")
        if factor.active:
            raise enrolled_already()
        admission = await self.guesses.admit(PASSWORD, _account(user), request.address)
        await self.guesses.admit_code(admission)
        step = self._step(factor, _bare(request.code))
        if step is None:
            await self._refuse(_METHODS["confirm_second_factor"], request, user.id)
            raise _wrong("code", "is not the code of this moment: check the clock of the device")
        codes = tuple(base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES))
        digests = tuple(_digest(user.id, code) for code in codes)
        entry = _entry(_METHODS["confirm_second_factor"], request, user.id, {"outcome": "active"})
        await self.store.confirm(Confirmation(factor, step, digests, self.clock.now(), entry))
        await self._right(admission)
        return RecoveryCodes(codes=tuple(_spelled(code) for code in codes))

    async def remove(self, request: RemoveSecondFactor) -> Empty:
        """Do away with one's own factor, with password and code, or as an administrator with somebody else's.

        If it was asked for, all sessions of its owner end.
        """
        user, factor = await self._user(request.user_id), await self.store.of(request.user_id)
        if factor is None:
            raise no_factor()
        method = _METHODS["remove_second_factor"]
        if current().principal.id == str(user.id):
            await self._prove_both(method, request, user, factor)
        entry = entry_for(method, request, Empty(), subject=user.id, detail={"outcome": "removed"})
        await self.store.remove(Removal(user.id, self.clock.now(), entry))
        return Empty()

    async def active(self, user_id: UUID) -> Factor | None:
        """Return the factor that the user must show, if there is one."""
        factor = await self.store.of(user_id)
        return factor if factor is not None and factor.active else None

    async def accepts(self, factor: Factor, code: str, admission: Admission, entry: Entry) -> bool:
        """Tell whether the code is right, and use it up, which leaves `entry` in the journal."""
        bare = _bare(code)
        if not _CODE.fullmatch(bare):  # a recovery code is not to be guessed, so it is good however many were wrong
            return await self.store.use(Use(factor, None, _digest(factor.user_id, bare), entry))
        await self.guesses.admit_code(admission)
        step = self._step(factor, bare)
        if step is None or not await self.store.use(Use(factor, step, None, entry)):
            return False
        await self.guesses.code_was_right(admission)
        return True

    def _step(self, factor: Factor, code: str) -> int | None:
        """Return the latest step, of those about now, whose code it is; each is compared whatever the others were."""
        totp, now = _totp(self.vault.open(factor.user_id, factor.secret)), step_of(self.clock.now())
        steps = range(now - WINDOW, now + WINDOW + 1)
        right = [s for s in steps if hmac.compare_digest(totp.generate(s * STEP_SECONDS), _bytes(code))]
        return right[-1] if right else None

    async def _user(self, user_id: UUID) -> User:
        user = await self.accounts.load(user_id)
        if user is None:
            raise NotFound
        if user.kind is not Kind.PERSON:
            raise FailedPrecondition("A program has no second factor: its secret cannot be guessed.")
        return user

    async def _prove(self, method: Method, request: EnrolSecondFactor | RemoveSecondFactor, user: User) -> Admission:
        """Return the try that a right password was; raise InvalidArgument, audited, for a wrong one."""
        if request.password is None:
            raise _wrong("password", "is required: show that this is you with your present password")
        admission = await self.guesses.admit(PASSWORD, _account(user), request.address)
        if not await self._matches(user, request.password, admission):
            await self._refuse(method, request, user.id)
            raise _wrong("password", "is not your present password")
        return admission

    async def _matches(self, user: User, password: str, admission: Admission) -> bool:
        try:
            return await self.passwords.matches(user.password_hash, prepared(password))
        except Overloaded:
            await self.guesses.refunded(admission)  # nothing was checked, so it was no guess
            raise

    async def _prove_both(self, method: Method, request: RemoveSecondFactor, user: User, factor: Factor) -> None:
        if factor.active and request.code is None:
            raise _wrong("code", "is required: the present code of the factor, or a recovery code")
        admission = await self._prove(method, request, user)
        if factor.active and is_short(prepared(request.password or "") or b""):
            await self.guesses.refunded(admission)
            raise password_too_short()
        entry = _entry(method, request, user.id, {"outcome": "code accepted"})
        if factor.active and not await self.accepts(factor, request.code or "", admission, entry):
            await self._refuse(method, request, user.id)
            raise _wrong("code", "is not the code of this moment, nor a recovery code")
        await self.guesses.refunded(admission)

    async def _refuse(self, method: Method, request: Message, user_id: UUID) -> None:
        await self.users.note_sign_in(_entry(method, request, user_id, {"outcome": "refused"}))

    async def _right(self, admission: Admission) -> None:
        await self.guesses.code_was_right(admission)
        await self.guesses.refunded(admission)


def step_of(now: datetime) -> int:
    """Return the time step that an instant falls into."""
    return int(now.timestamp()) // STEP_SECONDS


def _totp(key: bytes) -> TOTP:
    # What authenticator applications can do; HMAC does not rest on SHA-1 being free of collisions.
    return TOTP(key, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  # nosec B303


def _account(user: User) -> str:
    return email_key(user.email) or ""


def _bare(code: str) -> str:
    """Return a code without the spaces and dashes that people type."""
    return re.sub(r"[\s-]", "", code[:100]).upper()


def _bytes(code: str) -> bytes:
    return code.encode("utf-8", "replace")


def _spelled(code: str) -> str:
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def _digest(user_id: UUID, code: str) -> bytes:
    return hashlib.blake2b(user_id.bytes + _bytes(code), digest_size=32).digest()


def _entry(method: Method, request: Message, user_id: UUID, detail: dict[str, str]) -> Entry:
    """Write a journal entry that is not remembered under an idempotency key: the answer is a secret, or a refusal."""
    return unremembered(method, request, subject=user_id, detail=detail)


def _wrong(field: str, message: str) -> InvalidArgument:
    return InvalidArgument(fields=(FieldError(field=field, message=message),))
