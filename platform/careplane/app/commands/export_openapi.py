"""`careplane gateway export-openapi`: write what the gateway serves, as OpenAPI, from the route table alone."""

from typing import Any

import msgspec
import yaml

from careplane.app.front import described_front
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say
from careplane.gateway.openapi_aws import http_api
from careplane.gateway.yaml_reading import RouteFileError

_MADE = "# Made by `careplane gateway export-openapi` from the route table: change that, and make this anew."


def run_export_openapi(settings: Settings, *, component: str, aws: bool, as_yaml: bool) -> None:
    """Print the document of a component, of them all for none, or the one that an HTTP API imports."""
    say(_written(_for_aws(settings, component) if aws else _of(settings, component), as_yaml=as_yaml))


def _of(settings: Settings, component: str) -> Any:  # noqa: ANN401 - a document
    _, documents = described_front(settings)
    if component not in documents:
        choices = ", ".join(sorted(filter(None, documents)))
        sentence = f"Nothing called {component!r} answers over HTTP: choose from {choices}."
        raise SetupError(sentence)
    return documents[component]


def _for_aws(settings: Settings, component: str) -> Any:  # noqa: ANN401 - a document
    if component:
        raise SetupError("An HTTP API leads to all components: leave out --component, or --aws.")
    table, _ = described_front(settings)
    try:
        return http_api(table)
    except RouteFileError as error:
        sentence = f"API Gateway could not keep up {len(error.faults)} route(s) of the table:\n{error}"
        raise SetupError(sentence) from error


def _written(document: Any, *, as_yaml: bool) -> str:  # noqa: ANN401 - a document
    written = msgspec.json.encode(document)  # as the gateway writes it
    if not as_yaml:
        return msgspec.json.format(written, indent=2).decode()
    text = yaml.safe_dump(msgspec.json.decode(written), sort_keys=False, allow_unicode=True, width=120)
    return f"{_MADE}\n{text}".rstrip("\n")
