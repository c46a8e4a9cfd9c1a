"""Faults of rights and of how things run, in many disguises."""

from typing import Any, Final

from tests.cloud.planting import CONTAINER, Plant, append, drop, put

_NARROW = "rights_are_narrow"
_GIVEN = "roles_are_given_to_ours_only"
_OWN = "each_process_opens_its_own"
_CONFINED = "containers_are_confined"
_BACK = "rollouts_can_go_back"
_AGREE = "the_balancer_and_the_gateway_agree"
_ALARMS = "alarms_tell_somebody"
_STATEMENTS: Final = "PatientRole.Properties.Policies.0.PolicyDocument.Statement"
_ATTRIBUTES: Final = "Balancer.Properties.LoadBalancerAttributes"


def _allowed(**statement: Any) -> Plant:
    return append(_STATEMENTS, {"Effect": "Allow", **statement})


def _without(name: str) -> Plant:
    def plant(template: Any) -> None:
        told = template["Resources"]["GatewayTask"]["Properties"]["ContainerDefinitions"][0]["Environment"]
        told[:] = [one for one in told if one["Name"] != name]

    return plant


_RIGHTS: Final[list[tuple[str, str, Plant, str]]] = [
    (_NARROW, "everything", _allowed(Action="*", Resource="*"), "PatientRole allows *"),
    (
        _NARROW,
        "everything of one service",
        _allowed(Action=["s3:*"], Resource="arn:aws:s3:::a"),
        "PatientRole allows s3:*",
    ),
    (_NARROW, "something on everything", _allowed(Action="s3:GetObject", Resource="*"), "on *: name the resources"),
    (
        _NARROW,
        "on everything of a kind",
        _allowed(Action="s3:GetObject", Resource=["arn:aws:s3:::*"]),
        "name the resources",
    ),
    (_NARROW, "all but something", _allowed(NotAction="iam:*", Resource="arn:aws:s3:::a"), "allows all but something"),
    (
        _NARROW,
        "what AWS wrote",
        put("PatientRole.Properties.ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        "PatientRole has arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    (
        _NARROW,
        "a key for everybody",
        append("Key.Properties.KeyPolicy.Statement", {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt"}),
        "Key may be used by others",
    ),
    (
        _GIVEN,
        "a role for everybody",
        put("PatientRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "*"}),
        "PatientRole can be taken by",
    ),
    (
        _GIVEN,
        "a role on anybody's behalf",
        drop("PatientRole.Properties.AssumeRolePolicyDocument.Statement.0.Condition"),
        "PatientRole can be taken on behalf of another account",
    ),
    (
        _OWN,
        "another's role",
        put("PatientTask.Properties.TaskRoleArn", {"Fn::GetAtt": ["BillingRole", "Arn"]}),
        "PatientTask has no TaskRoleArn to itself",
    ),
    (_OWN, "no role", drop("PatientTask.Properties.TaskRoleArn"), "PatientTask has no TaskRoleArn to itself"),
    (
        _OWN,
        "one role for both",
        put("PatientTask.Properties.TaskRoleArn", {"Fn::GetAtt": ["PatientStartRole", "Arn"]}),
        "PatientTask has one role for starting and for running",
    ),
    (
        _OWN,
        "another's password",
        append("PatientStartRole.Properties.Policies.0.PolicyDocument.Statement.3.Resource", {"Ref": "IdentityLogin"}),
        "PatientStartRole may read IdentityLogin",
    ),
    (
        _OWN,
        "a password that it cannot read",
        drop("PatientStartRole.Properties.Policies.0.PolicyDocument.Statement.3"),
        "PatientStartRole may not read",
    ),
    (
        _OWN,
        "another's folder",
        put(f"{_STATEMENTS}.0.Condition.StringEquals", {"a": {"Fn::GetAtt": ["IdentityFiles", "Arn"]}}),
        "PatientRole allows more than to read the folder of PatientTask",
    ),
    (_OWN, "every folder", drop(f"{_STATEMENTS}.0.Condition"), "PatientRole allows more than to read the folder"),
    (
        _OWN,
        "writing",
        put(f"{_STATEMENTS}.0.Action", ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]),
        "PatientRole allows more than to read the folder",
    ),
]

CONTAINERS: Final[list[tuple[str, str, Plant, str]]] = [
    (_CONFINED, "a writable root", drop(f"{CONTAINER}.ReadonlyRootFilesystem"), "may change its own files"),
    (_CONFINED, "root", put(f"{CONTAINER}.User", "0:0"), "patient of PatientTask runs as root"),
    (_CONFINED, "root by silence", drop(f"{CONTAINER}.User"), "patient of PatientTask runs as root"),
    (_CONFINED, "rights of the kernel", drop(f"{CONTAINER}.LinuxParameters.Capabilities"), "rights of the kernel"),
    (_CONFINED, "everything", put(f"{CONTAINER}.Privileged", value=True), "rights of the kernel"),
    (
        _CONFINED,
        "keys that it may write",
        put(f"{CONTAINER}.MountPoints.0.ReadOnly", value=False),
        "can write into files",
    ),
    (_CONFINED, "a shared machine", put("PatientTask.Properties.RequiresCompatibilities", ["EC2"]), "shares a machine"),
    (
        _BACK,
        "no circuit breaker",
        drop("PatientTasks.Properties.DeploymentConfiguration.DeploymentCircuitBreaker"),
        "PatientTasks does not go back",
    ),
    (
        _BACK,
        "a breaker that only stops",
        put("PatientTasks.Properties.DeploymentConfiguration.DeploymentCircuitBreaker.Rollback", value=False),
        "PatientTasks does not go back",
    ),
    (
        _BACK,
        "fewer tasks meanwhile",
        put("PatientTasks.Properties.DeploymentConfiguration.MinimumHealthyPercent", 50),
        "PatientTasks has fewer tasks while it is replaced",
    ),
    (_BACK, "nobody asks", drop(f"{CONTAINER}.HealthCheck"), "patient of PatientTask is never asked how it is"),
    (_BACK, "a short drain", put(f"{CONTAINER}.StopTimeout", 30), "patient of PatientTask is killed before"),
]

_EDGE: Final[list[tuple[str, str, Plant, str]]] = [
    (
        _AGREE,
        "a gateway that hangs up first",
        _without("CAREPLANE_HTTP_IDLE_TIMEOUT_S"),
        "GatewayTask ends connections",
    ),
    (_AGREE, "nobody is believed", _without("CAREPLANE_HTTP_TRUSTED_PROXIES"), "GatewayTask does not know who calls"),
    (
        _AGREE,
        "the caller's own word",
        append(
            "GatewayTask.Properties.ContainerDefinitions.0.Environment",
            {"Name": "CAREPLANE_HTTP_ADDRESS_HEADER", "Value": "x-real-ip"},
        ),
        "GatewayTask does not know who calls",
    ),
    (_AGREE, "a lax balancer", drop(_ATTRIBUTES), "Balancer hands on what two readers may read differently"),
    (
        _AGREE,
        "a balancer in a hurry",
        put(_ATTRIBUTES, [{"Key": "idle_timeout.timeout_seconds", "Value": "5"}]),
        "Balancer gives requests up before the gateway does",
    ),
    (_ALARMS, "an alarm for nobody", drop("DatabaseFull.Properties.AlarmActions"), "DatabaseFull tells nobody"),
    (
        _ALARMS,
        "an alarm that hears nothing",
        put("KafkaFull.Properties", {"MetricName": "KafkaDataLogsDiskUsed", "AlarmActions": [{"Ref": "Alarms"}]}),
        "KafkaFull never hears anything",
    ),
]

RUNNING: Final = [*_RIGHTS, *CONTAINERS, *_EDGE]
