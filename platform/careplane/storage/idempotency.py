"""Idempotent commands: a call repeated under its key gets the answer that the first one got."""

import hashlib
from typing import Any
from uuid import UUID

import msgspec

from careplane.kernel.context import current
from careplane.kernel.contract import Kind, Method
from careplane.kernel.errors import AlreadyExists, FailedPrecondition, IdempotencyMismatch, NotFound
from careplane.kernel.invoke import Answer, Invoke, Middleware
from careplane.kernel.message import Message
from careplane.storage.audit import AuditLog
from careplane.storage.database import Database

_LOOK_UP = "SELECT digest, reply FROM idempotency WHERE caller = $1 AND key = $2"


def digest_of(method: Method, request: Message) -> bytes:
    """Return 16 bytes that two requests share only if they ask for the same (BLAKE2b, RFC 7693).

    The key field of a creating method is left out: it is made anew for every attempt. So are secret fields: a fast
    digest of a password could be guessed backwards.
    """
    left_out = {*request.secret, method.key} if method.creates else request.secret
    fields = [getattr(request, name) for name in request.__struct_fields__ if name not in left_out]
    text = msgspec.msgpack.encode((method.path, fields), order="deterministic")
    return hashlib.blake2b(text, digest_size=16).digest()


def remembering(database: Database) -> Middleware:
    """Answer a command whose key is remembered from memory, before anything is looked at that has changed since.

    It stands inside the mailbox, behind any earlier call on the same record. A race between two processes passes it,
    and is decided by the unique key when the journal is written; whoever is refused before that looks once more.
    That an answer was given again is in the audit before it goes out.
    """
    log = AuditLog(database)

    def middleware(inner: Invoke) -> Invoke:
        def invoke(method: Method, request: Message, /) -> Answer:
            context = current()
            if context.idempotency_key is None or method.kind is not Kind.COMMAND:
                return inner(method, request)
            return remembered(method, request, (context.principal.id, context.idempotency_key))

        async def remembered(method: Method, request: Message, owned: tuple[str, str]) -> Message:
            row = await database.fetch_row(_LOOK_UP, *owned)
            if row is None:
                try:
                    return await inner(method, request)
                except (AlreadyExists, FailedPrecondition, NotFound):
                    # Refused, perhaps for what another process has meanwhile done under this very key.
                    row = await database.fetch_row(_LOOK_UP, *owned)
                    if row is None:
                        raise
            if row["digest"] != digest_of(method, request):
                raise IdempotencyMismatch
            reply = msgspec.msgpack.decode(row["reply"], type=method.reply)
            await log.note(method.path, subject=_subject(method, request, reply), detail={"outcome": "replayed"})
            return reply

        return invoke

    return middleware


def _subject(method: Method, request: Message, reply: Message) -> UUID | None:
    """Return the id that a call was about; what it created has the id that it answered with the first time."""
    asked = [(request, method.record)] + ([] if method.creates else [(request, method.key)])
    values: list[Any] = [getattr(of, name) for of, name in asked if name is not None]
    values += [getattr(reply, name, None) for name in (method.key, "id") if method.creates and name is not None]
    return next((value for value in values if isinstance(value, UUID)), None)
