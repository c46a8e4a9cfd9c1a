"""The OpenAPI 3.0 document that an HTTP API of API Gateway imports: it hands each route of the table on to the gateway.

What is not in the table has no route there either. Of what answers look like it says nothing, for HTTP APIs pass over
that. The names of resources are those of config/aws/platform.yaml; `Ref` is written out, as AWS::Include wants it.
"""

from importlib.metadata import version
from typing import Any, Final

from careplane.gateway.routes import Route, RouteTable
from careplane.gateway.yaml_reading import RouteFileError

Document = dict[str, Any]

ADDRESS_HEADER: Final = "x-client-address"
"""Where the gateway reads who is calling, for an HTTP API neither writes X-Forwarded-For nor lets us write it."""

_SECONDS_MAX: Final = 30.0
_BODY_MAX: Final = 10_000_000
_WAY: Final = 3.0  # so long the network may take, so that it is the gateway who says that the time is up
_ABOUT: Final = "Hands on to the gateway what is in its route table, and nothing else. GET /api-docs tells what it is."


def http_api(table: RouteTable) -> Document:
    """Return the document; raise RouteFileError for the routes that no HTTP API could keep up."""
    faults = tuple(fault for route in table.routes for fault in _faults(route))
    if faults:
        raise RouteFileError(faults)
    paths: Document = {}
    for route in table.routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    integrations = {_name(route): _integration(route) for route in table.routes}
    return {
        "openapi": "3.0.1",
        "info": {"title": "Careplane", "version": version("careplane"), "description": _ABOUT},
        "paths": paths,
        "components": {"x-amazon-apigateway-integrations": dict(sorted(integrations.items()))},
    }


def _faults(route: Route) -> list[str]:
    faults = []
    if route.timeout + _WAY > _SECONDS_MAX:
        faults.append(
            f"{route.where}: an HTTP API waits {_SECONDS_MAX:g} seconds, {_WAY:g} of them for the way: "
            f"the timeout must be {_SECONDS_MAX - _WAY:g} or less"
        )
    if route.body_limit > _BODY_MAX:
        faults.append(f"{route.where}: an HTTP API takes bodies of {_BODY_MAX} bytes at most: lower the body_limit")
    return faults


def _operation(route: Route) -> Document:
    variables = [segment[1:-1] for segment in route.path.split("/") if segment.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in variables]
    return {
        **({"parameters": parameters} if parameters else {}),
        "responses": {"default": {"description": "What the gateway answers."}},
        "x-amazon-apigateway-integration": {"$ref": f"#/components/x-amazon-apigateway-integrations/{_name(route)}"},
    }


def _name(route: Route) -> str:
    return f"within{_millis(route):05}ms"


def _millis(route: Route) -> int:
    return round((route.timeout + _WAY) * 1000)


def _integration(route: Route) -> Document:
    return {
        "type": "http_proxy",
        "httpMethod": "ANY",
        "connectionType": "VPC_LINK",
        "connectionId": {"Ref": "VpcLink"},
        "uri": {"Ref": "HttpsListener"},
        "tlsConfig": {"serverNameToVerify": {"Ref": "DomainName"}},
        "payloadFormatVersion": "1.0",
        "timeoutInMillis": _millis(route),
        "requestParameters": {
            "overwrite:path": "$request.path",
            f"overwrite:header.{ADDRESS_HEADER}": "$context.identity.sourceIp",
        },
    }
