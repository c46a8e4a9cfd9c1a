"""What can be set about sign-in and tokens."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field


class IdentitySettings(Struct, frozen=True, kw_only=True):
    """Sign-in, tokens and passwords, for identity; a gateway needs issuer, audience and roles, the same, and its grace.

    `production` is the safe answer when nothing is said. The defaults for argon2id are the second recommended option
    of RFC 9106, section 4.
    """

    issuer: Annotated[
        str,
        Meta(
            min_length=1,
            description="the iss of our tokens",
            extra={"when": "The platform's own URL, from the beginning: tokens with another one are refused."},
        ),
    ] = "https://careplane.local"
    audience: Annotated[
        str,
        Meta(
            min_length=1,
            description="the aud of our tokens",
            extra={"when": "Another one for each platform that shares an issuer."},
        ),
    ] = "careplane"
    token_ttl_s: Annotated[
        int,
        Meta(
            ge=30,
            le=86_400,
            description="how long an access token is valid",
            extra={
                "when": "Short: who is called back is known in seconds anyhow, so that longer only saves refreshing."
            },
        ),
    ] = 900
    refresh_ttl_s: Annotated[
        int,
        Meta(
            ge=60,
            le=2_592_000,
            description="how long a refresh token waits to be used, and then is void",
            extra={"when": "A working day; shorter on shared desks."},
        ),
    ] = 43_200
    session_max_s: Annotated[
        int,
        Meta(
            ge=60,
            le=31_536_000,
            description="how long a session lasts, however often it is refreshed",
            extra={"when": "As often as everybody must sign in anew."},
        ),
    ] = 604_800
    revocation_grace_s: Annotated[
        float,
        Meta(
            ge=2,
            le=5,
            description="how long a gateway believes tokens without word of those called back",
            extra={"when": "Lower it to be stricter while identity is away."},
        ),
    ] = 5.0
    private_key: Annotated[
        str,
        Meta(
            description="the signing key in PEM; empty for one from keys_dir",
            extra={"secret": True, "when": "Rather set `keys_dir`: a key that stands here cannot take turns."},
        ),
    ] = ""
    keys_dir: Annotated[
        Path | None,
        Meta(
            description="a folder of PEM keys, watched: the newest signs, those before it still verify",
            extra={"when": "In production, the same folder for all that run identity."},
        ),
    ] = None
    key_lead_s: Annotated[
        int,
        Meta(
            ge=2,
            le=86_400,
            description="how long a new key is announced before it signs",
            extra={"when": "Longer than the folder takes to reach all that run identity."},
        ),
    ] = 30
    argon2_time_cost: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="passes over the memory for one password",
            extra={"when": "Raise it before memory is lowered; passwords are hashed anew as their owners sign in."},
        ),
    ] = 3
    argon2_memory_kib: Annotated[
        int,
        Meta(
            ge=8,
            le=4 * 1024 * 1024,
            description="memory for one password",
            extra={"when": "Times `argon2_threads` it must fit into the process: 128 MiB with the defaults."},
        ),
    ] = 65_536
    argon2_parallelism: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="lanes for one password",
            extra={"when": "Leave it."},
        ),
    ] = 4
    argon2_threads: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="passwords that are checked at the same time",
            extra={"when": "As many as there are processors."},
        ),
    ] = 2
    argon2_waiting: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="passwords that may wait for that; one more is answered Overloaded",
            extra={"when": "As many as are checked in the seconds that people wait."},
        ),
    ] = 32
    roles: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="what a role gives, instead of the default for it; the roles that are not named stay",
            extra={
                "wanted": 'must be names with lists of scopes, such as desk = ["patients:read"]',
                "when": "The same for identity and all gateways. Some role must give `users:write`; `dev.toml` has the "
                "defaults.",
            },
        ),
    ] = field(default_factory=dict)
    secrets_key: Annotated[
        str,
        Meta(
            pattern=r"^([A-Za-z0-9+/]{43}=)?$",
            description="encrypts second factors: 32 random bytes in base64, the same for all that run identity",
            extra={
                "secret": True,
                "wanted": "must be 32 bytes in base64, as `openssl rand -base64 32` makes them",
                "when": "In production, once and for good; without it nobody can enrol a second factor.",
            },
        ),
    ] = ""
    guess_known_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="tries at once with a device that the account has signed in from",
            extra={"when": "As often as somebody mistypes in a row."},
        ),
    ] = 10
    guess_known_every_s: Annotated[
        float,
        Meta(
            ge=1,
            description="how long until one more of those",
            extra={"when": "Higher is slower for guessers and for the forgetful."},
        ),
    ] = 60.0
    guess_known_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="how long a device is known from its last sign-in",
            extra={"when": "Longer than a holiday."},
        ),
    ] = 90
    guess_address_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="tries at once from an address with devices not known",
            extra={"when": "Raise it where many new people share one address, as behind a clinic's NAT."},
        ),
    ] = 20
    guess_address_every_s: Annotated[
        float,
        Meta(
            gt=0,
            description="how long until one more of those",
            extra={"when": "As above."},
        ),
    ] = 30.0
    guess_account_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="tries at once at an account with devices not known",
            extra={"when": "Lower is safer against many addresses."},
        ),
    ] = 50
    guess_account_every_s: Annotated[
        float,
        Meta(
            gt=0,
            description="how long until one more of those",
            extra={"when": "As above."},
        ),
    ] = 20.0
    guess_last_every_s: Annotated[
        float,
        Meta(
            ge=1,
            description="the pause between two tries of an address at an account with none left",
            extra={"when": "Leave it."},
        ),
    ] = 60.0
    guess_code_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="wrong codes of a second factor in a row, before they are slowed",
            extra={"when": "Leave it."},
        ),
    ] = 5
    guess_code_every_s: Annotated[
        float,
        Meta(
            ge=1,
            description="how long until one more of those",
            extra={"when": "Leave it."},
        ),
    ] = 300.0
    demo_user: Annotated[
        bool,
        Meta(
            description="`careplane serve` with the demo user and keys made here, to try it out; refused unless all "
            "that it listens on and reaches is on this machine",
            extra={"when": "Never where there are patients: everybody knows its password."},
        ),
    ] = False
    # What follows is set by the program, never by a file: `dev` makes a key in its data folder, `serve` is production.
    data_dir: Path | None = None
    production: bool = True
