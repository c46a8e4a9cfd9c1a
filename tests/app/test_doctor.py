"""The doctor without a database: each check tells of its fault when that is produced, and of nothing otherwise."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from careplane.app.catalog import NAMES
from careplane.app.commands.doctor import case_of, run_doctor
from careplane.app.doctor import configuration, folder, keys, machine, software
from careplane.app.doctor.case import Case, Check
from careplane.app.doctor.checks import CHECKS, examine
from careplane.app.doctor.finding import Finding, Level, ok
from careplane.app.known_faults import KNOWN_FAULTS
from careplane.app.settings import DatabaseSettings, HttpSettings, MetricsSettings, Settings
from careplane.app.settings_source import load_settings
from careplane.components.identity.signing.keys import file_name, make_key

URL = "postgresql://clinic:hunter2@db.example/careplane"
SECRET = "hunter2-hunter2-hunter2-hunter2-hunter2"
GIB = 1024**3


def bad(findings: Sequence[Finding]) -> list[tuple[Level, str]]:
    """Return what was found that is not well; each of them must say what to do."""
    found = [one for one in findings if one.level is not Level.OK]
    assert all(one.advice for one in found)
    assert not any("hunter2" in text for one in findings for text in (one.found, one.advice))
    return [(one.level, one.found) for one in found]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Give a way to write a file with a mode."""

    def write(text: str, mode: int = 0o600, name: str = "my.toml") -> Path:
        file = tmp_path / name
        file.write_text(text)
        file.chmod(mode)
        return file

    return write


def of(**settings: object) -> Case:
    """Return a case with such settings, and a database of one's own."""
    return Case(msgspec.structs.replace(Settings(database=DatabaseSettings(url=URL)), **settings))


async def test_this_python_and_these_libraries_are_sound() -> None:
    """What the tests run on has no known fault."""
    for check in (software.check_python, software.check_libraries):
        assert bad(await check(Case(Settings()))) == []


async def test_an_old_python_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """It might start and fail later."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert bad(await software.check_python(Case(Settings())))[0][0] is Level.PROBLEM


@pytest.mark.parametrize("known", KNOWN_FAULTS, ids=lambda known: known.package)
def test_a_faulty_library_is_a_problem(known: object) -> None:
    """One below the first sound version is named, with what is wrong; that version and later ones are not."""
    for fault in KNOWN_FAULTS:
        if fault == known:
            [(level, found)] = bad(software.faulty({fault.package: "0.0.1"}))
            assert level is Level.PROBLEM
            assert fault.why in found
            for sound in (fault.lowest, f"{fault.lowest}.post1", "999.0"):
                assert bad(software.faulty({fault.package: sound})) == []


@pytest.mark.parametrize(("text", "told"), [("[http]\nprot = 1", "http.prot"), ("[http", "not valid TOML")])
async def test_broken_settings_keep_nothing_else_from_being_looked_at(
    write: Callable[..., Path], tmp_path: Path, text: str, told: str
) -> None:
    """The mistake is a problem; the rest goes by the defaults."""
    case = await case_of(write(text), tmp_path / "data", {})
    findings = await examine(case, [one for one in CHECKS if one is not machine.check_ports])
    assert [told in found for _, found in bad(findings)] == [True]
    assert len(findings) > 8


async def test_a_mistake_in_the_environment_is_a_problem(tmp_path: Path) -> None:
    """A setting that is not one is told there too."""
    case = await case_of(None, tmp_path, {"CAREPLANE_HTTP_PROT": "1"})
    assert "CAREPLANE_HTTP_PROT" in bad(await configuration.check_settings(case))[0][1]


async def test_a_broken_route_table_is_a_problem(write: Callable[..., Path]) -> None:
    """With the line of the mistake."""
    routes = write("- path: [", name="routes.yaml")
    case = Case(Settings(http=HttpSettings(routes_file=routes)))
    assert bad(await configuration.check_routes_file(case))[0][0] is Level.PROBLEM
    assert bad(await configuration.check_routes_file(Case(Settings()))) == []


@pytest.mark.parametrize(("mode", "problems"), [(0o600, 0), (0o640, 1), (0o644, 1)])
async def test_secrets_in_a_settings_file_that_others_read_are_a_problem(
    write: Callable[..., Path], mode: int, problems: int
) -> None:
    """Also those whose own file, named by <name>_file, is open; what is closed is not told of."""
    inside = write(f'[database]\nurl = "{URL}"\n', mode)
    assert len(bad(await configuration.check_secrets(Case(Settings(), inside)))) == problems
    write(SECRET, mode, "cursor")
    outside = write('[http]\ncursor_secret_file = "cursor"\n', 0o644, "other.toml")
    found = bad(await configuration.check_secrets(Case(Settings(), outside)))
    assert [level for level, _ in found] == [Level.PROBLEM] * problems


async def test_secrets_in_the_environment_are_told(write: Callable[..., Path]) -> None:
    """A password in a URL, a secret itself, or an open file that is named; not a URL without password."""
    environ = {
        "DATABASE_URL": URL,
        "CAREPLANE_HTTP_CURSOR_SECRET": SECRET,
        "CAREPLANE_IDENTITY_PRIVATE_KEY_FILE": str(write("x", 0o644, "key.pem")),
        "CAREPLANE_DATABASE_COMPONENT_URLS": f'{{"billing": "{URL}"}}',
    }
    found = bad(await configuration.check_secrets(Case(Settings(), environ=environ)))
    assert sorted(level for level, _ in found) == [Level.PROBLEM, *[Level.WARNING] * 3]
    for name, file in (("PASSWORD", ""), ("LOGINS", ""), ("LOGINS_PATIENT", ""), ("LOGINS_PATIENT", "_FILE")):
        value = str(write(SECRET, 0o644, "password")) if file else SECRET
        [(level, told)] = bad(
            await configuration.check_secrets(Case(Settings(), environ={f"CAREPLANE_DATABASE_{name}{file}": value}))
        )
        assert (level, name in told) == ((Level.PROBLEM, False) if file else (Level.WARNING, True))
    harmless = {"DATABASE_URL": "postgresql://clinic@db.example/careplane"}
    assert bad(await configuration.check_secrets(Case(Settings(), environ=harmless))) == []


@pytest.mark.parametrize(
    ("secret", "own", "level"),
    [("", False, None), ("", True, Level.WARNING), ("hunter2", True, Level.PROBLEM), (SECRET, True, None)],
)
async def test_the_secret_for_cursors_is_looked_at(secret: str, own: bool, level: Level | None) -> None:
    """`careplane dev` makes one; with a database of one's own it must be set, and be long."""
    http = HttpSettings(cursor_secret=secret)
    case = of(http=http) if own else Case(Settings(http=http))
    found = bad(await configuration.check_cursor_secret(case))
    assert [one for one, _ in found] == ([level] if level else [])


