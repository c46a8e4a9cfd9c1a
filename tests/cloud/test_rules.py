"""The template keeps our rules for every choice of parameters, and refuses by itself those that cannot work."""

import itertools
import math
import re
import subprocess
from pathlib import Path

import pytest
from tests.cloud.deploy_document import Json
from tests.cloud.rules import broken
from tests.cloud.rules_network import containers, runs
from tests.cloud.rules_room import the_database_has_room
from tests.cloud.template import CHOICES, View, loaded, refused, view, views

from careplane.app.catalog import CATALOG
from careplane.app.settings_source import load_settings

_ROLLING = 2
"""How many times as many tasks there are while they are replaced."""


@pytest.fixture(scope="module")
def template() -> Json:
    """Give the template as it is."""
    return loaded()


def test_no_choice_of_parameters_breaks_a_rule(template: Json) -> None:
    """Whatever an operator may choose, all rules hold."""
    every = list(views(template))
    said = {sentence for one in every for sentence in broken(one)}
    assert len(every) == math.prod(map(len, CHOICES.values())) * 5 // 6  # one broker in each of two zones is refused
    assert not said, "\n".join(sorted(said))


def test_too_few_brokers_are_refused_by_the_template_itself(template: Json) -> None:
    """Of zones and brokers what has no room for three copies is refused with a sentence, and nothing else is."""
    for zones, brokers in itertools.product(CHOICES["Zones"], CHOICES["BrokersPerZone"]):
        said = refused(template, {"Zones": zones, "BrokersPerZone": brokers})
        assert bool(said) == (int(zones) * int(brokers) < 3), (zones, brokers, said)
        assert all("brokers" in sentence for sentence in said)


def test_every_choice_is_one_that_the_template_offers(template: Json) -> None:
    """What the rules are tried with is all that may be chosen."""
    for name, values in CHOICES.items():
        if allowed := template["Parameters"][name].get("AllowedValues"):
            assert sorted(values) == sorted(allowed), name


def test_parameters_and_outputs_are_explained(template: Json) -> None:
    """Each has a description, each parameter a bound on what may be given, and a place in the form."""
    form = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in form for name in group["Parameters"]]
    assert sorted(shown) == sorted(template["Parameters"])
    for name, about in {**template["Parameters"], **template["Outputs"]}.items():
        assert about["Description"].endswith("."), name
    for name, about in template["Parameters"].items():
        bounds = {"AllowedValues", "AllowedPattern", "MinValue"} & set(about)
        assert bounds or name == "SetupImage", f"{name} may be anything"


def test_what_processes_are_told_are_settings(template: Json, tmp_path: Path) -> None:
    """The program itself takes every container's environment, with passwords in the places of the secrets."""
    authority = tmp_path / "database-ca.pem"
    authority.touch()
    seen = 0
    for one in views(template):
        for task in one.of("AWS::ECS::TaskDefinition"):
            for container in containers(task):
                load_settings(None, _environment(container, authority))
                seen += 1
    assert seen


def _environment(container: Json, authority: Path) -> dict[str, str]:
    given = {of["Name"]: str(of["Value"]) for of in container.get("Environment", [])}
    given |= {of["Name"]: "x" * 40 for of in container.get("Secrets", [])}
    if url := given.get("CAREPLANE_DATABASE_URL"):
        url = url.replace("«Database.Endpoint.Address»", "db.example.org").replace("«Database.Endpoint.Port»", "5432")
        given["CAREPLANE_DATABASE_URL"] = re.sub(r"sslrootcert=[^&]+", f"sslrootcert={authority}", url)
    return {name: re.sub(r"«[\w.]+»", "x", value) for name, value in given.items() if not name.endswith("_FILE")}


def test_each_component_comes_in_as_its_own_role(template: Json) -> None:
    """The login in a process's URL is its component's, and the password the one that is made for it."""
    for keeper, task in runs(view(template)):
        (container,) = containers(task)
        given = {of["Name"]: str(of["Value"]) for of in container["Environment"]}
        if url := given.get("CAREPLANE_DATABASE_URL"):
            passwords = {of["Name"]: of["ValueFrom"] for of in container["Secrets"]}
            assert f"//careplane_{container['Name']}@" in url, keeper.name
            assert passwords["CAREPLANE_DATABASE_PASSWORD"] == f"«{container['Name'].capitalize()}Login»"


def test_the_database_has_room_for_everybody(template: Json) -> None:
    """Even with the most tasks that may be chosen the rule holds, and the parameters say the numbers it goes by."""
    about, pool = template["Parameters"], load_settings(None, {}).database.pool_size
    most = about["TasksMost"]["MaxValue"]
    assert not list(the_database_has_room(view(template, TasksMost=str(most), KafkaBootstrap="b-1.example.org:9096")))
    assert f"takes {pool} connections" in about["TasksMost"]["Description"]
    assert f"{most} of each need {most * _ROLLING * len(CATALOG) * pool}" in about["TasksMost"]["Description"]
    stated = re.search(r"about (\d+) connections", about["DatabaseType"]["Description"])
    alarm = view(template).parts["DatabaseCrowded"]
    assert stated
    assert int(alarm.properties["Threshold"]) < int(stated[1])


def test_the_database_authority_is_put_where_it_is_read(template: Json, tmp_path: Path) -> None:
    """The setup's own script, run here, leaves the certificate in each folder that a process looks into."""
    (setup,) = [task for task in view(template).of("AWS::ECS::TaskDefinition") if task.name == "SetupTask"]
    script = containers(setup)[0]["Command"][0].replace("/secrets", str(tmp_path))
    for _ in range(2):
        subprocess.run(
            ["sh", "-euc", script], env={"DATABASE_CA": "the certificate", "PATH": "/usr/bin:/bin"}, check=True
        )
    for place in ("", "identity", "billing", "patient", "analytics"):
        file = tmp_path / place / "database-ca.pem"
        assert file.read_text() == "the certificate\n"
        assert file.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.rglob("*.new"))


def test_setup_goes_in_order_and_ends_at_a_fault(template: Json) -> None:
    """Each container of the setup begins after the one before it has succeeded, and the last one is the migration."""
    (setup,) = [task for task in view(template).of("AWS::ECS::TaskDefinition") if task.name == "SetupTask"]
    every = containers(setup)
    for before, one in itertools.pairwise(every):
        assert one["DependsOn"] == [{"ContainerName": before["Name"], "Condition": "SUCCESS"}]
    assert [one["Name"] for one in every][-3:] == ["certs", "secrets", "migrate"]


def test_nothing_is_told_of_the_http_api_where_there_is_none(template: Json) -> None:
    """Without the option there is no API and no link, and the balancer faces the internet; with it, it does not."""
    without, behind = view(template, HttpApi="false"), view(template, HttpApi="true")
    assert not list(without.of("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::VpcLink"))
    assert list(behind.of("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::VpcLink"))
    assert _scheme(without) == "internet-facing"
    assert _scheme(behind) == "internal"


def _scheme(one: View) -> object:
    (balancer,) = one.of("AWS::ElasticLoadBalancingV2::LoadBalancer")
    return balancer.said("Scheme")
