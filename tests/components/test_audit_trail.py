"""The audit trail of every component, in each wiring: one question, one shape, and who was refused is in it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from tests.components.conftest import StartPlatform

from careplane.app.catalog import CATALOG
from careplane.app.host import Host
from careplane.components.audit import AUDIT_LIMIT_MAX, AUDIT_TRAIL, AuditPage, ListAudit, NoteDenial
from careplane.components.billing.api import BILLING, GetAccount
from careplane.components.identity.api import IDENTITY
from careplane.kernel.context import Context, Trace, using
from careplane.kernel.contract import Component, Kind
from careplane.kernel.errors import InvalidArgument, NotFound, PermissionDenied, Unauthenticated, Unavailable
from careplane.kernel.invoke import proxy
from careplane.kernel.principal import Principal, component_principal
from careplane.storage.audit_check import check_audit
from careplane.storage.database import Database

COMPONENTS: tuple[Component[Any], ...] = tuple(entry.component for entry in CATALOG)
AUDITOR = Context(principal=Principal(id="auditor", scopes=frozenset({"audit:read"})), request_id="r-2")
NURSE = Context(
    principal=Principal(id="nurse", scopes=frozenset({"billing:read"})), request_id="r-1", trace=Trace("ab" * 16)
)


async def rows(host: Host, component: Component[Any], **wanted: Any) -> AuditPage:
    """Ask as an auditor."""
    with using(AUDITOR):
        page: AuditPage = await proxy(component, host.calls).audit_trail(ListAudit(**wanted))
        return page


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_every_component_has_a_trail(component: Component[Any]) -> None:
    """A query for auditors, under one name and in one shape."""
    method = component.methods[AUDIT_TRAIL]
    assert (method.kind, method.scope) == (Kind.QUERY, "audit:read")
    assert (method.request, method.reply) == (ListAudit, AuditPage)


async def test_a_read_is_found_by_everything_that_is_known_of_it(platform: Host) -> None:
    """By whom it was about, who did it, what it was, and when."""
    patient = uuid4()
    with using(NURSE), pytest.raises(NotFound):
        await proxy(BILLING, platform.calls).account(GetAccount(patient_id=patient))
    for wanted in ({"subject": patient}, {"caller": "nurse"}, {"action": "billing/account"}):
        page = await rows(platform, BILLING, **wanted)
        assert not page.more
        (row,) = page.rows
        assert (row.component, row.caller, row.action, row.subject) == ("billing", "nurse", "billing/account", patient)
        assert (row.request_id, row.trace_id, row.outcome, row.detail) == ("r-1", "ab" * 16, "done", None)
    assert (await rows(platform, BILLING, until=row.at)).rows == ()
    assert row in (await rows(platform, BILLING, since=row.at)).rows


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
async def test_reading_the_trail_is_in_the_trail(platform: Host, component: Component[Any]) -> None:
    """Auditors are audited."""
    assert (await rows(platform, component)).rows == ()
    (row,) = (await rows(platform, component)).rows
    assert (row.caller, row.action, row.request_id) == ("auditor", f"{component.name}/audit_trail", "r-2")


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
async def test_who_is_refused_is_in_the_trail(platform: Host, component: Component[Any]) -> None:
    """Durable before the refusal goes out, with the scope that was missing; strangers are not."""
    interface = proxy(component, platform.calls)
    with using(Context(principal=Principal(id="nurse"))), pytest.raises(PermissionDenied):
        await interface.audit_trail(ListAudit())
    with using(Context()), pytest.raises(Unauthenticated):
        await interface.audit_trail(ListAudit())
    (row,) = (await rows(platform, component)).rows
    assert (row.caller, row.action, row.outcome) == ("nurse", f"{component.name}/audit_trail", "denied")
    assert msgspec.json.decode(row.detail or "") == {"outcome": "denied", "scope": "audit:read"}


async def test_a_refusal_is_about_whom_the_call_was(platform: Host) -> None:
    """The patient's id is the row's subject."""
    patient = uuid4()
    with using(Context(principal=Principal(id="thief"))), pytest.raises(PermissionDenied):
        await proxy(BILLING, platform.calls).account(GetAccount(patient_id=patient))
    (row,) = (await rows(platform, BILLING, subject=patient)).rows
    assert (row.caller, row.action, row.outcome) == ("thief", "billing/account", "denied")


async def test_a_refusal_that_cannot_be_noted_is_not_given(start_platform: StartPlatform) -> None:
    """Without its database a component says that it is away, and starts nothing."""
    async with start_platform() as host:
        await host.hosted["billing"].database.close()
        with using(Context(principal=Principal(id="thief"))), pytest.raises(Unavailable):
            await proxy(BILLING, host.calls).account(GetAccount(patient_id=uuid4()))


async def test_the_gateways_refusals_are_the_users(platform: Host) -> None:
    """The row's caller is the user who was refused, its request the user's; told once or twice, it is one row."""
    user, patient = str(uuid4()), uuid4()
    denial = NoteDenial(
        denial_id=uuid4(),
        caller=user,
        method="GET",
        path="/api/patients/{patient_id}",
        scope="patients:read",
        subject=patient,
    )
    gateway = Context(principal=component_principal("gateway", "audit:write"), request_id="r-3")
    with using(gateway):
        await proxy(IDENTITY, platform.calls).note_denial(denial)
    (row,) = (await rows(platform, IDENTITY, subject=patient)).rows
    assert (row.caller, row.action, row.outcome) == (user, "GET /api/patients/{patient_id}", "denied")
    assert (row.request_id, msgspec.json.decode(row.detail or "")["scope"]) == ("r-3", "patients:read")


async def test_no_user_can_note_refusals(platform: Host, as_tester: Context) -> None:
    """Nobody may put words into another's mouth."""
    with using(as_tester), pytest.raises(PermissionDenied):
        await proxy(IDENTITY, platform.calls).note_denial(
            NoteDenial(denial_id=uuid4(), caller="victim", method="GET", path="/", scope="x")
        )


