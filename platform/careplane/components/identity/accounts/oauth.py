"""A program asks for a token: the form of RFC 6749, section 4.4, read, and what is wrong told in the RFC's codes."""

import base64
from typing import ClassVar, Final
from urllib.parse import parse_qsl, unquote_plus

from careplane.components.identity.accounts.messages_accounts import IssueToken
from careplane.kernel.errors import InvalidArgument, Unauthenticated

GRANT: Final = "client_credentials"
_FIELDS_MAX: Final = 20
_HOW: Final = "Send client_id and client_secret by HTTP Basic, or in the form."


class TokenRefused(InvalidArgument):
    """The request for a token is not one that is answered; `oauth` is the code of RFC 6749, section 5.2."""

    def __init__(self, oauth: str, detail: str) -> None:
        """Take the code and what to do."""
        super().__init__(detail)
        self.oauth = oauth


class ClientRefused(Unauthenticated):
    """The program has not shown which one it is."""

    default_detail = f"The program has not shown which one it is. {_HOW}"
    oauth: ClassVar[str] = "invalid_client"
    headers: ClassVar[tuple[tuple[bytes, bytes], ...]] = (
        (b"www-authenticate", b'Basic realm="careplane", charset="UTF-8"'),
    )


def read_request(body: bytes, authorization: str | None) -> IssueToken:
    """Return who asks, and with which secret; raise TokenRefused or ClientRefused for what is no such request."""
    form = _form(body)
    if "grant_type" not in form:
        raise TokenRefused("invalid_request", f"The form has no grant_type: send grant_type={GRANT}.")
    if form["grant_type"] != GRANT:
        raise TokenRefused("unsupported_grant_type", f"Programs get a token with grant_type={GRANT} only.")
    if "scope" in form:
        raise TokenRefused("invalid_scope", "The scopes come of the program's roles: leave scope out.")
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if authorization is not None:
        if secret is not None:
            raise TokenRefused("invalid_request", "The program shows itself in two ways at once: choose one of them.")
        named, client_id = client_id, None
        client_id, secret = _basic(authorization)
        if named not in {None, client_id}:
            raise TokenRefused("invalid_request", "The form's client_id is another one than that of HTTP Basic.")
    if client_id is None or secret is None:
        raise ClientRefused
    return IssueToken(client_id=client_id, client_secret=secret)


def _form(body: bytes) -> dict[str, str]:
    """Read the form; what is left empty counts as left out (RFC 6749, section 3.2)."""
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, strict_parsing=bool(text), errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        message = f"The form cannot be read: send it form-encoded in UTF-8, with at most {_FIELDS_MAX} fields."
        raise TokenRefused("invalid_request", message) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRefused("invalid_request", "A field of the form comes twice: send each one once.")
    return form


def _basic(authorization: str) -> tuple[str, str]:
    """Return id and secret from HTTP Basic, where both are form-encoded (RFC 6749, section 2.3.1)."""
    scheme, _, sent = authorization.partition(" ")
    try:
        pair = base64.b64decode(sent.strip(), validate=True).decode()
        if scheme.lower() != "basic" or ":" not in pair:
            raise ClientRefused
        client_id, _, secret = pair.partition(":")
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:  # not base64, or not UTF-8
        raise ClientRefused from None
