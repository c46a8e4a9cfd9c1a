"""Structs and protos say the same: a field more, less, or of another kind on either side does not pass."""

from collections.abc import Mapping
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from google.protobuf.descriptor import FieldDescriptor
from tests.transports.wire.messages import CODECS, COMPONENTS, proto_messages

from careplane.kernel.contract import Component, query
from careplane.kernel.message import Message
from careplane_pb.billing.v1.billing_pb2 import GetAccount as GetAccountPb
from careplane_pb.identity.v1.second_factor_pb2 import RecoveryCodes as RecoveryCodesPb
from careplane_pb.patient.v1.patient_pb2 import GetHistory as GetHistoryPb
from careplane_pb.patient.v1.patient_pb2 import VersionSummary as VersionSummaryPb
from careplane_transports.wire.codec import Codec, codec_of
from careplane_transports.wire.contract import contract_codecs, service_of

SCALARS = {str: "string", UUID: "string", date: "string", int: "int64", bool: "bool", bytes: "bytes"}
OWN = {"EventRecord", "StringList"}
"""Messages that stand for no struct of their own: a record of a topic, and a list that may be absent."""


def written(name: str, hint: Any, field: msgspec.structs.FieldInfo) -> str:
    """Write a struct's field as a proto would."""
    many, may_be_absent, kind = False, False, hint
    while not isinstance(kind, type):
        inner = get_args(kind)
        if get_origin(kind) is Annotated:
            kind = inner[0]
        elif get_origin(kind) in (Union, UnionType):
            may_be_absent = True
            kind = next(one for one in inner if one not in (NoneType, msgspec.UnsetType))
        elif get_origin(kind) is Literal:
            kind = type(inner[0])
        else:
            assert get_origin(kind) in (tuple, frozenset), hint
            many, kind = True, inner[0]
    if many and may_be_absent:
        return f"{name}: StringList"
    if kind is datetime or issubclass(kind, msgspec.Struct):
        return f"{'repeated ' if many else ''}{name}: {'Timestamp' if kind is datetime else kind.__name__}"
    label = "repeated " if many else "optional " if may_be_absent or (not field.required and field.default) else ""
    return f"{label}{name}: {SCALARS[kind]}"


def described(field: Any) -> str:
    """Write a proto's field likewise."""
    types = {getattr(FieldDescriptor, f"TYPE_{kind.upper()}"): kind for kind in SCALARS.values()}
    kind = types[field.type] if field.message_type is None else field.message_type.name
    optional = field.message_type is None and field.has_presence
    return f"{'repeated ' if field.is_repeated else 'optional ' if optional else ''}{field.name}: {kind}"


@pytest.mark.parametrize("codec", CODECS.values(), ids=list(CODECS))
def test_a_message_is_its_proto(codec: Codec[Any]) -> None:
    """Names, types, what may be absent, and the names in JSON are the same."""
    hints = get_type_hints(codec.struct, include_extras=True)
    fields = msgspec.structs.fields(codec.struct)
    proto = codec.pb.DESCRIPTOR.fields_by_name
    here = {written(field.name, hints[field.name], field) for field in fields}
    assert here == {described(field) for field in proto.values()}
    assert {f.name: f.encode_name for f in fields} == {name: field.json_name for name, field in proto.items()}
    assert codec.struct.__name__ == codec.pb.DESCRIPTOR.name


def test_no_proto_is_left_behind() -> None:
    """Whatever the protos of components and events say is said by a struct; the stream of calls is the transport's."""
    ours = {
        name
        for name, message in proto_messages().items()
        if name.startswith("careplane_pb.") and ".calls." not in name and message.name not in OWN
    }
    assert ours == {name for name in CODECS if name.startswith("careplane_pb.")}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_an_interface_is_its_grpc_service(component: Component[Any]) -> None:
    """Every method is there, with its request and its reply, and no other."""
    rpcs = service_of(component).methods_by_name
    there = {(rpc.name.lower(), rpc.input_type.name, rpc.output_type.name) for rpc in rpcs.values()}
    methods = component.methods.values()
    assert there == {(m.name.replace("_", ""), m.request.__name__, m.reply.__name__) for m in methods}
    assert not any(rpc.client_streaming or rpc.server_streaming for rpc in rpcs.values())
    assert {codecs.path for codecs in contract_codecs(component).values()} == {
        f"/careplane_pb.{component.name}.v{component.version}.{component.interface.__name__}/{name}" for name in rpcs
    }


