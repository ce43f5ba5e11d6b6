"""Rules about sequence. They check links, and then dates, because a manually set date can break a link."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from changeflow.pilots.runs import consecutive_clean
from changeflow.programme.programme import Programme
from changeflow.programme.references import References
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.order import AS_HAPPENED
from changeflow.services.service import gaps
from changeflow.values.duration import Unit, counted
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import Kind, Phase, Severity

_AFTER_A_PILOT = (Kind.TRAINING, Kind.ORG_CHANGE, Kind.ROLE_REMOVAL, Kind.GO_LIVE)
"""The kinds of task that wait at all other schools until the pilot has been evaluated, in the pathway's order."""


def phases_in_order(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Each service must plan, design, develop and deploy, in that order. In each phase, all tasks for the whole service
    must end before any school begins the next phase. Other rules set the order within a wave."""
    for service in programme.services:
        for earlier, later in pairwise(Phase):
            if later is Phase.SUSTAIN:
                continue
            exits = _ends(programme, service.service, earlier)
            for entry in _beginnings(programme, service.service, later):
                for task in exits:
                    if task.schools & entry.schools:
                        yield ImpliedLink(task.id, entry.id, "R01")


def systems_before_restructure(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """A service may be reorganised at a school only once its new system is live there."""
    for change in programme.tasks(kind=Kind.ORG_CHANGE, minor=False):
        yield from _needs_before(
            programme, change, Kind.SYSTEM_LIVE, "R02", "“{task}” needs a new system, but none goes live at {schools}."
        )


def capacity_and_skills_before_removal(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Roles may end only where new staff are in place and have shown that they have the skills."""
    for removal in programme.tasks(kind=Kind.ROLE_REMOVAL):
        wants = {
            Kind.CAPACITY_IN_PLACE: "“{task}” removes roles, but no task puts new capacity in place at {schools}.",
            Kind.SKILLS_EVIDENCED: "“{task}” removes roles, but no task gives evidence of the new skills at {schools}.",
        }
        for kind, message in wants.items():
            yield from _needs_before(programme, removal, kind, "R03", message)


def delegation_before_go_live(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """The scheme of delegation must be approved and published before a service goes live. Otherwise people are
    accountable for what they cannot control."""
    for live in programme.tasks(kind=Kind.GO_LIVE):
        message = "“{task}” has no approved scheme of delegation for {schools}."
        yield from _needs_before(programme, live, Kind.DELEGATION, "R10", message)


def pilot_before_rollout(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """In larger trusts a smaller group of schools must try the new service first. Until this pilot has been evaluated,
    no other school may train people, move them or go live."""
    if len(programme.definition.schools) < programme.policy.larger_trust_from:
        return
    references = References(programme.definition)
    for service in programme.services:
        waves = references.waves_of(service)
        pilots = [w for w in waves if w.pilot]
        if not pilots:
            size = len(programme.definition.schools)
            message = f"{service.name} rolls out to all {size} schools without a pilot wave."
            yield Breach("R11", service.service, message, service.service)
            continue
        piloted = frozenset(s for w in pilots for s in w.schools)
        if piloted >= programme.schools_of(service.service):
            yield Breach("R11", service.service, f"The pilot of {service.name} includes every school.", service.service)
        proofs = [t for t in programme.tasks(kind=Kind.PILOT, service=service.service) if t.schools & piloted]
        if not proofs:
            message = f"The pilot of {service.name} has no task that evaluates it."
            yield Breach("R11", service.service, message, service.service, piloted)
        for kind in _AFTER_A_PILOT:
            for task in programme.tasks(kind=kind, service=service.service, minor=False):
                if not task.schools & piloted:
                    yield from _after_the_pilot(programme, task, proofs)


def _after_the_pilot(programme: Programme, task: Task, proofs: Sequence[Task]) -> Iterator[Breach | ImpliedLink]:
    """Keep the severity for a go-live before the pilot was evaluated; only note training or a move that has begun."""
    begun = programme.facts.progress.get(task.id)
    for proof in proofs:
        if begun is None or task.kind is Kind.GO_LIVE:
            yield ImpliedLink(proof.id, task.id, "R11")
            continue
        judged = programme.facts.progress.get(proof.id)
        if judged is None or judged.actual_finish is None or judged.actual_finish > begun.actual_start:
            message = f"“{task.name}” started before “{proof.name}” finished."
            yield Breach("R11", task.id, message, task.service, task.schools, Severity.WARN, AS_HAPPENED)


def parallel_run_before_go_live(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """A payroll service must run the old and new systems side by side for a short period before it goes live."""
    needed = programme.rulepacks.number("payroll", "parallel_runs_minimum", on=programme.on)
    for service in programme.services:
        if not service.pays_people:
            continue
        for live in programme.tasks(kind=Kind.GO_LIVE, service=service.service):
            if service.assurance.has_test_pack:
                message = "“{task}” pays people, but no test pack covers {schools}."
                yield from _needs_before(programme, live, Kind.TEST_PACK, "R12", message)
            if service.assurance.runs_in_parallel:
                message = "“{task}” pays people, but no parallel run covers {schools}."
                yield from _needs_before(programme, live, Kind.PARALLEL_RUN, "R12", message)
                yield from _unearned(programme, live, needed)
        runs = list(programme.tasks(kind=Kind.PARALLEL_RUN, service=service.service))
        for run in runs:
            # A repetition extends the first run, so their pay periods are added.
            together = [r.duration for r in runs if r.wave == run.wave and r.schools == run.schools]
            periods = sum(d.amount for d in together if d.unit is Unit.PAY_PERIODS)
            if periods < needed:
                message = f"“{run.name}” lasts {counted(periods, 'pay period')}; at least {needed} are needed."
                yield Breach("R12", run.id, message, service.service, run.schools)


def _schemes_split(programme: Programme) -> Iterator[Breach]:
    """Between the first and last go-live in a PAYE scheme both systems pay its people, but only one may file."""
    for service in programme.services:
        for scheme in service.parallel_run.schemes if service.parallel_run else ():
            schools = frozenset(scheme.schools) or programme.schools_of(service.service)
            lives = list(programme.tasks(kind=Kind.GO_LIVE, service=service.service, schools=schools))
            days = {t.id: day_of(programme.timed(t.id).early_start) for t in lives}
            if scheme.joint_filing is not None or len({f"{d:%Y-%m}" for d in days.values()}) < 2:
                continue
            first, last = min(lives, key=lambda t: (days[t.id], t.id)), max(days.values())
            message = (
                f"From {format_day(days[first.id])} to {format_day(last)} both systems pay people in scheme "
                f"{scheme.id}, but only one may file for it. Say which in `joint_filing`, or file each wave under "
                "its own scheme."
            )
            yield Breach("R12", first.id, message, service.service, schools, Severity.WARN)


def parallel_runs_end(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Dual running doubles the work, so it has a last day; a forecast beyond it is reported with its cost. While both
    systems pay people in one PAYE scheme, only one of them files."""
    yield from _schemes_split(programme)
    for service in programme.services:
        policy = service.parallel_run
        if policy is None or policy.ends is None:
            continue
        for run in programme.tasks(kind=Kind.PARALLEL_RUN, service=service.service):
            last = last_day_of(programme.timed(run.id).early_finish)
            if last > policy.ends and not programme.is_done(run.id):
                cost = f" Each extra period costs £{policy.cost_a_period:,.0f}." if policy.cost_a_period else ""
                message = (
                    f"“{run.name}” continues until {format_day(last)}; dual running was due to end on "
                    f"{format_day(policy.ends)}.{cost}"
                )
                yield Breach("R12", run.id, message, service.service, run.schools, Severity.WARN)


def training_before_go_live(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Training must be delivered, not only planned, before a school goes live."""
    for live in programme.tasks(kind=Kind.GO_LIVE):
        message = "“{task}” has no training at {schools}."
        yield from _needs_before(programme, live, Kind.TRAINING, "R15", message)


def _needs_before(
    programme: Programme, task: Task, kind: Kind, rule: str, message: str
) -> Iterator[Breach | ImpliedLink]:
    """Require a task of `kind` for the same service at every school of `task`, finished before `task` starts."""
    proofs = list(programme.tasks(kind=kind, service=task.service, schools=task.schools))
    covered = frozenset(s for p in proofs for s in p.schools)
    if uncovered := task.schools - covered:
        text = message.format(task=task.name, schools=programme.school_names(uncovered))
        yield Breach(rule, task.id, text, task.service, uncovered)
    for proof in proofs:
        yield ImpliedLink(proof.id, task.id, rule)


def _unearned(programme: Programme, live: Task, needed: int) -> Iterator[Breach]:
    """Report a go-live that happened without enough clean parallel runs."""
    service = live.service or ""
    done = programme.facts.progress.get(live.id)
    clean = consecutive_clean(programme.facts.runs_of(service))
    if done and done.is_done and clean < needed:
        runs = counted(clean, "clean parallel run")
        message = f"“{live.name}” went ahead after {runs} in a row; {needed} are needed."
        yield Breach("R12", live.id, message, service, live.schools, remedy=AS_HAPPENED)


def _ends(programme: Programme, service: str, phase: Phase) -> list[Task]:
    """Return the phase's last service-wide tasks: no other service-wide task of the phase follows them."""
    inside = {t.id: t for t in programme.tasks(service=service, phase=phase) if t.wave is None}
    return [t for t in inside.values() if not any(s in inside for s in programme.graph.successors(t.id))]


def _beginnings(programme: Programme, service: str, phase: Phase) -> list[Task]:
    """Return the phase's first tasks: no other task of the phase comes before them."""
    inside = {t.id: t for t in programme.tasks(service=service, phase=phase)}
    return [t for t in inside.values() if not any(p in inside for p in programme.graph.predecessors(t.id))]


@dataclass(frozen=True, slots=True)
class Hole:
    """Days on which no one provides a service at a school: the old way has ended and the new one has not begun."""

    service: str
    school: str
    first: date
    last: date
    """Inclusive."""
    gone: Task
    """The task that ended the old way."""
    awaited: Task
    """The task that the new way waits for: finishing it earlier closes the gap."""


def service_holes(programme: Programme) -> Iterator[Hole]:
    """Yield the service gaps, in order of service, school and day.

    The old way ends with the first major change of the organisation, or the first role that ends. The new way begins
    when its system is live and its capacity is in place.
    """
    for service in programme.services:
        tasks = list(programme.tasks(service=service.service))
        going = [t for t in tasks if t.kind is Kind.ROLE_REMOVAL or (t.kind is Kind.ORG_CHANGE and not t.minor)]
        coming = [t for t in tasks if t.kind in (Kind.SYSTEM_LIVE, Kind.CAPACITY_IN_PLACE)]
        for school in sorted(programme.schools_of(service.service)):
            ends = [t for t in going if school in t.schools]
            starts = [t for t in coming if school in t.schools]
            if not ends or not starts:
                continue
            gone = min(ends, key=lambda t: (programme.timed(t.id).early_finish, t.id))
            awaited = max(starts, key=lambda t: (programme.timed(t.id).early_finish, t.id))
            first = last_day_of(programme.timed(gone.id).early_finish) + timedelta(days=1)
            last = last_day_of(programme.timed(awaited.id).early_finish)
            if first <= last:
                yield Hole(service.service, school, first, last, gone, awaited)


def no_service_holes(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Someone must provide the service at every school on every day, in the old way or the new one."""
    for hole in service_holes(programme):
        yield Breach("R02", hole.gone.id, hole_in_words(programme, hole), hole.service, frozenset({hole.school}))


def hole_in_words(programme: Programme, hole: Hole) -> str:
    """Describe where and when no one provides a service, and how to close the gap."""
    name, school = programme.service(hole.service).name, programme.school(hole.school).name
    days = (hole.last - hole.first).days + 1
    span = f"on {format_day(hole.first)}" if days == 1 else f"from {format_day(hole.first)} to {format_day(hole.last)}"
    return (
        f"No one provides {name} at {school} {span}, when “{hole.gone.name}” has finished but “{hole.awaited.name}” "
        f"has not. Finish the second earlier, or delay the first by {counted(days, 'day')}."
    )


def capacity_on_the_day(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """When a role ends, its school must already have the new capacity and skills."""
    for removal in programme.tasks(kind=Kind.ROLE_REMOVAL):
        if removal.id in programme.facts.progress:
            continue  # the check of links has already reported what has happened
        begins = programme.timed(removal.id).early_start
        for kind in (Kind.CAPACITY_IN_PLACE, Kind.SKILLS_EVIDENCED):
            for proof in programme.tasks(kind=kind, service=removal.service, schools=removal.schools):
                ready = programme.timed(proof.id).early_finish
                if ready > begins:
                    schools = proof.schools & removal.schools
                    where = programme.school_names(schools)
                    message = (
                        f"“{removal.name}” starts on {format_day(day_of(begins))} at {where}, "
                        f"before “{proof.name}” ends on {format_day(last_day_of(ready))}."
                    )
                    yield Breach("R03", removal.id, message, removal.service, schools)


def accountable_with_agency(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """A person who is accountable for an area must control at least one of its budget, staff, priorities or decisions.
    Every area that someone controls must have someone accountable."""
    for service in programme.services:
        found: dict[tuple[str, str, bool, date | None], list[str]] = {}
        for gap in gaps(service.delegation, programme.schools_of(service.service)):
            since = _in_force(programme, service.service, gap.school)
            found.setdefault((gap.area, gap.role, gap.is_without_agency, since), []).append(gap.school)
        for (area, role, is_without_agency, since), schools in found.items():
            when = f" from {format_day(since)}" if since else ""
            where = programme.school_names(schools)
            message = (
                f"In {service.name}, {role} is accountable for {area}{when} at {where}, but controls none of its "
                "budget, staff, priorities or decisions."
                if is_without_agency
                else f"In {service.name}, {role} controls {area}{when} at {where}, but no one is accountable for it."
            )
            yield Breach("R09", service.service, message, service.service, frozenset(schools))


def _in_force(programme: Programme, service: str, school: str) -> date | None:
    """Return the day after the scheme of delegation for a school is approved and published."""
    tasks = programme.tasks(kind=Kind.DELEGATION, service=service, schools=frozenset({school}))
    finishes = [programme.timed(t.id).early_finish for t in tasks]
    return last_day_of(max(finishes)) + timedelta(days=1) if finishes else None
