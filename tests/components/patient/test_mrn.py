"""Medical record numbers: written alike, and a slip of the tongue or pen is noticed."""

from hypothesis import given
from hypothesis import strategies as st

from careplane.components.patient.record.mrn import medical_record_number

SERIALS = st.integers(0, 10**9 - 1)


def test_a_number_has_nine_digits_and_a_check_digit() -> None:
    """The check digit is Luhn's, here as for the textbook example 7992739871, less its 7."""
    assert medical_record_number(992739871) == "992739871-0"
    assert medical_record_number(42) == "000000042-2"


@given(SERIALS, st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(serial: int, place: int, by: int) -> None:
    """With any one digit wrong the check digit would be another."""
    number = medical_record_number(serial)
    wrong = str((int(number[place]) + by) % 10)
    mistaken = int(number[:place] + wrong + number[place + 1 : 9])
    assert medical_record_number(mistaken)[-1] != number[-1]
