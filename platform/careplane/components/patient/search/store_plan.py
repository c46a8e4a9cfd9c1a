"""The plan of a search: which segments the patients that fit lie in, best first, no patient in two of them."""

from collections.abc import Iterator, Sequence

from careplane.components.patient.search.expansion import RANKS, Term, terms
from careplane.components.patient.search.filters import Column, Filters, Order
from careplane.components.patient.search.ports import Connection
from careplane.components.patient.search.store_conditions import (
    Condition,
    are_selective,
    as_long_as,
    begun_mail,
    begun_number,
    exact_code,
    joined,
    names_match,
    plain_filters,
)
from careplane.components.patient.search.store_segments import NEWEST, Keyset, Segment
from careplane.components.patient.search.store_words import similar_words
from careplane.components.patient.search.words import query_words
from careplane.kernel.errors import FieldError, InvalidArgument

COLUMNS = {
    Column.NAME: "name_key",
    Column.REGISTERED: "registered_date",
    Column.BORN: "birth_date",
    Column.UPDATED: "updated_at",
}
_BY_NAME = Keyset("name_key")
_ALL = RANKS - 1


async def segments_of(connection: Connection, filters: Filters, visible: Condition | None = None) -> list[Segment]:
    """Return the segments of a search among the patients that are `visible`, None for all.

    Without an order asked for, names are ranked and codes come first.
    """
    named = _words("name", filters.name)
    asked = () if filters.q is None or "@" in filters.q else query_words(filters.q)
    words = tuple(dict.fromkeys((*named, *asked)))
    known = {term.word: term for term in terms(words, await similar_words(connection, words))}
    names, q_names = [known[word] for word in named], [known[word] for word in asked]
    shown = [visible] if visible else []
    if filters.order is None and words:
        return list(_ranked(filters, names, q_names, shown))
    where = [*plain_filters(filters), *shown]
    where += [names_match(names, _ALL)] if names else []
    where += [joined(_anywhere(filters.q, q_names), "OR")] if filters.q else []
    straight = not (names or filters.q or are_selective(filters))
    return list(_listing(joined(where), filters.order or Order(), straight=straight))


def _words(field: str, text: str | None) -> tuple[str, ...]:
    """Return the words in `text`, which must have one if it is there at all."""
    words = query_words(text) if text else ()
    if text and not words:
        raise InvalidArgument(fields=(FieldError(field, "must have a letter or a digit to look for"),))
    return words


def _anywhere(q: str, terms_of_q: Sequence[Term]) -> list[Condition]:
    """Return the conditions of which one must hold for `q` to be found."""
    codes = [exact_code(q), begun_number(q), begun_mail(q)]
    return [*(code for code in codes if code), *([names_match(terms_of_q, _ALL)] if terms_of_q else [])]


def _listing(where: Condition, order: Order, *, straight: bool) -> Iterator[Segment]:
    """Yield the patients in the order of a column; those without a value are a segment of their own, at one end."""
    column, last = COLUMNS[order.column], Keyset("id", order.descending, within="birth_date")
    by = Keyset(column, order.descending)
    if order.column is not Column.BORN:
        yield Segment(where, by, None if straight else by)
        return
    born = Segment(joined([where, Condition("birth_date IS NOT NULL")]), by, None if straight else by)
    unborn = Segment(joined([where, Condition("birth_date IS NULL")]), last, None if straight else last)
    yield from (unborn, born) if order.descending else (born, unborn)


def _ranked(
    filters: Filters, names: Sequence[Term], q_names: Sequence[Term], shown: Sequence[Condition]
) -> Iterator[Segment]:
    """Yield the layers, best first, each without the patients of those before it."""
    plain = [*plain_filters(filters), *shown]
    before: list[Condition] = []
    for where, many, few in _layers(filters, names, q_names):
        yield Segment(joined([*plain, where, *(~better for better in before)]), many, few)
        before.append(where)


def _layers(filters: Filters, names: Sequence[Term], q_names: Sequence[Term]) -> Iterator[Segment]:
    """Yield exact codes, names as written, names begun, codes begun, names with a slip, the whole ones first."""
    fits = [names_match([*names, *q_names], rank) for rank in range(RANKS)]
    sure, slipped = _by_name(fits[:2]), [condition for condition in fits[2:] if condition not in fits[:2]]
    unsure = _by_name([joined([slip, as_long_as(text)]) for text in _whole(filters) for slip in slipped] + slipped)
    if not filters.q:
        yield from (*sure, *unsure)
        return
    narrowed = [names_match(names, _ALL)] if names else []
    yield Segment(joined([*narrowed, exact_code(filters.q)]), NEWEST, NEWEST)
    yield from sure if q_names else ()
    for code, by in ((begun_number(filters.q), Keyset("mrn")), (begun_mail(filters.q), Keyset("email_key"))):
        if code:
            # With nothing else asked, the range of the code and its order are one walk along one index.
            yield Segment(joined([*narrowed, code]), by, by if narrowed or are_selective(filters) else None)
    yield from unsure if q_names else ()


def _by_name(conditions: Sequence[Condition]) -> list[Segment]:
    """Return a layer for each condition, once."""
    return [Segment(condition, NEWEST, _BY_NAME) for condition in dict.fromkeys(conditions)]


def _whole(filters: Filters) -> list[str]:
    """Return what may be a whole name; where two texts are looked for, neither need be."""
    texts = [text for text in (filters.name, filters.q) if text]
    return texts if len(texts) == 1 else []
