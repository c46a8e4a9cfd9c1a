"""Settings: the file, the environment over it, and one sentence for each way to get one wrong."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.app.settings import Settings
from careplane.app.settings_source import all_settings, load_settings
from careplane.app.setup_error import SetupError

DEV = Path(__file__).parents[2] / "config" / "dev.toml"


def test_without_file_and_environment_the_defaults_hold() -> None:
    """Nothing said gives the documented defaults."""
    settings = load_settings(None, {})
    assert (settings.http.host, settings.http.port, settings.metrics.port) == ("127.0.0.1", 4004, 4005)
    assert settings == Settings(data_dir=settings.data_dir)


def test_the_documented_example_states_the_defaults() -> None:
    """config/dev.toml changes nothing."""
    assert load_settings(DEV, {}) == load_settings(None, {})


def test_the_documented_example_mentions_every_setting() -> None:
    """Nothing can be set that config/dev.toml does not show, in comments at least."""
    text = DEV.read_text()
    for setting in all_settings():
        section = text.partition(f"[{setting.section}")[2] if setting.section else text
        assert re.search(rf"^(# )?(\[.*\.)?{setting.name}( =|\])", section.lstrip("]"), re.MULTILINE) or (
            f"{setting.section}.{setting.name}]" in text
        ), setting.key


def test_every_setting_says_what_it_means() -> None:
    """Each setting has a description, and a variable of its own."""
    settings = list(all_settings())
    assert all(setting.description for setting in settings)
    assert len({setting.variable for setting in settings}) == len(settings)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """CAREPLANE_SECTION_NAME replaces what the file says, converted to the setting's type."""
    file = tmp_path / "my.toml"
    file.write_text("[http]\nport = 5000\n[patients]\nunique_email = true\n")
    environ = {"CAREPLANE_HTTP_PORT": "6000", "CAREPLANE_PATIENTS_UNIQUE_EMAIL": "false", "HOME": "/"}
    settings = load_settings(file, environ)
    assert settings.http.port == 6000
    assert settings.patients.unique_email is False


def test_each_component_may_have_its_own_database() -> None:
    """A component without one of its own uses the common URL."""
    environ = {
        "DATABASE_URL": "postgresql://common/x",
        "CAREPLANE_DATABASE_COMPONENT_URLS": '{"billing": "postgres://b/y"}',
    }
    database = load_settings(None, environ).database
    assert (database.url_for("billing"), database.url_for("patient")) == ("postgres://b/y", "postgresql://common/x")


def test_a_secret_can_be_read_from_a_file(tmp_path: Path) -> None:
    """<name>_file works in the file, relative to it, and in the environment."""
    (tmp_path / "url").write_text("postgresql://secret/x\n")
    file = tmp_path / "my.toml"
    file.write_text('[database]\nurl_file = "url"\n')
    assert load_settings(file, {}).database.url == "postgresql://secret/x"
    environ = {"CAREPLANE_DATABASE_URL_FILE": str(tmp_path / "url")}
    assert load_settings(None, environ).database.url == "postgresql://secret/x"


def test_an_entry_of_a_table_can_be_given_by_itself(tmp_path: Path) -> None:
    """It replaces that entry of the environment's table, or else of the file's; a secret one may be in a file."""
    file = tmp_path / "my.toml"
    file.write_text('[grpc.peers]\nbilling = "a:1"\npatient = "b:2"\n[identity.roles]\nDesk = ["users:read"]\n')
    (tmp_path / "password").write_text("p@ss word\n")
    environ = {
        "CAREPLANE_GRPC_PEERS_BILLING": "c:3, d:4",
        "CAREPLANE_DATABASE_LOGINS_PATIENT_FILE": str(tmp_path / "password"),
        "CAREPLANE_DATABASE_LOGINS_BILLING": "17",
        "CAREPLANE_DATABASE_LOGINS": '{"billing": "old", "identity": "other"}',
        "CAREPLANE_IDENTITY_ROLES_FRONT_DESK": '["patients:read"]',
    }
    settings = load_settings(file, environ)
    assert settings.grpc.peers == {"billing": "c:3, d:4", "patient": "b:2"}
    assert settings.database.logins == {"billing": "17", "identity": "other", "patient": "p@ss word"}
    assert settings.identity.roles == {"Desk": ("users:read",), "front_desk": ("patients:read",)}
    whole = {"CAREPLANE_GRPC_PEERS": '{"identity": "e:5"}', "CAREPLANE_GRPC_PEERS_BILLING": "c:3"}
    assert load_settings(file, whole).grpc.peers == {"identity": "e:5", "billing": "c:3"}


