"""Assessments: import and publish a round, and read the barriers in each group, which the audit records."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from changeflow.adkar.rounds import Days, days_of, name_of, rounds_on
from changeflow.errors import NOT_SAVED, CheckFailedError, InputError, ProblemsError
from changeflow.intake.assessments import read_assessments, taken_back
from changeflow.intake.table_rows import TableRow
from changeflow.intake.tables import PastedText
from changeflow.reports.people import PeopleLines, people_lines
from changeflow.storage import erasure, publications
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day, round_label
from changeflow.values.problem import Problem, by_place
from changeflow.values.words import Action

PASTED = "What you pasted"
"""How messages name a pasted table."""
KEEP_OR_CORRECT = "Remove the line to keep them, or write the new scores."
ONLY_NEW = f"Remove the lines of people whose answers of this round are already recorded. {NOT_SAVED}"


def look_at_people(change: Change) -> PeopleLines:
    """Return the published figures of groups, and record in the audit who read them."""
    with unit_of_work(change) as work:
        by = work.permit(Action.READ_STANDINGS)
        programme = work.looked_at().programme
        people, latest = people_lines(programme, today=change.on), programme.facts.snapshot
        work.note("look", f"round:{latest.round}" if latest else "round:none", by=by)
    return people


def permit_import(visit: Visit) -> None:
    """Refuse a person who may not record a round of answers."""
    visit.permit(Action.IMPORT_SCORES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRound:
    """The result of an import of assessments."""

    round: str
    label: str
    """The round's name: `Assessment of 26 Apr 2027`."""
    answers: int
    """Answers in the file. The number already recorded is left out, because it would confirm or refute a guess."""
    is_late: bool
    """Whether the round was already published, so that new and corrected answers count from the next publication."""


def import_assessments(source: Path | PastedText, change: Change) -> ImportedRound:
    """Record the answers of one round, and publish every closed round that is due.

    The days of its answers identify a round, not the file's name. Answers that are already recorded change nothing;
    different answers from the same people on the same days are a correction. A line without a score does not withdraw
    an answer of the same day: it is refused. The person who imports a file cannot find out whether its answers were
    recorded already or are corrections: the reply, the audit entry, the forecast and the permission needed are the
    same.
    """
    # Imported here because its solver takes longer to load than most commands take.
    from changeflow.usecases.publishing import prepare, publish_closed

    problems: list[Problem] = []
    shown = source.name if isinstance(source, Path) else PASTED
    with unit_of_work(change, first=lambda session: prepare(session, now=change.now)) as work:
        session, name, definition = work.session, work.name, work.definition
        people, mapping = {p.id for p in definition.people}, definition.programme.columns.get("assessments", {})
        silent = list[TableRow]()
        found = list(
            read_assessments(source, shown, problems, people=people, mapping=mapping, until=change.on, silent=silent)
        )
        emptied = list(taken_back(silent, publications.days_of_answers(session, name), remedy=KEEP_OR_CORRECT))
        asked = {a.person for a in found}
        round_ = _round_of(shown, days_of(found), publications.rounds(session, name)) if found else ""
        answered = publications.answered(session, name).get(round_, frozenset[str]())
        if asked & answered or emptied:
            by = work.permit(Action.CORRECT_SCORES, hint=ONLY_NEW)
        if not asked <= answered or not asked:
            by = work.permit(Action.IMPORT_SCORES)
        if problems or emptied:
            raise ProblemsError(by_place([*problems, *emptied]), NOT_SAVED)
        if not found:
            raise InputError(f"{shown} has no answers. Add a line for each person who answered. {NOT_SAVED}")
        gone = erasure.erased(session, name, [(a.person, None) for a in found])
        if gone:
            what = f"{', '.join(sorted(gone))} were erased at their request. Remove their rows. {NOT_SAVED}"
            raise CheckFailedError(f"{shown}: {what}")
        published = next((s for s in publications.snapshots(session, name) if s.round == round_), None)
        publications.add_assessments(session, name, [replace(a, round=round_) for a in found])
        session.flush()
        publish_closed(session, name, on=change.on, now=change.now, by=by)
        work.record("assess", f"round:{round_}", by=by)
        last = published.on if published else publications.rounds(session, name)[round_].last
    return ImportedRound(round=round_, label=round_label(last), answers=len(found), is_late=published is not None)


def _round_of(file: str, days: Days, known: Mapping[str, Days]) -> str:
    rounds = rounds_on(days, known)
    if len(rounds) > 1:
        first, *_, last = (known[r] for r in rounds)
        raise InputError(
            f"{file} has answers from {format_day(days.first)} to {format_day(days.last)}, which are days of "
            f"{len(rounds)} rounds (the first ended on {format_day(first.last)}, the last began on "
            f"{format_day(last.first)}). Write one file for each round. {NOT_SAVED}"
        )
    return rounds[0] if rounds else name_of(days, known)
