"""Edits of whole waves, as wave proposals need them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from changeflow.errors import EditRefusedError
from changeflow.intake.editing import yaml_patch
from changeflow.intake.editing.base import EditBase, Namer, ids
from changeflow.intake.editing.sources import (
    PROGRAMME_FILE,
    Sources,
    data_in,
    found_at,
    place_of,
    service_file,
    waves_of,
    with_item_before,
    with_value,
    without,
)
from changeflow.intake.editing.waves import schools_at, wave_item, wave_place, with_school, without_school
from changeflow.intake.editing.yaml_patch import MISSING
from changeflow.phrases import capitalised, listed
from changeflow.planning.wave_use import renamed_text
from changeflow.values.base import Id, TaskId
from changeflow.values.moments import format_day

_OF_WAVES = ("tasks", "action_owners")
"""The parts of a service's file whose keys begin with a wave."""


class SetWave(EditBase):
    """Change a wave's schools, services, name or first day; its id and its records stay."""

    kind: Literal["set-wave"] = "set-wave"
    title: ClassVar[str] = "Change the first day of a wave"
    wave: Id
    name: str | None = Field(None, min_length=1)
    schools: tuple[Id, ...] | None = Field(None, min_length=1, description="All its schools. Other waves keep theirs")
    services: tuple[Id, ...] | None = Field(None, description="All its services; an empty list for all")
    first_day: date | None = Field(None, description="It has no go-live before this day")

    @model_validator(mode="after")
    def _changes_something(self) -> "SetWave":
        if all(value is None for value in (self.name, self.schools, self.services, self.first_day)):
            raise ValueError("Give the schools, services, name or first day.")
        return self

    def apply(self, sources: Sources) -> Sources:
        place = wave_place(sources, self.wave)
        if self.name is not None:
            sources = with_value(sources, PROGRAMME_FILE, ("waves", place, "name"), self.name)
        if self.schools is not None:
            before = schools_at(sources, place)
            for school in (s for s in self.schools if s not in before):
                sources = with_school(sources, self.wave, school)
            for school in (s for s in before if s not in self.schools):
                sources = without_school(sources, self.wave, school)
            if schools_at(sources, place) != list(self.schools):
                sources = with_value(sources, PROGRAMME_FILE, ("waves", place, "schools"), list(self.schools))
        if self.services is not None:
            left = () if not self.services else tuple(s for s in _services(sources) if s not in self.services)
            sources = _without_former(_with_services(sources, place, self.services), self.wave, left)
        if self.first_day is not None:
            sources = with_value(sources, PROGRAMME_FILE, ("waves", place, "start_no_earlier"), self.first_day)
        return sources

    def words(self, name: Namer = ids) -> str:
        parts = [f"call it “{self.name}”"] if self.name is not None else []
        if self.schools is not None:
            parts.append(f"its schools are {listed([name('school', s) for s in self.schools])}")
        if self.services is not None:
            which = listed([name("service", s) for s in self.services]) or "all services"
            parts.append(f"it is for {which}")
        parts += [_no_earlier(self.first_day)] if self.first_day is not None else []
        return f"{capitalised(name('wave', self.wave))}: {'; '.join(parts)}."


class SplitWave(EditBase):
    """Move some services of a wave into a wave of their own, together with the records of their tasks."""

    kind: Literal["split-wave"] = "split-wave"
    title: ClassVar[str] = "Split a wave"
    wave: Id
    services: tuple[Id, ...] = Field(min_length=1, description="The services that leave the wave")
    id: Id
    name: str = Field(min_length=1)
    schools: tuple[Id, ...] = Field(min_length=1)
    first_day: date | None = Field(None, description="It has no go-live before this day")
    former: Mapping[TaskId, tuple[TaskId, ...]] = Field(
        default_factory=dict, description="The former ids of its tasks, by their new ids, so that their records stay"
    )

    def apply(self, sources: Sources) -> Sources:
        place = wave_place(sources, self.wave)
        if place_of(waves_of(sources), "id", self.id) is not None:
            raise EditRefusedError(f"There is already a wave '{self.id}'.")
        before = waves_of(sources)[place]
        known = [str(s) for s in before.get("services") or _services(sources)]
        if missing := [s for s in self.services if s not in known]:
            raise EditRefusedError(f"'{missing[0]}' is not in wave '{self.wave}'.")
        rest = tuple(s for s in known if s not in self.services)
        if not rest:
            raise EditRefusedError(f"Wave '{self.wave}' would have no service.")
        sources = _with_services(sources, place, rest)
        pilot = bool(before.get("pilot"))
        item = wave_item(self.id, self.name, self.schools, self.services, pilot=pilot, first_day=self.first_day)
        sources = with_item_before(sources, PROGRAMME_FILE, ("waves",), place + 1, item)
        return self._with_records(sources)

    def _with_records(self, sources: Sources) -> Sources:
        """Return the texts with the new ids of the tasks, and their former ids beside them."""
        renamed = {(service, self.wave): self.id for service in self.services}
        sources = {n: renamed_text(text, renamed) if n.endswith(".yaml") else text for n, text in sources.items()}
        for service in self.services:
            file = service_file(sources, service)
            for part in _OF_WAVES:
                for key in list(data_in(sources, file).get(part) or ()):
                    wave, slash, step = str(key).partition("/")
                    if slash and wave == self.wave:
                        text = yaml_patch.rename_key(sources[file], (part, key), f"{self.id}/{step}", file=file)
                        sources = {**sources, file: text}
            own = {_local(new): _one(tuple(map(_local, olds))) for new, olds in self._former_of(service)}
            known = data_in(sources, file).get("tasks") or {}
            for key in own.keys() & known.keys():
                sources = with_value(sources, file, ("tasks", key, "was"), own[key])
            new = {key: {"was": was} for key, was in own.items() if key not in known}
            sources = {**sources, file: yaml_patch.add_keys(sources[file], ("tasks",), new, file=file)}
        return sources

    def _former_of(self, service: str) -> Iterator[tuple[TaskId, tuple[TaskId, ...]]]:
        yield from ((new, olds) for new, olds in self.former.items() if new.startswith(f"{service}/"))

    def words(self, name: Namer = ids) -> str:
        services = listed([name("service", s) for s in self.services])
        schools = listed([name("school", s) for s in self.schools])
        day = f"; {_no_earlier(self.first_day)}" if self.first_day is not None else ""
        source = name("wave", self.wave)
        return f"Move {services} out of {source} into a separate “{self.name}” with {schools}{day}."


