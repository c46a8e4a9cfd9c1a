"""`careplane gateway export-openapi`: complete, valid and fresh, or refused."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from careplane.app.commands.export_openapi import run_export_openapi
from careplane.app.settings import HttpSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.gateway.openapi_aws import ADDRESS_HEADER
from careplane.gateway.routes import default_routes_file

Export = Callable[..., str]
METHODS = {"get", "post", "put", "patch", "delete"}
INCLUDED = Path("config/aws/http-api.yaml")
KEYS = {
    "type": "http_proxy",
    "httpMethod": "ANY",
    "payloadFormatVersion": "1.0",
    "connectionType": "VPC_LINK",
    "connectionId": {"Ref": "VpcLink"},
    "uri": {"Ref": "HttpsListener"},
    "tlsConfig": {"serverNameToVerify": {"Ref": "DomainName"}},
    "requestParameters": {
        "overwrite:path": "$request.path",
        "overwrite:header.x-client-address": "$context.identity.sourceIp",
    },
}


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Export:
    """Give what the command prints."""

    def exported(routes: Path | None = None, *, component: str = "", aws: bool = False, as_yaml: bool = False) -> str:
        settings = Settings(http=HttpSettings(routes_file=routes))
        run_export_openapi(settings, component=component, aws=aws, as_yaml=as_yaml)
        return capsys.readouterr().out

    return exported


def table() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of the route table, read as they stand, by path and method."""
    rows = yaml.safe_load(default_routes_file().read_text())["routes"]
    return {(row["path"], method.lower()): row for row in rows for method in row["methods"]}


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what a document says, by path and method."""
    return {(path, method): said for path, inner in document["paths"].items() for method, said in inner.items()}


def integration(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Return where an operation leads."""
    reference = operation["x-amazon-apigateway-integration"]["$ref"]
    found: dict[str, Any] = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_the_file_that_the_template_includes_is_fresh(export: Export, pytestconfig: pytest.Config) -> None:
    """`make docs` makes it anew."""
    assert (pytestconfig.rootpath / INCLUDED).read_text() == export(aws=True, as_yaml=True)


def test_an_http_api_has_the_routes_of_the_table_and_no_other(export: Export) -> None:
    """Nor anything that catches what is left: a path that is not in the table does not exist there either."""
    document = msgspec.json.decode(export(aws=True))
    assert operations(document).keys() == table().keys()
    assert not [path for path in document["paths"] if "$default" in path or "+" in path]
    OpenAPIV30SpecValidator(document).validate()


def test_each_route_leads_to_the_gateway_alone(export: Export) -> None:
    """Through the VPC link, over TLS, in more time than the gateway takes and no more than an HTTP API has."""
    document = msgspec.json.decode(export(aws=True))
    for key, said in operations(document).items():
        led = integration(document, said)
        assert {name: value for name, value in led.items() if name != "timeoutInMillis"} == KEYS, key
        assert table()[key]["timeout"] * 1000 < led["timeoutInMillis"] <= 30_000, key
        declared = [parameter["name"] for parameter in said.get("parameters", ())]
        assert declared == re.findall(r"\{(\w+)\}", key[0])


def test_the_callers_address_comes_in_a_header_that_the_gateway_lets_through(export: Export) -> None:
    """And that can be said in the settings."""
    assert f"overwrite:header.{ADDRESS_HEADER}" in KEYS["requestParameters"]
    made = msgspec.convert({"address_header": ADDRESS_HEADER}, HttpSettings)
    assert made.address_header == ADDRESS_HEADER
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"address_header": "x-careplane-address"}, HttpSettings)


def test_the_whole_document_is_valid_and_has_all_but_itself(export: Export) -> None:
    """In both ways of writing it, which say the same."""
    document = msgspec.json.decode(export())
    OpenAPIV31SpecValidator(document).validate()
    assert operations(document).keys() == {key for key in table() if not key[0].startswith("/api-docs")}
    assert yaml.safe_load(export(as_yaml=True)) == document


def test_one_component_can_be_exported_alone(export: Export) -> None:
    """By its name, and only one that answers over HTTP."""
    own = {key for key, row in table().items() if row["component"] == "analytics"}
    assert operations(msgspec.json.decode(export(component="analytics"))).keys() == own
    with pytest.raises(SetupError, match=r"'billing'.* choose from analytics, gateway, identity, patient"):
        export(component="billing")
    with pytest.raises(SetupError, match="leave out --component, or --aws"):
        export(component="patient", aws=True)


@pytest.mark.parametrize(
    ("is_said", "too_much", "fault"),
    [
        ("timeout: 10, body_limit: 4096", "timeout: 28, body_limit: 4096", "timeout must be 27 or less"),
        ("body_limit: 16384", "body_limit: 20000000", "lower the body_limit"),
    ],
)
def test_what_an_http_api_cannot_keep_up_is_refused(
    export: Export, tmp_path: Path, is_said: str, too_much: str, fault: str
) -> None:
    """With the line of the table; the gateway itself may do so."""
    routes = tmp_path / "gateway.yaml"
    routes.write_text(default_routes_file().read_text().replace(is_said, too_much))
    with pytest.raises(SetupError, match=rf"(?s)could not keep up \d+ route.*gateway\.yaml:\d+: .*{fault}"):
        export(routes, aws=True)
    assert msgspec.json.decode(export(routes))["openapi"].startswith("3.1")


def test_mistakes_of_the_table_are_named(export: Export, tmp_path: Path) -> None:
    """Instead of a document that nothing could serve."""
    routes = tmp_path / "gateway.yaml"
    routes.write_text(default_routes_file().read_text().replace("path: /auth/validate", "path: /auth/valid"))
    with pytest.raises(SetupError, match="2 mistake"):
        export(routes)
