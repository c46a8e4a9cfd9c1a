"""config/kubernetes/README.md tells what is there: its folders, its labels, its numbers."""

import re

import pytest
import yaml
from tests.kubernetes.platforms import FOLDER, ROOT, Platform, named, of_kind, ours, pod
from tests.kubernetes.schemas import OLDEST

from careplane.app.catalog import NAMES
from careplane.app.settings import Settings
from careplane.gateway.routes import GATEWAY

TEXT = (FOLDER / "README.md").read_text()


def test_what_it_names_is_there() -> None:
    """Each folder that is applied, and each file that is to be changed; only `made` comes later."""
    paths = set(re.findall(r"config/kubernetes/[a-z/-]+", TEXT))
    assert len(paths) >= 5
    assert [path for path in paths if "/made" not in path and not (ROOT / path).exists()] == []
    for place in set(re.findall(r"-k (config/kubernetes/[a-z/]+)", TEXT)):
        assert (ROOT / place / "kustomization.yaml").is_file()
    for name in re.findall(r"`((?:small|production|platform|ground|secrets|migrate|operator)/[a-z/.-]*)`", TEXT):
        assert (FOLDER / name).exists(), name


def test_its_numbers_are_those_of_the_manifests(platforms: tuple[Platform, ...]) -> None:
    """The oldest Kubernetes, connections, the seconds of a rollout, and the time until a key signs."""
    production = platforms[1].everything
    most = sum(
        it["spec"]["maxReplicas"] + 1
        for it in of_kind(production, "HorizontalPodAutoscaler")
        if it["metadata"]["name"] in NAMES
    )
    patient = named(production, "Deployment", "patient")
    assert f"Kubernetes {OLDEST} or later" in TEXT
    assert f"{most * Settings().database.pool_size} connections of PostgreSQL" in TEXT
    assert f"for {patient['spec']['minReadySeconds']} seconds before an old one" in TEXT
    assert f"waits for {ours(patient)['lifecycle']['preStop']['sleep']['seconds']} seconds before SIGTERM" in TEXT
    told = [it["data"] for it in of_kind(production, "ConfigMap") if "CAREPLANE_IDENTITY_KEY_LEAD_S" in it["data"]]
    assert f"KEY_LEAD_S={told[0]['CAREPLANE_IDENTITY_KEY_LEAD_S']}" in TEXT


def test_its_labels_open_the_ways(platform: Platform) -> None:
    """The namespaces that it labels are those that policies let in."""
    said = dict(re.findall(r"(careplane/reaches-[a-z]+)=(true)", TEXT))
    let_in: dict[str, str] = {}
    for policy in of_kind(platform.everything, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            for peer in rule["from"]:
                let_in |= peer.get("namespaceSelector", {}).get("matchLabels", {})
    assert let_in == said


@pytest.mark.parametrize(
    ("selector", "left"),
    [("2, 3", {GATEWAY, "patient"}), ("3", {GATEWAY}), ("1, 2", {*NAMES}), ("1", {*NAMES} - {"patient"})],
)
def test_its_selectors_leave_out_whose_turn_it_is_not(platform: Platform, selector: str, left: set[str]) -> None:
    """Who is called is replaced before who calls, and going back is the other way round."""
    assert f"careplane/turn notin ({selector})" in TEXT
    turns = selector.split(", ")
    deployments = list(of_kind(platform.parts["serve"], "Deployment"))
    assert {it["metadata"]["name"] for it in deployments if it["metadata"]["labels"]["careplane/turn"] in turns} == left
    assert all("careplane/turn" not in pod(it)["metadata"]["labels"] for it in deployments)


def test_the_namespace_comes_with_the_secrets_and_first(platforms: tuple[Platform, ...]) -> None:
    """What is applied first makes the namespace; what serves does not bring it, so to delete that keeps the data."""
    first = yaml.safe_load((FOLDER / "secrets" / "kustomization.yaml").read_text())["resources"]
    assert first == ["namespace.yaml"]
    for platform in platforms:
        assert platform.parts["secrets"][0]["kind"] == "Namespace"
        assert not [
            it for part in ("serve", "migrate", "operator") for it in of_kind(platform.parts[part], "Namespace")
        ]
