"""What the fields of a patient may hold: every fault is named at once, and none of the values is repeated.

E-mail: measured, the library email-validator takes 39 us an address even without asking DNS, more than all the rest of
a registration's checks together; the pattern here takes under 1 us. It wants one @, a local part without spaces,
quotes or stray dots, and a domain of at least two labels, in letters of any script.
"""

import re
from collections.abc import Callable, Collection
from datetime import date

from careplane.components.patient.messages import LIMIT_MAX, SORTS, PatientFields, SearchPatients
from careplane.components.patient.record.dates import instant_day, whole
from careplane.components.patient.record.shape_rules import GENDERS, check_shapes
from careplane.components.patient.record.texts import unstorable
from careplane.kernel.errors import FieldError

NAME_MAX = 100
EMAIL_MAX = 254
ADDRESS_MAX = 500
PHONE_MAX = 50
STATUS_MAX = 100
AGE_MAX = 150
_SEARCH_TEXT_MAX = 200
_CURSOR_MAX = 4000

_LOCAL_LETTER = r'[^\s@.<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f]'
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL_LETTER}+(?:\.{_LOCAL_LETTER}+)*@(?:{_LABEL}\.)+(?!\d+$){_LABEL}")

JSON_NAMES = dict(zip(PatientFields.__struct_fields__, PatientFields.__struct_encode_fields__, strict=True))
REQUIRED = ("name", "email", "address", "date_of_birth")
LISTS = ("identifiers", "names", "telecom", "addresses", "contacts", "communication", "links")


def check_fields(fields: PatientFields, names: Collection[str], *, today: date) -> tuple[FieldError, ...]:
    """Return what is wrong with the fields called `names`; `today` is the latest date that is not in the future."""
    faults = unstorable(fields)
    if faults:
        return tuple(f for f in faults if f.field.partition("[")[0] in {JSON_NAMES[n] for n in names})
    found = [FieldError(field=JSON_NAMES[n], message=m) for n in names if (m := _fault(fields, n, today))]
    for name in LISTS:
        if name in names and (shapes := getattr(fields, name)):
            found.extend(check_shapes(name, shapes))
    return tuple(found)


def check_search(request: SearchPatients) -> tuple[FieldError, ...]:
    """Return what is wrong with a search."""
    found = list(unstorable(request))
    if not 1 <= request.limit <= LIMIT_MAX:
        found.append(FieldError(field="limit", message=f"must be from 1 to {LIMIT_MAX}"))
    if request.sort is not None and request.sort not in SORTS:
        found.append(FieldError(field="sort", message=f"must be one of {', '.join(SORTS)}"))
    if request.date_of_birth is not None and whole(request.date_of_birth) is None:
        found.append(FieldError(field="dateOfBirth", message=_NOT_A_DATE))
    found.extend(
        FieldError(field=field, message=f"must be at most {_SEARCH_TEXT_MAX} characters")
        for field in ("name", "email", "identifier", "q")
        if len(getattr(request, field) or "") > _SEARCH_TEXT_MAX
    )
    if len(request.after or "") > _CURSOR_MAX:
        found.append(FieldError(field="cursor", message="is not a cursor of ours: start from the first page"))
    return tuple(found)


def is_email(text: str) -> bool:
    """Tell whether a text has the form of an e-mail address."""
    return len(text) <= EMAIL_MAX and _EMAIL.fullmatch(text) is not None


_NOT_A_DATE = "must be a real date, written YYYY-MM-DD"
_BLANK = "is required and must not be blank"


def _fault(fields: PatientFields, name: str, today: date) -> str | None:
    rule = _RULES.get(name)
    return rule(fields, today) if rule else None


def _name(fields: PatientFields, _today: date) -> str | None:
    length = len(fields.name.strip())
    if not length:
        return _BLANK
    # As sent, spaces around it and all, it is kept; so they are bounded too.
    return f"must be at most {NAME_MAX} characters" if length > NAME_MAX or len(fields.name) > 2 * NAME_MAX else None


def _email(fields: PatientFields, _today: date) -> str | None:
    if not fields.email:
        return _BLANK
    return None if is_email(fields.email) else f"must be an e-mail address of at most {EMAIL_MAX} characters"


def _address(fields: PatientFields, _today: date) -> str | None:
    if not fields.address or fields.address.isspace():
        return _BLANK
    return f"must be at most {ADDRESS_MAX} characters" if len(fields.address) > ADDRESS_MAX else None


def _date_of_birth(fields: PatientFields, today: date) -> str | None:
    if not fields.date_of_birth:
        return _BLANK
    return birth_fault(whole(fields.date_of_birth), today, _NOT_A_DATE)


def birth_fault(birth: date | None, today: date, not_a_date: str) -> str | None:
    """Return what is wrong with a date of birth: nobody is older than 150 years, so that is a slip of the pen."""
    if birth is None:
        return not_a_date
    if birth > today:
        return "must not be in the future"
    return None if birth.year >= today.year - AGE_MAX else f"must not be more than {AGE_MAX} years ago"


def _registered_date(fields: PatientFields, today: date) -> str | None:
    if fields.registered_date is None:
        return None
    day = whole(fields.registered_date)
    if day is None:
        return _NOT_A_DATE
    return "must not be in the future" if day > today else None


def _gender(fields: PatientFields, _today: date) -> str | None:
    return None if fields.gender in GENDERS or fields.gender is None else f"must be one of {', '.join(sorted(GENDERS))}"


def _phone(fields: PatientFields, _today: date) -> str | None:
    if fields.phone is None:
        return None
    if not fields.phone or fields.phone.isspace():
        return "must not be blank: leave it out instead"
    return f"must be at most {PHONE_MAX} characters" if len(fields.phone) > PHONE_MAX else None


def _deceased_at(fields: PatientFields, today: date) -> str | None:
    if fields.deceased_at is None:
        return None
    day = instant_day(fields.deceased_at)
    if day is None:
        return "must be a date such as 2024-05-31 or an instant such as 2024-05-31T08:30:00Z"
    if fields.deceased is False:
        return "must be left out where deceased is false"
    return "must not be in the future" if day > today else None


def _marital_status(fields: PatientFields, _today: date) -> str | None:
    status = fields.marital_status
    if status is None:
        return None
    if not status or status.isspace():
        return "must not be blank: leave it out instead"
    return f"must be at most {STATUS_MAX} characters" if len(status) > STATUS_MAX else None


_RULES: dict[str, Callable[[PatientFields, date], str | None]] = {
    "name": _name,
    "email": _email,
    "address": _address,
    "date_of_birth": _date_of_birth,
    "registered_date": _registered_date,
    "gender": _gender,
    "phone": _phone,
    "deceased_at": _deceased_at,
    "marital_status": _marital_status,
}
