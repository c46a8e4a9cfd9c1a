"""What a FHIR R4 Patient must be like to be imported: FHIR's own types, a name, and nothing that cannot be stored.

An imported record may lack what the simple API asks for (e-mail, address, date of birth) and may have a partial date
of birth: it is kept as recorded, shown as recorded, and searched by the first day that it covers.
"""

from collections.abc import Iterator
from datetime import date

import msgspec

from careplane.components.patient.messages import PatientFields
from careplane.components.patient.record.dates import first_day, instant_day, whole
from careplane.components.patient.record.document import Document, encode
from careplane.components.patient.record.shape_rules import GENDERS, IDENTIFIER_SYSTEM_MAX, IDENTIFIER_VALUE_MAX
from careplane.components.patient.record.simple import fields_in
from careplane.components.patient.record.texts import holds_nul
from careplane.components.patient.record.writing import LISTS
from careplane.kernel.errors import FieldError

ELEMENTS_MAX = 200
_UNSTORABLE = (FieldError(field="document", message="must not contain NUL characters or unpaired surrogates"),)


def check_document(document: Document, registered_date: str | None, *, today: date) -> tuple[FieldError, ...]:
    """Return what keeps a decoded document out of the registry."""
    if document.get("resourceType") != "Patient":
        return (FieldError(field="resourceType", message="must be Patient"),)
    try:
        text = encode(document)
        if holds_nul(text):
            return _UNSTORABLE
        fields = fields_in(text)
    except UnicodeEncodeError:
        return _UNSTORABLE
    except msgspec.ValidationError as e:
        return (FieldError(field="document", message=f"is not as FHIR R4 defines a Patient: {e}"),)
    return (*_faults(fields, today), *_registered(registered_date, today))


def _faults(fields: PatientFields, today: date) -> list[FieldError]:
    faults: list[FieldError] = []

    def refuse(field: str, message: str) -> None:
        faults.append(FieldError(field=field, message=message))

    if not fields.name:
        refuse("name", "must hold a family name, a given name or a text")
    birth = first_day(fields.date_of_birth)
    if fields.date_of_birth and birth is None:
        refuse("birthDate", "must be a real date, written YYYY, YYYY-MM or YYYY-MM-DD")
    elif birth and birth > today:
        refuse("birthDate", "must not be in the future")
    if fields.gender is not None and fields.gender not in GENDERS:
        refuse("gender", f"must be one of {', '.join(sorted(GENDERS))}")
    if fields.deceased_at is not None and instant_day(fields.deceased_at) is None:
        refuse("deceasedDateTime", "must be a FHIR dateTime")
    return [*faults, *_oversized(fields)]


def _oversized(fields: PatientFields) -> Iterator[FieldError]:
    for name, key in LISTS.items():
        if len(getattr(fields, name)) > ELEMENTS_MAX:
            yield FieldError(field=key, message=f"must have at most {ELEMENTS_MAX} elements")
    for index, i in enumerate(fields.identifiers):
        if len(i.system or "") > IDENTIFIER_SYSTEM_MAX or len(i.value or "") > IDENTIFIER_VALUE_MAX:
            yield FieldError(field=f"identifier[{index}]", message="has a system or value that is too long")


def _registered(text: str | None, today: date) -> tuple[FieldError, ...]:
    day = None if text is None else whole(text)
    if text is None or (day is not None and day <= today):
        return ()
    return (FieldError(field="registeredDate", message="must be a real date, written YYYY-MM-DD, not in the future"),)
