"""The registry in the running platform."""

import pytest

from careplane.app.host import Host
from careplane.components.patient.api import (
    PATIENT,
    Patients,
)
from careplane.kernel.invoke import proxy


@pytest.fixture
def patients(platform: Host) -> Patients:
    """Give the interface of the registry."""
    return proxy(PATIENT, platform.calls)
