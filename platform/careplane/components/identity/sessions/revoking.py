"""Calling tokens back, and telling those who verify tokens of it."""

from dataclasses import dataclass

import msgspec

from careplane.components.identity.api import IDENTITY
from careplane.components.identity.messages import KeySet
from careplane.components.identity.sessions.messages_sessions import Follow, Followed, Logout, RevocationView, Revoke
from careplane.components.identity.sessions.store_revocations import Place, Recall, RevocationStore
from careplane.components.identity.signing.key_ring import KeyRing
from careplane.components.identity.signing.tokens import TokenVerifier
from careplane.kernel.clock import Clock
from careplane.kernel.errors import FieldError, InvalidArgument, Unauthenticated
from careplane.kernel.message import Empty
from careplane.storage.journal import entry_for

_LOGOUT = IDENTITY.methods["logout"]
_REVOKE = IDENTITY.methods["revoke"]
_ROLE_MAX = 40


@dataclass(frozen=True, slots=True)
class Revoking:
    """Ends sessions, calls tokens back, and shows what is called back."""

    store: RevocationStore
    verifier: TokenVerifier
    ring: KeyRing
    clock: Clock

    async def keys(self, _request: Empty, /) -> KeySet:
        """Return the public keys of now."""
        return self.ring.announced(self.clock.now())

    async def logout(self, request: Logout, /) -> Empty:
        """End one session of a user, or all of them."""
        detail = {"session": "all" if request.session_id is None else str(request.session_id)}
        entry = entry_for(_LOGOUT, request, Empty(), subject=request.user_id, detail=detail)
        everywhere = request.user_id if request.session_id is None else None
        recall = Recall(
            entry, self.clock.now(), user_id=everywhere, session_id=request.session_id, owner=request.user_id
        )
        await self.store.revoke(recall)
        return Empty()

    async def revoke(self, request: Revoke, /) -> RevocationView:
        """Call back what the request names."""
        view = self._view(request)
        subject = None if view.kind == "role" else msgspec.convert(view.subject, type(request.revocation_id))
        entry = entry_for(_REVOKE, request, view, subject=subject, detail={"kind": view.kind, "what": view.subject})
        recall = Recall(
            entry,
            self.clock.now(),
            user_id=request.user_id,
            role=request.role,
            session_id=subject if view.kind == "session" else None,
        )
        applied = await self.store.revoke(recall)
        return view if applied.reply is None else msgspec.msgpack.decode(applied.reply, type=RevocationView)

    async def follow(self, request: Follow, /) -> Followed:
        """Return the keys of now, and what was called back since the position of the request."""
        now = self.clock.now()
        revocations, place, more = await self.store.follow(_place(request.since), now)
        return Followed(self.ring.announced(now), tuple(revocations), _position(place), more)

    def _view(self, request: Revoke) -> RevocationView:
        named = [name for name in ("user_id", "role", "session_id", "token") if getattr(request, name) is not None]
        if len(named) != 1:
            message = "give exactly one of userId, role, sessionId and token"
            raise InvalidArgument(fields=(FieldError(field="request", message=message),))
        if request.role is not None and not 0 < len(request.role) <= _ROLE_MAX:
            raise InvalidArgument(fields=(FieldError(field="role", message="must be the name of a role"),))
        if request.token is not None:
            return RevocationView(request.revocation_id, "session", self._session_of(request.token))
        kind = named[0].removesuffix("_id")
        return RevocationView(request.revocation_id, kind, str(getattr(request, named[0])))

    def _session_of(self, token: str) -> str:
        self.verifier.learn(self.ring.announced(self.clock.now()))
        try:
            return self.verifier.verify(token).session
        except Unauthenticated as error:
            message = "is not a token that is good here: there is nothing to call back"
            raise InvalidArgument(fields=(FieldError(field="token", message=message),)) from error


def _place(position: str) -> Place:
    """Read a position; one that we never wrote means the very beginning."""
    numbers = position.split(".")
    if len(numbers) != len(Place.__struct_fields__) or not all(n.isascii() and n.isdecimal() for n in numbers):
        return Place()
    return Place(*(min(int(n), 2**63 - 1) for n in numbers))


def _position(place: Place) -> str:
    return ".".join(str(getattr(place, name)) for name in Place.__struct_fields__)
