"""Every baseline stays comparable, and the first one stays in sight, however often the plan is approved again.

The small programme starts on Monday 4 January 2027. Requirements take five days, to Friday the 8th; with what follows
the milestone “All are live” falls on Wednesday 20 January. With eight days of requirements it is Monday 25 January,
with ten Wednesday 27 January.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import InputError
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.sro import MilestoneLine, SroReport
from changeflow.usecases import baselines, definitions, progress, reports
from changeflow.usecases.changes import changes_since, variance_of
from changeflow.usecases.export import export_schedule
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.wave_use import milestone_effects
from changeflow.values.moments import day_of
from tests.builders import PROGRAMME, SERVICE, a_folder
from tests.stored import fill_once

DEADLINE = ", deadline: 2027-12-31"


def change(db: str, day: int) -> Change:
    now = datetime(2027, 1, day, 8, tzinfo=UTC)
    return Change(db=db, programme=None, actor="chief", now=now, on=date(2027, 1, day))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust")


@pytest.fixture
def approved_twice(db: str, folder: Path) -> str:
    """Baseline 1 on the 4th, 8 days of requirements and baseline 2 on the 5th, 10 days on the 6th."""

    def fill() -> None:
        store(db, folder, 4)
        progress.report_progress([ReportedProgress("payroll/requirements", date(2027, 1, 4))], change(db, 4))
        baselines.take_baseline("Agreed", change(db, 4))
        store(db, folder, 5, days=8)
        baselines.take_baseline("Agreed again", change(db, 5))
        store(db, folder, 6, days=10)

    fill_once("approved twice", db, folder.parent, fill)
    return db


def store(db: str, folder: Path, day: int, *, days: int = 5, programme: str = PROGRAMME) -> None:
    (folder / "programme.yaml").write_text(programme)
    text = SERVICE if days == 5 else SERVICE + f"tasks:\n  requirements: {{duration: {days}d}}\n"
    (folder / "services/payroll.yaml").write_text(text)
    definitions.apply(folder, db=db, actor="chief", now=change(db, day).now, on=date(2027, 1, day))


def report(db: str, day: int = 6) -> SroReport:
    return reports.sro_of_stored(None, db=db, today=date(2027, 1, day))


def milestone(db: str, day: int = 6) -> MilestoneLine:
    [line] = report(db, day).milestones
    return line


@pytest.mark.slow
@pytest.mark.parametrize(("since", "days"), [("baseline:1", 7), ("baseline:2", 2), ("baseline", 2)])
def test_each_baseline_can_be_compared_with(approved_twice: str, since: str, days: int):
    found = changes_since(None, db=approved_twice, since=since, on=date(2027, 1, 6))
    assert [slip.days for slip in found.slips] == [days]
    assert found.title == ("since the baseline was set" if since == "baseline" else f"since {since.replace(':', ' ')}")


@pytest.mark.slow
def test_the_variance_of_each_baseline_can_be_shown(approved_twice: str):
    on = date(2027, 1, 6)
    days = [variance_of(None, db=approved_twice, on=on, number=n).milestones[0].days for n in (1, 2, None)]
    assert days == [7, 2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("since", ["baseline:3", "baseline:0", "baseline:x"])
def test_a_baseline_that_there_is_not_is_an_error(approved_twice: str, since: str):
    with pytest.raises(InputError, match="The baselines are numbered 1 to 2"):
        changes_since(None, db=approved_twice, since=since, on=date(2027, 1, 6))


@pytest.mark.slow
def test_each_report_can_be_compared_with(approved_twice: str):
    """Reports are named by number, baselines by number, and days by themselves."""
    for day in (4, 5):
        now = change(approved_twice, day).now
        issue_sro(None, db=approved_twice, today=date(2027, 1, day), actor="chief", now=now)
    for since, title in (
        ("report:1", "since report 1 of 4 Jan 2027"),
        ("report:2", "since report 2 of 5 Jan 2027"),
        ("report", "since the report of 5 Jan 2027"),
        ("baseline:1", "since baseline 1"),
        ("2027-01-05", "since 5 Jan 2027"),
    ):
        found = reports.sro_of_stored(None, db=approved_twice, today=date(2027, 1, 6), since=since).changes
        assert found is not None
        assert found.title == title


@pytest.mark.slow
@pytest.mark.parametrize("since", ["report:1", "report:0", "report:x"])
def test_a_report_that_there_is_not_is_an_error(approved_twice: str, since: str):
    with pytest.raises(InputError, match="No report has been issued yet"):
        changes_since(None, db=approved_twice, since=since, on=date(2027, 1, 6))


@pytest.mark.slow
def test_the_report_shows_the_first_baseline_beside_the_latest(approved_twice: str):
    line = milestone(approved_twice)
    assert (line.first_baseline, line.baseline, line.forecast) == ("20 Jan 2027", "25 Jan 2027", "27 Jan 2027")
    assert "2 days later than the baseline" in line.sentence
    assert "7 days later than baseline 1" in line.sentence
    assert report(approved_twice).first_baseline == "Baseline 1 of 4 Jan 2027"


@pytest.mark.slow
def test_with_one_baseline_it_is_shown_once(db: str, folder: Path):
    store(db, folder, 4)
    baselines.take_baseline("Agreed", change(db, 4))
    found = report(db, 4)
    assert found.first_baseline == ""
    assert "baseline 1" not in found.milestones[0].sentence


@pytest.mark.slow
def test_the_trend_begins_with_the_first_baseline(approved_twice: str):
    now = change(approved_twice, 6).now
    issue_sro(None, db=approved_twice, today=date(2027, 1, 6), actor="chief", now=now)
    trend = report(approved_twice, 7).trend
    assert trend.first == "Baseline 1 of 4 Jan 2027"
    assert [line.first for line in trend.lines] == ["20 Jan 2027"]


@pytest.mark.thorough
@pytest.mark.slow
def test_a_dropped_milestone_stays_in_sight_and_in_the_headline(db: str, folder: Path):
    """Its deadline went first, then a new baseline approved the plan without the milestone."""
    store(db, folder, 4)
    baselines.take_baseline("Agreed", change(db, 4))
    store(db, folder, 5, programme=PROGRAMME.replace(DEADLINE, ""))
    assert report(db, 5).headline.startswith("The deadline of “All are live”, 31 Dec 2027, was dropped. ")
    assert "its deadline was 31 Dec 2027 in baseline 1" in milestone(db, 5).sentence
    store(db, folder, 6, programme=PROGRAMME.partition("milestones:")[0])
    assert report(db, 6).headline.startswith("The milestone “All are live” was dropped (deadline 31 Dec 2027, ")
    baselines.take_baseline("Without it", change(db, 6))
    line = milestone(db, 6)
    assert (line.state, line.baseline, line.first_baseline) == ("dropped", "–", "20 Jan 2027")
    assert "dropped" not in report(db, 6).headline


@pytest.mark.slow
def test_baselines_are_listed_with_whether_they_were_announced(db: str, folder: Path):
    store(db, folder, 4)
    baselines.take_baseline("Agreed", change(db, 4))
    baselines.take_baseline("For the board alone", change(db, 5), announces=False)
    words = ["baseline", "list", "--db", db]
    first, second = CliRunner().invoke(app, words).stdout.splitlines()
    assert first.split() == ["1", "4", "Jan", "2027", "Chief", "Executive:", "Agreed"]
    assert second.endswith("For the board alone; not announced")
    assert len(CliRunner().invoke(app, [*words, "--at", "2027-01-04"]).stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_milestone_at_midnight_is_on_one_day_everywhere(db: str, tmp_path: Path):
    """The runs take the pay periods of February and March, so “Runs are over” is at the midnight after 31 March: on the
    31st in the report, in the first baseline, in the variance and as a plan of waves would have it. A month longer, it
    is 30 days later, on 30 April."""
    milestone = "  runs: {name: Runs are over, after: payroll/run, deadline: 2027-03-31}\n"
    programme = PROGRAMME.replace("milestones:\n", f"milestones:\n{milestone}")
    steps = "tasks:\n  run: {duration: 2pp, after: requirements}\n"
    folder = a_folder(tmp_path / "trust", programme=programme, service=SERVICE + steps)
    (folder / "calendars").mkdir()
    pay = "calendar: own\npay_periods: {first_month: 2027-01, months: 24, payday: 28, cut_off_working_days: 5}\n"
    (folder / "calendars" / "own.yaml").write_text(pay, encoding="utf-8")
    definitions.apply(folder, db=db, actor="chief", now=change(db, 4).now)
    baselines.take_baseline("Agreed", change(db, 4))
    on = date(2027, 1, 5)
    [line] = [m for m in reports.sro_of_stored(None, db=db, today=on).milestones if m.name == "Runs are over"]
    assert (line.first_baseline, line.baseline, line.forecast, line.state) == (*["31 Mar 2027"] * 3, "on time")
    [varied] = [m for m in variance_of(None, db=db, on=on).milestones if m.name == "Runs are over"]
    assert (varied.baseline, varied.forecast, varied.days) == ("31 Mar 2027", "31 Mar 2027", 0)
    stored = stored_on(None, db=db, on=on)
    [effect] = [e for e in milestone_effects(stored.programme) if e.name == "Runs are over"]
    assert (effect.forecast, effect.days_late) == (date(2027, 3, 31), 0)
    (folder / "services" / "payroll.yaml").write_text(SERVICE + steps.replace("2pp", "3pp"), encoding="utf-8")
    definitions.apply(folder, db=db, actor="chief", now=change(db, 6).now)
    slips = changes_since(None, db=db, since="baseline", on=date(2027, 1, 6)).slips
    [slip] = [s for s in slips if s.name == "Runs are over"]
    assert slip.sentence == "“Runs are over” is 30 days later, on 30 Apr 2027 (was 31 Mar 2027)."


@pytest.mark.slow
def test_project_gets_the_latest_baseline_as_its_own_and_each_by_its_number(approved_twice: str, tmp_path: Path):
    """Requirements ended on Friday 8 January in the first, and on Wednesday the 13th in the second."""
    out, now = tmp_path / "plan.xml", change(approved_twice, 6).now
    export_schedule("mspdi", out, source=None, db=approved_twice, programme=None, on=date(2027, 1, 6), now=now)
    project = read_mspdi(out)
    [uid] = [uid for uid, name in project.names.items() if name.endswith("requirements")]
    ends = {number: day_of(dates[uid].finish).isoformat() for number, dates in project.baselines.items()}
    assert ends == {0: "2027-01-13", 1: "2027-01-08", 2: "2027-01-13"}
