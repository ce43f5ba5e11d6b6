"""Edits of the requests and limits for wave proposals: fixed days, what schools ask for, and limits of the rollout.

They are in rollout.yaml, and move no date in the plan itself.
"""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from changeflow.errors import EditRefusedError
from changeflow.intake.editing import schools_table
from changeflow.intake.editing.base import EditBase, Namer, check_setting, ids
from changeflow.intake.editing.sources import (
    ROLLOUT_FILE,
    SCHOOLS_FILE,
    Sources,
    found_at,
    service_file,
    with_item,
    with_or_without,
    with_value,
    without,
)
from changeflow.intake.editing.yaml_patch import MISSING
from changeflow.phrases import capitalised
from changeflow.programme.rollout_limits import LIMITS, limit_in_words
from changeflow.roadmap.model.requests import Group, Hubs, Rollout, SchoolRollout, ServiceRollout
from changeflow.values.base import Frozen, Id
from changeflow.values.moments import format_day


class SetWishes(EditBase):
    """Record what a school asks for: the first and last day of a go-live, and whether it is in the pilot."""

    kind: Literal["set-wishes"] = "set-wishes"
    title: ClassVar[str] = "Record what a school asks for"
    school: Id
    earliest: date | None = Field(None, description="No go-live before this day; empty for any day")
    latest: date | None = Field(None, description="No go-live after this day; empty for any day")
    pilot: bool | None = Field(None, description="In the pilot, or not in it; empty for either")

    def apply(self, sources: Sources) -> Sources:
        _check_school(sources, self.school)
        for field in ("earliest", "latest", "pilot"):
            sources = with_or_without(sources, ROLLOUT_FILE, ("schools", self.school, field), getattr(self, field))
        return sources

    def words(self, name: Namer = ids) -> str:
        parts = [f"no go-live before {format_day(self.earliest)}"] if self.earliest is not None else []
        parts += [f"no go-live after {format_day(self.latest)}"] if self.latest is not None else []
        if self.pilot is not None:
            parts.append("a place in the pilot" if self.pilot else "no place in the pilot")
        return f"{name('school', self.school)} asks for {'; '.join(parts) or 'nothing any more'}."


class SetPin(EditBase):
    """Fix the day of a school's go-live with a service."""

    kind: Literal["set-pin"] = "set-pin"
    title: ClassVar[str] = "Fix a school’s go-live in proposals"
    school: Id
    service: Id
    day: date

    def apply(self, sources: Sources) -> Sources:
        _check_school(sources, self.school)
        service_file(sources, self.service)
        return with_value(sources, ROLLOUT_FILE, ("schools", self.school, "fixed", self.service), self.day)

    def words(self, name: Namer = ids) -> str:
        day = format_day(self.day)
        return f"Proposals: {name('school', self.school)} goes live with {name('service', self.service)} on {day}."


class RemovePin(EditBase):
    """Let proposals choose the day of a school's go-live again."""

    kind: Literal["remove-pin"] = "remove-pin"
    title: ClassVar[str] = "Let proposals choose a go-live again"
    school: Id
    service: Id

    def apply(self, sources: Sources) -> Sources:
        path = ("schools", self.school, "fixed", self.service)
        if found_at(sources, ROLLOUT_FILE, path) is MISSING:
            raise EditRefusedError(f"'{self.school}' has no fixed day for '{self.service}'.")
        return without(sources, ROLLOUT_FILE, path)

    def words(self, name: Namer = ids) -> str:
        service = name("service", self.service)
        return f"Proposals: leave open when {name('school', self.school)} goes live with {service}."


class KeepApart(EditBase):
    """Never let two schools go live in the same week."""

    kind: Literal["keep-apart"] = "keep-apart"
    title: ClassVar[str] = "Keep two schools apart in proposals"
    school: Id
    other: Id

    @model_validator(mode="after")
    def _are_two(self) -> "KeepApart":
        if self.school == self.other:
            raise ValueError("Choose two different schools.")
        return self

    def apply(self, sources: Sources) -> Sources:
        _check_school(sources, self.school)
        _check_school(sources, self.other)
        if _place_of_pair(sources, self.school, self.other) is not None:
            raise EditRefusedError(f"'{self.school}' and '{self.other}' are already kept apart.")
        return with_item(sources, ROLLOUT_FILE, ("apart",), [self.school, self.other])

    def words(self, name: Namer = ids) -> str:
        names = f"{name('school', self.school)} and {name('school', self.other)}"
        return f"Proposals: {names} never go live in the same week."


