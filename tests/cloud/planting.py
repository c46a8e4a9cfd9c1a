"""Faults that are put into the template: a value replaced, taken away or added, at a path with dots between."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from tests.cloud.deploy_document import Json

Plant = Callable[[Json], None]
CONTAINER: Final = "PatientTask.Properties.ContainerDefinitions.0"
"""Whom most faults are put into."""


def put(path: str, value: Any) -> Plant:
    """Put a value at a path under the resources; what is at a number is in a list."""

    def plant(template: Json) -> None:
        at, last = _way(template["Resources"], path)
        at[last] = value

    return plant


def drop(path: str) -> Plant:
    """Take away what is at a path under the resources."""

    def plant(template: Json) -> None:
        at, last = _way(template["Resources"], path)
        del at[last]

    return plant


def append(path: str, *values: Any) -> Plant:
    """Put more into the list at a path under the resources, or begin one."""

    def plant(template: Json) -> None:
        at, last = _way(template["Resources"], path)
        if isinstance(at, dict):
            at.setdefault(last, [])
        at[last].extend(values)

    return plant


def told(name: str, value: Any, *, whom: str = "PatientTask") -> Plant:
    """Tell the first container of a task something in plain text."""
    return append(f"{whom}.Properties.ContainerDefinitions.0.Environment", {"Name": name, "Value": value})


def add(name: str, kind: str, **properties: Any) -> Plant:
    """Add a resource."""

    def plant(template: Json) -> None:
        assert name not in template["Resources"]
        template["Resources"][name] = {"Type": kind, "Properties": properties}

    return plant


def parameter(name: str, **about: Any) -> Plant:
    """Add a parameter, of text unless it says otherwise."""
    return lambda template: template["Parameters"].update({name: {"Type": "String", **about}})


def output(name: str, value: Any) -> Plant:
    """Add an output."""
    return lambda template: template["Outputs"].update({name: {"Value": value}})


def both(*plants: Plant) -> Plant:
    """Plant several that make one fault together."""

    def plant(template: Json) -> None:
        for one in plants:
            one(template)

    return plant


def planted(template: Json, plant: Plant) -> Json:
    """Return a copy of the template with the fault in it."""
    copy = deepcopy(template)
    plant(copy)
    return copy


def _way(at: Any, path: str) -> tuple[Any, Any]:
    *way, last = path.split(".")
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at[key]
    assert isinstance(at, list) or at, f"There is nothing on the way to {path}."
    return at, int(last) if isinstance(at, list) else last
