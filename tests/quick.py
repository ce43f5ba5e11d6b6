"""Which cases of many alike the commands take: `make check` a few, `make test` some, CI most, and a release all."""

import os
from collections.abc import Iterable
from typing import Any, TypeVar

import pytest

LEVEL = "CHANGEFLOW_TESTS"
"""The setting with which `make test` takes more cases."""
USUAL, THOROUGH, WHOLE = LEVELS = ("usual", "thorough", "whole")
"""What `make test` takes, what CI takes, and what one takes before a release. Each includes the one before."""
T = TypeVar("T")


def level() -> str:
    """Return which of the levels is asked for."""
    asked = os.environ.get(LEVEL) or USUAL
    if asked not in LEVELS:
        message = f"{LEVEL} is {asked!r}: choose one of {', '.join(LEVELS)}"
        raise pytest.UsageError(message)
    return asked


def left_out() -> tuple[str, ...]:
    """Return the marks of tests that the level leaves out."""
    return LEVELS[LEVELS.index(level()) + 1 :]


def many(usual: T, *, thorough: T, whole: T | None = None) -> T:
    """Return how many a test draws at the level that is asked for."""
    if level() == WHOLE and whole is not None:
        return whole
    return usual if level() == USUAL else thorough


def draws(number: int) -> int:
    """Return how many examples hypothesis draws: `make test` a quarter of them, in each run others."""
    return many(max(5, number // 4), thorough=number)


def quick_first(
    number: int, cases: Iterable[Any], *, usual: int | None = None, thorough: int | None = None
) -> list[Any]:
    """Return the cases, for `parametrize`.

    `make check` takes the first `number`, `make test` the first `usual` and CI the first `thorough`; None is all.
    A case that is a tuple has a value for each of several arguments.
    """
    return [_marked(case, n, number, usual, thorough) for n, case in enumerate(cases)]


def thorough_first(number: int, cases: Iterable[Any]) -> list[Any]:
    """Return the cases of a test that `make test` leaves out: CI takes the first few."""
    return quick_first(number, cases, thorough=number)


def _marked(case: Any, n: int, quick: int, usual: int | None, thorough: int | None) -> Any:
    marks = [pytest.mark.slow] if n >= quick else []
    if thorough is not None and n >= thorough:
        marks.append(pytest.mark.whole)
    elif usual is not None and n >= usual:
        marks.append(pytest.mark.thorough)
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks)
