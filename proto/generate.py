"""Makes transports/careplane_pb from the protos: checks them first, with buf, and then generates with grpcio-tools.

`make proto` runs it. `--into FOLDER` only generates, into another folder: a test compares that with what is committed.
`--release` takes the protos of now as those that clients rely on (released.binpb), if nothing in them breaks the last.
"""

import argparse
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

PROTO = Path(__file__).parent
ROOT = PROTO.parent
PACKAGE = "careplane_pb"
RELEASED = PROTO / "released.binpb"
BIN = Path(sys.executable).parent
DOCSTRING = '"""Generated from proto/ by `make proto`: change the protos, not this."""\n'


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command; where it fails, end with what it said."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\n{Path(command[0]).name} {command[1]} refuses the protos: see above.")
    return done.stdout


def before(root: Path = ROOT) -> str:
    """Name what must not be broken: the protos of the last tag that has some, else those last released."""
    git = shutil.which("git")
    if git is not None and (root / ".git").exists():
        for tag in run(git, "tag", "--sort=-creatordate", "--merged", cwd=root).split():
            if run(git, "ls-tree", tag, "proto/buf.yaml", cwd=root):
                return f"{root / '.git'}#tag={tag},subdir=proto"
    return str(root / RELEASED.relative_to(ROOT))


def check(protos: Path = PROTO, root: Path = ROOT) -> None:
    """Refuse protos that are untidy, or that break those who talk to us already."""
    run(BIN / "buf", "lint", protos)
    run(BIN / "buf", "format", "--exit-code", "--diff", protos)
    run(BIN / "buf", "breaking", protos, "--against", before(root))


def generate(into: Path) -> None:
    """Make the package anew in a folder: messages with their types, and what grpclib needs for each interface."""
    shutil.rmtree(into / PACKAGE, ignore_errors=True)
    (into / PACKAGE).mkdir(parents=True)
    _protoc(into, sorted(PROTO.glob(f"{PACKAGE}/**/*.proto")))
    _protoc(into / PACKAGE, sorted(PROTO.glob("*.proto")))
    for path in (into / PACKAGE).rglob("*_grpc.py"):
        _tidy(path)
    for folder in {path.parent for path in (into / PACKAGE).rglob("*.py")}:
        for package in (folder, *folder.parents[: len(folder.relative_to(into).parts) - 1]):
            (package / "__init__.py").write_text(DOCSTRING)
    (into / PACKAGE / "py.typed").touch()


def _protoc(into: Path, protos: list[Path]) -> None:
    run(
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--proto_path={PROTO}",
        f"--proto_path={files('grpc_tools') / '_proto'}",
        f"--plugin=protoc-gen-grpclib_python={BIN / 'protoc-gen-grpclib_python'}",
        f"--python_out={into}",
        f"--pyi_out={into}",
        f"--grpclib_python_out={into}",
        *(str(path.relative_to(PROTO)) for path in protos),
    )


def _tidy(path: Path) -> None:
    """Drop a file that serves nothing, and let one of a proto without a package find its messages in ours."""
    text = path.read_text()
    if "class " not in text:
        path.unlink()
    elif path.parent.name == PACKAGE:
        messages = path.name.replace("_grpc.py", "_pb2")
        path.write_text(text.replace(f"import {messages}\n", f"from {PACKAGE} import {messages}\n"))


def main() -> None:
    """Do what the command line asks for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--into", type=Path, metavar="FOLDER")
    options.add_argument("--release", action="store_true")
    asked = options.parse_args()
    if asked.into is not None:
        generate(asked.into)
        return
    check()
    generate(ROOT / "transports")
    if asked.release:
        run(BIN / "buf", "build", PROTO, "--as-file-descriptor-set", "--exclude-source-info", "--output", RELEASED)


if __name__ == "__main__":
    main()
