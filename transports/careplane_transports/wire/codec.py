"""The codec: one for every message, made from its struct and its proto, with little work for each field."""

from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass
from msgspec import UNSET

from careplane.kernel.errors import InvalidArgument
from careplane.web.faults import fault
from careplane_transports.wire.plan import pairs
from careplane_transports.wire.unfit import unfit
from careplane_transports.wire.values import Kind

S = TypeVar("S", bound=msgspec.Struct)

_MADE: Final[dict[tuple[type[msgspec.Struct], type[ProtoMessage]], Any]] = {}


class Codec(Generic[S]):
    """Turns structs of one type into protobuf and back, losslessly; an instant comes back in UTC.

    What does not fit raises InvalidArgument, which names the field and never its value.
    """

    def __init__(self, struct: type[S], pb: type[ProtoMessage]) -> None:
        """Pair the struct with its proto; raise TypeError where they differ."""
        self.struct = struct
        self.pb = pb
        self.pairs = pairs(struct, cast("Descriptor", pb.DESCRIPTOR), _inside)
        self._needed = _values_of([p.name for p in self.pairs if p.outward is None and p.nothing is not None])
        self._out = [(pair.name, pair.outward, pair.nothing) for pair in self.pairs if pair.outward is not None]
        self._absent = {pair.key: pair.absent for pair in self.pairs if pair.absent is not UNSET}
        self._in = {pair.field: (pair.key, pair.inward) for pair in self.pairs}

    def encode(self, struct: S) -> bytes:
        """Return the message as bytes."""
        return self.to_pb(struct).SerializeToString()

    def decode(self, data: bytes) -> S:
        """Return the message that the bytes are; fields of newer versions are passed over."""
        try:
            pb = self.pb.FromString(data)
        except DecodeError:
            name = self.pb.DESCRIPTOR.full_name
            message = f"These bytes are not a {name}. Encode the message by the protos of this version."
            raise InvalidArgument(message) from None
        return self.from_pb(pb)

    def to_pb(self, struct: S) -> ProtoMessage:
        """Return the message as its protobuf class."""
        try:
            return self.pb(**self.outward(struct))
        except (ValueError, OverflowError) as error:
            raise InvalidArgument(fields=(unfit(self, struct, error),)) from None

    def from_pb(self, pb: ProtoMessage) -> S:
        """Return the message that its protobuf class holds."""
        try:
            return msgspec.convert(self.inward(pb), self.struct)
        except msgspec.ValidationError as error:
            raise InvalidArgument(fields=(fault(error),)) from None

    def outward(self, struct: S) -> dict[str, Any]:
        """Return the fields as the protobuf class takes them, by its names."""
        values = msgspec.structs.asdict(struct)
        for name, convert, nothing in self._out:
            value = values[name]
            if value is nothing:
                del values[name]
            else:
                values[name] = convert(value)
        if None in self._needed(struct):
            message = f"a {self.struct.__name__} lacks what it must have"
            raise TypeError(message)
        return values

    def inward(self, pb: ProtoMessage) -> dict[str, Any]:
        """Return the fields as the struct takes them, by their names in JSON."""
        values = self._absent.copy()
        for field, value in pb.ListFields():
            key, convert = self._in[field]
            values[key] = value if convert is None else convert(value)
        return values


def codec_of(struct: type[S], pb: type[ProtoMessage]) -> Codec[S]:
    """Return the codec of a struct and its protobuf class, made once; raise TypeError where they differ."""
    key = (struct, pb)
    found = _MADE.get(key) or _MADE.setdefault(key, Codec(struct, pb))
    return cast("Codec[S]", found)


def _inside(struct: type[msgspec.Struct], proto: Descriptor) -> Kind:
    codec = codec_of(struct, GetMessageClass(proto))
    return Kind(FieldDescriptor.TYPE_MESSAGE, proto.full_name, codec.outward, codec.inward, codec)


def _values_of(names: list[str]) -> Any:  # noqa: ANN401 - a function from an object to these attributes of it
    """Return what reads several attributes at once, as a tuple however many there are."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda source: tuple(getattr(source, name) for name in names)
