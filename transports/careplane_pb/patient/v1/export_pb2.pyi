from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExportPatients(_message.Message):
    __slots__ = ("after", "limit", "archived")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    after: str
    limit: int
    archived: bool
    def __init__(self, after: _Optional[str] = ..., limit: _Optional[int] = ..., archived: _Optional[bool] = ...) -> None: ...

class ExportedPatient(_message.Message):
    __slots__ = ("patient_id", "medical_record_number", "archived", "restricted", "registered_date", "document")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    MEDICAL_RECORD_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_DATE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    medical_record_number: str
    archived: bool
    restricted: bool
    registered_date: str
    document: str
    def __init__(self, patient_id: _Optional[str] = ..., medical_record_number: _Optional[str] = ..., archived: _Optional[bool] = ..., restricted: _Optional[bool] = ..., registered_date: _Optional[str] = ..., document: _Optional[str] = ...) -> None: ...

class ExportPage(_message.Message):
    __slots__ = ("patients", "next_after", "total")
    PATIENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    patients: _containers.RepeatedCompositeFieldContainer[ExportedPatient]
    next_after: str
    total: int
    def __init__(self, patients: _Optional[_Iterable[_Union[ExportedPatient, _Mapping]]] = ..., next_after: _Optional[str] = ..., total: _Optional[int] = ...) -> None: ...
