"""Which cases of many alike `make check` takes."""

from collections.abc import Iterable
from typing import Any

import pytest


def quick_first(number: int, cases: Iterable[Any]) -> list[Any]:
    """Return the cases, for `parametrize`. `make check` takes the first few, and `make test` takes all of them.

    A case that is a tuple has a value for each of several arguments.
    """
    values = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*own, marks=() if n < number else pytest.mark.slow) for n, own in enumerate(values)]
