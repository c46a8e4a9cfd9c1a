"""Golden bytes: examples of every message as they were first encoded, kept for ever in golden.json.

`.venv/bin/python -m tests.transports.wire.golden`, from the project's folder, adds those of messages that have none. It
never changes one that is there: whoever wrote these bytes, into a topic or from an older process, must still be read.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass
from tests.transports.wire.messages import CODECS, proto_messages
from tests.transports.wire.values import bare, full

FILE: Final = Path(__file__).with_name("golden.json")
WITHOUT_STRUCT: Final[dict[str, type[ProtoMessage]]] = {
    name: GetMessageClass(proto) for name, proto in proto_messages().items() if name not in CODECS
}
"""Messages of the transports themselves."""


def shown(name: str, data: bytes) -> dict[str, dict[str, Any]]:
    """Decode bytes and show what they say, as JSON: by the struct where there is one, else by the proto."""
    if name in CODECS:
        return {"struct": json.loads(msgspec.json.encode(CODECS[name].decode(data), order="deterministic"))}
    return {"proto": MessageToDict(WITHOUT_STRUCT[name].FromString(data))}


def examples(name: str) -> list[bytes]:
    """Encode a message with nothing but what it must have, and with everything."""
    if name in CODECS:
        codec = CODECS[name]
        return [codec.encode(bare(codec.struct)), codec.encode(full(codec.struct))]
    pb = WITHOUT_STRUCT[name]
    choices = [[field.name for field in choice.fields] for choice in pb.DESCRIPTOR.oneofs if len(choice.fields) > 1]
    each = choices[0] if choices else [""]
    return [b"", *(ParseDict(_filled(pb.DESCRIPTOR, {one}), pb()).SerializeToString() for one in each)]


def _filled(proto: Any, chosen: set[str]) -> dict[str, Any]:
    """Return a value for every field; of those that exclude each other the chosen one, or the first."""
    values = {}
    for field in proto.fields:
        rivals = {rival.name for rival in field.containing_oneof.fields} if field.containing_oneof else {field.name}
        if field.name == (*sorted(rivals & chosen), *sorted(rivals))[0]:
            value = _value(field, chosen)
            values[field.name] = [value, value] if field.is_repeated else value
    return values


def _value(field: FieldDescriptor, chosen: set[str]) -> Any:
    if field.message_type is not None:
        stamp = field.message_type.full_name == "google.protobuf.Timestamp"
        return "2025-01-15T09:30:00.000001Z" if stamp else _filled(field.message_type, chosen)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "AP8="
    kinds: dict[int, Any] = {FieldDescriptor.TYPE_STRING: f"{field.name} ü", FieldDescriptor.TYPE_BOOL: True}
    return kinds.get(field.type, field.number)


def wanted() -> set[str]:
    """Name the messages that must have examples."""
    return {*CODECS, *WITHOUT_STRUCT}


def kept() -> dict[str, list[dict[str, Any]]]:
    """Return the examples that are kept, by the message's name."""
    found: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    return found


def main() -> None:
    """Add what is missing."""
    golden = kept()
    added = sorted(wanted() - set(golden))
    for name in added:
        golden[name] = [{"bytes": data.hex(" ", 4), **shown(name, data)} for data in examples(name)]
    FILE.write_text(json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(f"{len(added)} added, {len(golden) - len(added)} kept\n")


if __name__ == "__main__":
    main()
