"""An interruption ends a search and goes on to the command, the first time."""

import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from changeflow.roadmap.solving import solved
from tests.waiting import PATIENCE


class Endless:
    """A solver that goes on until it is stopped."""

    parameters: Any = SimpleNamespace()

    def __init__(self) -> None:
        self.began, self.stopped = threading.Event(), threading.Event()

    def solve(self, model: str, /) -> str:
        self.began.set()
        assert self.stopped.wait(PATIENCE)
        return model

    def stop_search(self) -> None:
        self.stopped.set()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What runs in the background may have been started with interruptions ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_first_interruption_stops_the_search_and_goes_on():
    solver = Endless()

    def interrupt() -> None:
        assert solver.began.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        solved(solver, "model")
    assert solver.stopped.is_set()


class Failing(Endless):
    def solve(self, model: str, /) -> str:
        raise TimeoutError(model)


def test_what_a_solver_answers_or_raises_comes_back():
    quick = Endless()
    quick.stopped.set()
    assert solved(quick, "model") == "model"
    with pytest.raises(TimeoutError, match="model"):
        solved(Failing(), "model")


class FailsInPresolve(Endless):
    def solve(self, model: str, /) -> str:
        if getattr(self.parameters, "cp_model_presolve", True):
            raise IndexError("absl::container_internal::raw_hash_map<>::at")
        return model


def test_a_model_whose_presolving_fails_is_solved_without():
    solver = FailsInPresolve()
    solver.parameters = SimpleNamespace()
    assert solved(solver, "model") == "model"
