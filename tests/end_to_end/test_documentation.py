"""The API documentation: OpenAPI 3.1 for programs, a page for people, and both tell of everything there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.end_to_end.patients import registered, somebody
from tests.end_to_end.program import ROOT, generous_routes, run_careplane

DOCUMENTS = ("/api-docs", "/api-docs/patients", "/api-docs/auth")
COMPONENTS = dict(zip(DOCUMENTS, ("", "patient", "identity"), strict=True))
METHODS = {"get", "put", "post", "delete", "patch"}
# What the documentation does not describe: itself.
ITSELF = set(DOCUMENTS)


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest, stranger: httpx.Client) -> dict[str, Any]:
    """Give one of the documents, which anybody may read."""
    answer = stranger.get(request.param)
    assert answer.status_code == 200
    assert "json" in answer.headers["content-type"]
    body: dict[str, Any] = answer.json()
    return body


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def everything_in(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object in a document."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from everything_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from everything_in(inner)


def resolved(document: dict[str, Any], reference: str) -> object:
    """Return what a reference inside of the document stands for; raise KeyError where it leads nowhere."""
    assert reference.startswith("#/"), f"{reference} leads out of the document"
    found: Any = document
    for part in reference[2:].split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def test_a_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    """It has what the specification asks for, its references lead somewhere, and operation ids are unique."""
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"]
    assert document["info"]["version"]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for piece in everything_in(document):
        if isinstance(piece.get("$ref"), str):
            resolved(document, piece["$ref"])
    for path, method, operation in operations(document):
        assert path.startswith("/")
        assert method in METHODS
        assert operation["responses"], path
        assert operation["summary"]
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d|[1-5]XX|default", status)
            assert response["description"]


def test_path_parameters_are_declared(document: dict[str, Any]) -> None:
    """Each {name} in a path is a required parameter, once, and no other is; each parameter has a schema."""
    for path, method, operation in operations(document):
        parameters = operation.get("parameters", [])
        declared = sorted(p["name"] for p in parameters if p["in"] == "path")
        assert declared == sorted(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert all(p["required"] for p in parameters if p["in"] == "path")
        assert all("schema" in p for p in parameters)
        assert len({(p["name"], p["in"]) for p in parameters}) == len(parameters)


def has_example(document: dict[str, Any], content: dict[str, Any]) -> bool:
    """Tell whether a media type has an example, of its own or of its schema."""
    schema = content["schema"]
    if "$ref" in schema:
        found = resolved(document, schema["$ref"])
        assert isinstance(found, dict)
        schema = found
    return bool("example" in content or content.get("examples") or schema.get("examples"))


def test_problems_are_described_with_an_example(document: dict[str, Any]) -> None:
    """Every failure of a caller is told as a problem, and shown."""
    for path, _, operation in operations(document):
        failures = {status: r for status, r in operation["responses"].items() if status.startswith("4")}
        assert failures.keys() >= {"400", "429"}, path
        for status, response in failures.items():
            assert has_example(document, response["content"]["application/problem+json"]), (path, status)


def rows() -> Iterator[dict[str, Any]]:
    """Yield the rows of the route table."""
    yield from yaml.safe_load((ROOT / "config" / "gateway.yaml").read_text())["routes"]


def test_every_route_is_documented_and_nothing_else(stranger: httpx.Client) -> None:
    """The document of everything has exactly the rows of the route table, with who may call them."""
    document = stranger.get("/api-docs").json()
    documented = {(path, method.upper()): operation for path, method, operation in operations(document)}
    routes = {(row["path"], method): row for row in rows() for method in row["methods"] if row["path"] not in ITSELF}
    assert documented.keys() == routes.keys()
    for key, row in routes.items():
        wanted = [{"bearer": row.get("scopes", [])}] if row["access"] == "bearer" else []
        assert documented[key]["security"] == wanted, key
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_the_documents_of_parts_are_parts(stranger: httpx.Client) -> None:
    """Patients and sign-in have documents of their own, which hold their paths and no others."""
    patients = stranger.get("/api-docs/patients").json()["paths"]
    auth = stranger.get("/api-docs/auth").json()["paths"]
    paths = {name: {row["path"] for row in rows() if row["component"] == name} for name in ("identity", "patient")}
    assert set(patients) == paths["patient"] >= {"/api/patients", "/api/patients/{patient_id}"}
    assert set(auth) == paths["identity"] >= {"/auth/login", "/auth/token", "/api/users", "/.well-known/jwks.json"}


def test_answers_without_a_body_are_described_so(stranger: httpx.Client) -> None:
    """204 and 304 have no content, and there are some of both."""
    empty = [
        (status, response)
        for _, _, operation in operations(stranger.get("/api-docs").json())
        for status, response in operation["responses"].items()
        if status in {"204", "304"}
    ]
    assert {status for status, _ in empty} == {"204", "304"}
    assert not any("content" in response for _, response in empty)


def test_every_body_has_an_example(stranger: httpx.Client) -> None:
    """What is sent and what is answered is shown, not only described."""
    document = stranger.get("/api-docs").json()
    bare = [
        f"{method} {path} {place}"
        for path, method, operation in operations(document)
        for place, part in (("body", operation.get("requestBody", {})), *operation["responses"].items())
        if place == "body" or place.startswith("2")
        for content in part.get("content", {}).values()
        if not has_example(document, content)
    ]
    assert bare == []


def test_the_example_of_a_registration_registers(client: httpx.Client) -> None:
    """The example can be sent as it is (but for the e-mail, which is somebody's by now), and the answer fits too."""
    document = client.get("/api-docs/patients").json()
    operation = document["paths"]["/api/patients"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    answer = registered(client, **{**example, "email": somebody()["email"]})
    shown = operation["responses"]["201"]["content"]["application/json"]["example"]
    assert shown.keys() <= answer.keys()


def test_the_page_needs_nothing_from_elsewhere(stranger: httpx.Client) -> None:
    """No script, font, image or style from any other place, and a policy that would not let one load."""
    answer = stranger.get("/api-docs", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    assert not re.search(r"https?://|(?<!otpauth:)//[a-z]|url\(|@import|<script|<link|<img|<iframe", page)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for path in {row["path"] for row in rows()} - ITSELF:
        assert path in page, path


def test_the_page_links_into_itself(stranger: httpx.Client) -> None:
    """Its links lead to what is there."""
    page = stranger.get("/api-docs", headers={"Accept": "text/html"}).text
    for target in re.findall(r'href="([^"]+)"', page):
        if target.startswith("#"):
            assert f'id="{target[1:]}"' in page
        else:
            assert stranger.get(target).status_code == 200


@pytest.mark.parametrize(("path", "component"), COMPONENTS.items())
def test_what_is_exported_is_what_is_served(stranger: httpx.Client, tmp_path: Path, path: str, component: str) -> None:
    """With nothing running behind it, and to the letter."""
    routes = str(generous_routes(tmp_path))
    words = ("gateway", "export-openapi", "--component", component)
    exported = run_careplane(*words, CAREPLANE_HTTP_ROUTES_FILE=routes)
    assert exported.returncode == 0, exported.stderr
    assert json.loads(exported.stdout) == stranger.get(path).json()
