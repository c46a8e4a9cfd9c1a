"""Rules of our own about pods: what Pod Security calls restricted, and more; each returns the faults that it finds."""

import re
from collections.abc import Iterator
from typing import Final

from tests.kubernetes.platforms import PODS, Manifest, Manifests, containers, of_kind, pod, title

from careplane.app.settings_source import all_settings

_VOLUMES: Final = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SECRETS: Final = {setting.variable for setting in all_settings() if setting.secret}
_TABLES: Final = tuple(f"{setting.variable}_" for setting in all_settings() if setting.secret and setting.entries)
_ALSO: Final = re.compile(r"PASSWORD$|SECRET$|TOKEN$|PGPASSWORD|^DATABASE_URL$")
_CREDENTIALS: Final = re.compile(r"://[^/\s@]*:[^/\s@]*@")
_READ_ONLY_MODE: Final = 0o440


def restricted(manifests: Manifests) -> list[str]:
    """No pod may do more than it must: nothing of the node, no root, no rights, nothing written but where it says."""
    found = [f"{title(it)}: {fault}" for it in of_kind(manifests, *PODS) for fault in _of_pod(pod(it)["spec"])]
    for manifest in of_kind(manifests, *PODS):
        for container in containers(manifest):
            found += [f"{title(manifest)}, {container['name']}: {fault}" for fault in _of_container(container)]
    return found


def _of_pod(spec: Manifest) -> Iterator[str]:
    context = spec.get("securityContext", {})
    yield from (f"{name} is the node's" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))
    if not context.get("runAsNonRoot") or not context.get("runAsUser"):
        yield "may run as root"
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "has no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False:
        yield "is given a token of the cluster"
    if spec.get("enableServiceLinks") is not False:
        yield "is given variables of all Services, which may be taken for settings"
    if spec.get("serviceAccountName", "default") == "default":
        yield "has no account of its own"
    for volume in spec.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= _VOLUMES:
            yield f"the volume {volume['name']} is {', '.join(sorted(kinds))}"
        if "secret" in volume and volume["secret"].get("defaultMode") != _READ_ONLY_MODE:
            yield f"the secrets of {volume['name']} can be read by others"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"the volume {volume['name']} has no bound"


def _of_container(container: Manifest) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("privileged"):
        yield "is privileged"
    if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
        yield "may run as root"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "can gain rights"
    if not context.get("readOnlyRootFilesystem"):
        yield "can write to its root"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield "has capabilities"
    for kind, needed in (("requests", {"cpu", "memory"}), ("limits", {"cpu", "memory"})):
        if not needed <= set(container.get("resources", {}).get(kind, {})):
            yield f"has no {kind} of {' and '.join(sorted(needed))}"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the node"
    told = [it["name"] for it in container.get("env", [])]
    yield from (f"is told {name} twice" for name in sorted({name for name in told if told.count(name) > 1}))
    if re.search(r"(^[^:@]*|:latest)$", container["image"].rpartition("/")[2]):
        yield f"has an image of no version: {container['image']}"


def told_no_secret(manifests: Manifests) -> list[str]:
    """A secret is a file: it stands in no variable, no ConfigMap and no argument."""
    found = []
    for manifest in of_kind(manifests, *PODS):
        for container in containers(manifest):
            words = [*container.get("command", []), *container.get("args", [])]
            told = {it["name"]: it.get("value", "") for it in container.get("env", [])}
            found += [f"{title(manifest)}: {fault}" for fault in _secrets_in(told, words)]
            if any("secretRef" in it for it in container.get("envFrom", [])):
                found.append(f"{title(manifest)}: a whole Secret is in its environment")
            for it in container.get("env", []):
                if "secretKeyRef" in it.get("valueFrom", {}):
                    found.append(f"{title(manifest)}: the secret {it['name']} is in its environment")
    for manifest in of_kind(manifests, "ConfigMap"):
        found += [f"{title(manifest)}: {fault}" for fault in _secrets_in(manifest["data"], [])]
    return found


def _secrets_in(told: dict[str, str], words: list[str]) -> Iterator[str]:
    for name, value in told.items():
        secret = name in _SECRETS or (name.startswith(_TABLES) and not name.endswith("_FILE")) or _ALSO.search(name)
        names_only = name == "CAREPLANE_DATABASE_URL" and not _CREDENTIALS.search(value)
        if value and secret and not names_only:
            yield f"{name} is a secret in the open"
    yield from (f"a password stands in {word!r}" for word in (*told.values(), *words) if _CREDENTIALS.search(word))
