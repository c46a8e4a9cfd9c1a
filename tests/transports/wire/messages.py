"""Every message that crosses a wire, found through the interfaces and the protos: what the tests here are about."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FileDescriptor

import careplane_pb
from careplane.app.catalog import CATALOG
from careplane.components.billing.messages import AccountOpened
from careplane.components.events import PatientEventBody
from careplane.kernel.principal import Principal
from careplane_pb.common.v1 import principal_pb2
from careplane_pb.events.v1 import events_pb2
from careplane_transports.wire.codec import Codec, codec_of
from careplane_transports.wire.contract import contract_codecs

COMPONENTS: Final = tuple(entry.component for entry in CATALOG)
BESIDE: Final = (
    codec_of(Principal, principal_pb2.Principal),
    codec_of(PatientEventBody, events_pb2.PatientEventBody),
    codec_of(AccountOpened, events_pb2.AccountOpened),
)
"""What crosses without being a request or a reply."""


def _within(codec: Codec[Any]) -> Iterator[Codec[Any]]:
    yield codec
    for pair in codec.pairs:
        if pair.inner is not None:
            yield from _within(pair.inner)


def _all() -> Iterator[Codec[Any]]:
    for component in COMPONENTS:
        for codecs in contract_codecs(component).values():
            yield from _within(codecs.request)
            yield from _within(codecs.reply)
    for codec in BESIDE:
        yield from _within(codec)


CODECS: Final[dict[str, Codec[Any]]] = {codec.pb.DESCRIPTOR.full_name: codec for codec in _all()}
"""The codec of each message, by its full name in the protos."""


def proto_files() -> list[FileDescriptor]:
    """Return every proto of the platform, as it was generated."""
    modules = pkgutil.walk_packages(careplane_pb.__path__, "careplane_pb.")
    return [import_module(module.name).DESCRIPTOR for module in modules if module.name.endswith("_pb2")]


def proto_messages() -> dict[str, Descriptor]:
    """Return every message of the protos by its full name."""
    found = (message for file in proto_files() for message in file.message_types_by_name.values())
    return {message.full_name: message for message in found}
