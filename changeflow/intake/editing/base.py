"""What every edit has: its fields, what it does to the texts, and its words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ValidationError

from changeflow.intake.editing.sources import Sources
from changeflow.values.base import Frozen

Namer = Callable[[str, str], str]
"""Returns the name of a thing, given its kind (`school`, `wave`, `task`, `service`, `person`, …) and its id."""


def ids(kind: str, name: str) -> str:
    """Name things by their ids, where no programme is known."""
    return f"'{name}'"


class EditBase(Frozen, ABC):
    """One change to a programme's files."""

    title: ClassVar[str]
    """What it does, as the heading of a form."""
    needs_reason: ClassVar[bool] = False
    """Whether someone must say why even if no announced date moves."""

    @abstractmethod
    def apply(self, sources: Sources) -> Sources:
        """Return the texts with this change; raise `EditRefusedError` if it does not apply to them."""

    @abstractmethod
    def words(self, name: Namer = ids) -> str:
        """Say in one sentence what it does."""

    def retires(self, task: str) -> bool:
        """Return whether it removes a task on purpose, although something may be recorded about the task."""
        return False


def check_setting(model: type[BaseModel], setting: str, value: object) -> None:
    """Raise a `ValueError` unless a setting of a file takes a value; the message gives the remedy."""
    annotation = model.model_fields[setting].annotation
    kinds = (annotation, *get_args(annotation))
    if isinstance(value, bool) != (bool in kinds):
        raise ValueError("Enter yes or no." if bool in kinds else "This setting is not yes or no. Enter its value.")
    if date in kinds and not isinstance(value, date | str):
        raise ValueError(_A_DAY)
    try:
        model.model_validate({setting: value})
    except ValidationError as error:
        for complaint in error.errors():
            if complaint["loc"][:1] == (setting,):
                raise ValueError(complaint_in_words(complaint)) from None


_A_DAY = "Enter a day."


def complaint_in_words(complaint: Mapping[str, Any]) -> str:
    """Say what to enter in place of a value that a model does not accept; `complaint` is pydantic's.

    >>> complaint_in_words({"type": "greater_than_equal", "msg": "", "ctx": {"ge": 2}})
    'Enter a number that is 2 or more.'
    """
    kind, context = str(complaint["type"]), complaint.get("ctx") or {}
    if kind == "value_error":
        return str(complaint["msg"]).removeprefix("Value error, ").rstrip(".") + "."
    if kind.startswith("date"):
        return _A_DAY
    if kind in ("literal_error", "enum"):
        return f"Enter one of these: {context['expected']}."
    remedy = _REMEDIES.get(kind, "Enter another value.")
    return remedy.format_map(context)


_REMEDIES: Mapping[str, str] = {
    "greater_than": "Enter a number above {gt:g}.",
    "greater_than_equal": "Enter a number that is {ge:g} or more.",
    "less_than": "Enter a number below {lt:g}.",
    "less_than_equal": "Enter a number that is {le:g} or less.",
    "int_from_float": "Enter a whole number.",
    "int_parsing": "Enter a whole number.",
    "int_type": "Enter a whole number.",
    "float_parsing": "Enter a number.",
    "float_type": "Enter a number.",
    "finite_number": "Enter a number.",
    "too_short": "Choose at least one.",
    "string_too_short": "Enter a text.",
    "string_too_long": "Enter a shorter text.",
    "string_pattern_mismatch": "Enter a name with at least one letter from A to Z.",
}
"""What to enter instead, by the type of pydantic's complaint."""
