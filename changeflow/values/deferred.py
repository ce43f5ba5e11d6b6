"""A value that is computed when someone first reads it, because few readers need it."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Deferred(Generic[T]):
    """A value to be computed once. JSON has the value itself, and pydantic reads it from there."""

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._found: list[T] = []

    def get(self) -> T:
        """Return the value. If two threads ask at the same time, both may compute it."""
        if not self._found:
            self._found.append(self._make())
        return self._found[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Deferred) and bool(self.get() == other.get())

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        def made(value: T) -> Deferred[T]:
            return cls(lambda: value)

        return core_schema.no_info_after_validator_function(made, handler(*get_args(source)))
