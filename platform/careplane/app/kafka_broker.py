"""A real Apache Kafka for one machine: fetched once, formatted and started in a folder, stopped with us."""

import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from careplane.app.data_folder import DataFolder
from careplane.app.kafka_broker_answer import answers
from careplane.app.kafka_broker_conf import CLIENTS, HOST, Listener, new_cluster_id, properties_of, write_properties
from careplane.app.kafka_broker_jars import jars, java
from careplane.app.setup_error import SetupError

_POLL_S = 0.02
_FORMAT_TIMEOUT_S = 60.0
_KILL_TIMEOUT_S = 10.0
_MEMORY = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC")
_LOG_WARNINGS = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
# Its standard input is a pipe whose other end only we hold: when we end, however, it reads the end and the broker goes.
_END_WITH_OWNER = 'read -r _ || kill -9 "$1"'


class KafkaBroker:
    """One Kafka node in one folder, which it holds locked from `start` to `stop`. Its calls block."""

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        listeners: Sequence[Listener] = (),
        properties: Mapping[str, str] | None = None,
        java_options: Sequence[str] = (),
        start_timeout_s: float = 60.0,
    ) -> None:
        """Name its folder, its port (0: a free one), and what it shall listen on or be told besides."""
        self._folder = DataFolder(folder)
        self._records = self._folder.path / "records"
        self._output = self._folder.path / "kafka.log"
        self._port = port
        self._listeners = tuple(listeners)
        self._properties = dict(properties or {})
        self._java_options = tuple(java_options)
        self._start_timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self.bootstrap_servers = ""

    @property
    def pid(self) -> int | None:
        """The broker's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> str:
        """Start Kafka and return its bootstrap servers as soon as it takes records."""
        self._folder.open()
        try:
            self.bootstrap_servers = self._start()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            reason = error.strerror if isinstance(error, OSError) else "it took too long"
            sentence = (
                f"Kafka in {self._folder.path} could not be set up ({reason}): check the folder's owner and the free "
                "space, or choose another one with --data."
            )
            raise SetupError(sentence) from error
        except BaseException:
            self.stop()
            raise
        return self.bootstrap_servers

    def stop(self, timeout_s: float = 20.0) -> None:
        """Stop Kafka in good order, or at once when that takes too long, and let go of the folder."""
        try:
            if self._process is not None:
                _end(self._process, timeout_s)
        finally:
            self._process = None
            self._stop_watching()
            self._folder.close()

    def _start(self) -> str:
        command = [str(java()), "-cp", f"{jars()}/*", _LOG_WARNINGS, *_MEMORY, *self._java_options]
        port, controller_port = _free_port(self._port), _free_port()
        listeners = (Listener(CLIENTS, port), *self._listeners)
        self._format(command, listeners, controller_port)
        file = self._folder.path / "server.properties"
        write_properties(file, properties_of(self._records, listeners, controller_port, self._properties))
        self._launch([*command, "kafka.Kafka", str(file)])
        until = time.monotonic() + self._start_timeout_s
        while not answers(HOST, port):
            self._check_alive()
            if time.monotonic() > until:
                sentence = (
                    f"Kafka did not answer within {self._start_timeout_s:.0f} s: look into {self._output}, then start "
                    "Careplane again."
                )
                raise SetupError(sentence)
            time.sleep(_POLL_S)
        return f"{HOST}:{port}"

    def _format(self, command: Sequence[str], listeners: Sequence[Listener], controller_port: int) -> None:
        """Make the folder for its records unless it is there: beside its place, then moved, so never half made."""
        if self._records.exists():
            return
        unfinished = self._folder.path / "records.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        file = self._folder.path / "format.properties"
        write_properties(file, properties_of(unfinished, listeners, controller_port, self._properties))
        tool = ("kafka.tools.StorageTool", "format", "--cluster-id", new_cluster_id(), "--config", str(file))
        done = subprocess.run(  # noqa: S603 - the Java that was found, and jars of our own choice
            [*command, *tool],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FORMAT_TIMEOUT_S,
        )
        if done.returncode:
            raise SetupError(_refused(self._folder.path, done.stderr.splitlines() + done.stdout.splitlines()))
        unfinished.rename(self._records)
        file.unlink()

    def _launch(self, command: Sequence[str]) -> None:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the Java that was found, and jars of our own choice
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder.path,
                start_new_session=True,  # Ctrl-C at the terminal is for us; it gets its signal when we have drained
            )
        self._watch = subprocess.Popen(  # noqa: S603 - constant words and a number
            ["/bin/sh", "-c", _END_WITH_OWNER, "sh", str(self._process.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def _check_alive(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise SetupError(_refused(self._folder.path, self._output.read_text(errors="replace").splitlines()))

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.communicate(b"\n", timeout=_KILL_TIMEOUT_S)
            self._watch = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.stop()


def _end(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_KILL_TIMEOUT_S)


def _refused(folder: Path, said: Sequence[str]) -> str:
    """Say why Kafka did not want to; the deepest cause of what it complains about stands last."""
    causes = [line for line in said if line.startswith("Caused by: ") or "Exception: " in line]
    reason = (causes[-1] if causes else next(filter(None, reversed(said)), "it gave no reason")).strip()
    return (
        f"Kafka in {folder} could not start ({reason.rpartition('Exception: ')[2]}): mend that and start Careplane "
        "again, or set kafka.bootstrap_servers to a broker of your own."
    )


def _free_port(wanted: int = 0) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            sentence = f"Port {wanted}, which Kafka was to have, is taken: stop what listens there, or choose another."
            raise SetupError(sentence) from error
        return int(probe.getsockname()[1])
