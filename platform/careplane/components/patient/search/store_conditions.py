"""Conditions of a search as SQL with placeholders: values never become part of the text."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from careplane.components.patient.search.expansion import Match, Term
from careplane.components.patient.search.filters import Filters
from careplane.components.patient.search.folding import fold
from careplane.components.patient.search.words import mail_key, phone_key

_CODE = re.compile(r"[^\s@]{3,64}")
_MAIL = re.compile(r"[^\s@]{3,64}(?:@[^\s@]*)?")


class Condition(NamedTuple):
    """A piece of SQL in which each {} stands for one of `values`."""

    text: str
    values: tuple[object, ...] = ()

    def __invert__(self) -> Self:
        """Return the condition that holds where this one does not; unknown counts as does not."""
        return self._replace(text=f"({self.text}) IS NOT TRUE")


class Statement:
    """SQL text growing together with its arguments, so that the two cannot fall out of step."""

    def __init__(self) -> None:
        """Start with no arguments."""
        self.arguments: list[object] = []

    def value(self, value: object) -> str:
        """Take `value` as the next argument and return its placeholder."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def condition(self, condition: Condition) -> str:
        """Take the values of `condition` and return its text with their placeholders."""
        return condition.text.format(*(self.value(value) for value in condition.values))


def joined(conditions: Sequence[Condition], word: str = "AND") -> Condition:
    """Return one condition out of several; none of them is always true under AND, never under OR."""
    if not conditions:
        return Condition("TRUE" if word == "AND" else "FALSE")
    text = f" {word} ".join(f"({condition.text})" for condition in conditions)
    return Condition(text, tuple(value for condition in conditions for value in condition.values))


EVERYTHING = Condition("TRUE")
"""What holds for every patient."""


def names_match(terms: Sequence[Term], rank: int) -> Condition:
    """Return what holds for a patient whose name fits every term at `rank` or better."""
    return joined([_fits(term.match(rank)) for term in terms])


def as_long_as(name: str) -> Condition:
    """Return what holds where a patient's name is as long as `name`, a letter more or less: it has no other words."""
    length = len(fold(name))
    return Condition("length(name_key) BETWEEN {}::int AND {}::int", (length - 1, length + 1))


def plain_filters(filters: Filters) -> list[Condition]:
    """Return the conditions that are not about names."""
    found = []
    if filters.archived is not None:
        found.append(Condition("archived" if filters.archived else "NOT archived"))
    if filters.email is not None:
        found.append(Condition("email_key = {}::text", (mail_key(filters.email),)))
    if filters.birth_date is not None:
        found.append(Condition("birth_date = {}::date", (filters.birth_date,)))
    if filters.identifier is not None:
        found.append(_numbered(filters.identifier))
    return found


def visible_to(user_id: str, member: UUID | None, now: datetime) -> Condition:
    """Return what holds for a patient whose record is open to that user, who may break the glass.

    Few records are restricted, so it costs a glance.
    """
    return Condition(
        "NOT restricted OR {}::uuid = ANY (care_team) OR id IN "
        "(SELECT g.patient_id FROM break_glass g JOIN patients opened ON opened.id = g.patient_id"
        " WHERE g.user_id = {}::text AND g.until > {}::timestamptz AND g.version >= opened.restricted_since)",
        (member, user_id, now),
    )


def on_team(member: UUID | None) -> Condition:
    """Return what holds for a patient whose record is open to that user whether or not there is an emergency."""
    return Condition("NOT restricted OR {}::uuid = ANY (care_team)", (member,))


def are_selective(filters: Filters) -> bool:
    """Return whether the conditions that are not about names leave few patients: archived ones are few, active many."""
    return bool(filters.email or filters.birth_date or filters.identifier or filters.archived)


def exact_code(q: str) -> Condition:
    """Return what holds where `q` is the e-mail address, record number, phone number or an identifier itself."""
    codes = [_numbered(q), Condition("email_key = {}::text", (mail_key(q),))]
    phone = phone_key(q)
    return joined([*codes, *([Condition("phone_key = {}::text", (phone,))] if phone else [])], "OR")


def begun_number(q: str) -> Condition | None:
    """Return what holds where a medical record number begins with `q`, None if it does not look like one."""
    if not _CODE.fullmatch(q) or not any(char.isdigit() for char in q):
        return None
    return _between("mrn", q.upper())


def begun_mail(q: str) -> Condition | None:
    """Return what holds where an e-mail address begins with `q`, None if it does not look like one."""
    return _between("email_key", mail_key(q)) if _MAIL.fullmatch(q) else None


def _numbered(number: str) -> Condition:
    """Return what holds for a patient whose record number, here or elsewhere, is `number`."""
    here = Condition("mrn = ANY({}::text[])", ((number, number.upper()),))
    return joined([here, Condition("identifiers && {}::text[]", ((number,),))], "OR")


def _fits(match: Match) -> Condition:
    """Return what holds for a patient that fits one word."""
    any_of = Condition("name_words && {}::text[]", (match.any_of,))
    if not match.all_of:
        return any_of
    all_of = [Condition("name_words @> {}::text[]", (match.all_of,))]
    if match.part:
        all_of.append(Condition("position({}::text IN name_key) > 0", (match.part,)))
    return joined([any_of, joined(all_of)], "OR")


def _between(column: str, low: str) -> Condition:
    """Return the range of texts that begin with `low`, in byte order, which a C-collated index can walk."""
    return Condition(f"{column} >= {{}}::text AND {column} < {{}}::text", (low, low + "\U0010ffff"))
