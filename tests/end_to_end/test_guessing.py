"""Guessing over HTTP: slowed by account and by address, across a restart, and the owner gets in all the while."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.components.identity.telling_apart import apart
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import assert_problem
from tests.end_to_end.program import DEMO_EMAIL, DEMO_PASSWORD, Program, generous_routes, run_careplane, until_true

HOME = "198.51.100.7"
CHEAP = {"CAREPLANE_IDENTITY_ARGON2_MEMORY_KIB": "1024", "CAREPLANE_IDENTITY_ARGON2_TIME_COST": "1"}
# So that nothing comes back while the test runs, however slow the machine is.
SLOW = {f"CAREPLANE_IDENTITY_GUESS_{which}_EVERY_S": "86400" for which in ("KNOWN", "ADDRESS", "ACCOUNT", "LAST")}
EACH = 150

Start = Callable[[], Program]


@pytest.fixture
def start(start_program: StartProgram, scratch: Path) -> Start:
    """Give a way to start the program, again and again on the same data, behind a proxy that is believed."""
    routes = str(generous_routes(scratch))
    environ = {"CAREPLANE_HTTP_ROUTES_FILE": routes, "CAREPLANE_HTTP_TRUSTED_PROXIES": "1", **CHEAP, **SLOW}
    return lambda: start_program(scratch / "data", generous=False, **environ)


def log_in(
    program: Program,
    address: str,
    email: str = DEMO_EMAIL,
    password: str = "wrong password",
    device: str | None = None,
) -> httpx.Response:
    """Try to sign in from an address, with a device's secret if there is one."""
    body = {"email": email, "password": password, **({} if device is None else {"device": device})}
    return httpx.post(f"{program.url}/auth/login", json=body, headers={"X-Forwarded-For": address}, timeout=30.0)


def addresses(first: int = 0) -> Iterator[str]:
    """Return addresses, each another one."""
    return (f"203.0.{n >> 8}.{n & 255}" for n in range(first, 1 << 16))


def assert_slowed(answer: httpx.Response) -> None:
    """Check that this is the answer to somebody who tries too often."""
    problem = assert_problem(answer, 429)
    assert problem["type"] == "urn:careplane:problem:resource-exhausted"
    assert "Retry-After" in problem["detail"]
    assert int(answer.headers["retry-after"]) >= 1


def test_the_owner_gets_in_while_others_guess(start: Start) -> None:
    """With a known device and from a new address, at the first try, before and after a restart."""
    program = start()
    device = log_in(program, HOME, password=DEMO_PASSWORD).json()["device"]
    everywhere = addresses()
    for _, address in zip(range(50), everywhere, strict=False):
        assert log_in(program, address).status_code == 401
    for _, address in zip(range(5), everywhere, strict=False):
        assert log_in(program, address).status_code == 401
        assert_slowed(log_in(program, address))
    assert_slowed(log_in(program, address, password=DEMO_PASSWORD))
    assert log_in(program, "192.0.2.1", password=DEMO_PASSWORD).status_code == 200
    answer = log_in(program, address, password=DEMO_PASSWORD, device=device)
    assert answer.status_code == 200, "the owner is behind the same address as a guesser"
    assert "device" not in answer.json()
    assert device not in program.said()
    assert "somebody guesses a password" in program.said()
    assert DEMO_EMAIL not in program.said().replace(f"sign in        {DEMO_EMAIL}", "")
    assert HOME not in program.said()
    until_true(lambda: 'careplane_component{gauge="identity_accounts_under_attack"} 1' in program.metrics())
    assert program.stop() == 0
    program = start()
    assert_slowed(log_in(program, address))
    assert log_in(program, "192.0.2.2", password=DEMO_PASSWORD).status_code == 200
    assert log_in(program, address, password=DEMO_PASSWORD, device=device).status_code == 200
    assert program.stop() == 0


def test_an_address_has_twenty_tries_over_all_accounts(start: Start) -> None:
    """Also after a restart, and whoever has signed in there; a known device has ten more of its own."""
    program = start()
    device = log_in(program, HOME, password=DEMO_PASSWORD).json()["device"]
    for n in range(12):
        assert log_in(program, HOME, f"somebody{n}@example.org").status_code == 401
    assert program.stop() == 0
    program = start()
    for n in range(8):
        assert log_in(program, HOME, f"another{n}@example.org").status_code == 401
    for email in ("third@example.org", DEMO_EMAIL):
        assert_slowed(log_in(program, HOME, email))
        assert_slowed(log_in(program, HOME, email, device="cpd_" + "x" * 43))
    assert_slowed(log_in(program, HOME, "third@example.org", device=device))
    for _ in range(10):
        assert log_in(program, HOME, device=device).status_code == 401
    assert_slowed(log_in(program, HOME, password=DEMO_PASSWORD, device=device))
    assert log_in(program, "192.0.2.1", password=DEMO_PASSWORD).status_code == 200
    assert program.stop() == 0


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_the_reason_cannot_be_told_by_answer_headers_or_time(start_program: StartProgram) -> None:
    """Unknown users, wrong passwords and disabled users with the right one, mixed: no difference in any of it."""
    program, password = start_program(**CHEAP), "purple otters climb ladders"
    for arguments in (("add", "gone@example.org", "--role", "analyst"), ("disable", "gone@example.org")):
        said = run_careplane("users", *arguments, "--data", str(program.data), stdin=f"{password}\n", **CHEAP)
        assert said.returncode == 0, said.stderr
    kinds = {
        "wrong password": (DEMO_EMAIL, "four words that are wrong"),
        "unknown user": ("nobody@example.org", "four words that are wrong"),
        "disabled user": ("gone@example.org", password),
    }
    seed = random.randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - shown where it fails
    order = [kind for kind in kinds for _ in range(EACH)]
    random.Random(seed).shuffle(order)
    first = measured(program, kinds, order)
    told = {kind for kind in kinds if apart(first[kind], first["wrong password"]).told}
    if told:  # chance alone does that now and then, but not twice
        again = measured(program, kinds, order)
        assert not {kind for kind in told if apart(again[kind], again["wrong password"]).told}


def measured(program: Program, kinds: dict[str, tuple[str, str]], order: list[str]) -> dict[str, list[float]]:
    """Return how long each try took, by kind; the answers must be the same, word for word and header for header."""
    seconds: dict[str, list[float]] = defaultdict(list)
    seen = set()
    with httpx.Client(base_url=program.url, timeout=30.0) as client:
        for kind in order:
            email, password = kinds[kind]
            begun = time.perf_counter()
            answer = client.post("/auth/login", json={"email": email, "password": password})
            seconds[kind].append(time.perf_counter() - begun)
            problem = assert_problem(answer, 401)
            problem.pop("requestId")
            own = {"x-request-id", "traceparent", "date", "ratelimit"}
            seen.add((str(problem), str({n: v for n, v in answer.headers.items() if n not in own})))
    assert len(seen) == 1
    return seconds
