"""Cutting one large JSON value into the objects of its outer array, in bounded memory, without decoding it.

A Bundle of a million patients is one JSON object. Its brackets are followed, strings skipped, and each object that
stands in an array of the outermost object (or in an outermost array) is handed out as soon as it is complete.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from careplane.components.patient.transfer.sources import LINE_BYTES_MAX

_CHUNK_BYTES = 1 << 16
_NESTING_MAX = 1000
# The next bracket outside a string; possessive, so that a string cut off by the end of the chunk fails at once.
_BRACKET = re.compile(rb'(?:[^{}\[\]"]++|"(?:[^"\\]++|\\.)*+")*+[{}\[\]]', re.DOTALL)
_MATES = {ord("{"): ord("}"), ord("["): ord("]")}
_OBJECT = ord("{")
# Where an object is wanted: outermost, in an outermost array, or in an array of the outermost object.
_OUTER = frozenset({b"", b"[", b"{["})
_OUTER_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Span:
    """An object and the line it begins on, or a fault; `outermost` if it is the whole value."""

    line: int
    text: bytes = b""
    outermost: bool = False
    fault: str | None = None


@dataclass(slots=True)
class _Capture:
    line: int
    depth: int
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if self.size <= LINE_BYTES_MAX:
            self.parts.append(part)

    def span(self) -> Span | None:
        """Return what was captured; an outermost object that is too large is merely a large Bundle."""
        if self.size <= LINE_BYTES_MAX:
            return Span(self.line, b"".join(self.parts), outermost=self.depth == 0)
        return None if self.depth == 0 else Span(self.line, fault="is longer than 1 MiB")


class _Cutter:
    def __init__(self) -> None:
        self.line = 1
        self.stack = bytearray()
        self.captures: list[_Capture] = []
        self.tail = b""
        self.fault: str | None = None

    def feed(self, chunk: bytes) -> Iterator[Span]:
        """Yield the objects completed by the next chunk; stop for good at brackets that do not match."""
        data, done, end = self.tail + chunk, 0, 0
        while not self.fault and (match := _BRACKET.match(data, end)):
            end = match.end()
            if self._opens(data[end - 1]):
                self._advance(data[done : end - 1])
                done = end - 1
                self.captures.append(_Capture(self.line, len(self.stack) - 1))
            elif self.captures and self.captures[-1].depth == len(self.stack):
                self._advance(data[done:end])
                done = end
                span = self.captures.pop().span()
                yield from () if span is None else (span,)
        self._advance(data[done:end])
        self.tail = data[end:]
        if len(self.tail) > LINE_BYTES_MAX + _CHUNK_BYTES:
            self.fault = "holds a text longer than 1 MiB; nothing after it can be read"
        if self.fault:
            yield Span(self.line, fault=self.fault)

    def finish(self) -> Iterator[Span]:
        """Yield a fault if the file ends inside a value."""
        if self.stack or self.tail.strip():
            yield Span(self.line, fault="ends in the middle of a JSON value; what came before was read")

    def _opens(self, bracket: int) -> bool:
        """Follow a bracket; tell whether it opens an object that is to be handed out."""
        if bracket in _MATES:
            wanted = bracket == _OBJECT and len(self.stack) <= _OUTER_DEPTH and bytes(self.stack) in _OUTER
            self.stack.append(bracket)
            if len(self.stack) > _NESTING_MAX:
                self.fault = "is nested too deeply; nothing after it can be read"
            return wanted
        if self.stack and _MATES[self.stack[-1]] == bracket:
            self.stack.pop()
        else:
            self.fault = "has brackets that do not match; nothing after them can be read"
        return False

    def _advance(self, text: bytes) -> None:
        self.line += text.count(b"\n")
        for capture in self.captures:
            capture.add(text)


def spans(source: Iterable[bytes]) -> Iterator[Span]:
    """Yield the objects in the outer arrays of a JSON file as they come, and each outermost object that is small."""
    cutter = _Cutter()
    for chunk in _chunks(source):
        yield from cutter.feed(chunk)
        if cutter.fault:
            return
    yield from cutter.finish()


def _chunks(source: Iterable[bytes]) -> Iterator[bytes]:
    """Gather short lines, for the sake of speed."""
    gathered: list[bytes] = []
    size = 0
    for piece in source:
        gathered.append(piece)
        size += len(piece)
        if size >= _CHUNK_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    yield b"".join(gathered)
