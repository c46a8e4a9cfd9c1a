"""What moto's CloudFormation is given of a template: its own references left to it, everything else worked out."""

from collections.abc import Callable
from typing import Any

from tests.cloud.deploy_document import Json
from tests.cloud.deploy_resolve import NOTHING, VARIABLE, Resolver

_WITHOUT_ATTRIBUTES = {"AWS::EFS::FileSystem"}
"""What moto's CloudFormation makes, and fails over when it is asked for an attribute of it."""
_MOTO_KNOWS = {"Fn::Join", "Fn::Select", "Fn::Split", "Fn::Base64", "Fn::ToJsonString"}


class MotoForm:
    """Rewrites resources: moto knows nothing of those that it skips, nor of some functions."""

    def __init__(self, resolver: Resolver, by_moto: Callable[[str], bool]) -> None:
        """Leave to moto the references to the resources that `by_moto` says it makes."""
        self._resolver = resolver
        self._by_moto = by_moto

    def resource(self, name: str) -> Json:
        """Return one resource for moto."""
        about = self._resolver.template["Resources"][name]
        return {"Type": about["Type"], "Properties": self._form(about.get("Properties", {}))}

    def _form(self, node: Any) -> Any:
        if isinstance(node, list):
            return [made for one in node if (made := self._form(one)) is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((key, of),) = node.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._function(key, of, node)
        return {key: made for key, one in node.items() if (made := self._form(one)) is not NOTHING}

    def _function(self, key: str, of: Any, node: Json) -> Any:
        if key == "Fn::If":
            return self._form(self._resolver.branch(of))
        if key == "Ref":
            return node if self._by_moto(of) else self._resolver.value(node)
        if key == "Fn::GetAtt":
            return node if self._has_attributes(of[0]) else self._resolver.value(node)
        if key == "Fn::Sub":
            return self._sub(of)
        if key in _MOTO_KNOWS:
            form = self._form(of)
            return {key: form} if _has_reference(form) else self._resolver.value(node)
        return self._resolver.value(node)

    def _sub(self, of: Any) -> Any:
        def keep(name: str) -> str:
            resource, *attribute = name.split(".", 1)
            left = self._has_attributes(resource) if attribute else self._by_moto(resource)
            return f"${{{name}}}" if left else str(self._resolver.reference(*name.split(".", 1)))

        text = self._resolver.substituted(of, keep, last=False)
        return {"Fn::Sub": text} if VARIABLE.search(text) else self._resolver.substituted(text, str)

    def _has_attributes(self, name: str) -> bool:
        kind = self._resolver.template["Resources"].get(name, {}).get("Type")
        return kind not in _WITHOUT_ATTRIBUTES and self._by_moto(name)


def _has_reference(node: Any) -> bool:
    if isinstance(node, list):
        return any(_has_reference(one) for one in node)
    if isinstance(node, dict):
        return any(key == "Ref" or key.startswith("Fn::") or _has_reference(one) for key, one in node.items())
    return False
