"""What the API documentation says of calls besides their signatures: examples, headers, and how they can fail."""

from dataclasses import replace
from typing import Final

from careplane.web.notes import Notes

JSON: Final = "application/json"
FHIR: Final = "application/fhir+json"
MERGE_PATCH: Final = "application/merge-patch+json"

SENT: Final = {
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "address": "12 St James's Square, London",
    "dateOfBirth": "1985-12-10",
    "registeredDate": "2025-01-15",
}
SHOWN: Final = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "medicalRecordNumber": "000000042-2",
    "version": 1,
    "archived": False,
    "restricted": False,
    **SENT,
    "createdAt": "2025-01-15T09:30:00Z",
    "updatedAt": "2025-01-15T09:30:00Z",
    "updatedBy": "01890a5d-0000-7000-8000-000000000001",
}
VERSIONS: Final = {
    "versions": [
        {"version": 2, "at": "2025-03-02T11:05:00Z", "by": SHOWN["updatedBy"], "change": "amended"},
        {"version": 1, "at": SHOWN["createdAt"], "by": SHOWN["updatedBy"], "change": "registered"},
    ],
    "nextBeforeVersion": None,
}
ACCOUNT: Final = {
    "patientId": SHOWN["id"],
    "status": "ACTIVE",
    "accountId": "01890a5d-ad02-7c11-9c1e-5d0f6b7a8c9d",
    "currency": "USD",
    "balanceMinor": 0,
}
ACCESS: Final = {"patientId": SHOWN["id"], "restricted": True, "careTeam": [SHOWN["updatedBy"]], "version": 3}
REASON: Final = "Unconscious in the emergency room, needs the list of her medication"
BROKEN: Final = {"patientId": SHOWN["id"], "until": "2025-03-02T11:35:00Z"}
GRANT: Final = {
    "id": "01890a5d-b111-7c11-9c1e-5d0f6b7a8c9d",
    **BROKEN,
    "userId": SHOWN["updatedBy"],
    "reason": REASON,
    "grantedAt": "2025-03-02T11:05:00Z",
    "requestId": "01890a5d-b10f-7c11-9c1e-5d0f6b7a8c9d",
}
RESOURCE: Final = {
    "resourceType": "Patient",
    "id": SHOWN["id"],
    "name": [{"use": "official", "text": SENT["name"]}],
    "telecom": [{"system": "email", "value": SENT["email"]}],
    "birthDate": SENT["dateOfBirth"],
    "address": [{"text": SENT["address"]}],
}

ARCHIVING: Final = Notes(headers=("If-Match", "Idempotency-Key"), fails=(409, 410, 412, 422))
CHANGING: Final = replace(ARCHIVING, gives=("ETag",), answer=SHOWN)
AMENDING: Final = replace(CHANGING, body={"phone": "+44 20 7946 0000"}, media=(MERGE_PATCH,))
REGISTERING: Final = Notes(
    headers=("Idempotency-Key",),
    required=("name", "email", "address", "dateOfBirth"),
    fails=(409, 422),
    body=SENT,
    answer=SHOWN,
    gives=("Location", "ETag"),
)
REPLACING: Final = replace(CHANGING, required=REGISTERING.required, body=SENT)
READING: Final = Notes(headers=("If-None-Match",), fails=(410,), gives=("ETag",), answers={JSON: SHOWN, FHIR: RESOURCE})
RESTRICTING: Final = Notes(
    headers=("If-Match", "Idempotency-Key"),
    fails=(409, 412, 422),
    body={"restricted": True, "careTeam": [SHOWN["updatedBy"]]},
    answer=ACCESS,
    gives=("ETag",),
)
BREAKING: Final = Notes(headers=("Idempotency-Key",), fails=(409, 422), body={"reason": REASON}, answer=BROKEN)
BREAKING_BY_NUMBER: Final = replace(BREAKING, fails=(404, 409, 422), body={"mrn": "000000042-2", "reason": REASON})
