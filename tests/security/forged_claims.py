"""Tokens forged in the claims: signed well, and not for us, not now, or not saying who; and parts that were swapped."""

import json
from functools import partial
from typing import Any, Final

from tests.security.forging import Forge, Json, Seed, text64

_YEARS: Final = 10 * 365 * 86_400


def _claims(**changes: Any) -> Forge:
    return lambda seed: seed.signed(claims=changes)


def _times(**offsets: float) -> Forge:
    """Sign times that lie so many seconds from now."""
    return lambda seed: seed.signed(claims={name: seed.now + offset for name, offset in offsets.items()})


def _literally(name: str, value: str) -> Forge:
    """Sign a claim that is written down as it is, though no JSON writer would."""

    def forge(seed: Seed) -> str:
        claims = json.dumps({n: v for n, v in seed.claims.items() if n != name})
        return seed.signed(claims=f'{claims[:-1]},"{name}":{value}}}'.encode())

    return forge


def _unsigned(**changes: Any) -> Forge:
    """Change claims after the signing."""

    def forge(seed: Seed) -> str:
        header, _, signature = seed.signed().split(".")
        changed: Json = seed.claims | changes
        return f"{header}.{text64(json.dumps(changed, separators=(',', ':')).encode())}.{signature}"

    return forge


def _swapped(place: int) -> Forge:
    """Take one part from another token that is as good."""

    def forge(seed: Seed) -> str:
        parts = seed.signed().split(".")
        parts[place] = seed.signed(claims={"exp": seed.claims["exp"] - 1}).split(".")[place]
        return ".".join(parts)

    return forge


def _prolonged(seed: Seed) -> str:
    """Take the signature of a token that has expired, and the times of one that has not."""
    expired = seed.signed(claims={"iat": seed.now - 100, "exp": seed.now - 50})
    return f"{seed.text()}.{expired.rsplit('.', 1)[1]}"


