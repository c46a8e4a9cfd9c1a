import datetime

from careplane_pb.common.v1 import audit_pb2 as _audit_pb2
from careplane_pb.common.v1 import events_pb2 as _events_pb2
from careplane_pb.patient.v1 import access_pb2 as _access_pb2
from careplane_pb.patient.v1 import export_pb2 as _export_pb2
from careplane_pb.patient.v1 import record_pb2 as _record_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterPatient(_message.Message):
    __slots__ = ("name", "email", "address", "date_of_birth", "registered_date", "gender", "phone", "identifiers", "names", "telecom", "addresses", "contacts", "communication", "links", "deceased", "deceased_at", "marital_status", "patient_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_BIRTH_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_DATE_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIERS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    TELECOM_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATION_FIELD_NUMBER: _ClassVar[int]
    LINKS_FIELD_NUMBER: _ClassVar[int]
    DECEASED_FIELD_NUMBER: _ClassVar[int]
    DECEASED_AT_FIELD_NUMBER: _ClassVar[int]
    MARITAL_STATUS_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    email: str
    address: str
    date_of_birth: str
    registered_date: str
    gender: str
    phone: str
    identifiers: _containers.RepeatedCompositeFieldContainer[_record_pb2.Identifier]
    names: _containers.RepeatedCompositeFieldContainer[_record_pb2.HumanName]
    telecom: _containers.RepeatedCompositeFieldContainer[_record_pb2.ContactPoint]
    addresses: _containers.RepeatedCompositeFieldContainer[_record_pb2.PostalAddress]
    contacts: _containers.RepeatedCompositeFieldContainer[_record_pb2.PatientContact]
    communication: _containers.RepeatedCompositeFieldContainer[_record_pb2.Communication]
    links: _containers.RepeatedCompositeFieldContainer[_record_pb2.PatientLink]
    deceased: bool
    deceased_at: str
    marital_status: str
    patient_id: str
    def __init__(self, name: _Optional[str] = ..., email: _Optional[str] = ..., address: _Optional[str] = ..., date_of_birth: _Optional[str] = ..., registered_date: _Optional[str] = ..., gender: _Optional[str] = ..., phone: _Optional[str] = ..., identifiers: _Optional[_Iterable[_Union[_record_pb2.Identifier, _Mapping]]] = ..., names: _Optional[_Iterable[_Union[_record_pb2.HumanName, _Mapping]]] = ..., telecom: _Optional[_Iterable[_Union[_record_pb2.ContactPoint, _Mapping]]] = ..., addresses: _Optional[_Iterable[_Union[_record_pb2.PostalAddress, _Mapping]]] = ..., contacts: _Optional[_Iterable[_Union[_record_pb2.PatientContact, _Mapping]]] = ..., communication: _Optional[_Iterable[_Union[_record_pb2.Communication, _Mapping]]] = ..., links: _Optional[_Iterable[_Union[_record_pb2.PatientLink, _Mapping]]] = ..., deceased: _Optional[bool] = ..., deceased_at: _Optional[str] = ..., marital_status: _Optional[str] = ..., patient_id: _Optional[str] = ...) -> None: ...

class PatientView(_message.Message):
    __slots__ = ("id", "medical_record_number", "version", "archived", "restricted", "name", "email", "address", "date_of_birth", "registered_date", "gender", "phone", "identifiers", "names", "telecom", "addresses", "contacts", "communication", "links", "deceased", "deceased_at", "marital_status", "created_at", "updated_at", "updated_by")
    ID_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_BIRTH_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_DATE_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIERS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    TELECOM_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATION_FIELD_NUMBER: _ClassVar[int]
    LINKS_FIELD_NUMBER: _ClassVar[int]
    DECEASED_FIELD_NUMBER: _ClassVar[int]
    DECEASED_AT_FIELD_NUMBER: _ClassVar[int]
    MARITAL_STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    id: str
    medical_record_number: str
    version: int
    archived: bool
    restricted: bool
    name: str
    email: str
    address: str
    date_of_birth: str
    registered_date: str
    gender: str
    phone: str
    identifiers: _containers.RepeatedCompositeFieldContainer[_record_pb2.Identifier]
    names: _containers.RepeatedCompositeFieldContainer[_record_pb2.HumanName]
    telecom: _containers.RepeatedCompositeFieldContainer[_record_pb2.ContactPoint]
    addresses: _containers.RepeatedCompositeFieldContainer[_record_pb2.PostalAddress]
    contacts: _containers.RepeatedCompositeFieldContainer[_record_pb2.PatientContact]
    communication: _containers.RepeatedCompositeFieldContainer[_record_pb2.Communication]
    links: _containers.RepeatedCompositeFieldContainer[_record_pb2.PatientLink]
    deceased: bool
    deceased_at: str
    marital_status: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    updated_by: str
    def __init__(self, id: _Optional[str] = ..., medical_record_number: _Optional[str] = ..., version: _Optional[int] = ..., archived: _Optional[bool] = ..., restricted: _Optional[bool] = ..., name: _Optional[str] = ..., email: _Optional[str] = ..., address: _Optional[str] = ..., date_of_birth: _Optional[str] = ..., registered_date: _Optional[str] = ..., gender: _Optional[str] = ..., phone: _Optional[str] = ..., identifiers: _Optional[_Iterable[_Union[_record_pb2.Identifier, _Mapping]]] = ..., names: _Optional[_Iterable[_Union[_record_pb2.HumanName, _Mapping]]] = ..., telecom: _Optional[_Iterable[_Union[_record_pb2.ContactPoint, _Mapping]]] = ..., addresses: _Optional[_Iterable[_Union[_record_pb2.PostalAddress, _Mapping]]] = ..., contacts: _Optional[_Iterable[_Union[_record_pb2.PatientContact, _Mapping]]] = ..., communication: _Optional[_Iterable[_Union[_record_pb2.Communication, _Mapping]]] = ..., links: _Optional[_Iterable[_Union[_record_pb2.PatientLink, _Mapping]]] = ..., deceased: _Optional[bool] = ..., deceased_at: _Optional[str] = ..., marital_status: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_by: _Optional[str] = ...) -> None: ...

class GetPatient(_message.Message):
    __slots__ = ("patient_id",)
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    def __init__(self, patient_id: _Optional[str] = ...) -> None: ...

class PatientDocument(_message.Message):
    __slots__ = ("patient_id", "version", "document")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    version: int
    document: str
    def __init__(self, patient_id: _Optional[str] = ..., version: _Optional[int] = ..., document: _Optional[str] = ...) -> None: ...

class ReplacePatient(_message.Message):
    __slots__ = ("name", "email", "address", "date_of_birth", "registered_date", "gender", "phone", "identifiers", "names", "telecom", "addresses", "contacts", "communication", "links", "deceased", "deceased_at", "marital_status", "patient_id", "expected_version", "cleared")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_BIRTH_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_DATE_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIERS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    TELECOM_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATION_FIELD_NUMBER: _ClassVar[int]
    LINKS_FIELD_NUMBER: _ClassVar[int]
    DECEASED_FIELD_NUMBER: _ClassVar[int]
    DECEASED_AT_FIELD_NUMBER: _ClassVar[int]
    MARITAL_STATUS_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLEARED_FIELD_NUMBER: _ClassVar[int]
    name: str
    email: str
    address: str
    date_of_birth: str
    registered_date: str
    gender: str
    phone: str
    identifiers: _containers.RepeatedCompositeFieldContainer[_record_pb2.Identifier]
    names: _containers.RepeatedCompositeFieldContainer[_record_pb2.HumanName]
    telecom: _containers.RepeatedCompositeFieldContainer[_record_pb2.ContactPoint]
    addresses: _containers.RepeatedCompositeFieldContainer[_record_pb2.PostalAddress]
    contacts: _containers.RepeatedCompositeFieldContainer[_record_pb2.PatientContact]
    communication: _containers.RepeatedCompositeFieldContainer[_record_pb2.Communication]
    links: _containers.RepeatedCompositeFieldContainer[_record_pb2.PatientLink]
    deceased: bool
    deceased_at: str
    marital_status: str
    patient_id: str
    expected_version: int
    cleared: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., email: _Optional[str] = ..., address: _Optional[str] = ..., date_of_birth: _Optional[str] = ..., registered_date: _Optional[str] = ..., gender: _Optional[str] = ..., phone: _Optional[str] = ..., identifiers: _Optional[_Iterable[_Union[_record_pb2.Identifier, _Mapping]]] = ..., names: _Optional[_Iterable[_Union[_record_pb2.HumanName, _Mapping]]] = ..., telecom: _Optional[_Iterable[_Union[_record_pb2.ContactPoint, _Mapping]]] = ..., addresses: _Optional[_Iterable[_Union[_record_pb2.PostalAddress, _Mapping]]] = ..., contacts: _Optional[_Iterable[_Union[_record_pb2.PatientContact, _Mapping]]] = ..., communication: _Optional[_Iterable[_Union[_record_pb2.Communication, _Mapping]]] = ..., links: _Optional[_Iterable[_Union[_record_pb2.PatientLink, _Mapping]]] = ..., deceased: _Optional[bool] = ..., deceased_at: _Optional[str] = ..., marital_status: _Optional[str] = ..., patient_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., cleared: _Optional[_Iterable[str]] = ...) -> None: ...

