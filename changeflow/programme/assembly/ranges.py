"""Ranges of durations at three levels: the pathway's step, the service's changes to it, and changes to one copy."""

from collections.abc import Iterator
from dataclasses import dataclass

from changeflow.programme.assembly.instances import Instance, shared_instances
from changeflow.programme.definition import Definition
from changeflow.programme.references import DefinitionError, Place
from changeflow.roadmap.model.pathways import StepFields
from changeflow.values.base import TaskId
from changeflow.values.duration import parse_duration, parse_range


@dataclass(frozen=True, slots=True)
class ReplacedRange:
    """A range that no longer applies, because a more specific level, or the school, has its own duration."""

    task: TaskId
    place: Place
    """The place of the duration."""
    duration: str
    estimate: tuple[str, ...]


def replaced_ranges(definition: Definition) -> Iterator[ReplacedRange]:
    """Yield each task whose own duration replaces the range of its step."""
    for instance in _instances(definition):
        duration = instance.fields.duration
        if duration is None or instance.fields.estimate is not None:
            continue
        levels = _levels(instance, definition)
        estimate = next((fields.estimate for _, fields in levels if fields.estimate is not None), None)
        if estimate is not None:
            place = next((p.at("duration") for p, fields in levels if fields.duration == duration), None)
            place = place or next((p.at("durations") for p, fields in levels if fields.durations), instance.place)
            yield ReplacedRange(instance.id, place, duration, estimate)


def check_ranges(definition: Definition) -> Iterator[DefinitionError]:
    """Find durations outside their own range: the range says that they cannot occur."""
    per_day = definition.programme.working_week.minutes_per_day
    for instance in _instances(definition):
        duration, estimate = instance.fields.duration, instance.fields.estimate
        if duration is None or estimate is None:
            continue
        try:
            (low, _, high), unit = parse_range(estimate, minutes_per_day=per_day)
        except ValueError:
            continue  # a separate mistake, which the expansion reports
        length = parse_duration(duration, minutes_per_day=per_day)
        if length.unit is unit and not low <= length.amount <= high:
            levels = _levels(instance, definition)
            place = next((p for p, fields in levels if fields.estimate is not None), instance.place)
            what = f"The duration {duration} of '{instance.step}' is outside its estimate, {', '.join(estimate)}."
            remedy = f"Write a duration from {estimate[0]} to {estimate[-1]}, or another estimate."
            yield DefinitionError(place.at("estimate"), what, remedy)


def _instances(definition: Definition) -> Iterator[Instance]:
    yield from shared_instances(definition).by_id.values()


def _levels(instance: Instance, definition: Definition) -> list[tuple[Place, StepFields]]:
    """Return the entries about a task with their places, most specific first."""
    service = instance.service
    if service is None:
        return [(instance.place, instance.fields)]
    local = instance.id.removeprefix(f"{service.service}/")
    own = [(Place.service(service.service, "tasks", n), service.tasks.get(n)) for n in (local, instance.step)]
    steps = next((p.steps for p in definition.pathways if p.pathway == service.pathway), {})
    levels = [*own, (Place.pathway(service.pathway, instance.step), steps.get(instance.step))]
    return [(place, fields) for place, fields in levels if fields is not None]
