"""Rules of security groups in the template's words: one for each side that may speak, all values as text."""

from collections.abc import Iterable, Iterator
from typing import Any

from tests.cloud.deploy_document import Json

Rule = dict[str, str]
_PLAIN = ("IpProtocol", "FromPort", "ToPort")
_SIDES = ("CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId")


def wanted_rule(properties: Json) -> Rule:
    """Return what a rule of the template says: its description is for people, and moto drops it."""
    side = {_neutral(name): str(properties[name]) for name in _SIDES if name in properties}
    return {**_plain(properties), **side}


def as_rules(permissions: Iterable[Json]) -> list[Rule]:
    """Return the permissions that EC2 tells of, one rule for each side."""
    return [rule for permission in permissions for rule in _split(permission)]


def _split(permission: Json) -> Iterator[Rule]:
    plain = _plain(permission)
    for one in permission.get("IpRanges", []):
        yield {**plain, "CidrIp": one["CidrIp"]}
    for one in permission.get("Ipv6Ranges", []):
        yield {**plain, "CidrIpv6": one["CidrIpv6"]}
    for one in permission.get("UserIdGroupPairs", []):
        yield {**plain, "Group": one["GroupId"]}


def _plain(of: dict[str, Any]) -> Rule:
    every = str(of["IpProtocol"]) == "-1"
    return {name: str(of[name]) for name in _PLAIN if name in of and (name == "IpProtocol" or not every)}


def _neutral(side: str) -> str:
    return "Group" if side.endswith("SecurityGroupId") else side
