"""What nudges lead to: how many were acted on, and how soon, by reason and level; never by person."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from changeflow.agenda.reasons import REASONS, Reason
from changeflow.storage import agenda, answers, facts, versions
from changeflow.storage.agenda import Gone
from changeflow.storage.database import read_scope

LEVELS = ("first word", "on the day", "reminder", "to the manager")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeEffect:
    """Nudges of one reason and level."""

    reason: Reason
    level: int
    sent: int
    held_back: int
    """Of these, how many went a day or more after they fell due: the caps, quiet hours and free days of people."""
    acted: int | None
    """After how many something happened before the next level; None for what is nobody's business but theirs."""
    days: float | None
    """The middle of the days that it took."""


def effects(*, db: str) -> tuple[NudgeEffect, ...]:
    """Return what all nudges that went out led to, over every programme."""
    found: dict[tuple[Reason, int], list[tuple[Gone, timedelta | None]]] = defaultdict(list)
    with read_scope(db) as session:
        for name in versions.programme_ids(session):
            moments = answers.moments(session, name)
            for task, at in facts.finished_at(session, name):
                moments.setdefault(task, []).append(at)
            for gone, after in _followed(agenda.gone(session, name), moments):
                found[Reason(gone.reason), gone.level].append((gone, after))
    order = list(Reason)
    return tuple(_effect(*key, found[key]) for key in sorted(found, key=lambda k: (order.index(k[0]), k[1])))


def _followed(gone: Sequence[Gone], moments: Mapping[str, list[datetime]]) -> Iterator[tuple[Gone, timedelta | None]]:
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


def _effect(reason: Reason, level: int, nudges: Sequence[tuple[Gone, timedelta | None]]) -> NudgeEffect:
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


def in_words(found: Sequence[NudgeEffect]) -> Iterator[str]:
    """Yield a table's lines."""
    yield f"{'reason':<14}{'level':<18}{'sent':>6}{'held back':>11}{'acted on':>10}{'days':>7}"
    for effect in found:
        level = LEVELS[effect.level] if effect.level < len(LEVELS) else "to the SRO"
        acted = "-" if effect.acted is None else str(effect.acted)
        days = "-" if effect.days is None else f"{effect.days:.1f}"
        yield f"{effect.reason:<14}{level:<18}{effect.sent:>6}{effect.held_back:>11}{acted:>10}{days:>7}"
