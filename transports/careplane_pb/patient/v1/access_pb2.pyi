import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PatientAccess(_message.Message):
    __slots__ = ("patient_id", "restricted", "care_team", "version")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_FIELD_NUMBER: _ClassVar[int]
    CARE_TEAM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    restricted: bool
    care_team: _containers.RepeatedScalarFieldContainer[str]
    version: int
    def __init__(self, patient_id: _Optional[str] = ..., restricted: _Optional[bool] = ..., care_team: _Optional[_Iterable[str]] = ..., version: _Optional[int] = ...) -> None: ...

class RestrictPatient(_message.Message):
    __slots__ = ("patient_id", "restricted", "care_team", "expected_version")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_FIELD_NUMBER: _ClassVar[int]
    CARE_TEAM_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    restricted: bool
    care_team: _containers.RepeatedScalarFieldContainer[str]
    expected_version: int
    def __init__(self, patient_id: _Optional[str] = ..., restricted: _Optional[bool] = ..., care_team: _Optional[_Iterable[str]] = ..., expected_version: _Optional[int] = ...) -> None: ...

class BreakGlass(_message.Message):
    __slots__ = ("patient_id", "reason")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    reason: str
    def __init__(self, patient_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class BrokenGlass(_message.Message):
    __slots__ = ("patient_id", "until")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    until: _timestamp_pb2.Timestamp
    def __init__(self, patient_id: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BreakGlassByNumber(_message.Message):
    __slots__ = ("mrn", "reason")
    MRN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    mrn: str
    reason: str
    def __init__(self, mrn: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ListBrokenGlass(_message.Message):
    __slots__ = ("limit", "after")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    limit: int
    after: str
    def __init__(self, limit: _Optional[int] = ..., after: _Optional[str] = ...) -> None: ...

class GlassGrant(_message.Message):
    __slots__ = ("id", "patient_id", "user_id", "reason", "granted_at", "until", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRANTED_AT_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    patient_id: str
    user_id: str
    reason: str
    granted_at: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    request_id: str
    def __init__(self, id: _Optional[str] = ..., patient_id: _Optional[str] = ..., user_id: _Optional[str] = ..., reason: _Optional[str] = ..., granted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class GlassPage(_message.Message):
    __slots__ = ("grants", "next_after")
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    grants: _containers.RepeatedCompositeFieldContainer[GlassGrant]
    next_after: str
    def __init__(self, grants: _Optional[_Iterable[_Union[GlassGrant, _Mapping]]] = ..., next_after: _Optional[str] = ...) -> None: ...
