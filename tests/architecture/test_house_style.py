"""The house style that no linter knows: one subject a file, said first; small files and functions; plain names."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("platform", "transports", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "careplane_pb" not in path.parts
)
UNWANTED_WORDS = {"manager", "managers", "helper", "helpers", "util", "utils", "base", "misc", "service"}
MOST_LINES = 300
MOST_LINES_IN_A_FUNCTION = 40


def named(path: Path) -> str:
    """Name a file in a test's id as one finds it in the project."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_file_says_its_subject_first_and_is_small(path: Path) -> None:
    """The first line is a docstring, and there are 300 lines at most."""
    lines = path.read_text("utf-8").splitlines()
    assert lines, "an empty file has no subject"
    assert lines[0].startswith(('"""', 'r"""')), "the first line says what the file is about"
    assert len(lines) <= MOST_LINES, "split it by subject"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_functions_are_small(path: Path) -> None:
    """A function has 40 lines at most, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or first.lineno) - first.lineno + 1
            assert length <= MOST_LINES_IN_A_FUNCTION, f"{node.name} has {length} lines: split it"


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_names_say_what_a_thing_is(path: Path) -> None:
    """No file and no class is named by a word that says nothing."""
    classes = [node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ClassDef)]
    words = set(path.stem.lower().split("_"))
    for name in classes:
        spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
        words |= set(spaced.replace("_", " ").split())
    assert not words & UNWANTED_WORDS


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_nothing_is_left_for_later(path: Path) -> None:
    """No placeholders: what is there works."""
    if path == Path(__file__):
        return
    text = path.read_text("utf-8")
    for word in ("TODO", "FIXME", "XXX ", "NotImplementedError"):
        assert word not in text, f"{word} found"
