"""The platform deployed into pretended clouds: as it is before it serves and when it serves, in each size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cloud.deploy import Deployment
from tests.cloud.deploy_kinds import Resource
from tests.cloud.moto_cloud import ACCOUNT, REGION, Cloud, cloud
from tests.cloud.template import loaded
from tests.wirings.differences import leave_out

_BROKERS = "b-1.careplane.abc123.c2.kafka.eu-central-1.amazonaws.com:9096"
_IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/careplane"
_CA = "-----BEGIN CERTIFICATE-----\nTm90aGluZyBoZXJlIGNoZWNrcyBpdC4=\n-----END CERTIFICATE-----\n"


@dataclass(frozen=True)
class Shape:
    """One way to deploy the platform: the parameters of the first deployment, and what each update adds to them."""

    name: str
    first: dict[str, str]
    updates: tuple[dict[str, str], ...] = ()

    def deploy(self, into: Cloud) -> Deployment:
        """Deploy it step by step, as an operator does."""
        parameters = {**_given(into), **self.first}
        made = Deployment(into, loaded())
        made.deploy(parameters)
        for update in self.updates:
            parameters |= update
            made.deploy(parameters)
        return made


def _given(into: Cloud) -> dict[str, str]:
    """Return what an operator has before: an image, a name and its certificate, and whoever reads the metrics."""
    name = "careplane.example.org"
    certificate = into["acm"].request_certificate(DomainName=name)["CertificateArn"]
    reader = into["ec2"].create_security_group(GroupName="prometheus", Description="Who reads the metrics")
    return {
        "Image": f"{_IMAGE}:0.2.0",
        "DomainName": name,
        "CertificateArn": certificate,
        "DatabaseCa": _CA,
        "AlarmEmail": "night@example.org",
        "MetricsSecurityGroup": reader["GroupId"],
    }


_TWO = {"Zones": "2", "BrokersPerZone": "2"}
_THREE = {"Zones": "3"}
_SERVE = {"KafkaBootstrap": _BROKERS}
_UPGRADE = ({"SetupImage": f"{_IMAGE}:0.3.0"}, {"SetupImage": "", "Image": f"{_IMAGE}:0.3.0"})
SHAPES = [
    Shape("two-zones-at-first", _TWO),
    Shape("two-zones-serving", _TWO, (_SERVE,)),
    Shape("three-zones-upgraded", _THREE, (_SERVE, *_UPGRADE)),
    Shape("three-zones-behind-an-http-api", {**_THREE, "HttpApi": "true"}, (_SERVE,)),
]
FULL = SHAPES[-1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what starts clouds, unless this folder was asked for: `make cloud-test` does."""
    if any("tests/cloud" in argument for argument in config.args):
        return
    here = Path(__file__).parent
    leave_out(config, items, [it for it in items if it.path.parent == here and "deployed" in it.path.name])


@pytest.fixture(scope="session", params=SHAPES, ids=lambda shape: shape.name)
def deployed(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """Give a deployed platform that no test changes, one shape after the other."""
    with cloud() as made:
        yield request.param.deploy(made)


@pytest.fixture(scope="module")
def to_break() -> Iterator[dict[str, Resource]]:
    """Give one resource of each type of a deployed platform, to be taken out of it."""
    with cloud() as made:
        platform = FULL.deploy(made)
        yield {platform.kind(name): platform.resource(name) for name in platform.names()}
