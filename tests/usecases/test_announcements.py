"""Announced go-live days: who was told which day, when and how, and how far the forecast is from it.

The small programme starts on Monday 4 January 2027. Requirements take five days, to Friday the 8th; the system five,
to the 15th; training two, to the 19th; the evidence of skills one. So all schools go live on Wednesday the 20th. Where
requirements end on Wednesday the 13th, all is three working days later: Monday 25 January, five days by calendar.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import select, update
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import InputError, ProblemsError, UnknownThingError
from changeflow.planning.waves import wave_problem
from changeflow.programme.announcements import GoLive, go_lives
from changeflow.programme.facts import Announcement
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.sro import SroReport
from changeflow.storage.database import session_scope
from changeflow.storage.tables.facts import AnnouncementRow
from changeflow.storage.tables.programme import BaselineRow
from changeflow.usecases import baselines, definitions, progress
from changeflow.usecases.announcements import announce, announce_forecast, import_announcements, withdraw_baseline
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from tests.builders import PROGRAMME, SCHOOLS, a_folder
from tests.conftest import SAMPLE, sample_copy
from tests.stored import store_once

PLANNED, LATE = date(2027, 1, 20), date(2027, 1, 25)


def change(db: str, day: int) -> Change:
    now = datetime(2027, 1, day, 8, tzinfo=UTC)
    return Change(db=db, programme=None, actor="chief", now=now, on=date(2027, 1, day))


def said(school: str, day: date, on: int, how: str = "letter") -> Announcement:
    return Announcement(service="payroll", school=school, day=day, on=date(2027, 1, on), how=how)


def lives(db: str, day: int) -> dict[str, GoLive]:
    return {live.school: live for live in go_lives(loaded(None, db=db, on=date(2027, 1, day)))}


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    now = datetime(2027, 1, 4, 8, tzinfo=UTC)
    store_once(a_folder(tmp_path / "trust"), db=db, actor="chief", now=now, on=date(2027, 1, 4))
    return db


def slip(db: str) -> None:
    progress.finish_task("payroll/requirements", date(2027, 1, 13), date(2027, 1, 4), change(db, 13))


@pytest.mark.slow
def test_a_baseline_announces_every_go_live(stored: str):
    taken = baselines.take_baseline("Agreed", change(stored, 4))
    assert (taken.number, taken.announced, taken.changed) == (1, 3, 0)
    slip(stored)
    found = lives(stored, 14)
    assert found.keys() == {"ash", "beech", "cedar"}
    assert {(g.announced, g.announced_on, g.how) for g in found.values()} == {(PLANNED, date(2027, 1, 4), "baseline 1")}
    assert {(g.day, g.days_late) for g in found.values()} == {(LATE, 5)}


@pytest.mark.thorough
def test_a_baseline_that_is_not_announced_announces_nothing(stored: str):
    assert baselines.take_baseline("Agreed", change(stored, 4), announces=False).announced == 0
    assert {g.announced for g in lives(stored, 4).values()} == {None}


@pytest.mark.slow
def test_what_a_baseline_announced_by_mistake_is_withdrawn_at_once(stored: str):
    """Ash had its day by letter before: that announcement counts again."""
    announce([said("ash", date(2027, 1, 22), 4)], change(stored, 4))
    baselines.take_baseline("Agreed", change(stored, 5))
    assert withdraw_baseline(1, "For the board alone", change(stored, 6)) == 3
    assert {s: g.announced for s, g in lives(stored, 6).items()} == {
        "ash": date(2027, 1, 22), "beech": None, "cedar": None,
    }  # fmt: skip
    assert withdraw_baseline(1, "Again", change(stored, 6)) == 0


@pytest.mark.slow
def test_a_second_baseline_announces_only_the_days_that_changed(stored: str):
    """All three are five days late. Ash was given the new day by letter before the second baseline."""
    baselines.take_baseline("Agreed", change(stored, 4))
    slip(stored)
    announce([said("ash", LATE, 13)], change(stored, 13))
    taken = baselines.take_baseline("Agreed again", change(stored, 14))
    assert (taken.announced, taken.changed) == (2, 2)
    assert {s: g.how for s, g in lives(stored, 14).items()} == {
        "ash": "letter", "beech": "baseline 2", "cedar": "baseline 2",
    }  # fmt: skip
    assert not any(g.is_late for g in lives(stored, 14).values())


@pytest.mark.slow
def test_the_announcement_of_the_latest_day_counts_in_whatever_order_they_were_recorded(stored: str):
    announce([said("ash", LATE, 12)], change(stored, 13))
    announce([said("ash", PLANNED, 6, "meeting")], change(stored, 13))
    ash = lives(stored, 13)["ash"]
    assert (ash.announced, ash.announced_on, ash.how) == (LATE, date(2027, 1, 12), "letter")


def test_announcing_the_same_again_changes_nothing(stored: str):
    assert announce([said("ash", PLANNED, 6)], change(stored, 7)) == 1
    assert announce([said("ash", PLANNED, 6)], change(stored, 8)) == 0
    with session_scope(stored) as session:
        assert len(session.exec(select(AnnouncementRow)).all()) == 1


@pytest.mark.slow
def test_the_forecast_is_announced_where_it_differs_from_what_was_announced(stored: str):
    baselines.take_baseline("Agreed", change(stored, 4))
    slip(stored)
    found = announce_forecast("payroll", ["ash", "cedar"], how="email", on=None, change=change(stored, 14))
    assert found == (said("ash", LATE, 14, "email"), said("cedar", LATE, 14, "email"))
    assert [s for s, g in lives(stored, 14).items() if g.is_late] == ["beech"]
    assert announce_forecast(None, ["ash"], how="email", on=None, change=change(stored, 14)) == ()


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (said("oak", PLANNED, 6), UnknownThingError, "oak"),
        (said("ash", PLANNED, 6, "pigeon"), UnknownThingError, "channel"),
        (said("ash", PLANNED, 9), InputError, "9 Jan 2027 is in the future"),
    ],
)
def test_what_cannot_have_been_announced_is_refused(stored: str, wrong: Announcement, error: type, message: str):
    with pytest.raises(error, match=message):
        announce([said("ash", PLANNED, 6), wrong], change(stored, 7))
    assert lives(stored, 7)["ash"].announced is None


def test_announcements_come_in_as_a_csv_as_a_whole_or_not_at_all(stored: str, tmp_path: Path):
    file = tmp_path / "announced.csv"
    file.write_text(
        "service,school,date,on,how\npayroll,ash,2027-01-20,2027-01-05,letter\npayroll,oak,2027-01-20,2027-02-01,fax\n"
    )
    with pytest.raises(ProblemsError) as caught:
        import_announcements(file, change(stored, 7))
    assert all(word in str(caught.value) for word in ("announced.csv:3", "oak", "fax", "2027-02-01"))
    file.write_text("service,school,date,on,how\npayroll,ash,2027-01-20,2027-01-05,letter\n")
    assert import_announcements(file, change(stored, 7)) == 1
    assert import_announcements(file, change(stored, 7)) == 0


@pytest.mark.slow
def test_a_school_that_is_no_longer_planned_was_announced_all_the_same(stored: str, tmp_path: Path):
    """Cedar leaves the waves: its announced go-live is no longer planned, and that is neither late nor on time."""
    baselines.take_baseline("Agreed", change(stored, 4))
    fewer = PROGRAMME.replace("  - {id: w2, name: wave 2, schools: [cedar]}\n", "")
    schools = SCHOOLS.replace("cedar,Cedar School,primary,north\n", "")
    folder = a_folder(tmp_path / "trust", programme=fewer, schools=schools)
    definitions.apply(folder, db=stored, actor="chief", now=datetime(2027, 1, 6, 8, tzinfo=UTC), on=date(2027, 1, 6))
    cedar = lives(stored, 6)["cedar"]
    assert (cedar.announced, cedar.day, cedar.is_dropped, cedar.is_late) == (PLANNED, None, True, False)


@pytest.mark.slow
def test_a_rollout_file_announces_what_it_says_anew(stored: str, tmp_path: Path):
    folder = tmp_path / "trust"
    (folder / "rollout.yaml").write_text("schools: {ash: {announced: {payroll: 2027-01-22}}}\n")
    definitions.apply(folder, db=stored, actor="chief", now=datetime(2027, 1, 6, 8, tzinfo=UTC), on=date(2027, 1, 6))
    ash = lives(stored, 6)["ash"]
    assert (ash.announced, ash.announced_on, ash.how) == (date(2027, 1, 22), date(2027, 1, 6), "rollout.yaml")


@pytest.mark.slow
def test_a_baseline_from_before_announcements_were_recorded_counts_as_announced(stored: str):
    baselines.take_baseline("Agreed", change(stored, 4), announces=False)
    with session_scope(stored) as session:
        session.exec(update(BaselineRow).values(announces=None))
    slip(stored)
    assert {(g.announced, g.how, g.days_late) for g in lives(stored, 14).values()} == {(PLANNED, "baseline 1", 5)}


@pytest.mark.slow
def test_waves_are_planned_around_the_announced_days(stored: str):
    """The programme's weeks count from Monday 4 January: 20 January is in week 2, 17 March in week 10."""
    baselines.take_baseline("Agreed", change(stored, 4))
    announce([said("cedar", date(2027, 3, 17), 6)], change(stored, 6))
    problem = wave_problem(loaded(None, db=stored, on=date(2027, 1, 6)))
    known = {school: week for (school, _), week in problem.announced.items()}
    assert known == {"ash": 2, "beech": 2, "cedar": 10}


