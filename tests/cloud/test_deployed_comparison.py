"""What the verification stands on can fail: the comparison, the functions of templates, and the cases of words."""

from typing import Any

import pytest
from botocore.session import get_session
from tests.cloud.deploy_calls import shaped
from tests.cloud.deploy_resolve import NotThere, Resolver
from tests.cloud.describe import differences

_SAME: list[tuple[Any, Any]] = [
    ({"A": 1}, {"a": "1", "b": 2}),
    ({"A": True}, {"A": "true"}),
    ({"A": "60"}, {"A": 60.0}),
    ({"A": ["x", "y"]}, {"A": ["y", "x"]}),
    ({"A": "x"}, {"A": ["x"]}),
    ({"A": {"B": 1}}, {"A": '{"B": 1}'}),
    ({"A": []}, {}),
    ({"A": [{"B": 1}]}, {"A": [{"B": 1, "C": 2}]}),
]
_OTHER: list[tuple[Any, Any, str]] = [
    ({"A": 1}, {}, "A is not told, and should be 1"),
    ({"A": True}, {"A": False}, "A is False, and should be True"),
    ({"A": "x"}, {"A": "y"}, "A is 'y', and should be 'x'"),
    ({"A": ["x"]}, {"A": ["x", "y"]}, "A has ['y'] besides"),
    ({"A": ["x", "y"]}, {"A": ["x"]}, "A is ['x'], and should have 'y'"),
    ({"A": {"B": 1}}, {"A": "{B}"}, "A is no JSON: '{B}'"),
    ({"A": {"B": 1}}, {"A": {"B": 2}}, "A.B is 2, and should be 1"),
    ({"A": [{"B": 1}]}, {"A": [{"B": 2}]}, "A is [{'B': 2}], and should have {'B': 1}"),
    ({"A": {"B": 1}}, {"A": None}, "A is None, and should be {'B': 1}"),
]
_TEMPLATE: dict[str, Any] = {
    "Parameters": {"Zones": {"Type": "Number", "Default": 2}, "Name": {"Type": "String"}},
    "Conditions": {"Third": {"Fn::Equals": [{"Ref": "Zones"}, 3]}, "Two": {"Fn::Not": [{"Condition": "Third"}]}},
    "Mappings": {"Sizes": {"2": {"Cpu": 512}}},
    "Resources": {"Made": {"Type": "AWS::SNS::Topic"}, "Later": {"Type": "AWS::SNS::Topic"}},
}
_VALUES: list[tuple[Any, Any]] = [
    ({"Fn::Sub": "${Name}-${Made}-${Made.Arn}-${!Left}"}, "careplane-id-arn-${Left}"),
    ({"Fn::Sub": ["${A}/${Name}", {"A": {"Ref": "Made"}}]}, "id/careplane"),
    ({"Fn::If": ["Third", 1, {"Ref": "AWS::NoValue"}]}, None),
    ([1, {"Fn::If": ["Third", 1, {"Ref": "AWS::NoValue"}]}], [1]),
    ({"Fn::Join": ["-", ["a", {"Ref": "Zones"}]]}, "a-2"),
    ({"Fn::Select": ["1", {"Fn::GetAZs": ""}]}, "eu-central-1b"),
    ({"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]}, "10.0.1.0/24"),
    ({"Fn::FindInMap": ["Sizes", {"Ref": "Zones"}, "Cpu"]}, 512),
    ({"Fn::If": ["Two", {"Fn::Split": [",", "a,b"]}, 0]}, ["a", "b"]),
]


@pytest.mark.parametrize(("wanted", "told"), _SAME)
def test_what_says_the_same_is_the_same(wanted: Any, told: Any) -> None:
    """Services write numbers, truth and documents in their own way, and tell more than they were asked."""
    assert list(differences(wanted, told, "")) == []


@pytest.mark.parametrize(("wanted", "told", "said"), _OTHER)
def test_what_differs_is_named(wanted: Any, told: Any, said: str) -> None:
    """The sentence says where, what is there, and what should be."""
    assert said in list(differences(wanted, told, ""))


def _refer(name: str, attribute: str | None) -> str:
    if name != "Made":
        raise NotThere(name)
    return "arn" if attribute else "id"


@pytest.mark.parametrize(("node", "value"), _VALUES)
def test_functions_come_to_what_cloudformation_makes_of_them(node: Any, value: Any) -> None:
    """References, texts, lists, zones, blocks of addresses and conditions."""
    resolver = Resolver(_TEMPLATE, {"Name": "careplane"}, "stack", _refer)
    made = resolver.value({"it": node})
    assert made.get("it") == value


def test_what_cannot_be_worked_out_is_said() -> None:
    """A function that is not known, a resource that is not there yet, a parameter that is missing."""
    resolver = Resolver(_TEMPLATE, {"Name": "careplane"}, "stack", _refer)
    with pytest.raises(NotThere):
        resolver.value({"Ref": "Later"})
    with pytest.raises(AssertionError, match="do not know the function Fn::Guess"):
        resolver.value({"Fn::Guess": 1})
    with pytest.raises(AssertionError, match="refers to Nobody, which it does not have"):
        resolver.value({"Fn::GetAtt": ["Nobody", "Arn"]})
    with pytest.raises(AssertionError, match="The parameter Name has no default"):
        Resolver(_TEMPLATE, {}, "stack", _refer)
    with pytest.raises(AssertionError, match="has no parameters"):
        Resolver(_TEMPLATE, {"Name": "a", "Colour": "b"}, "stack", _refer)


def test_an_argument_that_a_call_does_not_take_is_named() -> None:
    """A property is given to a call in the case and the type of its model, or refused."""
    ecs = get_session().get_service_model("ecs").operation_model("CreateService").input_shape
    assert shaped({"DesiredCount": "2"}, ecs, "ecs") == {"desiredCount": 2}
    with pytest.raises(AssertionError, match="ecs takes no Colour"):
        shaped({"Colour": "red"}, ecs, "ecs")
