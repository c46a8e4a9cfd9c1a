"""Shapes of requests that smuggle another one past a proxy: each is followed by a canary that must not be answered."""

CANARY_PATH = "/.well-known/jwks.json"
CANARY = f"GET {CANARY_PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
GET = b"GET /health/live HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
POST = b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
_CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
_BODY = b"2\r\n{}\r\n0\r\n\r\n"


def _coded(header: bytes) -> bytes:
    return POST + header + b"\r\n\r\n" + _BODY


def _long(header: bytes) -> bytes:
    return POST + header + b"\r\n\r\n{}"


def _to(target: bytes, method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    return method + b" " + target + b" " + version + b"\r\nHost: a\r\n\r\n"


CODINGS: dict[str, bytes] = {
    "CL.TE": POST + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(CANARY)),
    "TE.CL": POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(CANARY)
    + CANARY
    + b"\r\n0\r\n\r\n",
    "TE.CL, the length last": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "CL.0 with a coding": POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE.TE, chunked first": _coded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    "TE.TE, chunked last": _coded(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
    "TE.TE, chunked twice": _coded(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    "TE.TE in another case": _coded(b"Transfer-Encoding: chunked\r\ntransfer-encoding: cow"),
    "a list, chunked first": _coded(b"Transfer-Encoding: chunked, identity"),
    "a list, chunked last": _coded(b"Transfer-Encoding: gzip, chunked"),
    "a list of chunked": _coded(b"Transfer-Encoding: chunked, chunked"),
    "a list that begins empty": _coded(b"Transfer-Encoding: ,chunked"),
    "xchunked": _coded(b"Transfer-Encoding: xchunked"),
    "chunkedx": _coded(b"Transfer-Encoding: chunkedx"),
    "chunked with a parameter": _coded(b"Transfer-Encoding: chunked;q=1"),
    "chunked in quotes": _coded(b'Transfer-Encoding: "chunked"'),
    "chunked behind a vertical tab": _coded(b"Transfer-Encoding: \x0bchunked"),
    "chunked behind a form feed": _coded(b"Transfer-Encoding: \x0cchunked"),
    "chunked behind a no-break space": _coded(b"Transfer-Encoding: \xa0chunked"),
    "chunked before NUL": _coded(b"Transfer-Encoding: chunked\0"),
    "identity": _long(b"Transfer-Encoding: identity\r\nContent-Length: 2"),
    "no coding": _long(b"Transfer-Encoding:\r\nContent-Length: 2"),
    "a space before the colon": _long(b"Transfer-Encoding : chunked\r\nContent-Length: 2"),
    "a tab before the colon": _long(b"Transfer-Encoding\t: chunked\r\nContent-Length: 2"),
    "a folded coding": _long(b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 2"),
    "a coding in a fold": _long(b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 2"),
    "a coding in a fold by tab": _long(b"X: y\r\n\tTransfer-Encoding: chunked\r\nContent-Length: 2"),
    "a coding behind a bare CR": _long(b"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 2"),
    "a coding behind a bare LF": POST + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": _coded(b"Transfer-Encoding: chunked").replace(b"1.1", b"1.0", 1),
    "a coding kept alive in HTTP/1.0": _coded(b"Connection: keep-alive\r\nTransfer-Encoding: chunked").replace(
        b"1.1", b"1.0", 1
    ),
}

LENGTHS: dict[str, bytes] = {
    "two that differ": _long(b"Content-Length: 2\r\nContent-Length: 3"),
    "two that differ, the small one last": _long(b"Content-Length: 3\r\nContent-Length: 2"),
    "a list": _long(b"Content-Length: 2, 2"),
    "negative": _long(b"Content-Length: -2"),
    "with a plus": _long(b"Content-Length: +2"),
    "in hexadecimal": _long(b"Content-Length: 0x2"),
    "a fraction": _long(b"Content-Length: 2.0"),
    "an exponent": _long(b"Content-Length: 2e0"),
    "with an underscore": _long(b"Content-Length: 0_2"),
    "a space inside": _long(b"Content-Length: 2 2"),
    "nothing": _long(b"Content-Length:"),
    "behind a vertical tab": _long(b"Content-Length: \x0b2"),
    "in Arabic digits": _long("Content-Length: ٢".encode()),
    "over 64 bits": _long(b"Content-Length: 18446744073709551618"),
    "all of 64 bits": _long(b"Content-Length: 18446744073709551615"),
    "a space in the name": _long(b"Content Length: 9\r\nContent-Length: 2"),
    "behind a bare CR": _long(b"Content-Length: 2\rX: y"),
    "before NUL": _long(b"Content-Length: 2\0"),
    "with GET": GET + HOST + b"Content-Length: 2\r\n\r\n{}",
    "with HEAD": GET.replace(b"GET", b"HEAD") + HOST + b"Content-Length: 2\r\n\r\n{}",
    "with GET, the canary as the body": GET + HOST + b"Content-Length: %d\r\n\r\n" % len(CANARY),
}

CHUNKS: dict[str, bytes] = {
    "in hexadecimal with a prefix": _CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "with a plus": _CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n",
    "negative": _CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "behind a space": _CHUNKED + b" 2\r\n{}\r\n0\r\n\r\n",
    "nothing": _CHUNKED + b"\r\n{}\r\n0\r\n\r\n",
    "over 64 bits": _CHUNKED + b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a bare LF behind the size": _CHUNKED + b"2\n{}\r\n0\r\n\r\n",
    "bare LFs only": _CHUNKED + b"2\n{}\n0\n\n",
    "a bare CR behind the size": _CHUNKED + b"2\r{}\r\n0\r\n\r\n",
    "nothing behind the data": _CHUNKED + b"2\r\n{}0\r\n\r\n",
    "more data than its size": _CHUNKED + b"2\r\n{}xx\r\n0\r\n\r\n",
    "a bare LF in an extension": _CHUNKED + b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "a bare CR in an extension": _CHUNKED + b"2;a\rb\r\n{}\r\n0\r\n\r\n",
    "a trailer without a colon": _CHUNKED + b"2\r\n{}\r\n0\r\nX y\r\n\r\n",
    "a length in the trailer": _CHUNKED + b"2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n",
    "well-formed": _CHUNKED + _BODY,
    "well-formed, with an extension": _CHUNKED + b"2;a=b\r\n{}\r\n0\r\n\r\n",
    "with GET": GET + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + _BODY,
}

HEADS: dict[str, bytes] = {
    "HTTP/0.9": b"GET /health/live\r\n\r\n",
    "HTTP/1.2": _to(b"/health/live", version=b"HTTP/1.2"),
    "HTTP/2.0": _to(b"/health/live", version=b"HTTP/2.0"),
    "HTTP/01.1": _to(b"/health/live", version=b"HTTP/01.1"),
    "http/1.1": _to(b"/health/live", version=b"http/1.1"),
    "a space behind the version": _to(b"/health/live", version=b"HTTP/1.1 "),
    "two spaces": _to(b" /health/live"),
    "tabs": b"GET\t/health/live\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the target": _to(b"/health/live /x"),
    "a space before the method": b" " + _to(b"/health/live"),
    "a target without a slash": _to(b"health/live"),
    "no method": b"/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
    "an odd method": _to(b"/health/live", method=b"G@T"),
    "a tunnel": _to(b"a:80", method=b"CONNECT"),
    "a tunnel to a path": _to(b"/health/live", method=b"CONNECT"),
    "no Host": GET + b"\r\n",
    "an empty Host": GET + b"Host:\r\n\r\n",
    "two Hosts": GET + HOST + b"Host: b\r\n\r\n",
    "the same Host twice": GET + HOST + HOST + b"\r\n",
    "a list of Hosts": GET + b"Host: a, b\r\n\r\n",
    "a Host with a path": GET + b"Host: a/b\r\n\r\n",
    "a Host with a user": GET + b"Host: u@a\r\n\r\n",
    "a Host with a space": GET + b"Host: a b\r\n\r\n",
    "a Host with an odd port": GET + b"Host: a:8o\r\n\r\n",
    "a Host that is no ASCII": GET + "Host: é\r\n\r\n".encode(),
    "a folded Host": GET + b"Host: a\r\n b\r\n\r\n",
    "a fold before the first header": GET + b" X: y\r\nHost: a\r\n\r\n",
    "a bare CR in a value": GET + HOST + b"X: y\rZ: w\r\n\r\n",
    "a bare CR in a name": GET + HOST + b"X\r: y\r\n\r\n",
    "CR CR LF": GET + HOST + b"X: y\r\r\n\r\n",
    "NUL in a value": GET + HOST + b"X: y\0z\r\n\r\n",
    "NUL in a name": GET + HOST + b"X\0: y\r\n\r\n",
    "a bell in a value": GET + HOST + b"X: y\x07\r\n\r\n",
    "no name": GET + HOST + b": y\r\n\r\n",
    "no colon": GET + HOST + b"X y\r\n\r\n",
    "a slash in a name": GET + HOST + b"X/y: z\r\n\r\n",
    "a name that is no ASCII": GET + HOST + "é: y\r\n\r\n".encode(),
    "an authorization twice": GET + HOST + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
}

REFUSED = {
    f"{table}: {name}": shape
    for table, shapes in {"coding": CODINGS, "length": LENGTHS, "chunk": CHUNKS, "head": HEADS}.items()
    for name, shape in shapes.items()
}
"""The one request is refused (or, being well-formed, answered), and the connection with the canary in it is ended."""

READ_AS_IT_STANDS: dict[str, tuple[bytes, list[int]]] = {
    "two requests": (GET + HOST + b"\r\n", [200]),
    "behind one that is refused": (_to(b"/api/patients"), [401]),
    "behind one that leads nowhere": (_to(b"/nope"), [404]),
    "behind one that is refused with its body": (
        b"POST /api/patients HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(CANARY) + CANARY,
        [401],
    ),
    "the same length twice": (_long(b"Content-Length: 2\r\nContent-Length: 2"), [400]),
    "a length with zeros": (_long(b"Content-Length: 0002"), [400]),
    "a coding with an underscore": (_long(b"Transfer_Encoding: chunked\r\nContent-Length: 2"), [400]),
    "a length with an underscore": (_long(b"Content_Length: 9\r\nContent-Length: 2"), [400]),
    "a URL for its target": (_to(b"http://a/health/live"), [200]),
    "a URL of another host": (_to(b"http://other/health/live"), [200]),
    "a host for its target": (_to(b"a:80"), [404]),
    "a star for its target": (_to(b"*", method=b"OPTIONS"), [404]),
    "a method in lower case": (_to(b"/health/live", method=b"get"), [405]),
    "an empty line before it": (b"\r\n" + _to(b"/health/live"), [200]),
    "two slashes": (_to(b"//health/live"), [404]),
    "a backslash": (_to(b"/health\\live"), [404]),
    "a fragment": (_to(b"/health/live#/../nope"), [200]),
    "an offer of HTTP/2": (GET + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", [200]),
    "an offer of web sockets": (GET + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", [200]),
    "a header that is to be dropped": (GET + HOST + b"Connection: host\r\n\r\n", [200]),
    "an expectation": (_long(b"Expect: 100-continue\r\nContent-Length: 2"), [100, 400]),
    # RFC 9112 (section 2.2) lets a line end with LF alone, and the server's parser has no way to forbid it.
    "lines that end with LF": (_to(b"/health/live").replace(b"\r\n", b"\n"), [200]),
    "an empty line of LF alone": (GET + HOST + b"X: y\n\n", [200]),
}
"""What is one request to every reader of the standard: the canary behind it is a second one, and answered as such."""
