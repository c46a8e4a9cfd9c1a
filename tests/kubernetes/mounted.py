"""A container's files and environment as a kubelet makes them, in a folder of this machine."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path

from tests.kubernetes.platforms import Manifest, Manifests, named, ours, pod

_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def put(volume: Path, content: Mapping[str, bytes], turn: int = 1) -> None:
    """Put files into a volume, or others in their place, in one step: behind `..data`, a link that is replaced."""
    fresh = volume / f"..turn_{turn}"
    fresh.mkdir(parents=True)
    for name, data in content.items():
        (fresh / name).write_bytes(data)
        (fresh / name).chmod(0o440)
    (volume / "..data_tmp").symlink_to(fresh.name)
    (volume / "..data_tmp").replace(volume / "..data")
    for name in content:
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(Path("..data") / name)
    for file in volume.iterdir():
        if not file.name.startswith("..") and file.name not in content:
            file.unlink()


def content_of(manifest: Manifest) -> Mapping[str, bytes]:
    """Return the files that a Secret or a ConfigMap becomes."""
    if manifest["kind"] == "Secret" and "data" in manifest:
        return {name: base64.b64decode(value) for name, value in manifest["data"].items()}
    return {name: value.encode() for name, value in (manifest.get("stringData") or manifest["data"]).items()}


def mount(manifests: Manifests, workload: Manifest, root: Path) -> Mapping[str, Path]:
    """Put what a process mounts under `root`, and return where each place of its container is."""
    volumes = {it["name"]: it for it in pod(workload)["spec"]["volumes"]}
    places: dict[str, Path] = {}
    for it in ours(workload)["volumeMounts"]:
        volume, place = volumes[it["name"]], root / it["mountPath"].lstrip("/")
        if "emptyDir" in volume:
            place.mkdir(parents=True)
        elif "secret" in volume:
            content = content_of(named(manifests, "Secret", volume["secret"]["secretName"]))
            items = {item["key"] for item in volume["secret"].get("items", [])} or set(content)
            put(place, {name: data for name, data in content.items() if name in items})
        else:
            put(place, content_of(named(manifests, "ConfigMap", volume["configMap"]["name"])))
        places[it["mountPath"]] = place
    return places


def environment(manifests: Manifests, workload: Manifest, places: Mapping[str, Path]) -> Mapping[str, str]:
    """Return a container's environment, where what it mounts is at the `places` of this machine."""
    container = ours(workload)
    found: dict[str, str] = {}
    for it in container.get("envFrom", []):
        found |= named(manifests, "ConfigMap", it["configMapRef"]["name"])["data"]
    before: dict[str, str] = {}  # only what stands before is put in place of $(NAME), and nothing from envFrom
    for it in container.get("env", []):
        if "valueFrom" in it:
            asked = it["valueFrom"]["configMapKeyRef"]
            before[it["name"]] = named(manifests, "ConfigMap", asked["name"])["data"][asked["key"]]
        else:
            before[it["name"]] = _VARIABLE.sub(lambda name: before.get(name[1], name[0]), it["value"])
    found |= before
    there = re.compile(rf"(?<![\w/])({'|'.join(places)})(?=/|$)")
    return {name: there.sub(lambda place: str(places[place[1]]), value) for name, value in found.items()}
