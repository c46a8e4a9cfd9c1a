"""What the common stack takes and answers, as pydantic models."""

import datetime as dt
import uuid
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StringConstraints
from pydantic.alias_generators import to_camel


def not_in_the_future(day: dt.date) -> dt.date:
    """Return the day, or raise ValueError where it has not come yet."""
    if day > dt.datetime.now(dt.UTC).date():
        raise ValueError("must not be in the future")
    return day


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Past = Annotated[dt.date, AfterValidator(not_in_the_future)]


class Shape(BaseModel):
    """What is written with small first letters in JSON, and knows no other fields."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", from_attributes=True)


class NewPatient(Shape):
    """A patient to be registered."""

    name: Name
    email: EmailStr = Field(max_length=254)
    address: Address
    date_of_birth: Past
    registered_date: Past | None = None


class PatientChange(Shape):
    """The fields of a patient that are to change."""

    name: Name | None = None
    email: EmailStr | None = None
    address: Address | None = None
    date_of_birth: Past | None = None


class PatientShown(Shape):
    """A patient as it is shown."""

    id: uuid.UUID
    medical_record_number: int
    version: int
    name: str
    email: str
    address: str
    date_of_birth: dt.date
    registered_date: dt.date
    created_at: dt.datetime
    updated_at: dt.datetime
    updated_by: str


class PatientList(Shape):
    """A page of patients."""

    patients: list[PatientShown]
    next_cursor: str | None
