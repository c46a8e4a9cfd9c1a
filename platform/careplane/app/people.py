"""Synthetic people of many countries, for demonstrations and load, made with mimesis; a seed makes the same again."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TypedDict

from mimesis import Address
from mimesis import Person as PersonProvider
from mimesis.locales import Locale

from careplane.components.patient.api import PostalAddress

_LOCALES = (Locale.EN, Locale.EN, Locale.EN, Locale.ES, Locale.DE, Locale.FR, Locale.PL, Locale.PT_BR, Locale.TR)
_COUNTRIES = {Locale.ES: "ES", Locale.DE: "DE", Locale.FR: "FR", Locale.PL: "PL", Locale.PT_BR: "BR", Locale.TR: "TR"}
_OLDEST = date(1925, 1, 1)
_DAYS = (date(2025, 12, 31) - _OLDEST).days


class Person(TypedDict):
    """The fields of a registration."""

    name: str
    email: str
    address: str
    date_of_birth: str
    gender: str
    phone: str
    addresses: tuple[PostalAddress, ...]


def people(seed: int) -> Iterator[Person]:
    """Yield people without end; no two of one seed share an e-mail address, which is in a domain that cannot exist."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    providers = [(loc, PersonProvider(loc, seed=seed), Address(loc, seed=seed)) for loc in dict.fromkeys(_LOCALES)]
    by_locale = {loc: (person, address) for loc, person, address in providers}
    number = 0
    while True:
        number += 1
        locale = chance.choice(_LOCALES)
        yield _person(*by_locale[locale], _COUNTRIES.get(locale, "US"), chance, f"{seed}-{number}")


def _person(person: PersonProvider, address: Address, country: str, chance: random.Random, tag: str) -> Person:
    street, city, code = address.address(), address.city(), address.zip_code()
    return Person(
        name=person.full_name(),
        email=f"person-{tag}@example.invalid",
        address=f"{street}, {code} {city}",
        date_of_birth=(_OLDEST + timedelta(days=chance.randrange(_DAYS))).isoformat(),
        gender=chance.choice(("female", "male", "female", "male", "other", "unknown")),
        phone=f"+1-555-{chance.randrange(10_000_000):07d}",
        addresses=(PostalAddress(line=(street,), city=city, postal_code=code, country=country),),
    )
