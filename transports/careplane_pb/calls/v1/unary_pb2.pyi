from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class UnaryCircumstances(_message.Message):
    __slots__ = ("token", "request_id", "idempotency_key", "chain")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    token: str
    request_id: str
    idempotency_key: str
    chain: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, token: _Optional[str] = ..., request_id: _Optional[str] = ..., idempotency_key: _Optional[str] = ..., chain: _Optional[_Iterable[str]] = ...) -> None: ...
