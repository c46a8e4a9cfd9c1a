"""The route table: what is read from it, and every mistake told with the line it is on."""

from pathlib import Path

import pytest
from tests.gateway.conftest import World, default_table

from careplane.gateway.routes import BODY_LIMIT, default_routes_file, read_routes
from careplane.gateway.yaml_reading import RouteFileError

RATES = """rates:
  read: {per_second: 2, burst: 10, per: user}
  refused: {per_second: 1, burst: 5, per: address}
"""
ROW = (
    "  - {path: /a, methods: [GET], component: patient, access: bearer, scopes: [], rate: read, timeout: 5, "
    "body_limit: 0}\n"
)


def faults(tmp_path: Path, text: str) -> list[str]:
    """Return what is wrong with a table, without the folder it is in."""
    path = tmp_path / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RouteFileError) as caught:
        read_routes(path, components=("patient",), scopes=("patients:read",))
    return [fault.replace(f"{tmp_path}/", "") for fault in caught.value.faults]


def test_the_table_that_comes_with_careplane_is_right() -> None:
    """It reads, and names the file it came from."""
    table = default_table()
    assert table.source == str(default_routes_file())
    paths = {(route.method, route.path) for route in table.routes}
    assert ("POST", "/api/patients") in paths
    assert ("PATCH", "/api/patients/{patient_id}") in paths


def test_a_row_holds_its_terms(tmp_path: Path) -> None:
    """What is written in a row is what the gateway goes by."""
    path = tmp_path / "gateway.yaml"
    row = ROW.replace("scopes: []", 'scopes: ["patients:read"]').replace(", body_limit: 0", "")
    path.write_text(f"{RATES}routes:\n{row}", encoding="utf-8")
    (route,) = read_routes(path, components=("patient",), scopes=("patients:read",)).routes
    assert (route.path, route.method, route.component, route.bearer) == ("/a", "GET", "patient", True)
    assert (route.scopes, route.timeout, route.body_limit) == (("patients:read",), 5.0, BODY_LIMIT)
    assert (route.rate.per_second, route.rate.burst, route.rate.per_user) == (2.0, 10, True)
    assert route.where == f"{path}:5"


def test_rates_can_be_multiplied() -> None:
    """A load test takes the same table with other rates."""
    table = default_table()
    faster = table.times(10)
    assert faster.rates["read"].burst == 10 * table.rates["read"].burst
    assert all(route.rate is faster.rates[route.rate.name] for route in faster.routes)


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("access: bearer", "acess: bearer"), 5, "unknown key 'acess'"),
        (("scopes: [], ", ""), 5, "a bearer route names its scopes"),
        (("access: bearer, scopes: [], ", ""), 5, "missing access"),
        (("component: patient", "component: pattient"), 5, "unknown component 'pattient'; known are gateway, patient"),
        (("access: bearer", "access: private"), 5, "unknown access 'private'"),
        (("rate: read", "rate: fast"), 5, "unknown rate 'fast'; known are read, refused"),
        (("methods: [GET]", "methods: [FETCH]"), 5, "unknown method 'FETCH'"),
        (("methods: [GET]", "methods: GET"), 5, "must be a list"),
        (("timeout: 5", "timeout: soon"), 5, "must be a number from 0.01 to 3600"),
        (("timeout: 5", "timeout: 0"), 5, "must be a number from 0.01 to 3600"),
        (("body_limit: 0", "body_limit: 1.5"), 5, "must be a whole number from 0 to"),
        (("body_limit: 0", "body_limit: -1"), 5, "must be a whole number from 0 to"),
        (("path: /a", "path: /a/"), 5, "the path '/a/' must be of the form"),
        (("path: /a", "path: a"), 5, "the path 'a' must be of the form"),
        (("path: /a", "path: 7"), 5, "the path must be a text"),
        (("scopes: []", 'scopes: ["patients:steal"]'), 5, "unknown scope 'patients:steal'"),
        (
            ("access: bearer, scopes: []", 'access: public, scopes: ["patients:read"]'),
            5,
            "a public route has no scopes",
        ),
        (("path: /a", "path: /a, path: /b"), 5, "the key 'path' comes twice"),
        (("burst: 10", "burst: many"), 2, "must be a whole number from 1 to"),
        (("per: user", "per: planet"), 2, "unknown kind of caller 'planet'"),
        (("burst: 10, ", ""), 2, "missing burst"),
        (("  refused:", "  refusing:"), 2, "missing the rate 'refused'"),
        (("routes:", "rows:"), 5, "unknown key 'rows'; known are rates, routes"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], line: int, said: str) -> None:
    """Each kind of mistake names the file, the line and what would be right."""
    found = faults(tmp_path, f"{RATES}routes:\n{ROW}".replace(*change))
    assert any(fault.startswith(f"gateway.yaml:{line}: {said}") for fault in found), found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to start the program once for each mistake."""
    rows = ROW.replace("timeout: 5", "timeout: x") + ROW.replace("component: patient", "component: x")
    assert [fault.split(": ")[0] for fault in faults(tmp_path, f"{RATES}routes:\n{rows}")][:2] == [
        "gateway.yaml:5",
        "gateway.yaml:6",
    ]


def test_a_path_and_method_can_be_there_only_once(tmp_path: Path) -> None:
    """Two rows for one call name both lines, even if they call the variable differently."""
    one, two = (ROW.replace("/a", f'"/a/{{{name}}}"') for name in ("one", "other"))
    assert (
        faults(tmp_path, f"{RATES}routes:\n{one}{two}")
        == ["gateway.yaml:6: GET /a/{other} is there already (gateway.yaml:5); keep one of them"]
        or "is there already" in faults(tmp_path, f"{RATES}routes:\n{one}{two}")[0]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "gateway.yaml:1: is empty"),
        ("rates: [\n", "gateway.yaml:2: is not YAML"),
        ("rates: \x01", "gateway.yaml:1: is not YAML"),
        ("- a\n- b\n", "gateway.yaml:1: must be a mapping"),
    ],
)
def test_what_is_no_table_at_all_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A file that cannot be read as YAML is told with its line too."""
    assert faults(tmp_path, text)[0].startswith(said)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(RouteFileError, match=r"none\.yaml: cannot be read: No such file"):
        read_routes(tmp_path / "none.yaml", components=(), scopes=())


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Bytes of another encoding are not guessed at."""
    path = tmp_path / "gateway.yaml"
    path.write_bytes(b"rates: \xff")
    with pytest.raises(RouteFileError, match="is not UTF-8"):
        read_routes(path, components=(), scopes=())


def test_a_row_without_a_handler_stops_the_start(world: World, tmp_path: Path) -> None:
    """A path that nothing answers is named with its line."""
    path = tmp_path / "gateway.yaml"
    text = default_routes_file().read_text(encoding="utf-8")
    path.write_text(text.replace("path: /auth/validate", "path: /auth/invalidate"), encoding="utf-8")
    scopes = {scope for route in world.table.routes for scope in route.scopes}
    world.table = read_routes(path, components=("patient", "identity", "analytics"), scopes=scopes)
    with pytest.raises(RouteFileError) as caught:
        world.application()
    line = next(n for n, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "invalidate" in row)
    assert caught.value.faults == (
        f"{path}:{line}: nothing handles GET /auth/invalidate",
        f"{path}:1: no row for GET /auth/validate",
    )
