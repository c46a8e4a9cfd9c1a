"""A schedule: faults drawn by lot, each at its time and for so long, some of them at once; and how they are made."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from tests.faults.cluster import Cluster
from tests.faults.proxy import Link
from tests.faults.surroundings import Victim

_LONGEST_START_S: Final = 1.5


class Fault(NamedTuple):
    """What happens to whom, how long after the beginning, and for how long."""

    kind: str
    target: str
    after_s: float
    lasts_s: float
    delay_s: float = 0.0

    def __str__(self) -> str:
        """Tell it in a few words."""
        delay = f" by {self.delay_s * 1000:.0f} ms" if self.delay_s else ""
        return f"{self.kind} {self.target}{delay} at {self.after_s:.2f} s for {self.lasts_s:.2f} s"


_TO_VICTIMS: Final = ("kill", "freeze", "terminate")
_TO_LINKS: Final = ("delay", "cut", "black-hole")
_LONGEST_S: Final = {"kill": 1.0, "terminate": 0.5, "freeze": 5.0, "delay": 2.0, "cut": 2.0, "black-hole": 5.0}


def draw(chance: random.Random, victims: list[str], links: list[str]) -> list[Fault]:
    """Draw a schedule of one to three faults; often the second comes to an end of the link that is already amiss."""
    faults = [_draw_one(chance, victims, links) for _ in range(chance.choice((1, 2, 2, 3)))]
    if len(faults) > 1 and chance.random() < 0.5:
        link = _link_fault(chance, chance.choice(links))
        at = link.after_s + chance.uniform(0.0, link.lasts_s)
        faults[:2] = [link, _victim_fault(chance, chance.choice(_ends(link.target, victims)), at)]
    return faults


def _draw_one(chance: random.Random, victims: list[str], links: list[str]) -> Fault:
    if chance.random() < 0.6:
        return _victim_fault(chance, chance.choice(victims), chance.uniform(0.2, _LONGEST_START_S))
    return _link_fault(chance, chance.choice(links))


def _victim_fault(chance: random.Random, victim: str, after_s: float) -> Fault:
    kind = chance.choice(_TO_VICTIMS)
    return Fault(kind, victim, after_s, chance.uniform(0.05, _LONGEST_S[kind]))


def _link_fault(chance: random.Random, link: str) -> Fault:
    kind = chance.choice(_TO_LINKS)
    lasts, delay = chance.uniform(0.05, _LONGEST_S[kind]), chance.uniform(0.005, 0.3)
    return Fault(kind, link, chance.uniform(0.2, _LONGEST_START_S), lasts, delay if kind == "delay" else 0.0)


def _ends(link: str, victims: list[str]) -> list[str]:
    """Return both ends of a link, whose name is theirs with a slash between."""
    return [end for end in link.split("/") if end in victims]


def every_kind(victims: list[str], links: list[str]) -> list[list[Fault]]:
    """Return schedules with each fault to each target once, so that a long campaign leaves none to the lot.

    And for each link one in which its first end is killed while the link holds back what that has said last.
    """
    kinds = [(kind, target) for kind in _TO_VICTIMS for target in victims]
    kinds += [(kind, target) for kind in _TO_LINKS for target in links]
    alone = [[Fault(kind, one, 0.5, _LONGEST_S[kind], 0.1 if kind == "delay" else 0.0)] for kind, one in kinds]
    killed = [[Fault("black-hole", one, 0.5, 1.0), Fault("kill", _ends(one, victims)[0], 1.0, 0.2)] for one in links]
    return [*alone, *killed]


async def carry_out(cluster: Cluster, faults: list[Fault]) -> None:
    """Make the faults happen; those to one target come one after the other."""
    turns = {fault.target: asyncio.Lock() for fault in faults}
    async with asyncio.TaskGroup() as all_of_them:
        for fault in sorted(faults, key=lambda one: one.after_s):
            all_of_them.create_task(_carry_out(cluster, fault, turns[fault.target]), name=str(fault))


async def _carry_out(cluster: Cluster, fault: Fault, turn: asyncio.Lock) -> None:
    await asyncio.sleep(fault.after_s)
    async with turn:
        if fault.kind in _TO_VICTIMS:
            await _to_victim(cluster.victims[fault.target], fault)
        else:
            await _to_link(cluster.links[fault.target], fault)


async def _to_victim(victim: Victim, fault: Fault) -> None:
    strike: dict[str, Callable[[], None]] = {
        "kill": victim.kill,
        "freeze": victim.freeze,
        "terminate": victim.terminate,
    }
    await asyncio.to_thread(strike[fault.kind])
    await asyncio.sleep(fault.lasts_s)
    await asyncio.to_thread(victim.thaw if fault.kind == "freeze" else victim.start)


async def _to_link(link: Link, fault: Fault) -> None:
    strike: dict[str, Callable[[], Awaitable[None] | None]] = {
        "delay": lambda: link.delay(fault.delay_s),
        "cut": link.cut,
        "black-hole": link.black_hole,
    }
    struck = strike[fault.kind]()
    if struck is not None:
        await struck
    await asyncio.sleep(fault.lasts_s)
    link.restore()
