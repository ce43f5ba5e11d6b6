"""Ids, and the base class of every value that enters from outside."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from changeflow.values.limits import check_value


def as_list(value: object) -> object:
    """Accept one value in place of a list."""
    return [value] if isinstance(value, str) else value


class Frozen(BaseModel):
    """A value that enters from outside: immutable. Unknown keys and values beyond the limits are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _within_limits(cls, value: Any) -> Any:  # noqa: ANN401
        check_value(value)
        return value


T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Same(Generic[T]):
    """A large immutable value as a key, compared by identity because comparing contents takes longer than it saves."""

    value: T

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value


ID_PATTERN = r"^[a-z0-9][a-z0-9-]*$"
Id = Annotated[str, Field(pattern=ID_PATTERN, max_length=60)]
"""A short local id: lower-case letters, digits and hyphens."""

TaskId = str
"""A full id: `payroll/oakfield/train-staff`, `payroll/w2/go-live`, `payroll/requirements`, `programme/close`."""


def calendar_uid(task: TaskId, programme: Id) -> str:
    """Return a task's permanent id in calendars (RFC 5545, 3.8.4.7)."""
    return f"{task.replace('/', '-')}.{programme}@changeflow"
