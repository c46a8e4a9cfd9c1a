"""The kinds of errors that there are, without those that tests make."""

from careplane.kernel.errors import PlatformError


def kinds(begins: str = PlatformError.__module__) -> list[type[PlatformError]]:
    """Return those made in modules whose names begin so: the common vocabulary, unless told otherwise."""
    return [kind for kind in PlatformError.kinds.values() if kind.__module__.startswith(begins)]
