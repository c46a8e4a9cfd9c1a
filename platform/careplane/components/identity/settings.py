"""What can be set about sign-in and tokens."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct


class IdentitySettings(Struct, frozen=True, kw_only=True):
    """How tokens are made and passwords are checked; `production` is the safe answer when nothing is said.

    The defaults for argon2id are the second recommended option of RFC 9106, section 4.
    """

    issuer: Annotated[str, Meta(min_length=1, description="the iss of our tokens")] = "https://careplane.local"
    audience: Annotated[str, Meta(min_length=1, description="the aud of our tokens")] = "careplane"
    token_ttl_s: Annotated[int, Meta(ge=30, le=86_400, description="how long a token is valid")] = 900
    private_key: Annotated[
        str,
        Meta(description="the signing key in PEM; empty for one from keys_dir", extra={"secret": True}),
    ] = ""
    keys_dir: Annotated[
        Path | None, Meta(description="a folder of PEM keys: the last by name signs, the others still verify")
    ] = None
    argon2_time_cost: Annotated[int, Meta(ge=1, le=100, description="passes over the memory")] = 3
    argon2_memory_kib: Annotated[int, Meta(ge=8, le=4 * 1024 * 1024, description="memory for one password")] = 65_536
    argon2_parallelism: Annotated[int, Meta(ge=1, le=64, description="lanes for one password")] = 4
    argon2_threads: Annotated[int, Meta(ge=1, le=64, description="passwords that are checked at the same time")] = 2
    argon2_waiting: Annotated[
        int, Meta(ge=0, le=10_000, description="passwords that may wait for that; one more is answered Overloaded")
    ] = 32
    # What follows is set by the program, never by a file: `dev` makes a key in its data folder, `serve` is production.
    data_dir: Path | None = None
    production: bool = True
