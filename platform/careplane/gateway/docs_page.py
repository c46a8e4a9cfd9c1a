"""The page to read the API in: plain HTML made here, without a script, a font or an image from anywhere."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from careplane.gateway.docs_types import kind, types

Document = dict[str, Any]

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
nav a{display:inline-block;margin:0 1rem .3rem 0}section{border-top:1px solid #d0d7de;margin-top:1.5rem}
h3{font-size:1rem;margin:1.5rem 0 .3rem}
code,pre{font:13px/1.45 ui-monospace,monospace;background:#f3f5f7;border-radius:4px}
code{padding:.1em .3em}pre{padding:.8rem;overflow:auto}table{border-collapse:collapse}td,th{text-align:left;
padding:.2rem .8rem .2rem 0;vertical-align:top}.m{font-weight:700;display:inline-block;min-width:4.5rem}
@media (prefers-color-scheme:dark){body{color:#e6e9ec;background:#14181c}a{color:#7ab7ff}code,pre{background:#22272e}
section{border-color:#3a424b}}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest())
PAGE_POLICY: Final = (
    b"default-src 'none'; style-src 'sha256-"
    + _HASH
    + b"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(document: Document) -> str:
    """Return the page about an OpenAPI document."""
    info = document["info"]
    tags = sorted({tag for _, _, operation in _operations(document) for tag in operation.get("tags", ["Other"])})
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>",
            f"<p>{escape(info['description'])}</p>",
            '<p>For programs: <a href="/api-docs">/api-docs</a> as JSON, OpenAPI 3.1.</p><nav>',
            *(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in tags),
            '<a href="#Types">Types</a></nav>',
            *(_section(document, tag) for tag in tags),
            types(document),
            "</body></html>",
        )
    )


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            yield path, method, operation


def _section(document: Document, tag: str) -> str:
    own = [found for found in _operations(document) if tag in found[2].get("tags", ["Other"])]
    return f'<section id="{escape(tag)}"><h2>{escape(tag)}</h2>{"".join(_operation(*found) for found in own)}</section>'


def _operation(path: str, method: str, operation: Document) -> str:
    scopes = [scope for wanted in operation.get("security", []) for scope in wanted["bearer"]]
    access = ", ".join(["with a token", *scopes]) if operation.get("security") else "public"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return "".join(
        (
            f'<h3 id="{escape(operation["operationId"])}"><span class="m">{method.upper()}</span>',
            f"<code>{escape(path)}</code> {escape(operation.get('summary', ''))}</h3>",
            f"<p>{escape(operation.get('description', ''))} <em>({access})</em></p>",
            _parameters(operation.get("parameters", [])),
            _content("Body", body),
            _responses(operation["responses"]),
        )
    )


def _parameters(parameters: list[Document]) -> str:
    rows = (
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td>"
        f"<td>{escape(p.get('description', ''))}</td></tr>"
        for p in parameters
    )
    return f"<table>{''.join(rows)}</table>" if parameters else ""


def _responses(responses: Document) -> str:
    rows = (
        f"<tr><td><code>{escape(status)}</code></td><td>{escape(response['description'])}</td></tr>"
        for status, response in sorted(responses.items())
    )
    examples = (
        _content(f"Answer {status}, {media}", content)
        for status, response in responses.items()
        if status.startswith("2")
        for media, content in response.get("content", {}).items()
    )
    return f"{''.join(examples)}<details><summary>Statuses</summary><table>{''.join(rows)}</table></details>"


def _content(title: str, content: Document) -> str:
    if not content:
        return ""
    schema = content["schema"]
    shape = next((inner for inner in schema.get("allOf", ()) if "$ref" in inner), schema)
    example = json.dumps(content.get("example"), indent=2, ensure_ascii=False)
    return f"<p>{escape(title)}, {kind(shape)}:</p><pre>{escape(example)}</pre>"
