"""A plan that is being imported, between the pages: as read, where its tasks belong, and as a programme."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from changeflow.errors import InputError
from changeflow.intake.plan_places import (
    KINDS_IN_WORDS,
    WHOLE,
    PlanAbout,
    PlanTask,
    TaskPlace,
    guess_about,
    guess_places,
    schools_in_lines,
)
from changeflow.intake.plan_terms import terms_in_lines
from changeflow.storage.setup_files import OF_A_PLAN, SetupFiles
from changeflow.usecases.first_run import LONGEST_TEXT, check_line
from changeflow.usecases.plan_columns import COLUMNS_IN_WORDS, PlanColumn, plan_columns
from changeflow.usecases.plan_import import BuiltPlan, ReadPlan, build_plan, read_plan
from changeflow.usecases.project_files import TABLES
from changeflow.values.base import TaskId
from changeflow.values.words import Kind, Phase
from changeflow.web.forms import FieldError, Form, errors_of

T = TypeVar("T")
SHOWN_SINGLY = 60
"""The most tasks to show one by one; a larger plan shows the tasks of one summary at a time."""
MOST_LINES = 500
EVERY, KEEP = "-", ""
"""The values of choices: for all waves or schools, or no phase; and in a whole group, as it is."""


class PlanMemory:
    """What was worked out last about a plan, so that no page works it out again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, Any]] = {}
        self._lock = RLock()

    def get(self, name: str, key: object, make: Callable[[], T]) -> T:
        with self._lock:
            if name not in self._known or self._known[name][0] != key:
                self._known[name] = (key, make())
            found: T = self._known[name][1]
            return found


@dataclass(frozen=True, slots=True)
class SummaryTasks:
    """The tasks below one summary."""

    number: int
    title: str
    tasks: Sequence[PlanTask]


class SetupPlan:
    """The plan at the desk, with what was entered about it."""

    def __init__(self, files: SetupFiles, memory: PlanMemory, *, email: str) -> None:
        self.files, self.memory, self.email = files, memory, email
        self.draft = files.draft()

    @property
    def key(self) -> object:
        path = self.files.plan
        if path is None:
            return None
        return (path.name, path.stat().st_mtime_ns)

    @property
    def file_name(self) -> str:
        path = self.files.plan
        return path.name if path else ""

    @property
    def is_table(self) -> bool:
        """Whether the plan is a list of tasks, whose columns people can match."""
        return self.file_name.lower().endswith(TABLES)

    @property
    def columns(self) -> Sequence[PlanColumn]:
        """The columns of a list of tasks, each as chosen, or else as guessed."""
        path = self._path()
        found = self.memory.get("columns", self.key, lambda: plan_columns(path))
        chosen = self.draft.get("columns")
        if not chosen:
            return found
        return [replace(c, field=_among(chosen.get(f"c{n}", ""))) for n, c in enumerate(found, 1)]

    @property
    def read(self) -> ReadPlan:
        path = self._path()
        mapping = mapping_of(self.columns) if self.is_table else None
        key = (self.key, tuple(sorted(mapping.items())) if mapping else None)
        return self.memory.get("read", key, lambda: read_plan(path, columns=mapping))

    def _path(self) -> Path:
        path = self.files.plan
        if path is None:
            raise InputError("Choose a plan first.")
        return path

    @property
    def about(self) -> PlanAbout:
        """What was entered about the plan, or else a guess."""
        guess = guess_about(self.read.project, self.read.tasks)
        fields = self.draft.get("about")
        return replace(about_in(fields) if fields else guess, email=self.email)

    @property
    def places(self) -> Mapping[TaskId, TaskPlace]:
        """Where each task belongs: as chosen, or else as guessed."""
        about = self.about
        guessed = guess_places(self.read.tasks, about)
        known = {uid: _place_from(fields, about) for uid, fields in self.draft.get("places", {}).items()}
        return {uid: known.get(uid, place) for uid, place in guessed.items()}

    def built(self, today: date) -> BuiltPlan:
        """Return the plan as a programme that is not stored yet."""
        chosen = json.dumps([self.draft.get(step) for step in OF_A_PLAN], sort_keys=True)
        key = (self.key, chosen, today, self.email)
        return self.memory.get("built", key, lambda: build_plan(self.read, self.about, self.places, on=today))

    @property
    def groups(self) -> list[SummaryTasks]:
        """Return the summaries with tasks directly below them, in the plan's order."""
        found: dict[TaskId | None, list[PlanTask]] = {}
        for task in self.read.tasks:
            found.setdefault(task.parent, []).append(task)
        return [
            SummaryTasks(n, " › ".join(tasks[0].path) or "Tasks without a summary", tasks)
            for n, tasks in enumerate(found.values(), 1)
        ]

    def choose(self, form: Form) -> dict[str, Any]:
        """Return where each task belongs by a form: what was chosen for one task counts before its whole group."""
        about, places = self.about, dict(self.places)
        for group in self.groups:
            for task in group.tasks:
                place = places[task.uid]
                bulk, single = _chosen(form, f"g{group.number}"), _chosen(form, f"t{task.uid}")
                shown = choice_of(place)
                changed = {name: value for name, value in single.items() if value != shown[name]}
                places[task.uid] = _place_from({**shown, **bulk, **changed}, about)
        return {uid: choice_of(place) for uid, place in places.items()}


