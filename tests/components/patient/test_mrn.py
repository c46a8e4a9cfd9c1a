"""Medical record numbers: written alike, and a slip of the tongue or pen is noticed."""

from hypothesis import given
from hypothesis import strategies as st

from careplane.components.patient.mrn import is_medical_record_number, medical_record_number

SERIALS = st.integers(0, 10**9 - 1)


def test_a_number_has_nine_digits_and_a_check_digit() -> None:
    """The check digit is Luhn's, here as for the textbook example 7992739871, less its 7."""
    assert medical_record_number(992739871) == "992739871-0"
    assert medical_record_number(42) == "000000042-2"


@given(SERIALS)
def test_every_number_of_ours_is_one(serial: int) -> None:
    """What is given out is recognised."""
    assert is_medical_record_number(medical_record_number(serial))


@given(SERIALS, st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(serial: int, place: int, by: int) -> None:
    """Luhn's digit finds every single wrong digit."""
    number = medical_record_number(serial)
    wrong = str((int(number[place]) + by) % 10)
    assert not is_medical_record_number(number[:place] + wrong + number[place + 1 :])


@given(st.text(max_size=12))
def test_anything_else_is_none(text: str) -> None:
    """Arbitrary text is no number, and never an error."""
    assert is_medical_record_number(text) in {True, False}
