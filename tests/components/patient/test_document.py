"""The document keeps everything: any FHIR JSON comes back as it went in, to the last digit."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.components.patient.record.document import DEPTH_MAX, canonical, decode, encode
from careplane.components.patient.record.merge_patch import merge
from careplane.kernel.errors import InvalidArgument

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=7)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | decimals | texts
values = st.recursive(leaves, lambda v: st.lists(v, max_size=4) | st.dictionaries(texts, v, max_size=4), max_leaves=20)
documents = st.dictionaries(texts, values, max_size=6)


@given(documents)
def test_what_is_written_reads_back_the_same(document: dict[str, Any]) -> None:
    """Encoding and decoding loses nothing, and the standard library reads the same."""
    text = encode(document)
    assert decode(text) == document
    assert json.loads(text, parse_float=Decimal) == document


@given(st.dictionaries(texts, texts | st.integers(0, 9) | st.lists(texts), max_size=6))
def test_canonical_text_does_not_depend_on_order_or_spacing(document: dict[str, Any]) -> None:
    """A database may reorder the keys and space the text as it likes."""
    assert canonical(json.dumps(dict(reversed(document.items())), indent=1)) == encode(document)


@pytest.mark.parametrize(
    "number", ["42.534202", "-70.9697340", "0.3202898736241102", "1.0", "123456789012345678901234"]
)
def test_numbers_keep_every_digit(number: str) -> None:
    """A decimal is printed with the digits it came with, trailing zeros too."""
    assert encode(decode(f'{{"valueDecimal":{number}}}')) == f'{{"valueDecimal":{number}}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"a":',
        '{"a":NaN}',
        '{"a":1e999999}',
        '{"a":1e-999999999999999999999}',
        '{"a":0.' + "1" * 100 + "}",
        '{"s":"\\ud800"}',
        '{"a":' * (DEPTH_MAX + 1) + "1" + "}" * (DEPTH_MAX + 1),
        '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a":"' + "x" * (1 << 20) + '"}',
        b'{"a":"\xff"}',
    ],
)
def test_what_cannot_be_kept_is_refused(text: str | bytes) -> None:
    """Bad syntax, absurd numbers, depth and size give a field error, never anything else."""
    with pytest.raises(InvalidArgument) as caught:
        decode(text)
    assert caught.value.fields[0].field == "document"


def test_the_deepest_allowed_is_read() -> None:
    """The bound on depth is where it says it is."""
    text = '{"a":' * DEPTH_MAX + "1" + "}" * DEPTH_MAX
    assert encode(decode(text)) == text


APPENDIX = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
]


@pytest.mark.parametrize(("target", "patch", "result"), APPENDIX)
def test_merge_patch_does_as_the_appendix_of_rfc_7396(target: str, patch: str, result: str) -> None:
    """Each example of the RFC's appendix A gives its result."""
    before = json.loads(target)
    assert merge(before, json.loads(patch)) == json.loads(result)
    assert before == json.loads(target)


@given(values, values)
def test_merging_twice_is_merging_once(target: Any, patch: Any) -> None:
    """A merge patch applied again changes nothing."""
    once = merge(target, patch)
    assert merge(once, patch) == once
