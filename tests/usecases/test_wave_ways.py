"""Each request in a conflict leads to the form that changes it, filled in with what would be enough."""

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from changeflow.intake.folder import read_folder
from changeflow.programme.programme import Programme
from changeflow.reports.edit_wave_forms import limit_options
from changeflow.usecases.wave_requests import requests_of
from changeflow.usecases.wave_ways import page_for
from tests.builders import a_folder

ROLLOUT = """\
latest: 2027-10-29
teams: {trainers: {name: Trainers, days_per_week: 10, backfill: 2}}
groups: {trust: {at_once: 4}}
schools:
  ash: {earliest: 2027-02-01, pilot: true, fixed: {payroll: 2027-03-01}}
apart: [[cedar, ash]]
"""


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    folder: Path = a_folder(tmp_path_factory.mktemp("ways") / "trust")
    (folder / "rollout.yaml").write_text(ROLLOUT)
    return read_folder(folder).programme


@pytest.mark.parametrize(
    ("group", "words", "form", "fields"),
    [
        # Everyday work keeps its 2 days; 8 days and 20 % are 9.6.
        ("capacity:trainers", "Give Trainers 20% more days.", "set-team",
         {"team": "trainers", "days_per_week": "11.6"}),
        ("wave size:payroll", "Allow 7 schools in a wave of Payroll.", "set-limit",
         {"limit": "service|payroll|wave_size", "value": "7"}),
        ("weeks between:payroll", "Let waves of Payroll 2 follow each other after 3 weeks.", "set-limit",
         {"limit": "service|payroll|weeks_between", "value": "3"}),
        ("pilot first:payroll", "Judge the pilot of Payroll within 1 weeks.", "set-limit",
         {"limit": "service|payroll|evaluation_weeks", "value": "1"}),
        ("at once:ash", "Let Ash School have 3 changes at once.", "set-limit",
         {"limit": "school|ash|at_once", "value": "3"}),
        ("group:trust", "Let trust have 5 changes at once.", "set-limit",
         {"limit": "group|trust|at_once", "value": "5"}),
        ("fixed:ash/payroll", "Leave the date of Ash School, Payroll open.", "remove-pin", {"pin": "ash|payroll"}),
        ("apart:ash/cedar", "Let them go live in the same week.", "remove-apart", {"pair": "cedar|ash"}),
        ("hub together:north/payroll", "Keep hubs together by weight, not as a fixed limit.", "set-limit",
         {"limit": "hubs||together", "value": "weight"}),
        ("in the pilot:ash/payroll", "Leave open whether Ash School is in the pilot of Payroll.", "set-wishes",
         {"school": "ash", "earliest": "1/2/2027"}),
        ("pilot:payroll", "Roll Payroll out without a pilot.", "set-limit",
         {"limit": "service|payroll|pilot", "value": "no"}),
        ("dates:ash/payroll", "", "set-wishes", {"school": "ash", "earliest": "1/2/2027"}),
        ("later", "Let the last go-live be 2 weeks later.", "set-limit",
         {"limit": "rollout||latest", "day": "12/11/2027"}),
        ("wave size:payroll", "", "set-limit", {"limit": "service|payroll|wave_size"}),
    ],
)  # fmt: skip
def test_a_request_leads_to_its_form(programme: Programme, group: str, words: str, form: str, fields: dict[str, str]):
    page, _, query = page_for(programme, group, words).partition("?")
    assert (page, dict(parse_qsl(query))) == (f"edits/{form}", fields)


def test_the_schools_of_the_plans_pilot_are_chosen_on_their_own_page(programme: Programme):
    words = "Leave open which schools are in the pilot of Payroll."
    assert page_for(programme, "pilot:payroll", words) == "pilot-schools"


@pytest.mark.parametrize("group", ["fixed:cedar/payroll", "order:ash/payroll before finance"])
def test_a_request_that_no_form_changes_leads_nowhere(programme: Programme, group: str):
    """What has happened is fixed as well, but no file says so."""
    assert page_for(programme, group) == ""


def test_requests_are_listed_with_the_form_that_changes_them(programme: Programme):
    assert [(line.who, line.what, line.form.partition("?")[0]) for line in requests_of(programme)] == [
        ("Ash School", "Payroll goes live on 1 Mar 2027", "edits/remove-pin"),
        ("Ash School", "No go-live before 1 Feb 2027; in the pilot", "edits/set-wishes"),
        ("Cedar School and Ash School", "Never in the same week", "edits/remove-apart"),
    ]


def test_every_limit_is_shown_with_its_value(programme: Programme):
    shown = dict(limit_options(programme))
    assert shown["rollout||latest"] == "All: the last day of any go-live (now 29 Oct 2027)"
    assert shown["service|payroll|wave_size"] == "Payroll: the most schools in a wave (now 5 schools)"
    assert shown["group|trust|at_once"] == "Trust: the most changes at once at its schools together (now 4 changes)"
    assert shown["school|ash|at_once"] == "Ash School: the most changes at once (now the default)"
