"""Turn pathways into instances: each step once for its service, or once for each wave or school."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from changeflow.alike import MOST_LISTED
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.programme.references import PROGRAMME, DefinitionError, Place, References
from changeflow.roadmap.model.pathways import Per, StepFields
from changeflow.values.base import Same, TaskId
from changeflow.values.problem import did_you_mean


@dataclass(frozen=True, slots=True)
class Instance:
    """One step for one wave or school, before its links are known."""

    id: TaskId
    fields: StepFields
    schools: frozenset[str]
    service: ServiceFile | None
    wave: Wave | None
    place: Place
    authored: bool
    """Whether its links are in the programme's own files, not in the pathway."""
    waves: tuple[str, ...] = ()
    """The service's waves, if it is a task for all of them."""

    @property
    def step(self) -> str:
        return self.id.rsplit("/", 1)[-1]

    @property
    def belongs_to(self) -> str:
        """The id of its service; `programme` for the programme's own tasks."""
        return self.service.service if self.service else PROGRAMME


@dataclass(frozen=True, slots=True)
class Instances:
    """All instances of a definition, and the steps that links may name."""

    steps: Mapping[str, Mapping[str, StepFields]]
    """The steps of each service, including those that apply to none of its waves."""
    by_id: dict[TaskId, Instance] = field(default_factory=dict)
    by_step: dict[tuple[str, str], list[Instance]] = field(default_factory=dict)
    """Instances by owner and step."""
    errors: list[DefinitionError] = field(default_factory=list)

    def add(self, instance: Instance) -> None:
        """Add an instance unless it is dropped; a duplicate id is a definition error."""
        if instance.fields.drop:
            return
        if instance.id in self.by_id:
            self.errors.append(exists_twice(instance))
            return
        self.by_id[instance.id] = instance
        self.by_step.setdefault((instance.belongs_to, instance.step), []).append(instance)


def exists_twice(instance: Instance) -> DefinitionError:
    what = f"Duplicate task '{instance.id}'."
    return DefinitionError(instance.place, what, "Rename one of them.", on_key=True)


def former(instance: Instance, *, every_level: bool = False) -> list[TaskId]:
    """Return a task's former ids: a former step's copy for the same wave or school, or an id written in full.

    `every_level` adds the copies for each school of the wave, for the school's wave, and for all.
    A wave's former ids apply to all its tasks.
    """
    own, step = instance.id.rpartition("/")[0], instance.step
    waves = instance.wave.was if instance.wave is not None and own.endswith(f"/{instance.wave.id}") else ()
    found = [f"{instance.belongs_to}/{wave}/{step}" for wave in waves]
    for old in instance.fields.was or ():
        if "/" in old:
            found.append(f"{instance.belongs_to}/{old}")
            continue
        found += [f"{owner}/{old}" for owner in (own, *(_other_levels(instance) if every_level else ()))]
    return [old for old in dict.fromkeys(found) if old != instance.id]


def _other_levels(instance: Instance) -> Iterator[str]:
    """Yield the id prefixes of a step's copies, at every level except its own."""
    service, wave = instance.service, instance.wave
    if service is None:
        return
    yield service.service
    waves = [wave.id] if wave is not None else instance.waves
    yield from (f"{service.service}/{name}" for name in (*waves, *sorted(instance.schools)))


def shared_instances(definition: Definition) -> Instances:
    """Return the instances of a definition, kept for the last few definitions. The caller adds none."""
    return _shared_instances(Same(definition))


@lru_cache(maxsize=4)
def _shared_instances(same: Same[Definition]) -> Instances:
    return instances_of(same.value, References(same.value))


