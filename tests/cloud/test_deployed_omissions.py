"""What is taken out of a deployed cloud, or changed in it, is missed: the verification can fail, and names it."""

from collections.abc import Callable

import pytest
from tests.cloud.deploy_kinds import Resource
from tests.cloud.describe import faults

Take = Callable[[Resource], object]


def _delete_role(of: Resource) -> None:
    iam = of.cloud["iam"]
    for name in iam.list_role_policies(RoleName=of.physical)["PolicyNames"]:
        iam.delete_role_policy(RoleName=of.physical, PolicyName=name)
    for one in iam.list_attached_role_policies(RoleName=of.physical)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=of.physical, PolicyArn=one["PolicyArn"])
    iam.delete_role(RoleName=of.physical)


def _delete_database(of: Resource) -> None:
    rds = of.cloud["rds"]
    rds.modify_db_instance(DBInstanceIdentifier=of.physical, DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier=of.physical, SkipFinalSnapshot=True)


_NETWORK: dict[str, Take] = {
    "AWS::EC2::VPCEndpoint": lambda of: of.cloud["ec2"].delete_vpc_endpoints(VpcEndpointIds=[of.physical]),
    "AWS::EC2::SubnetRouteTableAssociation": lambda of: of.cloud["ec2"].disassociate_route_table(
        AssociationId=of.physical
    ),
    "AWS::EC2::SecurityGroupIngress": lambda of: of.cloud["ec2"].revoke_security_group_ingress(
        GroupId=of.properties["GroupId"],
        IpPermissions=of.cloud["ec2"].describe_security_groups(GroupIds=[of.properties["GroupId"]])["SecurityGroups"][
            0
        ]["IpPermissions"],
    ),
}
_RUNNING: dict[str, Take] = {
    "AWS::ECS::Service": lambda of: of.cloud["ecs"].delete_service(
        cluster=of.properties["Cluster"], service=of.physical, force=True
    ),
    "AWS::ECS::TaskDefinition": lambda of: of.cloud["ecs"].deregister_task_definition(taskDefinition=of.physical),
    "AWS::ServiceDiscovery::Service": lambda of: of.cloud["servicediscovery"].delete_service(Id=of.physical),
    "AWS::IAM::Role": _delete_role,
    "AWS::ElasticLoadBalancingV2::Listener": lambda of: of.cloud["elbv2"].delete_listener(ListenerArn=of.physical),
}
_DATA: dict[str, Take] = {
    "AWS::RDS::DBInstance": _delete_database,
    "AWS::MSK::Cluster": lambda of: of.cloud["kafka"].delete_cluster(ClusterArn=of.physical),
    "AWS::SecretsManager::Secret": lambda of: of.cloud["secretsmanager"].delete_secret(
        SecretId=of.physical, ForceDeleteWithoutRecovery=True
    ),
    "AWS::EFS::AccessPoint": lambda of: of.cloud["efs"].delete_access_point(AccessPointId=of.physical),
    "AWS::KMS::Key": lambda of: of.cloud["kms"].schedule_key_deletion(KeyId=of.physical),
    "AWS::Logs::LogGroup": lambda of: of.cloud["logs"].delete_log_group(logGroupName=of.physical),
    "AWS::CloudWatch::Alarm": lambda of: of.cloud["cloudwatch"].delete_alarms(AlarmNames=[of.physical]),
    "AWS::ApiGatewayV2::Api": lambda of: of.cloud["apigatewayv2"].delete_api(ApiId=of.physical),
}
TAKEN = {**_NETWORK, **_RUNNING, **_DATA}
CHANGED: dict[str, tuple[Take, str]] = {
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        lambda of: of.cloud["elbv2"].modify_target_group(TargetGroupArn=of.physical, HealthCheckPath="/elsewhere"),
        "HealthCheckPath is '/elsewhere', and should be",
    ),
    "AWS::EC2::VPC": (
        lambda of: of.cloud["ec2"].modify_vpc_attribute(VpcId=of.physical, EnableDnsHostnames={"Value": False}),
        "EnableDnsHostnames is False, and should be True",
    ),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_what_is_taken_away_is_missed(to_break: dict[str, Resource], kind: str) -> None:
    """Nothing but its own API is asked: the stack still lists it."""
    taken = to_break[kind]
    assert faults(kind, taken) == []
    TAKEN[kind](taken)
    assert [fault for fault in faults(kind, taken) if f"{taken.logical} ({kind}) is not there" in fault]


@pytest.mark.parametrize("kind", CHANGED)
def test_what_is_changed_is_noticed(to_break: dict[str, Resource], kind: str) -> None:
    """A property that is not as the template says is named."""
    changed = to_break[kind]
    change, said = CHANGED[kind]
    assert faults(kind, changed) == []
    change(changed)
    assert [fault for fault in faults(kind, changed) if f"{changed.logical} ({kind}): {said}" in fault]
