"""Medical record numbers: given by the registry, short enough to say aloud, with a check digit against slips."""

DIGITS = 9
BLOCK = 1000

_DOUBLED = str.maketrans("0123456789", "0246813579")


def medical_record_number(serial: int) -> str:
    """Write the `serial`-th number, such as "000000042-2": nine digits and their Luhn check digit (ISO/IEC 7812-1)."""
    digits = f"{serial:0{DIGITS}d}"
    return f"{digits}-{_luhn(digits)}"


def _luhn(digits: str) -> str:
    """Return the check digit: every second digit counts double from the right, and ten's digits are added up."""
    total = sum(map(int, digits[-2::-2])) + sum(map(int, digits[::-2].translate(_DOUBLED)))
    return str(-total % 10)
