"""What can be set about analytics."""

from typing import Annotated

from msgspec import Meta, Struct


class AnalyticsSettings(Struct, frozen=True, kw_only=True):
    """How much the numbers may tell about few people, for analytics."""

    smallest_area: Annotated[
        int,
        Meta(
            ge=1,
            description="postal areas with fewer patients than this are counted together as other",
            extra={"when": "Raise it where a postal area and an age could name somebody."},
        ),
    ] = 5
    areas_shown: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="how many postal areas are named, the largest first",
            extra={"when": "As many as whoever reads the numbers looks at."},
        ),
    ] = 20
