"""Deploys the template, and asks each service's own API for every resource: it is there, and as the template says."""

import json
import sys
from collections.abc import Iterator

import pytest
from tests.cloud.conftest import SHAPES
from tests.cloud.deploy import Deployment
from tests.cloud.deploy_kinds import KINDS, SKIPPED, Resource
from tests.cloud.describe import description, faults
from tests.cloud.describe_kinds import DESCRIBERS
from tests.cloud.describe_table import keep, kept, rows, table
from tests.cloud.moto_cloud import Cloud, cloud
from tests.cloud.template import TEMPLATE, loaded

README = TEMPLATE.with_name("README.md")


@pytest.fixture(scope="module")
def empty() -> Iterator[Cloud]:
    """Give a cloud with nothing in it."""
    with cloud() as made:
        yield made


@pytest.fixture(scope="session")
def found() -> dict[str, str]:
    """Gather the table's rows over all shapes."""
    return {}


def test_every_resource_is_there_as_the_template_says(deployed: Deployment) -> None:
    """Each resource's own API tells every property that the template gives it, or the table says why not."""
    found = [fault for name in deployed.names() for fault in faults(deployed.kind(name), deployed.resource(name))]
    assert not found, "\n".join(["Not as the template says:", *found])


def test_no_output_is_empty(deployed: Deployment) -> None:
    """What the operator is told to use next is there."""
    outputs = deployed.resolver.outputs()
    assert outputs
    assert all(outputs.values()), outputs


def test_the_table_in_the_readme_is_fresh(
    deployed: Deployment, found: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """config/aws/README.md says of every type how it was made and through which calls it was seen."""
    found |= rows(deployed)
    if request.node.callspec.params["deployed"] is SHAPES[-1]:
        made = table(deployed.template, found)
        sys.stdout.write(f"\n{made}\n")
        keep(README, made)
        assert kept(README) == made, f"{README.name} is not fresh: run CAREPLANE_CLOUD_TABLE=write make cloud-test"


def test_nothing_is_known_that_the_template_has_not() -> None:
    """What makes and what describes a type goes with the type."""
    kinds = {about["Type"] for about in loaded()["Resources"].values()}
    assert set(KINDS) <= kinds
    assert set(DESCRIBERS) <= kinds


def test_what_is_said_to_be_skipped_is_skipped(empty: Cloud) -> None:
    """CloudFormation in moto reports complete, and has made nothing: when it learns a type, it is left to it."""
    skipped = sorted(kind for kind, about in KINDS.items() if about.why == SKIPPED)
    resources = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}
    resources |= {f"Skipped{number}": {"Type": kind} for number, kind in enumerate(skipped)}
    client = empty["cloudformation"]
    client.create_stack(StackName="skipping", TemplateBody=json.dumps({"Resources": resources}))
    assert client.describe_stacks(StackName="skipping")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    listed = client.describe_stack_resources(StackName="skipping")["StackResources"]
    assert {one.get("LogicalResourceId") for one in listed} <= {"Vpc", None}


def test_a_type_that_nothing_describes_fails(empty: Cloud) -> None:
    """No resource is passed over in silence: the sentence says what to add."""
    with pytest.raises(
        AssertionError, match=r"Nothing describes AWS::Made::Up \(of New\): write what asks its own API"
    ):
        description("AWS::Made::Up", Resource(empty, "careplane", "New", {}))


def test_a_type_that_moto_skips_fails_when_nothing_makes_it(empty: Cloud) -> None:
    """CREATE_COMPLETE is not believed."""
    deployment = Deployment(empty, {"Resources": {"New": {"Type": "AWS::Made::Up"}}}, "unknown")
    with pytest.raises(AssertionError, match=r"passed over New \(AWS::Made::Up\): write how to make it directly"):
        deployment.deploy({})
