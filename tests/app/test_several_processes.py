"""Several processes of the same components on one database: each sees at once what another has done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from tests.components.patient.registry import ann, until
from uuid_utils.compat import uuid7

from careplane.app.catalog import CATALOG, NAMES
from careplane.app.host import Host
from careplane.app.settings import Settings
from careplane.components.analytics.api import ANALYTICS, GetSummary, Summary
from careplane.components.identity.api import IDENTITY, AddUser, ChangeUser, Follow, Login
from careplane.components.identity.settings import IdentitySettings
from careplane.components.patient.api import PATIENT, AmendPatient, GetPatient, PatientView, SearchPatients
from careplane.kernel.context import Context, using
from careplane.kernel.errors import PlatformError, ResourceExhausted, Unauthenticated
from careplane.kernel.invoke import proxy
from careplane.kernel.principal import Principal
from careplane.storage.audit_check import check_audit

EVERYTHING = frozenset(
    {"patients:read", "patients:write", "analytics:read", "users:write", "identity:follow", "billing:read"}
)
SOMEBODY = Context(principal=Principal(id="tester", scopes=EVERYTHING), request_id="test")
EMAIL, PASSWORD = "ana@clinic.example", "purple otters climb ladders"


@pytest.fixture
async def hosts(database_url: str, tmp_path: Path) -> AsyncIterator[list[Host]]:
    """Give two hosts of everything, as in two processes, with one database and one folder of keys."""
    identity = IdentitySettings(
        production=False, data_dir=tmp_path, argon2_time_cost=1, argon2_memory_kib=8, argon2_parallelism=1
    )
    async with AsyncExitStack() as stack:
        running = []
        for _ in range(2):
            host = Host(Settings(identity=identity), dict.fromkeys(NAMES, database_url))
            stack.push_async_callback(host.stop)
            await host.start(CATALOG)
            running.append(host)
        stack.enter_context(using(SOMEBODY))
        yield running


async def test_a_patient_is_found_through_another_process_at_once(hosts: list[Host]) -> None:
    """By a word of the name with a letter wrong: the dictionary is in the database, and the words of both are in it."""
    one, other = (proxy(PATIENT, host.calls) for host in hosts)
    for registry, found_by, name, misspelt in (
        (one, other, "Zoë Müller-Østergård", "Mulelr"),
        (other, one, "Quentin Vandersloot", "Vandesrloot"),
    ):
        made = await registry.register(ann(name=name, email=f"{misspelt}@example.org"))
        page = await found_by.search(SearchPatients(q=misspelt))
        assert [patient.id for patient in page.patients] == [made.id]


async def test_events_of_both_are_counted_once(hosts: list[Host]) -> None:
    """Whoever leads the relay; and soon, whoever that is."""
    registries = [proxy(PATIENT, host.calls) for host in hosts]
    requests = [ann(name=f"Ann {number}", email=f"{number}@example.org") for number in range(60)]
    await asyncio.gather(*(registries[number % 2].register(request) for number, request in enumerate(requests)))
    counts = [proxy(ANALYTICS, host.calls) for host in hosts]

    async def all_counted() -> list[Summary] | None:
        summaries = [await analytics.summary(GetSummary()) for analytics in counts]
        return summaries if all(summary.patients_total == len(requests) for summary in summaries) else None

    for summary in await until(all_counted):
        assert summary.events_counted == len(requests)


async def test_one_key_is_one_registration_wherever_it_arrives(hosts: list[Host]) -> None:
    """Both processes get the same call at the same time: one registers, both give its answer, or one says to wait."""
    registries = [proxy(PATIENT, host.calls) for host in hosts]
    request = ann()
    with using(msgspec.structs.replace(SOMEBODY, idempotency_key="once")):
        answers = await asyncio.gather(*(r.register(request) for r in registries * 3), return_exceptions=True)
        again = [await registry.register(request) for registry in registries]
    made = {answer.id for answer in answers if isinstance(answer, PatientView)} | {answer.id for answer in again}
    assert len(made) == 1
    refused = [answer for answer in answers if not isinstance(answer, PatientView)]
    assert all(isinstance(error, PlatformError) and error.retryable for error in refused)


async def test_changes_of_one_record_through_both_leave_no_gap(hosts: list[Host]) -> None:
    """One is decided on what the other made, or is told to try again; none is lost."""
    registries = [proxy(PATIENT, host.calls) for host in hosts]
    patient = await registries[0].register(ann())
    changes = [AmendPatient(patient_id=patient.id, patch=f'{{"phone": "{number}"}}') for number in range(20)]
    answers = await asyncio.gather(
        *(registries[number % 2].amend(change) for number, change in enumerate(changes)), return_exceptions=True
    )
    done = [answer.version for answer in answers if isinstance(answer, PatientView)]
    refused = [answer for answer in answers if not isinstance(answer, PatientView)]
    assert all(isinstance(error, PlatformError) and error.retryable for error in refused)
    assert sorted(done) == list(range(2, 2 + len(done)))
    for registry in registries:
        assert (await registry.get(GetPatient(patient_id=patient.id))).version == 1 + len(done)


async def test_a_guesser_has_no_more_tries_with_two_processes(hosts: list[Host]) -> None:
    """The tries of an address are counted in the database, whichever process is asked."""
    identities = [proxy(IDENTITY, host.calls) for host in hosts]
    wrong = Login(email=EMAIL, password="not this one", address="198.51.100.7")
    answers = [
        (await asyncio.gather(identities[number % 2].login(wrong), return_exceptions=True))[0] for number in range(24)
    ]
    assert [type(answer) for answer in answers] == [Unauthenticated] * 20 + [ResourceExhausted] * 4


async def test_whom_one_keeps_out_the_other_does_not_let_in(hosts: list[Host]) -> None:
    """Tokens of either are signed with the same key, and what one calls back the other tells gateways of."""
    one, other = (proxy(IDENTITY, host.calls) for host in hosts)
    user = await one.add_user(AddUser(user_id=uuid7(), email=EMAIL, password=PASSWORD, roles=("clinician",)))
    await other.login(Login(email=EMAIL, password=PASSWORD))
    before = await other.follow(Follow())
    assert before.keys == (await one.follow(Follow())).keys
    await one.change_user(ChangeUser(user_id=user.id, disabled=True))
    called_back = (await other.follow(Follow(before.position))).revocations
    assert str(user.id) in {revocation.subject for revocation in called_back}
    with pytest.raises(Unauthenticated):
        await other.login(Login(email=EMAIL, password=PASSWORD))


async def test_two_sealers_make_one_chain(hosts: list[Host]) -> None:
    """Both write audit rows and seal them; the chain holds."""
    registries = [proxy(PATIENT, host.calls) for host in hosts]
    for number in range(10):
        await registries[number % 2].register(ann(name=f"Ann {number}", email=f"{number}@example.org"))
    sealers = [host.hosted[PATIENT.name].sealer for host in hosts]
    await asyncio.gather(*(sealer.finish() for sealer in sealers for _ in range(3)))
    report = await check_audit(hosts[0].hosted[PATIENT.name].database, PATIENT.name)
    assert (report.findings, report.unsealed) == ([], 0)
    assert report.rows >= 10
