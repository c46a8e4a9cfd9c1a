"""What was once written is read for ever: golden bytes of every message and event, decoded by the code of today."""

from typing import Any

import pytest
from tests.transports.wire.golden import kept, shown, wanted

GOLDEN = [(name, example) for name, examples in kept().items() for example in examples]


def includes(now: Any, then: Any) -> bool:
    """Tell whether all that was said then is said now; what has been added since may be there too."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(key in now and includes(now[key], value) for key, value in then.items())
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(includes, now, then))
    return type(now) is type(then) and bool(now == then)


@pytest.mark.parametrize(("name", "example"), GOLDEN, ids=[name for name, _ in GOLDEN])
def test_golden_bytes_are_read_as_ever(name: str, example: dict[str, Any]) -> None:
    """Neither a struct nor a proto may change so that old bytes mean something else or cannot be read."""
    then = {key: value for key, value in example.items() if key != "bytes"}
    assert includes(shown(name, bytes.fromhex(example["bytes"])), then)


def test_every_message_has_golden_bytes() -> None:
    """A new message gets them by `.venv/bin/python -m tests.transports.wire.golden`."""
    assert wanted() == set(kept())


def test_a_changed_meaning_is_noticed() -> None:
    """A value, a type, a list that is shorter or a field that is gone is a difference; a field more is none."""
    then = {"id": "x", "roles": ["a", "b"], "keys": [{"n": 1}]}
    assert includes({**then, "more": 1, "keys": [{"n": 1, "m": 2}]}, then)
    for change in ({"id": "y"}, {"id": None}, {"roles": ["a"]}, {"roles": ["b", "a"]}, {"keys": [{"n": True}]}):
        assert not includes({**then, **change}, then)
    assert not includes({"id": "x"}, then)