def test_no_setting_is_called_as_an_entry_of_another_would_be() -> None:
    """A variable is for one of them."""
    variables = [setting.variable for setting in all_settings()]
    for setting in all_settings():
        if setting.entries is not None:
            assert not [name for name in variables if name.startswith(f"{setting.variable}_")]


def test_the_password_goes_where_one_is_wanted() -> None:
    """Into each URL that names a user and has no password, whichever component it is for."""
    environ = {
        "DATABASE_URL": "postgresql://owner@db/x?sslmode=require",
        "CAREPLANE_DATABASE_COMPONENT_URLS_BILLING": "postgresql://own:kept@db/y",
        "CAREPLANE_DATABASE_PASSWORD": "p@s:s/w#r d%",
    }
    database = load_settings(None, environ).database
    assert database.url_for("patient") == "postgresql://owner:p%40s%3As%2Fw%23r%20d%25@db/x?sslmode=require"
    assert database.url_for("billing") == "postgresql://own:kept@db/y"
    assert load_settings(None, {"CAREPLANE_DATABASE_PASSWORD": "x"}).database.url_for("patient") == ""


@pytest.mark.parametrize("given", ["environment", "file"])
def test_a_secret_given_twice_is_told(tmp_path: Path, given: str) -> None:
    """Which of the two is meant is not guessed; what others know as DATABASE_URL gives way to ours."""
    (tmp_path / "url").write_text("postgresql://db/x")
    (tmp_path / "my.toml").write_text('[database]\nurl = "postgresql://db/y"\nurl_file = "url"\n')
    environ = {"CAREPLANE_DATABASE_URL": "postgresql://db/y", "CAREPLANE_DATABASE_URL_FILE": str(tmp_path / "url")}
    with pytest.raises(SetupError, match=r"are both given, for the same: leave one of them out\.$"):
        load_settings(tmp_path / "my.toml" if given == "file" else None, environ if given == "environment" else {})
    theirs = {"CAREPLANE_DATABASE_URL_FILE": str(tmp_path / "url"), "DATABASE_URL": "postgresql://db/z"}
    assert load_settings(None, theirs).database.url == "postgresql://db/x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[http]\nprot = 1", r"There is no setting http\.prot in .*my\.toml: correct its name or remove it\."),
        ("[htpp]\nport = 1", r"There is no setting htpp in .*my\.toml: correct"),
        ("http = 1", r"The key http in .*my\.toml is a section: write \[http\]"),
        ('[http]\nport = "x"', r"The setting http\.port in .*my\.toml is wrong: expected int, got str \(the port"),
        ("[http]\nport = 70000", r"The setting http\.port in .* is wrong: expected int <= 65535 \("),
        ('[http]\nport_file = "x"', r"There is no setting http\.port_file in "),
        ('[database]\nurl = "mysql://x"', r"The setting database\.url in .* is wrong: "),
        ('[identity]\nprivate_key_file = "gone.pem"', r"The file named by identity\.private_key_file in .* cannot be "),
        ('[grpc.peers]\nbiling = "a:1"', r"The setting grpc\.peers in .* names 'biling' that is no component: choose "),
        ('[database.logins]\n"x" = "hunter2"', r"The setting database\.logins in .* names something that is no comp"),
        ("[http", r"The settings file .*my\.toml is not valid TOML: "),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """The file and the key are named, and what to do."""
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(SetupError, match=f"^{sentence}") as caught:
        load_settings(file, {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CAREPLANE_HTTP_ADDRESS_HEADER", "X-Real", r"The setting CAREPLANE_HTTP_ADDRESS_HEADER is wrong: must be a h"),
        ("CAREPLANE_HTTP_ADDRESS_HEADER", "x-real\n", r"The setting CAREPLANE_HTTP_ADDRESS_HEADER is wrong: must be"),
        ("CAREPLANE_HTTP_PORT", "many", r"The setting CAREPLANE_HTTP_PORT is wrong: expected int"),
        ("CAREPLANE_HTTP_PROT", "1", r"The environment variable CAREPLANE_HTTP_PROT is not a setting"),
        ("CAREPLANE_DATABASE_COMPONENT_URLS", "{", r"The setting CAREPLANE_DATABASE_COMPONENT_URLS is wrong: "),
        (
            "CAREPLANE_GRPC_PEERS_BILING",
            "b:1",
            r"The setting CAREPLANE_GRPC_PEERS_BILING names 'biling' that is",
        ),
        ("CAREPLANE_GRPC_PEERS_BILLING", "b", r"The setting CAREPLANE_GRPC_PEERS_BILLING is wrong: must be names with"),
        ("CAREPLANE_GRPC_PEERS_", "b:1", r"The environment variable CAREPLANE_GRPC_PEERS_ is not a setting: "),
        ("CAREPLANE_IDENTITY_ROLES_DESK", "users:read", r"The setting CAREPLANE_IDENTITY_ROLES_DESK is wrong: must be"),
        ("CAREPLANE_DATABASE_LOGINS_PATIENT", "hunter2\n", r"The setting CAREPLANE_DATABASE_LOGINS_PATIENT is wrong: "),
        ("CAREPLANE_DATABASE_LOGINS_PATIENT_FILE", "/gone", r"The file named by CAREPLANE_DATABASE_LOGINS_PATIENT_FIL"),
        ("CAREPLANE_DATABASE_PASSWORD", "hunter2\0", r"The setting CAREPLANE_DATABASE_PASSWORD is wrong: must be one "),
        ("CAREPLANE_DATABASE_PASSWORD", "hunter2\udcff", r"The setting CAREPLANE_DATABASE_PASSWORD is wrong: it must"),
        ("CAREPLANE_DATABASE_LOGINS", "\udcff", r"The setting CAREPLANE_DATABASE_LOGINS is wrong: it must be UTF-8"),
        ("CAREPLANE_GRPC_PEERS_BILLING", "\udcff:1", r"The setting CAREPLANE_GRPC_PEERS_BILLING is wrong: it must be"),
        ("CAREPLANE_HTTP_PORT", "\udcff", r"The setting CAREPLANE_HTTP_PORT is wrong: it must be UTF-8 text \("),
        ("DATABASE_URL", "postgresql://hunter2\udcff@b/c", r"The setting DATABASE_URL is wrong: it must be UTF-8 text"),
        ("CAREPLANE_DATABASE_COMPONENT_URLS_PATIENT", "db:hunter2", r"The setting CAREPLANE_DATABASE_COMPONENT_URLS_P"),
        (
            "CAREPLANE_DATA_DIR",
            "~hunter2/x",
            r"The setting CAREPLANE_DATA_DIR is wrong: whose home that is, is not known",
        ),
        (
            "CAREPLANE_DATABASE_URL_FILE",
            "~hunter2/x",
            r"The file named by CAREPLANE_DATABASE_URL_FILE cannot be read \(w",
        ),
        ("DATABASE_URL", "mysql://user:hunter2@x", r"The setting DATABASE_URL is wrong: must be postgresql://"),
        ("DATABASE_URL", "postgresql://user:hunter2/@x/d", r"The setting DATABASE_URL is wrong: must be postgresql://"),
        ("DATABASE_URL", "postgresql://u@x:hunter2/d", r"The setting DATABASE_URL is wrong: must be postgresql://"),
    ],
)
def test_a_mistake_in_the_environment_is_one_sentence(variable: str, value: str, sentence: str) -> None:
    """The variable is named, its value is not repeated."""
    with pytest.raises(SetupError, match=f"^{sentence}") as caught:
        load_settings(None, {variable: value})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://x",
        "postgresql://user:p%2Fw@db.example:5432/careplane?sslmode=verify-full",
        "postgresql://user:p@ss@db/careplane",
        "postgresql://user@/careplane?host=/run/postgresql&port=5433",
        "postgresql://[::1]:5432/careplane",
        "postgresql://one:5432,two:5433/careplane?target_session_attrs=primary",
        "postgresql:///careplane",
    ],
)
def test_a_database_url_may_have_every_form_that_postgresql_knows(url: str) -> None:
    """User, several hosts, sockets and options."""
    assert load_settings(None, {"DATABASE_URL": url}).database.url == url


def test_a_path_may_be_any_that_the_system_knows() -> None:
    """Names of files are bytes, which need not be text."""
    assert load_settings(None, {"CAREPLANE_DATA_DIR": "/srv/\udcff"}).data_dir == Path("/srv/\udcff")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path with nothing there is one sentence."""
    with pytest.raises(SetupError, match=r"cannot be read \(No such file or directory\): check its path"):
        load_settings(tmp_path / "gone.toml", {})


VARIABLES = [f"{setting.variable}{end}" for setting in all_settings() for end in ("", "_FILE", "_BILLING", "_X_FILE")]


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(max_size=20)))
def test_whatever_the_environment_says_it_is_settings_or_a_sentence(environ: dict[str, str]) -> None:
    """No value makes anything but settings or a SetupError."""
    try:
        answer: object = load_settings(None, environ)
    except SetupError as error:
        answer = error
    assert str(answer)


def test_the_example_is_plain_toml() -> None:
    """The example has one table for each section."""
    sections = {setting.section for setting in all_settings()} - {""}
    assert set(tomllib.loads(DEV.read_text())) == sections
