"""Tokens forged in how they are written: signatures that fit anything, and base64 that is not quite what was signed."""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tests.security.forging import ORDER, Forge, Seed, text64

_LETTERS: Final = "".join(map(chr, (*range(65, 91), *range(97, 123), *range(48, 58), 45, 95)))


def _rewritten(change: Callable[[str], str]) -> Forge:
    """Write the good token down another way."""
    return lambda seed: change(seed.signed())


def _part(place: int, change: Callable[[str], str]) -> Forge:
    """Write one part of the good token down another way."""

    def forge(seed: Seed) -> str:
        parts = seed.signed().split(".")
        parts[place] = change(parts[place])
        return ".".join(parts)

    return forge


def _spare(text: str) -> str:
    """Set a bit of the last letter that decoding drops, or change the letter where it has none to spare."""
    return text[:-1] + _LETTERS[_LETTERS.index(text[-1]) ^ 1]


def _der(seed: Seed) -> str:
    return seed.with_signature(encode_dss_signature(*seed.numbers(seed.text())))


def _halves_swapped(seed: Seed) -> str:
    r, s = seed.numbers(seed.text())
    return seed.with_numbers(s, r)


SIGNATURES: Final[dict[str, Forge]] = {
    "no signature": lambda s: f"{s.text()}.",
    "no signature and no dot": lambda s: s.text(),
    "r and s zero": lambda s: s.with_numbers(0, 0),
    "r zero": lambda s: s.with_numbers(0, s.numbers(s.text())[1]),
    "s zero": lambda s: s.with_numbers(s.numbers(s.text())[0], 0),
    "r and s one": lambda s: s.with_numbers(1, 1),
    "r and s the curve's order": lambda s: s.with_numbers(ORDER, ORDER),
    "s the curve's order": lambda s: s.with_numbers(s.numbers(s.text())[0], ORDER),
    "r and s one below the order": lambda s: s.with_numbers(ORDER - 1, ORDER - 1),
    "r and s all ones": lambda s: s.with_signature(b"\xff" * 64),
    "r and s changed about": _halves_swapped,
    "r right, s one off": lambda s: s.with_numbers(*map(sum, zip(s.numbers(s.text()), (0, -1), strict=True))),
    "a signature in DER": _der,
    "DER of two zeros": lambda s: s.with_signature(encode_dss_signature(0, 0)),
    "half a signature": lambda s: s.signed()[:-43],
    "a byte short": lambda s: s.with_signature(bytes(63)),
    "a byte long": lambda s: f"{s.signed()}AA",
    "twice the signature": lambda s: f"{s.signed()}{s.signed().rsplit('.', 1)[1]}",
    "one byte": lambda s: s.with_signature(b"\0"),
    "the signature of nothing": lambda s: s.with_numbers(*s.numbers("")),
    "the signature of the payload alone": lambda s: s.with_numbers(*s.numbers(s.text().split(".")[1])),
}
WRITING: Final[dict[str, Forge]] = {
    "no dots": lambda _: "nodots",
    "only dots": lambda _: "..",
    "a dot before": _rewritten(lambda t: f".{t}"),
    "a dot behind": _rewritten(lambda t: f"{t}."),
    "two dots": _rewritten(lambda t: t.replace(".", "..", 1)),
    "four parts": _rewritten(lambda t: f"{t}.AAAA"),
    "two tokens": _rewritten(lambda t: f"{t}.{t}"),
    "padding": _rewritten(lambda t: f"{t}=="),
    "padding in the header": _part(0, lambda t: f"{t}="),
    "spare bits in the signature": _part(2, _spare),
    "spare bits in the payload": _part(1, _spare),
    "spare bits in the header": _part(0, _spare),
    "the header cut short": _part(0, lambda t: t[:-1]),
    "the payload cut short": _part(1, lambda t: t[:-1]),
    "the payload longer": _part(1, lambda t: f"{t}AAAA"),
    "another alphabet": _part(2, lambda t: f"+/{t[2:]}"),
    "slashes for underscores": lambda s: s.with_signature(b"\xff\xff\xff" + bytes(61)).replace("_", "/"),
    "percent for dots": _rewritten(lambda t: t.replace(".", "%2E")),
    "tildes": _rewritten(lambda t: t.replace(".", "~")),
    "small letters": _rewritten(str.lower),
    "capitals": _rewritten(str.upper),
    "back to front": _rewritten(lambda t: t[::-1]),
    "base64 twice": _rewritten(lambda t: text64(t.encode())),
    "JSON instead": lambda s: text64(str(s.claims).encode()),
    "a letter of another script": _rewritten(lambda t: t[:-1] + "é"),
    "wide letters": _rewritten(lambda t: t.replace("e", "\uff45", 1)),
    "a letter without width": _rewritten(lambda t: f"{t[:50]}\u200b{t[50:]}"),
    "a tab within": _rewritten(lambda t: f"{t[:50]}\t{t[50:]}"),
    "a space within": _rewritten(lambda t: f"{t[:50]} {t[50:]}"),
    "two tokens with a comma": _rewritten(lambda t: f"{t},{t}"),
    "two tokens with a space": _rewritten(lambda t: f"{t} {t}"),
    "quoted": _rewritten(lambda t: f'"{t}"'),
    "quoted once": _rewritten(lambda t: f"{t}'"),
}
UNSENDABLE: Final[dict[str, Forge]] = {
    "empty": lambda _: "",
    "a space before": _rewritten(lambda t: f" {t}"),
    "a space behind": _rewritten(lambda t: f"{t} "),
    "a line end behind": _rewritten(lambda t: f"{t}\n"),
    "a line end within": _rewritten(lambda t: f"{t[:50]}\r\n{t[50:]}"),
    "a null byte behind": _rewritten(lambda t: f"{t}\0"),
    "half a character": _rewritten(lambda t: f"{t[:-1]}\ud800"),
    "ten megabytes": lambda _: "A" * 10_000_000,
}
"""What an HTTP header cannot hold, or holds without its ends."""

TEXTS: Final = SIGNATURES | WRITING
"""By name, so that a test that fails says which."""