def instances_of(definition: Definition, references: References) -> Instances:
    """Expand the steps of every service, then the programme's own tasks."""
    found = Instances({s.service: _steps_of(definition, s) for s in definition.services})
    for service in definition.services:
        _add_service(found, service, references)
    everywhere = frozenset(s.id for s in definition.schools)
    for name, fields in definition.programme.tasks.items():
        place = Place.programme("tasks", name)
        if fields.per not in (None, Per.PROGRAMME):
            remedy = "Move a task per wave or school to a service's file."
            found.errors.append(
                DefinitionError(place, f"'{name}' belongs to the whole programme.", remedy, on_key=True)
            )
        found.add(Instance(f"{PROGRAMME}/{name}", fields, everywhere, None, None, place, authored=True))
    return found


def _steps_of(definition: Definition, service: ServiceFile) -> dict[str, StepFields]:
    """Return the steps of a service's pathway with the service's changes, then its own steps."""
    pathway = next((p for p in definition.pathways if p.pathway == service.pathway), None)
    base, general = pathway.steps if pathway else {}, _general(service)
    steps = {name: fields.changed_by(general.get(name, StepFields())) for name, fields in base.items()}
    return steps | {name: fields for name, fields in general.items() if name not in base}


def _general(service: ServiceFile) -> dict[str, StepFields]:
    """Return a service's changes to whole steps, without those to one copy, such as `w1/go-live`."""
    return {k: v for k, v in service.tasks.items() if "/" not in k}


def _add_service(found: Instances, service: ServiceFile, references: References) -> None:
    general = _general(service)
    single = {k: v for k, v in service.tasks.items() if k not in general}
    for name, fields in found.steps[service.service].items():
        if fields.classes and service.service_class not in fields.classes:
            continue
        if fields.assured_by and service.assurance.method not in fields.assured_by:
            continue
        own = general.get(name)
        place = Place.service(service.service, "tasks", name) if own else Place.pathway(service.pathway, name)
        if fields.durations and fields.per is not Per.SCHOOL:
            what, remedy = f"'{name}' is not a task per school.", "Write its duration, or `per: school`."
            found.errors.append(DefinitionError(place.at("durations"), what, remedy, on_key=True))
        for local, schools, wave in _copies(name, fields, service, references):
            change = single.pop(local, None)
            here = Place.service(service.service, "tasks", local) if change else place
            at_school = _at_school(fields, schools, references)
            merged = at_school.changed_by(change) if change else at_school
            authored = any(said is not None and said.after is not None for said in (change, own))
            whole = tuple(w.id for w in references.waves_of(service)) if wave is None and merged.was else ()
            found.add(Instance(f"{service.service}/{local}", merged, schools, service, wave, here, authored, whole))
    known = [i.removeprefix(f"{service.service}/") for i in found.by_id if i.startswith(service.service)]
    for local in islice(single, MOST_LISTED):
        place = Place.service(service.service, "tasks", local)
        hint = did_you_mean(local, known)
        found.errors.append(DefinitionError(place, f"There is no task '{local}' to change.", hint, on_key=True))


def _at_school(fields: StepFields, schools: frozenset[str], references: References) -> StepFields:
    """Return a school's copy of a step, with the duration for the school, or else for its phase, or else for the
    step."""
    if not fields.durations or fields.per is not Per.SCHOOL:
        return fields
    [school] = schools
    duration = fields.durations.get(school) or fields.durations.get(references.phase_of(school) or "")
    return fields.changed_by(StepFields(duration=duration)) if duration else fields


def _copies(
    name: str, fields: StepFields, service: ServiceFile, references: References
) -> Iterator[tuple[str, frozenset[str], Wave | None]]:
    """Yield (id within the service, schools, wave) of each copy of a step."""
    waves = references.waves_of(service)
    if fields.per not in (Per.WAVE, Per.SCHOOL):
        yield name, frozenset(s for w in waves for s in w.schools), None
        return
    for wave in waves:
        if (fields.waves == "pilot" and not wave.pilot) or (fields.waves == "rollout" and wave.pilot):
            continue
        if fields.per is Per.WAVE:
            yield f"{wave.id}/{name}", frozenset(wave.schools), wave
        else:
            for school in wave.schools:
                yield f"{school}/{name}", frozenset({school}), wave
