"""Edits of risk.yaml: how likely an event is, and recovery options that have become part of the plan."""

from typing import ClassVar, Literal

from pydantic import Field

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.base import EditBase, Namer, ids
from changeflow.intake.editing.sources import Sources, data_in, place_of, with_value, without
from changeflow.values.base import Id

RISK_FILE = "risk.yaml"
_OPTIONS = ("recovery_options", "levers")
"""The name of the list, and its name in files of earlier releases."""


class SetEvent(EditBase):
    """Change how likely an event is."""

    kind: Literal["set-event"] = "set-event"
    title: ClassVar[str] = "Change the likelihood of an event"
    event: Id
    probability: float = Field(ge=0, le=1)

    def apply(self, sources: Sources) -> Sources:
        place = place_of(data_in(sources, RISK_FILE).get("events"), "id", self.event)
        if place is None:
            raise EditRefusedError(f"There is no event '{self.event}'.")
        return with_value(sources, RISK_FILE, ("events", place, "probability"), self.probability)

    def words(self, name: Namer = ids) -> str:
        return f"{name('event', self.event)}: the likelihood is now {self.probability * 100:g}%."


class RemoveOption(EditBase):
    """Remove a recovery option, for example because it is now part of the plan."""

    kind: Literal["remove-option"] = "remove-option"
    title: ClassVar[str] = "Remove a recovery option"
    option: Id

    def apply(self, sources: Sources) -> Sources:
        data = data_in(sources, RISK_FILE)
        for key in _OPTIONS:
            place = place_of(data.get(key), "id", self.option)
            if place is not None:
                return without(sources, RISK_FILE, (key, place))
        raise EditRefusedError(f"There is no recovery option '{self.option}'.")

    def words(self, name: Namer = ids) -> str:
        return f"Remove {name('option', self.option)} from the recovery options, because it is now part of the plan."
