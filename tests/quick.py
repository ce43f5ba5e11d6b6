"""Which cases of many alike `make check` takes."""

from collections.abc import Iterable
from typing import Any

import pytest


def quick_first(number: int, cases: Iterable[Any]) -> list[Any]:
    """Return the cases, for `parametrize`. `make check` takes the first few, and `make test` takes all of them."""
    return [case if n < number else pytest.param(case, marks=pytest.mark.slow) for n, case in enumerate(cases)]
