"""Medical record numbers: given by the registry, short enough to say aloud, with a check digit against slips."""

DIGITS = 9
BLOCK = 1000


def medical_record_number(serial: int) -> str:
    """Write the `serial`-th number, such as "000000042-2": nine digits and their Luhn check digit (ISO/IEC 7812-1)."""
    digits = f"{serial:0{DIGITS}d}"
    return f"{digits}-{_luhn(digits)}"


def is_medical_record_number(text: str) -> bool:
    """Tell whether `text` is written as a number of ours, check digit included."""
    digits, dash, check = text.partition("-")
    return dash == "-" and digits.isdecimal() and digits.isascii() and check == _luhn(digits)


def _luhn(digits: str) -> str:
    doubled = (int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits)))
    return str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)  # noqa: PLR2004 - two digits are added up
