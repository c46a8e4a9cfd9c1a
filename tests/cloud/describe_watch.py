"""Asks CloudWatch and SNS what watches over the rest."""

from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import Resource
from tests.cloud.describe_kinds import described, only


@described("AWS::Logs::LogGroup")
def log_group(of: Resource) -> Json:
    """Ask for a group of logs."""
    every = of.cloud["logs"].describe_log_groups(logGroupNamePrefix=of.physical)["logGroups"]
    return dict(only((one for one in every if one["logGroupName"] == of.physical), f"log group {of.physical}"))


@described("AWS::Logs::MetricFilter")
def metric_filter(of: Resource) -> Json:
    """Ask which lines of a log are counted."""
    group = of.properties["LogGroupName"]
    every = of.cloud["logs"].describe_metric_filters(logGroupName=group)["metricFilters"]
    return dict(only((one for one in every if one["filterName"] == of.physical), f"metric filter {of.physical}"))


@described("AWS::CloudWatch::Alarm")
def alarm(of: Resource) -> Json:
    """Ask for an alarm."""
    answer = of.cloud["cloudwatch"].describe_alarms(AlarmNames=[of.physical])
    found = only([*answer["MetricAlarms"], *answer["CompositeAlarms"]], f"alarm {of.physical}")
    return {**found, "Arn": found["AlarmArn"]}


@described("AWS::SNS::Topic")
def topic(of: Resource) -> Json:
    """Ask for a topic."""
    found = of.cloud["sns"].get_topic_attributes(TopicArn=of.physical)["Attributes"]
    return {**found, "TopicName": of.physical.rsplit(":", 1)[1]}


@described("AWS::SNS::Subscription")
def subscription(of: Resource) -> Json:
    """Ask who is told of what is said in a topic."""
    return dict(of.cloud["sns"].get_subscription_attributes(SubscriptionArn=of.physical)["Attributes"])