IDS: Final = ("sub", "jti", "sid")
TIMES: Final[dict[str, Forge]] = {
    "exp missing": _claims(exp=...),
    "exp null": _claims(exp=None),
    "exp true": _claims(exp=True),
    "exp a list": _claims(exp=[2**40]),
    "exp a text": lambda s: s.signed(claims={"exp": str(s.claims["exp"])}),
    "exp a fraction": lambda s: s.signed(claims={"exp": s.claims["exp"] + 0.5}),
    "exp negative": _claims(exp=-1),
    "exp zero": _claims(exp=0),
    "exp enormous": _claims(exp=10**40),
    "exp beyond 64 bits": _claims(exp=2**64),
    **{f"exp {value}": _literally("exp", value) for value in ("NaN", "Infinity", "-Infinity", "1e400", "0x7fffffff")},
    "expired": _times(iat=-100, exp=-10),
    "expired long ago": _claims(iat=1, exp=2),
    "expires as it begins": lambda s: s.signed(claims={"exp": s.claims["iat"]}),
    "expires before it begins": _times(iat=3, exp=1),
    "good for ten years": _times(exp=_YEARS),
    "iat missing": _claims(iat=...),
    "iat a text": lambda s: s.signed(claims={"iat": str(s.claims["iat"])}),
    "iat long ago, good for ten years": _times(iat=-_YEARS, exp=60),
    "from the future": _times(iat=3600, exp=3660),
    "not before an hour": _times(nbf=3600),
    "nbf a text": _claims(nbf="0"),
    "nbf negative and exp past": _claims(nbf=-1, exp=1),
    "exp twice, past last": _literally("x", '0,"exp":1'),
}
TARGETS: Final[dict[str, Forge]] = {
    "iss missing": _claims(iss=...),
    "iss empty": _claims(iss=""),
    "iss null": _claims(iss=None),
    "iss another": _claims(iss="https://evil.example"),
    "iss with a slash behind": lambda s: s.signed(claims={"iss": f"{s.claims['iss']}/"}),
    "iss with a space behind": lambda s: s.signed(claims={"iss": f"{s.claims['iss']} "}),
    "iss in other letters": lambda s: s.signed(claims={"iss": s.claims["iss"].swapcase()}),
    "iss a list": lambda s: s.signed(claims={"iss": [s.claims["iss"]]}),
    "aud missing": _claims(aud=...),
    "aud empty": _claims(aud=""),
    "aud null": _claims(aud=None),
    "aud another": _claims(aud="another"),
    "aud a prefix": lambda s: s.signed(claims={"aud": s.claims["aud"][:-1]}),
    "aud and more": lambda s: s.signed(claims={"aud": f"{s.claims['aud']},another"}),
    "aud an empty list": _claims(aud=[]),
    "aud a list of us": lambda s: s.signed(claims={"aud": [s.claims["aud"]]}),
    "aud a list of us and others": lambda s: s.signed(claims={"aud": [s.claims["aud"], "another"]}),
    "aud true": _claims(aud=True),
}
PEOPLE: Final[dict[str, Forge]] = {
    **{f"{name} missing": _claims(**{name: ...}) for name in IDS},
    **{f"{name} null": _claims(**{name: None}) for name in IDS},
    **{f"{name} empty": _claims(**{name: ""}) for name in IDS},
    **{f"{name} no id": _claims(**{name: "admin"}) for name in IDS},
    **{f"{name} a number": _claims(**{name: 7}) for name in IDS},
    **{f"{name} a list": partial(lambda s, n: s.signed(claims={n: [s.claims[n]]}), n=name) for name in IDS},
    **{f"{name} and SQL": partial(lambda s, n: s.signed(claims={n: f"{s.claims[n]}' --"}), n=name) for name in IDS},
    "roles missing": _claims(roles=...),
    "roles null": _claims(roles=None),
    "roles a text": _claims(roles="admin"),
    "roles an object": _claims(roles={"admin": True}),
    "roles of numbers": _claims(roles=[1]),
    "roles of lists": _claims(roles=[["admin"]]),
    "epoch missing": _claims(epoch=...),
    "epoch null": _claims(epoch=None),
    "epoch a text": _claims(epoch="0"),
    "epoch a fraction": _claims(epoch=0.5),
    "epoch true": _claims(epoch=True),
}
PAYLOADS: Final[dict[str, Forge]] = {
    "a payload of a list": lambda s: s.signed(claims=json.dumps([s.claims]).encode()),
    "a payload of two": lambda s: s.signed(claims=json.dumps(s.claims).encode() * 2),
    "a payload in UTF-16": lambda s: s.signed(claims=json.dumps(s.claims).encode("utf-16")),
    "a payload with a mark before": lambda s: s.signed(claims=b"\xef\xbb\xbf" + json.dumps(s.claims).encode()),
    "a payload cut short": lambda s: s.signed(claims=json.dumps(s.claims).encode()[:-1]),
    "a payload of no UTF-8": lambda s: s.signed(claims=json.dumps(s.claims).encode().replace(b"admin", b"adm\xff")),
    "a payload too deep": lambda s: s.signed(claims=b"[" * 2500),
    "a payload too long": _claims(padding="x" * 4096),
    **{f"a payload of {what!r}": partial(Seed.signed, claims=what) for what in (b"", b"{}", b"null", b'"x"', b"{")},
}
TAMPERED: Final[dict[str, Forge]] = {
    "roles escalated after signing": _unsigned(roles=["admin", "auditor"]),
    "roles taken away after signing": _unsigned(roles=[]),
    "another user after signing": _unsigned(sub="01890a5d-0000-7000-8000-00000000beef"),
    "prolonged after signing": lambda s: _unsigned(exp=s.claims["exp"] + 60)(s),
    "an expired token's signature": _prolonged,
    "the payload swapped": _swapped(1),
    "the signature swapped": _swapped(2),
    "the header swapped": lambda s: f"{s.signed({'typ': 'at+jwt'}).split('.')[0]}.{s.signed().split('.', 1)[1]}",
}
CLAIMS: Final = TIMES | TARGETS | PEOPLE | PAYLOADS | TAMPERED
"""By name, so that a test that fails says which."""
