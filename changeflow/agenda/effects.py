"""What nudges lead to: how many were acted on, and how soon; never by person."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from changeflow.agenda.reasons import REASONS, Reason

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A nudge that went out, without the person it was about."""

    reason: str
    subject: str
    level: int
    due_at: datetime
    """When it was written down, and could have gone."""
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeEffect:
    """Nudges of one reason and level."""

    reason: Reason
    level: int
    sent: int
    held_back: int
    """Of these, how many went a day or more after they fell due: the caps, quiet hours and free days of people."""
    acted: int | None
    """How many led to something before the next level; None for what concerns the person alone."""
    days: float | None
    """The middle of the days that it took."""


def followed(gone: Sequence[Gone], moments: Mapping[str, list[datetime]]) -> Iterator[tuple[Gone, timedelta | None]]:
    """Yield each nudge with how long after it something happened: an action counts for the last nudge before it."""
    by_subject: dict[str, list[Gone]] = defaultdict(list)
    for nudge in gone:
        by_subject[nudge.subject].append(nudge)
    for subject, own in by_subject.items():
        own.sort(key=lambda g: g.sent_at)
        for this, following in zip(own, [*own[1:], None], strict=True):
            until = following.sent_at if following else None
            happened = sorted(
                at for at in moments.get(subject, ()) if at >= this.sent_at and (until is None or at < until)
            )
            yield this, happened[0] - this.sent_at if happened else None


def effect_of(reason: Reason, level: int, nudges: Sequence[tuple[Gone, timedelta | None]]) -> NudgeEffect:
    """Return what nudges of one reason and level led to, each given with how long after it something happened."""
    took = [after / DAY for _, after in nudges if after is not None]
    is_private = not REASONS[reason].is_escalated
    return NudgeEffect(
        reason=reason,
        level=level,
        sent=len(nudges),
        held_back=sum(gone.sent_at - gone.due_at >= DAY for gone, _ in nudges),
        acted=None if is_private else len(took),
        days=round(median(took), 1) if took and not is_private else None,
    )
