"""A task may be named by its id, by the end of it, by its service and step, or as people read it."""

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
def test_a_name_that_one_task_has_means_that_task(name: str, task: str):
    assert task_named(name, TASKS) == task


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("w2/go-live", ("estates/w2/go-live", "payroll/w2/go-live")),
        ("payroll/go-live", ("payroll/w1/go-live", "payroll/w2/go-live")),
        ("go-live", ("estates/w2/go-live", "payroll/w1/go-live", "payroll/w2/go-live")),
    ],
)
def test_a_name_that_several_have_lists_them(name: str, candidates: tuple[str, ...]):
    with pytest.raises(AmbiguousNameError, match="Write more of the name") as caught:
        task_named(name, TASKS)
    assert caught.value.candidates == candidates


@pytest.mark.parametrize("name", ["live", "w3/go-live", "", "/", "go-live/w2"])
def test_a_name_that_none_has_is_refused(name: str):
    with pytest.raises(UnknownThingError, match="There is no task"):
        task_named(name, TASKS)


def test_a_slip_of_the_pen_in_a_short_name_is_recognised():
    with pytest.raises(UnknownThingError, match="Did you mean 'w1/go-live'"):
        task_named("w1/go-life", TASKS)