async def test_what_a_production_should_have_is_told() -> None:
    """A key for second factors and a place for anchors; `careplane dev` makes both."""
    assert [level for level, _ in bad(await configuration.check_proofs(of()))] == [Level.WARNING] * 2
    assert await configuration.check_proofs(Case(Settings())) == []
    others = frozenset(set(NAMES) - {"patient"})
    found = bad(await configuration.check_proofs(Case(of().settings, owners={"patient": URL}, elsewhere=others)))
    assert ["how far it has come" in text for _, text in found] == [True]
    assert await configuration.check_proofs(Case(Settings(), elsewhere=frozenset(NAMES))) == []


async def test_the_data_folder_is_looked_at(tmp_path: Path) -> None:
    """One that is not there is made, a file in its place is a problem, and so is one that others can write to."""
    data = tmp_path / "data"
    case = Case(Settings(data_dir=data))
    assert bad(await folder.check_folder(case)) == []
    data.touch()
    assert "no folder" in bad(await folder.check_folder(case))[0][1]
    data.unlink()
    (data / "keys").mkdir(parents=True)
    assert bad(await folder.check_folder(case)) == []
    (data / "keys").chmod(0o777)
    assert "others can write" in bad(await folder.check_folder(case))[0][1]


async def test_a_folder_of_another_account_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this account may not write."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "another account" in bad(await folder.check_folder(Case(Settings(data_dir=tmp_path))))[0][1]


