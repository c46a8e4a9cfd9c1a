"""The template as one choice of parameters makes it: every function worked out, references kept as names to follow."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.cloud.deploy_document import Json, document
from tests.cloud.deploy_resolve import Resolver
from tests.cloud.moto_cloud import ACCOUNT, REGION

TEMPLATE: Final = Path(__file__).parents[2] / "config" / "aws" / "platform.yaml"
STACK: Final = "careplane"
GIVEN: Final = {
    "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/careplane:0.2.0",
    "DomainName": "careplane.example.org",
    "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1",
    "DatabaseCa": "-----BEGIN CERTIFICATE-----\nTm90aGluZyBoZXJl\n-----END CERTIFICATE-----\n",
}
"""What has no default."""

CHOICES: Final = {
    "Zones": ("2", "3"),
    "BrokersPerZone": ("1", "2", "3"),
    "HttpApi": ("false", "true"),
    "KafkaBootstrap": ("", "b-1.kafka.example.org:9096"),
    "MetricsSecurityGroup": ("", "sg-0123456789abcdef0"),
}
"""The parameters on which it depends what there is, and how many."""

_REFERENCE: Final = re.compile(r"«(\w+)")


@dataclass(frozen=True)
class Part:
    """One resource: its name, its type, what the template says beside its properties, and these, worked out."""

    name: str
    kind: str
    about: Json
    properties: Json

    def said(self, *path: str) -> Any:
        """Return what stands in the properties at the end of a path of keys, or None."""
        found: Any = self.properties
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def is_on(self, *path: str) -> bool:
        """Tell whether a property is true, in whatever way it is written."""
        return str(self.said(*path)).casefold() == "true"


@dataclass(frozen=True)
class View:
    """All that one choice of parameters makes."""

    parts: dict[str, Part]
    outputs: Json
    parameters: Json
    template: Json = field(repr=False)

    def of(self, *kinds: str) -> Iterator[Part]:
        """Give the resources of some types."""
        return (part for part in self.parts.values() if part.kind in kinds)

    def named_in(self, value: Any) -> set[str]:
        """Name the resources that something refers to, however deep inside."""
        return {name for name in _REFERENCE.findall(str(value)) if name in self.parts}


def loaded() -> Json:
    """Return the template, with what it includes, as something that a test may change."""
    return document(TEMPLATE)


def view(template: Json, **chosen: str) -> View:
    """Work the template out for one choice of parameters; the others have their defaults."""
    given = {name: value for name, value in {**GIVEN, **chosen}.items() if name in template["Parameters"]}
    resolver = Resolver(template, given, STACK, lambda name, attribute: _reference(template, name, attribute))
    parts = {
        name: Part(name, about["Type"], about, resolver.properties(name))
        for name, about in resolver.resources().items()
    }
    return View(parts, resolver.outputs(), resolver.parameters, template)


def _reference(template: Json, name: str, attribute: str | None) -> str:
    known = f"«{name}.{attribute}»" if attribute else f"«{name}»"
    # The template takes the id of a balancer out of its ARN.
    is_balancer = template["Resources"][name]["Type"].endswith("::LoadBalancer") and attribute is None
    return f"{known}/app/careplane/0" if is_balancer else known


def views(template: Json) -> Iterator[View]:
    """Give every choice of parameters that the template's own rules let through."""
    names = [name for name in CHOICES if name in template["Parameters"]]
    for values in itertools.product(*(CHOICES[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        if not refused(template, chosen):
            yield view(template, **chosen)


def refused(template: Json, chosen: dict[str, str]) -> list[str]:
    """Return what CloudFormation says to parameters that break the template's `Rules`."""
    said = []
    for rule in template.get("Rules", {}).values():
        if "RuleCondition" not in rule or _holds(template, chosen, rule["RuleCondition"]):
            said += [
                one["AssertDescription"] for one in rule["Assertions"] if not _holds(template, chosen, one["Assert"])
            ]
    return said


def _holds(template: Json, chosen: dict[str, str], expression: Json) -> bool:
    asked = {**template, "Conditions": {**template["Conditions"], "Asked": expression}}
    return Resolver(asked, {**GIVEN, **chosen}, STACK, lambda name, _attribute: name).holds("Asked")
