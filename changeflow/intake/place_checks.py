"""Check schools and waves within the names of tasks: `oakfield/train-staff` if there is no Oakfield.

Such names are checked before tasks are made, so that a person who removes a school sees every mention of it at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from changeflow.programme.definition import Definition, SchoolPhase
from changeflow.programme.references import PROGRAMME, DefinitionError, Place
from changeflow.roadmap.model.pathways import StepFields
from changeflow.values.problem import did_you_mean, is_near, nearest

LINKS = ("after", "also_after", "after_previous_wave")


@dataclass(frozen=True, slots=True)
class _Known:
    services: frozenset[str]
    places: frozenset[str]
    """Schools and waves."""

    def missing(self, text: str, *, service: str | None = None) -> str | None:
        """Return the unknown school or wave in a task's name or a link's text, if there is one."""
        parts = (text.split() or [""])[0].split("/")
        if len(parts) == 3 and parts[0] in self.services:
            place = parts[1]
        elif len(parts) == 2 and service is not None and parts[0] not in (*self.services, PROGRAMME):
            place = parts[0]
        else:
            return None
        return None if place in self.places else place

    def error(
        self, place: Place, text: str, *, service: str | None = None, on_key: bool = False
    ) -> Iterator[DefinitionError]:
        if (name := self.missing(text, service=service)) is not None:
            what = f"No task '{text}' to change." if on_key and service else f"There is no task '{text.split()[0]}'."
            remedy = f"There is no school or wave '{name}'. {did_you_mean(name, self.places)}".strip()
            yield DefinitionError(place, what, remedy, on_key=on_key)


def check_places(definition: Definition) -> Iterator[DefinitionError]:
    """Find names of tasks, in every file, that contain an unknown school or wave."""
    schools = frozenset(s.id for s in definition.schools)
    waves = frozenset(w.id for w in definition.programme.waves)
    known = _Known(frozenset(s.service for s in definition.services), schools | waves)
    for service in definition.services:
        own, place = service.service, Place.service(service.service, "tasks")
        for key in service.tasks:
            yield from known.error(place.at(key), key, service=own, on_key=True)
        yield from _steps(known, place, service.tasks, schools, own)
    steps = _steps_by_service(definition)
    yield from _new_tasks(definition, steps)
    yield from _links(definition, steps)
    programme = definition.programme
    yield from _steps(known, Place.programme("tasks"), programme.tasks, schools, None)
    for name, milestone in programme.milestones.items():
        for n, text in enumerate(milestone.after):
            yield from known.error(Place.programme("milestones", name, "after", n), text)
    for n, waiver in enumerate(programme.waivers):
        yield from known.error(Place.programme("waivers", n, "task"), waiver.task or "")
    for service in definition.services:
        for n, waiver in enumerate(service.waivers):
            yield from known.error(Place.service(service.service, "waivers", n, "task"), waiver.task or "")
    yield from _elsewhere(known, definition)


def _steps(
    known: _Known, place: Place, steps: Mapping[str, StepFields], schools: frozenset[str], service: str | None
) -> Iterator[DefinitionError]:
    for key, fields in steps.items():
        for name in LINKS:
            for n, text in enumerate(getattr(fields, name) or ()):
                yield from known.error(place.at(key, name, n), text, service=service)
        for name in fields.durations or ():
            if name not in (*schools, *get_args(SchoolPhase)):
                where, hint = place.at(key, "durations", name), did_you_mean(name, {*schools, *get_args(SchoolPhase)})
                yield DefinitionError(where, f"There is no school or phase '{name}'.", hint, on_key=True)
        for school in fields.redundancies or ():
            if school not in schools:
                where, hint = place.at(key, "redundancies", school), did_you_mean(school, schools)
                yield DefinitionError(where, f"There is no school '{school}'.", hint, on_key=True)


MAKES_A_TASK = ("kind", "phase", "per", "after", "also_after", "after_previous_wave")
"""One of these shows that a new task is meant in the programme's own file."""


