"""A task's name has one form: service, wave or school, then the task."""

import pytest

from changeflow.roadmap.model.naming import TaskName

STAFF = TaskName("Train staff", service="Payroll", place="Oakfield Primary")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (TaskName("Confirm readiness", service="Payroll", place="wave 2"), "Payroll, wave 2: confirm readiness"),
        (TaskName("Go/no-go decision", service="Payroll", place="pilot"), "Payroll, pilot: go/no-go decision"),
        (TaskName("Agree the roadmap", service="HR"), "HR: agree the roadmap"),
        (TaskName("HR system live", service="HR", place="wave 1"), "HR, wave 1: HR system live"),
        (TaskName("Close the programme"), "Close the programme"),
    ],
)
def test_a_name_begins_with_service_and_place(name: TaskName, text: str):
    assert str(name) == text


def test_a_name_never_has_two_colons():
    assert str(TaskName("Sign-off: part 1", service="HR", place="wave 3")) == "HR, wave 3: sign-off, part 1"


@pytest.mark.parametrize("service", ["Payroll", "HR, payroll: all staff", ""])
@pytest.mark.parametrize("place", ["wave 2", "St Mary's, Ash: infants", ""])
def test_a_name_is_taken_apart_as_it_was_composed_whatever_commas_it_has(service: str, place: str):
    name = TaskName("move staff, posts and budgets", service=service, place=place)
    assert TaskName.taken_apart(str(name), service=service, place=place) == name


def test_a_table_with_columns_for_service_and_wave_shows_the_step_alone():
    assert TaskName("train staff", service="Payroll", place="wave 2").alone == "Train staff"


def test_a_list_of_one_place_leaves_the_place_out():
    assert STAFF.without_place == "Payroll: train staff"


def test_each_form_has_the_place_first_and_as_earlier_releases_wrote_it():
    full, local, without_place, step = STAFF.forms()
    assert {"Payroll, Oakfield Primary: train staff", "Payroll: Train staff, Oakfield Primary"} <= {*full}
    assert {"Oakfield Primary: Train staff", "Train staff, Oakfield Primary"} <= {*local}
    assert (without_place, step) == (("Payroll: train staff",), ("Train staff",))
