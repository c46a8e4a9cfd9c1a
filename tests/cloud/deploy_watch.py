"""Makes what watches over the rest by direct calls: metrics counted in logs, alarms, and who hears of them."""

from tests.cloud.deploy_calls import call, without
from tests.cloud.deploy_kinds import Resource, changed, direct


@direct("AWS::Logs::LogGroup", "moto's CloudFormation passes over KmsKeyId")
def log_group(of: Resource) -> str:
    """Create a group of logs, and say how long they are kept."""
    name = of.named("LogGroupName")
    properties = without({**of.properties, "LogGroupName": name}, "RetentionInDays", "Tags")
    call(of.cloud, "logs", "create_log_group", properties)
    if days := of.properties.get("RetentionInDays"):
        call(of.cloud, "logs", "put_retention_policy", {"LogGroupName": name, "RetentionInDays": days})
    return name


@changed("AWS::Logs::MetricFilter")
@direct("AWS::Logs::MetricFilter")
def metric_filter(of: Resource) -> str:
    """Count lines of a log."""
    name = of.named("FilterName")
    call(of.cloud, "logs", "put_metric_filter", {**of.properties, "FilterName": name})
    return name


@changed("AWS::CloudWatch::Alarm")
@direct("AWS::CloudWatch::Alarm")
def alarm(of: Resource) -> str:
    """Set an alarm, or set it anew."""
    name = of.named("AlarmName")
    call(of.cloud, "cloudwatch", "put_metric_alarm", {**of.properties, "AlarmName": name})
    return name


@direct("AWS::SNS::Subscription")
def subscription(of: Resource) -> str:
    """Tell somebody of what is said in a topic."""
    return str(call(of.cloud, "sns", "subscribe", {**of.properties, "ReturnSubscriptionArn": True})["SubscriptionArn"])
