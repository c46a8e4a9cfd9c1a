"""The types in the page to read the API in: a table of the fields of each, and a link to it wherever it is meant."""

from html import escape
from typing import Any, Final

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"


def types(document: Schema) -> str:
    """Return the section about all types of an OpenAPI document."""
    schemas = sorted(document["components"]["schemas"].items())
    tables = "".join(_table(name, schema) for name, schema in schemas if schema.get("properties"))
    return f'<section id="Types"><h2>Types</h2>{tables}</section>'


def kind(schema: Schema) -> str:
    """Return in HTML what a schema takes: a link to its type, or a word or two; null is left out."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_REF))
        return f'<a href="#type-{name}">{name}</a>'
    several = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if several:
        return " or ".join(filter(None, (kind(inner) for inner in several)))
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    words = (schema.get("format"), schema.get("type"))
    return escape(next((word for word in words if isinstance(word, str) and word != "null"), ""))


def _table(name: str, schema: Schema) -> str:
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{kind(inner)}</td>"
        f"<td>{'required' if field in required else ''}</td><td>{escape(inner.get('description', ''))}</td></tr>"
        for field, inner in schema["properties"].items()
    )
    about = escape(schema.get("description", ""))
    return f'<h3 id="type-{escape(name)}">{escape(name)}</h3><p>{about}</p><table>{rows}</table>'