class RemoveWave(EditBase):
    """Remove a wave."""

    kind: Literal["remove-wave"] = "remove-wave"
    title: ClassVar[str] = "Remove a wave"
    needs_reason: ClassVar[bool] = True
    wave: Id
    to_wave: Id | None = Field(None, description="The wave that gets its schools, unless they have another wave")

    def apply(self, sources: Sources) -> Sources:
        place = wave_place(sources, self.wave)
        if len(waves_of(sources)) == 1:
            raise EditRefusedError(f"'{self.wave}' is the only wave.")
        if self.to_wave == self.wave:
            raise EditRefusedError("Choose another wave for its schools.")
        if self.to_wave is not None:
            known = schools_at(sources, wave_place(sources, self.to_wave))
            for school in (s for s in schools_at(sources, place) if s not in known):
                sources = with_school(sources, self.to_wave, school)
        sources = without(sources, PROGRAMME_FILE, ("waves", place))
        return _without_former(sources, self.wave, tuple(_services(sources)))

    def words(self, name: Namer = ids) -> str:
        schools = f"; its schools move to {name('wave', self.to_wave)}" if self.to_wave is not None else ""
        return f"Remove {name('wave', self.wave)}{schools}."


class OrderWaves(EditBase):
    """Put the waves into another order: a wave can wait for the one before it."""

    kind: Literal["order-waves"] = "order-waves"
    title: ClassVar[str] = "Change the order of the waves"
    waves: tuple[Id, ...] = Field(min_length=1, description="All waves, the first one first")

    def apply(self, sources: Sources) -> Sources:
        known = [str(wave["id"]) for wave in waves_of(sources)]
        if sorted(known) != sorted(self.waves):
            raise EditRefusedError("Waves have been added or removed since the order was chosen.")
        order = [known.index(wave) for wave in self.waves]
        text = yaml_patch.reorder(sources[PROGRAMME_FILE], ("waves",), order, file=PROGRAMME_FILE)
        return {**sources, PROGRAMME_FILE: text}

    def words(self, name: Namer = ids) -> str:
        return f"Put the waves into this order: {', '.join(name('wave', wave) for wave in self.waves)}."


def _no_earlier(day: date) -> str:
    return f"no go-live before {format_day(day)}"


def _services(sources: Sources) -> list[str]:
    return [str(data_in(sources, name).get("service")) for name in sorted(sources) if name.startswith("services/")]


def _with_services(sources: Sources, place: int, services: tuple[str, ...]) -> Sources:
    path = ("waves", place, "services")
    if services:
        return with_value(sources, PROGRAMME_FILE, path, list(services))
    return sources if found_at(sources, PROGRAMME_FILE, path) is MISSING else without(sources, PROGRAMME_FILE, path)


def _without_former(sources: Sources, wave: str, left: tuple[str, ...]) -> Sources:
    """Remove the entries that only keep former ids of the wave's tasks, for the services that have left it."""
    for service in left:
        file = service_file(sources, service)
        for key, fields in list((data_in(sources, file).get("tasks") or {}).items()):
            if str(key).startswith(f"{wave}/") and isinstance(fields, dict) and fields.keys() == {"was"}:
                sources = without(sources, file, ("tasks", key))
    return sources


def _local(task: TaskId) -> str:
    return task.partition("/")[2]


def _one(names: tuple[str, ...]) -> str | list[str]:
    return names[0] if len(names) == 1 else list(names)
