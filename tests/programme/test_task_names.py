"""A task may be named by its id, the end of its id, its service and step, or its name."""

from dataclasses import replace

import pytest

from changeflow.errors import AmbiguousNameError, UnknownThingError
from changeflow.programme.task_names import task_named
from tests.builders import a_task

IDS = ("payroll/plan", "payroll/w1/go-live", "payroll/w2/go-live", "payroll/ash/train", "estates/w2/go-live")
TASKS = {i: replace(a_task(i), name=f"Task {i}") for i in (*IDS, "programme/close")}


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("payroll/w2/go-live", "payroll/w2/go-live"),
        ("plan", "payroll/plan"),
        ("ash/train", "payroll/ash/train"),
        ("train", "payroll/ash/train"),
        ("w1/go-live", "payroll/w1/go-live"),
        ("payroll/train", "payroll/ash/train"),
        ("estates/go-live", "estates/w2/go-live"),
        ("close", "programme/close"),
        ("task  payroll/plan", "payroll/plan"),
    ],
)
def test_a_unique_name_means_that_task(name: str, task: str):
    assert task_named(name, TASKS) == task


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("w2/go-live", ("estates/w2/go-live", "payroll/w2/go-live")),
        ("payroll/go-live", ("payroll/w1/go-live", "payroll/w2/go-live")),
        ("go-live", ("estates/w2/go-live", "payroll/w1/go-live", "payroll/w2/go-live")),
    ],
)
def test_an_ambiguous_name_lists_the_candidates(name: str, candidates: tuple[str, ...]):
    with pytest.raises(AmbiguousNameError, match="Write more of the name") as caught:
        task_named(name, TASKS)
    assert caught.value.candidates == candidates


@pytest.mark.parametrize("name", ["live", "w3/go-live", "", "/", "go-live/w2"])
def test_an_unknown_name_is_refused(name: str):
    with pytest.raises(UnknownThingError, match="There is no task"):
        task_named(name, TASKS)


def test_a_typing_slip_in_a_short_name_is_recognised():
    with pytest.raises(UnknownThingError, match="Did you mean 'w1/go-live'"):
        task_named("w1/go-life", TASKS)
