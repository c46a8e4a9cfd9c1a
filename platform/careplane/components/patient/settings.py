"""What can be set about the registry."""

from typing import Annotated

from msgspec import Meta, Struct


class PatientSettings(Struct, frozen=True, kw_only=True):
    """The rules of the registry, for patient."""

    unique_email: Annotated[
        bool,
        Meta(
            description="refuse a second active patient with the same e-mail address",
            extra={"when": "False where families share one."},
        ),
    ] = True
    break_glass_minutes: Annotated[
        int,
        Meta(
            ge=5,
            le=240,
            description="how long a restricted record stays open after an emergency",
            extra={"when": "As long as an emergency needs it: each opening is audited and gives a warning."},
        ),
    ] = 30
    personal_data_in_events: Annotated[
        bool,
        Meta(
            description="put names and e-mail addresses into events for whoever reads them; not of restricted patients",
            extra={
                "when": "Only where a reader of the topic needs them: what has been put there stays in the event log."
            },
        ),
    ] = False
