"""The effect of a change, before it is made: what moves, what breaks or is resolved, and who to tell."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

from changeflow.programme.announcements import go_lives
from changeflow.programme.differences import differences
from changeflow.programme.mandates import Subject, in_role
from changeflow.programme.programme import Programme
from changeflow.reports.findings import findings_beyond
from changeflow.roadmap.analysis.differences import Altered, How, Topic
from changeflow.roadmap.levelling.teams import Capacity, overloads
from changeflow.rules.engine import Judged
from changeflow.values.duration import counted, later_or_earlier
from changeflow.values.moments import DAY, day_of, format_day, format_days, last_day_of
from changeflow.values.words import Role

MOVES = (Topic.ANNOUNCED, Topic.GO_LIVES, Topic.MILESTONES, Topic.GATES)
"""What an effect names in any case."""


@dataclass(frozen=True, slots=True)
class EffectPart:
    """Lines about one thing."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change does to the plan."""

    parts: tuple[EffectPart, ...]
    """What moves, by topic; the overload; findings; only those with lines."""
    to_tell: tuple[str, ...]
    """The schools whose announced go-live moves, each with its head."""

    @property
    def is_empty(self) -> bool:
        return not self.parts

    @property
    def mark(self) -> str:
        """A short text that is the same for the same effect: a form carries it from the effect to its confirmation."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def effect_of(before: Judged, after: Judged) -> Effect:
    """Compare a programme before and after a change."""
    old, new = before.programme, after.programme
    every = differences(old, new)
    # A rejection adds its day to the decision's name, which is no news.
    is_same = all(d.how is not How.RENAMED for d in every) or old.definition == new.definition
    found = [d for d in every if d.topic in MOVES and not (is_same and d.how is How.RENAMED)]
    parts = [EffectPart(topic.value, tuple(d.sentence for d in found if d.topic is topic)) for topic in MOVES]
    parts.append(EffectPart("Tasks added or removed", tuple(d.sentence for d in every if _is_new(d))))
    parts.append(EffectPart("End of the programme", tuple(_end(old, new))))
    parts.append(EffectPart("Overload", tuple(_overload(old, new))))
    parts.append(EffectPart("New findings", tuple(f.message for f in findings_beyond(after, before))))
    parts.append(EffectPart("Findings resolved", tuple(f.message for f in findings_beyond(before, after))))
    return Effect(
        parts=tuple(part for part in parts if part.lines),
        to_tell=tuple(_to_tell(old, new)),
    )


def _is_new(found: Altered) -> bool:
    """Return whether a difference is a task that comes or goes, such as the task of a condition."""
    return found.topic is Topic.TASKS and found.how in (How.ADDED, How.DROPPED)


def _end(old: Programme, new: Programme) -> Iterator[str]:
    before, after = old.required_schedule.finish, new.required_schedule.finish
    if days := round((after - before) / DAY):
        was, is_ = format_day(last_day_of(before)), format_day(last_day_of(after))
        yield f"The programme ends on {is_} instead of {was}: {later_or_earlier(days)}."


def _overload(old: Programme, new: Programme) -> Iterator[str]:
    """Say for each team on which days it is newly, or no longer, short of people."""
    was, now = _short(old), _short(new)
    names = Capacity({**old.definition.rollout.teams, **new.definition.rollout.teams}).names
    for team in sorted({*was, *now}):
        before, after = was.get(team, set()), now.get(team, set())
        for days, words in ((after - before, "is newly short of people"), (before - after, "is no longer short")):
            if days:
                yield f"{names[team]} {words} on {counted(len(days), 'day')} ({format_days(min(days), max(days))})."


def _short(programme: Programme) -> dict[str, set[date]]:
    """Return the days on which each team has too few people for the plan."""
    capacity, schedule = Capacity(programme.definition.rollout.teams), programme.required_schedule
    asked = [t.id for t in programme.roadmap.tasks.values() if t.needs]
    dates = {t.task: (t.early_start, t.early_finish) for t in (schedule[task] for task in asked)}
    found: dict[str, set[date]] = {}
    for stretch in overloads(programme.roadmap, dates, capacity):
        days = range(stretch.start // DAY, (stretch.end - 1) // DAY + 1)
        found.setdefault(stretch.team, set()).update(day_of(day * DAY) for day in days)
    return found


def _to_tell(old: Programme, new: Programme) -> Iterator[str]:
    """Yield the schools whose announced go-lives move, by name, each with its head."""
    was = {(g.school, g.service): g.day for g in go_lives(old)}
    announced = [g for g in go_lives(new) if g.announced is not None]
    moved = {g.school for g in announced if g.day != was.get((g.school, g.service), g.day)}
    for school in sorted(moved, key=new.school_name):
        heads = in_role(new.definition, Role.HEAD, Subject(schools=frozenset({school})))
        named = ", ".join(new.person(h) for h in sorted(heads))
        yield f"{new.school_name(school)}: {named or 'no head is named for this school'}"
