from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Period(_message.Message):
    __slots__ = ("start", "end")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    start: str
    end: str
    def __init__(self, start: _Optional[str] = ..., end: _Optional[str] = ...) -> None: ...

class Identifier(_message.Message):
    __slots__ = ("use", "system", "value", "type", "period")
    USE_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    use: str
    system: str
    value: str
    type: str
    period: Period
    def __init__(self, use: _Optional[str] = ..., system: _Optional[str] = ..., value: _Optional[str] = ..., type: _Optional[str] = ..., period: _Optional[_Union[Period, _Mapping]] = ...) -> None: ...

class HumanName(_message.Message):
    __slots__ = ("use", "text", "family", "given", "prefix", "suffix", "period")
    USE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    GIVEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SUFFIX_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    use: str
    text: str
    family: str
    given: _containers.RepeatedScalarFieldContainer[str]
    prefix: _containers.RepeatedScalarFieldContainer[str]
    suffix: _containers.RepeatedScalarFieldContainer[str]
    period: Period
    def __init__(self, use: _Optional[str] = ..., text: _Optional[str] = ..., family: _Optional[str] = ..., given: _Optional[_Iterable[str]] = ..., prefix: _Optional[_Iterable[str]] = ..., suffix: _Optional[_Iterable[str]] = ..., period: _Optional[_Union[Period, _Mapping]] = ...) -> None: ...

class ContactPoint(_message.Message):
    __slots__ = ("system", "value", "use", "rank", "period")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    system: str
    value: str
    use: str
    rank: int
    period: Period
    def __init__(self, system: _Optional[str] = ..., value: _Optional[str] = ..., use: _Optional[str] = ..., rank: _Optional[int] = ..., period: _Optional[_Union[Period, _Mapping]] = ...) -> None: ...

class PostalAddress(_message.Message):
    __slots__ = ("use", "type", "text", "line", "city", "district", "state", "postal_code", "country", "period")
    USE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    DISTRICT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    use: str
    type: str
    text: str
    line: _containers.RepeatedScalarFieldContainer[str]
    city: str
    district: str
    state: str
    postal_code: str
    country: str
    period: Period
    def __init__(self, use: _Optional[str] = ..., type: _Optional[str] = ..., text: _Optional[str] = ..., line: _Optional[_Iterable[str]] = ..., city: _Optional[str] = ..., district: _Optional[str] = ..., state: _Optional[str] = ..., postal_code: _Optional[str] = ..., country: _Optional[str] = ..., period: _Optional[_Union[Period, _Mapping]] = ...) -> None: ...

class PatientContact(_message.Message):
    __slots__ = ("relationship", "name", "telecom", "address", "gender", "period")
    RELATIONSHIP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TELECOM_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    relationship: _containers.RepeatedScalarFieldContainer[str]
    name: HumanName
    telecom: _containers.RepeatedCompositeFieldContainer[ContactPoint]
    address: PostalAddress
    gender: str
    period: Period
    def __init__(self, relationship: _Optional[_Iterable[str]] = ..., name: _Optional[_Union[HumanName, _Mapping]] = ..., telecom: _Optional[_Iterable[_Union[ContactPoint, _Mapping]]] = ..., address: _Optional[_Union[PostalAddress, _Mapping]] = ..., gender: _Optional[str] = ..., period: _Optional[_Union[Period, _Mapping]] = ...) -> None: ...

class Communication(_message.Message):
    __slots__ = ("language", "preferred")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_FIELD_NUMBER: _ClassVar[int]
    language: str
    preferred: bool
    def __init__(self, language: _Optional[str] = ..., preferred: _Optional[bool] = ...) -> None: ...

class PatientLink(_message.Message):
    __slots__ = ("other", "type")
    OTHER_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    other: str
    type: str
    def __init__(self, other: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...