@pytest.mark.slow
def test_the_commands_record_and_list(stored: str):
    def run(*words: str, day: int = 14) -> str:
        at = ["--db", stored, "--at", f"2027-01-{day:02}"]
        done = CliRunner().invoke(app, [*words, *at], env={"CHANGEFLOW_AS": "chief"})
        assert done.exit_code == 0, done.output
        return done.output

    assert "announces 3 go-lives" in run("baseline", "take", "--reason", "Agreed", day=4)
    slip(stored)
    said = run("announce", "date", "payroll", "2027-01-25", "--school", "ash", "--school", "beech", "--how", "letter")
    assert "2 announcements recorded" in said
    late = run("announce", "list", "--late").splitlines()
    assert len(late) == 2
    assert "5 days later (announced on 4 Jan 2027: baseline 1)" in late[1]
    assert "cedar" in run("fact", "list", "--kind", "announcement", "--about", "cedar")


def issue(db: str, day: int) -> SroReport:
    on = date(2027, 1, day)
    return issue_sro(None, db=db, today=on, actor="chief", now=datetime(2027, 1, day, 8, tzinfo=UTC))


NAMED = "3 of 3 school go-lives are later than announced: Payroll at Ash School, Beech School and Cedar School (25 Jan "
SENTENCE = "3 of 3 school go-lives are later than announced (Payroll, 3 schools: 25 Jan instead of 20 Jan 2027)."


