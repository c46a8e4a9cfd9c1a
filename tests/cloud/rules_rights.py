"""Who may do what: rules about roles, the policies in them, and whose they are."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.cloud.deploy_document import Json
from tests.cloud.rules_network import containers, runs
from tests.cloud.template import Part, View

_ONLY_FOR_ALL: Final = {"ecr:GetAuthorizationToken"}
"""What can be allowed on everything only."""

_ROOT: Final = ":root"
_TO_START: Final = {
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "secretsmanager:GetSecretValue",
    "kms:Decrypt",
}
"""What a task is started with, and no more."""


def rights_are_narrow(view: View) -> Iterator[str]:
    """No policy allows everything, or something on everything; what AWS writes itself is not attached."""
    for part in view.parts.values():
        for attached in part.properties.get("ManagedPolicyArns", []) if part.kind == "AWS::IAM::Role" else []:
            if not view.named_in(attached):
                yield f"{part.name} has {attached}, which allows more than it needs: write what it needs."
        for statement in _statements(part):
            if statement["Effect"] == "Allow":
                yield from _wide(view, part, statement)


def _wide(view: View, part: Part, statement: Json) -> Iterator[str]:
    if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
        yield f"{part.name} allows all but something: say what it allows."
    actions, resources = _list(statement.get("Action")), _list(statement.get("Resource"))
    if part.kind == "AWS::KMS::Key":  # there `*` is the key, and the account must be able to administer it
        everybody = [one for one in _principals(statement) if one == "*"]
        if everybody or (("kms:*" in actions or "*" in actions) and not _is_account(statement)):
            yield f"{part.name} may be used by others than this account: name who may do what with it."
        return
    for action in actions:
        if "*" in action or "?" in action:
            yield f"{part.name} allows {action}: name the actions."
    for resource in resources:
        is_all = resource == "*" or (resource.endswith("*") and not view.named_in(resource) and _is_bare(resource))
        if is_all and not set(actions) <= _ONLY_FOR_ALL:
            yield f"{part.name} allows {', '.join(actions)} on {resource}: name the resources."


def _is_bare(arn: str) -> bool:
    """Tell whether an ARN says no more than the kind of what it is about."""
    return len(arn.split(":")) < 6 or arn.split(":", 5)[5] in {"*", "*/*"}


def _is_account(statement: Json) -> bool:
    return all(one.endswith(_ROOT) for one in _principals(statement))


def roles_are_given_to_ours_only(view: View) -> Iterator[str]:
    """A role can be taken by one service of AWS on this account's behalf, and by nobody else."""
    for role in view.of("AWS::IAM::Role"):
        for statement in role.properties["AssumeRolePolicyDocument"]["Statement"]:
            principal = statement.get("Principal")
            if not isinstance(principal, dict) or set(principal) != {"Service"}:
                yield f"{role.name} can be taken by {json.dumps(principal)}: let one service of AWS take it."
            if "aws:SourceAccount" not in json.dumps(statement.get("Condition", {})):
                yield f"{role.name} can be taken on behalf of another account: add a condition on aws:SourceAccount."


def each_process_opens_its_own(view: View) -> Iterator[str]:
    """Each process has two roles of its own: one reads that task's secrets alone, one its folder, and only to read."""
    served = list(runs(view))
    for key in ("TaskRoleArn", "ExecutionRoleArn"):
        seen: dict[str, str] = {}
        for _, task in served:
            for role in view.named_in(task.properties.get(key)) or {"nobody"}:
                if role in seen or role == "nobody":
                    yield f"{task.name} has no {key} to itself: give it a role of its own."
                seen[role] = task.name
    tasks = list(view.of("AWS::ECS::TaskDefinition"))
    for task in tasks:
        if view.named_in(task.properties.get("TaskRoleArn")) & view.named_in(task.properties.get("ExecutionRoleArn")):
            yield f"{task.name} has one role for starting and for running: give it two."
        yield from _secrets_of(view, task, tasks)
        yield from _folder_of(view, task, tasks, may_write=all(task is not one for _, one in served))


def _secrets_of(view: View, task: Part, tasks: list[Part]) -> Iterator[str]:
    role = next(iter(view.named_in(task.properties.get("ExecutionRoleArn"))), None)
    if role is None:
        yield f"{task.name} has no role of the template to start by: set ExecutionRoleArn."
        return
    sharing = [one for one in tasks if role in view.named_in(one.properties.get("ExecutionRoleArn"))]
    given = _kept(view, [of.get("Secrets", []) for one in sharing for of in containers(one)])
    for action in sorted({one for statement in _rights(view, role) for one in _list(statement.get("Action"))}):
        if action not in _TO_START:
            yield f"{role} allows {action}, which does not start {task.name}: take it away."
    readable = _readable(view, role)
    for one in readable:
        if not _kept(view, one):
            yield f"{role} may read {one}, which is no secret of the template: name those of {task.name}."
    for name in sorted(_kept(view, readable) - given):
        yield f"{role} may read {name}, which {task.name} is not given: take it away."
    for name in sorted(given - _kept(view, readable)):
        yield f"{role} may not read {name}, which {task.name} is given: allow it."


def _kept(view: View, value: Any) -> set[str]:
    keepers = {"AWS::SecretsManager::Secret", "AWS::RDS::DBInstance"}
    return {name for name in view.named_in(value) if view.parts[name].kind in keepers}


def _folder_of(view: View, task: Part, tasks: list[Part], *, may_write: bool) -> Iterator[str]:
    most = {"elasticfilesystem:ClientMount"} | ({"elasticfilesystem:ClientWrite"} if may_write else set())
    for role in view.named_in(task.properties.get("TaskRoleArn")):
        sharing = [one for one in tasks if role in view.named_in(one.properties.get("TaskRoleArn"))]
        named = view.named_in([one.properties.get("Volumes") for one in sharing])
        mine = {name for name in named if view.parts[name].kind == "AWS::EFS::AccessPoint"}
        for statement in _rights(view, role):
            actions = set(_list(statement.get("Action")))
            opened = view.named_in(statement.get("Condition", {}).get("StringEquals", {}))
            if not actions <= most or opened != mine or not mine:
                yield f"{role} allows more than to read the folder of {task.name}: only ClientMount, by its point."


def _readable(view: View, role: str) -> list[str]:
    return [
        str(resource)
        for statement in _rights(view, role)
        if "secretsmanager:GetSecretValue" in _list(statement.get("Action"))
        for resource in _list(statement.get("Resource"))
    ]


def _rights(view: View, role: str) -> list[Json]:
    """Return what a role says, and what is attached to it as a resource of its own."""
    own = view.parts[role]
    attached = [
        part
        for part in view.of("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy")
        if role in view.named_in([part.properties.get("Roles"), part.properties.get("RoleName")])
        or part.name in view.named_in(own.properties.get("ManagedPolicyArns"))
    ]
    return [statement for part in (own, *attached) for statement in _statements(part)]


def _statements(part: Part) -> list[Json]:
    documents = [one["PolicyDocument"] for one in part.properties.get("Policies", []) if isinstance(one, dict)]
    own = part.properties.get("PolicyDocument") or part.properties.get("KeyPolicy")
    documents += [own] if isinstance(own, dict) else []
    return [statement for document in documents for statement in _list(document["Statement"])]


def _principals(statement: Json) -> list[str]:
    principal = statement.get("Principal", [])
    values = principal.values() if isinstance(principal, dict) else [principal]
    return [str(one) for value in values for one in _list(value)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
