"""Demographics: complete bands, ages as of the year, and no postal area that would point at somebody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.analytics.api import Share
from careplane.components.analytics.demographics import BANDS, areas, band_of, demographics
from careplane.components.analytics.domain import BIRTH_YEAR, GENDER, POSTAL_AREA
from careplane.components.analytics.settings import AnalyticsSettings


def pairs(shares: tuple[Share, ...]) -> list[tuple[str, int]]:
    """Return shares as pairs."""
    return [(share.value, share.count) for share in shares]


@pytest.mark.parametrize(
    ("birth_year", "band"),
    [
        ("2027", "0-9"),
        ("2026", "0-9"),
        ("2017", "0-9"),
        ("2016", "10-19"),
        ("1937", "80-89"),
        ("1936", "90+"),
        ("1900", "90+"),
        ("", "unknown"),
    ],
)
def test_ages_fall_into_bands(birth_year: str, band: str) -> None:
    """The age is the one reached in the year; nobody is younger than born, and the oldest are one band."""
    assert band_of(birth_year, 2026) == band


def test_every_gender_and_band_is_told_even_if_empty() -> None:
    """A chart need not guess which values there could be."""
    told = demographics({(GENDER, "male"): 2, (GENDER, ""): 1, (BIRTH_YEAR, "1980"): 3}, 2026, AnalyticsSettings())
    assert told.patients_active == 3
    assert pairs(told.by_gender) == [("female", 0), ("male", 2), ("other", 0), ("unknown", 1)]
    assert [share.value for share in told.by_age_band] == list(BANDS)
    assert dict(pairs(told.by_age_band))["40-49"] == 3
    assert told.by_postal_area == ()


def test_small_areas_are_counted_together() -> None:
    """An area with fewer than five patients is not named, nor one beyond the largest; nobody is left out."""
    counts = {"US-021": 9, "US-022": 4, "DE-101": 5, "FR-750": 7, "": 2}
    settings = AnalyticsSettings(smallest_area=5, areas_shown=2)
    assert pairs(areas(counts, settings)) == [("US-021", 9), ("FR-750", 7), ("other", 9), ("unknown", 2)]


@given(
    counts=st.dictionaries(st.text(max_size=3), st.integers(1, 20), max_size=30),
    settings=st.builds(AnalyticsSettings, smallest_area=st.integers(1, 10), areas_shown=st.integers(1, 10)),
)
def test_no_area_tells_of_few(counts: dict[str, int], settings: AnalyticsSettings) -> None:
    """Whatever the counts, named areas are large enough and few enough, and the sum stays."""
    told = areas(counts, settings)
    named = [share for share in told if share.value not in {"other", "unknown"}]
    assert all(share.count >= settings.smallest_area for share in named)
    assert len(named) <= settings.areas_shown
    assert sum(share.count for share in told) == sum(counts.values())
    assert named == sorted(named, key=lambda share: (-share.count, share.value))


def test_demographics_take_the_three_dimensions_apart() -> None:
    """A value in one dimension does not count in another."""
    told = demographics({(GENDER, "male"): 6, (POSTAL_AREA, "male"): 6}, 2026, AnalyticsSettings())
    assert pairs(told.by_postal_area) == [("male", 6)]