def _new_tasks(definition: Definition, steps: Mapping[str, frozenset[str]]) -> Iterator[DefinitionError]:
    """Find keys without a name that nearly match a step: misspelt steps, or steps in the wrong file, not new tasks."""
    for service in definition.services:
        own = steps[service.service]
        for key, fields in service.tasks.items() if own else ():  # without steps in the pathway, every task is new
            if "/" not in key and key not in own and _is_no_task(key, fields, own):
                remedy = f"{nearest(key, own)} A new task needs a name."
                place = Place.service(service.service, "tasks", key)
                yield DefinitionError(place, f"There is no step '{key}'.", remedy, on_key=True)
    of_services = frozenset[str]().union(*steps.values())
    for key, fields in definition.programme.tasks.items():
        # Every task in this file is new, so a key that only changes a step is in the wrong file.
        if _is_bare(fields) and (key in of_services or is_near(key, of_services)):
            remedy = "A new task needs a name; a step is changed in its service's file."
            place = Place.programme("tasks", key)
            yield DefinitionError(place, f"The programme has no task '{key}' to change.", remedy, on_key=True)


def _is_no_task(key: str, fields: StepFields, steps: frozenset[str]) -> bool:
    return fields.name is None and is_near(key, steps)


def _is_bare(fields: StepFields) -> bool:
    return fields.name is None and not any(getattr(fields, name) for name in MAKES_A_TASK)


def _steps_by_service(definition: Definition) -> dict[str, frozenset[str]]:
    """Return the steps of each service's pathway."""
    of_pathways = {p.pathway: frozenset(p.steps) for p in definition.pathways}
    return {s.service: of_pathways.get(s.pathway, frozenset()) for s in definition.services}


def _links(definition: Definition, steps: Mapping[str, frozenset[str]]) -> Iterator[DefinitionError]:
    """Find links to steps that a service or the programme does not have, together with all other wrong names.

    Only once tasks are made is it known which copies of a step a link means.
    """
    programme = definition.programme
    known = {s.service: steps[s.service] | {key.rsplit("/", 1)[-1] for key in s.tasks} for s in definition.services}
    known[PROGRAMME] = frozenset({*programme.tasks, *programme.milestones})
    written = [(s.service, Place.service(s.service, "tasks"), s.tasks) for s in definition.services]
    for own, place, tasks in (*written, (PROGRAMME, Place.programme("tasks"), programme.tasks)):
        for key, fields in tasks.items():
            for name in LINKS:
                for n, text in enumerate(getattr(fields, name) or ()):
                    parts = (text.split() or [""])[0].split("/")
                    owner = parts[0] if len(parts) > 1 and parts[0] in known else own
                    if parts[-1] and parts[-1] not in known[owner]:
                        near = [*known[own], *(f"{o}/{step}" for o, all_ in known.items() for step in all_)]
                        task = "/".join(parts)
                        yield DefinitionError(
                            place.at(key, name, n), f"There is no task '{task}'.", did_you_mean(task, near)
                        )


def _elsewhere(known: _Known, definition: Definition) -> Iterator[DefinitionError]:
    """Check levelling.yaml and risk.yaml, whose keys may be names of tasks."""
    levelling, risk = definition.levelling, definition.risk
    for kind, tasks in (("accepted", levelling.accepted), ("pinned", levelling.pinned)):
        for task in tasks:
            yield from known.error(Place("levelling", (kind, task)), task, on_key=True)
    for n, task in enumerate(levelling.refused):
        yield from known.error(Place("levelling", ("refused", n)), task)
    for n, keep in enumerate(levelling.keep_within):
        for key, text in (("after", keep.after), ("start", keep.start)):
            yield from known.error(Place("levelling", ("keep_within", n, key)), text)
    several: Iterable[tuple[str, int, tuple[str, ...]]] = (
        *(("causes", n, cause.tasks) for n, cause in enumerate(risk.causes)),
        *(("events", n, event.tasks) for n, event in enumerate(risk.events)),
    )
    for kind, n, texts in several:
        for text in texts:
            yield from known.error(Place("risk", (kind, n, "tasks")), text, on_key=True)
    for n, option in enumerate(risk.recovery_options):
        for kind, named in (("shorten", option.shorten), ("starts", option.starts)):
            for text in named:
                yield from known.error(Place("risk", ("recovery_options", n, kind, text)), text, on_key=True)
