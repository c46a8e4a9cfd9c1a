"""Schedules are the same from the same seed, and in the long run none is left to the lot."""

import random

from tests.faults.schedule import draw, every_kind

VICTIMS, LINKS = ["gateway", "patient", "kafka"], ["gateway/patient", "patient/kafka", "patient/postgres"]


def test_the_same_seed_draws_the_same() -> None:
    """And another one something else."""
    first, same, other = (draw(random.Random(seed), VICTIMS, LINKS) for seed in (7, 7, 8))
    assert first == same
    assert first != other


def test_each_fault_comes_to_each_target() -> None:
    """Links are not killed, and processes not cut; and of each link an end is killed while it holds back."""
    found = every_kind(VICTIMS, LINKS)
    alone = {(faults[0].kind, faults[0].target) for faults in found if len(faults) == 1}
    assert len(alone) == 3 * len(VICTIMS) + 3 * len(LINKS)
    assert ("freeze", "kafka") in alone
    assert ("black-hole", "patient/kafka") in alone
    together = {(faults[0].target, faults[1].target) for faults in found if len(faults) == 2}
    assert together == {("gateway/patient", "gateway"), ("patient/kafka", "patient"), ("patient/postgres", "patient")}


def test_what_is_drawn_is_bounded() -> None:
    """One to three faults, none of which lasts longer than a schedule may."""
    chance = random.Random(1)
    drawn = [draw(chance, VICTIMS, LINKS) for _ in range(500)]
    assert {len(faults) for faults in drawn} == {1, 2, 3}
    assert max(fault.after_s + fault.lasts_s for faults in drawn for fault in faults) < 12.0
    assert {fault.kind for faults in drawn for fault in faults} == {
        *("kill", "freeze", "terminate"),
        *("delay", "cut", "black-hole"),
    }
