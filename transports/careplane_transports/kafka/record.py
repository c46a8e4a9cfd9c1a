"""What an event looks like as a record: key, protobuf value, headers; and how an event is read from one.

Readers of the Java sample's `patient.events.PatientEvent` can parse every value: its four fields come first.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final
from uuid import UUID

import msgspec
from google.protobuf.message import DecodeError

from careplane.kernel.errors import InvalidArgument
from careplane.kernel.events import Event
from careplane_pb.events.v1.events_pb2 import EventRecord
from careplane_transports.kafka.producer import Record
from careplane_transports.wire.codec import Codec, codec_of

CONTENT_TYPE: Final = b"application/x-protobuf; messageType=careplane_pb.events.v1.EventRecord"
_BODY_HEADER: Final = "careplane-body"
_CHANGES: Final = {
    "registered": "PATIENT_CREATED",
    "imported": "PATIENT_CREATED",
    "archived": "PATIENT_ARCHIVED",
    "restored": "PATIENT_RESTORED",
}


class UnreadableRecord(ValueError):
    """A record that is no event of ours; the message says why, without quoting it."""


class _Personal(msgspec.Struct, frozen=True):
    """What the body of an event holds of a person where a setting asks for it."""

    name: str | None = None
    email: str | None = None


class _Head(msgspec.Struct, frozen=True):
    """What happened, in the body of an event about a patient."""

    change: str = ""


_personal = msgspec.msgpack.Decoder(_Personal)
_head = msgspec.msgpack.Decoder(_Head)


class Records:
    """Turns events into records and back; `bodies` are the structs of the event types that are known here.

    A body that is not known, or not what its type says, travels as it is, so that whoever takes the event decides.
    """

    def __init__(self, bodies: Mapping[str, type[msgspec.Struct]]) -> None:
        """Find the protobuf field of each body by its struct's name; raise TypeError where there is none."""
        oneof = EventRecord.DESCRIPTOR.oneofs_by_name["body"]
        fields = {field.message_type.name: field for field in oneof.fields if field.message_type is not None}
        self._bodies: dict[str, tuple[str, Codec[Any], msgspec.msgpack.Decoder[Any]]] = {}
        for kind, struct in bodies.items():
            field = fields.get(struct.__name__)
            if field is None:
                raise TypeError(f"EventRecord has no body named {struct.__name__}: add it to events.proto")
            codec = codec_of(struct, type(getattr(EventRecord(), field.name)))
            self._bodies[kind] = (field.name, codec, msgspec.msgpack.Decoder(struct))

    def record(self, event: Event) -> Record:
        """Return the record of an event; its key keeps the events of one patient in order."""
        value = EventRecord(
            patient_id=str(event.subject),
            event_type=_event_type(event),
            id=str(event.id),
            type=event.type,
            source=event.source,
            version=event.version,
        )
        value.time.FromDatetime(event.time)
        headers = [("id", value.id.encode()), ("type", event.type.encode()), ("content-type", CONTENT_TYPE)]
        if not self._put_body(value, event):
            headers.append((_BODY_HEADER, event.body))
        return Record(str(event.subject).encode(), value.SerializeToString(), tuple(headers))

    def event(self, value: bytes | None, headers: Mapping[str, bytes]) -> Event:
        """Return the event that a record holds; raise UnreadableRecord where it holds none."""
        try:
            record = EventRecord.FromString(value or b"")
            if not record.type.isprintable():
                raise UnreadableRecord("its type is no name")
            return Event(
                id=UUID(record.id),
                type=record.type,
                source=record.source,
                subject=UUID(record.patient_id),
                version=record.version,
                time=record.time.ToDatetime(tzinfo=UTC),
                body=self._body(record, headers),
            )
        except DecodeError:
            raise UnreadableRecord("it is not a careplane_pb.events.v1.EventRecord") from None
        except InvalidArgument as error:
            fields = ", ".join(fault.field for fault in error.fields)
            raise UnreadableRecord(f"its body lacks what its type says it has ({fields})") from None
        except (ValueError, OverflowError) as error:
            words = str(error) if isinstance(error, UnreadableRecord) else "it lacks an id, a patient_id or a time"
            raise UnreadableRecord(words) from None

    def _put_body(self, value: EventRecord, event: Event) -> bool:
        known = self._bodies.get(event.type)
        if known is None:
            return False
        name, codec, decoder = known
        try:
            getattr(value, name).CopyFrom(codec.to_pb(decoder.decode(event.body)))
            personal = _personal.decode(event.body)
        except (msgspec.DecodeError, InvalidArgument):
            return False
        value.name, value.email = personal.name or "", personal.email or ""
        return True

    def _body(self, record: EventRecord, headers: Mapping[str, bytes]) -> bytes:
        if _BODY_HEADER in headers:
            return headers[_BODY_HEADER]
        known = self._bodies.get(record.type)
        if known is None:
            return b""
        name, codec, _ = known
        if not record.HasField(name):
            raise UnreadableRecord("it has not the body that its type says")
        return msgspec.msgpack.encode(codec.from_pb(getattr(record, name)))


def _event_type(event: Event) -> str:
    """Say what happened as the sample says it: PATIENT_UPDATED, ACCOUNT_OPENED."""
    if event.type == "patient.changed":
        try:
            return _CHANGES.get(_head.decode(event.body).change, "PATIENT_UPDATED")
        except msgspec.DecodeError:
            return "PATIENT_UPDATED"
    return event.type.rpartition(".")[2].upper()
