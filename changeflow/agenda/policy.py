"""When a nudge goes out: quiet hours, caps and digests, for everybody and every programme together. Pure."""

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
    """Somebody's working days."""

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
        """Return what keeps to all of them: somebody may be in several programmes, with rulepacks of their own."""
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
    """A nudge that waits to go out."""

    id: int
    recipient: str
    """Whose it is, the same in every programme."""
    reason: Reason
    priority: int
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What decides whether somebody may be written to now."""

    days: WorkingDays
    policy: NudgePolicy
    has_address: bool = True
    is_deliverable: bool = True
    optional_off: bool = False
    today: int = 0
    """Messages that they have had today."""
    week: int = 0
    """Messages that they have had in the last seven days, today's with them."""
    is_saturated: bool = False
    """They are asked for so many things at once that their manager is asked to talk with them."""


class Fate(StrEnum):
    """What becomes of a nudge that waits."""

    GOES = "goes"
    HELD = "held"
    UNREACHED = "unreached"
    """Held back as well, until there is an address that works."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class SendVerdict:
    """What becomes of one person's nudges now, the most important first, and why."""

    recipient: str
    nudges: tuple[Waiting, ...]
    fate: Fate
    why: str = ""


def sort_out(waiting: Sequence[Waiting], readers: Mapping[str, Reader], *, now: datetime) -> Iterator[SendVerdict]:
    """Say of each person's nudges whether they go now, together in one message, or are held back, and why."""
    for recipient, group in groupby(sorted(waiting, key=lambda w: w.recipient), key=lambda w: w.recipient):
        own = sorted(group, key=lambda w: (w.priority, w.due_on, w.id))
        reader = readers[recipient]
        unwanted = tuple(w for w in own if reader.optional_off and w.reason in reader.policy.optional)
        if unwanted:
            yield SendVerdict(recipient, unwanted, Fate.WITHDRAWN, "they switched these off")
        wanted = tuple(w for w in own if w not in unwanted)
        if wanted:
            yield _verdict(recipient, wanted, reader, now)


def _verdict(recipient: str, own: tuple[Waiting, ...], reader: Reader, now: datetime) -> SendVerdict:
    def held(why: str, fate: Fate = Fate.HELD) -> SendVerdict:
        return SendVerdict(recipient, own, fate, why)

    policy, local = reader.policy, now.astimezone(LONDON)
    today = local.date()
    if not reader.has_address:
        return held("no address is known", Fate.UNREACHED)
    if not reader.is_deliverable:
        return held("the address does not work: correct it in people.csv", Fate.UNREACHED)
    if not reader.days.works_on(today):
        following = next_day(reader.days, today)
        return held(f"not a working day of theirs; again on {format_day(following)}")
    begins = policy.digest_from if len(own) > 1 else policy.send_from
    if local.time() < begins:
        return held(f"before {begins:%H:%M}")
    if local.time() >= policy.send_until:
        following = next_day(reader.days, today)
        return held(f"after {policy.send_until:%H:%M}; again on {format_day(following)}")
    if reader.today >= policy.per_day:
        return held(f"they have had {counted(reader.today, 'message')} today")
    if reader.week >= policy.per_week:
        return held(f"they have had {counted(reader.week, 'message')} within a week")
    if reader.optional_off and not is_digest_day(reader.days, today):
        return held("they asked for one message a week: it goes on the first working day of theirs")
    urgent = any(w.priority <= 0 and w.reason not in policy.optional for w in own)
    if reader.is_saturated and not urgent and not is_digest_day(reader.days, today):
        return held("they are asked for too much at once: their manager talks with them, and the rest goes once a week")
    return SendVerdict(recipient, own, Fate.GOES)


def opens_at(days: WorkingDays, policy: NudgePolicy, now: datetime) -> datetime | None:
    """Return when somebody may be written to next; None where it is now. A retry keeps their hours and days as well."""
    local = now.astimezone(LONDON)
    today = local.date()
    if days.works_on(today) and local.time() < policy.send_until:
        return None if local.time() >= policy.send_from else datetime.combine(today, policy.send_from, tzinfo=LONDON)
    return datetime.combine(next_day(days, today), policy.send_from, tzinfo=LONDON)


def is_digest_day(days: WorkingDays, today: date) -> bool:
    """Tell whether a day is the first of its week on which somebody works: Monday, or the first one after a holiday."""
    monday = today - timedelta(days=today.weekday())
    return not any(days.works_on(monday + timedelta(days=n)) for n in range(today.weekday()))


def next_day(days: WorkingDays, after: date) -> date:
    """Return somebody's next working day; a year later where none is known."""
    ahead = (after + timedelta(days=n) for n in range(1, 366))
    return next((day for day in ahead if days.works_on(day)), after + timedelta(days=365))
