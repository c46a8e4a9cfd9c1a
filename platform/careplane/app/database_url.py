"""A database's URL: what can be wrong with it beyond its shape, without repeating it; and a password put into it."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_PORT_MAX = 65535
_TLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_WORDS: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _TLS,
    "ssl_max_protocol_version": _TLS,
    "gsslib": ("gssapi", "sspi"),
}
_FILES: Final = ("sslcert", "sslkey", "sslrootcert", "sslcrl")
_FREE: Final = (
    "host", "dbname", "database", "user", "password", "passfile", "sslpassword", "krbsrvname", "service", "servicefile",
    "application_name", "options",
)  # fmt: skip
_KNOWN: Final = frozenset({"port", *_WORDS, *_FILES, *_FREE})


def url_fault(url: str) -> str | None:
    """Return what is wrong with a URL that is shaped like one, as the end of a sentence, or None.

    What stands in the URL is never repeated: a piece of it may be a piece of its password.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        return "must have an address that can be read, and name=value pairs joined by & after the question mark"
    if "\0" in unquote(url):
        return "must not have a zero byte in it"
    ports = re.findall(r":([0-9]+)(?=,|$)", parts.netloc.rpartition("@")[2])
    faults = (_port(",".join(ports)) if ports else None, *(_parameter(name, value) for name, value in query))
    return next((fault for fault in faults if fault), None)


def with_password(url: str, password: str) -> str:
    """Return the URL with the password in it, if it names a user and brings no password of its own."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    user, _, own = parts.netloc.partition("@")[0].partition(":") if "@" in parts.netloc else ("", "", "")
    if not password or own or "password" in given or "passfile" in given:
        return url
    if user:
        return f"{parts.scheme}://{user}:{quote(password, safe='')}@{url.partition('@')[2]}"
    if "user" in given:
        before, mark, after = url.partition("#")
        return f"{before}&password={quote(password, safe='')}{mark}{after}"
    return url


def _parameter(name: str, value: str) -> str | None:
    if name not in _KNOWN:
        return f"has a parameter that is not known: leave it out, or choose from {', '.join(sorted(_KNOWN))}"
    if name == "port":
        return _port(value)
    if name in _WORDS and value not in _WORDS[name]:
        return f"must have a {name} that is one of {', '.join(_WORDS[name])}"
    if name in _FILES and not Path(value).is_file():
        return f"names a file as {name} that is not there"
    return None


def _port(value: str) -> str | None:
    numbers = value.split(",")
    if all(number.isascii() and number.isdecimal() and 0 < int(number[:6]) <= _PORT_MAX for number in numbers):
        return None
    return f"must have a port that is a number from 1 to {_PORT_MAX}"
