"""Logins for the components' roles: the server keeps what proves a password, and is never told it."""

import asyncpg
import pytest

from careplane.kernel.errors import FailedPrecondition, InvalidArgument, Unavailable
from careplane.storage.role_passwords import give_logins, scram_verifier


def test_a_verifier_is_what_the_standard_says() -> None:
    """RFC 7677, section 3: the password pencil with this salt."""
    salt = bytes.fromhex("5b6d99689d12358eec a04b14123 6fa81".replace(" ", ""))
    assert scram_verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
    assert scram_verifier("pencil") != scram_verifier("pencil"), "salted"


@pytest.mark.parametrize("password", ["", "pa\x00ss", "line\nbreak", "pässword"])
def test_a_password_that_is_none_is_refused(password: str) -> None:
    """What every client would prepare differently, or not at all."""
    with pytest.raises(InvalidArgument, match="printable ASCII"):
        scram_verifier(password)


async def test_a_role_is_let_in(empty_database_url: str) -> None:
    """It may log in, by the password's verifier; the next one replaces it."""
    connection = await asyncpg.connect(empty_database_url, timeout=10)
    try:
        await connection.execute("CREATE ROLE careplane_trial NOLOGIN")
        try:
            kept = []
            for password in ("first", "second"):
                await give_logins(empty_database_url, {"trial": password})
                row = await connection.fetchrow("SELECT * FROM pg_authid WHERE rolname = 'careplane_trial'")
                assert row is not None
                assert row["rolcanlogin"]
                assert row["rolpassword"].startswith("SCRAM-SHA-256$4096:")
                kept.append(row["rolpassword"])
            assert kept[0] != kept[1]
        finally:
            await connection.execute("DROP ROLE careplane_trial")
    finally:
        await connection.close()


async def test_who_may_not_give_logins_is_told_so(empty_database_url: str) -> None:
    """A component's own login cannot change anybody's."""
    connection = await asyncpg.connect(empty_database_url, timeout=10)
    try:
        await connection.execute("CREATE ROLE careplane_trial NOLOGIN; CREATE ROLE careplane_stranger NOLOGIN")
        await connection.execute("GRANT careplane_stranger TO CURRENT_USER")
        try:
            as_stranger = f"{empty_database_url}{'&' if '?' in empty_database_url else '?'}role=careplane_stranger"
            with pytest.raises(FailedPrecondition, match="CREATEROLE"):
                await give_logins(as_stranger, {"trial": "password"})
        finally:
            await connection.execute("DROP ROLE careplane_trial; DROP ROLE careplane_stranger")
    finally:
        await connection.close()


async def test_a_database_that_is_away_is_unavailable() -> None:
    """Nobody listens there."""
    with pytest.raises(Unavailable):
        await give_logins("postgresql://nobody@127.0.0.1:1/none", {"trial": "password"})