@pytest.mark.parametrize(("free", "level"), [(GIB // 2, Level.PROBLEM), (2 * GIB, Level.WARNING), (9 * GIB, Level.OK)])
async def test_the_room_on_the_disk_is_looked_at(tmp_path: Path, free: int, level: Level) -> None:
    """Also for a folder that is not there yet."""
    assert folder.space(free).level is level
    assert await folder.check_space(Case(Settings(data_dir=tmp_path / "a" / "b")))


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port that this very process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        yield port


async def test_a_taken_port_is_a_problem_with_who_has_it(taken: int) -> None:
    """The process is named; a port that is free is none."""
    for metrics in (MetricsSettings(port=taken), MetricsSettings(port=0)):
        case = Case(Settings(http=HttpSettings(port=taken), metrics=metrics))
        found = bad(await machine.check_ports(case))
        assert len(found) == 1 + bool(metrics.port)
        assert all(level is Level.PROBLEM and f"process {os.getpid()} " in text for level, text in found)


async def test_an_address_that_is_not_ours_is_a_problem() -> None:
    """It is no address of this machine."""
    with socket.socket() as probe:  # one that nobody has at any address
        probe.bind(("0.0.0.0", 0))
        port = probe.getsockname()[1]
    case = Case(Settings(http=HttpSettings(host="192.0.2.1", port=port), metrics=MetricsSettings(port=0)))
    assert f"192.0.2.1:{port} cannot be had" in bad(await machine.check_ports(case))[0][1]


@pytest.mark.parametrize(
    ("total", "available", "files", "levels"),
    [
        (8 * GIB, 4 * GIB, 20_000, []),
        (8 * GIB, GIB // 8, 20_000, [Level.PROBLEM]),
        (GIB, GIB // 2, 20_000, [Level.WARNING]),
        (8 * GIB, 4 * GIB, 1024, [Level.WARNING]),
    ],
)
def test_a_small_machine_is_told(total: int, available: int, files: int, levels: list[Level]) -> None:
    """Little memory, and few open files."""
    assert [level for level, _ in bad(machine.resources(total, available, 2, files))] == levels


async def test_keys_are_looked_at_as_those_who_need_them_do(tmp_path: Path) -> None:
    """In production one must be there, not made for development, closed to others, and not too old."""
    case = Case(Settings(data_dir=tmp_path))
    assert bad(await keys.check_keys(case)) == []
    folder_ = tmp_path / "keys"

    def production() -> Case:
        identity = msgspec.structs.replace(Settings().identity, keys_dir=folder_)
        return of(identity=identity)

    assert bad(await keys.check_keys(of()))[0][0] is Level.WARNING
    make_key(folder_ / "0001.pem")
    assert bad(await keys.check_keys(case)) == []
    assert "made by Careplane itself" in bad(await keys.check_keys(production()))[0][1]
    (folder_ / "0001.pem").unlink()
    make_key(folder_ / "20200101T000000Z.pem", production=True)
    [(level, found)] = bad(await keys.check_keys(production()))
    assert (level, "days old" in found) == (Level.WARNING, True)
    from datetime import UTC, datetime

    fresh = folder_ / file_name(datetime.now(UTC))
    make_key(fresh, production=True)
    assert bad(await keys.check_keys(production())) == []
    fresh.chmod(0o644)
    assert "can be read by others" in bad(await keys.check_keys(production()))[0][1]
    fresh.write_text("no key")
    assert bad(await keys.check_keys(production()))[0][0] is Level.PROBLEM


async def test_a_check_that_fails_is_a_problem_and_the_others_go_on() -> None:
    """What its error says may be secret, and is not repeated."""

    async def check_broken(_case: Case) -> Sequence[Finding]:
        raise RuntimeError(SECRET)

    async def check_sound(_case: Case) -> Sequence[Finding]:
        return [ok("sound", "it is")]

    checks: tuple[Check, ...] = (check_broken, check_sound)
    findings = await examine(Case(Settings()), checks)
    assert bad(findings) == [(Level.PROBLEM, "it could not be looked at (RuntimeError)")]
    assert findings[-1].subject == "sound"


async def test_the_report_is_for_people_or_for_machines(
    tmp_path: Path, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 1 where something is a problem, and both say the same."""
    for name in [name for name in os.environ if name.startswith("CAREPLANE_") or name == "DATABASE_URL"]:
        monkeypatch.delenv(name)
    broken = write("[metrics]\nport = 0\n[http]\nprot = 1\n")
    with pytest.raises(SystemExit) as ended:
        await run_doctor(broken, tmp_path / "data", json=True)
    assert ended.value.code == 1
    report = json.loads(capsys.readouterr().out)
    assert report["problems"] == sum(one["level"] == "problem" for one in report["findings"]) > 0
    assert set(report["findings"][0]) == {"subject", "level", "found", "advice"}
    with pytest.raises(SystemExit):
        await run_doctor(broken, tmp_path / "data", json=False)
    told = capsys.readouterr().out
    assert all(
        one["found"] in told and one["advice"] in told for one in report["findings"] if "free" not in one["found"]
    )
    assert f"{report['problems']} problems, {report['warnings']} warnings." in told


def test_every_setting_that_is_secret_is_looked_for() -> None:
    """The list of secrets is that of the settings themselves."""
    assert {setting.key for setting in configuration._secrets()} >= {"database.url", "http.cursor_secret"}
    assert load_settings(None, {}).database.url == ""
