"""What an event looks like as a record: losslessly ours, and readable for clients of the Java sample."""

from datetime import UTC
from typing import Any
from uuid import UUID

import msgspec
import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st
from tests.transports.kafka.people import BODIES, body_of, event_of

from careplane.components.events import NamedPatientEventBody
from careplane.kernel.events import Event
from careplane_pb.events.v1.events_pb2 import EventRecord
from careplane_transports.kafka.record import Records, UnreadableRecord

records = Records(BODIES)
PATIENT = UUID("0190b9a2-0000-7000-8000-000000000001")


def sample_event() -> type[ProtoMessage]:
    """Make the Java sample's message by its own description, as its clients have it."""
    file = FileDescriptorProto(name="patient_event.proto", package="patient.events", syntax="proto3")
    message = file.message_type.add(name="PatientEvent")
    for number, name in enumerate(("patientId", "name", "email", "event_type"), 1):
        message.field.add(
            name=name, number=number, type=FieldDescriptorProto.TYPE_STRING, label=FieldDescriptorProto.LABEL_OPTIONAL
        )
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("patient.events.PatientEvent"))


def headers_of(event: Event) -> dict[str, bytes]:
    """Return the headers of an event's record."""
    return dict(records.record(event).headers)


def again(event: Event) -> Event:
    """Send an event over the wire."""
    record = records.record(event)
    return records.event(record.value, dict(record.headers))


def changed(event: Event, **fields: Any) -> Event:
    """Return the event with other fields."""
    return msgspec.structs.replace(event, **fields)


def test_an_event_comes_out_as_it_went_in() -> None:
    """With every field, and a body of the same bytes."""
    event = event_of(PATIENT, 7, gender="female", birth_year=None)
    assert again(event) == event


@given(
    version=st.integers(0, 2**31 - 1),
    time=st.datetimes(timezones=st.just(UTC)),
    year=st.none() | st.integers(1800, 2100),
    area=st.none() | st.text(max_size=40),
)
def test_whatever_its_facts_are(version: int, time: Any, year: int | None, area: str | None) -> None:
    """Nothing gets lost, and None is not nothing."""
    event = changed(event_of(PATIENT, version, birth_year=year, postal_area=area), time=time)
    assert again(event) == event


@pytest.mark.parametrize(
    ("change", "sample"),
    [
        ("registered", "PATIENT_CREATED"),
        ("imported", "PATIENT_CREATED"),
        ("amended", "PATIENT_UPDATED"),
        ("replaced", "PATIENT_UPDATED"),
        ("restricted", "PATIENT_UPDATED"),
        ("archived", "PATIENT_ARCHIVED"),
        ("restored", "PATIENT_RESTORED"),
    ],
)
def test_clients_of_the_sample_can_read_it(change: str, sample: str) -> None:
    """They find the patient and what happened; name and e-mail are empty."""
    value: Any = sample_event().FromString(records.record(event_of(PATIENT, change=change)).value)
    assert (value.patientId, value.name, value.email, value.event_type) == (str(PATIENT), "", "", sample)


def test_whom_it_is_about_only_where_the_event_says_so() -> None:
    """Then clients of the sample find name and e-mail, and our own takers still do not get them."""
    plain = body_of(PATIENT, 1)
    named = NamedPatientEventBody(**msgspec.structs.asdict(plain), name="Ann Example", email="ann@example.org")
    event = changed(event_of(PATIENT), body=msgspec.msgpack.encode(named))
    value: Any = sample_event().FromString(records.record(event).value)
    assert (value.name, value.email) == ("Ann Example", "ann@example.org")
    assert again(event).body == msgspec.msgpack.encode(plain)
    assert b"Ann" not in b"".join(headers_of(event).values())


@pytest.mark.parametrize("kind", ["patient.changed", "patient.merged"])
def test_a_body_that_is_not_known_travels_as_it_is(kind: str) -> None:
    """Whoever takes the event decides: what one version cannot read another may."""
    event = changed(event_of(PATIENT), type=kind, body=b"\x93 not a body of ours")
    assert again(event) == event


def test_a_type_that_is_not_known_here_is_an_event_all_the_same() -> None:
    """One that a newer version says: its effect here is none."""
    record = Records({}).record(event_of(PATIENT))
    value = EventRecord.FromString(record.value)
    value.type = "patient.merged"
    assert records.event(value.SerializeToString(), {}).body == b""


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "an id"),
        (b"", "an id"),
        (b"\xff\xff\xff", "not a careplane_pb"),
        (EventRecord(id="12", patient_id=str(PATIENT)).SerializeToString(), "an id"),
        (EventRecord(id=str(PATIENT), patient_id=str(PATIENT), type="Ann\0").SerializeToString(), "its type"),
        (EventRecord(id=str(UUID(int=7)), patient_id="Ann").SerializeToString(), "an id"),
        (EventRecord(id=str(PATIENT), patient_id=str(PATIENT), type="patient.changed").SerializeToString(), "body"),
    ],
)
def test_what_is_no_event_is_told_from_one(value: bytes | None, why: str) -> None:
    """The reason is said, and nothing of it quoted."""
    with pytest.raises(UnreadableRecord, match=why) as caught:
        records.event(value, {})
    assert "Ann" not in str(caught.value)


def test_a_body_that_lacks_something_is_no_event() -> None:
    """A date that is none, say."""
    value = EventRecord.FromString(records.record(event_of(PATIENT)).value)
    value.patient_changed.registered_date = "yesterday"
    with pytest.raises(UnreadableRecord, match="registeredDate"):
        records.event(value.SerializeToString(), {})


def test_a_body_without_a_proto_is_refused_at_the_start() -> None:
    """Not when the first event of that type is to be sent."""

    class Unheard(msgspec.Struct):
        """A body that events.proto does not have."""

    with pytest.raises(TypeError, match=r"Unheard.*events\.proto"):
        Records({"patient.unheard": Unheard})
