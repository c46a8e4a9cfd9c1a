"""How the patient component is put together: store, actor, the pump that opens accounts and the relay of its events."""

from careplane.components.assembly import Assembly, Parts
from careplane.components.billing.api import BILLING
from careplane.components.patient.access.alarm import GlassAlarm
from careplane.components.patient.actor import PatientActor
from careplane.components.patient.api import PATIENT
from careplane.components.patient.intents import IntentCount, Intents
from careplane.components.patient.settings import PatientSettings
from careplane.components.patient.store import PatientStore
from careplane.components.patient.store_intents import IntentStore
from careplane.storage.backlog import EVERY_SECONDS, Backlog
from careplane.storage.pump import Pump
from careplane.storage.relay import Relay

EVENTS = "events"
"""The name under which the relay remembers how far it has come."""


async def assemble(parts: Parts) -> Assembly:
    """Put the component together from its parts."""
    billing = parts.to(BILLING)
    settings = parts.section(PatientSettings)
    intent_store = IntentStore(parts.database)
    intents = Intents(intent_store, billing, parts.new_id)
    relay = Relay(parts.database, PATIENT.name, parts.publish, reader=EVENTS)
    backlog = Backlog(parts.database, EVENTS)
    waiting = IntentCount(intent_store)
    pumps = (
        Pump("patient billing intents", intents.step, parts.report),
        Pump("patient event relay", relay.step, parts.report),
    )

    def committed() -> None:
        for pump in pumps:
            pump.wake()

    store = PatientStore(parts.database, committed)
    alarm = GlassAlarm(store.glass, parts.clock)
    lookouts = (
        Pump("patient event backlog", backlog.step, parts.report, idle=EVERY_SECONDS),
        Pump("patient intent count", waiting.step, parts.report, idle=EVERY_SECONDS),
        Pump("patient break-glass count", alarm.step, parts.report, idle=EVERY_SECONDS),
    )
    return Assembly(
        make=lambda: PatientActor(store, billing, parts.clock, parts.new_id, settings, alarm),
        pumps=(*pumps, *lookouts),
        gauges={
            "outbox_events": lambda: backlog.events,
            "outbox_seconds": lambda: backlog.seconds,
            "billing_intents": lambda: waiting.count,
            "break_glass_granted": lambda: alarm.granted,
            "break_glass_open": lambda: alarm.open,
        },
        commits=store.commits,
    )
