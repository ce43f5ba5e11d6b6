"""Turn a definition into tasks and links: expand pathways for each service, wave and school."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from changeflow.alike import MOST_LISTED
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.assembly.instances import Instance, Instances, exists_twice, shared_instances
from changeflow.programme.blackouts import begins_outside
from changeflow.programme.definition import Definition, Wave
from changeflow.programme.meetings import wrong_meeting
from changeflow.programme.references import PROGRAMME, DefinitionError, Place, References
from changeflow.roadmap.levelling.teams import TENTHS, Capacity
from changeflow.roadmap.model.naming import TaskName
from changeflow.roadmap.model.pathways import LinkText, Per, StepFields, parse_link
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Milestone, Task
from changeflow.services.transition import redundancies
from changeflow.values.base import Same, TaskId
from changeflow.values.duration import Unit, parse_duration, parse_range
from changeflow.values.moments import DAY, minute_of
from changeflow.values.problem import did_you_mean, what_and_remedy
from changeflow.values.words import Kind, Origin


@dataclass(slots=True)
class Expansion:
    """The tasks and links of a definition, and the definition errors."""

    tasks: dict[TaskId, Task] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    errors: list[DefinitionError] = field(default_factory=list)

    def copy(self) -> "Expansion":
        return Expansion(dict(self.tasks), list(self.links), list(self.milestones), list(self.errors))

    def report_once(self, error: DefinitionError) -> None:
        """Add an error, unless another copy of the same step already has it."""
        if error not in self.errors:
            self.errors.append(error)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The values from which tasks and links are made."""

    definition: Definition
    calendars: Calendars
    references: References
    instances: Instances

    @property
    def minutes_per_day(self) -> int:
        return self.definition.programme.working_week.minutes_per_day


def expand(definition: Definition) -> tuple[Expansion, Calendars]:
    """Expand every pathway, apply changes to individual tasks, and resolve links. Errors are returned, never raised.

    Returns copies, because facts add tasks and links. The result is cached: facts change more often than definitions.
    """
    expansion, calendars = _expand(Same(definition))
    return expansion.copy(), calendars.copy()


@lru_cache(maxsize=4)
def _expand(same: Same[Definition]) -> tuple[Expansion, Calendars]:
    definition, references = same.value, References(same.value)
    scope = _Scope(definition, Calendars(definition), references, shared_instances(definition))
    out = Expansion(errors=list(scope.instances.errors))
    for add in (_add_task, _add_links):
        for instance in scope.instances.by_id.values():
            if len(out.errors) > MOST_LISTED:
                # No one would read more mistakes than this.
                break
            add(out, instance, scope)
    _add_milestones(out, scope)
    return out, scope.calendars


def _add_milestones(out: Expansion, scope: _Scope) -> None:
    everywhere = frozenset(s.id for s in scope.definition.schools)
    for name, shape in scope.definition.programme.milestones.items():
        fields = StepFields(name=shape.name, after=shape.after, deadline=shape.deadline, owner=shape.owner)
        place = Place.programme("milestones", name)
        instance = Instance(f"{PROGRAMME}/{name}", fields, everywhere, None, None, place, authored=True)
        if instance.id in scope.instances.by_id:
            out.errors.append(exists_twice(instance))
            continue
        _add_task(out, instance, scope)
        _add_links(out, instance, scope)
        out.milestones.append(Milestone(id=name, name=shape.name, task=instance.id, deadline=shape.deadline))


