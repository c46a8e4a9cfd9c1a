import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventRecord(_message.Message):
    __slots__ = ("patient_id", "name", "email", "event_type", "id", "type", "source", "version", "time", "patient_changed", "account_opened")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    PATIENT_CHANGED_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_OPENED_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    name: str
    email: str
    event_type: str
    id: str
    type: str
    source: str
    version: int
    time: _timestamp_pb2.Timestamp
    patient_changed: PatientEventBody
    account_opened: AccountOpened
    def __init__(self, patient_id: _Optional[str] = ..., name: _Optional[str] = ..., email: _Optional[str] = ..., event_type: _Optional[str] = ..., id: _Optional[str] = ..., type: _Optional[str] = ..., source: _Optional[str] = ..., version: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., patient_changed: _Optional[_Union[PatientEventBody, _Mapping]] = ..., account_opened: _Optional[_Union[AccountOpened, _Mapping]] = ...) -> None: ...

class PatientEventBody(_message.Message):
    __slots__ = ("patient_id", "version", "at", "change", "birth_year", "gender", "postal_area", "registered_date", "archived")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    BIRTH_YEAR_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    POSTAL_AREA_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_DATE_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    version: int
    at: _timestamp_pb2.Timestamp
    change: str
    birth_year: int
    gender: str
    postal_area: str
    registered_date: str
    archived: bool
    def __init__(self, patient_id: _Optional[str] = ..., version: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., change: _Optional[str] = ..., birth_year: _Optional[int] = ..., gender: _Optional[str] = ..., postal_area: _Optional[str] = ..., registered_date: _Optional[str] = ..., archived: _Optional[bool] = ...) -> None: ...

class AccountOpened(_message.Message):
    __slots__ = ("account_id", "patient_id", "currency", "at")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    patient_id: str
    currency: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, account_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., currency: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
