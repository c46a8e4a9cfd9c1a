"""The FHIR R4 data types that a patient's view is made of: what is empty is not written, what is unknown is refused."""

from careplane.kernel.message import Message


class Period(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """From when to when something holds; FHIR dateTimes as recorded, which may be partial ("1999-05")."""

    start: str | None = None
    end: str | None = None


class HumanName(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A name, with its use (official, usual, maiden, …) and its parts."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    period: Period | None = None


class Identifier(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A number that some system knows the patient by; `type` is a code such as MR or SS, or words."""

    use: str | None = None
    system: str | None = None
    value: str | None = None
    type: str | None = None
    period: Period | None = None


class ContactPoint(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A way to reach somebody: `system` is phone, fax, email, pager, url, sms or other."""

    system: str | None = None
    value: str | None = None
    use: str | None = None
    rank: int | None = None
    period: Period | None = None


class PostalAddress(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An address, as one text, as parts, or both."""

    use: str | None = None
    type: str | None = None
    text: str | None = None
    line: tuple[str, ...] = ()
    city: str | None = None
    district: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    period: Period | None = None


class PatientContact(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A person to turn to about the patient; `relationship` holds codes such as N (next of kin), or words."""

    relationship: tuple[str, ...] = ()
    name: HumanName | None = None
    telecom: tuple[ContactPoint, ...] = ()
    address: PostalAddress | None = None
    gender: str | None = None
    period: Period | None = None


class Communication(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A language the patient can be spoken to in, as a BCP 47 tag such as en-US."""

    language: str | None = None
    preferred: bool | None = None


class PatientLink(Message, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Another record of the same person: `other` is a reference ("Patient/…"), `type` a FHIR LinkType."""

    other: str | None = None
    type: str | None = None
