"""The base of everything that crosses a component's interface: frozen structs, camelCase when written as JSON."""

from typing import ClassVar

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request, reply or event: immutable, so that callers in one process may share it without a copy.

    The fields named in `secret` leave no trace behind the call: not in its digest, and so not to be guessed from it.
    """

    secret: ClassVar[frozenset[str]] = frozenset()


class Empty(Message, frozen=True):
    """A request or reply that says nothing beyond having happened."""
