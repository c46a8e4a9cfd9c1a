"""Who may do what in the deployed cloud: the roles that tasks are given exist, and speak only of what is there."""

from collections.abc import Iterator

from tests.cloud.deploy import Deployment
from tests.cloud.deploy_document import Json
from tests.cloud.describe import description
from tests.cloud.describe_tasks import task_definitions

_OUTSIDE = ("arn:aws:ecr:",)
"""What is not the template's: where the image comes from."""


def test_the_roles_of_tasks_are_there(deployed: Deployment) -> None:
    """ECS may take each role that a task names, and a task's own role is not the one that starts it."""
    iam = deployed.cloud["iam"]
    for task in task_definitions(deployed):
        assert task["taskRoleArn"] != task["executionRoleArn"], task["family"]
        for arn in (task["taskRoleArn"], task["executionRoleArn"]):
            role = iam.get_role(RoleName=arn.rsplit("/", 1)[1])["Role"]
            assert role["Arn"] == arn
            trusted = [one["Principal"].get("Service") for one in role["AssumeRolePolicyDocument"]["Statement"]]
            assert trusted in (["ecs-tasks.amazonaws.com"], [["ecs-tasks.amazonaws.com"]]), arn


def test_policies_speak_only_of_what_is_there(deployed: Deployment) -> None:
    """Each ARN in a role's policies is one that its service gave to something deployed, or something in it."""
    known = _arns(deployed)
    spoken = [(name, arn) for name in deployed.names("AWS::IAM::Role") for arn in _spoken_of(deployed, name)]
    assert spoken
    for name, arn in spoken:
        there = arn == "*" or arn.startswith(_OUTSIDE) or any(_covers(arn, one) for one in known)
        assert there, f"{name} may do something with {arn}, which is not there"


def test_tasks_may_start_with_what_they_are_given(deployed: Deployment) -> None:
    """The role that starts a task may read the secrets of all tasks that it starts, and no others."""
    given: dict[str, set[str]] = {}
    for task in task_definitions(deployed):
        secrets = [one["valueFrom"] for of in task["containerDefinitions"] for one in of.get("secrets", [])]
        given.setdefault(task["executionRoleArn"], set()).update(":".join(arn.split(":")[:7]) for arn in secrets)
    for role, arns in given.items():
        readable = {
            arn
            for statement in _statements(deployed, role.rsplit("/", 1)[1])
            if "secretsmanager:GetSecretValue" in _listed(statement["Action"])
            for arn in _listed(statement["Resource"])
        }
        assert readable == arns, role


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _covers(arn: str, known: str) -> bool:
    plain, given = (one.removesuffix(":*").removesuffix("/*") for one in (known, arn))
    return given == plain or given.startswith((f"{plain}:", f"{plain}/"))


def _spoken_of(deployed: Deployment, name: str) -> Iterator[str]:
    for statement in _statements(deployed, deployed.resource(name).physical):
        yield from _listed(statement["Resource"])
        for compared in statement.get("Condition", {}).values():
            yield from (value for value in compared.values() if str(value).startswith("arn:"))


def _statements(deployed: Deployment, role: str) -> Iterator[Json]:
    iam = deployed.cloud["iam"]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        if ":aws:policy/" not in arn:  # what AWS writes itself speaks of everything
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            told = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
            yield from told["Document"]["Statement"]


def _arns(deployed: Deployment) -> set[str]:
    """Return the ARNs that services tell of what is deployed: of each its own, not those that it refers to."""
    found = set()
    for name in deployed.names():
        told = description(deployed.kind(name), deployed.resource(name))
        own = [told[key] for key in told if key.casefold() in {"arn", "filesystemarn", "accesspointarn", "secretsarn"}]
        own += [told.get("MasterUserSecret", {}).get("SecretArn", "")]
        found |= {one for one in (*own, deployed.resource(name).physical) if str(one).startswith("arn:")}
    return found
