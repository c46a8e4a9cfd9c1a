from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallBatch(_message.Message):
    __slots__ = ("tokens", "calls", "cancelled", "ping")
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    tokens: _containers.RepeatedScalarFieldContainer[str]
    calls: _containers.RepeatedCompositeFieldContainer[Call]
    cancelled: _containers.RepeatedScalarFieldContainer[int]
    ping: int
    def __init__(self, tokens: _Optional[_Iterable[str]] = ..., calls: _Optional[_Iterable[_Union[Call, _Mapping]]] = ..., cancelled: _Optional[_Iterable[int]] = ..., ping: _Optional[int] = ...) -> None: ...

class Call(_message.Message):
    __slots__ = ("id", "path", "request", "circumstances", "timeout_us", "more")
    ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    CIRCUMSTANCES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_US_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    id: int
    path: str
    request: bytes
    circumstances: Circumstances
    timeout_us: int
    more: bool
    def __init__(self, id: _Optional[int] = ..., path: _Optional[str] = ..., request: _Optional[bytes] = ..., circumstances: _Optional[_Union[Circumstances, _Mapping]] = ..., timeout_us: _Optional[int] = ..., more: _Optional[bool] = ...) -> None: ...

class Circumstances(_message.Message):
    __slots__ = ("token", "request_id", "traceparent", "idempotency_key", "chain")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    token: int
    request_id: str
    traceparent: str
    idempotency_key: str
    chain: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, token: _Optional[int] = ..., request_id: _Optional[str] = ..., traceparent: _Optional[str] = ..., idempotency_key: _Optional[str] = ..., chain: _Optional[_Iterable[str]] = ...) -> None: ...

class ReplyBatch(_message.Message):
    __slots__ = ("replies", "pong", "draining")
    REPLIES_FIELD_NUMBER: _ClassVar[int]
    PONG_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    replies: _containers.RepeatedCompositeFieldContainer[Reply]
    pong: int
    draining: bool
    def __init__(self, replies: _Optional[_Iterable[_Union[Reply, _Mapping]]] = ..., pong: _Optional[int] = ..., draining: _Optional[bool] = ...) -> None: ...

class Reply(_message.Message):
    __slots__ = ("id", "reply", "error", "more")
    ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    id: int
    reply: bytes
    error: Error
    more: bool
    def __init__(self, id: _Optional[int] = ..., reply: _Optional[bytes] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., more: _Optional[bool] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("code", "kind", "detail", "fields", "retry_after", "not_started")
    CODE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    NOT_STARTED_FIELD_NUMBER: _ClassVar[int]
    code: str
    kind: str
    detail: str
    fields: _containers.RepeatedCompositeFieldContainer[FieldError]
    retry_after: float
    not_started: bool
    def __init__(self, code: _Optional[str] = ..., kind: _Optional[str] = ..., detail: _Optional[str] = ..., fields: _Optional[_Iterable[_Union[FieldError, _Mapping]]] = ..., retry_after: _Optional[float] = ..., not_started: _Optional[bool] = ...) -> None: ...

class FieldError(_message.Message):
    __slots__ = ("field", "message")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    field: str
    message: str
    def __init__(self, field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
