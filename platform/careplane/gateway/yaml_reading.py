"""Reading YAML node by node, so that each mistake is told with the line it is on."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

T = TypeVar("T")

_INT: Final = "tag:yaml.org,2002:int"
_FLOAT: Final = "tag:yaml.org,2002:float"
_STR: Final = "tag:yaml.org,2002:str"


class RouteFileError(Exception):
    """The route table is wrong; `faults` holds a line for each mistake, beginning with file and line number."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        """Take the faults, of which there must be at least one."""
        self.faults = faults
        super().__init__("\n".join(faults))


class Node:
    """A piece of a YAML file that knows where it stands; what is wrong with it goes into a list shared by all."""

    def __init__(self, name: str, inner: yaml.Node, faults: list[str]) -> None:
        """Read `inner` of the file called `name`."""
        self._name = name
        self._inner = inner
        self._faults = faults

    @property
    def line(self) -> int:
        """The line it begins on, counted from 1."""
        return int(self._inner.start_mark.line) + 1

    @property
    def where(self) -> str:
        """File and line, as in gateway.yaml:12."""
        return f"{self._name}:{self.line}"

    def wrong(self, message: str) -> None:
        """Note a mistake on this line."""
        self._faults.append(f"{self.where}: {message}")

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Go through a mapping; a key that comes twice is a mistake."""
        if not isinstance(self._inner, yaml.MappingNode):
            self.wrong("must be a mapping, of the form 'key: value'")
            return
        seen: set[str] = set()
        for key, value in self._inner.value:
            name = str(key.value)
            if name in seen:
                self._at(key).wrong(f"the key {name!r} comes twice; keep one of them")
            else:
                seen.add(name)
                yield name, self._at(value)

    def fields(self, known: Collection[str], optional: Collection[str] = ()) -> dict[str, "Node"]:
        """Return a mapping's values by key; unknown and missing keys are mistakes."""
        found = dict(self.items())
        for name, node in found.items():
            if name not in known:
                node.wrong(f"unknown key {name!r}; known are {', '.join(known)}")
        missing = [name for name in known if name not in found and name not in optional]
        if missing and isinstance(self._inner, yaml.MappingNode):
            self.wrong(f"missing {', '.join(missing)}")
        return {name: node for name, node in found.items() if name in known}

    def elements(self) -> list["Node"]:
        """Return the elements of a list."""
        if isinstance(self._inner, yaml.SequenceNode):
            return [self._at(element) for element in self._inner.value]
        self.wrong("must be a list")
        return []

    def text(self, allowed: Collection[str] = (), what: str = "value") -> str:
        """Return a text, one of those `allowed` if any are given."""
        value = self._scalar(_STR)
        if value is None:
            self.wrong(f"the {what} must be a text")
            return ""
        if allowed and value not in allowed:
            self.wrong(f"unknown {what} {value!r}; known are {', '.join(sorted(allowed))}")
        return value

    def number(self, kind: Callable[[str], T], low: float, high: float, default: T) -> T:
        """Return a number from `low` to `high`; a wrong one is noted, and `default` returned."""
        value = self._scalar(_INT) or self._scalar(_FLOAT)
        try:
            number: Any = kind(value or "")
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            self.wrong(f"must be {'a whole number' if kind is int else 'a number'} from {low:g} to {high:g}")
            return default
        return kind(value or "")

    def _scalar(self, tag: str) -> str | None:
        inner = self._inner
        return str(inner.value) if isinstance(inner, yaml.ScalarNode) and inner.tag == tag else None

    def _at(self, inner: yaml.Node) -> "Node":
        return Node(self._name, inner, self._faults)


def read_yaml(path: Path, faults: list[str]) -> Node:
    """Return the file as a node; raise RouteFileError where it cannot be read at all."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise RouteFileError(
            (f"{path}: cannot be read: {error.strerror}. Check the path and who may read it.",)
        ) from None
    except UnicodeError:
        raise RouteFileError((f"{path}: is not UTF-8 text. Save it as UTF-8.",)) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RouteFileError((f"{path}:{line}: is not YAML: {error.problem}",)) from None
    except yaml.YAMLError:
        raise RouteFileError((f"{path}:1: is not YAML: it holds characters that YAML forbids",)) from None
    if root is None:
        raise RouteFileError((f"{path}:1: is empty. It must hold 'rates' and 'routes'.",))
    return Node(str(path), root, faults)
