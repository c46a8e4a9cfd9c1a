"""What can be set about billing."""

from typing import Annotated

from msgspec import Meta, Struct


class BillingSettings(Struct, frozen=True, kw_only=True):
    """How accounts are opened, for billing."""

    currency: Annotated[
        str,
        Meta(
            pattern="^[A-Z]{3}$",
            description="the ISO 4217 currency of new accounts, as in USD",
            extra={
                "wanted": "must be three capital letters, as in USD",
                "when": "Before the first account: those there are keep theirs.",
            },
        ),
    ] = "USD"
