"""A patient as callers write one."""

from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from careplane.components.patient.api import (
    Communication,
    ContactPoint,
    HumanName,
    Identifier,
    PatientContact,
    PatientLink,
    PatientView,
    PostalAddress,
    RegisterPatient,
)
from careplane.web.bodies import Body

Text = str | UnsetType | None


class PatientBody(Body, frozen=True, kw_only=True):
    """A patient as callers write one: what is left out stays as it is, what is null or empty is cleared."""

    read_only: ClassVar[frozenset[str]] = frozenset(PatientView.__struct_encode_fields__) - {
        *RegisterPatient.__struct_encode_fields__
    }

    name: Text = UNSET
    email: Text = UNSET
    address: Text = UNSET
    date_of_birth: Text = UNSET
    registered_date: Text = UNSET
    gender: Text = UNSET
    phone: Text = UNSET
    identifiers: tuple[Identifier, ...] | UnsetType | None = UNSET
    names: tuple[HumanName, ...] | UnsetType | None = UNSET
    telecom: tuple[ContactPoint, ...] | UnsetType | None = UNSET
    addresses: tuple[PostalAddress, ...] | UnsetType | None = UNSET
    contacts: tuple[PatientContact, ...] | UnsetType | None = UNSET
    communication: tuple[Communication, ...] | UnsetType | None = UNSET
    links: tuple[PatientLink, ...] | UnsetType | None = UNSET
    deceased: bool | UnsetType | None = UNSET
    deceased_at: Text = UNSET
    marital_status: Text = UNSET

    def written(self) -> dict[str, Any]:
        """Return the fields that hold something."""
        return {n: v for n, v in msgspec.structs.asdict(self).items() if v is not UNSET and v is not None}

    def cleared(self) -> tuple[str, ...]:
        """Return the JSON names of the fields that were sent as null or empty."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        return tuple(shown for name, shown in names if getattr(self, name) in (None, "", ()))