class RemoveApart(EditBase):
    """Let two schools go live in the same week again."""

    kind: Literal["remove-apart"] = "remove-apart"
    title: ClassVar[str] = "Let two schools go live together again"
    school: Id
    other: Id

    def apply(self, sources: Sources) -> Sources:
        place = _place_of_pair(sources, self.school, self.other)
        if place is None:
            raise EditRefusedError(f"'{self.school}' and '{self.other}' are not kept apart.")
        return without(sources, ROLLOUT_FILE, ("apart", place))

    def words(self, name: Namer = ids) -> str:
        names = f"{name('school', self.school)} and {name('school', self.other)}"
        return f"Proposals: {names} may go live in the same week."


class SetLimit(EditBase):
    """Change one of the limits that proposals must not exceed, or restore its default."""

    kind: Literal["set-limit"] = "set-limit"
    title: ClassVar[str] = "Change a rollout limit"
    part: Literal["rollout", "service", "school", "group", "hubs"]
    of: Id | None = Field(None, description="Which service, school or group")
    setting: str
    value: JsonValue = Field(None, description="Empty for the default")

    @model_validator(mode="after")
    def _is_known(self) -> "SetLimit":
        if (self.part, self.setting) not in LIMITS or (self.of is None) != (self.part in ("rollout", "hubs")):
            raise ValueError(f"There is no limit '{self.setting}'.")
        if self.value is not None:
            check_setting(_MODELS[self.part], self.setting, self.value)
            self._read()
        return self

    def _read(self) -> object:
        """Return the value as the file's model reads it."""
        fields = {self.setting: self.value, **({"at_once": self.value} if self.part == "group" else {})}
        return getattr(_MODELS[self.part].model_validate(fields), self.setting)

    def _path(self) -> tuple[str, ...]:
        parts = {"service": "services", "school": "schools", "group": "groups", "hubs": "hubs"}
        above = (parts[self.part],) if self.part in parts else ()
        return (*above, *((self.of,) if self.of is not None else ()), self.setting)

    def apply(self, sources: Sources) -> Sources:
        if self.part == "service":
            service_file(sources, self.of or "")
        if self.part == "school":
            _check_school(sources, self.of or "")
        if self.part == "group" and found_at(sources, ROLLOUT_FILE, ("groups", self.of or "")) is MISSING:
            raise EditRefusedError(f"There is no group '{self.of}'.")
        path = self._path()
        if self.value is not None:
            return with_value(sources, ROLLOUT_FILE, path, self._read())
        if found_at(sources, ROLLOUT_FILE, path) is MISSING or self.part == "group":
            raise EditRefusedError("The limit already has its default.")
        return without(sources, ROLLOUT_FILE, path)

    def words(self, name: Namer = ids) -> str:
        what = LIMITS[self.part, self.setting]
        whose = f"{capitalised(name(self.part, self.of))}: " if self.of is not None else ""
        value = self._read() if self.value is not None else None
        shown = "the default" if value is None else limit_in_words(self.setting, value)
        return f"{whose}{what if self.of is not None else capitalised(what)}: {shown}."


_MODELS: Mapping[str, type[Frozen]] = {
    "rollout": Rollout,
    "service": ServiceRollout,
    "school": SchoolRollout,
    "group": Group,
    "hubs": Hubs,
}


def _check_school(sources: Sources, school: str) -> None:
    if SCHOOLS_FILE in sources:
        rows = schools_table.rows_of(sources[SCHOOLS_FILE], schools_table.columns_in(sources))
        if school not in rows:
            raise EditRefusedError(f"There is no school '{school}'.")


def _place_of_pair(sources: Sources, school: str, other: str) -> int | None:
    pairs = found_at(sources, ROLLOUT_FILE, ("apart",))
    known = pairs if isinstance(pairs, list) else []
    return next((n for n, pair in enumerate(known) if set(pair) == {school, other}), None)
