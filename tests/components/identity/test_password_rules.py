"""Password rules: what is long enough and not common passes, in any script, and typed either way it is the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.identity.password_rules import LENGTH_MAX, LENGTH_MIN, password_fault, prepared

EMAIL = "ada@example.org"


@pytest.mark.parametrize("password", [
    "correct horse battery staple", "密码密码是四个词",
    "пароль-из-слов", "🐎🔋📎✅🐎🔋📎✔", "x7" * 64, "pa$$ phrase", "كلمة السر هنا",
])  # fmt: skip
def test_good_ones_of_every_script_pass(password: str) -> None:
    """Nothing but length and commonness counts: no rule about digits or capitals."""
    assert password_fault(password, EMAIL) is None


@pytest.mark.parametrize("password", [
    "", "short", "x7" * 65, "tab\there it is", "nul\x00 in here", "\ud800abcdefgh",
    "password123", "PASSWORD123", "12345678", "zzzzzzzzzz", "ada@example.org", "        ",
])  # fmt: skip
def test_bad_ones_are_told_why(password: str) -> None:
    """There is a reason, and it does not repeat the password."""
    fault = password_fault(password, EMAIL)
    assert fault
    assert not password.strip() or password not in fault


def test_a_compatibility_character_stays_itself() -> None:
    """NFC, not NFKC: a ligature and its letters are different passwords."""
    assert prepared("ﬁne words") != prepared("fine words")


@given(st.text(max_size=200))
def test_preparing_never_fails_and_settles(text: str) -> None:
    """Any text has an answer; what comes out comes out the same again, and within the bounds."""
    ready = prepared(text)
    if ready is not None:
        assert prepared(ready.decode()) == ready
        assert 0 < len(ready.decode()) <= LENGTH_MAX


@given(st.text(min_size=LENGTH_MIN, max_size=40))
def test_composition_does_not_count(text: str) -> None:
    """NFC and NFD of one text are one password."""
    forms = {prepared(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1
