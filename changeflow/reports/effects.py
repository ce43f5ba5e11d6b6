"""The effect of a change, before it is made: what moves, what breaks or is resolved, and who to tell."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache

from changeflow.agenda.criteria import State, go_live_criteria
from changeflow.programme.announcements import go_lives
from changeflow.programme.differences import differences
from changeflow.programme.mandates import Subject, in_role
from changeflow.programme.programme import Programme
from changeflow.reports.findings import findings_beyond
from changeflow.roadmap.analysis.differences import Altered, How, Topic
from changeflow.roadmap.levelling.teams import Capacity, overloads
from changeflow.rules.engine import Judged
from changeflow.values.base import Same
from changeflow.values.duration import counted
from changeflow.values.moments import DAY, day_of, format_day, format_days, last_day_of
from changeflow.values.moved_dates import later_or_earlier
from changeflow.values.words import Kind, Role

MOVES = (Topic.ANNOUNCED, Topic.GO_LIVES, Topic.MILESTONES, Topic.GATES)
"""The topics that an effect always names."""
EVIDENCE = ("New evidence against a decision", "No longer evidence against a decision", "New evidence for a decision")
"""Titles of the parts about the evidence for decisions."""
_AGAINST = (State.BLOCKS, State.OPEN)


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
    needs_reason: bool = False
    """Whether an announced date, a deadline or a decision moves, so that someone must say why."""

    @property
    def is_still(self) -> bool:
        """Whether no date moves and no rule is broken or resolved; the evidence for decisions may still change."""
        return all(part.title in EVIDENCE for part in self.parts)

    @property
    def mark(self) -> str:
        """A short text that is the same for the same effect: a form carries it from the effect to its confirmation."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def delays_promises(before: Judged, after: Judged) -> bool:
    """Return whether an announced go-live or an open decision becomes later."""
    old, new = before.programme, after.programme
    was = {(g.school, g.service): g.day for g in go_lives(old)}
    announced = ((g.day, was.get((g.school, g.service))) for g in go_lives(new) if g.announced is not None)
    if any(day > before for day, before in announced if day is not None and before is not None):
        return True
    gates = (g.id for g in new.tasks(kind=Kind.DECISION) if g.id in old.roadmap.tasks and not new.is_done(g.id))
    return any(new.days_of(gate)[1] > old.days_of(gate)[1] for gate in gates)


def effect_of(before: Judged, after: Judged) -> Effect:
    """Compare a programme before and after a change."""
    return _effect_of(Same(before), Same(after))


@lru_cache(maxsize=2)
def _effect_of(first: Same[Judged], then: Same[Judged]) -> Effect:
    """Compare two states. Trying an edit and recording it compare the same two."""
    before, after = first.value, then.value
    old, new = before.programme, after.programme
    every = differences(old, new)
    # A rejection adds its day to the decision's name, which is not a change.
    is_same = all(d.how is not How.RENAMED for d in every) or old.definition == new.definition
    found = [d for d in every if d.topic in MOVES and not (is_same and d.how is How.RENAMED)]
    parts = [EffectPart(topic.value, tuple(d.sentence for d in found if d.topic is topic)) for topic in MOVES]
    parts.append(EffectPart("Tasks added or removed", tuple(d.sentence for d in every if _is_new(d))))
    parts.append(EffectPart("End of the programme", tuple(_end(old, new))))
    parts.append(EffectPart("Overload", tuple(_overload(old, new))))
    parts.append(EffectPart("New findings", tuple(f.message for f in findings_beyond(after, before))))
    parts.append(EffectPart("Findings resolved", tuple(f.message for f in findings_beyond(before, after))))
    parts += _evidence(old, new)
    to_tell = tuple(_to_tell(old, new))
    return Effect(
        parts=tuple(part for part in parts if part.lines),
        to_tell=to_tell,
        needs_reason=bool(to_tell) or any(d.topic is Topic.GATES and d.how is How.MOVED for d in found),
    )


def _is_new(found: Altered) -> bool:
    """Return whether a difference is an added or dropped task, such as the task of a condition."""
    return found.topic is Topic.TASKS and found.how in (How.ADDED, How.DROPPED)


def _evidence(old: Programme, new: Programme) -> Iterator[EffectPart]:
    """Yield what pilots and parallel runs newly show for and against open decisions, each line with its decisions."""
    was, now = ((p.facts.runs, p.facts.pilot, p.facts.criteria) for p in (old, new))
    if was == now:
        return
    found: dict[str, dict[str, list[str]]] = {title: {} for title in EVIDENCE}
    for gate in new.tasks(kind=Kind.DECISION):
        before = old.roadmap.tasks.get(gate.id)
        if gate.service is None or before is None or new.is_done(gate.id):
            continue
        first, then = ({str(c.text): c.state for c in go_live_criteria(*on)} for on in ((old, before), (new, gate)))
        bad, worse = ({t for t, state in known.items() if state in _AGAINST} for known in (first, then))
        good = {t for t, state in then.items() if state is State.MET} - first.keys()
        for title, texts in zip(EVIDENCE, (worse - bad, bad - worse, good), strict=True):
            for text in (t for t in dict.fromkeys((*then, *first)) if t in texts):
                found[title].setdefault(text, []).append(gate.name)
    for title, lines in found.items():
        yield EffectPart(title, tuple(_for_decisions(text, names) for text, names in lines.items()))


def _for_decisions(text: str, names: list[str]) -> str:
    more = f" and {counted(len(names) - 1, 'more decision')}" if len(names) > 1 else ""
    return f"{text} (“{names[0]}”{more})"


def _end(old: Programme, new: Programme) -> Iterator[str]:
    before, after = old.required_schedule.finish, new.required_schedule.finish
    if days := round((after - before) / DAY):
        was, is_ = format_day(last_day_of(before)), format_day(last_day_of(after))
        yield f"The programme ends on {is_} instead of {was}: {later_or_earlier(days)}."


def _overload(old: Programme, new: Programme) -> Iterator[str]:
    """Say for each team on which days it is newly, or no longer, short of people."""
    was, now = short_days(old), short_days(new)
    names = Capacity({**old.definition.rollout.teams, **new.definition.rollout.teams}).names
    for team in sorted({*was, *now}):
        before, after = was.get(team, set()), now.get(team, set())
        for days, words in ((after - before, "newly short of people"), (before - after, "no longer short of people")):
            if days:
                yield f"{names[team]}: {words} on {counted(len(days), 'day')} ({format_days(min(days), max(days))})."


def short_days(programme: Programme) -> Mapping[str, set[date]]:
    """Return the days on which each team has too few people for the plan."""
    return programme.once("short-days", lambda: _short_days(programme))


def _short_days(programme: Programme) -> dict[str, set[date]]:
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
