"""Password rules: what is long enough and not what guessers try passes, in any script, however it is typed."""

import re
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from careplane.components.identity.http import second_factor, sign_in, users
from careplane.components.identity.passwords.guessable import known_words
from careplane.components.identity.passwords.password_rules import (
    LENGTH_MAX,
    LENGTH_MIN,
    LENGTH_MIN_BESIDE_A_FACTOR,
    is_short,
    password_fault,
    prepared,
)

EMAIL = "ada.lovelace@st-mary.example.org"
WORDS = st.sampled_from(sorted(word for word in known_words() if word.isalpha()))
RAREST = [word for word in FREQUENCY_LISTS["english_wikipedia"][-10_000:] if word.isalpha() and 6 <= len(word) <= 12]
BAD_WORDS = ["administration1", "mississippi2026", "careplane-hospital", "iloveyouiloveyou1", "five random words"]
AROUND = st.text(string.digits + string.punctuation + " ", max_size=20)


@pytest.mark.parametrize("password", [
    "purple otters climb ladders", "пароль из четырёх слов", "密码密码是四个词而且还有别的几个", "كلمة السر هنا طويلة",
    "🐎🔋📎✅🌂🎻🪁🧊🪵🧵🪝🧷🪡🎲🧩", "pa$$ phrase with bits", "xK4#vQ9!mZ2@pL7", "my ada grows seven tulips",
])  # fmt: skip
def test_good_ones_of_every_script_pass(password: str) -> None:
    """Nothing but length and being guessable counts: no rule about digits, capitals or signs."""
    assert password_fault(password, EMAIL) is None


@pytest.mark.parametrize(("password", "told"), [
    ("", "15 to 128"), ("fourteen chars", "15 to 128"), ("x7" * 65, "15 to 128"),
    ("a tab\there in the text", "control"), ("nul\x00 in here, long enough", "control"),
    ("\ud800abcdefghijklmnop", "control"), (" " * 20, "spaces only"), ("\u3000\u2003\u00a0" * 6, "spaces only"),
    ("zzzzzzzzzzzzzzzzzzzz", "repeats"), ("careful!careful!careful!", "repeats"), ("abcabcabcabcabca", "repeats"),
    ("ÄöüÄöüÄöüÄöüÄöü", "repeats"),
    ("abcdefghijklmnopqrst", "follows"), ("98765432109876543", "follows"), ("qwertyuiopasdfghjkl", "follows"),
    ("1qaz2wsx3edc4rfv", "follows"), ("QWERTYUIOP!@#$%^", "follows"), ("123abc789xyz321cba", "follows"),
    ("password1234567", "first"), ("PASSWORD1234567", "first"), ("!!P@ssw0rd!!!!!!!", "first"),
    ("administration1", "first"), ("charlie2024!!!!!", "first"), ("mississippi2026", "first"),
    ("ada.lovelace@st-mary.example.org", "account"), ("lovelace-lovelace1815", "first"),
    ("careplane-hospital", "account"), ("c@r3plan3 H0spital", "account"), ("patient-password-x", "account"),
    ("mary.example.org", "account"),
    ("correct horse battery staple", "first"), ("Correct-Horse-Battery-Staple-1", "first"),
    ("letmeinletmein12", "first"), ("letmein1letmein2", "first"), ("iloveyouiloveyou1", "first"),
    ("p a s s w o r d 1 2 3 4", "first"), ("pass\u200bword\u2060 1234567", "first"),
    ("Ｐａｓｓｗｏｒｄ１２３４５６７", "first"), ("𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝1234567", "first"),
    ("Ａｄａ　Ｌｏｖｅｌａｃｅ　１８１５", "account"),
    ("ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐ", "follows"),
    ("abc def ghi jkl mno", "follows"), ("zz zz zz zz zz zz", "repeats"),
    (" " * 16 + "a", "hardly more"), ("a" + "\u200d" * 16, "hardly more"), ("o n e" + " " * 12, "hardly more"),
    ("welcome to the hospital", "account"), ("WelcomeToTheHospital!", "account"), ("this is my password", "account"),
    ("six other words", "account"), ("five random words", "account"), ("a long enough password", "account"),
    ("a passphrase of your own", "account"),
])  # fmt: skip
def test_bad_ones_are_told_why(password: str, told: str) -> None:
    """There is a reason, and it does not repeat the password."""
    fault = password_fault(password, EMAIL)
    assert fault
    assert told in fault
    assert not password.strip() or password not in fault


@pytest.mark.parametrize("password", ["krummer Hund", "zwei Eier", "xK4#vQ9!"])
def test_a_second_factor_makes_eight_characters_enough(password: str) -> None:
    """And not seven; what is guessable stays so."""
    assert password_fault(password, EMAIL)
    assert password_fault(password, EMAIL, second_factor=True) is None
    assert password_fault(password[:7], EMAIL, second_factor=True)
    assert password_fault("password", EMAIL, second_factor=True)
    assert is_short(password.encode())


