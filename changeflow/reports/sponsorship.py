"""Sponsorship and reinforcement: sponsor, coalition, change leads, checkpoints."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.phrases import listed
from changeflow.programme.names import begin, with_place
from changeflow.programme.programme import Programme
from changeflow.programme.staffing import successions
from changeflow.rules.people import SCHOOL_WEEK, school_days
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.words import Kind

DEEP = 4
"""The degree, out of five, from which a change affects a group deeply: our own choice."""
LATEST = 6
"""The most acts listed: our own choice."""
MISSING = {
    "seen": "showing visible support",
    "coalition": "building support among other leaders",
    "direct": "speaking to people directly",
}
"""What is missing where no act of a kind is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllyLine:
    """A member that the coalition needs."""

    role: str
    needed_for: str
    agreed: bool
    commitment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckLine:
    """The result of a wave's latest checkpoint."""

    name: str
    on: str
    verdict: str
    reasons: tuple[str, ...]
    evidence: str
    open: tuple[str, ...]
    """Corrective tasks that are not done."""
    said: str
    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsorship:
    alerts: tuple[str, ...]
    """What is missing: acts of a kind, acts of a change lead, a sponsor, a successor, members' agreement."""
    handed_over: tuple[str, ...]
    """Handovers: who left, and who has taken over."""
    acts: tuple[str, ...]
    coalition: tuple[AllyLine, ...]
    stuck: tuple[StuckLine, ...]
    waiting: tuple[str, ...]
    """Live waves without a reported checkpoint."""


def sponsorship(programme: Programme, *, today: date) -> Sponsorship:
    """Build the part of the report about sponsorship and reinforcement."""
    acts = [a for a in programme.facts.acts if a.on <= today]
    definition = programme.definition
    return Sponsorship(
        alerts=tuple(_alerts(programme, today)),
        acts=tuple(
            f"{format_day(a.on)}: {a.what} ({programme.person(a.who) if a.who else 'sponsor'})"
            for a in reversed(acts[-LATEST:])
        ),
        handed_over=tuple(
            f"{begin(programme.the_person(g.person))} left on {format_day(g.left)}; "
            f"{programme.the_person(g.successor)} has taken over."
            for g in successions(programme.definition, today)
            if g.successor is not None
        ),
        coalition=tuple(
            AllyLine(role=_role(programme, a.person), needed_for=a.needed_for, agreed=a.agreed, commitment=a.commitment)
            for a in definition.change.coalition
        ),
        stuck=tuple(_stuck(programme)),
        waiting=tuple(_waiting(programme)),
    )


def _alerts(programme: Programme, today: date) -> Iterator[str]:
    """Yield what is missing; sponsorship must continue until the last checkpoint is done."""
    if programme.facts.progress and not _is_over(programme):
        yield from _missing_acts(programme, today)
    sponsor = programme.definition.programme.sponsor
    if sponsor is None:
        yield "There is no sponsor, so no one owns the change."
    elif sponsor.until is not None and sponsor.until < today:
        yield f"The sponsor's term ended on {format_day(sponsor.until)} and there is no successor."
    for gone in successions(programme.definition, today):
        open_tasks = [t for t in programme.tasks() if t.owner == gone.person and not programme.is_done(t.id)]
        if gone.successor is None and open_tasks:
            who, day = begin(programme.the_person(gone.person)), format_day(gone.left)
            without = f"{counted(len(open_tasks), 'task')} {'has' if len(open_tasks) == 1 else 'have'} no owner"
            yield f"{who} left on {day} and has no successor, so {without}."
    undecided = [a for a in programme.definition.change.coalition if not a.agreed]
    if undecided:
        roles = "; ".join(_role(programme, a.person) for a in undecided)
        yield f"Coalition members who have not yet agreed to support the change: {roles}."


def _role(programme: Programme, person: str) -> str:
    """Name a person, with their school if they have one."""
    return with_place(programme.person(person), programme.definition.school_of(person))


def _missing_acts(programme: Programme, today: date) -> Iterator[str]:
    sponsor, limit = programme.definition.programme.sponsor, programme.policy.sponsor_acts_within_school_weeks
    began = programme.definition.programme.start
    own = [a for a in programme.facts.acts if a.who is None and a.on <= today]
    if sponsor is not None and own:
        for kind, words in MISSING.items():
            last = max((a.on for a in own if a.kind == kind), default=max(began, sponsor.since))
            weeks = school_days(programme, last, today) // SCHOOL_WEEK
            # Each kind of act is expected half as often as any act at all (R17): our own choice.
            if weeks > 2 * limit:
                yield (
                    f"There is no record of the sponsor {words} in the last {counted(weeks, 'school week')} "
                    f"(expected at least once every {2 * limit})."
                )
    yield from _unconsulted(programme, today)
    leads = [p for p in programme.definition.people if p.audience == "lead" and p.hub and not p.school]
    seen = {a.who: a.on for a in programme.facts.acts if a.who is not None and a.on <= today}
    if seen:
        for lead in leads:
            weeks = school_days(programme, seen.get(lead.id, began), today) // SCHOOL_WEEK
            if weeks > limit:
                yield (
                    f"{begin(programme.the_person(lead.id))} has not been visibly active for "
                    f"{counted(weeks, 'school week')} (limit {limit})."
                )


def _unconsulted(programme: Programme, today: date) -> Iterator[str]:
    """Yield groups that the change affects deeply and that no one has consulted recently."""
    spoken_with = {a.group: a.on for a in programme.facts.acts if a.group is not None and a.on <= today}
    if not spoken_with:
        return
    began, limit = programme.definition.programme.start, programme.policy.consult_within_school_weeks
    for group in sorted({i.group for i in programme.definition.change.impacts if i.heaviest >= DEEP}):
        weeks = school_days(programme, spoken_with.get(group, began), today) // SCHOOL_WEEK
        if weeks > limit:
            name = group.replace("-", " ")
            since = counted(weeks, "school week")
            expected = f"expected at least once every {limit}"
            yield f"There is no record of a conversation with {name} in the last {since} ({expected})."


def _is_over(programme: Programme) -> bool:
    checkpoints = list(programme.tasks(kind=Kind.CHECKPOINT))
    return bool(checkpoints) and all(programme.is_done(t.id) for t in checkpoints)


def _stuck(programme: Programme) -> Iterator[StuckLine]:
    for found in programme.latest_checkpoints().values():
        step = found.task.step.removeprefix("checkpoint-")
        follow = [
            t
            for t in programme.tasks(kind=Kind.ENGAGEMENT, service=found.task.service)
            if t.wave == found.task.wave and t.step in (f"put-right-{step}", f"be-seen-{step}")
        ]
        yield StuckLine(
            name=found.task.name,
            on=format_day(found.result.on),
            verdict=found.judgement.verdict.value,
            reasons=found.judgement.reasons,
            evidence=found.result.evidence,
            open=tuple(t.name for t in follow if not programme.is_done(t.id)),
            said=found.result.said,
            did=found.result.did,
        )


def _waiting(programme: Programme) -> Iterator[str]:
    known = programme.latest_checkpoints()
    for task in programme.tasks(kind=Kind.GO_LIVE):
        if programme.is_done(task.id) and task.wave and (task.service, task.wave) not in known:
            done = [t for t in programme.tasks(kind=Kind.CHECKPOINT, service=task.service) if t.wave == task.wave]
            days = [format_day(programme.days_of(t.id)[1]) for t in done if programme.is_done(t.id)]
            yield f"{task.in_parts.heading}{f' (checkpoint done on {listed(days)})' if days else ''}"
