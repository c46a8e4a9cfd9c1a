"""Who has to do with whom is what the catalogue of components says: processes, calls, data, and the doors for them."""

from collections.abc import Iterator
from typing import Final

from tests.cloud.rules_network import GRPC_PORT, containers, groups_of_tasks, ingress, ports, runs, told
from tests.cloud.template import Part, View

from careplane.app.catalog import CATALOG, NAMES

_GATEWAY: Final = "gateway"
_PEERS: Final = "CAREPLANE_GRPC_PEERS"
_DATABASE: Final = "CAREPLANE_DATABASE_URL"
_KAFKA: Final = "CAREPLANE_KAFKA_BOOTSTRAP_SERVERS"
_CALLS: Final = {_GATEWAY: frozenset(NAMES), **{entry.name: frozenset(entry.calls) for entry in CATALOG}}
_USERS: Final = {
    _DATABASE: frozenset(NAMES),
    _KAFKA: frozenset(entry.name for entry in CATALOG if entry.tells or entry.hears),
}
_DOORS: Final = {
    "AWS::RDS::DBInstance": ("5432", _USERS[_DATABASE]),
    "AWS::RDS::DBCluster": ("5432", _USERS[_DATABASE]),
    "AWS::MSK::Cluster": ("9096", _USERS[_KAFKA]),
    "AWS::EFS::MountTarget": ("2049", frozenset(_CALLS)),
}
"""At which port each kind of store is reached, and which processes do."""


def processes(view: View) -> dict[str, tuple[Part, Part]]:
    """Return what keeps each process running, with its task definition, by what it serves."""
    return {
        str(of["Command"][1]): (keeper, task)
        for keeper, task in runs(view)
        for of in containers(task)
        if of.get("Command", [])[:1] == ["serve"]
    }


def each_component_is_a_process(view: View) -> Iterator[str]:
    """The gateway and each component of the catalogue is kept running, once, in a security group of its own."""
    found = processes(view)
    for name in sorted(set(_CALLS) - set(found)):
        yield f"Nothing keeps {name} running: add an AWS::ECS::Service for it."
    known = {keeper.name for keeper, _ in found.values()}
    for keeper in view.of("AWS::ECS::Service", "AWS::ECS::TaskSet"):
        if keeper.name not in known:
            yield f"{keeper.name} runs nothing of the catalogue, or what another one runs: take it away."
    groups, seen = groups_of_tasks(view), dict[str, str]()
    for keeper, task in found.values():
        for group in sorted(groups[task.name]):
            if group in seen:
                yield f"{keeper.name} shares {group} with {seen[group]}: give it a group of its own."
            seen[group] = keeper.name


def calls_are_those_of_the_catalogue(view: View) -> Iterator[str]:
    """Each process is told the addresses of those that it calls, and of no others; and these let it in alone."""
    found = processes(view)
    groups = groups_of_tasks(view)
    for name, (keeper, task) in found.items():
        wanted = {f"{_PEERS}_{one.upper()}": _address(view, found, one) for one in _CALLS.get(name, ())}
        said = {variable: str(value) for variable, value in told(task).items() if variable.startswith(_PEERS)}
        for variable in sorted(wanted.keys() | said.keys()):
            if variable not in wanted:
                yield f"{task.name} is told {variable}, but {name} does not call it by the catalogue: take it away."
            elif said.get(variable) != wanted[variable]:
                yield f"{task.name} must be told {variable}: {wanted[variable]}."
        if name in NAMES:
            callers = {one for one, calls in _CALLS.items() if name in calls}
            let_in = {group for one in callers & found.keys() for group in groups[found[one][1].name]}
            yield from _let_in(view, keeper.name, groups[task.name], {GRPC_PORT}, let_in)


def _address(view: View, found: dict[str, tuple[Part, Part]], name: str) -> str:
    """Return where the DNS says that a component is, which it registers itself with."""
    for registry in view.named_in(found[name][0].properties.get("ServiceRegistries")) if name in found else ():
        names = view.parts[registry]
        for space in view.named_in(names.said("DnsConfig", "NamespaceId")):
            return f"{names.said('Name')}.{view.parts[space].said('Name')}:{GRPC_PORT}"
    return f"(an address in Cloud Map, which {name} does not have)"


def data_is_for_those_of_the_catalogue(view: View) -> Iterator[str]:
    """Database, brokers and files are known to those that keep, tell or hear something, and to whoever sets up."""
    found = processes(view)
    groups = groups_of_tasks(view)
    for name, (_, task) in found.items():
        for variable, users in _USERS.items():
            if (variable in told(task)) is not (name in users):
                what = "is not told" if name in users else "has nothing to do with, but is told"
                yield f"{task.name} {what} {variable}: the catalogue says who is."
    served = {task.name for _, task in found.values()}
    for part in view.of(*_DOORS):
        port, users = _DOORS[part.kind]
        wanted = {group for name in users & found.keys() for group in groups[found[name][1].name]}
        for_once = {group for task, its in groups.items() if task not in served for group in its}
        own = {name for name in view.named_in(part.properties) if view.parts[name].kind == "AWS::EC2::SecurityGroup"}
        yield from _let_in(view, part.name, own, {port}, wanted | for_once, at_others=False)


def _let_in(
    view: View, whom: str, own: set[str], at: set[str], wanted: set[str], *, at_others: bool = True
) -> Iterator[str]:
    """Compare who is let in at a port, and where that is asked for at others, with who should be."""
    found = set()
    for name, group, rule in ingress(view):
        if group not in own or (at_others and ports(rule) not in at):
            continue
        sources = view.named_in(rule.get("SourceSecurityGroupId"))
        if not sources or not sources <= wanted or ports(rule) not in at:
            yield f"{name} lets into {whom} who has nothing to do with it, or at a port that is not {min(at)}."
        found |= sources
    for missing in sorted(wanted - found):
        yield f"{whom} does not let in {missing}, which needs it: add an ingress rule for port {min(at)}."
