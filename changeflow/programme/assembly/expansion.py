"""From a definition to tasks and links: pathways are expanded for each service, wave and school."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice

from changeflow.errors import MOST_LISTED
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.programme.references import PROGRAMME, DefinitionError, Place, References
from changeflow.roadmap.levelling.teams import TENTHS, Capacity
from changeflow.roadmap.model.pathways import LinkText, Per, StepFields, parse_link
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Milestone, Task
from changeflow.services.transition import redundancies
from changeflow.values.base import Same, TaskId
from changeflow.values.duration import Unit, parse_duration, parse_range
from changeflow.values.moments import minute_of
from changeflow.values.problem import did_you_mean
from changeflow.values.words import Kind, Origin


@dataclass(slots=True)
class Expansion:
    """Tasks and links of a definition, and what could not be resolved."""

    tasks: dict[TaskId, Task] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    errors: list[DefinitionError] = field(default_factory=list)

    def copy(self) -> "Expansion":
        return Expansion(dict(self.tasks), list(self.links), list(self.milestones), list(self.errors))


@dataclass(frozen=True, slots=True)
class _Instance:
    """One step for one wave or school, before its links are known."""

    id: TaskId
    fields: StepFields
    schools: frozenset[str]
    service: ServiceFile | None
    wave: Wave | None
    place: Place
    authored: bool
    """Its links are written in the programme's own files, not in the pathway."""


def expand(definition: Definition) -> tuple[Expansion, Calendars]:
    """Expand every pathway, lay single changes over it, and resolve links; what is wrong is a value, never raised.

    Returns copies, for what has happened adds to both. One definition is asked for after each change of facts.
    """
    expansion, calendars = _expand(Same(definition))
    return expansion.copy(), calendars.copy()


@lru_cache(maxsize=4)
def _expand(same: Same[Definition]) -> tuple[Expansion, Calendars]:
    calendars = Calendars(same.value)
    return _Expander(same.value, calendars).run(), calendars


