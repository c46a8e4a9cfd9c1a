"""Tables as Markdown writes them."""

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of these columns and rows, with an empty line after it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(in_cell(cell) for cell in line)} |\n" for line in lines)


def in_cell(text: str) -> str:
    """Return a text as it can stand in a cell: on one line, and without a bar of its own."""
    return " ".join(text.split()).replace("|", "\\|")
