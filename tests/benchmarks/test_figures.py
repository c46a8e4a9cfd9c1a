"""Figures: medians and ranges of rounds, ratios round by round, and whether what is asked for is met."""

import pytest
from benchmarks.figures import Figure, Spread


def test_a_spread_is_seen_as_median_and_range() -> None:
    """The order of the rounds makes no difference; of an even number, the median is between the two in the middle."""
    spread = Spread.of([3.0, 1.0, 2.0, 10.0])
    assert (spread.low, spread.median, spread.high) == (1.0, 2.5, 10.0)


def test_without_a_round_there_is_no_spread() -> None:
    """Nothing that was not measured becomes a number."""
    with pytest.raises(AssertionError, match="no round"):
        Spread.of([])


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that is slow for a round is so for both: that is why the medians are not divided."""
    assert Spread.ratio([50.0, 100.0, 25.0], [100.0, 200.0, 50.0]).rounds == (0.5, 0.5, 0.5)


def test_a_ratio_of_different_numbers_of_rounds_is_refused() -> None:
    """A round without its other half says nothing."""
    with pytest.raises(ValueError, match="zip"):
        Spread.ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("at_least", "at_most", "met"),
    [(2.0, None, True), (2.1, None, False), (None, 2.0, True), (None, 1.9, False), (None, None, None)],
)
def test_the_median_decides(at_least: float | None, at_most: float | None, met: bool | None) -> None:
    """A bound that is just reached is met; where nothing is asked nothing is met or missed."""
    figure = Figure("", Spread.of([1.0, 2.0, 9.0]), at_least=at_least, at_most=at_most)
    assert figure.met is met
