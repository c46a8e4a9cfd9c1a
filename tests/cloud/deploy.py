"""Deploys a template into a pretended cloud: what moto's CloudFormation can through it, the rest by direct calls."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from tests.cloud import deploy_containers, deploy_data, deploy_edge, deploy_network, deploy_watch
from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import KINDS, Resource, through_cloudformation
from tests.cloud.deploy_moto_form import MotoForm
from tests.cloud.deploy_resolve import NotThere, Resolver
from tests.cloud.describe import description
from tests.cloud.moto_cloud import Cloud

__all__ = ["Deployment", "deploy_containers", "deploy_data", "deploy_edge", "deploy_network", "deploy_watch"]

_NAMELESS = {"AWS::EC2::SecurityGroupIngress"}
"""What is known by its properties alone."""


class Deployment:
    """One stack: deployed, deployed again with other parameters, and asked what its resources are."""

    def __init__(self, cloud: Cloud, template: Json, stack: str = "careplane") -> None:
        """Begin with nothing deployed."""
        self.cloud = cloud
        self.template = template
        self.stack = stack
        self.resolver: Resolver
        self.calls: dict[str, dict[str, None]] = {}
        """Which direct calls have made or mended the resources of a type."""
        self._forms: dict[str, Json] = {}
        self._properties: dict[str, Json] = {}
        self._physical: dict[str, str] = {}
        self._done: set[str] = set()
        self._attributes: dict[str, Json] = {}

    def deploy(self, parameters: dict[str, str]) -> None:
        """Make the stack be what the template says with these parameters."""
        self.resolver = Resolver(self.template, parameters, self.stack, self._refer)
        wanted = self.resolver.resources()
        assert not (gone := set(self._physical) - set(wanted)), f"The tests cannot take away {sorted(gone)}."
        self._done.clear()
        self._attributes.clear()
        while pending := [name for name in wanted if name not in self._done]:
            before = len(self._done)
            self._through_cloudformation(pending, parameters)
            self._through_calls(pending)
            left = [name for name in pending if name not in self._done]
            assert len(self._done) > before, f"These resources refer to each other in a circle: {left}"

    def resource(self, name: str) -> Resource:
        """Return a deployed resource by the name that the template has for it."""
        properties = self.resolver.properties(name)
        return Resource(self.cloud, self.stack, name, properties, self._physical.get(name, ""))

    def kind(self, name: str) -> str:
        """Return the type of a resource."""
        return str(self.template["Resources"][name]["Type"])

    def names(self, kind: str | None = None) -> list[str]:
        """Name the resources that this deployment has, or those of one type."""
        return [name for name in self.resolver.resources() if kind in {None, self.kind(name)}]

    def _refer(self, name: str, attribute: str | None) -> Any:
        if name not in self._done:
            raise NotThere(name)
        if attribute is None:
            return self._physical[name]
        if name not in self._attributes:
            told = description(self.kind(name), self.resource(name))
            self._attributes[name] = {one.casefold(): value for one, value in told.items()}
        found = self._attributes[name]
        assert attribute.casefold() in found, (
            f"{self.kind(name)} has no attribute {attribute}: let its describe function give it."
        )
        return found[attribute.casefold()]

    def _by_moto(self, name: str) -> bool:
        return name in self.template["Resources"] and through_cloudformation(self.kind(name))

    def _through_cloudformation(self, pending: list[str], parameters: dict[str, str]) -> None:
        forms = dict(self._wave([name for name in pending if self._by_moto(name)]))
        if not forms:
            return
        self._forms |= forms
        self._send(parameters)
        listed = self.cloud["cloudformation"].describe_stack_resources(StackName=self.stack)["StackResources"]
        made = {one.get("LogicalResourceId"): one.get("PhysicalResourceId", "") for one in listed}
        for name in forms:
            assert name in made, (
                f"moto's CloudFormation passed over {name} ({self.kind(name)}): write how to make it directly into a "
                f'deploy_*.py, with @direct("{self.kind(name)}").'
            )
            assert made[name] or self.kind(name) in _NAMELESS, f"moto does not say what the Ref of {name} is."
            self._physical[name] = made[name]
        self._done |= set(forms)
        for name in forms:
            self._mend(name)

    def _wave(self, names: list[str]) -> Iterator[tuple[str, Json]]:
        """Give those that need nothing but what is there and each other, each after what it needs."""
        form = MotoForm(self.resolver, self._by_moto)
        ready: set[str] = set()
        while True:
            grown = [name for name in names if name not in ready and self._needs(name) <= self._done | ready]
            before = len(ready)
            for name in grown:
                try:
                    made = form.resource(name)
                except NotThere:  # something in it that moto cannot work out
                    continue
                ready.add(name)
                yield name, made
            if len(ready) == before:
                return

    def _needs(self, name: str) -> set[str]:
        about = self.template["Resources"][name]
        depends = about.get("DependsOn", [])
        needed = {depends} if isinstance(depends, str) else set(depends)
        needed |= set(self.resolver.references(about.get("Properties", {})))
        return needed & set(self.resolver.resources())

    def _send(self, parameters: dict[str, str]) -> None:
        client = self.cloud["cloudformation"]
        body = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": self._forms}
        body["Parameters"] = self.template.get("Parameters", {})
        arguments = {
            "StackName": self.stack,
            "TemplateBody": json.dumps(body),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        }
        try:
            (client.update_stack if self._done or self._physical else client.create_stack)(**arguments)
        except ClientError as error:
            raise AssertionError(f"moto's CloudFormation refuses the template: {error}") from error
        (stack,) = client.describe_stacks(StackName=self.stack)["Stacks"]
        assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack["StackStatus"]

    def _mend(self, name: str) -> None:
        resource = self.resource(name)
        kind = KINDS.get(self.kind(name))
        if kind and kind.mend and self._properties.get(name) != resource.properties:
            self._act(kind.mend, resource)
        self._properties[name] = resource.properties

    def _through_calls(self, pending: list[str]) -> None:
        for name in pending:
            if not self._by_moto(name) and self._needs(name) <= self._done:
                self._directly(name)
                self._done.add(name)

    def _directly(self, name: str) -> None:
        kind = KINDS[self.kind(name)]
        resource = self.resource(name)
        if name not in self._physical:
            assert kind.make is not None
            self._physical[name] = self._act(kind.make, resource)
        elif resource.properties != self._properties[name]:
            assert kind.change, f"{name} ({self.kind(name)}) changes with an update: say in a deploy_*.py how."
            self._physical[name] = self._act(kind.change, resource)
        self._properties[name] = resource.properties

    def _act(self, act: Callable[[Resource], Any], resource: Resource) -> Any:
        kind = self.kind(resource.logical)
        with self.cloud.listening() as heard:
            try:
                done = act(resource)
            except Exception as error:
                error.add_note(f"{resource.logical} ({kind}) could not be made in moto.")
                raise
        self.calls.setdefault(kind, {}).update(dict.fromkeys(heard))
        return done
