"""When a nudge is sent: quiet hours, caps and digests, which apply to each person across all programmes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Protocol

from changeflow.agenda.reasons import Reason
from changeflow.values.duration import counted
from changeflow.values.moments import LONDON, format_day
from changeflow.values.rulepack import Rulepacks

WEEK = timedelta(days=7)


class WorkingDays(Protocol):
    """A person's working days."""

    def works_on(self, day: date) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgePolicy:
    """The numbers of the rulepack `nudges`."""

    per_day: int
    per_week: int
    send_from: time
    send_until: time
    digest_from: time
    optional: frozenset[Reason]

    @classmethod
    def of(cls, packs: Rulepacks, *, on: date) -> "NudgePolicy":
        numbers: dict[str, Any] = {name: packs.number("nudges", name, on=on) for name in ("per_day", "per_week")}
        hours: dict[str, Any] = {
            name: time.fromisoformat(str(packs.entry("nudges", name, on=on).value))
            for name in ("send_from", "send_until", "digest_from")
        }
        optional = frozenset(Reason(name) for name in packs.entry("nudges", "optional", on=on).value)
        return cls(**numbers, **hours, optional=optional)

    @classmethod
    def strictest(cls, policies: "Sequence[NudgePolicy]") -> "NudgePolicy":
        """Return a policy within the limits of all: a person may be in several programmes with their own rulepacks."""
        return cls(
            per_day=min(p.per_day for p in policies),
            per_week=min(p.per_week for p in policies),
            send_from=max(p.send_from for p in policies),
            send_until=min(p.send_until for p in policies),
            digest_from=max(p.digest_from for p in policies),
            optional=frozenset.intersection(*(p.optional for p in policies)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A nudge that is waiting to be sent."""

    id: int
    recipient: str
    """The recipient's key, the same in every programme."""
    reason: Reason
    priority: int
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Everything that decides whether a person may get a message now."""

    days: WorkingDays
    policy: NudgePolicy
    has_address: bool = True
    is_deliverable: bool = True
    optional_off: bool = False
    today: int = 0
    """The number of messages that they have had today."""
    week: int = 0
    """The number of messages that they have had in the last seven days, including today's."""
    is_saturated: bool = False
    """Whether they have too many requests at once, so that their manager is asked to talk to them."""


class Fate(StrEnum):
    """What happens to a nudge that is waiting."""

    GOES = "goes"
    HELD = "held"
    UNREACHED = "unreached"
    """Held until there is a working address."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class SendVerdict:
    """What happens to one person's nudges now, most important first, and why."""

    recipient: str
    nudges: tuple[Waiting, ...]
    fate: Fate
    why: str = ""


def sort_out(waiting: Sequence[Waiting], readers: Mapping[str, Reader], *, now: datetime) -> Iterator[SendVerdict]:
    """Decide whether each person's nudges are sent now, in one message, or held, and why."""
    for recipient, group in groupby(sorted(waiting, key=lambda w: w.recipient), key=lambda w: w.recipient):
        own = sorted(group, key=lambda w: (w.priority, w.due_on, w.id))
        reader = readers[recipient]
        unwanted = tuple(w for w in own if reader.optional_off and w.reason in reader.policy.optional)
        if unwanted:
            yield SendVerdict(recipient, unwanted, Fate.WITHDRAWN, "optional messages are switched off")
        wanted = tuple(w for w in own if w not in unwanted)
        if wanted:
            yield _verdict(recipient, wanted, reader, now)


def _verdict(recipient: str, own: tuple[Waiting, ...], reader: Reader, now: datetime) -> SendVerdict:
    def held(why: str, fate: Fate = Fate.HELD) -> SendVerdict:
        return SendVerdict(recipient, own, fate, why)

    policy, local = reader.policy, now.astimezone(LONDON)
    today = local.date()
    if not reader.has_address:
        return held("no email address", Fate.UNREACHED)
    if not reader.is_deliverable:
        return held("the address does not work and must be corrected", Fate.UNREACHED)
    if not reader.days.works_on(today):
        following = next_day(reader.days, today)
        return held(f"not one of their working days; next on {format_day(following)}")
    begins = policy.digest_from if len(own) > 1 else policy.send_from
    if local.time() < begins:
        return held(f"no messages before {begins:%H:%M}")
    if local.time() >= policy.send_until:
        following = next_day(reader.days, today)
        return held(f"no messages after {policy.send_until:%H:%M}; next on {format_day(following)}")
    if reader.today >= policy.per_day:
        return held(f"already gets {counted(reader.today, 'message')} on this day")
    if reader.week >= policy.per_week:
        return held(f"already gets {counted(reader.week, 'message')} within a week")
    if reader.optional_off and not is_digest_day(reader.days, today):
        return held("they chose one message a week, on their first working day")
    urgent = any(w.priority <= 0 and w.reason not in policy.optional for w in own)
    if reader.is_saturated and not urgent and not is_digest_day(reader.days, today):
        return held("they have too many requests: their manager is asked to talk to them; the rest goes once a week")
    return SendVerdict(recipient, own, Fate.GOES)


def opens_at(days: WorkingDays, policy: NudgePolicy, now: datetime) -> datetime | None:
    """Return when a person may next get a message; None if now. Retries also keep to their hours and days."""
    local = now.astimezone(LONDON)
    today = local.date()
    if days.works_on(today) and local.time() < policy.send_until:
        return None if local.time() >= policy.send_from else datetime.combine(today, policy.send_from, tzinfo=LONDON)
    return datetime.combine(next_day(days, today), policy.send_from, tzinfo=LONDON)


def is_digest_day(days: WorkingDays, today: date) -> bool:
    """Return whether a day is a person's first working day of the week: Monday, or the first after a holiday."""
    monday = today - timedelta(days=today.weekday())
    return not any(days.works_on(monday + timedelta(days=n)) for n in range(today.weekday()))


def next_day(days: WorkingDays, after: date) -> date:
    """Return a person's next working day, or a day a year later if there is none."""
    ahead = (after + timedelta(days=n) for n in range(1, 366))
    return next((day for day in ahead if days.works_on(day)), after + timedelta(days=365))
