"""The codec wiring: every call is encoded and decoded as if it crossed a wire, so that what cannot cross is found."""

import msgspec

from careplane.kernel.contract import Method
from careplane.kernel.errors import PlatformError
from careplane.kernel.invoke import Invoke
from careplane.kernel.message import Message


def encoded(inner: Invoke) -> Invoke:
    """Pass copies instead of the shared messages, made through MessagePack, and rebuild errors from their kind."""

    async def invoke(method: Method, request: Message, /) -> Message:
        arrived = msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=method.request)
        try:
            reply = await inner(method, arrived)
        except PlatformError as error:
            kind = PlatformError.kinds.get(type(error).__name__, PlatformError)
            raise kind(error.detail, fields=error.fields, retry_after=error.retry_after) from None
        return msgspec.msgpack.decode(msgspec.msgpack.encode(reply), type=method.reply)

    return invoke
