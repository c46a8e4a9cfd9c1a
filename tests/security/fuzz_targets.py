"""What is fuzzed: what decodes tokens, cursors and lines to import, and what must hold whatever it is given.

The first byte says which way the rest goes in, so that a fuzzer gets past signatures: what is behind them is signed.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from tests.security.forging import Seed, new_key

from careplane.components.identity.api import RoleTable, TokenVerifier
from careplane.components.identity.messages import KeySet, PublicKey
from careplane.components.patient.record.document import decode
from careplane.components.patient.search import cursor
from careplane.components.patient.search.cursor import Position
from careplane.components.patient.search.filters import Filters
from careplane.components.patient.transfer.csv_source import csv_records
from careplane.components.patient.transfer.imported import check_document
from careplane.components.patient.transfer.json_source import Found, line_records
from careplane.components.patient.transfer.sources import Rejection
from careplane.kernel.clock import FixedClock
from careplane.kernel.errors import InvalidArgument, Unauthenticated
from careplane.kernel.principal import Principal
from careplane.web.cursors import SignedCursors

NOW: Final = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
TODAY: Final = date(2031, 5, 6)
N: Final = int(NOW.timestamp())
ISSUER, AUDIENCE = "https://issuer.example", "careplane-tests"
CLAIMS: Final = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": str(UUID(int=7)),
    "iat": N,
    "exp": N + 60,
    "jti": str(UUID(int=8)),
    "sid": str(UUID(int=9)),
    "epoch": 0,
    "roles": ["analyst"],
}
SEED: Final = Seed(
    ec.derive_private_key(7, ec.SECP256R1()), new_key(), {"alg": "ES256", "typ": "JWT", "kid": "k"}, CLAIMS, N
)
GOOD: Final = SEED.signed()
SEARCH: Final = Filters(name="Ada")
CURSORS: Final = SignedCursors(bytes(32))
HEADERS: Final = (b"name,email,address,dateOfBirth\n", b"Name;dateofbirth;gender;phone;registeredDate\n", b"")

Verify = Callable[[str], Principal]
Read = Callable[[Filters, str], Position]
Records = Callable[[bytes], Iterator[Found]]


class Said(msgspec.Struct):
    """What a token that is believed must say."""

    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    roles: list[str]
    nbf: int | None = None


def _verifier() -> TokenVerifier:
    jwk = ECAlgorithm.to_jwk(SEED.private.public_key(), as_dict=True)
    key = PublicKey(kid="k", kty="EC", crv="P-256", x=jwk["x"], y=jwk["y"], alg="ES256", use="sig")
    scopes = RoleTable.configured({}).scopes_of
    return TokenVerifier(KeySet(keys=(key,)), issuer=ISSUER, audience=AUDIENCE, clock=FixedClock(NOW), scopes=scopes)


VERIFIER: Final = _verifier()


def check_token(data: bytes, verify: Verify = VERIFIER.verify) -> None:
    """Whatever is sent is refused as Unauthenticated; what is signed is believed only if all of it is right."""
    way, rest = data[:1], data[1:]
    if way == b"s":
        header, _, claims = rest.partition(b"\n")
        _check_signed(verify, header or None, claims)
        return
    token = rest.decode("latin-1")
    if way == b"t" and len(rest) > 2:
        place, skipped = (rest[0] << 8 | rest[1]) % len(GOOD), rest[2] % 8
        token = GOOD[:place] + rest[3:].decode("latin-1") + GOOD[place + skipped :]
    if token != GOOD:
        with suppress(Unauthenticated):
            principal = verify(token)
            raise AssertionError(f"believed: {principal}")


def _check_signed(verify: Verify, header: bytes | None, claims: bytes) -> None:
    try:
        principal = verify(SEED.signed(header, claims))
    except Unauthenticated:
        return
    said = msgspec.json.decode(claims, type=Said)  # what it does not name is passed over, whatever it is
    assert (said.iss, said.aud) == (ISSUER, AUDIENCE)
    assert 0 < said.exp - said.iat <= 86_400
    assert said.iat - 5 <= N < said.exp + 5
    assert (said.nbf or 0) <= N + 5
    assert principal.id == str(UUID(said.sub))
    assert list(principal.roles) == said.roles
    if header is not None:
        assert json.loads(header) == SEED.header


def check_cursor(data: bytes, read: Read = cursor.read) -> None:
    """An unsealed cursor is refused; a sealed one is a position of that search, or refused; both as InvalidArgument."""
    way, text = data[:1], data[1:].decode("utf-8", "replace")
    if way == b"s":
        sealed = CURSORS.seal(text, "a search")
        assert sealed is not None
        assert CURSORS.open(sealed, "a search") == text
        _must_refuse(sealed, "another search")
        with suppress(InvalidArgument):
            position = read(SEARCH, text)
            assert position.segment >= 0
            assert read(SEARCH, cursor.write(SEARCH, position)) == position
    else:
        _must_refuse(data[1:].decode("latin-1"), "a search")


def _must_refuse(sealed: str, search: str) -> None:
    with suppress(InvalidArgument):
        CURSORS.open(sealed, search)
        raise AssertionError("opened")


def records_of(data: bytes) -> Iterator[Found]:
    """Read lines to import: JSON, or CSV under one of several first lines."""
    way, rest = data[:1], data[1:]
    if way == b"j":
        return line_records(enumerate(rest.split(b"\n"), 1))
    header = HEADERS[ord(way or b"0") % len(HEADERS)]
    return csv_records(enumerate((header + rest).splitlines(keepends=True), 1), today=TODAY)


def check_line(data: bytes, records: Records = records_of) -> None:
    """Each line is a record or a rejection that can be written down, and a record is accepted or refused in words."""
    for found in records(data):
        assert found.line >= 1
        if isinstance(found, Rejection):
            assert found.reason
            assert found.reason.encode().decode().isprintable()
            continue
        assert found.sources
        with suppress(InvalidArgument):
            faults = check_document(decode(found.document), found.registered_date, today=TODAY)
            assert all(fault.field and fault.message for fault in faults)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {"token": check_token, "cursor": check_cursor, "line": check_line}
