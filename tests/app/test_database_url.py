"""A database's URL that cannot be: one sentence before anything connects, with nothing of the URL in it."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from asyncpg.connect_utils import _parse_connect_dsn_and_args  # type: ignore[attr-defined]
from hypothesis import given
from hypothesis import strategies as st

from careplane.app.database_url import url_fault, with_password
from careplane.app.settings_source import load_settings
from careplane.app.setup_error import SetupError

FAULTS = {
    "?port=abc": "a port that is a number from 1 to 65535",
    "?port=0": "a port",
    "?port=65536": "a port",
    "?port=": "a port",
    "?port=5432,x": "a port",
    "?port=٣": "a port",
    "?port=" + "9" * 5000: "a port",
    "?sslmode=banana": "a sslmode that is one of disable, allow, prefer, require, verify-ca, verify-full",
    "?target_session_attrs=leader": "a target_session_attrs that is one of any, primary",
    "?ssl_min_protocol_version=9": "TLSv1.2",
    "?gsslib=x": "gssapi",
    "?sslrootcert=/nowhere/ca.pem": "names a file as sslrootcert that is not there",
    "?channel_binding=require": "a parameter that is not known: leave it out, or choose from",
    "?hunter2=x": "a parameter that is not known",
    "?port": "name=value pairs",
    "?=": "a parameter that is not known",
    "?host=a%00b": "a zero byte",
}


@pytest.mark.parametrize("end", FAULTS)
@pytest.mark.parametrize("variable", ["DATABASE_URL", "CAREPLANE_DATABASE_URL", "CAREPLANE_DATABASE_COMPONENT_URLS"])
def test_what_is_wrong_after_the_question_mark_is_told(end: str, variable: str) -> None:
    """Wherever the URL comes from, and without a word of it."""
    url = f"postgresql://clinic:hunter2@db.example/careplane{end}"
    value = f'{{"billing": "{url}"}}' if variable.endswith("URLS") else url
    with pytest.raises(SetupError) as caught:
        load_settings(None, {variable: value})
    assert FAULTS[end] in str(caught.value)
    assert str(caught.value).startswith(f"The setting {variable} is wrong: ")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["db:99999", "db:0", "a:5432,b:70000"])
def test_a_port_that_no_machine_has_is_told(host: str) -> None:
    """Five digits are not enough to be a port."""
    with pytest.raises(SetupError, match="a port that is a number from 1 to 65535"):
        load_settings(None, {"DATABASE_URL": f"postgresql://{host}/careplane"})


@pytest.mark.parametrize(
    "end",
    [
        "",
        "?sslmode=require&application_name=x&port=5433",
        "?host=%2Frun%2Fpostgresql&port=5432,5433",
        "?target_session_attrs=read-write&options=-c%20geqo%3Doff",
    ],
)
def test_what_postgresql_knows_is_let_through(end: str) -> None:
    """Nothing that works is refused."""
    assert url_fault(f"postgresql://clinic:p%2Fw@one:5432,two:5433/careplane{end}") is None


def test_a_certificate_that_is_there_is_let_through(tmp_path: Path) -> None:
    """It is looked for on this machine."""
    (tmp_path / "ca.pem").touch()
    assert url_fault(f"postgresql://db/x?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem") is None


@given(st.text(max_size=40))
def test_whatever_stands_there_it_is_settings_or_a_sentence(end: str) -> None:
    """Never anything else."""
    try:
        answer = load_settings(None, {"DATABASE_URL": f"postgresql://db/x?{end}"}).database.url
    except SetupError as error:
        answer = str(error)
    assert answer.startswith(("postgresql://db/x?", "The setting DATABASE_URL is wrong: "))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db/x",
        "postgresql:///x?host=/run/postgresql",
        "postgresql://me:own@db/x",
        "postgresql://me@db/x?password=own",
        "postgresql://me@db/x?passfile=/run/pass",
        "",
    ],
)
def test_a_url_without_a_user_or_with_its_own_password_stays_as_it_is(url: str) -> None:
    """A password is somebody's, and what stands in the URL was meant for it."""
    assert with_password(url, "secret") == url
    assert with_password("postgresql://me@db/x", "") == "postgresql://me@db/x"


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1))
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://m%40e@one:5432,two:5433/x?sslmode=require",
        "postgres://m%40e:@one:5432,two:5433/x",
        "postgresql:///x?user=m%40e&host=one,two&port=5432,5433",
    ],
)
def test_a_password_of_any_signs_is_the_one_that_connects(url: str, password: str) -> None:
    """As PostgreSQL's client reads the URL, only the password is new."""
    assert url_fault(with_password(url, password)) is None
    plain, given = _read(url), _read(with_password(url, password))
    assert (given.pop("password"), plain.pop("password")) == (password, None)
    assert plain == given
    assert plain["user"] == "m@e"


def _read(url: str) -> dict[str, Any]:
    others = dict.fromkeys(inspect.signature(_parse_connect_dsn_and_args).parameters)
    addresses, parameters = _parse_connect_dsn_and_args(**{**others, "dsn": url})[:2]
    return {
        "addresses": addresses,
        **{name: getattr(parameters, name) for name in ("user", "password", "database", "server_settings")},
    }
