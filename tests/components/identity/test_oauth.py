"""The form in which a program asks for a token (RFC 6749): read as the RFC has it, refused in the RFC's codes."""

import base64
from contextlib import suppress
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.identity.accounts.messages_accounts import IssueToken
from careplane.components.identity.accounts.oauth import ClientRefused, TokenRefused, read_request

GRANT = {"grant_type": "client_credentials"}
ASKED = IssueToken(client_id="id-1", client_secret="s e:c%r&t")
TEXTS = st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"]))


def basic(client_id: str, secret: str) -> str:
    """Return the header of HTTP Basic, with both form-encoded first."""
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def form(**fields: str) -> bytes:
    """Return a form with the grant and these fields."""
    return urlencode({**GRANT, **fields}).encode()


def code_of(body: bytes, authorization: str | None = None) -> str:
    """Return the code that a request is refused with."""
    try:
        read_request(body, authorization)
    except (TokenRefused, ClientRefused) as error:
        return error.oauth
    pytest.fail("it was not refused")


def test_a_program_shows_itself_by_basic_or_in_the_form() -> None:
    """Either way it is the same, and what the form has besides is passed over (section 3.2)."""
    in_form = form(client_id="id-1", client_secret="s e:c%r&t")
    assert read_request(in_form, None) == ASKED
    assert read_request(in_form + b"&colour=blue", None) == ASKED
    assert read_request(form(), basic("id-1", "s e:c%r&t")) == ASKED
    assert read_request(form(client_id="id-1"), basic("id-1", "s e:c%r&t")) == ASKED
    assert read_request(form(scope="", client_secret=""), basic("id-1", "s e:c%r&t")) == ASKED
    assert read_request(form(), basic("id-1", "s e:c%r&t").replace("Basic", "BASIC ")) == ASKED


@given(TEXTS, TEXTS)
def test_any_text_comes_through(client_id: str, secret: str) -> None:
    """Both ways, whatever is in it."""
    asked = IssueToken(client_id=client_id, client_secret=secret)
    assert read_request(form(client_id=client_id, client_secret=secret), None) == asked
    assert read_request(form(), basic(client_id, secret)) == asked


@pytest.mark.parametrize(("body", "code"), [
    (b"", "invalid_request"),
    (b"client_id=a&client_secret=b", "invalid_request"),
    (b"grant_type=&client_id=a&client_secret=b", "invalid_request"),
    (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
    (b"grant_type=client_credentials&client_id=a&client_id=b&client_secret=c", "invalid_request"),
    (b"grant_type=password&username=a&password=b", "unsupported_grant_type"),
    (b"grant_type=Client_Credentials", "unsupported_grant_type"),
    (form(scope="patients:read", client_id="a", client_secret="b"), "invalid_scope"),
    (form(client_id="a"), "invalid_client"),
    (form(client_secret="b"), "invalid_client"),
    (form(client_id="", client_secret="b"), "invalid_client"),
    (b"grant_type", "invalid_request"),
    (b"\xff\xfe", "invalid_request"),
    (b"grant_type=client_credentials&client_id=%ff", "invalid_request"),
    ("grant_type=ü".encode(), "invalid_request"),
    (b"&".join(b"a%d=b" % n for n in range(30)), "invalid_request"),
])  # fmt: skip
def test_what_is_no_such_request_is_refused(body: bytes, code: str) -> None:
    """In the code that section 5.2 has for it."""
    assert code_of(body) == code


@pytest.mark.parametrize("authorization", [
    "", "Basic", "Basic ", "Basic %%%", "Basic YQ==", "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    "Basic " + base64.b64encode(b"a:%ff").decode(), "Bearer abc", "Digest YTpi", "Basic YTpi YTpi", "Basic Ytpi\xff",
])  # fmt: skip
def test_a_header_that_is_none_is_a_program_that_has_not_shown_itself(authorization: str) -> None:
    """Section 5.2: authentication failed, with the challenge for Basic."""
    assert code_of(form(), authorization) == "invalid_client"
    assert ClientRefused.headers[0][1].startswith(b"Basic ")


def test_one_way_at_a_time() -> None:
    """Section 2.3: no more than one in a request; and what the form says beside it must agree."""
    assert code_of(form(client_id="a", client_secret="b"), basic("a", "b")) == "invalid_request"
    assert code_of(form(client_id="other"), basic("a", "b")) == "invalid_request"


@given(st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=50)))
def test_whatever_comes_is_read_or_refused(body: bytes, authorization: str | None) -> None:
    """Nothing else is raised."""
    with suppress(TokenRefused, ClientRefused):
        read_request(body, authorization)
