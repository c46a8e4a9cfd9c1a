"""Users made up for the tests, and programs that sign in with a secret."""

from typing import Any

import httpx
from tests.end_to_end.patients import fresh_email, fresh_word

PASSWORD = "vier zufällige Wörter hier"
ANOTHER = "noch einmal vier andere"


def new_user(**changes: Any) -> dict[str, Any]:
    """Return the body that adds a clinician."""
    return {"email": fresh_email(), "password": PASSWORD, "roles": ["clinician"], **changes}


def added(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    """Add a user and return the answer's body."""
    answer = client.post("/api/users", json=new_user(**changes))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def program_account(client: httpx.Client, **changes: Any) -> tuple[str, str]:
    """Add the account of a program, and return its id and its secret."""
    answer = client.post("/api/service-accounts", json={"name": fresh_word(), "roles": ["analyst"], **changes})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    return body["clientId"], body["clientSecret"]


def token_answer(client: httpx.Client, credentials: tuple[str, str], **fields: str) -> httpx.Response:
    """Ask for a program's token by HTTP Basic."""
    return client.post("/auth/token", data={"grant_type": "client_credentials", **fields}, auth=credentials)
