"""Matching a path to its rows in the route table: by segments, and a written one goes before a variable one."""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

R = TypeVar("R")


class _Branch(Generic[R]):
    __slots__ = ("named", "rows", "variable")

    def __init__(self) -> None:
        self.named: dict[str, _Branch[R]] = {}
        self.variable: _Branch[R] | None = None
        self.rows: dict[str, R] = {}


class Matcher(Generic[R]):
    """Finds what exists under a path."""

    def __init__(self, rows: Iterable[tuple[str, str, R]]) -> None:
        """Take each (path, method, row)."""
        self._root: _Branch[R] = _Branch()
        for path, method, row in rows:
            self._branch(path).rows[method] = row
        self._fixed = {path: self._branch(path).rows for path, _, _ in rows if "{" not in path}

    def match(self, path: str) -> Mapping[str, R] | None:
        """Return the rows of a path by method, or None where there is nothing."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed
        branch = self._root
        for segment in path.split("/")[1:]:
            following = branch.named.get(segment)
            if following is None:
                following = branch.variable
                if following is None or not segment:
                    return None
            branch = following
        return branch.rows or None

    def _branch(self, path: str) -> _Branch[R]:
        branch = self._root
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                branch.variable = branch = branch.variable or _Branch()
            else:
                branch = branch.named.setdefault(segment, _Branch())
        return branch
