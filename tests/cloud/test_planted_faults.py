"""A fault is put into the template, in many disguises, and the rule that is there for it names it."""

import pytest
from tests.cloud.deploy_document import Json
from tests.cloud.planted_catalogue import CATALOGUE
from tests.cloud.planted_data import DATA
from tests.cloud.planted_disguises import DISGUISES
from tests.cloud.planted_network import NETWORK
from tests.cloud.planted_running import RUNNING
from tests.cloud.planted_secrets import SECRETS
from tests.cloud.planting import Plant, planted
from tests.cloud.rules import RULES
from tests.cloud.template import loaded, views

FAULTS = [*NETWORK, *DATA, *SECRETS, *RUNNING, *CATALOGUE, *DISGUISES]


@pytest.fixture(scope="module")
def template() -> Json:
    """Give the template as it is."""
    return loaded()


@pytest.mark.parametrize(
    ("rule", "plant", "words"),
    [pytest.param(rule, plant, words, id=f"{rule}: {what}") for rule, what, plant, words in FAULTS],
)
def test_a_planted_fault_is_caught(template: Json, rule: str, plant: Plant, words: str) -> None:
    """The rule says what is wrong for some choice of parameters, where it said nothing of the template as it is."""
    said = set()
    for view in views(planted(template, plant)):
        said |= set(RULES[rule](view))
        if any(words in sentence for sentence in said):
            return
    pytest.fail(f"The rule does not see it; it says {sorted(said)}")


def test_every_rule_catches_something() -> None:
    """No rule is there for which no fault has been planted."""
    assert {rule for rule, *_ in FAULTS} == set(RULES)
