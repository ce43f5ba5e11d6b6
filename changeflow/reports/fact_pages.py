"""Recorded facts on pages: each in words without ids, and whether it still counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from changeflow.phrases import capitalised
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.programme.recorded import RecordedFact
from changeflow.reports.record import actor_in_words, moment_in_words
from changeflow.reports.recorded import in_words
from changeflow.values.moments import day_of, format_day
from changeflow.values.sentences import sentence

KINDS: Mapping[str, str] = {
    "progress": sentence("Progress"),
    "decision": sentence("Decision"),
    "condition": sentence("Condition of a decision"),
    "attendance": sentence("Attendance at training"),
    "sponsor-act": sentence("Visible support"),
    "checkpoint": sentence("Checkpoint"),
    "confidence": sentence("Delivery confidence"),
    "run": sentence("Result of a parallel run"),
    "filing": sentence("Payroll filing"),
    "measure": sentence("Exit criterion"),
    "pilot-entry": sentence("Issue, feedback or lesson"),
    "announcement": sentence("Announced date"),
    "comment": sentence("Comment"),
    "evidence": sentence("Evidence"),
}
"""The kinds of fact, as the filter of the page names them."""
_TEXTS = ("text", "words", "did", "reason")
"""What people have written in an entry about a pilot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """One recorded fact."""

    id: str
    kind: str
    what: str
    about: str
    """The task, service or school that it is about; empty for the whole programme."""
    path: str
    """The page of that thing, below the programme's; empty if there is none."""
    who: str
    when: str
    counts: str
    """Why it no longer counts; empty if it does."""
    may_withdraw: bool


def fact_line(programme: Programme, fact: RecordedFact, *, replaced: bool, may_withdraw: bool) -> FactLine:
    """Write one fact, whose task has its current id."""
    about, path = _about(programme, fact)
    return FactLine(
        id=fact.id,
        kind=KINDS[fact.kind],
        what=_what(programme, fact),
        about=about,
        path=path,
        who=actor_in_words(programme, fact.by),
        when=moment_in_words(fact.at),
        counts=_counts(programme, fact, replaced=replaced),
        may_withdraw=may_withdraw and fact.withdrawn is None,
    )


def day_in(programme: Programme, fact: RecordedFact) -> date | None:
    """Return the day that a fact reports: of a finish, or else of a start, or of what happened.

    Without its task, progress has none.
    """
    if fact.kind != "progress":
        return date.fromisoformat(str(fact.values["on"]))
    if fact.values["task"] not in programme.roadmap.tasks:
        return None
    start, finish = fact.values["actual_start"], fact.values["actual_finish"]
    return day_of(start) if finish is None else Dates(start, finish).last_day


def _counts(programme: Programme, fact: RecordedFact, *, replaced: bool) -> str:
    if (gone := fact.withdrawn) is not None:
        who = actor_in_words(programme, gone.by)
        return f"withdrawn {moment_in_words(gone.at)} by {who}: {gone.reason.rstrip('.')}"
    return "replaced by a later entry" if replaced else ""


def _about(programme: Programme, fact: RecordedFact) -> tuple[str, str]:
    """Return what a fact is about, and its page below the programme's."""
    task = programme.roadmap.tasks.get(str(fact.values.get("task") or ""))
    if task is not None:
        return task.name, f"/{'decisions' if fact.kind in ('decision', 'condition') else 'plan'}/{quote(task.id)}"
    if "task" in fact.values:
        return "a task that is no longer in the plan", ""
    if fact.kind == "announcement":
        return programme.school_name(fact.values["school"]), f"/schools/{quote(str(fact.values['school']))}"
    if fact.kind == "sponsor-act":
        return "", "/people/support"
    if fact.kind == "confidence":
        return "", "/confidence"
    name = str(fact.values["service"])
    is_known = any(s.service == name for s in programme.services)
    return programme.service_name(name), f"/pilots/{quote(name)}" if is_known else ""


def _what(programme: Programme, fact: RecordedFact) -> str:
    """Write what a fact says, without what it is about."""
    if fact.kind in _WORDS:
        return _WORDS[fact.kind](programme, fact)
    text = in_words(fact, programme.person, programme.roadmap)
    text = text.removeprefix(str(fact.values.get("task", ""))).lstrip(":, ")
    return capitalised(text)


def _pilot_entry(_: Programme, fact: RecordedFact) -> str:
    said = "; ".join(str(fact.content[name]) for name in _TEXTS if fact.content.get(name))
    kind = str(fact.values["kind"]).replace("_", " ")
    return f"{capitalised(kind)}{f': {said}' if said else ''}"


def _service(programme: Programme, fact: RecordedFact) -> str:
    return programme.service_name(str(fact.values["service"]))


def _criterion(programme: Programme, fact: RecordedFact) -> str:
    name = str(fact.values["criterion"])
    known = next((s for s in programme.services if s.service == fact.values["service"]), None)
    criteria = known.pilot.exit_criteria if known is not None and known.pilot is not None else ()
    return f"{next((c.measure for c in criteria if c.id == name), 'A former criterion')}: {fact.values['value']}"


_WORDS: Mapping[str, Callable[[Programme, RecordedFact], str]] = {
    "pilot-entry": _pilot_entry,
    "measure": _criterion,
    "attendance": lambda p, f: f"{p.person(f.values['person'])} came on {format_day(f.values['on'])}",
    "run": lambda _, f: f"{f.values['period']}: {f.values['unexplained']} unexplained of {f.values['compared']}",
    "filing": lambda _, f: (
        f"Scheme {f.values['scheme']}, {f.values['period']}: filed by the {f.values['system']} system"
    ),
    "announcement": lambda p, f: (
        f"{_service(p, f)}: {format_day(f.values['day'])} was announced on {format_day(f.values['on'])} "
        f"({f.values['how']})"
    ),
}
