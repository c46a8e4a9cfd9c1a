"""A template as CloudFormation reads it: short forms written out, and what AWS::Include names put in its place."""

from pathlib import Path
from typing import Any, cast

import yaml

Json = dict[str, Any]


class _Reader(yaml.SafeLoader):
    """YAML with CloudFormation's tags, and dates left as they are written."""


def _written_out(reader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Json:
    if isinstance(node, yaml.ScalarNode):
        value: Any = reader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = reader.construct_sequence(node, deep=True)
    else:
        value = reader.construct_mapping(cast("yaml.MappingNode", node), deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Reader.add_multi_constructor("!", _written_out)


def document(path: Path) -> Json:
    """Read the template at `path`."""
    return cast("Json", _included(_long(_read(path)), path.parent))


def _read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), _Reader)  # noqa: S506 - a kind of SafeLoader


def _long(node: Any) -> Any:
    """Write `Fn::GetAtt: A.B` as the list that it is: moto understands only that."""
    if isinstance(node, list):
        return [_long(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.split(".", 1) if key == "Fn::GetAtt" and isinstance(value, str) else _long(value)
        for key, value in node.items()
    }


def _included(node: Any, folder: Path) -> Any:
    if isinstance(node, list):
        return [_included(one, folder) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _included(value, folder) for key, value in node.items() if key != "Fn::Transform"}
    if transform := node.get("Fn::Transform"):
        assert transform["Name"] == "AWS::Include", f"The tests do not know the transform {transform['Name']}."
        made |= _included(_long(_read(folder / transform["Parameters"]["Location"])), folder)
    return made
