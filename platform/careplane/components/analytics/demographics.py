"""Who the patients are, without telling who anybody is: bands of age, and no postal area with only a few patients."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from careplane.components.analytics.api import Demographics, Share
from careplane.components.analytics.domain import BIRTH_YEAR, GENDER, NOT_KNOWN, POSTAL_AREA, Tally
from careplane.components.analytics.settings import AnalyticsSettings

UNKNOWN: Final = "unknown"
OTHER: Final = "other"
GENDERS: Final = ("female", "male", "other", UNKNOWN)
OLDEST: Final = 90
"""From here on ages are one band: HIPAA's safe harbour rule, 45 CFR 164.514(b)(2)(i)(C)."""
BANDS: Final = (*(f"{age}-{age + 9}" for age in range(0, OLDEST, 10)), f"{OLDEST}+", UNKNOWN)


def demographics(tallies: Mapping[Tally, int], year: int, settings: AnalyticsSettings) -> Demographics:
    """Return the shares of the active patients, as they are in `year`."""
    genders = _dimension(tallies, GENDER)
    return Demographics(
        patients_active=sum(genders.values()),
        by_gender=_in_order(GENDERS, genders, UNKNOWN),
        by_age_band=_in_order(BANDS, _bands(_dimension(tallies, BIRTH_YEAR), year), UNKNOWN),
        by_postal_area=areas(_dimension(tallies, POSTAL_AREA), settings),
    )


def areas(counts: Mapping[str, int], settings: AnalyticsSettings) -> tuple[Share, ...]:
    """Return the largest areas, then the rest together as other, then those whose area is not known."""
    known = {area: count for area, count in counts.items() if area != NOT_KNOWN}
    large = (area for area, count in known.items() if count >= settings.smallest_area)
    named = sorted(large, key=lambda area: (-known[area], area))[: settings.areas_shown]
    shares = [Share(value=area, count=known[area]) for area in named]
    rest = sum(known.values()) - sum(share.count for share in shares)
    if rest:
        shares.append(Share(value=OTHER, count=rest))
    if counts.get(NOT_KNOWN):
        shares.append(Share(value=UNKNOWN, count=counts[NOT_KNOWN]))
    return tuple(shares)


def band_of(birth_year: str, year: int) -> str:
    """Return the band of the age that somebody born in `birth_year` reaches in `year`."""
    if birth_year == NOT_KNOWN:
        return UNKNOWN
    age = max(0, year - int(birth_year))
    return f"{OLDEST}+" if age >= OLDEST else BANDS[age // 10]


def _bands(birth_years: Mapping[str, int], year: int) -> Counter[str]:
    bands: Counter[str] = Counter()
    for birth_year, count in birth_years.items():
        bands[band_of(birth_year, year)] += count
    return bands


def _dimension(tallies: Mapping[Tally, int], dimension: str) -> dict[str, int]:
    return {value: count for (name, value), count in tallies.items() if name == dimension}


def _in_order(values: Iterable[str], counts: Mapping[str, int], unknown: str) -> tuple[Share, ...]:
    """Return a share for each value, zero ones too; what is not one of the values is counted as unknown."""
    merged: Counter[str] = Counter(dict.fromkeys(values, 0))
    for value, count in counts.items():
        merged[value if value in merged else unknown] += count
    return tuple(Share(value=value, count=count) for value, count in merged.items())
