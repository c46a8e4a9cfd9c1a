import datetime

from careplane_pb.common.v1 import audit_pb2 as _audit_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetSummary(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Summary(_message.Message):
    __slots__ = ("patients_total", "patients_active", "patients_archived", "registered_today", "registered_last_7_days", "registered_last_30_days", "updated_at", "events_counted", "events_set_aside", "position")
    PATIENTS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    PATIENTS_ACTIVE_FIELD_NUMBER: _ClassVar[int]
    PATIENTS_ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_TODAY_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_LAST_7_DAYS_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_LAST_30_DAYS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_COUNTED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_SET_ASIDE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    patients_total: int
    patients_active: int
    patients_archived: int
    registered_today: int
    registered_last_7_days: int
    registered_last_30_days: int
    updated_at: _timestamp_pb2.Timestamp
    events_counted: int
    events_set_aside: int
    position: str
    def __init__(self, patients_total: _Optional[int] = ..., patients_active: _Optional[int] = ..., patients_archived: _Optional[int] = ..., registered_today: _Optional[int] = ..., registered_last_7_days: _Optional[int] = ..., registered_last_30_days: _Optional[int] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., events_counted: _Optional[int] = ..., events_set_aside: _Optional[int] = ..., position: _Optional[str] = ...) -> None: ...

class GetRegistrations(_message.Message):
    __slots__ = ("interval", "date_from", "date_to")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    DATE_FROM_FIELD_NUMBER: _ClassVar[int]
    DATE_TO_FIELD_NUMBER: _ClassVar[int]
    interval: str
    date_from: str
    date_to: str
    def __init__(self, interval: _Optional[str] = ..., date_from: _Optional[str] = ..., date_to: _Optional[str] = ...) -> None: ...

class Bucket(_message.Message):
    __slots__ = ("start", "count")
    START_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    start: str
    count: int
    def __init__(self, start: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class Registrations(_message.Message):
    __slots__ = ("interval", "date_from", "date_to", "total", "buckets")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    DATE_FROM_FIELD_NUMBER: _ClassVar[int]
    DATE_TO_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    interval: str
    date_from: str
    date_to: str
    total: int
    buckets: _containers.RepeatedCompositeFieldContainer[Bucket]
    def __init__(self, interval: _Optional[str] = ..., date_from: _Optional[str] = ..., date_to: _Optional[str] = ..., total: _Optional[int] = ..., buckets: _Optional[_Iterable[_Union[Bucket, _Mapping]]] = ...) -> None: ...

class GetDemographics(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Share(_message.Message):
    __slots__ = ("value", "count")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    value: str
    count: int
    def __init__(self, value: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class Demographics(_message.Message):
    __slots__ = ("patients_active", "by_gender", "by_age_band", "by_postal_area")
    PATIENTS_ACTIVE_FIELD_NUMBER: _ClassVar[int]
    BY_GENDER_FIELD_NUMBER: _ClassVar[int]
    BY_AGE_BAND_FIELD_NUMBER: _ClassVar[int]
    BY_POSTAL_AREA_FIELD_NUMBER: _ClassVar[int]
    patients_active: int
    by_gender: _containers.RepeatedCompositeFieldContainer[Share]
    by_age_band: _containers.RepeatedCompositeFieldContainer[Share]
    by_postal_area: _containers.RepeatedCompositeFieldContainer[Share]
    def __init__(self, patients_active: _Optional[int] = ..., by_gender: _Optional[_Iterable[_Union[Share, _Mapping]]] = ..., by_age_band: _Optional[_Iterable[_Union[Share, _Mapping]]] = ..., by_postal_area: _Optional[_Iterable[_Union[Share, _Mapping]]] = ...) -> None: ...

class BeginRebuild(_message.Message):
    __slots__ = ("rebuild_id",)
    REBUILD_ID_FIELD_NUMBER: _ClassVar[int]
    rebuild_id: str
    def __init__(self, rebuild_id: _Optional[str] = ...) -> None: ...

class RebuildProgress(_message.Message):
    __slots__ = ("rebuild_id", "position", "events_counted", "events_set_aside", "events_expected")
    REBUILD_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_COUNTED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_SET_ASIDE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_EXPECTED_FIELD_NUMBER: _ClassVar[int]
    rebuild_id: str
    position: str
    events_counted: int
    events_set_aside: int
    events_expected: int
    def __init__(self, rebuild_id: _Optional[str] = ..., position: _Optional[str] = ..., events_counted: _Optional[int] = ..., events_set_aside: _Optional[int] = ..., events_expected: _Optional[int] = ...) -> None: ...

class ContinueRebuild(_message.Message):
    __slots__ = ("rebuild_id", "after")
    REBUILD_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    rebuild_id: str
    after: str
    def __init__(self, rebuild_id: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class FinishRebuild(_message.Message):
    __slots__ = ("rebuild_id",)
    REBUILD_ID_FIELD_NUMBER: _ClassVar[int]
    rebuild_id: str
    def __init__(self, rebuild_id: _Optional[str] = ...) -> None: ...

class Rebuilt(_message.Message):
    __slots__ = ("rebuild_id", "position", "events_counted", "events_set_aside", "rows_changed")
    REBUILD_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_COUNTED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_SET_ASIDE_FIELD_NUMBER: _ClassVar[int]
    ROWS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    rebuild_id: str
    position: str
    events_counted: int
    events_set_aside: int
    rows_changed: int
    def __init__(self, rebuild_id: _Optional[str] = ..., position: _Optional[str] = ..., events_counted: _Optional[int] = ..., events_set_aside: _Optional[int] = ..., rows_changed: _Optional[int] = ...) -> None: ...