@pytest.mark.slow
def test_the_report_leads_with_late_go_lives_and_the_trend_counts_them(stored: str):
    """The small programme's milestone has until December, so nothing else is late."""
    baselines.take_baseline("Agreed", change(stored, 4))
    progress.report_progress([ReportedProgress("payroll/requirements", date(2027, 1, 4))], change(stored, 4))
    before = issue(stored, 5)
    assert before.headline.startswith("All milestones are on track.")
    assert before.go_live_moves == ()
    slip(stored)
    after = issue(stored, 14)
    assert after.headline.startswith(NAMED)
    assert "on time" not in after.headline
    [move] = after.go_live_moves
    assert (move.announced, move.forecast, move.move) == ("20 Jan 2027", "25 Jan 2027", "5 days later")
    assert after.trend.go_lives.forecasts == ("0 of 3", "3 of 3")
    assert after.trend.go_lives.sentence == "3 more"
    assert SENTENCE in after.confidence.reasons
    announce_forecast(None, [], how="letter", on=None, change=change(stored, 14))
    assert "announced" not in sro_of_stored(None, db=stored, today=date(2027, 1, 14)).headline


@pytest.mark.thorough
@pytest.mark.slow
def test_the_samples_report_of_4_may_names_the_late_go_lives_first(db: str, tmp_path: Path):
    """14 schools and 3 services make 42. Finance's pilot (3 schools) goes live on 1 June instead of 4 May, because its
    system came three days later. Later waves wait for the pilot's review, and have time for that."""
    day, may = date(2026, 9, 1), date(2027, 5, 4)
    first, now = datetime(2026, 9, 1, 8, tzinfo=UTC), datetime(2027, 5, 4, 8, tzinfo=UTC)
    definitions.apply(sample_copy(tmp_path), db=db, actor="programme-manager", now=first)
    baselines.take_baseline("Agreed", Change(db=db, programme=None, actor="chief-executive", now=first, on=day))
    later = Change(db=db, programme=None, actor="programme-manager", now=now, on=may)
    store_import(SAMPLE / "progress.csv", later, SAMPLE / "decisions.csv")
    for path in sorted((SAMPLE / "adkar").glob("*.csv")):
        import_assessments(path, later)
    report = sro_of_stored(None, db=db, today=may)
    assert report.headline.startswith(
        "3 of 42 school go-lives are later than announced: "
        "Finance at Ashdown Primary, Oakfield School and The Bridge (1 Jun instead of 4 May 2027). "
    )
    late = {m.service: 0 for m in report.go_live_moves}
    for move in report.go_live_moves:
        late[move.service] += len(move.schools)
    assert late == {"Finance": 3}
