"""What is kept in memory: the results used last, and few of those that a change has replaced."""

import gc
from collections.abc import Iterator

import pytest

from changeflow.collector import Sweeper
from changeflow.usecases.stored import Cache


def test_results_of_one_kind_push_out_each_other_and_nothing_else():
    kept: Cache[tuple[str, int], int] = Cache(4, alike=lambda key: key[0], most_alike=2)
    kept.keep(("other", 0), 0)
    for state in range(5):
        kept.keep(("programme", state), state)
    assert kept.values() == [4, 3, 0]


def test_the_result_used_last_stays():
    kept: Cache[tuple[str, int], int] = Cache(9, alike=lambda key: key[0], most_alike=2)
    kept.keep(("programme", 1), 1)
    kept.keep(("programme", 2), 2)
    assert kept.get(("programme", 1), lambda: -1) == 1
    kept.keep(("programme", 3), 3)
    assert kept.values() == [3, 1]


def test_without_kinds_only_the_number_counts():
    kept: Cache[int, int] = Cache(3)
    for key in range(9):
        kept.keep(key, key)
    assert kept.values() == [8, 7, 6]


class Knot:
    """Garbage that only a look through all memory finds."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        Knot.alive += 1

    def __del__(self) -> None:
        Knot.alive -= 1


@pytest.fixture
def own_collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.usefixtures("own_collector")
def test_a_sweep_finds_old_garbage_once_it_is_due():
    not_yet, sweeper = Sweeper(every=3600), Sweeper(every=0)
    Knot()
    gc.collect(1)
    gc.collect(1)
    alive = Knot.alive
    not_yet.sweep()
    assert (not_yet.is_due(), Knot.alive) == (False, alive)
    knot = Knot()
    gc.collect(1)
    del knot
    sweeper.sweep()
    assert Knot.alive == 0
