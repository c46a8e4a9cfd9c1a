"""config/kubernetes as the tests read it: each kustomization rendered, with Secrets as the setup makes them."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.kubernetes.renderer import rendered

from careplane.app.commands.certs import run_certs
from careplane.app.commands.secrets import run_secrets

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "config" / "kubernetes"
PLACES = ("small", "production")
Manifest = dict[str, Any]
Manifests = list[Manifest]
PODS = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True)
class Platform:
    """One place, `small` or `production`: all that is applied there, in the parts in which it is applied."""

    name: str
    parts: Mapping[str, Manifests]

    @property
    def everything(self) -> Manifests:
        """All of it, each once."""
        found = {(it["kind"], it["metadata"]["name"]): it for part in self.parts.values() for it in part}
        return list(found.values())


def rendered_platforms(work: Path) -> tuple[Platform, ...]:
    """Render both places in a copy of the folder, beside Secrets that are made there as README.md says."""
    copy = work / "kubernetes"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("made"))
    made = copy / "secrets" / "made"
    run_certs(made, (), (), 90)
    run_secrets(made, "unused:5432/unused")
    secrets = [*_read(rendered(copy / "secrets")), signing_keys(made)]
    return tuple(_platform(copy, name, secrets) for name in PLACES)


def signing_keys(made: Path) -> Manifest:
    """Return the Secret that `kubectl create secret generic identity-keys --from-file=made/identity/keys` makes."""
    content = {file.name: file.read_text() for file in sorted((made / "identity" / "keys").iterdir())}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "identity-keys", "namespace": "careplane"},
        "stringData": content,
    }


def _platform(copy: Path, name: str, secrets: Manifests) -> Platform:
    parts = {part: _read(rendered(copy / name / part)) for part in (".", "migrate", "operator")}
    return Platform(name, {"serve": parts.pop("."), **parts, "secrets": secrets})


def _read(text: str) -> Manifests:
    return [it for it in yaml.safe_load_all(text) if it]


def of_kind(manifests: Manifests, *kinds: str) -> Iterator[Manifest]:
    """Yield the manifests of these kinds."""
    return (it for it in manifests if it["kind"] in kinds)


def named(manifests: Manifests, kind: str, name: str) -> Manifest:
    """Return the one of this kind and name."""
    (found,) = (it for it in of_kind(manifests, kind) if it["metadata"]["name"] == name)
    return found


def title(manifest: Manifest) -> str:
    """Name a manifest as one speaks of it."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def pod(manifest: Manifest) -> Manifest:
    """Return the template of the pods that a manifest makes."""
    template: Manifest = manifest["spec"]["template"]
    return template


def containers(manifest: Manifest) -> list[Manifest]:
    """Return all containers of its pods, those that come first included."""
    spec = pod(manifest)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def ours(manifest: Manifest) -> Manifest:
    """Return the container that is ours."""
    found: Manifests = [it for it in pod(manifest)["spec"]["containers"] if it["name"] == "careplane"]
    (container,) = found
    return container
