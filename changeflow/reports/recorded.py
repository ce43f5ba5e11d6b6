"""Recorded facts and the effect of nudges, as lines of text."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from changeflow.agenda.reasons import NudgeEffect
from changeflow.programme.dates import Dates
from changeflow.programme.recorded import RecordedFact, corrections, replacements
from changeflow.roadmap.analysis.lengths import OFFICE, length_in_words
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import day_of, format_day, local_day
from changeflow.values.words import Outcome

LEVELS = ("first word", "on the day", "reminder", "to the manager")


Person = Callable[[str | None], str]
"""Returns a person's name from their id."""


def fact_lines(
    facts: Sequence[RecordedFact], *, person: Person, roadmap: Roadmap, about: str | None = None
) -> Iterator[str]:
    """Yield a line for each fact: id, day, content, who recorded it, and any correction or withdrawal."""
    corrects, replaced = corrections(facts), replacements(facts)
    for fact in facts:
        if about is not None and not fact.is_about(about):
            continue
        became = _became(fact, corrects, replaced, person)
        day, what = format_day(local_day(fact.at)), in_words(fact, person, roadmap)
        yield f"{fact.id:<16} {day:<12} {what} ({person(fact.by)}){f'; {became}' if became else ''}"


def _became(fact: RecordedFact, corrects: Mapping[str, str], replaced: Mapping[str, str], person: Person) -> str:
    notes = []
    if fact.id in corrects:
        notes.append(f"corrects {corrects[fact.id]}")
    if fact.withdrawn is not None:
        day, reason = format_day(local_day(fact.withdrawn.at)), fact.withdrawn.reason.rstrip(".")
        notes.append(f"withdrawn on {day} by {person(fact.withdrawn.by)}: {reason}")
    elif fact.id in replaced:
        notes.append(f"replaced by {replaced[fact.id]}")
    return "; ".join(notes)


def in_words(fact: RecordedFact, person: Person, roadmap: Roadmap) -> str:
    """Describe a fact, with task ids, people's names and days of the roadmap."""
    return _progress(fact, roadmap) if fact.kind == "progress" else WORDS[fact.kind](fact, person)


def _progress(fact: RecordedFact, roadmap: Roadmap) -> str:
    v = fact.values
    message = f"{v['task']}: started {format_day(day_of(v['actual_start']))}"
    if v["actual_finish"] is not None:
        return f"{message}, finished {format_day(Dates(v['actual_start'], v['actual_finish']).last_day)}"
    if v["percent"] is not None:
        message += f", {v['percent']}% complete"
    if v["remaining"] is None:
        return message
    left, task = Duration(v["remaining"], Unit(v["unit"] or Unit.WORKING)), roadmap.tasks.get(v["task"])
    calendar = OFFICE if task is None else task.placed_on or task.calendar
    return f"{message}, {length_in_words(left, roadmap.minutes_per_day, calendar)} left"


def _decision(fact: RecordedFact, person: Person) -> str:
    v = fact.values
    outcome = f"{Outcome(v['outcome']).label} on {format_day(v['on'])} ({person(v['by'])})"
    return f"{v['task']}: {outcome}. Reason: {v['reason']}"


def _checkpoint(fact: RecordedFact, _: Person) -> str:
    v = fact.values
    shares = ", ".join(f"{n} {v[n]:g}" for n in ("use", "proficiency", "experience") if v[n] is not None)
    return f"{v['task']}, {format_day(v['on'])}: {shares or v['said'] or 'no shares'}"


def _pilot_entry(fact: RecordedFact, _: Person) -> str:
    v, said = fact.values, fact.content
    shown = ("gate", "item", "task", "case", "element", "period", "text", "words", "did", "reason")
    return f"{v['service']}, {v['kind'].replace('_', ' ')} {v['number']}: " + ", ".join(
        str(said[n]) for n in shown if said.get(n)
    )


WORDS_REMOVED = "its text was removed"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


WORDS: Mapping[str, Callable[[RecordedFact, Person], str]] = {
    "decision": _decision,
    "condition": lambda f, person: (
        f"{f.values['task']}: {f.values['text']}, {person(f.values['owner'])}, by {format_day(f.values['due'])}"
    ),
    "attendance": lambda f, person: (
        f"{person(f.values['person'])} came to {f.values['task']} on {format_day(f.values['on'])}"
    ),
    "sponsor-act": lambda f, person: (
        f"{person(f.values['who']) if f.values['who'] else 'sponsor'}, {format_day(f.values['on'])}: {f.values['what']}"
    ),
    "checkpoint": _checkpoint,
    "confidence": lambda f, _: f"{f.values['tier']}: {f.values['reason']}",
    "run": lambda f, _: (
        f"{f.values['service']} {f.values['period']}: {f.values['unexplained']} unexplained of {f.values['compared']}"
    ),
    "filing": lambda f, _: (
        f"{f.values['service']}, scheme {f.values['scheme']}, {f.values['period']}: filed by the "
        f"{f.values['system']} system"
    ),
    "measure": lambda f, _: f"{f.values['service']}, {f.values['criterion']}: {f.values['value']}",
    "pilot-entry": _pilot_entry,
    "announcement": lambda f, _: (
        f"{f.values['service']} at {f.values['school']}: {format_day(f.values['day'])} was announced on "
        f"{format_day(f.values['on'])} ({f.values['how']})"
    ),
    "evidence": lambda f, _: f"{f.values['task']}: {f.values['title']} ({f.values['link'] or f.values['name']})",
    "comment": lambda f, _: f"{f.values['task']}: {_on_one_line(f.values['text']) or WORDS_REMOVED}",
}


def fact_data(
    facts: Sequence[RecordedFact], *, person: Person, roadmap: Roadmap, about: str | None = None
) -> list[dict[str, Any]]:
    """Return the facts as plain data."""
    corrects, replaced = corrections(facts), replacements(facts)
    return [
        {
            "id": f.id,
            "kind": f.kind,
            "recorded": f.at.isoformat(),
            "by": f.by,
            "by_name": person(f.by),
            "what": in_words(f, person, roadmap),
            "corrects": corrects.get(f.id),
            "replaced_by": replaced.get(f.id),
            "withdrawn": (
                {"at": f.withdrawn.at.isoformat(), "by": f.withdrawn.by, "reason": f.withdrawn.reason}
                if f.withdrawn
                else None
            ),
        }
        for f in facts
        if about is None or f.is_about(about)
    ]


def effects_text(found: Sequence[NudgeEffect]) -> Iterator[str]:
    """Yield a table of what each nudge reason and level achieved."""
    yield f"{'reason':<14}{'level':<18}{'sent':>6}{'held back':>11}{'acted on':>10}{'days':>7}"
    for effect in found:
        level = LEVELS[effect.level] if effect.level < len(LEVELS) else "to the SRO"
        acted = "-" if effect.acted is None else str(effect.acted)
        days = "-" if effect.days is None else f"{effect.days:.1f}"
        yield f"{effect.reason:<14}{level:<18}{effect.sent:>6}{effect.held_back:>11}{acted:>10}{days:>7}"
