"""The documentation is complete and true: every call with examples, and what it says is what is answered."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from tests.gateway.conftest import World, default_table

from careplane.gateway.problems import Problem

Operations = dict[tuple[str, str], dict[str, Any]]
NO_BODY = {
    ("POST", "/auth/logout"),
    ("POST", "/auth/logout/everywhere"),
    ("POST", "/api/patients/{patient_id}/restore"),
    ("POST", "/api/service-accounts/{user_id}/secret"),
}


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return the document about everything."""
    found: dict[str, Any] = (await client.get("/api-docs")).json()
    return found


@pytest.fixture
def operations(document: dict[str, Any]) -> Operations:
    """Return what it says of each method and path."""
    paths = document["paths"].items()
    return {(method.upper(), path): said for path, methods in paths for method, said in methods.items()}


def answers(said: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through the answers of an operation that have a body, with the status of each."""
    for status, response in said["responses"].items():
        for content in response.get("content", {}).values():
            yield status, content


def test_every_call_has_examples(operations: Operations) -> None:
    """Of what is sent, of what is answered, and of each problem."""
    table = {(route.method, route.path) for route in default_table().routes if not route.path.startswith("/api-docs")}
    assert operations.keys() == table
    for call, said in operations.items():
        for content in said.get("requestBody", {}).get("content", {}).values():
            assert content["example"], call
        if call[0] in {"POST", "PUT", "PATCH"} and call not in NO_BODY:
            assert "requestBody" in said, call
        for status, content in answers(said):
            assert "example" in content or "examples" in content or status == "503", (call, status)


def test_every_parameter_and_every_answer_is_explained(operations: Operations) -> None:
    """In words, and under names that a generated client can use."""
    for call, said in operations.items():
        assert said["summary"], call
        assert all(parameter.get("description") for parameter in said.get("parameters", ())), call
        assert all(response["description"] for response in said["responses"].values()), call
    names = [said["operationId"] for said in operations.values()]
    assert len(set(names)) == len(names)
    assert {"registerPatient", "getPatient", "login"} <= set(names)


def test_examples_of_problems_are_problems(document: dict[str, Any], operations: Operations) -> None:
    """Each of the status that it stands under, and none is referred to that is not there."""
    for said in operations.values():
        for status, content in answers(said):
            for example in content.get("examples", {}).values():
                value = document["components"]["examples"][example["$ref"].rpartition("/")[2]]["value"]
                assert msgspec.convert(value, Problem).status == int(status)


def test_a_probe_that_fails_is_described_as_what_it_is(operations: Operations) -> None:
    """Ready's 503 says what is not ready; it is no problem document."""
    refused = operations["GET", "/health/ready"]["responses"]["503"]
    assert refused["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Health"}


async def test_media_types_and_headers_are_those_that_come(world: World, operations: Operations) -> None:
    """As described, so answered."""
    client = world.client()
    sent = operations["POST", "/api/patients"]["requestBody"]["content"]["application/json"]["example"]
    made = await client.post("/api/patients", json=sent)
    described = operations["POST", "/api/patients"]["responses"]["201"]
    assert described["headers"].keys() == {"Location", "ETag"}
    assert all(name in made.headers for name in described["headers"])
    assert made.headers["content-type"] in described["content"]
    keys = await client.get("/.well-known/jwks.json")
    assert keys.headers["content-type"] in operations["GET", "/.well-known/jwks.json"]["responses"]["200"]["content"]
    read = operations["GET", "/api/patients/{patient_id}"]["responses"]["200"]
    assert read["content"].keys() == {"application/json", "application/fhir+json"}
    assert "content" not in operations["DELETE", "/api/patients/{patient_id}"]["responses"]["204"]


async def test_the_page_tells_scopes_and_fields(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    """What a call needs and takes can be read there, and every link leads somewhere."""
    text = (await client.get("/api-docs", headers={"Accept": "text/html"})).text
    assert "with a token, patients:write" in text
    assert "<code>deceasedAt</code>" in text
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'id="([^"]+)"', text))
    assert all(f'id="type-{name}"' in text for name in document["components"]["schemas"])
