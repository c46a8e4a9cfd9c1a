"""Compares what each service's own API tells of a resource with what the template says of it."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from tests.cloud import describe_containers, describe_data, describe_edge, describe_network, describe_watch
from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import KINDS, NOWHERE, Resource
from tests.cloud.describe_kinds import DESCRIBERS, Missing

__all__ = [
    "describe_containers",
    "describe_data",
    "describe_edge",
    "describe_network",
    "describe_watch",
    "description",
    "faults",
]
_FOR_PEOPLE = {"Tags", "FileSystemTags", "AccessPointTags", "Description", "AlarmDescription"}
"""Names and remarks change nothing of what is built, and moto drops many of them."""


def description(kind: str, of: Resource) -> Json:
    """Return a resource's properties and attributes as its service tells them, by the template's names."""
    if kind in KINDS and KINDS[kind].why == NOWHERE:
        return {**of.properties, "Arn": of.physical, "LatestRevision.Revision": 1}
    assert kind in DESCRIBERS, (
        f"Nothing describes {kind} (of {of.logical}): write what asks its own API for it into a describe_*.py, "
        f'with @described("{kind}").'
    )
    return DESCRIBERS[kind].describe(of)


def faults(kind: str, of: Resource) -> list[str]:
    """Say in what a resource is not as the template says: it is not there, or is another."""
    try:
        told = description(kind, of)
    except (ClientError, Missing) as error:
        return [f"{of.logical} ({kind}) is not there: {error}"]
    untold = DESCRIBERS[kind].untold if kind in DESCRIBERS else {}
    wanted = {name: value for name, value in of.properties.items() if name not in untold and name not in _FOR_PEOPLE}
    return [f"{of.logical} ({kind}): {one}" for one in differences(wanted, told, "")]


def differences(wanted: Any, told: Any, where: str) -> Iterator[str]:
    """Say where `told` lacks what is wanted, or has it otherwise; what is told besides does not matter."""
    if isinstance(told, str) and isinstance(wanted, dict):
        try:
            told = json.loads(told)
        except ValueError:
            yield f"{where} is no JSON: {told!r}"
            return
    if isinstance(wanted, dict) and isinstance(told, dict):
        names = {name.casefold(): name for name in told}
        for name, value in wanted.items():
            here = f"{where}.{name}".lstrip(".")
            if name.casefold() in names:
                yield from differences(value, told[names[name.casefold()]], here)
            elif name not in _FOR_PEOPLE and value not in ({}, []):
                yield f"{here} is not told, and should be {value!r}"
    elif isinstance(wanted, list) and isinstance(told, list):
        yield from _of_lists(wanted, told, where)
    elif not _same(_single(wanted), _single(told)):
        yield f"{where} is {told!r}, and should be {wanted!r}"


def _of_lists(wanted: list[Any], told: list[Any], where: str) -> Iterator[str]:
    left = list(told)
    for one in wanted:
        match = next((other for other in left if not any(differences(one, other, where))), left)
        if match is left:
            yield f"{where} is {told!r}, and should have {one!r}"
        else:
            left.remove(match)
    if len(told) > len(wanted):
        yield f"{where} has {left!r} besides"


def _same(wanted: Any, told: Any) -> bool:
    if isinstance(wanted, (dict, list)) or isinstance(told, (dict, list)):
        return False
    if isinstance(wanted, bool) or isinstance(told, bool):
        return str(wanted).casefold() == str(told).casefold()
    if isinstance(wanted, (int, float)) or isinstance(told, (int, float)):
        return _number(wanted) == _number(told)
    return str(wanted) == str(told)


def _single(value: Any) -> Any:
    """IAM lets a list of one be written without its brackets."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _number(value: Any) -> float | str:
    try:
        return float(value)
    except ValueError:
        return str(value)
