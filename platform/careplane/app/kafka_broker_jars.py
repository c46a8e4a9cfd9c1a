"""The programs of the embedded Kafka: a Java that is new enough, and Kafka's jars, fetched once with Maven."""

import os
import re
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import platformdirs

from careplane.app.setup_error import SetupError

KAFKA_VERSION = "4.4.0"
OLDEST_JAVA = 17
_POM = f"""<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>careplane</groupId>
  <artifactId>embedded-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""
_COPY = ("--batch-mode", "--quiet", "dependency:copy-dependencies", "-DincludeScope=runtime")
_FETCH_TIMEOUT_S = 600.0
_ANSWER_TIMEOUT_S = 30.0
_JAVA_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_NO_JAVA = (
    f"The embedded Kafka needs Java {OLDEST_JAVA} or later and there is none: install one, name it in JAVA_HOME, or "
    "set kafka.bootstrap_servers to a broker of your own."
)


def java() -> Path:
    """Return the path of a Java that Kafka runs on: JAVA_HOME's, else the one in PATH."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise SetupError(_NO_JAVA)
    version = _version_of(found)
    if version < OLDEST_JAVA:
        sentence = (
            f"The embedded Kafka needs Java {OLDEST_JAVA} or later and {found} is {version or 'of no known version'}: "
            "install a newer one, name it in JAVA_HOME, or set kafka.bootstrap_servers to a broker of your own."
        )
        raise SetupError(sentence)
    return Path(found)


def _version_of(program: str) -> int:
    try:
        said = subprocess.run(  # noqa: S603 - found above
            [program, "-version"], check=False, capture_output=True, text=True, timeout=_ANSWER_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    found = _JAVA_VERSION.search(said.stderr)
    return int(found[1]) if found else 0


def jars() -> Path:
    """Return the folder of Kafka's jars; the first time, Maven fetches them into the cache."""
    cache = Path(os.environ.get("CAREPLANE_CACHE") or platformdirs.user_cache_path("careplane"))
    folder = cache / f"kafka-{KAFKA_VERSION}-{sha256(_POM.encode()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=cache) as unfinished:
            _fetch(Path(unfinished))
            _put_in_place(Path(unfinished) / "jars", folder)
    except OSError as error:
        sentence = f"Kafka cannot be kept in {cache} ({error.strerror}): name another folder in CAREPLANE_CACHE."
        raise SetupError(sentence) from error
    return folder


def _put_in_place(fetched: Path, folder: Path) -> None:
    try:
        fetched.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster, with the same jars
            raise


def _fetch(unfinished: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        sentence = (
            "Maven, which fetches Kafka the first time, is not installed: install it (mvn), or set "
            "kafka.bootstrap_servers to a broker of your own."
        )
        raise SetupError(sentence)
    pom = unfinished / "pom.xml"
    pom.write_text(_POM)
    try:
        done = subprocess.run(  # noqa: S603 - found above
            [maven, *_COPY, f"--file={pom}", f"-DoutputDirectory={unfinished / 'jars'}"],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_FETCH_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(_not_fetched(f"it took longer than {_FETCH_TIMEOUT_S:.0f} s")) from error
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "[ERROR]" in line]
        raise SetupError(_not_fetched(said[0].partition("[ERROR] ")[2] if said else "it gave no reason"))


def _not_fetched(reason: str) -> str:
    return (
        f"Maven could not fetch Kafka {KAFKA_VERSION} ({reason}): check the network and Maven's settings, or set "
        "kafka.bootstrap_servers to a broker of your own."
    )
