"""Reading FHIR Patients out of JSON: one a line, or the entries of a Bundle, where what is no Patient is skipped."""

from collections.abc import Iterable, Iterator

import msgspec

from careplane.components.patient.record.reading import IdentifierRead
from careplane.components.patient.transfer.json_spans import Span
from careplane.components.patient.transfer.sources import LINE_BYTES_MAX, Rejection, SourceRecord, sources_of

TOO_LONG = f"is longer than {LINE_BYTES_MAX >> 20} MiB"
NOT_UTF8 = "is not UTF-8 text"
_NOT_A_PATIENT = "is not a FHIR Patient: resourceType must be Patient"

Found = SourceRecord | Rejection


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = msgspec.Raw()


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    """What tells a resource's kind and whose it is; the rest is left for the registry to check, on its way in."""

    resource_type: str = ""
    id: str | None = None
    identifier: tuple[IdentifierRead, ...] = ()
    entry: tuple[_Entry, ...] = ()


class _Kind(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""


_heads = msgspec.json.Decoder(_Head)
_kinds = msgspec.json.Decoder(_Kind)
_entries = msgspec.json.Decoder(_Entry)


def line_records(lines: Iterable[tuple[int, bytes | None]]) -> Iterator[Found]:
    """Yield the records of NDJSON, blank lines aside."""
    for number, line in lines:
        if line is None:
            yield Rejection(line=number, reason=TOO_LONG)
        elif line.strip():
            yield from _resource(number, line.strip())


def span_records(found: Iterable[Span]) -> Iterator[Found]:
    """Yield the records among the spans of a JSON file that is one value spread over many lines."""
    for span in found:
        if span.fault is not None:
            yield Rejection(line=span.line, reason=span.fault)
        elif span.outermost:
            # Only a Patient standing alone: the entries of a Bundle have been yielded as spans of their own.
            yield from _only_patient(span.line, span.text, quiet=_kind(span.text) == "Bundle")
        else:
            yield from _member(span.line, span.text)


def _resource(line: int, text: bytes) -> Iterator[Found]:
    """Yield the Patient that a text is, or those of the Bundle that it is."""
    head = _decoded(line, text)
    if isinstance(head, Rejection):
        yield head
    elif head.resource_type == "Bundle":
        for entry in head.entry:
            yield from _only_patient(line, bytes(entry.resource), quiet=True)
    else:
        yield _record(line, text, head)


def _member(line: int, text: bytes) -> Iterator[Found]:
    """Yield the Patient of one element of an outer array: the entry of a Bundle, or a resource itself."""
    try:
        resource = bytes(_entries.decode(text).resource)
    except (msgspec.MsgspecError, RecursionError):
        yield Rejection(line=line, reason="is not valid JSON")
        return
    yield from _only_patient(line, resource or text, quiet=True)


def _only_patient(line: int, text: bytes, *, quiet: bool) -> Iterator[Found]:
    if quiet and _kind(text) != "Patient":
        return
    head = _decoded(line, text)
    yield head if isinstance(head, Rejection) else _record(line, text, head)


def _kind(text: bytes) -> str | None:
    try:
        return _kinds.decode(text).resource_type
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _decoded(line: int, text: bytes) -> _Head | Rejection:
    try:
        return _heads.decode(text)
    except msgspec.ValidationError as e:
        return Rejection(line=line, reason=f"is not as FHIR R4 defines it: {e}")
    except (msgspec.DecodeError, UnicodeError):
        return Rejection(line=line, reason="is not valid JSON")
    except RecursionError:
        return Rejection(line=line, reason="is nested too deeply")


def _record(line: int, text: bytes, head: _Head) -> Found:
    if head.resource_type != "Patient":
        return Rejection(line=line, reason=_NOT_A_PATIENT)
    try:
        document = text.decode()
    except UnicodeDecodeError:
        return Rejection(line=line, reason=NOT_UTF8)
    return SourceRecord(line=line, document=document, sources=sources_of(head.identifier, head.id, document))
