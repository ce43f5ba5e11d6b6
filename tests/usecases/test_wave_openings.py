"""On which days a service may go live in a plan of waves: weeks, months, pay periods, terms, days of a meeting."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.planning.waves import wave_problem
from tests.builders import a_folder

TRUST = """\
calendar: trust
terms:
  - {name: Spring term, first_day: 2027-01-04, last_day: 2027-03-26}
  - {name: Summer term, first_day: 2027-04-12, last_day: 2027-07-21}
  - {name: Autumn term, first_day: 2027-09-02, last_day: 2027-12-17}
meetings:
  - {id: board, name: Board of Trustees, dates: [2027-02-24, 2027-04-14, 2027-06-09]}
"""


def trust(path: Path, opens_on: str, more: str = "", calendar: str = TRUST) -> Path:
    folder = a_folder(path)
    (folder / "calendars").mkdir()
    (folder / "calendars" / "trust.yaml").write_text(calendar)
    (folder / "rollout.yaml").write_text(
        f"latest: 2027-10-31\n{more}services:\n  payroll: {{opens_on: {opens_on}, pilot: false}}\n"
    )
    return folder


def days(path: Path, opens_on: str) -> list[date]:
    """Return the days on which Cedar could go live, and those that something else forbids."""
    programme = read_folder(trust(path, opens_on)).programme.scheduled()
    problem = wave_problem(programme)
    pair = ("cedar", "payroll")
    return sorted([c.day for c in problem.candidates[pair]])


def test_go_lives_can_open_on_the_days_of_a_meeting(tmp_path: Path):
    """The forecast of the first go-live is 20 January 2027, and all three meetings are after it."""
    assert days(tmp_path, "meeting/board") == [date(2027, 2, 24), date(2027, 4, 14), date(2027, 6, 9)]


@pytest.mark.slow
def test_go_lives_can_open_with_a_term(tmp_path: Path):
    """Spring term begins before the first forecast. Autumn term has no school weeks before it to be trained in."""
    assert date(2027, 4, 12) in days(tmp_path, "term")
    assert set(days(tmp_path / "b", "term")) <= {date(2027, 4, 12), date(2027, 9, 2)}


@pytest.mark.parametrize(
    ("opens_on", "what", "remedy"),
    [
        ("meeting/bord", "There is no meeting 'bord'.", "Did you mean 'board'?"),
        ("months", "'months' is not known here.", "Did you mean 'month'?"),
        ("meeting", "'meeting' is not known here.", ""),
        ("pay_period", "'payroll' needs pay periods.", "Add pay periods to calendars/."),
    ],
)
def test_an_opening_that_is_not_there_is_named_with_its_line(tmp_path: Path, opens_on: str, what: str, remedy: str):
    with pytest.raises(ProblemsError) as caught:
        read_folder(trust(tmp_path, opens_on))
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("rollout.yaml", 3)
    assert problem.what == what
    assert remedy in problem.remedy


def test_a_day_that_is_set_between_meetings_is_refused_with_the_meeting(tmp_path: Path):
    more = "schools: {cedar: {fixed: {payroll: 2027-02-23}}}\n"
    programme = read_folder(trust(tmp_path, "meeting/board", more)).programme.scheduled()
    reasons = wave_problem(programme).dropped["cedar", "payroll"].values()
    assert any("goes live on a day on which “Board of Trustees” meets" in reason for reason in reasons)