def _add_task(out: Expansion, instance: Instance, scope: _Scope) -> None:
    fields, calendars = instance.fields, scope.calendars
    duration = parse_duration(fields.duration or "0d", minutes_per_day=scope.minutes_per_day)
    if missing := calendars.periods.missing(duration.unit, fields.starts_on, instance.schools):
        what = f"'{instance.id}' needs {missing}."
        out.errors.append(DefinitionError(instance.place, what, f"Add {missing} to calendars/.", on_key=True))
        return
    if wrong := wrong_meeting(scope.definition, fields.starts_on, instance.schools):
        out.report_once(DefinitionError(instance.place.at("starts_on"), *wrong))
        return
    kind = fields.kind or (Kind.DECISION if fields.gate else Kind.WORK)
    if fields.gate and kind is not Kind.DECISION:
        what = f"'{instance.id}' is a gate, but its kind is {kind.value}."
        out.errors.append(DefinitionError(instance.place.at("kind"), what, "Change its kind to decision."))
    service, name = instance.service.service if instance.service else None, _name(instance, scope)
    is_whole = instance.wave is None
    school_calendar = calendars.key("term", instance.schools, kind, service, is_whole=is_whole)
    calendar, measured = (
        calendars.key(fields.calendar or "office", instance.schools, k, service, is_whole=is_whole)
        for k in (kind, None)
    )
    out.tasks[instance.id] = Task(
        id=instance.id,
        name=str(name),
        service_name=name.service,
        place=name.place,
        kind=kind,
        gate=fields.gate,
        track=fields.track or kind.track,
        phase=fields.phase,
        service=service,
        schools=instance.schools,
        wave=instance.wave.id if instance.wave else None,
        duration=duration,
        calendar=calendar,
        measured_on=None if begins_outside(duration) or measured == calendar else measured,
        term_calendar=school_calendar,
        terms=calendars.periods.terms_key(instance.schools),
        starts_on=(
            calendars.go_live_window_key(fields.starts_on, instance.schools, measured)
            if kind is Kind.GO_LIVE
            else calendars.periods.start_window_key(fields.starts_on, instance.schools)
        ),
        constraints=(*_constraints(fields, instance.wave), *_levelled(instance.id, scope.definition)),
        deadline=end_of(fields.deadline),
        as_late_as_possible=bool(fields.as_late_as_possible),
        owner=_owner(out, instance, scope),
        sources=fields.sources or (),
        redundancies=_redundancies(out, instance, scope),
        estimate=_estimate(out, instance, scope, duration.unit),
        needs=_needs(out, instance, scope),
        holds_people=bool(fields.holds_people),
        minor=bool(fields.minor),
        irreversible=bool(fields.irreversible),
        no_return=fields.no_return,
    )


def _name(instance: Instance, scope: _Scope) -> TaskName:
    step = instance.fields.name or instance.step.replace("-", " ").capitalize()
    if instance.service is None:
        return TaskName(step)
    place = ""
    if instance.fields.per is Per.SCHOOL:
        place = scope.references.school_name(next(iter(instance.schools)))
    elif instance.wave:
        place = instance.wave.in_names
    return TaskName(step, service=instance.service.name, place=place)


def _constraints(fields: StepFields, wave: Wave | None) -> Iterator[Constraint]:
    for bound in Bound:
        day: date | None = getattr(fields, bound.value)
        if day is not None:
            yield Constraint(bound, minute_of(day) if "start" in bound.value else minute_of(day) + DAY)
    if wave and wave.start_no_earlier and fields.kind is Kind.GO_LIVE:
        yield Constraint(Bound.START_NO_EARLIER, minute_of(wave.start_no_earlier))


def _levelled(task: TaskId, definition: Definition) -> Iterator[Constraint]:
    """Yield people's levelling decisions about a task."""
    if (at := definition.levelling.pinned.get(task)) is not None:
        yield Constraint(Bound.MUST_START, minute_of(at))
    elif (at := definition.levelling.accepted.get(task)) is not None:
        yield Constraint(Bound.START_NO_EARLIER, minute_of(at))


def end_of(day: date | None) -> int | None:
    """Return the first minute after a day."""
    return None if day is None else minute_of(day) + DAY


def _owner(out: Expansion, instance: Instance, scope: _Scope) -> str | None:
    owner, wrong = scope.references.owner(instance.fields.owner, instance.service, instance.schools)
    if wrong:
        out.errors.append(DefinitionError(instance.place.at("owner"), *wrong))
    return owner


def _redundancies(out: Expansion, instance: Instance, scope: _Scope) -> dict[str, int]:
    """Return the counts for the instance's own schools; an unknown school is a definition error."""
    counts = instance.fields.redundancies
    if counts is None:
        counts = _registered(instance, scope)
    known = {s.id for s in scope.definition.schools}
    for school in counts:
        if school not in known:
            place, hint = instance.place.at("redundancies", school), did_you_mean(school, known)
            out.report_once(DefinitionError(place, f"There is no school '{school}'.", hint, on_key=True))
    return {school: count for school, count in counts.items() if school in instance.schools and count}


def _registered(instance: Instance, scope: _Scope) -> dict[str, int]:
    """Count the posts that end by redundancy with this step, according to the register."""
    if instance.service is None or instance.fields.kind is not Kind.ROLE_REMOVAL:
        return {}
    steps = scope.instances.steps[instance.service.service]
    removals = [name for name, fields in steps.items() if fields.kind is Kind.ROLE_REMOVAL]
    only = removals[0] if len(removals) == 1 else None
    return redundancies(p for p in instance.service.posts if (p.ends_with or only) == instance.step)


