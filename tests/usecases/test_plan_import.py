"""Plans of other programs as programmes: their dates beside ours, and the folder that comes of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import ConflictError, CyclicRoadmapError, ProblemsError
from changeflow.intake.first_admin import FirstAdmin, with_admin
from changeflow.intake.folder import read_folder
from changeflow.intake.plan_links import links_between_tasks
from changeflow.intake.plan_places import ListedSchool, PlanAbout, guess_about, guess_places
from changeflow.roadmap.model.tasks import Link, LinkType, Roadmap, Task
from changeflow.storage.database import engine_for, read_scope
from changeflow.storage.facts import load_facts
from changeflow.usecases import definitions
from changeflow.usecases.export import export_schedule
from changeflow.usecases.first_run import open_first, write_texts
from changeflow.usecases.plan_dates import DateCause
from changeflow.usecases.plan_import import BuiltPlan, build_plan, read_plan, store_plan, write_folder
from changeflow.values.moments import minute_of
from changeflow.values.words import Kind, Phase
from tests.every_role import NOW
from tests.intake.project_files import WEEK, a_file, a_task, after, fields
from tests.intake.trust_plan import trust_plan

BEFORE = date(2026, 11, 30)
ADMIN = FirstAdmin("Programme Director", "Programme Director", "director@example.org")
ASH = (ListedSchool("Ash Primary", "primary"),)


def built(path: Path, *, on: date = BEFORE, schools: tuple[ListedSchool, ...] = ()) -> BuiltPlan:
    plan = read_plan(path)
    about = guess_about(plan.project, plan.tasks, organisation="A trust")
    about = replace(about, schools=schools) if schools else about
    return build_plan(plan, about, guess_places(plan.tasks, about), on=on)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[str]:
    db = f"sqlite:///{tmp_path / 'new.db'}"
    open_first(db=db)
    yield db
    engine_for(db).dispose()


def test_services_waves_schools_and_phases_are_guessed_from_names_and_outline(tmp_path: Path):
    plan = read_plan(trust_plan(tmp_path))
    about = guess_about(plan.project, plan.tasks)

    assert about.services == ("Payroll", "Finance")
    assert about.schools == (
        ListedSchool("Ash Primary", "primary", "wave 1"),
        ListedSchool("Beech School", "secondary", "wave 2"),
    )
    places = guess_places(plan.tasks, about)
    train, everything = places["6"], places["15"]
    assert (train.service, train.school, train.phase, train.kind) == (
        "Payroll", "Ash Primary", Phase.DEPLOY, Kind.TRAINING
    )  # fmt: skip
    assert (everything.service, everything.phase) == ("", None)


def test_each_other_date_is_explained(tmp_path: Path):
    """Twenty days of training from 8 March end on 2 April without holidays.

    Good Friday (26 March) and Easter Monday (29 March) make it end on Tuesday 6 April, two working days later; the
    weekend lies between. The go-live follows on 7 April, and the second training takes ten days from 8 April.
    The second go-live was set for 31 May, which is a bank holiday.
    """
    found = built(trust_plan(tmp_path))

    shown = [(d.task, d.theirs[1], d.ours[1], d.cause) for d in found.differences]
    assert shown == [
        ("payroll/ash-primary/train-staff", date(2027, 4, 2), date(2027, 4, 6), DateCause.CALENDAR),
        ("payroll/ash-primary/go-live", date(2027, 4, 5), date(2027, 4, 7), DateCause.FOLLOWS),
        ("payroll/beech-school/train-staff", date(2027, 4, 19), date(2027, 4, 21), DateCause.FOLLOWS),
        ("payroll/beech-school/go-live", date(2027, 5, 31), date(2027, 6, 1), DateCause.CALENDAR),
        ("programme/everything-is-live", date(2027, 5, 31), date(2027, 6, 1), DateCause.FOLLOWS),
    ]
    training = found.differences[0]
    assert training.detail == (
        "Closed here but not in the plan: Good Friday (26 Mar 2027) and Easter Monday (29 Mar 2027)."
    )
    assert training.why == (
        "“Payroll, Ash Primary: train staff” runs from 8 Mar to 6 Apr 2027, after “Payroll: build the payroll system” "
        "ends (5 Mar)."
    )
    assert (training.days, found.compared) == (4, 9)
    assert found.judged.findings


def test_a_plan_on_working_days_of_our_own_keeps_every_date(tmp_path: Path):
    """From Monday 1 March 2027: three days, then two from Thursday 4 March."""
    plan = a_file(tmp_path, tasks=a_task(1, 24) + a_task(2, 16, more=after(1)))
    found = built(plan, schools=ASH)
    assert found.differences == ()
    programme = found.judged.programme
    assert programme.days_of(found.texts.ids["2"]) == (date(2027, 3, 4), date(2027, 3, 5))


def test_work_that_has_not_started_by_today_moves_and_says_so(tmp_path: Path):
    found = built(trust_plan(tmp_path), on=date(2027, 1, 25))
    first = found.differences[0]
    assert (first.task, first.ours[0], first.cause) == (
        "payroll/agree-requirements", date(2027, 1, 25), DateCause.PROGRESS
    )  # fmt: skip


def test_a_date_set_by_hand_is_kept(tmp_path: Path):
    """Task 2 is set for 8 March by hand, although task 1 ends on 12 March."""
    by_hand = fields(Manual=1, ManualStart="2027-03-08T08:00:00", ManualFinish="2027-03-09T17:00:00")
    found = built(a_file(tmp_path, tasks=a_task(1, 80) + a_task(2, 16, more=after(1) + by_hand)), schools=ASH)
    days = found.judged.programme.days_of(found.texts.ids["2"])
    assert days == (date(2027, 3, 8), date(2027, 3, 9))


def with_daily_calendar(plan: Path) -> Path:
    """Add a calendar of seven working days to a file, with the UID 2."""
    weekend = "".join(WEEK[: WEEK.index("</WeekDay>") + 10].replace(">2<", f">{n}<", 1) for n in (1, 7))
    daily = "<Calendar><UID>2</UID><Name>Daily</Name><BaseCalendarUID>-1</BaseCalendarUID>"
    more = f"{daily}<WeekDays>{WEEK}{weekend}</WeekDays></Calendar></Calendars>"
    plan.write_text(plan.read_text().replace("</Calendars>", more))
    return plan


def test_a_task_without_days_off_works_every_day(tmp_path: Path):
    """Seven days from Monday 1 March 2027 end on Sunday 7 March. Its calendar is used, so nothing is noted."""
    tasks = a_task(1, 56, more=fields(CalendarUID=2)) + a_task(2, 56)

    found = built(with_daily_calendar(a_file(tmp_path, tasks=tasks)), schools=ASH)

    ends = [found.judged.programme.days_of(found.texts.ids[uid])[1] for uid in ("1", "2")]
    assert ends == [date(2027, 3, 7), date(2027, 3, 9)]
    assert found.texts.not_applied == {}


def test_the_working_week_is_that_of_the_tasks_if_none_uses_the_calendar_of_the_plan(tmp_path: Path):
    plan = with_daily_calendar(a_file(tmp_path, tasks=a_task(1, 56, more=fields(CalendarUID=2))))

    found = built(plan, schools=ASH)

    assert found.judged.programme.days_of(found.texts.ids["1"]) == (date(2027, 3, 1), date(2027, 3, 7))
    out = tmp_path / "out.xml"
    export_schedule("mspdi", out, source=plan, db="", programme=None, on=None, now=NOW)
    assert read_plan(out).project.stored["1"].finish == minute_of(date(2027, 3, 7)) + 17 * 60


def test_tasks_with_one_name_have_ids_of_their_own(tmp_path: Path):
    tasks = a_task(1) + a_task(2).replace("T2", "T1") + a_task(3).replace("T3", "…")
    found = built(a_file(tmp_path, tasks=tasks), schools=ASH)
    assert list(found.texts.ids.values()) == ["plan/t1", "plan/t1-2", "plan/task"]
    again = built(a_file(tmp_path, tasks=tasks), schools=ASH)
    assert again.texts.ids == found.texts.ids


def test_a_link_of_a_summary_binds_its_tasks():
    """B and C are below S; C follows B. A comes before S, and D after it: A before B, and C before D, are enough."""
    tasks = {name: Task(id=name, name=name, calendar="office") for name in "ASBCD"}
    links = (Link("A", "S"), Link("B", "C"), Link("S", "D"), Link("S", "D", LinkType.SS))
    roadmap = Roadmap(tasks=tasks, links=links, calendars={}, start=0, parents={"B": "S", "C": "S"})

    found = links_between_tasks(roadmap)

    assert {(k.predecessor, k.successor) for into in found.into.values() for k in into} == {
        ("A", "B"), ("B", "C"), ("C", "D")
    }  # fmt: skip
    assert found.left_out == [Link("S", "D", LinkType.SS)]


@pytest.mark.slow
def test_progress_of_the_plan_is_recorded_with_it(first: str, tmp_path: Path):
    """Requirements were agreed from 4 to 8 January, and the system is half built: 20 of 40 days are left."""
    more = {
        2: fields(PercentComplete=100, ActualStart="2027-01-04T08:00:00", ActualFinish="2027-01-08T17:00:00"),
        3: fields(PercentComplete=50, ActualStart="2027-01-11T08:00:00", RemainingDuration="PT160H0M0S",
                  ActualDuration="PT160H0M0S"),
    }  # fmt: skip
    found = built(trust_plan(tmp_path, more=more), on=date(2027, 3, 25))

    stored = store_plan(found, ADMIN, db=first, now=NOW)

    with read_scope(first) as session:
        known = load_facts(session, stored.programme).progress
    assert set(known) == {"payroll/agree-requirements", "payroll/build-the-payroll-system"}
    assert known["payroll/agree-requirements"].actual_finish == minute_of(date(2027, 1, 8)) + 17 * 60
    left = known["payroll/build-the-payroll-system"].remaining
    assert left is not None
    assert left.amount == 20 * 480


@pytest.mark.slow
def test_the_folder_is_the_programme_that_is_stored(first: str, tmp_path: Path):
    found = built(trust_plan(tmp_path))
    store_plan(found, ADMIN, db=first, now=NOW)
    texts, _ = with_admin(found.texts.texts, ADMIN)
    write_texts(tmp_path / "same", texts)
    assert definitions.difference(tmp_path / "same", db=first).is_same


def test_a_folder_is_written_once(tmp_path: Path):
    found = built(trust_plan(tmp_path))
    write_folder(found, tmp_path / "trust")
    assert read_folder(tmp_path / "trust").definition.programme.name == "Central services"
    with pytest.raises(ConflictError, match="is not empty"):
        write_folder(found, tmp_path / "trust")


def test_what_is_not_listed_belongs_to_every_school(tmp_path: Path):
    plan = read_plan(trust_plan(tmp_path))
    about = PlanAbout(name="Plan", organisation="A trust", services=("Payroll",), schools=ASH)
    places = guess_places(plan.tasks, about)
    assert {place.wave for place in places.values()} == {""}
    assert build_plan(plan, about, places, on=BEFORE).compared == 9


def test_a_plan_whose_tasks_wait_for_each_other_is_refused(tmp_path: Path):
    with pytest.raises(CyclicRoadmapError, match="wait for each other"):
        read_plan(a_file(tmp_path, tasks=a_task(1, more=after(2)) + a_task(2, more=after(1))))


def test_a_file_that_is_no_plan_is_refused(tmp_path: Path):
    (tmp_path / "plan.xml").write_text("<html><p>Not a plan</p></html>")
    with pytest.raises(ProblemsError):
        read_plan(tmp_path / "plan.xml")


def test_the_command_writes_a_folder_and_lists_other_dates(tmp_path: Path):
    plan, folder = trust_plan(tmp_path), tmp_path / "trust"
    result = CliRunner().invoke(app, ["import", str(plan), str(folder), "--at", "2026-11-30"])
    assert result.exit_code == 0
    headline, training, *_ = result.stdout.splitlines()
    assert headline == "5 of 9 tasks have dates that differ from the plan."
    assert training == (
        "  Payroll, Ash Primary: train staff: 8 Mar to 2 Apr 2027 there, 8 Mar to 6 Apr 2027 here. Working days: "
        "Closed here but not in the plan: Good Friday (26 Mar 2027) and Easter Monday (29 Mar 2027)."
    )
    assert len(read_folder(folder).definition.schools) == 2
    bare = a_file(tmp_path, tasks=a_task(1))
    assert "Name at least one with --school." in CliRunner().invoke(app, ["import", str(bare), str(folder)]).stderr
