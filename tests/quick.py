"""Which cases of many alike the commands take: `make check` a few, `make test` some, and all if one asks for them."""

import os
from collections.abc import Iterable
from typing import Any, TypeVar

import pytest

WHOLE = "CHANGEFLOW_WHOLE_TESTS"
"""The setting with which `make test` takes all cases."""
T = TypeVar("T")


def is_whole() -> bool:
    """Return whether all cases are to be taken."""
    return os.environ.get(WHOLE) == "1"


def many(usual: T, *, whole: T) -> T:
    """Return how many a test draws: usually, or if all cases are to be taken."""
    return whole if is_whole() else usual


def quick_first(number: int, cases: Iterable[Any], *, usual: int | None = None) -> list[Any]:
    """Return the cases, for `parametrize`. `make check` takes the first few, and `make test` the first `usual` ones.

    A case that is a tuple has a value for each of several arguments.
    """
    return [_marked(case, n, number, usual) for n, case in enumerate(cases)]


def usual_first(number: int, cases: Iterable[Any]) -> list[Any]:
    """Return the cases of a slow test: `make test` takes the first few."""
    return quick_first(number, cases, usual=number)


def _marked(case: Any, n: int, quick: int, usual: int | None) -> Any:
    marks = [pytest.mark.slow] if n >= quick else []
    if usual is not None and n >= usual:
        marks.append(pytest.mark.whole)
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks)
