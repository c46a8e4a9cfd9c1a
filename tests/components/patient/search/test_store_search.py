"""Search by name and code: found in any order and script, by prefix and with a slip, the better fit first."""

from typing import Any

import pytest
from rapidfuzz.distance import OSA

from careplane.components.patient.search.filters import Filters
from careplane.components.patient.search.store_search import search
from careplane.kernel.errors import InvalidArgument

_LETTERS = "aeiourstlx"


async def found(registry: Any, filters: Filters, limit: int = 20) -> list[str]:
    """Return the folded names found, in order."""
    rows, _ = await search(registry, filters, limit)
    return [row["name_key"] for row in rows]


async def test_every_slip_in_a_word_is_forgiven(registry: Any) -> None:
    """Each letter missing, each one wrong, extra or swapped: the patient is found, in one word or in both."""
    await registry.named("Katharina Oberholzer", "Katrin Holzer", "Ann Li", "Someone Else")
    for first, last in (("katharina", "oberholzer"), ("Oberholzer", "Katharina")):
        for slip in slips(first):
            assert "katharina oberholzer" in await found(registry, Filters(name=f"{slip} {last}")), slip
    for one, other in zip(slips("katharina"), slips("oberholzer"), strict=False):
        assert "katharina oberholzer" in await found(registry, Filters(name=f"{other} {one}"))


