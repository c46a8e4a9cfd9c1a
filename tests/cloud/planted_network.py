"""Faults of the network, in many disguises: open groups, public components, callers who should not be let in."""

from typing import Any, Final

from tests.cloud.planting import Plant, add, append, both, drop, output, parameter, put

_SG = "AWS::EC2::SecurityGroup"
_INGRESS = "AWS::EC2::SecurityGroupIngress"
_OPEN = "no_open_ingress_into_components"
_PUBLIC = "only_the_balancer_is_public"
_CALLS = "who_calls_is_let_in_and_nobody_else"
_DATA = "data_is_reached_by_its_users_only"
_PATIENT: Final = {"Fn::GetAtt": ["PatientGroup", "GroupId"]}
_GRPC: Final = {"IpProtocol": "tcp", "FromPort": 4010, "ToPort": 4010}
_VPC: Final = {"VpcId": {"Ref": "Network"}, "GroupDescription": "Another"}


def _rule(**more: Any) -> Plant:
    return add("Planted", _INGRESS, GroupId=_PATIENT, **{**_GRPC, **more})


NETWORK: Final[list[tuple[str, str, Plant, str]]] = [
    (_OPEN, "the world, as a resource of its own", _rule(CidrIp="0.0.0.0/0"), "Planted lets the addresses 0.0.0.0/0"),
    (_OPEN, "the world in IPv6", _rule(CidrIpv6="::/0"), "Planted lets the addresses ::/0"),
    (_OPEN, "half of the world", _rule(CidrIp="0.0.0.0/1"), "Planted lets the addresses 0.0.0.0/1"),
    (_OPEN, "one address", _rule(CidrIp="203.0.113.7/32"), "Planted lets the addresses 203.0.113.7/32"),
    (_OPEN, "a parameter's addresses", _rule(CidrIp={"Ref": "AllowedCidr"}), "lets the addresses 0.0.0.0/0"),
    (
        _OPEN,
        "addresses that are put together",
        both(parameter("Zero", Default="0"), _rule(CidrIp={"Fn::Sub": "${Zero}.0.0.0/${Zero}"})),
        "lets the addresses 0.0.0.0/0 into PatientGroup",
    ),
    (
        _OPEN,
        "the world, inside of the group",
        put("PatientGroup.Properties.SecurityGroupIngress", [{**_GRPC, "CidrIp": "0.0.0.0/0"}]),
        "PatientGroup lets the addresses 0.0.0.0/0 into PatientGroup",
    ),
    (
        _OPEN,
        "the world into the database",
        add("Planted", _INGRESS, GroupId={"Ref": "DatabaseGroup"}, IpProtocol="-1", CidrIp="0.0.0.0/0"),
        "Planted lets the addresses 0.0.0.0/0 into DatabaseGroup",
    ),
    (_OPEN, "a list of prefixes", _rule(SourcePrefixListId="pl-12345678"), "lets the addresses pl-12345678"),
    (_OPEN, "nobody said", _rule(), "Planted does not say whom it lets into PatientGroup"),
    (
        _OPEN,
        "every port of a group's members",
        _rule(SourceSecurityGroupId={"Ref": "GatewayGroup"}, FromPort=0, ToPort=65535),
        "at the ports 0 to 65535",
    ),
    (
        _OPEN,
        "another port of the balancer",
        put("BalancerFromWorldInPlain.Properties.ToPort", 8080),
        "the world may come to 443 and 80 only",
    ),
    (
        _OPEN,
        "a component in the balancer's group",
        append(
            "PatientTasks.Properties.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups", {"Ref": "BalancerGroup"}
        ),
        "lets the addresses 0.0.0.0/0 into BalancerGroup",
    ),
    (
        _OPEN,
        "an open group put to a component",
        both(
            add("PlantedGroup", _SG, **_VPC, SecurityGroupIngress=[{"IpProtocol": -1, "CidrIp": "0.0.0.0/0"}]),
            append(
                "IdentityTasks.Properties.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
                {"Ref": "PlantedGroup"},
            ),
        ),
        "PlantedGroup lets the addresses 0.0.0.0/0",
    ),
    (
        _OPEN,
        "the network's own group",
        put(
            "Database.Properties.VPCSecurityGroups",
            [{"Fn::GetAtt": ["Network", "DefaultSecurityGroup"]}],
        ),
        "Database has no security group of the template",
    ),
    (
        _PUBLIC,
        "a component with a public address",
        put("PatientTasks.Properties.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", "ENABLED"),
        "PatientTasks gives its tasks public addresses",
    ),
    (
        _PUBLIC,
        "a component that does not say",
        drop("PatientTasks.Properties.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"),
        "PatientTasks gives its tasks public addresses",
    ),
    (
        _PUBLIC,
        "a component in a public subnet",
        put("BillingTasks.Properties.NetworkConfiguration.AwsvpcConfiguration.Subnets.0", {"Ref": "PublicA"}),
        "BillingTasks stands in PublicA",
    ),
    (
        _PUBLIC,
        "private subnets with a way from outside",
        add(
            "Planted",
            "AWS::EC2::Route",
            RouteTableId={"Ref": "PrivateRoutes"},
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId={"Ref": "InternetGateway"},
        ),
        "PatientTasks stands in PrivateA",
    ),
    (
        _PUBLIC,
        "a private subnet with the public routes",
        put("PrivateBRoutes.Properties.RouteTableId", {"Ref": "PublicRoutes"}),
        "FilesB stands in PrivateB",
    ),
    (_PUBLIC, "a subnet without routes of its own", drop("PrivateARoutes"), "PatientTasks stands in PrivateA"),
    (
        _PUBLIC,
        "a subnet that gives public addresses",
        put("PrivateA.Properties.MapPublicIpOnLaunch", value=True),
        "PrivateA gives public addresses",
    ),
    (
        _PUBLIC,
        "a public database",
        put("Database.Properties.PubliclyAccessible", "true"),
        "Database has a public address",
    ),
    (_PUBLIC, "a database that does not say", drop("Database.Properties.PubliclyAccessible"), "Database does not say"),
    (
        _PUBLIC,
        "the database among the public",
        put("DatabaseSubnets.Properties.SubnetIds.1", {"Ref": "PublicB"}),
        "DatabaseSubnets stands in PublicB",
    ),
    (
        _PUBLIC,
        "public brokers",
        put("Kafka.Properties.BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type", "SERVICE_PROVIDED_EIPS"),
        "Kafka has public brokers",
    ),
    (
        _PUBLIC,
        "a second balancer",
        add("Planted", "AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets=[{"Ref": "PublicA"}]),
        "The balancers that face the internet are Balancer, Planted",
    ),
    (_PUBLIC, "an address of its own", add("Planted", "AWS::EC2::EIP", Domain="vpc"), "Planted is a public address"),
    (
        _PUBLIC,
        "the setup among the public",
        output("Planted", {"Fn::Sub": "subnets=[${PublicA}]"}),
        "The output Planted has tasks run in PublicA",
    ),
    (
        _CALLS,
        "a caller who is not told",
        _rule(SourceSecurityGroupId={"Ref": "IdentityGroup"}),
        "Planted lets into PatientTasks who is not told to call it",
    ),
    (
        _CALLS,
        "the balancer straight to a component",
        _rule(SourceSecurityGroupId={"Ref": "BalancerGroup"}),
        "Planted lets into PatientTasks who is not told to call it",
    ),
    (
        _CALLS,
        "a component straight to the gateway",
        put("GatewayFromBalancer.Properties.SourceSecurityGroupId", {"Ref": "PatientGroup"}),
        "GatewayTasks does not let in BalancerGroup",
    ),
    (_CALLS, "a caller who is kept out", drop("BillingFromPatient"), "BillingTasks does not let in PatientGroup"),
    (
        _CALLS,
        "metrics for anybody",
        put("PatientScraped.Properties.SourceSecurityGroupId", {"Ref": "BalancerGroup"}),
        "PatientScraped lets others than the scraper",
    ),
    (
        _DATA,
        "the gateway at the database",
        put("DatabaseFromPatient.Properties.SourceSecurityGroupId", {"Ref": "GatewayGroup"}),
        "DatabaseFromPatient lets into Database who is not told CAREPLANE_DATABASE_URL",
    ),
    (
        _DATA,
        "identity at the brokers",
        put("KafkaFromPatient.Properties.SourceSecurityGroupId", {"Fn::GetAtt": ["IdentityGroup", "GroupId"]}),
        "KafkaFromPatient lets into Kafka who is not told CAREPLANE_KAFKA_BOOTSTRAP_SERVERS",
    ),
    (
        _DATA,
        "anybody whom a parameter names",
        both(
            parameter("Friend", Default="sg-0123456789abcdef0"),
            put("DatabaseFromPatient.Properties.SourceSecurityGroupId", {"Ref": "Friend"}),
        ),
        "DatabaseFromPatient lets into Database",
    ),
]
"""The rule that must see it, what it is, how it is planted, and words of the sentence."""
