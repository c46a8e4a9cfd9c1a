"""What can be set about analytics."""

from typing import Annotated

from msgspec import Meta, Struct


class AnalyticsSettings(Struct, frozen=True, kw_only=True):
    """How much the numbers may tell about few people."""

    smallest_area: Annotated[
        int, Meta(ge=1, description="postal areas with fewer patients than this are counted together as other")
    ] = 5
    areas_shown: Annotated[
        int, Meta(ge=1, le=1000, description="how many postal areas are named, the largest first")
    ] = 20
