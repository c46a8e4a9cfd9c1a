import datetime

from careplane_pb.common.v1 import audit_pb2 as _audit_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenAccounts(_message.Message):
    __slots__ = ("batch_id", "patient_ids")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_IDS_FIELD_NUMBER: _ClassVar[int]
    batch_id: str
    patient_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, batch_id: _Optional[str] = ..., patient_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class AccountView(_message.Message):
    __slots__ = ("account_id", "patient_id", "status", "currency", "balance_minor", "opened_at")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    patient_id: str
    status: str
    currency: str
    balance_minor: int
    opened_at: _timestamp_pb2.Timestamp
    def __init__(self, account_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., status: _Optional[str] = ..., currency: _Optional[str] = ..., balance_minor: _Optional[int] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OpenedAccounts(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[AccountView]
    def __init__(self, accounts: _Optional[_Iterable[_Union[AccountView, _Mapping]]] = ...) -> None: ...

class GetAccount(_message.Message):
    __slots__ = ("patient_id",)
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    def __init__(self, patient_id: _Optional[str] = ...) -> None: ...

class GetStatement(_message.Message):
    __slots__ = ("patient_id", "limit", "before")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    limit: int
    before: int
    def __init__(self, patient_id: _Optional[str] = ..., limit: _Optional[int] = ..., before: _Optional[int] = ...) -> None: ...

class EntryView(_message.Message):
    __slots__ = ("entry_id", "patient_id", "kind", "amount_minor", "currency", "description", "posted_at", "reverses")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    POSTED_AT_FIELD_NUMBER: _ClassVar[int]
    REVERSES_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    patient_id: str
    kind: str
    amount_minor: int
    currency: str
    description: str
    posted_at: _timestamp_pb2.Timestamp
    reverses: str
    def __init__(self, entry_id: _Optional[str] = ..., patient_id: _Optional[str] = ..., kind: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency: _Optional[str] = ..., description: _Optional[str] = ..., posted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reverses: _Optional[str] = ...) -> None: ...

class Statement(_message.Message):
    __slots__ = ("account", "entries", "next_before")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    account: AccountView
    entries: _containers.RepeatedCompositeFieldContainer[EntryView]
    next_before: int
    def __init__(self, account: _Optional[_Union[AccountView, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[EntryView, _Mapping]]] = ..., next_before: _Optional[int] = ...) -> None: ...

class PostCharge(_message.Message):
    __slots__ = ("patient_id", "entry_id", "amount_minor", "currency", "description")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    entry_id: str
    amount_minor: int
    currency: str
    description: str
    def __init__(self, patient_id: _Optional[str] = ..., entry_id: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class PostPayment(_message.Message):
    __slots__ = ("patient_id", "entry_id", "amount_minor", "currency", "description")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    entry_id: str
    amount_minor: int
    currency: str
    description: str
    def __init__(self, patient_id: _Optional[str] = ..., entry_id: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class ReverseEntry(_message.Message):
    __slots__ = ("patient_id", "entry_id", "reverses", "description")
    PATIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REVERSES_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    patient_id: str
    entry_id: str
    reverses: str
    description: str
    def __init__(self, patient_id: _Optional[str] = ..., entry_id: _Optional[str] = ..., reverses: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...