class AmendPatient(_message.Message):
    __slots__ = ("patient_id", "patch", "expected_version")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PATCH_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    patch: str
    expected_version: int
    def __init__(self, patient_id: _Optional[str] = ..., patch: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class ArchivePatient(_message.Message):
    __slots__ = ("patient_id", "expected_version")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    expected_version: int
    def __init__(self, patient_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class RestorePatient(_message.Message):
    __slots__ = ("patient_id", "expected_version")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    expected_version: int
    def __init__(self, patient_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class SearchPatients(_message.Message):
    __slots__ = ("limit", "after", "sort", "name", "email", "date_of_birth", "identifier", "q", "archived")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_BIRTH_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    Q_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    limit: int
    after: str
    sort: str
    name: str
    email: str
    date_of_birth: str
    identifier: str
    q: str
    archived: bool
    def __init__(self, limit: _Optional[int] = ..., after: _Optional[str] = ..., sort: _Optional[str] = ..., name: _Optional[str] = ..., email: _Optional[str] = ..., date_of_birth: _Optional[str] = ..., identifier: _Optional[str] = ..., q: _Optional[str] = ..., archived: _Optional[bool] = ...) -> None: ...

class PatientPage(_message.Message):
    __slots__ = ("patients", "next_after")
    PATIENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    patients: _containers.RepeatedCompositeFieldContainer[PatientView]
    next_after: str
    def __init__(self, patients: _Optional[_Iterable[_Union[PatientView, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...

class GetHistory(_message.Message):
    __slots__ = ("patient_id", "limit", "before_version")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_VERSION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    limit: int
    before_version: int
    def __init__(self, patient_id: _Optional[str] = ..., limit: _Optional[int] = ..., before_version: _Optional[int] = ...) -> None: ...

class VersionSummary(_message.Message):
    __slots__ = ("version", "at", "by", "change")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    version: int
    at: _timestamp_pb2.Timestamp
    by: str
    change: str
    def __init__(self, version: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., by: _Optional[str] = ..., change: _Optional[str] = ...) -> None: ...

class PatientHistory(_message.Message):
    __slots__ = ("versions", "next_before_version")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_BEFORE_VERSION_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[VersionSummary]
    next_before_version: int
    def __init__(self, versions: _Optional[_Iterable[_Union[VersionSummary, _Mapping]]] = ..., next_before_version: _Optional[int] = ...) -> None: ...

class GetVersion(_message.Message):
    __slots__ = ("patient_id", "version")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    version: int
    def __init__(self, patient_id: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class PatientAccount(_message.Message):
    __slots__ = ("patient_id", "status", "account_id", "currency", "balance_minor")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    status: str
    account_id: str
    currency: str
    balance_minor: int
    def __init__(self, patient_id: _Optional[str] = ..., status: _Optional[str] = ..., account_id: _Optional[str] = ..., currency: _Optional[str] = ..., balance_minor: _Optional[int] = ...) -> None: ...

class ImportedPatient(_message.Message):
    __slots__ = ("patient_id", "line", "document", "sources", "registered_date")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_DATE_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    line: int
    document: str
    sources: _containers.RepeatedScalarFieldContainer[str]
    registered_date: str
    def __init__(self, patient_id: _Optional[str] = ..., line: _Optional[int] = ..., document: _Optional[str] = ..., sources: _Optional[_Iterable[str]] = ..., registered_date: _Optional[str] = ...) -> None: ...

class ImportPatients(_message.Message):
    __slots__ = ("batch_id", "records")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    batch_id: str
    records: _containers.RepeatedCompositeFieldContainer[ImportedPatient]
    def __init__(self, batch_id: _Optional[str] = ..., records: _Optional[_Iterable[_Union[ImportedPatient, _Mapping]]] = ...) -> None: ...

class ImportOutcome(_message.Message):
    __slots__ = ("line", "status", "reason")
    LINE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    line: int
    status: str
    reason: str
    def __init__(self, line: _Optional[int] = ..., status: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ImportReport(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[ImportOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[ImportOutcome, _Mapping]]] = ...) -> None: ...