def drifted(fields: Mapping[str, Any]) -> type[msgspec.Struct]:
    """Make a VersionSummary in which some fields are otherwise; None leaves one out, a pair gives it a default."""
    right: dict[str, Any] = {"version": int, "at": datetime, "by": str, "change": str}
    wanted = {name: hint for name, hint in (right | dict(fields)).items() if hint is not None}
    specs = [(name, *hint) if isinstance(hint, tuple) else (name, hint) for name, hint in wanted.items()]
    return msgspec.defstruct("VersionSummary", specs, bases=(Message,), frozen=True, kw_only=True)


@pytest.mark.parametrize(
    "fields",
    [
        {"by": None},
        {"more": str},
        {"by": None, "author": str},
        {"version": str},
        {"version": float},
        {"version": int | None},
        {"version": int | str},
        {"version": (int, 7)},
        {"at": str},
        {"by": tuple[str, ...]},
        {"by": tuple[str, ...] | None},
        {"by": list[str]},
        {"by": dict[str, str]},
        {"by": complex},
        {"by": str | msgspec.UnsetType},
        {"by": str | msgspec.UnsetType | None},
    ],
    ids=str,
)
def test_a_struct_that_drifted_is_refused_at_the_start(fields: Mapping[str, Any]) -> None:
    """The codec of such a pair is never made, and the error says of which."""
    assert codec_of(drifted({}), VersionSummaryPb).pairs
    with pytest.raises(TypeError):
        codec_of(drifted(fields), VersionSummaryPb)


@pytest.mark.parametrize(
    ("pb", "field", "hint", "right", "wrong"),
    [
        (GetHistoryPb, "before_version", int | None, None, 7),
        (RecoveryCodesPb, "codes", tuple[str, ...], (), ("a code",)),
    ],
)
def test_what_would_be_lost_on_the_way_is_refused(pb: Any, field: str, hint: Any, right: Any, wrong: Any) -> None:
    """Absent must mean one thing: beside another default, None or an empty list would come out as that."""
    others: dict[str, Any] = {"patient_id": UUID, "limit": (int, 50)} if pb is GetHistoryPb else {}

    def made(default: Any) -> type[msgspec.Struct]:
        fields = [(name, *(of if isinstance(of, tuple) else (of,))) for name, of in others.items()]
        specs = [*fields, (field, hint, default)]
        return msgspec.defstruct(pb.DESCRIPTOR.name, specs, bases=(Message,), frozen=True, kw_only=True)

    assert codec_of(made(right), pb).pairs
    with pytest.raises(TypeError, match=r"make proto"):
        codec_of(made(wrong), pb)


def test_another_message_of_the_same_fields_is_refused() -> None:
    """A codec is for the message that its struct is called like."""
    other = msgspec.defstruct("CloseAccount", [("patient_id", UUID)], bases=(Message,), frozen=True)
    with pytest.raises(TypeError, match="the name CloseAccount"):
        codec_of(other, GetAccountPb)


def test_an_interface_that_drifted_is_refused_at_the_start() -> None:
    """A method that the proto does not have, or a component without a proto, is found when the codecs are asked for."""
    message = COMPONENTS[0].methods["keys"].request

    class Identity:
        @query(scope="x")
        async def shrug(self, request: message, /) -> message:  # type: ignore[valid-type]
            """Do nothing."""

    Identity.shrug.__annotations__ = {"request": message, "return": message}
    with pytest.raises(TypeError, match="Shrug"):
        contract_codecs(Component("identity", version=1, interface=Identity))
    with pytest.raises(TypeError, match=r"pharmacy_pb2 has no service Identity"):
        contract_codecs(Component("pharmacy", version=1, interface=Identity))
