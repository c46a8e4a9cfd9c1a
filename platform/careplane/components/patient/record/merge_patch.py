"""RFC 7396: a JSON merge patch says what is to change, and null takes away."""

from typing import Any


def merge(target: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON value may be patched with any
    """Return `target` patched, changing neither argument; the RFC's own algorithm."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result
