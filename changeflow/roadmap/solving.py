"""Run a solver in a separate thread, so that the first Ctrl+C ends the command and not only the search."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Protocol, TypeVar

LOOK, GRACE = 0.1, 5.0
"""Seconds between checks for an interruption, and the seconds allowed for a stopped search to end."""
Model = TypeVar("Model", contravariant=True)
Status = TypeVar("Status", covariant=True)
Answer = TypeVar("Answer")


class Solver(Protocol[Model, Status]):
    """A solver that can be run and stopped, such as CP-SAT."""

    parameters: Any

    def solve(self, model: Model, /) -> Status: ...

    def stop_search(self) -> None: ...


def solved(solver: Solver[Model, Status], model: Model) -> Status:
    """Solve a model. An interruption at any moment stops the search and is passed on to the caller.

    Presolving some models ends in an `IndexError` inside OR-Tools 9.15: they are solved without it.
    """
    try:
        return _solved(solver, model)
    except IndexError:
        solver.parameters.cp_model_presolve = False
        return _solved(solver, model)


def _solved(solver: Solver[Model, Status], model: Model) -> Status:
    """Solve in a thread that ends before the process does, because a thread that is still computing would abort the
    process. Wait for the answer and not for the thread, because Python believes that a thread whose `join` was
    interrupted has ended.
    """
    answer: Future[Status] = Future()
    asking = threading.Thread(target=_answer, args=(answer, lambda: solver.solve(model)), daemon=True)
    try:
        asking.start()
        while not wait([answer], LOOK).done:
            pass
    except BaseException:
        solver.stop_search()
        if asking.ident is not None:
            wait([answer], GRACE)
        raise
    return answer.result()


def _answer(answer: "Future[Answer]", ask: Callable[[], Answer]) -> None:
    try:
        answer.set_result(ask())
    except BaseException as error:  # noqa: BLE001  (raised again where it was asked)
        answer.set_exception(error)