def test_length_counts_characters_not_bytes() -> None:
    """Fourteen are too few in every script, fifteen enough; composed or not is the same."""
    for text in ("ñandúçağrışöde", "密码是四个词而且还有别的几"):
        assert password_fault(unicodedata.normalize("NFD", text[:14]), EMAIL)
    assert password_fault(unicodedata.normalize("NFD", "ñandúçağrışödek"), EMAIL) is None
    assert not is_short("ñandúçağrışödek".encode())


def test_every_example_that_is_shown_is_refused() -> None:
    """In the API documentation and in the error itself: whoever copies one is told."""
    shown = [users._ADDING.body["password"], *users._SETTING.body.values(), sign_in._LOGIN.body["password"]]
    (advice,) = re.findall(r"for example (.*)", password_fault("password1234567", EMAIL) or "")
    for example in (*shown, second_factor._ENROLLING.body["password"], advice):
        assert password_fault(example, EMAIL), example


RARE = st.lists(st.sampled_from(RAREST), min_size=4, max_size=4, unique=True)


@given(RARE, st.sampled_from([" ", "-", "", ". "]))
def test_four_uncommon_words_at_random_pass(words: list[str], between: str) -> None:
    """However they are put together: each of them is on the list, all together are not."""
    assert password_fault(between.join(words), EMAIL) is None


@given(st.sampled_from(["password1234567", "letmeinletmein12", "welcome to the hospital", *BAD_WORDS]), st.data())
def test_looks_make_nothing_better(bad: str, data: st.DataObject) -> None:
    """Full width, capitals, spaces and what cannot be seen, anywhere in it."""
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(bad)))
        bad = bad[:place] + data.draw(st.sampled_from(" \u3000\u200b\u00ad\u2060")) + bad[place:]
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in bad)
    for form in (bad, bad.upper(), wide):
        assert password_fault(form, EMAIL)


def test_a_compatibility_character_stays_itself() -> None:
    """NFC, not NFKC: a ligature and its letters are different passwords."""
    assert prepared("ﬁne words") != prepared("fine words")


def test_the_list_is_a_real_one() -> None:
    """Tens of thousands of known passwords and words, of which the usual ones are some."""
    assert len(known_words()) > 50_000
    assert {"password", "123456789", "iloveyou", "football", "trustno1"} <= known_words()


@given(st.text(max_size=200))
def test_preparing_never_fails_and_settles(text: str) -> None:
    """Any text has an answer; what comes out comes out the same again, and within the bounds."""
    ready = prepared(text)
    if ready is not None:
        assert prepared(ready.decode()) == ready
        assert 0 < len(ready.decode()) <= LENGTH_MAX


@given(st.text(min_size=8, max_size=40))
def test_composition_does_not_count(text: str) -> None:
    """NFC and NFD of one text are one password, to be had or not."""
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    assert len({prepared(form) for form in forms}) == 1
    assert len({password_fault(form, EMAIL) for form in forms}) == 1


@given(st.text(max_size=140), st.emails())
def test_every_text_has_an_answer(text: str, email: str) -> None:
    """What passes can be hashed and is long enough; what passes alone passes beside a second factor too."""
    alone, beside = (password_fault(text, email, second_factor=factor) for factor in (False, True))
    if alone is None:
        ready = prepared(text)
        assert ready is not None
        assert len(ready.decode()) >= LENGTH_MIN
        assert not is_short(ready)
        assert beside is None
    if beside is None:
        assert len((prepared(text) or b"").decode()) >= LENGTH_MIN_BESIDE_A_FACTOR


@given(st.text(min_size=1, max_size=LENGTH_MIN - 1), st.integers(min_value=2, max_value=20))
def test_a_short_text_is_made_no_better_by_repeating_it(text: str, times: int) -> None:
    """However often."""
    assert password_fault(text * times, EMAIL)


@given(AROUND, WORDS, AROUND)
def test_a_known_word_is_made_no_better_by_signs_around_it(before: str, word: str, after: str) -> None:
    """Digits and signs before and after are what everybody adds; capitals too."""
    for form in (word, word.upper(), word.capitalize()):
        assert password_fault(before + form + after, EMAIL)


@given(st.permutations(["ada", "lovelace", "mary", "careplane", "hospital", "password"]), AROUND)
def test_the_account_and_the_platform_say_nothing_new(words: list[str], between: str) -> None:
    """In any order, whatever stands between them, as long as that is little."""
    assert password_fault(between[:1].join(words), EMAIL)
