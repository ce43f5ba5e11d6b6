"""Pilots and parallel runs as lines for the terminal. Contracts are masked unless the reader asks for them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from changeflow.agenda.pilot_entries import LessonEffect
from changeflow.phrases import capitalised
from changeflow.pilots.choosing import Cohort, shares
from changeflow.pilots.entries import LessonProposed
from changeflow.pilots.issues import ProposedRule, improvements, issues, lessons_of, unanswered
from changeflow.pilots.runs import (
    KeptVariance,
    MatchOutcome,
    Reconciliation,
    RunSummary,
    consecutive_clean,
    latest_by_period,
    missed_since,
)
from changeflow.planning.lessons import lessons
from changeflow.planning.pilot_cohort import candidates, most_at_once
from changeflow.programme.dates import Moved
from changeflow.programme.programme import Programme
from changeflow.reports.coverage import coverage_lines, coverage_of_runs, wrapped
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, last_day_of

SHOWN = 20
WORST_SHOWN = 10
OUTCOMES = {
    MatchOutcome.EQUAL: "identical",
    MatchOutcome.WITHIN_TOLERANCE: "within tolerance",
    MatchOutcome.EXPLAINED: "explained",
    MatchOutcome.UNEXPLAINED: "unexplained",
    MatchOutcome.MISSING: "only in the old system",
    MatchOutcome.EXTRA: "only in the new system",
    MatchOutcome.DUPLICATE: "duplicated",
}
"""What the terminal calls each outcome, as the reports do."""
DIFFERING = (MatchOutcome.UNEXPLAINED, MatchOutcome.MISSING, MatchOutcome.EXTRA, MatchOutcome.DUPLICATE)


def masked(contract: str) -> str:
    """Mask a contract to its last four characters, or fewer if it is short.

    >>> masked("C10007"), masked("A1")
    ('…0007', '…1')
    """
    return f"…{contract[-min(4, max(1, len(contract) - 1)) :]}"


def runs_text(runs: Sequence[RunSummary], *, on: date | None = None) -> Iterator[str]:
    """Yield the latest run of each period with what it compared, then the number of clean runs at the end."""
    if not runs:
        yield "No run saved yet. Save one with: changeflow pilot reconcile OLD NEW --service …"
        return
    for run in latest_by_period(runs):
        state = "clean" if run.is_clean else "NOT CLEAN"
        faults = [
            (run.within_tolerance, "within tolerance"),
            (run.explained, "explained"),
            (run.unexplained, "unexplained"),
            (run.missing, "only in the old system"),
            (run.extra, "only in the new system"),
            (run.duplicates, "duplicated"),
            (run.unpaid, "unpaid"),
        ]
        found = ", ".join(f"{count} {what}" for count, what in faults if count)
        yield f"{run.period}  {state:<9}  {run.compared} compared: {run.equal} identical{', ' if found else ''}{found}"
    for line in coverage_of_runs(latest_by_period(runs)):
        yield from wrapped(line)
    clean = consecutive_clean(runs, on=on)
    yield f"Most recent: {counted(clean, 'clean run')} in a row."
    if on is not None and (missed := missed_since(runs, on)):
        yield f"No run since then in {', '.join(missed)}. A month without a run breaks the series."


def variances_text(
    run: RunSummary, kept: Sequence[KeptVariance], *, in_full: bool, is_all: bool = False
) -> Iterator[str]:
    """Yield a run's differences, the largest effect first, then contracts in one output only; the first few, or all."""
    yield from runs_text([run])
    if not kept and (run.unexplained or run.missing or run.extra or run.duplicates):
        yield "Details of individual contracts are no longer kept."
    shown = kept if is_all else kept[:SHOWN]
    for v in shown:
        name = v.contract if in_full else masked(v.contract)
        if not v.element:
            yield f"  {name:<10} {OUTCOMES.get(v.outcome, v.outcome)}"
            continue
        why = f"  {v.reason}" if v.reason else ""
        yield (
            f"  {name:<10} {v.element:<10} old {v.old:>12} new {v.new:>12} difference {v.difference:>+10}  "
            f"{v.outcome}{why}"
        )
    if more := len(kept) - len(shown):
        yield f"  and {more} more; --all lists them"


