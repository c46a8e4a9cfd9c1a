"""The counting by itself: the counters move by exact deltas, however the events are cut into batches."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from careplane.components.analytics.domain import Fact, Tally, fold

DAY = date(2026, 1, 1)

facts = st.builds(
    Fact,
    patient_id=st.integers(1, 4).map(lambda n: UUID(int=n)),
    version=st.integers(1, 6),
    birth_year=st.sampled_from([None, 1950, 1980]),
    gender=st.sampled_from(["", "female", "male"]),
    postal_area=st.sampled_from(["", "US-021", "DE-101"]),
    registered_on=st.integers(0, 2).map(lambda n: DAY + timedelta(days=n)),
    archived=st.booleans(),
)


def counted(known: Mapping[UUID, Fact]) -> tuple[Mapping[Tally, int], Mapping[date, int]]:
    """Count everybody from nothing."""
    change = fold({}, known.values())
    return change.tallies, change.days


@given(st.lists(st.lists(facts, max_size=6), max_size=6))
def test_deltas_add_up_to_a_count_from_nothing(batches: list[list[Fact]]) -> None:
    """After any batches of news the moved counters are those of a fresh count of what is then known."""
    known: dict[UUID, Fact] = {}
    tallies: Counter[Tally] = Counter()
    days: Counter[date] = Counter()
    for batch in batches:
        change = fold(known, batch)
        known.update({fact.patient_id: fact for fact in change.facts})
        tallies.update(change.tallies)
        days.update(change.days)
    assert ({k: n for k, n in tallies.items() if n}, {d: n for d, n in days.items() if n}) == counted(known)


@given(st.lists(facts, max_size=10))
def test_the_highest_version_is_what_is_known(news: list[Fact]) -> None:
    """Of everything said about a patient the highest version stands, and of equals the first."""
    known = {fact.patient_id: fact for fact in fold({}, news).facts}
    for fact in known.values():
        said = [other for other in news if other.patient_id == fact.patient_id]
        assert fact == max(said, key=lambda other: other.version)


def test_news_that_changes_no_count_moves_no_counter() -> None:
    """A new version with the same facts is kept, and no counter is touched."""
    fact = Fact(UUID(int=1), 1, 1980, "female", "US-021", DAY, archived=False)
    later = Fact(UUID(int=1), 2, 1980, "female", "US-021", DAY, archived=False)
    change = fold({fact.patient_id: fact}, [later])
    assert (change.facts, change.tallies, change.days) == ((later,), {}, {})
