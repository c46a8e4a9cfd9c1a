"""Anchors: heads noted durably as they move, not too often, and read back line by line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from careplane.app.anchors import Anchor, AnchorFile, Anchors, anchor_file_of, append
from careplane.app.settings import AuditSettings, Settings
from careplane.app.setup_error import SetupError
from careplane.kernel.clock import FixedClock
from careplane.storage.seal import Head

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def head(seq: int) -> Head:
    """Make a head."""
    return Head(seq, bytes([seq]) * 32)


def anchor(seq: int, component: str = "patient") -> Anchor:
    """Make the anchor of that head."""
    return Anchor(NOW, component, seq, head(seq).hash.hex())


def seqs(file: Path, component: str = "patient") -> list[int]:
    """Return the blocks that the file vouches for."""
    return [found.seq for found in AnchorFile(file).heads(component)]


async def test_heads_are_noted_when_they_have_moved_and_it_is_time(tmp_path: Path) -> None:
    """Each chain's at once at first, then not before its time is over, and at the end whatever the time."""
    file, clock, heads = tmp_path / "new" / "anchors.ndjson", FixedClock(NOW), dict[str, Head]()
    anchors = Anchors(AuditSettings(anchor_file=file, anchor_every_s=60.0), clock, lambda: heads)
    assert not await anchors.step()
    assert not file.exists()
    heads["patient"] = head(1)
    await anchors.step()
    assert seqs(file) == [1]
    heads |= {"patient": head(2), "billing": head(1)}
    clock.at += timedelta(seconds=59)
    await anchors.step()
    assert (seqs(file), seqs(file, "billing")) == ([1], [1])
    clock.at += timedelta(seconds=1)
    await anchors.step()
    await anchors.step()
    assert (seqs(file), seqs(file, "billing")) == ([1, 2], [1])
    heads["patient"] = head(3)
    await anchors.note()
    assert (seqs(file), seqs(file, "billing")) == ([1, 2, 3], [1])
    assert list(AnchorFile(file).heads("patient")) == [head(1), head(2), head(3)]


async def test_anchors_are_in_the_log(tmp_path: Path) -> None:
    """With or without a file: shipped logs hold them."""
    anchors = Anchors(AuditSettings(), FixedClock(NOW), lambda: {"patient": head(1)})
    with capture_logs() as logs:
        await anchors.note()
        await anchors.note()
    assert logs == [
        {"event": "audit anchor", "log_level": "info", "component": "patient", "seq": 1, "hash": head(1).hash.hex()}
    ]


async def test_what_could_not_be_noted_is_noted_later(tmp_path: Path) -> None:
    """A file that cannot be written is an error each time, until it can."""
    folder = tmp_path / "anchors"
    folder.write_text("a file where a folder should be")
    anchors = Anchors(AuditSettings(anchor_file=folder / "a.ndjson"), FixedClock(NOW), lambda: {"patient": head(1)})
    for _ in range(2):
        with pytest.raises(OSError, match="anchors"):
            await anchors.step()
    folder.unlink()
    await anchors.step()
    assert seqs(folder / "a.ndjson") == [1]


def test_the_file_is_its_owners_and_only_grows(tmp_path: Path) -> None:
    """Nobody else reads or writes it, and what was there stays, a line that was cut off included."""
    file = tmp_path / "anchors.ndjson"
    append(file, [anchor(1)])
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open("ab") as cut_off:
        cut_off.write(b'{"time":"20')
    append(file, [anchor(2)])
    lines = file.read_bytes().splitlines()
    assert lines[1] == b'{"time":"20'
    assert msgspec.json.decode(lines[2], type=Anchor) == anchor(2)


def test_what_is_noted_after_the_file_was_opened_does_not_count(tmp_path: Path) -> None:
    """A check looks at the database as it is after that, and must find all that was noted before."""
    file = tmp_path / "anchors.ndjson"
    append(file, [anchor(1)])
    opened = AnchorFile(file)
    append(file, [anchor(2)])
    assert list(opened.heads("patient")) == [head(1)]


@pytest.mark.parametrize(
    "line",
    ["not JSON", "{}", '{"time":"2031-05-06T07:08:09Z","component":"patient","seq":0,"hash":"00"}', "\xff", "x" * 9999],
)
def test_a_line_that_is_no_anchor_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    """It vouches for nothing, so somebody must look."""
    file = tmp_path / "anchors.ndjson"
    append(file, [anchor(1)])
    with file.open("a", encoding="latin-1") as more:
        more.write(f"\n{line}\n")
    with pytest.raises(SetupError, match=r"Line 3 of .* is not an anchor"):
        seqs(file)


def test_whose_anchors_there_are_is_told(tmp_path: Path) -> None:
    """Also those of a component that nobody asked about."""
    file = tmp_path / "anchors.ndjson"
    append(file, [anchor(1), anchor(2, "pharmacy"), anchor(3)])
    assert AnchorFile(file).components() == {"patient", "pharmacy"}


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """In a sentence, with its path."""
    with pytest.raises(SetupError, match=r"nothing\.ndjson cannot be read"):
        AnchorFile(tmp_path / "nothing.ndjson")


def test_the_data_folder_has_the_file_unless_told_otherwise(tmp_path: Path) -> None:
    """A setting goes first."""
    assert anchor_file_of(Settings(data_dir=tmp_path)) == tmp_path / "audit-anchors.ndjson"
    elsewhere = AuditSettings(anchor_file=Path("/mnt/worm/a"))
    assert anchor_file_of(Settings(data_dir=tmp_path, audit=elsewhere)) == Path("/mnt/worm/a")