class _Expander:
    def __init__(self, definition: Definition, calendars: Calendars) -> None:
        self.definition = definition
        self.calendars = calendars
        self.out = Expansion()
        self.instances: dict[TaskId, _Instance] = {}
        self.steps: dict[str, Mapping[str, StepFields]] = {}
        self.by_step: dict[tuple[str, str], list[_Instance]] = {}
        self.references = References(definition)

    def run(self) -> Expansion:
        for service in self.definition.services:
            self._expand_service(service)
        self._expand_programme()
        for instance in self.instances.values():
            if len(self.out.errors) > MOST_LISTED:
                # Whoever made that many mistakes reads no more of them.
                break
            self._add_task(instance)
        for instance in self.instances.values():
            if len(self.out.errors) > MOST_LISTED:
                break
            self._add_links(instance)
        self._add_milestones()
        return self.out

    def _expand_service(self, service: ServiceFile) -> None:
        pathway = next((p for p in self.definition.pathways if p.pathway == service.pathway), None)
        base = pathway.steps if pathway else {}
        general = {k: v for k, v in service.tasks.items() if "/" not in k}
        single = {k: v for k, v in service.tasks.items() if "/" in k}
        steps = {name: fields.changed_by(general.get(name, StepFields())) for name, fields in base.items()}
        steps |= {name: fields for name, fields in general.items() if name not in base}
        self.steps[service.service] = steps
        for name, fields in steps.items():
            if fields.classes and service.service_class not in fields.classes:
                continue
            if fields.assured_by and service.assurance.method not in fields.assured_by:
                continue
            own = name in general
            place = Place.service(service.service, "tasks", name) if own else Place.pathway(service.pathway, name)
            for local, schools, wave in self._copies(service, name, fields):
                change = single.pop(local, None)
                here = Place.service(service.service, "tasks", local) if change else place
                merged = fields.changed_by(change) if change else fields
                authored = bool((change and change.after is not None) or (own and general[name].after is not None))
                self._place(_Instance(f"{service.service}/{local}", merged, schools, service, wave, here, authored))
        known = [i.removeprefix(f"{service.service}/") for i in self.instances if i.startswith(service.service)]
        for local in islice(single, MOST_LISTED):
            place = Place.service(service.service, "tasks", local)
            self.out.errors.append(
                DefinitionError(place, f"No task '{local}' to change.", did_you_mean(local, known), on_key=True)
            )

    def _copies(
        self, service: ServiceFile, name: str, fields: StepFields
    ) -> Iterator[tuple[str, frozenset[str], Wave | None]]:
        """Yield (id within the service, schools, wave) of each copy of a step."""
        waves = self.references.waves_of(service)
        everywhere = frozenset(s for w in waves for s in w.schools)
        per = fields.per or Per.SERVICE
        if per in (Per.SERVICE, Per.PROGRAMME):
            yield name, everywhere, None
            return
        for wave in waves:
            if (fields.waves == "pilot" and not wave.pilot) or (fields.waves == "rollout" and wave.pilot):
                continue
            if per is Per.WAVE:
                yield f"{wave.id}/{name}", frozenset(wave.schools), wave
            else:
                for school in wave.schools:
                    yield f"{school}/{name}", frozenset({school}), wave

    def _expand_programme(self) -> None:
        everywhere = frozenset(s.id for s in self.definition.schools)
        for name, fields in self.definition.programme.tasks.items():
            place = Place.programme("tasks", name)
            if fields.per not in (None, Per.PROGRAMME):
                remedy = "A task per wave or school belongs into a service's file."
                self.out.errors.append(
                    DefinitionError(place, f"'{name}' is a task of the programme.", remedy, on_key=True)
                )
            self._place(_Instance(f"{PROGRAMME}/{name}", fields, everywhere, None, None, place, authored=True))

    def _place(self, instance: _Instance) -> None:
        if instance.fields.drop:
            return
        if instance.id in self.instances:
            remedy = "Give one of them another name."
            self.out.errors.append(
                DefinitionError(instance.place, f"Task '{instance.id}' exists twice.", remedy, on_key=True)
            )
            return
        self.instances[instance.id] = instance
        owner = instance.service.service if instance.service else PROGRAMME
        self.by_step.setdefault((owner, instance.id.rsplit("/", 1)[-1]), []).append(instance)

    def _add_task(self, instance: _Instance) -> None:
        fields = instance.fields
        minutes = self.definition.programme.working_week.minutes_per_day
        duration = parse_duration(fields.duration or "0d", minutes_per_day=minutes)
        if not self.calendars.knows(duration.unit, fields.starts_on):
            missing = (
                "pay periods" if Unit.PAY_PERIODS in (duration.unit,) or fields.starts_on == "pay_period" else "terms"
            )
            remedy = f"Add {missing} to calendars/."
            self.out.errors.append(
                DefinitionError(instance.place, f"'{instance.id}' needs {missing}.", remedy, on_key=True)
            )
            return
        kind = fields.kind or (Kind.DECISION if fields.gate else Kind.WORK)
        if fields.gate and kind is not Kind.DECISION:
            what = f"'{instance.id}' is a gate, and its kind is {kind.value}."
            self.out.errors.append(DefinitionError(instance.place.at("kind"), what, "A gate is of kind decision."))
        school_calendar = self.calendars.key("term", instance.schools, kind)
        calendar = self.calendars.key(fields.calendar or "office", instance.schools, kind)
        self.out.tasks[instance.id] = Task(
            id=instance.id,
            name=self._name(instance),
            kind=kind,
            gate=fields.gate,
            track=fields.track or kind.track,
            phase=fields.phase,
            service=instance.service.service if instance.service else None,
            schools=instance.schools,
            wave=instance.wave.id if instance.wave else None,
            duration=duration,
            calendar=calendar,
            term_calendar=school_calendar,
            terms=self.calendars.terms_key(instance.schools),
            starts_on=self.calendars.openings_key(fields.starts_on, instance.schools),
            constraints=(*_constraints(fields, instance.wave), *self._levelled(instance.id)),
            deadline=_end_of(fields.deadline),
            as_late_as_possible=bool(fields.as_late_as_possible),
            owner=self._owner(instance),
            sources=fields.sources or (),
            redundancies=self._redundancies(instance),
            estimate=self._estimate(instance, minutes),
            needs=self._needs(instance),
            holds_people=bool(fields.holds_people),
            minor=bool(fields.minor),
            irreversible=bool(fields.irreversible),
        )

    def _name(self, instance: _Instance) -> str:
        name = instance.fields.name or instance.id.rsplit("/", 1)[-1].replace("-", " ").capitalize()
        if instance.service is None:
            return name
        where = ""
        if instance.fields.per is Per.SCHOOL:
            where = f", {self.references.school_name(next(iter(instance.schools)))}"
        elif instance.wave:
            where = f", {instance.wave.name}"
        return f"{instance.service.name}: {name[:1].lower() + name[1:] if name[1:2].islower() else name}{where}"

    def _estimate(self, instance: _Instance, minutes: int) -> tuple[int, int, int] | None:
        """Read a three-point estimate; one that is not in order, or not in working time, is a definition error."""
        estimate = instance.fields.estimate
        if estimate is None:
            return None
        try:
            return parse_range(estimate, minutes_per_day=minutes)
        except ValueError as error:
            what, _, remedy = str(error).partition(". ")
            wrong = DefinitionError(instance.place.at("estimate"), f"The estimate {what}.", remedy)
            if wrong not in self.out.errors:
                self.out.errors.append(wrong)
            return None

    def _needs(self, instance: _Instance) -> dict[str, int]:
        """Return tenths of a person by team; a team that nobody knows, or that never has as many, is an error."""
        needs: dict[str, int] = {}
        for team, people in (instance.fields.needs or {}).items():
            place, known = instance.place.at("needs", team), self.definition.rollout.teams
            wrong = None
            if team not in known:
                hint = did_you_mean(team, known) or "Name the teams in rollout.yaml."
                wrong = DefinitionError(place, f"There is no team '{team}'.", hint, on_key=True)
            elif round(people * TENTHS) > Capacity(known).most(team):
                has = Capacity(known).most(team) / TENTHS
                what = f"'{instance.id.rsplit('/', 1)[-1]}' needs {people:g} of '{team}', and {has:g} is all it has."
                wrong = DefinitionError(
                    place, what, "Give the team more days a week in rollout.yaml, or ask for fewer people."
                )
            if wrong is None:
                needs[team] = max(1, round(people * TENTHS))
            elif wrong not in self.out.errors:
                self.out.errors.append(wrong)
        return needs

    def _levelled(self, task: TaskId) -> Iterator[Constraint]:
        """Yield what people have decided about a task when they levelled the programme."""
        levelling = self.definition.levelling
        if (at := levelling.pinned.get(task)) is not None:
            yield Constraint(Bound.MUST_START, minute_of(at))
        elif (at := levelling.accepted.get(task)) is not None:
            yield Constraint(Bound.START_NO_EARLIER, minute_of(at))

    def _redundancies(self, instance: _Instance) -> dict[str, int]:
        """Keep those of the instance's own schools; a school that the programme does not have is a definition error."""
        counts = instance.fields.redundancies
        if counts is None:
            counts = self._registered(instance)
        known = {s.id for s in self.definition.schools}
        for school in counts:
            if school not in known:
                place = instance.place.at("redundancies", school)
                wrong = DefinitionError(
                    place, f"There is no school '{school}'.", did_you_mean(school, known), on_key=True
                )
                if wrong not in self.out.errors:
                    self.out.errors.append(wrong)
        return {school: count for school, count in counts.items() if school in instance.schools and count}

    def _registered(self, instance: _Instance) -> dict[str, int]:
        """Count the posts whose register says that they end by redundancy with this step."""
        if instance.service is None or instance.fields.kind is not Kind.ROLE_REMOVAL:
            return {}
        steps = [name for name, f in self.steps[instance.service.service].items() if f.kind is Kind.ROLE_REMOVAL]
        only, step = (steps[0] if len(steps) == 1 else None), instance.id.rsplit("/", 1)[-1]
        return redundancies(p for p in instance.service.posts if (p.ends_with or only) == step)

    def _owner(self, instance: _Instance) -> str | None:
        owner, wrong = self.references.owner(instance.fields.owner, instance.service, instance.schools)
        if wrong:
            self.out.errors.append(DefinitionError(instance.place.at("owner"), wrong[0], wrong[1]))
        return owner

    def _add_links(self, instance: _Instance) -> None:
        fields = instance.fields
        for field_name, texts in (("after", fields.after), ("also_after", fields.also_after)):
            authored = instance.authored or field_name == "also_after"
            for n, text in enumerate(texts or ()):
                self._link(instance, text, instance.place.at(field_name, n), authored=authored, waves_back=0)
        for n, text in enumerate(fields.after_previous_wave or ()):
            place = instance.place.at("after_previous_wave", n)
            self._link(instance, text, place, authored=instance.authored, waves_back=1)

    def _link(self, instance: _Instance, text: str, place: Place, *, authored: bool, waves_back: int) -> None:
        try:
            written = parse_link(text)
        except ValueError as error:
            self.out.errors.append(DefinitionError(place, str(error)))
            return
        candidates, wrong = self._candidates(instance, written)
        if wrong:
            self.out.errors.append(DefinitionError(place, wrong[0], wrong[1]))
            return
        if waves_back:
            wave = self._previous_wave(instance)
            candidates = [c for c in candidates if wave and c.schools & frozenset(wave.schools)]
        elif len(candidates) > 1:
            candidates = [c for c in candidates if c.schools & instance.schools]
        minutes = self.definition.programme.working_week.minutes_per_day
        origin = Origin.AUTHORED if authored else Origin.PATHWAY
        for candidate in sorted(candidates, key=lambda c: c.id):
            if candidate.id in self.out.tasks and instance.id in self.out.tasks:
                self.out.links.append(written.link(candidate.id, instance.id, minutes_per_day=minutes, origin=origin))

    def _candidates(self, instance: _Instance, written: LinkText) -> tuple[Sequence[_Instance], tuple[str, str] | None]:
        """Find the instances that a link's text may mean; a step that does not apply here means none."""
        own = instance.service.service if instance.service else PROGRAMME
        parts = written.task.split("/")
        exact = self.instances.get(written.task) or self.instances.get(f"{own}/{written.task}")
        if exact and (len(parts) > 1 or own == PROGRAMME):
            return [exact], None
        owner, step = (own, parts[0]) if len(parts) == 1 else (parts[0], parts[-1])
        if len(parts) <= 2 and (found := self.by_step.get((owner, step))):
            return found, None
        if step in self.steps.get(owner, {}):
            return [], None
        return [], (f"There is no task '{written.task}'.", did_you_mean(written.task, self._nameable(own)))

    def _nameable(self, own: str) -> Iterable[str]:
        yield from self.steps.get(own, {})
        yield from (f"{service}/{step}" for service, steps in self.steps.items() for step in steps)
        yield from (i for i in self.instances if i.startswith(PROGRAMME))

    def _previous_wave(self, instance: _Instance) -> Wave | None:
        if instance.service is None or instance.wave is None:
            return None
        waves = self.references.waves_of(instance.service)
        position = waves.index(instance.wave)
        return waves[position - 1] if position else None

    def _add_milestones(self) -> None:
        everywhere = frozenset(s.id for s in self.definition.schools)
        for name, shape in self.definition.programme.milestones.items():
            task_id = f"{PROGRAMME}/{name}"
            fields = StepFields(name=shape.name, after=shape.after, deadline=shape.deadline, owner=shape.owner)
            place = Place.programme("milestones", name)
            instance = _Instance(task_id, fields, everywhere, None, None, place, authored=True)
            if task_id in self.instances:
                wrong = DefinitionError(
                    place, f"Task '{task_id}' exists twice.", "Give one of them another name.", on_key=True
                )
                self.out.errors.append(wrong)
                continue
            self._add_task(instance)
            self._add_links(instance)
            self.out.milestones.append(Milestone(id=name, name=shape.name, task=task_id, deadline=shape.deadline))


def _constraints(fields: StepFields, wave: Wave | None) -> Iterator[Constraint]:
    for bound in Bound:
        day: date | None = getattr(fields, bound.value)
        if day is not None:
            yield Constraint(bound, minute_of(day) if "start" in bound.value else _end_of(day) or 0)
    if wave and wave.start_no_earlier and fields.kind is Kind.GO_LIVE:
        yield Constraint(Bound.START_NO_EARLIER, minute_of(wave.start_no_earlier))


def _end_of(day: date | None) -> int | None:
    return None if day is None else minute_of(day + timedelta(days=1))
