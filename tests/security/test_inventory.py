"""What the product's code reaches for: cryptography where it is listed, nothing dangerous, and nobody outside."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "platform" / "careplane"
TRANSPORTS = ROOT / "transports"
SOURCES = sorted([*PRODUCT.rglob("*.py"), *TRANSPORTS.rglob("*.py")])
CRYPTOGRAPHY = {"argon2", "cryptography", "hashlib", "hmac", "jwt", "secrets", "ssl"}
CALLS_OUT = {"aiohttp", "ftplib", "httpx", "imaplib", "ldap3", "poplib", "requests", "smtplib", "telnetlib", "urllib3"}
CALLS_OUT |= {"http.client", "urllib.request", "xmlrpc"}
DANGEROUS = {"code", "codeop", "ctypes", "dill", "lxml", "marshal", "pickle", "shelve", "xml", "jinja2", "mako"}
STARTS_PROGRAMS = {
    "app/children.py",
    "app/embedded.py",
    "app/kafka_broker.py",
    "app/kafka_broker_jars.py",
    "app/postgres_account.py",
    "app/postgres_cluster.py",
}
NOT_FOR_SECRETS = {
    "app/people.py",
    "careplane_transports/grpc/address.py",
    "careplane_transports/grpc/retries.py",
    "careplane_transports/kafka/patience.py",
    "storage/pump.py",
}
MADE_FROM_CONSTANTS = {
    "components/identity/domain.py",
    "components/identity/second_factor/second_factor.py",
    "components/patient/search/words.py",
    "components/patient/record/validation.py",
}


def imports(tree: ast.AST) -> Iterator[str]:
    """Name the modules that code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def parsed(path: Path) -> ast.Module:
    """Return the code of a file."""
    return ast.parse(path.read_text("utf-8"))


def within(names: Iterator[str], wanted: set[str]) -> bool:
    """Tell whether one of the modules is one of the wanted ones, or inside of one."""
    return any(name == one or name.startswith(f"{one}.") for name in names for one in wanted)


def name_of(path: Path) -> str:
    """Return how a file is called here: from its package on, without `careplane/`."""
    return str(path.relative_to(PRODUCT if PRODUCT in path.parents else TRANSPORTS))


def who_imports(wanted: set[str]) -> set[str]:
    """Name the files that import one of these modules."""
    return {name_of(path) for path in SOURCES if within(imports(parsed(path)), wanted)}


def test_every_use_of_cryptography_is_listed() -> None:
    """The table in SECURITY.md names every file that encrypts, signs, hashes or makes secrets, and no other."""
    section = (ROOT / "platform" / "SECURITY.md").read_text().split("## Cryptography", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)) == who_imports(CRYPTOGRAPHY)


def test_nothing_calls_out() -> None:
    """No module of the product can send a request to anywhere: it has no client of HTTP, mail or directories."""
    assert who_imports(CALLS_OUT) == set()


def test_nothing_dangerous_is_imported() -> None:
    """Nothing that makes objects out of bytes, runs text, reads XML or fills templates."""
    assert who_imports(DANGEROUS) == set()


def test_programs_are_started_in_few_places_and_never_by_a_shell() -> None:
    """They start PostgreSQL's and Kafka's own programs, and Careplane's; everything else in the product starts none."""
    start = {name_of(path) for path in SOURCES if "create_subprocess_exec" in path.read_text()}
    assert who_imports({"subprocess", "pty", "multiprocessing"}) | start == STARTS_PROGRAMS
    for path in SOURCES:
        text = path.read_text()
        assert not re.search(r"shell\s*=\s*True|os\.(system|popen|exec|spawn)|create_subprocess_shell", text), path


def test_secrets_are_made_by_the_systems_generator() -> None:
    """The other generator spreads retries and makes up people for the demonstration."""
    assert who_imports({"random", "numpy"}) == NOT_FOR_SECRETS


def test_no_pattern_is_made_from_input() -> None:
    """Where a regular expression is put together, it is at import, from constants."""
    made = set()
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                continue
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "re" and not isinstance(node.args[0], ast.Constant):
                made.add(name_of(path))
    assert made == MADE_FROM_CONSTANTS


@pytest.mark.parametrize(
    ("code", "wanted", "found"),
    [
        ("import pickle", DANGEROUS, True),
        ("from xml.etree import ElementTree", DANGEROUS, True),
        ("from urllib import request", CALLS_OUT, True),
        ("import urllib.parse", CALLS_OUT, False),
        ("def f():\n    import hashlib", CRYPTOGRAPHY, True),
        ("import codecs", DANGEROUS, False),
    ],
)
def test_the_check_can_fail(code: str, wanted: set[str], found: bool) -> None:
    """What is imported is found, however it is written, and nothing else is."""
    assert within(imports(ast.parse(code)), wanted) is found
