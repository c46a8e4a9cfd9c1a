"""What can be set about the registry."""

from typing import Annotated

from msgspec import Meta, Struct


class PatientSettings(Struct, frozen=True, kw_only=True):
    """The rules of the registry."""

    unique_email: Annotated[
        bool, Meta(description="refuse a second active patient with the same e-mail; families may share one: false")
    ] = True
    break_glass_minutes: Annotated[
        int,
        Meta(ge=5, le=240, description="how long a restricted record stays open after an emergency"),
    ] = 30
    personal_data_in_events: Annotated[
        bool,
        Meta(
            description="put names and e-mail addresses into events for whoever reads them; not of restricted patients"
        ),
    ] = False
