"""Edits of schools and waves."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from changeflow.errors import EditRefusedError
from changeflow.intake.editing import schools_table
from changeflow.intake.editing.base import EditBase, Namer, ids
from changeflow.intake.editing.leaving import without_mentions
from changeflow.intake.editing.sources import (
    PROGRAMME_FILE,
    SCHOOLS_FILE,
    Sources,
    found_at,
    place_of,
    waves_of,
    with_item,
    with_value,
    without,
)
from changeflow.phrases import listed
from changeflow.programme.definition import SchoolPhase
from changeflow.values.base import Id
from changeflow.values.moments import format_day


def wave_place(sources: Sources, wave: str) -> int:
    """Return the place of a wave in the list of programme.yaml."""
    place = place_of(waves_of(sources), "id", wave)
    if place is None:
        raise EditRefusedError(f"There is no wave '{wave}'.")
    return place


def schools_at(sources: Sources, place: int) -> list[Any]:
    schools = found_at(sources, PROGRAMME_FILE, ("waves", place, "schools"))
    if not isinstance(schools, list):
        raise EditRefusedError("The wave has no list of schools.")
    return schools


def with_school(sources: Sources, wave: str, school: str) -> Sources:
    place = wave_place(sources, wave)
    if school in schools_at(sources, place):
        raise EditRefusedError(f"'{school}' is already in wave '{wave}'.")
    return with_item(sources, PROGRAMME_FILE, ("waves", place, "schools"), school)


def without_school(sources: Sources, wave: str, school: str) -> Sources:
    place = wave_place(sources, wave)
    schools = schools_at(sources, place)
    if school not in schools:
        raise EditRefusedError(f"'{school}' is not in wave '{wave}'.")
    if len(schools) == 1:
        raise EditRefusedError(f"'{school}' is the only school of wave '{wave}', and a wave needs a school.")
    return without(sources, PROGRAMME_FILE, ("waves", place, "schools", schools.index(school)))


def wave_item(
    id_: str, name: str, schools: Sequence[str], services: Sequence[str], *, pilot: bool, first_day: date | None
) -> dict[str, object]:
    """Return a new wave as programme.yaml has it."""
    item: dict[str, object] = {"id": id_, "name": name}
    item |= {"pilot": True} if pilot else {}
    item |= {"schools": list(schools)}
    item |= {"services": list(services)} if services else {}
    return item | ({"start_no_earlier": first_day} if first_day is not None else {})


class MoveSchool(EditBase):
    """Move a school from one wave to another."""

    kind: Literal["move-school"] = "move-school"
    title: ClassVar[str] = "Move a school to another wave"
    school: Id
    to_wave: Id
    from_wave: Id | None = Field(None, description="By default the only wave that has the school")

    def apply(self, sources: Sources) -> Sources:
        found = [str(w["id"]) for w in waves_of(sources) if self.school in (w.get("schools") or ())]
        if self.from_wave is None and len(found) > 1:
            raise EditRefusedError(f"'{self.school}' is in several waves: {', '.join(found)}. Choose one of them.")
        if self.from_wave is None and not found:
            raise EditRefusedError(f"'{self.school}' is in no wave.")
        source = self.from_wave or found[0]
        if source == self.to_wave:
            raise EditRefusedError(f"'{self.school}' is already in wave '{self.to_wave}'.")
        return with_school(without_school(sources, source, self.school), self.to_wave, self.school)

    def words(self, name: Namer = ids) -> str:
        source = f" from {name('wave', self.from_wave)}" if self.from_wave else ""
        return f"Move {name('school', self.school)}{source} to {name('wave', self.to_wave)}."


class AddWave(EditBase):
    """Add a wave after the others, with schools from other waves or new ones."""

    kind: Literal["add-wave"] = "add-wave"
    title: ClassVar[str] = "Add a wave"
    id: Id
    name: str = Field(min_length=1)
    schools: tuple[Id, ...] = Field(min_length=1, description="Taken out of the waves that have them now")
    services: tuple[Id, ...] = Field((), description="By default all")
    pilot: bool = False
    first_day: date | None = Field(None, description="It has no go-live before this day")

    def apply(self, sources: Sources) -> Sources:
        if place_of(waves_of(sources), "id", self.id) is not None:
            raise EditRefusedError(f"There is already a wave '{self.id}'.")
        for wave in waves_of(sources):
            for school in (s for s in wave.get("schools") or () if s in self.schools and self._takes(wave)):
                sources = without_school(sources, str(wave["id"]), school)
        item = wave_item(self.id, self.name, self.schools, self.services, pilot=self.pilot, first_day=self.first_day)
        return with_item(sources, PROGRAMME_FILE, ("waves",), item)

    def _takes(self, wave: dict[str, Any]) -> bool:
        """Return whether a wave is for some of the same services, so that a school can be in one of the two only."""
        theirs = wave.get("services") or ()
        return not self.services or not theirs or any(service in theirs for service in self.services)

    def words(self, name: Namer = ids) -> str:
        services = f" for {listed([name('service', s) for s in self.services])}" if self.services else ""
        day = f"; no go-live before {format_day(self.first_day)}" if self.first_day is not None else ""
        return f"Add {self.name} with {', '.join(name('school', s) for s in self.schools)}{services}{day}."


class RenameWave(EditBase):
    """Give a wave another name; its id and its records stay."""

    kind: Literal["rename-wave"] = "rename-wave"
    title: ClassVar[str] = "Rename a wave"
    wave: Id
    name: str = Field(min_length=1)

    def apply(self, sources: Sources) -> Sources:
        place = wave_place(sources, self.wave)
        return with_value(sources, PROGRAMME_FILE, ("waves", place, "name"), self.name)

    def words(self, name: Namer = ids) -> str:
        return f"Rename {name('wave', self.wave)} to “{self.name}”."


class AddSchool(EditBase):
    """Add a school and put it into a wave. After the programme's start it joins on the day of the change."""

    kind: Literal["add-school"] = "add-school"
    title: ClassVar[str] = "Add a school"
    id: Id
    name: str = Field(min_length=1)
    phase: SchoolPhase
    authority: Id
    wave: Id
    hub: Id | None = None
    pupils: int | None = Field(None, ge=0)
    urn: str | None = None

    def apply(self, sources: Sources) -> Sources:
        fields = ("id", "name", "phase", "authority", "hub", "pupils", "urn")
        cells = {f: str(value) for f in fields if (value := getattr(self, f)) is not None}
        text = schools_table.with_school(schools_table.text_in(sources), schools_table.columns_in(sources), cells)
        return with_school({**sources, SCHOOLS_FILE: text}, self.wave, self.id)

    def words(self, name: Namer = ids) -> str:
        return f"Add {self.name} to {name('wave', self.wave)}."


class RemoveSchool(EditBase):
    """Remove a school that leaves the programme, with its tasks and their records."""

    kind: Literal["remove-school"] = "remove-school"
    title: ClassVar[str] = "Remove a school"
    needs_reason: ClassVar[bool] = True
    school: Id

    def apply(self, sources: Sources) -> Sources:
        text = schools_table.without_school(
            schools_table.text_in(sources), schools_table.columns_in(sources), self.school
        )
        sources = {**sources, SCHOOLS_FILE: text}
        for wave in waves_of(sources):
            if self.school in (wave.get("schools") or ()):
                sources = without_school(sources, str(wave["id"]), self.school)
        return without_mentions(sources, self.school)

    def words(self, name: Namer = ids) -> str:
        return f"Remove {name('school', self.school)}, which leaves the programme."

    def retires(self, task: str) -> bool:
        return self.school in task.split("/")[1:-1]
