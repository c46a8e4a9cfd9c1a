"""What renders a kustomization: `kustomize` or `kubectl` if one is installed, else kustomize built once by Go."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import platformdirs

VERSION = "v5.8.1"
_SOURCE = f"sigs.k8s.io/kustomize/kustomize/v5@{VERSION}"
BUILD_SECONDS = 900.0
_RENDER_SECONDS = 50.0


class CannotRenderError(Exception):
    """There is nothing to render with, and why."""


@cache
def command() -> Sequence[str]:
    """Return what is started with a folder as its last argument; raise CannotRenderError where there is nothing."""
    if kustomize := shutil.which("kustomize"):
        return (kustomize, "build")
    if kubectl := shutil.which("kubectl"):
        return (kubectl, "kustomize")
    return (str(built()), "build")


def built() -> Path:
    """Return the kustomize of the cache; the first time Go builds it there, which takes a minute or more."""
    cache_folder = Path(os.environ.get("CAREPLANE_CACHE") or platformdirs.user_cache_path("careplane"))
    program = cache_folder / f"kustomize-{VERSION}" / "kustomize"
    if program.is_file():
        return program
    go = shutil.which("go")
    if go is None:
        raise CannotRenderError(
            "there is neither kustomize nor kubectl, nor Go to build kustomize: install one of them"
        )
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=program.parent) as unfinished:
        environment = {**os.environ, "GOBIN": unfinished, "CGO_ENABLED": "0"}
        said = subprocess.run(
            [go, "install", _SOURCE],
            env=environment, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS,
        )  # fmt: skip
        if said.returncode:
            raise CannotRenderError(f"Go could not build kustomize {VERSION}: {said.stderr.strip()[-300:]}")
        (Path(unfinished) / "kustomize").replace(program)  # whole, whoever else builds it at the same time
    return program


def rendered(folder: Path) -> str:
    """Return the manifests of a kustomization; raise AssertionError with what is wrong with it."""
    said = subprocess.run(
        [*command(), str(folder)], capture_output=True, text=True, check=False, timeout=_RENDER_SECONDS
    )
    assert said.returncode == 0, said.stderr
    assert not said.stderr, said.stderr  # what is deprecated is told there
    return said.stdout