def _estimate(out: Expansion, instance: Instance, scope: _Scope, own: Unit) -> tuple[int, int, int] | None:
    """Read a three-point estimate; the wrong order, or a unit other than the task's, is a definition error."""
    if instance.fields.estimate is None:
        return None
    try:
        points, unit = parse_range(instance.fields.estimate, minutes_per_day=scope.minutes_per_day)
        if unit is not own and instance.fields.duration:
            shown = ", ".join(instance.fields.estimate)
            raise ValueError(
                f"{shown} is not in the same unit as the duration, {instance.fields.duration}. Use one unit."
            )
        return points
    except ValueError as error:
        what, remedy = what_and_remedy(error)
        out.report_once(DefinitionError(instance.place.at("estimate"), f"The estimate {what}", remedy))
        return None


def _needs(out: Expansion, instance: Instance, scope: _Scope) -> dict[str, int]:
    """Return tenths of a person by team; an unknown team, or one that is too small, is a definition error."""
    needs: dict[str, int] = {}
    known = scope.definition.rollout.teams
    for team, people in (instance.fields.needs or {}).items():
        place = instance.place.at("needs", team)
        if team not in known:
            hint = did_you_mean(team, known) or "Name the teams in rollout.yaml."
            out.report_once(DefinitionError(place, f"There is no team '{team}'.", hint, on_key=True))
        elif round(people * TENTHS) > (most := Capacity(known).most(team)):
            what = f"'{instance.step}' needs {people:g} people from '{team}', which has only {most / TENTHS:g}."
            remedy = "Give the team more days a week in rollout.yaml, or reduce the need."
            out.report_once(DefinitionError(place, what, remedy))
        else:
            needs[team] = max(1, round(people * TENTHS))
    return needs


def _add_links(out: Expansion, instance: Instance, scope: _Scope) -> None:
    fields = instance.fields
    for name, texts, authored in (
        ("after", fields.after, instance.authored),
        ("also_after", fields.also_after, True),
        ("after_previous_wave", fields.after_previous_wave, instance.authored),
    ):
        schools = instance.schools if name != "after_previous_wave" else _previous_schools(instance, scope)
        for n, text in enumerate(texts or ()):
            try:
                written = _written(text)
            except ValueError as error:
                out.errors.append(DefinitionError(instance.place.at(name, n), str(error)))
                continue
            lag = written.lag_duration(scope.minutes_per_day)
            if missing := scope.calendars.periods.missing(lag.unit, None, instance.schools):
                what = f"The lag {written.lag.lstrip('+')} needs {missing}."
                out.report_once(DefinitionError(instance.place.at(name, n), what, f"Add {missing} to calendars/."))
                continue
            candidates = _candidates(instance, written, scope.instances)
            if candidates is None:
                hint = did_you_mean(written.task, _nameable(instance.belongs_to, scope.instances))
                what = f"There is no task '{written.task}'."
                out.errors.append(DefinitionError(instance.place.at(name, n), what, hint))
                continue
            if len(candidates) > 1 or name == "after_previous_wave":
                candidates = [c for c in candidates if c.schools & schools]
            origin = Origin.AUTHORED if authored else Origin.PATHWAY
            for before in sorted(c.id for c in candidates):
                if before in out.tasks and instance.id in out.tasks:
                    day = scope.minutes_per_day
                    out.links.append(written.link(before, instance.id, minutes_per_day=day, origin=origin))


@lru_cache(maxsize=2048)
def _written(text: str) -> LinkText:
    """Read a link's text. The steps of a pathway have the same texts in every wave and school."""
    return parse_link(text)


def _candidates(instance: Instance, written: LinkText, instances: Instances) -> Sequence[Instance] | None:
    """Find the instances that a link's text means: an empty list if the step does not apply here; None if the step
    does not exist."""
    own, parts = instance.belongs_to, written.task.split("/")
    exact = instances.by_id.get(written.task) or instances.by_id.get(f"{own}/{written.task}")
    if exact and (len(parts) > 1 or own == PROGRAMME):
        return [exact]
    owner, step = (own, parts[0]) if len(parts) == 1 else (parts[0], parts[-1])
    if len(parts) <= 2 and (found := instances.by_step.get((owner, step))):
        return found
    return [] if step in instances.steps.get(owner, {}) else None


def _nameable(own: str, instances: Instances) -> Iterable[str]:
    yield from instances.steps.get(own, {})
    yield from (f"{service}/{step}" for service, steps in instances.steps.items() for step in steps)
    yield from (i for i in instances.by_id if i.startswith(PROGRAMME))


def _previous_schools(instance: Instance, scope: _Scope) -> frozenset[str]:
    """Return the schools of the service's previous wave; none for the first."""
    if instance.service is None or instance.wave is None:
        return frozenset()
    waves = scope.references.waves_of(instance.service)
    position = waves.index(instance.wave)
    return frozenset(waves[position - 1].schools) if position else frozenset()