async def test_pages_go_on_where_the_last_one_ended(platform: Host) -> None:
    """To the last row, which says that there are no more."""
    patients = [UUID(int=n) for n in range(1, 6)]
    with using(NURSE):
        for patient in patients:
            with pytest.raises(NotFound):
                await proxy(BILLING, platform.calls).account(GetAccount(patient_id=patient))
    shown: list[UUID | None] = []
    page = await rows(platform, BILLING, caller="nurse", limit=2)
    while True:
        shown += [row.subject for row in page.rows]
        if not page.more:
            break
        last = page.rows[-1]
        page = await rows(platform, BILLING, caller="nurse", limit=2, before_at=last.at, before_id=last.id)
    assert shown == patients[::-1]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": AUDIT_LIMIT_MAX + 1}, "limit"),
        ({"before_at": datetime(2025, 1, 1, tzinfo=UTC)}, "beforeId"),
        ({"before_id": 1}, "beforeId"),
        ({"caller": "a\0b"}, "caller"),
        ({"action": "\0"}, "action"),
        ({"since": datetime(2025, 1, 1)}, "since"),  # noqa: DTZ001 - that it has none is the point
        ({"until": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))}, "until"),
    ],
)
async def test_what_does_not_fit_is_refused(start_platform: StartPlatform, wanted: dict[str, Any], field: str) -> None:
    """Whoever asks, past the gateway too."""
    async with start_platform() as host:
        with pytest.raises(InvalidArgument) as refused:
            await rows(host, BILLING, **wanted)
        assert [fault.field for fault in refused.value.fields] == [field]


async def test_all_is_sealed_when_the_platform_has_stopped(start_platform: StartPlatform, database_url: str) -> None:
    """What was noted up to the end is in the chain, and the chain is intact."""
    async with start_platform() as host:
        for component in COMPONENTS:
            for _ in range(3):
                await rows(host, component)
    for component in COMPONENTS:
        database = await Database.open(database_url, component.name, size=1)
        report = await check_audit(database, component.name)
        await database.close()
        assert (report.rows, report.unsealed, report.findings) == (3, 0, [])
