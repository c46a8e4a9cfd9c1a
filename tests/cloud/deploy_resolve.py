"""What a template's functions come to: parameters, conditions, references, and what joins and cuts them."""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.cloud.deploy_document import Json
from tests.cloud.moto_cloud import ACCOUNT, REGION

VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")
_ZONES = [f"{REGION}{letter}" for letter in "abc"]
NOTHING = object()
"""What `AWS::NoValue` comes to: the property is not there."""


class NotThere(LookupError):
    """A reference to a resource that has not been made yet."""


class Resolver:
    """The functions of one template, with the parameters of one deployment of it."""

    def __init__(
        self, template: Json, parameters: dict[str, str], stack: str, refer: Callable[[str, str | None], Any]
    ) -> None:
        """Ask `refer` for a resource's `Ref` (None) or attribute; it raises NotThere when it is not made yet."""
        self.template = template
        self.parameters: dict[str, Any] = {}
        self._refer = refer
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack,
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/0",
            "AWS::NoValue": NOTHING,
        }
        self._take(parameters)

    def _take(self, given: dict[str, str]) -> None:
        declared = self.template.get("Parameters", {})
        assert not (unknown := set(given) - set(declared)), f"The template has no parameters {sorted(unknown)}."
        for name, about in declared.items():
            assert name in given or "Default" in about, f"The parameter {name} has no default and was not given."
            value = str(given.get(name, about.get("Default")))
            assert re.fullmatch(about.get("AllowedPattern", ".*"), value, re.DOTALL), f"{name} may not be {value!r}."
            assert value in map(str, about.get("AllowedValues", [value])), f"{name} may not be {value!r}."
            kind = about["Type"]
            is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
            self.parameters[name] = value.split(",") if is_list else value

    def resources(self) -> Json:
        """Return the resources whose conditions hold."""
        return {
            name: about
            for name, about in self.template["Resources"].items()
            if "Condition" not in about or self.holds(about["Condition"])
        }

    def properties(self, name: str) -> Json:
        """Return a resource's properties with every function worked out."""
        made = self.value(self.template["Resources"][name].get("Properties", {}))
        assert isinstance(made, dict)
        return made

    def outputs(self) -> Json:
        """Return the values of the outputs whose conditions hold."""
        declared = self.template.get("Outputs", {}).items()
        return {
            name: self.value(about["Value"])
            for name, about in declared
            if "Condition" not in about or self.holds(about["Condition"])
        }

    def holds(self, condition: str) -> bool:
        """Tell whether a named condition holds."""
        return self._true(self.template["Conditions"][condition])

    def _true(self, node: Any) -> bool:
        (function, of), *_ = node.items()
        if function == "Condition":
            return self.holds(of)
        if function == "Fn::Equals":
            first, second = (self.value(one) for one in of)
            return str(first) == str(second)
        if function == "Fn::Not":
            return not self._true(of[0])
        if function == "Fn::And":
            return all(self._true(one) for one in of)
        if function == "Fn::Or":
            return any(self._true(one) for one in of)
        raise AssertionError(f"The tests do not know the condition {function}: add it to deploy_resolve.py.")

    def value(self, node: Any) -> Any:
        """Work out everything inside of `node`."""
        if isinstance(node, list):
            return [made for one in node if (made := self.value(one)) is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((key, of),) = node.items()
            if key == "Ref":
                return self.reference(of)
            if key == "Fn::If":
                return self.value(self.branch(of))
            if key.startswith("Fn::"):
                return self._function(key, of)
        return {key: made for key, one in node.items() if (made := self.value(one)) is not NOTHING}

    def branch(self, of: list[Any]) -> Any:
        """Return the side of an `Fn::If` that its condition chooses."""
        return of[1] if self.holds(of[0]) else of[2]

    def reference(self, name: str, attribute: str | None = None) -> Any:
        """Return what a parameter, a pseudo parameter, a resource or an attribute of it is."""
        for known in (self.parameters, self._pseudo) if attribute is None else ():
            if name in known:
                return known[name]
        assert name in self.template["Resources"], f"The template refers to {name}, which it does not have."
        return self._refer(name, attribute)

    def _function(self, function: str, of: Any) -> Any:
        if function == "Fn::Sub":
            return self.substituted(of, lambda name: str(self.reference(*name.split(".", 1))))
        if function == "Fn::GetAtt":
            return self.reference(*of)
        if function == "Fn::FindInMap":
            top, first, second = (self.value(one) for one in of)
            return self.template["Mappings"][top][str(first)][str(second)]
        known: dict[str, Callable[[Any], Any]] = {
            "Fn::Join": lambda got: got[0].join(str(one) for one in got[1]),
            "Fn::Select": lambda got: got[1][int(got[0])],
            "Fn::Split": lambda got: got[1].split(got[0]),
            "Fn::GetAZs": lambda got: list(_ZONES),
            "Fn::Cidr": lambda got: list(_networks(got[0], int(got[1]), int(got[2]) if len(got) > 2 else 8)),
            "Fn::Base64": lambda got: base64.b64encode(got.encode()).decode(),
            "Fn::ToJsonString": json.dumps,
            "Fn::Length": len,
        }
        assert function in known, f"The tests do not know the function {function}: add it to deploy_resolve.py."
        return known[function](self.value(of))

    def references(self, node: Any) -> Iterator[str]:
        """Name what is referred to inside of `node`, on the sides that the conditions choose."""
        if isinstance(node, list):
            for one in node:
                yield from self.references(one)
        elif isinstance(node, dict):
            for key, of in node.items():
                if key == "Fn::If":
                    yield from self.references(self.branch(of))
                elif key in {"Ref", "Fn::GetAtt"}:
                    yield of if key == "Ref" else of[0]
                else:
                    if key == "Fn::Sub":
                        text = of[0] if isinstance(of, list) else of
                        yield from (name.split(".", 1)[0] for name in VARIABLE.findall(text))
                    yield from self.references(of)

    def substituted(self, of: Any, replace: Callable[[str], str], *, last: bool = True) -> str:
        """Put into an `Fn::Sub` what `replace` gives for the names that it does not explain itself."""
        text, own = of if isinstance(of, list) else (of, {})
        made = VARIABLE.sub(
            lambda found: str(self.value(own[found[1]])) if found[1] in own else replace(found[1]), text
        )
        return _LITERAL.sub(r"${\1}", made) if last else made


def _networks(block: str, count: int, bits: int) -> Iterator[str]:
    every = ipaddress.ip_network(block).subnets(new_prefix=32 - bits)
    return (str(network) for network, _ in zip(every, range(count), strict=False))
