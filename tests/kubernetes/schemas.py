"""The schemas of Kubernetes's API, from a wheel: strict, so that what is unknown is refused."""

from functools import cache
from typing import Any, Final

import kubernetes_validate
import kubernetes_validate.utils
import pytest
from tests.kubernetes.platforms import Manifest, title

OLDEST: Final = "1.30"
"""What config/kubernetes/README.md promises: the first version whose preStop can sleep by itself."""

NEWEST: Final = kubernetes_validate.latest_version()
_read = cache(kubernetes_validate.utils.schema_contents)


def faults(manifest: Manifest, version: str) -> list[str]:
    """Return what is wrong with a manifest, for a version of Kubernetes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kubernetes_validate.utils, "schema_contents", _contents)  # reads a megabyte each time
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(str(step) for step in error.absolute_path)
            return [f"{title(manifest)}: {where}: {error.message}"]
        except kubernetes_validate.SchemaNotFoundError as error:
            return [f"{title(manifest)}: {error.message}"]
    return []


def _contents(filename: str, desired_version: str) -> Any:
    return _read(filename, desired_version)
