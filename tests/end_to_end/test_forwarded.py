"""Headers that claim something: an address, a scheme, a name inside of the platform; and how little they achieve."""

import ipaddress
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.end_to_end.conftest import StartProgram, programs
from tests.end_to_end.patients import assert_problem
from tests.end_to_end.program import Program, generous_routes
from tests.end_to_end.shapes import CANARY_PATH

BURST = 40
SPOOFED = 1000
CLIENT = "198.51.100.7"
CLAIMS = (
    "X-Real-IP",
    "Forwarded",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Forwarded",
    "X_Forwarded_For",
)


@pytest.fixture(scope="module")
def started() -> Iterator[StartProgram]:
    """Give a way to start programs for this module."""
    with programs() as start:
        yield start


def strict(start: StartProgram, folder: Path, proxies: int) -> Program:
    """Start a program with few requests for an address, behind so many proxies."""
    routes = generous_routes(folder, per_second=1, burst=BURST)
    trusted = str(proxies)
    return start(generous=False, CAREPLANE_HTTP_ROUTES_FILE=str(routes), CAREPLANE_HTTP_TRUSTED_PROXIES=trusted)


@pytest.fixture(scope="module")
def alone(started: StartProgram, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Give a program with no proxy in front."""
    return strict(started, tmp_path_factory.mktemp("alone"), 0)


@pytest.fixture(scope="module")
def behind(started: StartProgram, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Give a program with one proxy in front, which is us."""
    return strict(started, tmp_path_factory.mktemp("behind"), 1)


def made_up(chance: random.Random) -> str:
    """Return an address as somebody who makes one up would write it, or something that is none."""
    v4 = str(ipaddress.IPv4Address(chance.getrandbits(32)))
    v6 = str(ipaddress.IPv6Address(chance.getrandbits(128)))
    return chance.choice(
        [
            v4,
            v6,
            f"{v4}:{chance.randrange(65536)}",
            f"[{v6}]:443",
            f"{v6}%eth0",
            f'"{v4}"',
            "unknown",
            "",
            ",",
            "127.0.0.1",
        ]
    )


def statuses(program: Program, headers: list[list[tuple[str, str]]], path: str = CANARY_PATH) -> Counter[int]:
    """Return how often each status came when one client sends one request with each of these headers."""
    with httpx.Client(base_url=program.url, timeout=30.0) as client:
        return Counter(client.get(path, headers=sent).status_code for sent in headers)


def assert_one_bucket(found: Counter[int], began: float) -> None:
    """Check that no more were let through than one caller may send in that time."""
    assert set(found) <= {200, 429}, found
    assert found[200] <= BURST + (time.monotonic() - began) + 1, found


def test_a_thousand_spoofed_addresses_share_one_bucket(alone: Program) -> None:
    """With no proxy in front, whatever is claimed in whichever header, the caller is who the connection comes from."""
    chance = random.Random(seed := random.randrange(1 << 32))
    print("seed", seed)  # noqa: T201 - shown where it fails
    began = time.monotonic()
    sent = [[("X-Forwarded-For", made_up(chance)), (CLAIMS[n % len(CLAIMS)], made_up(chance))] for n in range(SPOOFED)]
    assert_one_bucket(statuses(alone, sent), began)


def test_a_proxy_vouches_for_its_own_entry_alone(behind: Program) -> None:
    """Behind a proxy its own entry counts, which is the last; a thousand lists that the client began share a bucket."""
    chance = random.Random(seed := random.randrange(1 << 32))
    print("seed", seed)  # noqa: T201 - shown where it fails
    began = time.monotonic()
    sent = [_through_a_proxy(chance) for _ in range(SPOOFED)]
    assert_one_bucket(statuses(behind, sent), began)
    others = [[("X-Forwarded-For", f"{CLIENT}, 203.0.113.{n}")] for n in range(100)]
    assert statuses(behind, others) == {200: 100}, "who comes through the proxy from elsewhere is somebody else"


def _through_a_proxy(chance: random.Random) -> list[tuple[str, str]]:
    """Return what reaches us when a proxy appends the client's address to the lines that the client made up."""
    lines = [", ".join(made_up(chance) for _ in range(chance.randrange(1, 30))) for _ in range(chance.randrange(4))]
    own = chance.choice([CLIENT, f"{CLIENT}:4711", f" {CLIENT}"])
    if lines and chance.random() < 0.5:
        lines[-1] = f"{lines[-1]},{own}"
    else:
        lines.append(own)
    return [("X-Forwarded-For", line.strip()) for line in lines]


def test_an_entry_that_is_no_address_makes_nobody_new(behind: Program) -> None:
    """What the proxy itself wrote is nonsense: then the caller is the proxy, and all such callers are one."""
    began = time.monotonic()
    sent = [[("X-Forwarded-For", f"{CLIENT}, nonsense-{n}")] for n in range(200)]
    assert_one_bucket(statuses(behind, sent), began)


def test_an_ipv6_household_is_one_caller(behind: Program) -> None:
    """Its 2 to the 64 addresses are not as many rates."""
    began = time.monotonic()
    sent = [[("X-Forwarded-For", f"2001:db8:1:2::{n:x}")] for n in range(200)]
    assert_one_bucket(statuses(behind, sent), began)


def test_paths_that_lead_nowhere_are_counted_too(behind: Program) -> None:
    """A flood of unknown paths, methods that are not taken and nonsense falls under a rate like everything else."""
    own = [("X-Forwarded-For", "192.0.2.80")]
    found = statuses(behind, [own] * 100, "/nope")
    assert found[404] <= BURST + 5
    assert found[429] >= 100 - BURST - 5
    with httpx.Client(base_url=behind.url, headers=dict(own), timeout=30.0) as client:
        assert client.post("/health/live").status_code == 429
        assert client.get("/health/live", headers={"Host": "a b"}).status_code == 429


def test_a_flood_of_wrong_tokens_holds_up_nobody_who_is_signed_in(alone: Program) -> None:
    """Once an address has shown too many wrong tokens, none is looked into there but those known to be good."""
    signed_in = alone.sign_in()
    assert httpx.get(f"{alone.url}/auth/validate", headers=signed_in, timeout=30.0).status_code == 200
    fresh = alone.sign_in()
    with httpx.Client(base_url=alone.url, timeout=30.0) as client:
        wrong = {"Authorization": signed_in["Authorization"][:-4] + "AAAA"}
        found = Counter(client.get("/auth/validate", headers=wrong).status_code for _ in range(100))
        assert set(found) == {401, 429}
        assert found[401] <= BURST + 5
        assert client.get("/auth/validate", headers=signed_in).status_code == 200
        refused = client.get("/auth/validate", headers=fresh)
        assert_problem(refused, 429)
        assert int(refused.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "claims",
    [
        {"X-Careplane-Principal": '{"id":"root","roles":["admin"]}'},
        {"X_Careplane_Principal": "root", "X-Careplane_Scopes": "patients:read"},
        {"x_careplane-principal": "root", "X-CAREPLANE-SCOPES": "patients:read"},
        {"grpc-metadata-principal": "root", "Grpc-Timeout": "1n", "grpc_timeout": "1n"},
        {"careplane-context-bin": "AAAA", "x-careplane-context-bin": "AAAA"},
        {"X-Forwarded-User": "admin", "Remote-User": "admin", "X-Remote-User": "admin", "X-Auth-User": "admin"},
        {"X-Original-URL": "/health/live", "X-Rewrite-URL": "/health/live"},
        {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"},
    ],
)
def test_what_a_stranger_claims_makes_them_nobody_else(stranger: httpx.Client, claims: dict[str, str]) -> None:
    """No header but Authorization tells who somebody is, and none leads to another path, method or host."""
    answer = stranger.get("/api/patients", headers=claims)
    assert_problem(answer, 401)
    assert "strict-transport-security" not in answer.headers
    assert "evil.example" not in answer.text + str(answer.headers)
    assert "location" not in answer.headers


def test_a_scheme_is_believed_from_a_trusted_proxy_only(behind: Program) -> None:
    """HSTS goes out where TLS ends at the proxy, which says so."""
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.81"}
    assert "strict-transport-security" in httpx.get(f"{behind.url}/health/live", headers=sent, timeout=30.0).headers
