"""A database that does not let us in, or not far enough: said in our own vocabulary."""

import pytest

from careplane.kernel.errors import FailedPrecondition, Unavailable
from careplane.storage.database import Database
from careplane.storage.migrations import changed, let_in, migrate, pending


def _changed(url: str, *, user: str = "careplane", database: str | None = None) -> str:
    scheme, _, rest = url.partition("://")
    path = rest.partition("@/")[2]
    name, _, query = path.partition("?")
    return f"{scheme}://{user}@/{database or name}?{query}"


@pytest.mark.parametrize("wrong", [{"user": "nobody_of_that_name"}, {"database": "nothing_of_that_name"}])
async def test_a_database_that_does_not_let_us_in_is_unavailable(
    empty_database_url: str, wrong: dict[str, str]
) -> None:
    """A wrong user, password or name: the same for everyone who would connect."""
    url = _changed(empty_database_url, **wrong)
    for attempt in (migrate(url, ("billing",)), pending(url, ("billing",)), Database.open(url, "billing")):
        with pytest.raises(Unavailable):
            await attempt


async def test_a_user_who_may_not_migrate_is_told_so(empty_database_url: str) -> None:
    """The sentence says which rights are missing."""
    await migrate(empty_database_url, ("patient",))
    await let_in(empty_database_url, ("patient",))
    with pytest.raises(FailedPrecondition, match="CREATEROLE"):
        await migrate(_changed(empty_database_url, user="careplane_patient"), ("billing",))


async def test_a_user_who_may_not_see_a_component_is_told_so(database_url: str) -> None:
    """Another component's own login, where all of them are asked for."""
    await let_in(database_url, ("patient",))
    patients = _changed(database_url, user="careplane_patient")
    for look in (pending, changed):
        assert await look(patients, ("patient",)) == []
        with pytest.raises(FailedPrecondition, match="may not see the tables of every component asked for: give"):
            await look(patients, ("patient", "billing"))
