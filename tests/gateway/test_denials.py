"""Refusals at the edge: each is noted before it is answered, and stands even where it cannot be noted."""

import asyncio
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tests.gateway.conftest import World
from tests.gateway.stand_ins import counted_ids

from careplane.components.identity.api import NoteDenial
from careplane.gateway.denials import noting
from careplane.kernel.context import Context, current
from careplane.kernel.errors import Unavailable
from careplane.kernel.message import Empty
from careplane.kernel.principal import component_principal

ADA = UUID(int=1)


class Notes:
    """Takes notes as identity does, in the context of the call."""

    def __init__(self) -> None:
        """Begin with none, and with nothing in the way."""
        self.taken: list[tuple[NoteDenial, Context]] = []
        self.fault: Exception | None = None

    async def take(self, request: NoteDenial) -> Empty:
        """Take one."""
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        self.taken.append((request, current()))
        return Empty()


@pytest.fixture
def notes(world: World, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Let the gateway note refusals."""
    notes, ids = Notes(), counted_ids()
    monkeypatch.setattr(world, "denied", noting(notes.take, lambda: next(ids)))
    return notes


@pytest.mark.parametrize(
    ("path", "template", "subject"),
    [
        ("/api/patients", "/api/patients", None),
        (f"/api/patients/{ADA}", "/api/patients/{patient_id}", ADA),
        (f"/api/patients/{ADA}/history/1", "/api/patients/{patient_id}/history/{version}", ADA),
        ("/api/patients/ada", "/api/patients/{patient_id}", None),
    ],
)
async def test_a_refusal_is_noted(world: World, notes: Notes, path: str, template: str, subject: UUID | None) -> None:
    """Who was refused what, about whom, for want of which scope; told by the gateway, under the request's own id."""
    answer = await world.client("analyst").get(path)
    assert answer.status_code == 403
    request, context = notes.taken[0]
    assert len(notes.taken) == 1
    assert (request.caller, request.method, request.path) == ("user-2", "GET", template)
    assert (request.scope, request.subject) == ("patients:read", subject)
    assert context.principal == component_principal("gateway", "audit:write")
    assert context.request_id == answer.headers["x-request-id"]
    assert context.deadline is not None


async def test_who_is_let_in_or_has_not_signed_in_leaves_no_note(world: World, notes: Notes) -> None:
    """The components note what they answer; strangers could fill any book."""
    assert (await world.client("admin").get("/api/patients")).status_code == 200
    assert (await world.client(token=None).get("/api/patients")).status_code == 401
    assert (await world.client("wrong").get("/api/patients")).status_code == 401
    assert (await world.client("analyst").get("/api/nothing")).status_code == 404
    assert notes.taken == []


@pytest.mark.parametrize("fault", [Unavailable(), RuntimeError("a fault of ours")])
async def test_a_refusal_stands_where_it_cannot_be_noted(world: World, notes: Notes, fault: Exception) -> None:
    """It is 403 all the same, and the log says that the note is missing."""
    notes.fault = fault
    with capture_logs() as logs:
        assert (await world.client("analyst").get("/api/patients")).status_code == 403
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a refusal could not be noted"]
