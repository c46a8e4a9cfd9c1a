"""What may be a password, and the one byte string that all ways of typing it come to.

Texts are prepared after the OpaqueString profile (RFC 8265, section 4.2): NFC, every kind of space is the plain one,
case counts, control characters are refused. NFC rather than NFKC, so that no two distinct characters become one.
"""

import unicodedata
from typing import Final

LENGTH_MIN: Final = 8
LENGTH_MAX: Final = 128  # code points, after preparation

_COMMON: Final = frozenset(
    """
    00000000 000000000 0123456789 11111111 111111111 112233445566 11223344 12121212 123123123 1234512345 12341234
    12344321 12345678 123456789 1234567890 123456789a 12345678910 1234qwer 123qweasd 13131313 147258369 1q2w3e4r
    1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc 22222222 55555555 66666666 77777777 87654321 88888888 987654321 9876543210
    99999999 a1b2c3d4 aa123456 aaaaaaaa abc12345 abcd1234 abcdefgh abcdefghi administrator admin123 admin1234
    alexander asdf1234 asdfasdf asdfghjk asdfghjkl baseball baseball1 basketball blink182 butterfly careplane charlie1
    changeit changeme changeme1 changeme123 chocolate clinic123 computer danielle default1 dragon123 elephant
    football football1 formula1 guest123 hello123 hospital hospital1 hospital123 iloveyou iloveyou1 internet jennifer
    jordan23 letmein1 letmein123 liverpool maverick medicine mercedes michael1 michelle midnight mustang1 nothing1
    p@ssw0rd p@ssword pa$$word pa55word passw0rd password password! password1 password12 password123 password1234
    password2 patient1 patients princess princess1 q1w2e3r4 q1w2e3r4t5 qazwsxedc qwer1234 qwertyui qwerty12
    qwerty123 qwerty1234 qwertyuiop samantha secret123 starwars startrek sunshine sunshine1 superman superman1
    test1234 testtest trustno1 victoria welcome1 welcome123 whatever zaq12wsx zxcvbnm1 zxcvbnm123 zxcvbnm, zxcvbnm,.
    """.split()  # noqa: SIM905 - a list literal of these would fill the file
)
"""The passwords that guessers try first and that are long enough to pass otherwise."""


def prepared(password: str) -> bytes | None:
    """Return the bytes to hash, or None for a text that cannot be anybody's password."""
    text = unicodedata.normalize("NFC", "".join(_plain(c) for c in password[: LENGTH_MAX * 4 + 1]))
    if not 0 < len(text) <= LENGTH_MAX or any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        return None
    return text.encode()


def password_fault(password: str, email: str) -> str | None:
    """Return what is wrong with a new password, or None."""
    if "".join(_plain(c) for c in password).isspace():
        return "must not be made of spaces only"
    ready = prepared(password)
    if ready is None or len(text := ready.decode()) < LENGTH_MIN:
        return f"must be {LENGTH_MIN} to {LENGTH_MAX} characters long, without control characters"
    folded = text.casefold()
    if folded in _COMMON or len(set(folded)) == 1:
        return "is one of the first that a guesser tries: choose another, such as four random words"
    if folded in {email.casefold(), email.casefold().partition("@")[0]}:
        return "must not be the e-mail address: choose another, such as four random words"
    return None


def _plain(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else character
