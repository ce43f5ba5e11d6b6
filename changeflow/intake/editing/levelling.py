"""Edits of decisions about levelling."""

from datetime import date, time
from typing import ClassVar, Literal

from pydantic import NaiveDatetime

from changeflow.intake.editing.base import Namer, ids
from changeflow.intake.editing.sources import (
    Sources,
    found_at,
    with_or_without,
    with_value,
    without_item,
)
from changeflow.intake.editing.tasks import LEVELLING_FILE, TaskEdit
from changeflow.values.moments import format_day


class AcceptMove(TaskEdit):
    """Make a start that levelling proposes part of the plan: the task does not start before it."""

    kind: Literal["accept-move"] = "accept-move"
    title: ClassVar[str] = "Accept a levelled start"
    start: NaiveDatetime

    def apply(self, sources: Sources) -> Sources:
        self.place(sources, "start_no_earlier")
        sources = with_or_without(sources, LEVELLING_FILE, ("pinned", self.task), None)
        refused = found_at(sources, LEVELLING_FILE, ("refused",))
        names = refused if isinstance(refused, list) else [refused]
        if self.task in names:
            sources = without_item(sources, LEVELLING_FILE, ("refused",), names.index(self.task))
        return with_value(sources, LEVELLING_FILE, ("accepted", self.task), self._written())

    def _written(self) -> date:
        """Return the day, if the start is that of the day's work."""
        return self.start.date() if self.start.time() == time.min else self.start

    def words(self, name: Namer = ids) -> str:
        at = f" at {self.start:%H:%M}" if self.start.time() != time.min else ""
        return f"{name('task', self.task)}: start on {format_day(self.start.date())}{at}, when its team has time."
