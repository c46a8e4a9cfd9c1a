"""What crosses the wire arrives equal; what cannot cross, or is no message, is refused by name and never shown."""

import os
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.transports.wire.messages import CODECS
from tests.transports.wire.values import INT64, any_struct, bare, full

from careplane.components.analytics.api import Bucket, Registrations
from careplane.components.audit import ListAudit
from careplane.components.billing.api import EntryView, Statement
from careplane.components.identity.api import ChangeUser, Session
from careplane.components.patient.api import HumanName, PatientContact, Period
from careplane.kernel.errors import InvalidArgument
from careplane.kernel.principal import Principal
from careplane_pb.analytics.v1.analytics_pb2 import Registrations as RegistrationsPb
from careplane_pb.billing.v1.billing_pb2 import EntryView as EntryViewPb
from careplane_transports.wire.codec import Codec, codec_of

EXAMPLES = int(os.environ.get("CAREPLANE_WIRE_EXAMPLES", "12"))
"""How many values of each message are tried; more of them for a longer search."""

NAMED = {codec.struct: codec for codec in CODECS.values()}
each_message = pytest.mark.parametrize("codec", CODECS.values(), ids=list(CODECS))


@each_message
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_what_is_encoded_is_decoded_equal(codec: Codec[Any], data: st.DataObject) -> None:
    """Any value that the types allow comes back equal, and equal values are equal bytes."""
    value = data.draw(any_struct(codec.struct))
    encoded = codec.encode(value)
    assert codec.decode(encoded) == value
    assert codec.encode(codec.decode(encoded)) == encoded


@each_message
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_garbage_is_an_invalid_argument(codec: Codec[Any], data: st.DataObject) -> None:
    """Bytes from anywhere are a message or an InvalidArgument, and what is a message can be sent on."""
    good = codec.encode(data.draw(any_struct(codec.struct)))
    at = data.draw(st.integers(0, len(good)))
    noise = data.draw(st.binary(max_size=8))
    for bad in (noise, good[:at] + noise + good[at:], good[:at] + noise, good[:at] + noise + good[at + len(noise) :]):
        try:
            read = codec.decode(bad)
        except InvalidArgument:
            continue
        assert codec.decode(codec.encode(read)) == read


@each_message
def test_the_smallest_and_the_largest_cross(codec: Codec[Any]) -> None:
    """Nothing that may be absent is needed, and nothing that may be there is lost."""
    for value in (bare(codec.struct), full(codec.struct)):
        assert codec.decode(codec.encode(value)) == value


@each_message
def test_what_a_newer_version_adds_is_passed_over(codec: Codec[Any]) -> None:
    """A field that is not known here changes nothing."""
    value = full(codec.struct)
    assert codec.decode(codec.encode(value) + b"\xc2\xbb\x01\x05newer") == value


