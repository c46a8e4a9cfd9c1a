"""The interface of the patient component: all that other components, the gateway and the application may import."""

from typing import Protocol

from careplane.components.patient.messages import (
    LIMIT_MAX,
    SORTS,
    AmendPatient,
    ArchivePatient,
    GetHistory,
    GetPatient,
    GetVersion,
    ImportedPatient,
    ImportOutcome,
    ImportPatients,
    ImportReport,
    PatientAccount,
    PatientDocument,
    PatientFields,
    PatientHistory,
    PatientPage,
    PatientView,
    RegisterPatient,
    ReplacePatient,
    RestorePatient,
    SearchPatients,
    VersionSummary,
)
from careplane.components.patient.shapes import (
    Communication,
    ContactPoint,
    HumanName,
    Identifier,
    PatientContact,
    PatientLink,
    Period,
    PostalAddress,
)
from careplane.kernel.contract import Component, command, query

__all__ = [
    "LIMIT_MAX",
    "PATIENT",
    "SORTS",
    "AmendPatient",
    "ArchivePatient",
    "Communication",
    "ContactPoint",
    "GetHistory",
    "GetPatient",
    "GetVersion",
    "HumanName",
    "Identifier",
    "ImportOutcome",
    "ImportPatients",
    "ImportReport",
    "ImportedPatient",
    "PatientAccount",
    "PatientContact",
    "PatientDocument",
    "PatientFields",
    "PatientHistory",
    "PatientLink",
    "PatientPage",
    "PatientView",
    "Patients",
    "Period",
    "PostalAddress",
    "RegisterPatient",
    "ReplacePatient",
    "RestorePatient",
    "SearchPatients",
    "VersionSummary",
]


class Patients(Protocol):
    """The patient registry."""

    @command(key="patient_id", scope="patients:write", creates=True)
    async def register(self, request: RegisterPatient, /) -> PatientView:
        """Register a patient; the billing account follows by itself."""
        ...

    @query(key="patient_id", scope="patients:read")
    async def get(self, request: GetPatient, /) -> PatientView:
        """Return the patient; Gone when archived."""
        ...

    @query(key="patient_id", scope="patients:read")
    async def document(self, request: GetPatient, /) -> PatientDocument:
        """Return the patient's complete FHIR R4 resource."""
        ...

    @command(key="patient_id", scope="patients:write")
    async def replace(self, request: ReplacePatient, /) -> PatientView:
        """Replace the simple fields, and the optional ones that were sent."""
        ...

    @command(key="patient_id", scope="patients:write")
    async def amend(self, request: AmendPatient, /) -> PatientView:
        """Apply a merge patch."""
        ...

    @command(key="patient_id", scope="patients:write")
    async def archive(self, request: ArchivePatient, /) -> PatientView:
        """Put the record away, without destroying it."""
        ...

    @command(key="patient_id", scope="patients:write")
    async def restore(self, request: RestorePatient, /) -> PatientView:
        """Bring an archived record back."""
        ...

    @query(key=None, scope="patients:read")
    async def search(self, request: SearchPatients, /) -> PatientPage:
        """Return a page of the patients that meet every condition."""
        ...

    @query(key="patient_id", scope="patients:read")
    async def history(self, request: GetHistory, /) -> PatientHistory:
        """Return who changed the record and when, newest first."""
        ...

    @query(key="patient_id", scope="patients:read")
    async def version(self, request: GetVersion, /) -> PatientView:
        """Return the patient as it was at one version."""
        ...

    @query(key="patient_id", scope="patients:read")
    async def billing_account(self, request: GetPatient, /) -> PatientAccount:
        """Return the account opened at registration, or that it is on its way."""
        ...

    @command(key="batch_id", scope="patients:import")
    async def import_patients(self, request: ImportPatients, /) -> ImportReport:
        """Import a batch of FHIR records, skipping those already known by a source identifier."""
        ...


PATIENT = Component("patient", version=1, interface=Patients)
