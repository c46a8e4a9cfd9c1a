"""A cloud of our own for a test: `moto_server` as a process on a free port, and boto3's clients for it."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGION = "eu-central-1"
ACCOUNT = "123456789012"
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_PROGRAM = Path(__file__).with_name("moto_process.py")
_LISTENS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
# Nothing of who runs the tests reaches the pretended cloud, above all no credentials for the real one.
_ENVIRONMENT = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1}, parameter_validation=True)


class Cloud:
    """The clients of every service of one pretended cloud."""

    def __init__(self, url: str, process: int) -> None:
        """Know the address where all of them answer, and the process."""
        self.url = url
        self.process = process
        self._session = boto3.session.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
        self._clients: dict[str, Any] = {}
        self._heard: list[str] = []

    def __getitem__(self, name: str) -> Any:
        """Return the client for one service, by boto3's name of it."""
        if name not in self._clients:
            client = self._session.client(name, endpoint_url=self.url, config=_CONFIG)
            operations = {api: own for own, api in client.meta.method_to_api_mapping.items()}
            client.meta.events.register(
                "before-call", lambda model, **_: self._heard.append(f"{name} {operations[model.name]}")
            )
            self._clients[name] = client
        return self._clients[name]

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        """Note which operations are called meanwhile, each once, as `ec2 describe_vpcs`."""
        heard: list[str] = []
        begin = len(self._heard)
        try:
            yield heard
        finally:
            heard += dict.fromkeys(self._heard[begin:])

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()


@contextmanager
def cloud() -> Iterator[Cloud]:
    """Start an empty cloud, and end it for certain: it also ends by itself when this process is gone."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], **_ENVIRONMENT},
            start_new_session=True,
        )
        try:
            made = Cloud(_address(process, log), process.pid)
            try:
                yield made
            except Exception as error:
                if (said := os.pread(log.fileno(), 10_000_000, 0).decode()) and " 500 -" in said:
                    error.add_note(f"moto_server said: {said[-2000:]}")
                raise
            finally:
                made.close()
        finally:
            _end(process)


def _address(process: subprocess.Popen[bytes], log: Any) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        said = os.pread(log.fileno(), 1_000_000, 0).decode()
        if found := _LISTENS.search(said):
            return found[1]
        ended = process.poll() is not None
        assert not ended, f"moto_server ended before it listened: {said[-2000:]}"
        assert time.monotonic() < deadline, f"moto_server does not listen after {_START_SECONDS:g} s: {said[-2000:]}"
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)