@pytest.mark.parametrize(
    "value",
    [
        ChangeUser(user_id=UUID(int=1)),
        ChangeUser(user_id=UUID(int=1), roles=(), email="", disabled=False, expected_version=0),
        bare(Session),
        msgspec.structs.replace(full(Session), device=""),
        PatientContact(name=HumanName(), period=Period()),
        PatientContact(relationship=("",), name=HumanName(given=("", ""))),
        Principal(id="x", scopes=frozenset({"b", "a"})),
        ListAudit(before_id=0),
        ListAudit(before_id=INT64 - 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_absent_and_empty_are_two_things(value: Any) -> None:
    """None, UNSET, an empty text, a zero, an empty list and a message of nothing each stay what they are."""
    codec = NAMED[type(value)]
    assert codec.decode(codec.encode(value)) == value


def test_an_instant_keeps_its_microseconds_and_comes_back_in_utc() -> None:
    """Before 1970, in any zone, at both ends of the calendar."""
    codec, entry = NAMED[EntryView], full(EntryView)
    for at in (
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2025, 3, 30, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ):
        read = codec.decode(codec.encode(msgspec.structs.replace(entry, posted_at=at)))
        assert (read.posted_at, read.posted_at.tzinfo) == (at, UTC)


def refusal(codec: Codec[Any], value: Any) -> tuple[str, str]:
    """Return which field is refused, and in which words, when a value is sent."""
    with pytest.raises(InvalidArgument) as refused:
        codec.encode(value)
    (field,) = refused.value.fields
    return field.field, field.message


def test_what_cannot_be_sent_is_named_and_not_shown() -> None:
    """By its path in JSON, however deep it lies."""
    replace = msgspec.structs.replace
    codec, entry = NAMED[EntryView], full(EntryView)
    naive = replace(entry, posted_at=datetime(2025, 1, 15, 9, 30))  # noqa: DTZ001 - without a zone, that is the point
    zone = "must say its time zone, as in 2025-01-15T09:30:00Z"
    assert refusal(codec, naive) == ("postedAt", zone)
    statement = replace(full(Statement), entries=(entry, naive))
    assert refusal(NAMED[Statement], statement) == ("entries[1].postedAt", zone)
    early = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
    assert refusal(codec, replace(entry, posted_at=early))[1] == "must be between the years 1 and 9999 in UTC"
    assert refusal(codec, replace(entry, amount_minor=INT64)) == ("amountMinor", "is a number out of range")
    alone = "must be text that UTF-8 can write: no surrogates on their own"
    assert refusal(codec, replace(entry, kind="\ud800")) == ("kind", alone)
    contact = PatientContact(name=HumanName(given=("a", "\udfff")))
    assert refusal(NAMED[PatientContact], contact) == ("name.given", alone)
    assert refusal(NAMED[ChangeUser], ChangeUser(user_id=UUID(int=1), roles=("\udfff",))) == ("roles", alone)


@pytest.mark.parametrize(
    "fields", [{"kind": None}, {"amount_minor": None}, {"entry_id": None}, {"posted_at": None}, {"kind": 3}], ids=str
)
def test_a_struct_that_belies_its_types_is_not_sent(fields: dict[str, Any]) -> None:
    """That is a fault of the program, which must not arrive as an empty text on the other side."""
    with pytest.raises((TypeError, AttributeError)):
        NAMED[EntryView].encode(msgspec.structs.replace(full(EntryView), **fields))


def test_what_arrives_must_keep_the_rules() -> None:
    """Constraints, literals, ids, dates and what is required are checked on arrival, and values are not repeated."""
    codec = codec_of(Registrations, RegistrationsPb)
    good = Registrations(interval="day", date_from=date.min, date_to=date.max, total=1, buckets=(full(Bucket),))
    for wrong, field in (
        (RegistrationsPb(interval="Ada Lovelace"), "interval"),
        (RegistrationsPb(date_to="Ada Lovelace"), "dateTo"),
        (RegistrationsPb(buckets=[{"start": "2025-02-30"}]), "buckets[1].start"),
    ):
        pb = codec.to_pb(good)
        pb.MergeFrom(wrong)
        with pytest.raises(InvalidArgument) as refused:
            codec.from_pb(pb)
        assert [one.field for one in refused.value.fields] == [field]
        assert "Ada" not in repr(refused.value.fields) + refused.value.detail
    with pytest.raises(InvalidArgument) as refused:
        NAMED[ListAudit].decode(NAMED[ListAudit].encode(ListAudit(limit=201)))
    assert refused.value.fields[0].message == "must be a whole number, at most 200"


@pytest.mark.parametrize(
    "wrong", [{"nanos": -1}, {"nanos": 10**9}, {"seconds": 253_402_300_800}, {"seconds": -(2**62)}]
)
def test_a_timestamp_that_is_no_instant_is_refused(wrong: dict[str, int]) -> None:
    """So is one that is not there."""
    pb = NAMED[EntryView].to_pb(full(EntryView))
    pb.ClearField("posted_at")
    for stamp in (Timestamp(**wrong), None):
        pb.MergeFrom(EntryViewPb(posted_at=stamp))
        with pytest.raises(InvalidArgument) as refused:
            NAMED[EntryView].from_pb(pb)
        assert refused.value.fields[0].field == "postedAt"
        pb.ClearField("posted_at")