def rules_text(rules: Sequence[ProposedRule]) -> Iterator[str]:
    if not rules:
        yield "No rule is proposed: a rule needs three contracts with the same explanation."
    for rule in rules:
        span = f" from {rule.between[0]:+} to {rule.between[1]:+}" if rule.between else ""
        yield f"{rule.id}  {rule.period}, {rule.element}{span}: {rule.reason}"
        contracts = counted(rule.contracts, "contract")
        yield f"        explains {contracts} in {rule.seen_in}; accept it with --accept {rule.id}"


def issue_rows(programme: Programme, service: str | None, *, today: date) -> list[dict[str, Any]]:
    """Return the issues as rows, the most severe open ones first; `age` is in days."""
    return [
        {
            "service": i.service,
            "number": i.number,
            "state": i.state,
            "severity": int(i.severity),
            "text": i.text,
            "school": i.school,
            "owner": programme.person(i.owner) if i.owner else None,
            "age": i.age(today),
            "blocks_next_wave": i.blocks_next_wave,
            "words": i.words,
        }
        for i in issues(programme.facts.pilot, service)
    ]


def issues_text(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    found = list(rows)
    if not found:
        yield "No issue has been raised."
    for r in found:
        where = f" at {r['school']}" if r["school"] else ""
        blocks = ", the next wave waits for it" if r["blocks_next_wave"] and r["state"] == "open" else ""
        owner = f", {r['owner']}" if r["owner"] else ", no owner"
        yield f"{r['service']} {r['number']}  {r['state']:<5}  severity {r['severity']}{where}: {r['text']}"
        fix = f"; {r['words']}" if r["words"] else ""
        yield f"        {counted(r['age'], 'day')}{owner}{blocks}{fix}"


def feedback_text(programme: Programme, service: str | None) -> Iterator[str]:
    """Yield the backlog, then feedback that no one has taken up."""
    log = programme.facts.pilot
    backlog = improvements(log, service)
    for item in backlog:
        for said in item.said:
            yield f"You said: {said}"
        if item.done:
            yield f"  We did: {item.did} ({item.service} {item.number}, {format_day(item.done)})"
        else:
            due = f", by {format_day(item.due)}" if item.due else ""
            yield f"  We will: {item.text} ({item.service} {item.number}, {programme.person(item.owner)}{due})"
    waiting = list(unanswered(log, service))
    if waiting:
        yield "Not taken up yet:"
    for one in waiting:
        about = f", about “{one.item}”" if one.item else ""
        yield f"  {one.service} {one.number}, a {one.side}{about}: {one.text}"
    if not backlog and not waiting:
        yield "No feedback yet. Add some with: changeflow pilot feedback add SERVICE user “…”"


def lessons_text(programme: Programme, service: str) -> Iterator[str]:
    """Yield lessons seen in finished waves, then lessons proposed, with their answers."""
    known = lessons_of(programme.facts.pilot, service)
    for seen in lessons(programme):
        if seen.service == service:
            took, count = f"{seen.taken / seen.planned:.1f}", counted(seen.count, "finished task")
            yield f"Seen: “{seen.name}” took {took} times as long as planned ({count}; {len(seen.tasks)} to come)."
    if not known:
        yield (
            "No lesson proposed yet. Propose one with: changeflow pilot lesson propose SERVICE STEP "
            "--duration 4d --reason “…”"
        )
    for lesson, answer in known.values():
        state = "waits" if answer is None else "accepted" if answer.accepted else "declined"
        yield f"{lesson.number}  {state:<8}  {_in_words(lesson)}: {lesson.reason}"
        if answer is not None:
            yield f"             {programme.person(answer.by)}, {format_day(answer.on)}: {answer.reason}"


def _in_words(lesson: LessonProposed) -> str:
    parts = [f"takes {lesson.duration}"] if lesson.duration else []
    parts += [f"waits for {', '.join(lesson.also_after)} as well"] if lesson.also_after else []
    return f"{lesson.step} {' and '.join(parts)}"


def moved_text(moved: Sequence[Moved], names: dict[str, str]) -> Iterator[str]:
    """Yield what moves between two plans, the largest move first."""
    for m in [m for m in moved if m.minutes][:SHOWN]:
        if m.before and m.after:
            before, after = (format_day(last_day_of(d.finish)) for d in (m.before, m.after))
            days = (day_of(m.after.finish) - day_of(m.before.finish)).days
            yield f"  {days:+4d}  “{names.get(m.task, m.task)}” {before} → {after}"
    if (rest := sum(bool(m.minutes) for m in moved) - SHOWN) > 0:
        yield f"  and {rest} more"


def effect_text(effect: LessonEffect) -> Iterator[str]:
    """Yield what a lesson changes: its tasks, then every date that moves."""
    yield f"In the waves to come, {_in_words(effect.lesson)}: {counted(len(effect.tasks), 'task')}."
    if any(m.minutes for m in effect.moved):
        yield "Days later (negative: earlier):"
    else:
        yield "No date moves: float covers the change."
    yield from moved_text(effect.moved, effect.names)


def pilot_text(programme: Programme, cohorts: Sequence[Cohort]) -> Iterator[str]:
    """Yield the proposal, the best cohort first."""
    everybody = candidates(programme)
    best, *others = cohorts
    yield f"Proposed pilot: {programme.school_names(best.schools)}"
    limit = programme.policy.larger_trust_from
    if len(everybody) < limit:
        yield (
            f"Only a trust with at least {limit} schools needs a pilot. This one has {len(everybody)}, so it can do "
            "without: give the reason under `pilot: skipped:`."
        )
    reluctant = [c.id for c in everybody if c.id in best.schools and c.is_reluctant]
    if reluctant:
        yield f"Included because reluctant: {programme.school_names(reluctant)}."
    elif not any(c.is_reluctant for c in everybody):
        yield "No school is marked as reluctant in schools.csv. A pilot of willing schools proves little."
    mine, all_of_them = shares([c for c in everybody if c.id in best.schools]), shares(everybody)
    for trait, values in all_of_them.items():
        mix = ", ".join(f"{value} {mine[trait].get(value, 0):.0%} ({share:.0%})" for value, share in values.items())
        yield f"  {trait}, pilot (trust): {mix}"
    yield f"  difference from the trust's mix: {best.distance:.0%}"
    most, why = most_at_once(programme)
    yield f"At most {most} can go first together: {why}."
    for one in (c for c in everybody if c.why_not):
        yield f"Cannot go first: {programme.school(one.id).name} ({one.why_not})."
    current = next((w for w in programme.definition.programme.waves if w.pilot), None)
    if current is not None and frozenset(current.schools) != frozenset(best.schools):
        yield f"The pilot in the folder: {programme.school_names(current.schools)}."
    for other in others:
        yield f"Alternative: {programme.school_names(other.schools)} (difference {other.distance:.0%})."


def reconciliation_lines(result: Reconciliation, run: RunSummary, *, is_all: bool = False) -> Iterator[str]:
    """Yield what was compared, the counts, then the unexplained differences, the largest effect first: a few, or all.

    Contracts are masked.
    """
    for line in (*coverage_lines(run), *result.read_as):
        yield from wrapped(line)
    yield ""
    for outcome in MatchOutcome:
        yield f"{result.count(outcome):>8}  {OUTCOMES[outcome]}"
    if not result.names_contracts and any(result.count(o) for o in DIFFERING):
        yield ""
        yield from wrapped("Only the service manager and the lead provider see individual contracts.")
    worst = result.unexplained
    if worst:
        yield ""
        yield "Unexplained, the largest effect first:"
    shown = worst if is_all else worst[:WORST_SHOWN]
    for v in shown:
        yield f"  {masked(v.key):<7} {v.element:<10} {v.old:>12} → {v.new:>12}  {v.difference:>+12}"
    in_all = sum(classes.get(MatchOutcome.UNEXPLAINED, 0) for classes in result.cells.values())
    if worst and (more := in_all - len(shown)):
        yield f"  {_more(more, is_all=is_all)}"
    for outcome in (MatchOutcome.MISSING, MatchOutcome.EXTRA, MatchOutcome.DUPLICATE):
        keys = [masked(k) for k in result.keys.get(outcome, ())]
        named = keys if is_all else keys[:WORST_SHOWN]
        if named:
            more = result.count(outcome) - len(named)
            said = f" {_more(more, is_all=is_all)}" if more else ""
            yield from wrapped(f"{capitalised(OUTCOMES[outcome])}: {', '.join(named)}{said}")
    for hint in result.id_hints:
        yield ""
        yield from wrapped(hint.what)
        if hint.examples:
            yield from wrapped(f"Such as {', '.join(f'{masked(key)} ({place})' for key, place in hint.examples)}.")
        yield from wrapped(hint.remedy)


def _more(count: int, *, is_all: bool) -> str:
    return f"and {count} more, which are only counted" if is_all else f"and {count} more; --all lists them"
