"""The table of resource types: how many, what makes them in moto, which call each is seen through, what is unseen."""

import os
from collections.abc import Iterable
from pathlib import Path

from tests.cloud.deploy import Deployment
from tests.cloud.deploy_document import Json
from tests.cloud.deploy_kinds import KINDS, NOWHERE, through_cloudformation
from tests.cloud.describe import faults
from tests.cloud.describe_kinds import DESCRIBERS

BEGIN, END = "<!-- verified: begin -->", "<!-- verified: end -->"
_HEAD = ["| Resource type | Count | Made in moto by | Why not by CloudFormation alone | Seen through | Not seen |"]
_HEAD += ["|---|---:|---|---|---|---|"]


def rows(deployed: Deployment) -> dict[str, str]:
    """Return a row for each type that this deployment has resources of."""
    return {kind: _row(deployed, kind) for kind in sorted({deployed.kind(name) for name in deployed.names()})}


def table(template: Json, found: dict[str, str]) -> str:
    """Return the rows of all types of the template."""
    kinds = {about["Type"] for about in template["Resources"].values()}
    assert not (lacking := kinds - set(found)), f"No shape in conftest.py has {sorted(lacking)}, or not all were run."
    return "\n".join([*_HEAD, *(found[kind] for kind in sorted(kinds))])


def _row(deployed: Deployment, kind: str) -> str:
    names = deployed.names(kind)
    count = sum(about["Type"] == kind for about in deployed.template["Resources"].values())
    with deployed.cloud.listening() as heard:
        found = [fault for name in names for fault in faults(kind, deployed.resource(name))]
    assert not found, found
    why = KINDS[kind].why if kind in KINDS else ""
    calls = _quoted(deployed.calls.get(kind, {}))
    if why == NOWHERE:
        return f"| {kind} | {count} | nothing | {why} | botocore's own check of the arguments of {calls} | all |"
    made = " then ".join([*(["CloudFormation"] if through_cloudformation(kind) else []), *([calls] if calls else [])])
    return f"| {kind} | {count} | {made} | {why} | {_quoted(heard)} | {_unseen(deployed, kind, names)} |"


def _quoted(calls: Iterable[str]) -> str:
    return ", ".join(f"`{call}`" for call in calls)


def _unseen(deployed: Deployment, kind: str, names: list[str]) -> str:
    given = {name for one in names for name in deployed.resource(one).properties}
    return "; ".join(f"{name}: {why}" for name, why in sorted(DESCRIBERS[kind].untold.items()) if name in given)


def kept(readme: Path) -> str:
    """Return the table that stands between the markers in a file."""
    text = readme.read_text("utf-8")
    assert BEGIN in text, f"{readme.name} has no place for the table: lines with {BEGIN} and {END}."
    return text.split(BEGIN, 1)[1].split(END, 1)[0].strip()


def keep(readme: Path, made: str) -> None:
    """Put the table between the markers in a file, when CAREPLANE_CLOUD_TABLE=write asks for that."""
    if os.environ.get("CAREPLANE_CLOUD_TABLE") == "write":
        before, rest = readme.read_text("utf-8").split(BEGIN, 1)
        readme.write_text(f"{before}{BEGIN}\n{made}\n{rest[rest.index(END) :]}", "utf-8")
