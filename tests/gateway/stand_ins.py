"""Components to stand behind the gateway in its tests: they keep what they are told in a dictionary."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from careplane.components.analytics.api import (
    Demographics,
    GetDemographics,
    GetRegistrations,
    GetSummary,
    Registrations,
    Summary,
)
from careplane.components.identity.api import AddUser, KeySet, ListUsers, Login, PublicKey, Session, UserPage, UserView
from careplane.components.patient.api import (
    AmendPatient,
    ArchivePatient,
    GetHistory,
    GetPatient,
    GetVersion,
    ImportPatients,
    ImportReport,
    PatientAccount,
    PatientDocument,
    PatientHistory,
    PatientPage,
    PatientView,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
    SearchPatients,
    VersionSummary,
)
from careplane.kernel.context import Context, current
from careplane.kernel.errors import Gone, NotFound, StaleVersion, Unauthenticated
from careplane.kernel.message import Empty, Message

NOW = datetime(2025, 1, 15, 9, 30, tzinfo=UTC)


class Registry:
    """A registry that remembers what it was asked, in which context, and raises what `fault` holds."""

    def __init__(self) -> None:
        """Begin empty."""
        self.kept: dict[UUID, PatientView] = {}
        self.asked: list[tuple[Message, Context]] = []
        self.fault: Exception | None = None
        self.next_after: str | None = None

    async def register(self, request: RegisterPatient, /) -> PatientView:
        """Keep a patient under the id it came with."""
        self._note(request)
        return self._keep(_view(request.patient_id, 1, msgspec.structs.asdict(request)))

    async def get(self, request: GetPatient, /) -> PatientView:
        """Return one, unless archived."""
        self._note(request)
        found = self._found(request.patient_id)
        if found.archived:
            raise Gone
        return found

    async def document(self, request: GetPatient, /) -> PatientDocument:
        """Return a little FHIR."""
        found = await self.get(request)
        return PatientDocument(patient_id=found.id, version=found.version, document='{"resourceType":"Patient"}')

    async def replace(self, request: ReplacePatient, /) -> PatientView:
        """Keep the new fields."""
        return self._change(request, request.patient_id, request.expected_version, name=request.name)

    async def amend(self, request: AmendPatient, /) -> PatientView:
        """Keep the patch's name, if it has one."""
        changes = {k: v for k, v in msgspec.json.decode(request.patch).items() if k == "name"}
        return self._change(request, request.patient_id, request.expected_version, **changes)

    async def archive(self, request: ArchivePatient, /) -> PatientView:
        """Put one away."""
        return self._change(request, request.patient_id, request.expected_version, archived=True)

    async def restore(self, request: RestorePatient, /) -> PatientView:
        """Bring one back."""
        return self._change(request, request.patient_id, request.expected_version, archived=False)

    async def search(self, request: SearchPatients, /) -> PatientPage:
        """Return them all."""
        self._note(request)
        return PatientPage(patients=tuple(self.kept.values()), next_after=self.next_after)

    async def history(self, request: GetHistory, /) -> PatientHistory:
        """Return a history of one version."""
        self._note(request)
        self._found(request.patient_id)
        first = VersionSummary(version=1, at=NOW, by="user-1", change="registered")
        return PatientHistory(versions=(first,), next_before_version=1)

    async def version(self, request: GetVersion, /) -> PatientView:
        """Return the one there is, as if it were that version."""
        self._note(request)
        return msgspec.structs.replace(self._found(request.patient_id), version=request.version)

    async def billing_account(self, request: GetPatient, /) -> PatientAccount:
        """Say that it is on its way."""
        self._note(request)
        return PatientAccount(patient_id=self._found(request.patient_id).id, status="PENDING")

    async def import_patients(self, request: ImportPatients, /) -> ImportReport:
        """Import nothing."""
        self._note(request)
        return ImportReport()

    def _note(self, request: Message) -> None:
        self.asked.append((request, current()))
        if self.fault is not None:
            raise self.fault

    def _found(self, patient_id: UUID) -> PatientView:
        if patient_id not in self.kept:
            raise NotFound
        return self.kept[patient_id]

    def _change(self, request: Message, patient_id: UUID, expected: int | None, **changes: object) -> PatientView:
        self._note(request)
        found = self._found(patient_id)
        if expected not in (None, found.version):
            raise StaleVersion
        return self._keep(msgspec.structs.replace(found, version=found.version + 1, **changes))

    def _keep(self, view: PatientView) -> PatientView:
        self.kept[view.id] = view
        return view


def _view(patient_id: UUID, version: int, fields: dict[str, object]) -> PatientView:
    shown = {name: value for name, value in fields.items() if name in PatientView.__struct_fields__}
    shown |= {"id": patient_id, "version": version, "registered_date": NOW.date()}
    record = {"medical_record_number": "MRN-1", "archived": False, "created_at": NOW, "updated_at": NOW}
    return PatientView(**shown, **record, updated_by="user-1")  # type: ignore[arg-type]


class SignIn:
    """An identity component with one user."""

    def __init__(self) -> None:
        """Begin with nobody having signed in."""
        self.addresses: list[str | None] = []

    async def login(self, request: Login, /) -> Session:
        """Take one password."""
        self.addresses.append(request.address)
        if request.password != "right":
            raise Unauthenticated("The e-mail or the password is wrong.")
        return Session(token="admin", expires_in=900, refresh_token="cpr_next", refresh_expires_in=43_200)

    async def keys(self, request: Empty, /) -> KeySet:
        """Return a key."""
        return KeySet((PublicKey("k1", "EC", "P-256", "x", "y", "ES256", "sig"),))

    async def add_user(self, request: AddUser, /) -> UserView:
        """Say that it is done."""
        return UserView(request.user_id, request.email, request.roles, disabled=False, version=1, created_at=NOW)

    async def users(self, request: ListUsers, /) -> UserPage:
        """Return nobody."""
        return UserPage(())


class Counts:
    """An analytics component that has counted nothing."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.asked: list[Message] = []

    async def summary(self, request: GetSummary, /) -> Summary:
        """Return zeros."""
        zeros = dict.fromkeys(Summary.__struct_fields__, 0) | {"updated_at": None, "position": None}
        return Summary(**zeros)  # type: ignore[arg-type]

    async def registrations(self, request: GetRegistrations, /) -> Registrations:
        """Return no bucket."""
        self.asked.append(request)
        return Registrations(interval="day", date_from=NOW.date(), date_to=NOW.date(), total=0, buckets=())

    async def demographics(self, request: GetDemographics, /) -> Demographics:
        """Return nobody."""
        return Demographics(patients_active=0, by_gender=(), by_age_band=(), by_postal_area=())


def counted_ids() -> Iterator[UUID]:
    """Return UUIDs that count upwards, in the form of version 7."""
    return (UUID(int=0x01890A5D_0000_7000_8000_000000000000 + n) for n in itertools.count(1))
