"""From a template's properties to the arguments of a call: in the case and the types of botocore's model."""

from typing import Any

from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import ResponseParserError
from tests.cloud.deploy_document import Json
from tests.cloud.moto_cloud import Cloud

_SCALARS = {"integer": int, "long": int, "float": float, "double": float, "string": str}


def call(cloud: Cloud, name: str, operation: str, arguments: Json) -> Json:
    """Call an operation of the service `name`; botocore itself refuses arguments that the service would refuse."""
    client = cloud[name]
    method = client.meta.method_to_api_mapping[operation]
    shape = client.meta.service_model.operation_model(method).input_shape
    answer: Json = getattr(client, operation)(**shaped(arguments, shape, f"{name} {operation}"))
    return answer


def shaped(value: Any, shape: Shape, where: str) -> Any:
    """Return `value` as the model has it; a member that the model does not have is an error that names it."""
    if isinstance(shape, StructureShape):
        members = {member.casefold(): member for member in shape.members}
        made = {}
        for key, one in value.items():
            assert key.casefold() in members, f"{where} takes no {key}: name it otherwise, or say why it is left out."
            member = members[key.casefold()]
            made[member] = shaped(one, shape.members[member], f"{where}.{member}")
        return made
    if isinstance(shape, ListShape):
        return [shaped(one, shape.member, f"{where}[]") for one in value]
    if isinstance(shape, MapShape):
        return {key: shaped(one, shape.value, f"{where}.{key}") for key, one in value.items()}
    if shape.type_name == "boolean":
        return str(value).casefold() == "true"
    return _SCALARS.get(shape.type_name, lambda one: one)(value)


def without(properties: Json, *names: str) -> Json:
    """Return the properties but for some."""
    return {key: value for key, value in properties.items() if key not in names}


def renamed(properties: Json, **names: str) -> Json:
    """Return the properties with other names for some."""
    return {names.get(key, key): value for key, value in properties.items()}


def refused(cloud: Cloud, name: str, operation: str, arguments: Json) -> None:
    """Check arguments by botocore's model, and that moto has no such call: else the resource is to be made by it."""
    try:
        call(cloud, name, operation, arguments)
    except (ClientError, ResponseParserError):
        return
    raise AssertionError(f"moto has {name} {operation} now: make the resource by it, and describe it.")