def _among(field: str) -> str:
    return field if field in COLUMNS_IN_WORDS else ""


def mapping_of(columns: Sequence[PlanColumn]) -> dict[str, str]:
    """Return the heading of each of our columns; raise an `InputError` if two columns are read as one, or none is."""
    found: dict[str, str] = {}
    for column in columns:
        if column.field in found:
            what = COLUMNS_IN_WORDS[column.field]
            raise InputError(f"“{found[column.field]}” and “{column.heading}” are both read as {what}. Choose one.")
        if column.field:
            found[column.field] = column.heading
    if "name" not in found:
        raise InputError("Choose the column with the names of the tasks.")
    return found


def _chosen(form: Form, prefix: str) -> dict[str, str]:
    names = ("service", "wave", "school", "phase", "kind")
    return {name: value for name in names if (value := form.get(f"{prefix}-{name}")) != KEEP}


def choice_of(place: TaskPlace) -> dict[str, str]:
    """Return a place as the values of its choices."""
    return {
        "service": place.service or EVERY,
        "wave": place.wave or EVERY,
        "school": place.school or EVERY,
        "phase": place.phase.value if place.phase else EVERY,
        "kind": place.kind.value,
    }


def _place_from(fields: Mapping[str, str], about: PlanAbout) -> TaskPlace:
    """Return the place that some choices mean. One that is no longer offered counts as not chosen.

    A task of a wave or school belongs to a service: to the first one, if none is chosen.
    """

    def among(name: str, known: Sequence[str]) -> str:
        value = str(fields.get(name, EVERY))
        return value if value in known else ""

    service, school = among("service", about.services), among("school", [s.name for s in about.schools])
    wave = "" if school else among("wave", about.waves)
    phase, kind = among("phase", [p.value for p in Phase]), among("kind", [k.value for k in KINDS_IN_WORDS])
    if (wave or school) and not service:
        service = about.services[0]
    found = Kind(kind) if kind and service else Kind.WORK
    return TaskPlace(service, wave, school, Phase(phase) if phase else None, found)


def choices(about: PlanAbout) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen for a task, as values and words."""
    return {
        "service": [(EVERY, WHOLE), *((s, s) for s in about.services)],
        "wave": [(EVERY, "All"), *((w, w.capitalize()) for w in about.waves)],
        "school": [(EVERY, "All"), *((s.name, s.name) for s in about.schools)],
        "phase": [(EVERY, "None"), *((p.value, p.value.capitalize()) for p in Phase)],
        "kind": [(k.value, words) for k, words in KINDS_IN_WORDS.items()],
    }


def about_in(fields: Mapping[str, str]) -> PlanAbout:
    """Read what was entered about a plan; raise a `FieldError` for a mistake."""
    check_names(fields)
    services = tuple(dict.fromkeys(_lines(fields, "services")))
    if not services:
        raise FieldError("services", "Name at least one service.")
    _lines(fields, "schools")
    with errors_of("schools"):
        schools = tuple(schools_in_lines(fields.get("schools", "").splitlines()))
    if not schools:
        raise FieldError("schools", "List at least one school.")
    _lines(fields, "terms")
    with errors_of("terms"):
        terms = tuple(terms_in_lines(fields.get("terms", "").splitlines()))
    return PlanAbout(
        terms=terms,
        name=" ".join(fields["name"].split()),
        organisation=" ".join(fields["organisation"].split()),
        services=services,
        schools=schools,
    )


def check_names(fields: Mapping[str, str]) -> None:
    """Check the names of a programme and its organisation; raise a `FieldError` for a mistake."""
    for name, what in (("name", "the name of the programme"), ("organisation", "the name of your organisation")):
        with errors_of(name):
            check_line(fields.get(name, ""), what)


def _lines(fields: Mapping[str, str], name: str) -> list[str]:
    lines = [" ".join(line.split()) for line in fields.get(name, "").splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise FieldError(name, f"There are {len(lines)} lines. Enter at most {MOST_LINES}.")
    if long := next((line for line in lines if len(line) > LONGEST_TEXT), None):
        raise FieldError(name, f"“{long[:40]}…” is longer than {LONGEST_TEXT} characters. Shorten it.")
    return lines


def fields_of(about: PlanAbout) -> dict[str, str]:
    """Return what is known about a plan as the fields of its form."""
    schools = (", ".join(filter(None, (s.name, s.phase, s.wave))) for s in about.schools)
    return {
        "name": about.name,
        "organisation": about.organisation,
        "services": "\n".join(about.services),
        "schools": "\n".join(schools),
    }
