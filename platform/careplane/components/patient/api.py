"""The interface of the patient component: all that other components, the gateway and the application may import."""

from typing import Protocol

from careplane.components.audit import AuditPage, ListAudit
from careplane.components.events import EventsPage, ReadEvents
from careplane.components.patient.access.access_messages import (
    CARE_TEAM_MAX,
    BreakGlass,
    BreakGlassByNumber,
    BrokenGlass,
    GlassGrant,
    GlassPage,
    ListBrokenGlass,
    PatientAccess,
    RestrictPatient,
)
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
from careplane.components.patient.record.shapes import (
    Communication,
    ContactPoint,
    HumanName,
    Identifier,
    PatientContact,
    PatientLink,
    Period,
    PostalAddress,
)
from careplane.components.patient.transfer.export_messages import ExportedPatient, ExportPage, ExportPatients
from careplane.kernel.contract import Component, command, query

__all__ = [
    "CARE_TEAM_MAX",
    "LIMIT_MAX",
    "PATIENT",
    "SORTS",
    "AmendPatient",
    "ArchivePatient",
    "BreakGlass",
    "BreakGlassByNumber",
    "BrokenGlass",
    "Communication",
    "ContactPoint",
    "ExportPage",
    "ExportPatients",
    "ExportedPatient",
    "GetHistory",
    "GetPatient",
    "GetVersion",
    "GlassGrant",
    "GlassPage",
    "HumanName",
    "Identifier",
    "ImportOutcome",
    "ImportPatients",
    "ImportReport",
    "ImportedPatient",
    "ListBrokenGlass",
    "PatientAccess",
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
    "RestrictPatient",
    "SearchPatients",
    "VersionSummary",
]


class Patients(Protocol):
    """The patient registry."""

    @command(key="patient_id", scope="patients:write", creates=True)
    async def register(self, request: RegisterPatient, /) -> PatientView:
        """Register a patient; the billing account follows by itself."""
        ...

    @query(key="patient_id", scope="patients:read", record="patient_id")
    async def get(self, request: GetPatient, /) -> PatientView:
        """Return the patient; Gone when archived."""
        ...

    @query(key="patient_id", scope="patients:read", record="patient_id")
    async def document(self, request: GetPatient, /) -> PatientDocument:
        """Return the patient's complete FHIR R4 resource."""
        ...

    @command(key="patient_id", scope="patients:write", record="patient_id")
    async def replace(self, request: ReplacePatient, /) -> PatientView:
        """Replace the simple fields, and the optional ones that were sent."""
        ...

    @command(key="patient_id", scope="patients:write", record="patient_id")
    async def amend(self, request: AmendPatient, /) -> PatientView:
        """Apply a merge patch."""
        ...

    @command(key="patient_id", scope="patients:write", record="patient_id")
    async def archive(self, request: ArchivePatient, /) -> PatientView:
        """Put the record away, without destroying it."""
        ...

    @command(key="patient_id", scope="patients:write", record="patient_id")
    async def restore(self, request: RestorePatient, /) -> PatientView:
        """Bring an archived record back."""
        ...

    @query(key=None, scope="patients:read")
    async def search(self, request: SearchPatients, /) -> PatientPage:
        """Return a page of the patients that meet every condition."""
        ...

    @query(key="patient_id", scope="patients:read", record="patient_id")
    async def history(self, request: GetHistory, /) -> PatientHistory:
        """Return who changed the record and when, newest first."""
        ...

    @query(key="patient_id", scope="patients:read", record="patient_id")
    async def version(self, request: GetVersion, /) -> PatientView:
        """Return the patient as it was at one version."""
        ...

    @query(key="patient_id", scope="patients:read", record="patient_id")
    async def billing_account(self, request: GetPatient, /) -> PatientAccount:
        """Return the account opened at registration, or that it is on its way."""
        ...

    @query(key="patient_id", scope="patients:read", record="patient_id")
    async def access(self, request: GetPatient, /) -> PatientAccess:
        """Return who may open the record, archived or not."""
        ...

    @command(key="patient_id", scope="patients:restrict", record="patient_id")
    async def restrict(self, request: RestrictPatient, /) -> PatientAccess:
        """Say who may open the record; an emergency does not give the right to."""
        ...

    @command(key="patient_id", scope="patients:break-glass")
    async def break_glass(self, request: BreakGlass, /) -> BrokenGlass:
        """Open a restricted record to the caller for a while, loudly."""
        ...

    @command(key="mrn", scope="patients:break-glass")
    async def break_glass_by_number(self, request: BreakGlassByNumber, /) -> BrokenGlass:
        """Likewise, for who has only the medical record number."""
        ...

    @query(key=None, scope="audit:read")
    async def broken_glass(self, request: ListBrokenGlass, /) -> GlassPage:
        """Return a page of the emergency openings and their reasons, newest first."""
        ...

    @query(key=None, scope="patients:export")
    async def export(self, request: ExportPatients, /) -> ExportPage:
        """Return a page of complete records, those that are open to the caller."""
        ...

    @command(key="batch_id", scope="patients:import")
    async def import_patients(self, request: ImportPatients, /) -> ImportReport:
        """Import a batch of FHIR records, skipping those already known by a source identifier."""
        ...

    @query(scope="events:read")
    async def events(self, request: ReadEvents, /) -> EventsPage:
        """Return the next events of the registry's log; for components, which count or copy it anew."""
        ...

    @query(scope="audit:read")
    async def audit_trail(self, request: ListAudit, /) -> AuditPage:
        """Return a page of this component's audit, newest first."""
        ...


PATIENT = Component("patient", version=1, interface=Patients)
