"""What waits: events that are not handed on, events set aside, accounts not opened yet, audit rows not sealed."""

from collections.abc import Iterator, Sequence

from careplane.app.doctor.case import Case
from careplane.app.doctor.finding import Finding, ok, problem, warning
from careplane.kernel.errors import PlatformError
from careplane.storage.inspection import QueueSeen, see_queues

_SLOW_S, _STUCK_S = 60.0, 3600.0
_WAITING = {
    "outbox": ("events to be handed on", "Start Careplane, which hands them on; if it runs, look into its log."),
    "billing_intents": ("accounts to be opened", "Start Careplane, which opens them; if it runs, look into its log."),
    "audit_seal": ("audit rows to be sealed", "Start Careplane, which seals them; if it runs, look into its log."),
}


async def check_queues(case: Case) -> Sequence[Finding]:
    """Look at everything that waits in any component's tables."""
    findings: list[Finding] = []
    looked = 0
    for name, url in case.logins.items():
        try:
            for queue in await see_queues(url, name):
                looked += 1
                findings += judged(name, queue)
        except PlatformError:
            continue  # its login's own line says that it is not let in
    if looked and not findings:
        return [ok("queues", "nothing waits for long, and nothing was set aside")]
    return findings


def judged(component: str, queue: QueueSeen) -> Iterator[Finding]:
    """Judge one queue; nothing where all is well."""
    if not queue.count:
        return
    if queue.name == "dead_letter":
        advice = "Look into the log for why; `careplane analytics rebuild` counts those that can be counted now."
        yield warning("queues", f"{component} has set {queue.count} events aside", advice)
    elif queue.seconds > _SLOW_S:
        what, advice = _WAITING[queue.name]
        found = f"{component} has {queue.count} {what}, the oldest for {queue.seconds / 60:.0f} minutes"
        yield (problem if queue.seconds > _STUCK_S else warning)("queues", found, advice)
