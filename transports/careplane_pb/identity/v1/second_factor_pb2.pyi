from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class EnrolSecondFactor(_message.Message):
    __slots__ = ("user_id", "password", "address")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    password: str
    address: str
    def __init__(self, user_id: _Optional[str] = ..., password: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class SecondFactorSecret(_message.Message):
    __slots__ = ("key", "uri")
    KEY_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    key: str
    uri: str
    def __init__(self, key: _Optional[str] = ..., uri: _Optional[str] = ...) -> None: ...

class ConfirmSecondFactor(_message.Message):
    __slots__ = ("user_id", "code", "address")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    code: str
    address: str
    def __init__(self, user_id: _Optional[str] = ..., code: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...

class RecoveryCodes(_message.Message):
    __slots__ = ("codes",)
    CODES_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, codes: _Optional[_Iterable[str]] = ...) -> None: ...

class RemoveSecondFactor(_message.Message):
    __slots__ = ("user_id", "password", "code", "address")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    password: str
    code: str
    address: str
    def __init__(self, user_id: _Optional[str] = ..., password: _Optional[str] = ..., code: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...
