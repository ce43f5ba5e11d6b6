"""Numbers from which tests make random examples."""

from collections.abc import Sequence
from typing import Any

import pytest


def seeds(numbers: Sequence[int], *, quick: int) -> list[Any]:
    """Return the numbers, for `parametrize`. `make check` takes the first few, and `make test` takes all of them."""
    return [*numbers[:quick], *(pytest.param(number, marks=pytest.mark.slow) for number in numbers[quick:])]
