"""Schemathesis against the running gateway: every route does what its documentation says, alone and in sequences."""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.program import DEMO_EMAIL, DEMO_PASSWORD, Program

HERE = Path(__file__).parent
SECONDS = int(os.environ.get("CAREPLANE_FUZZ_SECONDS", "20"))
SEED = int(os.environ.get("CAREPLANE_FUZZ_SEED", str(random.randrange(2**32))))
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
DOCUMENTS = ("/api-docs", "/api-docs/patients", "/api-docs/auth")


def schemathesis(url: str, folder: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Test what the document at `url` promises, and return what was found."""
    sys.stdout.write(f"seed {SEED}; the same again by CAREPLANE_FUZZ_SEED={SEED}\n")
    tool, settings_file = str(Path(sys.executable).parent / "schemathesis"), str(HERE / "schemathesis.toml")
    command = (tool, "--no-color", "--config-file", settings_file, "run", url, "--seed", str(SEED))
    return subprocess.run(
        [*command, "--continue-on-failure", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS + 240,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HERE), **settings},
    )


def operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the routes of a document."""
    return {(method, path) for path, item in document["paths"].items() for method in item.keys() & METHODS}


@pytest.mark.timeout(SECONDS + 300)
def test_every_route_does_what_its_documentation_says(start_program: StartProgram, tmp_path: Path) -> None:
    """No 5xx, no undocumented status, media types, headers and bodies as described, no way around signing in."""
    program = start_program(CAREPLANE_IDENTITY_TOKEN_TTL_S="7200")
    me = httpx.get(f"{program.url}/auth/validate", headers=program.sign_in(), timeout=10).json()["userId"]
    every = operations(httpx.get(f"{program.url}/api-docs", timeout=10).json())
    for seconds in (
        SECONDS,
        SECONDS + 60,
    ):  # on a busy machine the first may not come to all
        said = schemathesis(
            f"{program.url}/api-docs",
            tmp_path,
            *("--url", program.url, "--max-time", str(seconds), "--report-json-path", str(tmp_path / "report.json")),
            SCHEMATHESIS_HOOKS="schemathesis_signing_in",
            CAREPLANE_FUZZ_URL=program.url,
            CAREPLANE_FUZZ_EMAIL=DEMO_EMAIL,
            CAREPLANE_FUZZ_PASSWORD=DEMO_PASSWORD,
            CAREPLANE_FUZZ_USER=me,
        )
        assert said.returncode == 0, f"seed {SEED}\n{said.stdout[-20_000:]}\n{said.stderr[-4000:]}"
        if f"Tested: {len(every)}" in said.stdout:
            break
    assert f"Selected: {len(every)}/{len(every)}" in said.stdout
    assert f"Tested: {len(every)}" in said.stdout
    assert "Stateful" in said.stdout
    assert '"level":"error"' not in program.said(), "something unexpected went wrong inside, see its log"
    assert program.sign_in(), "the user who asked can still sign in"


def test_the_whole_documentation_is_what_is_tested(program: Program) -> None:
    """Every route that any document describes is in the one that is tested from."""
    whole, *others = [operations(httpx.get(f"{program.url}{path}", timeout=10).json()) for path in DOCUMENTS]
    assert all(one and one <= whole for one in others)


PROMISED: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Promises", "version": "1"},
    "paths": {
        "/thing": {
            "get": {
                "responses": {
                    "200": {
                        "description": "A thing.",
                        "content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}},
                    }
                }
            }
        }
    },
}


@contextmanager
def server(status: int, media: str, body: str) -> Iterator[str]:
    """Run a server that makes promises and answers everything else in one way."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = self.path == "/openapi.json"
            content = (json.dumps(PROMISED) if document else body).encode()
            self.send_response(200 if document else status)
            self.send_header("Content-Type", "application/json" if document else media)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.mark.parametrize(
    ("status", "media", "body", "found"),
    [
        (200, "application/json", '{"id": 1}', None),
        (500, "application/json", '{"id": 1}', "Server error"),
        (202, "application/json", '{"id": 1}', "Undocumented status code"),
        (200, "text/plain", '{"id": 1}', "Undocumented Content-Type"),
        (200, "application/json", "{}", "Response violates schema"),
    ],
)
def test_a_broken_promise_is_found(tmp_path: Path, status: int, media: str, body: str, found: str | None) -> None:
    """Each fault that the routes must not have is found in a server that has it, and none in one that has none."""
    with server(status, media, body) as url:
        options = ("--max-examples", "2", "--phases", "fuzzing")
        said = schemathesis(f"{url}/openapi.json", tmp_path, *options)
    assert (said.returncode == 0) is (found is None), said.stdout + said.stderr
    assert found is None or found in said.stdout, said.stdout
