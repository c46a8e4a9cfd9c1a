"""Typed reading of a FHIR R4 Patient: what the registry needs is checked for its type, the rest is passed over."""

from typing import Any

import msgspec

from careplane.components.patient.record.shapes import (
    Communication,
    ContactPoint,
    HumanName,
    Identifier,
    PatientContact,
    PatientLink,
    Period,
    PostalAddress,
)

# In FHIR an array of primitives may hold null, where only an extension beside it says something.
_Texts = tuple[str | None, ...]


class _Read(msgspec.Struct, frozen=True, rename="camel"):
    """A FHIR element of which some fields are read."""


class Coding(_Read, frozen=True):
    """A code of a code system."""

    system: str | None = None
    code: str | None = None


class Concept(_Read, frozen=True):
    """A CodeableConcept: codes, words, or both."""

    coding: tuple[Coding, ...] = ()
    text: str | None = None

    @property
    def word(self) -> str | None:
        """The first code there is, else the text."""
        return next((c.code for c in self.coding if c.code), self.text)


class PeriodRead(_Read, frozen=True):
    """A Period."""

    start: str | None = None
    end: str | None = None


class NameRead(_Read, frozen=True):
    """A HumanName."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: _Texts = ()
    prefix: _Texts = ()
    suffix: _Texts = ()
    period: PeriodRead | None = None

    def shape(self) -> HumanName:
        """Return it as the view shows it."""
        return HumanName(
            use=self.use,
            text=self.text,
            family=self.family,
            given=_present(self.given),
            prefix=_present(self.prefix),
            suffix=_present(self.suffix),
            period=_period(self.period),
        )


class IdentifierRead(_Read, frozen=True):
    """An Identifier."""

    use: str | None = None
    system: str | None = None
    value: str | None = None
    type: Concept | None = None
    period: PeriodRead | None = None

    def shape(self) -> Identifier:
        """Return it as the view shows it."""
        kind = self.type.word if self.type else None
        return Identifier(use=self.use, system=self.system, value=self.value, type=kind, period=_period(self.period))


class PointRead(_Read, frozen=True):
    """A ContactPoint."""

    system: str | None = None
    value: str | None = None
    use: str | None = None
    rank: int | None = None
    period: PeriodRead | None = None

    def shape(self) -> ContactPoint:
        """Return it as the view shows it."""
        return ContactPoint(
            system=self.system, value=self.value, use=self.use, rank=self.rank, period=_period(self.period)
        )


class AddressRead(_Read, frozen=True):
    """An Address."""

    use: str | None = None
    type: str | None = None
    text: str | None = None
    line: _Texts = ()
    city: str | None = None
    district: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    period: PeriodRead | None = None

    def shape(self) -> PostalAddress:
        """Return it as the view shows it."""
        return PostalAddress(
            use=self.use,
            type=self.type,
            text=self.text,
            line=_present(self.line),
            city=self.city,
            district=self.district,
            state=self.state,
            postal_code=self.postal_code,
            country=self.country,
            period=_period(self.period),
        )


class ContactRead(_Read, frozen=True):
    """A Patient.contact."""

    relationship: tuple[Concept, ...] = ()
    name: NameRead | None = None
    telecom: tuple[PointRead, ...] = ()
    address: AddressRead | None = None
    gender: str | None = None
    period: PeriodRead | None = None

    def shape(self) -> PatientContact:
        """Return it as the view shows it."""
        return PatientContact(
            relationship=tuple(c.word for c in self.relationship if c.word),
            name=self.name.shape() if self.name else None,
            telecom=tuple(t.shape() for t in self.telecom),
            address=self.address.shape() if self.address else None,
            gender=self.gender,
            period=_period(self.period),
        )


class CommunicationRead(_Read, frozen=True):
    """A Patient.communication."""

    language: Concept | None = None
    preferred: bool | None = None

    def shape(self) -> Communication:
        """Return it as the view shows it."""
        return Communication(language=self.language.word if self.language else None, preferred=self.preferred)


class _Reference(_Read, frozen=True):
    reference: str | None = None


class LinkRead(_Read, frozen=True):
    """A Patient.link."""

    other: _Reference | None = None
    type: str | None = None

    def shape(self) -> PatientLink:
        """Return it as the view shows it."""
        return PatientLink(other=self.other.reference if self.other else None, type=self.type)


class Record(_Read, frozen=True):
    """What the registry reads of a FHIR R4 Patient."""

    id: str | None = None
    identifier: tuple[IdentifierRead, ...] = ()
    name: tuple[NameRead, ...] = ()
    telecom: tuple[PointRead, ...] = ()
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    address: tuple[AddressRead, ...] = ()
    marital_status: Concept | None = None
    contact: tuple[ContactRead, ...] = ()
    communication: tuple[CommunicationRead, ...] = ()
    link: tuple[LinkRead, ...] = ()


_decoder = msgspec.json.Decoder(Record)


def read(text: str) -> Record:
    """Read a document's text; raise msgspec.ValidationError, which quotes no values, where a type is not FHIR's."""
    return _decoder.decode(text)


def read_document(document: dict[str, Any]) -> Record:
    """Read a decoded document, likewise."""
    return msgspec.convert(document, Record)


def _period(period: PeriodRead | None) -> Period | None:
    return None if period is None else Period(start=period.start, end=period.end)


def _present(texts: _Texts) -> tuple[str, ...]:
    if None in texts:
        return tuple(t for t in texts if t is not None)
    return texts  # type: ignore[return-value]  # no None is left in it
