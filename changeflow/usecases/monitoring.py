"""Check for late runs, and provide numbers for a monitoring system."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from changeflow.storage import agenda, messages, sandbox, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import read_scope
from changeflow.usecases.custody import standing_of
from changeflow.values.duration import counted
from changeflow.values.moments import LONDON, format_day

TICK_EVERY = timedelta(hours=3)
"""The tick runs hourly; this allows for two missed runs before it is reported."""
STUCK_AFTER = timedelta(hours=1)
STATES = (messages.OPEN, messages.SENT, messages.PARKED, messages.FAILED, messages.DROPPED)
IN_WORDS = {
    messages.OPEN: "messages being sent",
    messages.SENT: "messages sent",
    messages.PARKED: "messages for you to check (they may have been sent)",
    messages.FAILED: "messages not delivered",
    messages.DROPPED: "messages withdrawn before they were sent",
}


def troubles(*, db: str, now: datetime) -> tuple[str, ...]:
    """Return a line for each thing that is late or needs a person; empty if all is well.

    A sandbox needs no ticks: it sends no messages, and may be served as of another day.
    """
    found = []
    state = MachineState(db)
    seen = state.seen()
    with read_scope(db) as session:
        if why := standing_of(session, state, seen):
            found.append(why)
        for name in () if sandbox.is_sandbox(session) else versions.programme_ids(session):
            last = agenda.last_tick(session, name)
            if last is None:
                found.append(
                    f"{name}: no tick has run yet. Run one with `changeflow tick`, or start the schedule with "
                    "`changeflow flows serve`."
                )
            elif now - last > TICK_EVERY:
                local = last.astimezone(LONDON)
                found.append(
                    f"{name}: the last tick ran on {format_day(local.date())} at {local:%H:%M}. Ticks should run "
                    "hourly."
                )
        states = messages.by_state(session)
        stuck = messages.open_since(session, now - STUCK_AFTER)
    if parked := states.get(messages.PARKED, 0):
        found.append(
            f"{counted(parked, 'message')} may have been sent. Check with the mail server whether to send again."
        )
    if failed := states.get(messages.FAILED, 0):
        found.append(f"{counted(failed, 'message')} could not be delivered. `changeflow status` gives the reasons.")
    if stuck:
        found.append(f"{counted(stuck, 'message')} opened more than an hour ago, but not sent yet.")
    return tuple(found)


def numbers(*, db: str) -> Mapping[str, int]:
    """Count the messages in each state, the waiting nudges, and the reasons why messages were not delivered."""
    with read_scope(db) as session:
        states = messages.by_state(session)
        waiting = sum(w for w, _ in agenda.counts_by_reason(session).values())
        reasons = messages.reasons(session)
    counts = {IN_WORDS[state]: states.get(state, 0) for state in STATES}
    return counts | {"reminders waiting for a message": waiting} | {f"  reason: {why}": n for why, n in reasons.items()}


def metrics(*, db: str, now: datetime) -> str:
    """Return the numbers in Prometheus text format, without names or addresses."""
    # Imported here because only the web pages need it.
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    sent = Gauge("changeflow_messages", "Messages by state", ["state"], registry=registry)
    waiting = Gauge("changeflow_nudges_waiting", "Nudges that wait to go out", registry=registry)
    age = Gauge("changeflow_tick_age_seconds", "Since the last tick", ["programme"], registry=registry)
    with read_scope(db) as session:
        states = messages.by_state(session)
        waiting.set(sum(w for w, _ in agenda.counts_by_reason(session).values()))
        for name in versions.programme_ids(session):
            if (last := agenda.last_tick(session, name)) is not None:
                age.labels(name).set((now - last).total_seconds())
    for state in STATES:
        sent.labels(state).set(states.get(state, 0))
    return generate_latest(registry).decode()