def slips(word: str) -> list[str]:
    """Return the words that one slip makes of `word`."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    made = [head + tail[1:] for head, tail in cuts if tail]
    made += [head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1]
    made += [head + letter + tail[1:] for head, tail in cuts if tail for letter in _LETTERS[:3]]
    made += [head + letter + tail for head, tail in cuts for letter in _LETTERS[3:6]]
    assert all(OSA.distance(word.lower(), slip.lower()) <= 1 for slip in made if slip[0].islower())
    return made


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("José Núñez", "nunez jose"),
        ("Łukasz Żółty", "ZOLTY LUKASZ"),
        ("Jean-Luc O’Brien", "obrien jeanluc"),
        ("Jean-Luc O’Brien", "Brien, Luc"),
        ("Weiß Groß", "gross weiss"),
        ("王小明", "小明"),
        ("王小明", "王"),
        ("王小明", "王小朋"),
        ("김민준", "민준"),
        ("タナカ ハナコ", "たなか はなこ"),
        ("Василий Пётр", "петр васили"),
        ("Ελένη Παπαδοπούλου", "παπαδοπουλου ελ"),
        ("مُحَمَّد علي", "محمد على"),
        ("שָׁלוֹם כהן", "כהן שלום"),
        ("प्रिया शर्मा", "शर्मा प्रि"),
        ("สมชาย ใจดี", "ใจดี สม"),
        ("Maria Garcia", "m g"),
        ("Maria Garcia", "mari garci"),
        ("Ann Li", "anm"),
    ],
)
async def test_names_of_every_script_are_found(registry: Any, name: str, asked: str) -> None:
    """Without accents or case, in any order, by a beginning or with a slip."""
    await registry.named(name, "Zzyzx Qwrt")
    assert len(await found(registry, Filters(name=asked))) == 1
    assert len(await found(registry, Filters(q=asked))) == 1


async def test_the_better_fit_comes_first(registry: Any) -> None:
    """As written, then begun, then with a slip, each by name; a slip in three letters last of all."""
    await registry.named("Marta Lopez", "Mariana Lopez", "Maria Lopez B", "Maria Lopez A", "Maria Garcia")
    expected = ["maria lopez a", "maria lopez b", "mariana lopez", "marta lopez"]
    assert await found(registry, Filters(name="maria lopez")) == expected
    await registry.named("Ana Smit", "Ann Smit", "Anna Smit", "Ann Smid")
    assert await found(registry, Filters(name="ann smit")) == ["ann smit", "anna smit", "ann smid", "ana smit"]


async def test_all_words_must_be_found(registry: Any) -> None:
    """A word that nobody bears finds nobody, and two letters take a slip only beside other words."""
    await registry.named("Maria Lopez", "Li Wu")
    assert await found(registry, Filters(name="maria xyzzy")) == []
    assert await found(registry, Filters(name="lu")) == []
    assert await found(registry, Filters(name="lu wu")) == ["li wu"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [("Iriana de Boieri", "iriana dm boieri"), ("Xiuying Li", "xiuying i"), ("Janessa Fry", "janessa fy")],
)
async def test_a_slip_in_a_short_word_is_forgiven_too(registry: Any, name: str, asked: str) -> None:
    """Particles and short family names are as easily mistyped as long ones."""
    await registry.named(name, "Iriana Boieri", "Zzyzx Qwrt")
    assert await found(registry, Filters(name=asked)) == [name.lower()]


async def test_whole_names_with_a_slip_come_before_longer_ones(registry: Any) -> None:
    """Who types a full name means nobody with one more."""
    await registry.named("Anjali Kavita Kumar", "Kavita Kumar", "Aadi Kavita Kumar")
    expected = ["kavita kumar", "aadi kavita kumar", "anjali kavita kumar"]
    assert await found(registry, Filters(name="kaivta kumar")) == expected
    assert await found(registry, Filters(q="kaivta kumar")) == expected


async def test_an_identifier_may_be_the_record_number(registry: Any) -> None:
    """A number is a number to who has it on paper, whichever registry gave it out."""
    await registry.add(registry.someone(name="Ana One", identifiers=("urn:k|K-77", "K-77")))
    for number in ("000000001-7", "K-77", "urn:k|K-77"):
        assert await found(registry, Filters(identifier=number)) == ["ana one"]


@pytest.mark.parametrize("q", ["ana@x.org", "ANA@X.org", "ana@", "000000001-7", "000000001", "+49 30 1234567", "K-77"])
async def test_q_looks_at_codes_too(registry: Any, q: str) -> None:
    """E-mail address and record number, whole or begun; phone number and identifiers whole."""
    await registry.add(
        registry.someone(name="Ana One", email="Ana@X.org", phone="0301234567", identifiers=("urn:k|K-77", "K-77")),
        registry.someone(name="Bea Two", email="bea@x.org", phone="0301234568", identifiers=("urn:k|K-78", "K-78")),
    )
    assert await found(registry, Filters(q=q)) == ["ana one"]


async def test_q_finds_each_patient_once(registry: Any) -> None:
    """Who fits by name, e-mail address and identifier is still one patient."""
    await registry.add(
        registry.someone(name="Ana Ananda", email="ana@x.org", identifiers=("ana",)),
        registry.someone(name="Someone Else", email="ana.b@x.org"),
        registry.someone(name="Anna Else"),
    )
    assert await found(registry, Filters(q="ana")) == ["ana ananda", "someone else", "anna else"]
    assert await found(registry, Filters(q="ana", name="else")) == ["someone else", "anna else"]
    assert await found(registry, Filters(q="bob@x.org", name="else")) == []


@pytest.mark.parametrize("text", ["'; DROP TABLE patients; --", "%", "_", "\\", "{}", "$1", "a{0}b", "*", "m*"])
async def test_a_search_term_is_never_sql(registry: Any, text: str) -> None:
    """Whatever is typed is a value."""
    await registry.named("Maria Lopez")
    assert await found(registry, Filters(q=text, email=text, identifier=text)) == []
    (row,) = await registry.fetch("SELECT count(*) AS people FROM patients")
    assert row["people"] == 1


async def test_a_name_without_letters_is_refused(registry: Any) -> None:
    """It could only find everybody or nobody."""
    with pytest.raises(InvalidArgument) as caught:
        await search(registry, Filters(name="?!"), 20)
    assert [error.field for error in caught.value.fields] == ["name"]


@pytest.mark.parametrize("after", ["", "x", "[]", '[1,[0,"few","00000000-0000-0000-0000-000000000000"]]'])
async def test_a_bad_cursor_is_refused(registry: Any, after: str) -> None:
    """Nothing but InvalidArgument about `cursor` comes of it."""
    with pytest.raises(InvalidArgument) as caught:
        await search(registry, Filters(name="maria"), 20, after)
    assert [error.field for error in caught.value.fields] == ["cursor"]
