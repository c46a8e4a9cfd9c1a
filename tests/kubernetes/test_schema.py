"""Every manifest is what the API servers of the oldest and of the newest Kubernetes understand, to the last field."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kubernetes.platforms import FOLDER, Platform, named
from tests.kubernetes.schemas import NEWEST, OLDEST, faults

KUSTOMIZATIONS = sorted(FOLDER.rglob("kustomization.yaml"))


def listed(kustomization: Path) -> tuple[set[Path], set[Path]]:
    """Return the files of manifests, and of patches, that a kustomization names."""
    said: dict[str, Any] = yaml.safe_load(kustomization.read_text())
    resources = {(kustomization.parent / name).resolve() for name in said.get("resources", [])}
    patches = {(kustomization.parent / it["path"]).resolve() for it in said.get("patches", []) if "path" in it}
    return {path for path in resources if path.is_file()}, patches


MANIFESTS = sorted({path for it in KUSTOMIZATIONS for path in listed(it)[0]})
PATCHES = sorted({path for it in KUSTOMIZATIONS for path in listed(it)[1]})


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_each_file_is_valid_by_itself(path: Path, version: str) -> None:
    """Before kustomize has put anything into it."""
    for manifest in yaml.safe_load_all(path.read_text()):
        assert not faults(manifest, version)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_what_is_applied_is_valid(platform: Platform, version: str) -> None:
    """After kustomize has put all of it together."""
    assert len(platform.everything) > 40
    found = [fault for manifest in platform.everything for fault in faults(manifest, version)]
    assert not found


def test_no_file_is_left_out() -> None:
    """Each manifest is a resource or a patch of a kustomization."""
    there = {path.resolve() for path in FOLDER.rglob("*.yaml") if "made" not in path.parts}
    assert there == {*MANIFESTS, *PATCHES, *(path.resolve() for path in KUSTOMIZATIONS)}


@pytest.mark.parametrize(
    ("kind", "planted", "said"),
    [
        ("Deployment", {"replica": 3}, "replica"),
        ("Deployment", {"replicas": "three"}, "replicas"),
        ("NetworkPolicy", {"ingres": []}, "ingres"),
        ("PodDisruptionBudget", {"minAvailble": 1}, "minAvailble"),
        ("HorizontalPodAutoscaler", {"maxReplicas": None}, "maxReplicas"),
    ],
)
def test_a_planted_mistake_is_found(
    platforms: tuple[Platform, ...], kind: str, planted: dict[str, Any], said: str
) -> None:
    """A word that is misspelt and a value of another type are refused."""
    manifest = copy.deepcopy(named(platforms[1].everything, kind, "patient"))
    manifest["spec"] |= planted
    (fault,) = faults(manifest, NEWEST)
    assert said in fault
