"""Cells of CSV that no spreadsheet takes for a formula: an apostrophe goes before them, and comes off when read again.

OWASP, "CSV Injection": a cell that begins with = + - @, a tab, CR or LF is run by spreadsheet programs, or moves what
follows into a cell that is. So do the full-width forms of these characters in some languages. A cell that begins with
apostrophes before one of these gets one more, so that reading takes away exactly what writing has put there.
"""

import re
from typing import Final

_DANGEROUS: Final = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def neutral(cell: str) -> str:
    """Return a cell as it is written to CSV."""
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def plain(cell: str) -> str:
    """Return a cell as it was before it was made neutral; spaces around one that was not are no part of it."""
    return cell[1:] if cell.startswith("'") and _DANGEROUS.match(cell) else cell.strip()
