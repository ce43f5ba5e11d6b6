"""A task may be named by its id, the end of its id, its service and step, or its name."""

from dataclasses import replace

import pytest

from changeflow.errors import AmbiguousNameError, UnknownThingError
from changeflow.programme.task_names import called, task_named
from changeflow.roadmap.model.naming import TaskName
from changeflow.roadmap.model.tasks import Task
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


def a_named_task(task: str, step: str, *, place: str = "", service: str = "Payroll") -> Task:
    name = TaskName(step, service=service, place=place)
    own = service.casefold()
    return replace(a_task(task), name=str(name), service_name=service, place=place, service=own)


NAMED = {
    t.id: t
    for t in (
        a_named_task("payroll/form", "Form the project team"),
        a_named_task("payroll/pilot/live", "Go live", place="pilot"),
        a_named_task("payroll/w2/live", "Go live", place="wave 2"),
        a_named_task("payroll/w2/start", "Release the wave", place="wave 2"),
        a_named_task("hr/w2/live", "Go live", place="wave 2", service="HR"),
        a_named_task("hr/form", "Form the team", service="HR"),
    )
}


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("Payroll, wave 2: go live", ["payroll/w2/live"]),
        ("Payroll: go live, wave 2", ["payroll/w2/live"]),  # as 0.1.0 wrote it
        ("payroll - go live - pilot wave", ["payroll/pilot/live"]),  # as 0.1.0 wrote it, too
        ("Payroll, pilot: Go live", ["payroll/pilot/live"]),
        ("Payroll, pilot wave: go live", ["payroll/pilot/live"]),
        ("Wave 2: go live", ["hr/w2/live", "payroll/w2/live"]),
        ("Go live, wave 2", ["hr/w2/live", "payroll/w2/live"]),
        ("Payroll: go live", ["payroll/pilot/live", "payroll/w2/live"]),
        ("Go live", ["hr/w2/live", "payroll/pilot/live", "payroll/w2/live"]),
        ("1.2 Release the wave", ["payroll/w2/start"]),
        ("Form the project team", ["payroll/form"]),
        ("Payroll, wave 3: go live", []),
        ("Payroll", []),
    ],
)
def test_a_name_may_have_wave_or_school_before_the_task_or_after_it(name: str, tasks: list[str]):
    assert called(name, NAMED) == tasks
