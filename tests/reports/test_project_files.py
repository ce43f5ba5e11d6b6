"""A programme's Project file, read again by our own profile of Project: small ones worked by hand."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from lxml import etree

from changeflow.errors import InputError
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.programme.dates import Dates
from changeflow.reports.mspdi.elements import NAMESPACE
from changeflow.reports.mspdi.notes import _of_a_link
from changeflow.reports.mspdi.outline import Labels, numbers_of
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.engine.cpm import TimedTask, time_roadmap
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, TaskProgress
from changeflow.values.duration import Duration, Unit
from changeflow.values.words import Origin
from tests.builders import DAY, OFFICE, a_calendar, a_link, a_roadmap, a_task, at, clock

NS = f"{{{NAMESPACE}}}"


@dataclass(frozen=True)
class Written:
    """A file that was written: what Project calculates from it by our own profile, and its elements, by names."""

    timed: dict[str, TimedTask]
    elements: dict[str, etree._Element]
    root: etree._Element
    said: tuple[str, ...]

    def text(self, task: str, field: str) -> str | None:
        return self.elements[task].findtext(NS + field)

    def floats(self) -> dict[str, float]:
        """Total floats in days."""
        return {name: t.total_float / DAY for name, t in self.timed.items()}

    @property
    def critical(self) -> set[str]:
        return {name for name, t in self.timed.items() if t.critical}

    def lags(self, task: str) -> list[tuple[str | None, str | None]]:
        links = self.elements[task].findall(f"{NS}PredecessorLink")
        return [(k.findtext(f"{NS}LinkLag"), k.findtext(f"{NS}LagFormat")) for k in links]


def written(roadmap: Roadmap, path: Path, **more: object) -> Written:
    """Write a roadmap, and read it back; nothing may differ from the plan."""
    schedule = time_roadmap(roadmap)
    out = path / "plan.xml"
    said = write_roadmap(roadmap, schedule, out, name="A plan", calendar="office", **more)  # type: ignore[arg-type]
    assert not any("other dates" in line for line in said)
    project = read_mspdi(out)
    found = time_roadmap(project.roadmap)
    timed = {project.names[t]: x for t, x in found.timed.items() if t not in found.below}
    root = etree.parse(out).getroot()
    elements = {str(e.findtext(f"{NS}Name")): e for e in root.iter(f"{NS}Task")}
    for task, plan in schedule.timed.items():
        name = roadmap.tasks[task].name
        assert (timed[name].first_day, timed[name].last_day) == (plan.first_day, plan.last_day), name
        assert (timed[name].total_float, timed[name].critical) == (plan.total_float, plan.critical), name
        assert elements[name].findtext(f"{NS}TotalSlack") == str(plan.total_float * 10)
        assert elements[name].findtext(f"{NS}Critical") == str(int(plan.critical))
    return Written(timed, elements, root, said)


def test_a_start_window_keeps_the_float_on_both_sides(tmp_path: Path):
    """Prepare takes 4 to 8 January, and Live is at the start of a month: Monday 1 February. Check takes that day, and
    Other ends on Friday 26 February. Live has no float, as the next month begins after that; Prepare has the 15 days
    from 11 to 29 January, and Check the 19 from 2 to 26 February."""
    found = written(
        a_roadmap(
            a_task("Prepare", 5),
            a_task("Live", 0, starts_on="month"),
            a_task("Check", 1),
            a_task("Other", 40),
            links=("Prepare -> Live", "Live -> Check"),
        ),
        tmp_path,
    )
    assert found.floats() == {"Prepare": 15, "Live": 0, "Check": 19, "Other": 0}
    assert found.critical == {"Live", "Other"}
    assert (found.text("Live", "ConstraintType"), found.text("Live", "ConstraintDate")) == ("4", "2027-02-01T00:00:00")
    assert "No one has set it" in str(found.text("Live", "Notes"))
    [said] = found.said
    assert "cannot express these, so they are fixed dates in the file: 1 start, 1 deadline. Tasks' notes" in said


def test_a_window_on_a_day_off_is_on_that_day(tmp_path: Path):
    """The next month after 5 February begins on Monday 1 March, and the one after 5 April on Saturday 1 May; what
    follows begins on Monday 3 May."""
    found = written(
        a_roadmap(
            a_task("Prepare", 66),
            a_task("Live", 0, starts_on="month"),
            a_task("Check", 1),
            links=("Prepare -> Live", "Live -> Check"),
        ),
        tmp_path,
    )
    assert clock(found.timed["Prepare"].early_finish) == "Mon 05 Apr 17:00"
    assert clock(found.timed["Live"].early_start) == "Sat 01 May 00:00"
    assert clock(found.timed["Check"].early_start) == "Mon 03 May 09:00"


def test_a_pay_period_has_its_own_days_and_its_working_time(tmp_path: Path):
    """Prepare ends on 8 January. The next whole period is February: Monday 1 to Sunday 28, 20 working days. Check
    takes Monday 1 March. Prepare has the 15 days from 11 to 29 January."""
    found = written(
        a_roadmap(
            a_task("Prepare", 5), a_task("Run", "1pp"), a_task("Check", 1), links=("Prepare -> Run", "Run -> Check")
        ),
        tmp_path,
    )
    assert found.floats() == {"Prepare": 15, "Run": 0, "Check": 0}
    assert (found.text("Run", "Start"), found.text("Run", "Finish")) == ("2027-02-01T00:00:00", "2027-02-28T23:59:00")
    assert found.text("Run", "Duration") == "PT160H0M0S"
    assert "It takes 1 pay period" in str(found.text("Run", "Notes"))


def test_a_period_that_may_come_later_has_its_float(tmp_path: Path):
    """Run takes February, and could take March: Other ends on Friday 2 April. It slips from 1 February to 1 March, 20
    working days, and from 28 February to 31 March, 23: the smaller counts."""
    found = written(
        a_roadmap(a_task("Prepare", 5), a_task("Run", "1pp"), a_task("Other", 65), links=("Prepare -> Run",)), tmp_path
    )
    assert found.floats() == {"Prepare": 35, "Run": 20, "Other": 0}


def test_a_share_of_a_predecessor_stays_one(tmp_path: Path):
    """Half of 4 days after Thursday 7 January: Friday and Monday pass, and B takes the 12th and 13th."""
    found = written(a_roadmap(a_task("A", 4), a_task("B", 2), links=("A -> B FS+50%",)), tmp_path)
    assert found.lags("B") == [("50", "19")]
    assert clock(found.timed["B"].early_start) == "Tue 12 Jan 09:00"


def test_a_share_that_passes_on_another_calendar_becomes_time_of_the_clock(tmp_path: Path):
    """The same, but B's calendar is closed until the 12th: the two days pass on A's, and B takes the 13th and 14th. On
    B's own calendar, which a lag has in Project, they would end with the 14th."""
    closed = a_calendar("short", ("2027-01-08", "2027-01-12", "closed"))
    roadmap = a_roadmap(
        a_task("A", 4),
        a_task("B", 2, calendar="short"),
        links=("A -> B FS+50%",),
        calendars={"office": OFFICE, "short": closed},
    )
    found = written(roadmap, tmp_path)
    assert clock(found.timed["B"].early_start) == "Wed 13 Jan 09:00"
    assert found.lags("B")[0][1] == "8"
    assert "a lag of 50%, written as a lag of" in str(found.text("B", "Notes"))


def test_a_date_that_must_hold_stays_behind_a_lag_in_school_weeks(tmp_path: Path):
    """Five school days lie between A and B, which must start on Wednesday 20 January: A, which ends on the 5th, may end
    on the 12th. Long ends on the 29th."""
    must = (Constraint(Bound.MUST_START, at("2027-01-20")),)
    roadmap = a_roadmap(a_task("A", 2), a_task("B", 1, constraints=must), a_task("Long", 20), links=("A -> B FS+1sw",))
    found = written(roadmap, tmp_path)
    assert (found.text("B", "ConstraintType"), found.text("B", "ConstraintDate")) == ("2", "2027-01-20T09:00:00")
    assert found.floats() == {"A": 5, "B": 0, "Long": 0}


@pytest.mark.parametrize("bound", [Bound.MUST_START, Bound.MUST_FINISH])
def test_a_date_that_cannot_hold_shows_what_is_missing(tmp_path: Path, bound: Bound):
    """A ends on Friday 8 January, and B, which takes Monday 18, has C behind it: C should end on the 15th, so that B is
    two days late and A has the rest of that week, to Wednesday 13, less: three days."""
    day = at("2027-01-18") if bound is Bound.MUST_START else at("2027-01-19")
    roadmap = a_roadmap(
        a_task("A", 5),
        a_task("B", 1, constraints=(Constraint(bound, day),)),
        a_task("C", 1, deadline=at("2027-01-16")),
        links=("A -> B", "B -> C"),
    )
    found = written(roadmap, tmp_path)
    assert found.floats() == {"A": 3, "B": -2, "C": -2}
    assert f"{bound.value.replace('_', ' ')} on 18 Jan 2027" in str(found.text("B", "Notes"))


def test_a_deadline_is_one_and_shows_how_late_it_is(tmp_path: Path):
    """A takes 4 to 8 January, and its deadline is Wednesday the 6th; B before it shares the two days."""
    roadmap = a_roadmap(
        a_task("B", 1), a_task("A", 4, deadline=at("2027-01-07")), a_task("C", 1), links=("B -> A", "A -> C")
    )
    found = written(roadmap, tmp_path)
    assert found.floats() == {"B": -2, "A": -2, "C": 0}
    assert found.text("A", "Deadline") == "2027-01-06T23:59:00"
    assert [found.text(t, "Deadline") for t in ("B", "C")] == [None, None]


def test_work_that_has_begun_has_what_is_done_and_what_is_left(tmp_path: Path):
    """A began on Monday 4 January, and on the 11th three days are left: the 11th to the 13th. It takes eight days in
    all, of which five are past; of the planned two, none is known to be done. B follows on the 14th; Late would have
    begun on the 4th, and begins on the 11th."""
    progress = {"A": TaskProgress(at("2027-01-04T09:00"), remaining=Duration(3 * DAY))}
    roadmap = a_roadmap(
        a_task("A", 2),
        a_task("B", 1),
        a_task("Late", 1),
        links=("A -> B",),
        progress=progress,
        data_date=at("2027-01-11"),
    )
    found = written(roadmap, tmp_path)
    fields = ("Duration", "ActualDuration", "RemainingDuration", "Resume", "PercentComplete")
    assert [found.text("A", f) for f in fields] == ["PT64H0M0S", "PT40H0M0S", "PT24H0M0S", "2027-01-11T09:00:00", "0"]
    assert clock(found.timed["B"].early_start) == "Thu 14 Jan 09:00"
    assert found.floats() == {"A": 0, "B": 0, "Late": 3}


def test_of_two_links_between_two_tasks_the_one_that_binds_is_written(tmp_path: Path):
    """A takes ten days, 4 to 15 January. B may begin two days after it does, on the 6th, and ends a day after it does,
    on Monday 18: it takes Thursday 14 to then. Project allows one link between two tasks."""
    tasks = (a_task("A", 10), a_task("B", 3))
    found = written(a_roadmap(*tasks, links=("A -> B SS+2d", "A -> B FF+1d")), tmp_path)
    [link] = found.elements["B"].findall(f"{NS}PredecessorLink")
    assert (link.findtext(f"{NS}Type"), link.findtext(f"{NS}LinkLag")) == ("0", "4800")
    assert clock(found.timed["B"].early_start) == "Thu 14 Jan 09:00"
    left_out = "the start-to-start link from “A” is left out, because another is stricter"
    assert left_out in (found.text("B", "Notes") or "")


def test_percent_complete_is_what_was_reported_and_moves_nothing(tmp_path: Path):
    """Of ten days 40% were reported with six left on Monday 18 January: they end on the 25th. With two of eight left
    alone, it is 75%; of a start alone, nothing is known to be done."""
    start = at("2027-01-04T09:00")
    progress = {
        "Said": TaskProgress(start, remaining=Duration(6 * DAY), percent=40),
        "Left": TaskProgress(start, remaining=Duration(2 * DAY)),
        "Begun": TaskProgress(start),
    }
    tasks = (a_task("Said", 10), a_task("Left", 8), a_task("Begun", 20))
    found = written(a_roadmap(*tasks, progress=progress, data_date=at("2027-01-18")), tmp_path)
    assert [found.text(t, "PercentComplete") for t in progress] == ["40", "75", "0"]
    assert clock(found.timed["Said"].early_finish) == "Mon 25 Jan 17:00"


def test_a_note_is_silent_about_a_lag_that_looks_the_same():
    """A minute by the clock for no lag at all is no lag in words."""
    roadmap = a_roadmap(a_task("A", 1), a_task("B", 1), links=("A -> B",))
    [link] = roadmap.links
    written_as = replace(link, lag=Duration(-1, Unit.ELAPSED))
    assert _of_a_link(roadmap, written_as, link) == ""
    longer = replace(link, lag=Duration(-2 * 1440, Unit.ELAPSED))
    assert "no lag, written as a lead of 2 days by the clock" in _of_a_link(roadmap, longer, link)


def test_done_work_has_its_dates_and_is_not_critical(tmp_path: Path):
    """Done on Saturday 9 January, at midnight: Project shows that day."""
    progress = {"A": TaskProgress(at("2027-01-04T09:00"), at("2027-01-10"))}
    found = written(a_roadmap(a_task("A", 5), a_task("B", 1), links=("A -> B",), progress=progress), tmp_path)
    assert (found.text("A", "ActualFinish"), found.text("A", "PercentComplete")) == ("2027-01-09T23:59:00", "100")
    assert found.critical == {"B"}


def test_a_moment_at_the_end_of_a_period_is_on_its_last_day(tmp_path: Path):
    """Run ends with Sunday 28 February, and so does Ended; Opened follows the window of Monday 1 March."""
    roadmap = a_roadmap(
        a_task("Prepare", 5),
        a_task("Run", "1pp"),
        a_task("Ended", 0),
        a_task("Open", 0, starts_on="month"),
        a_task("Opened", 0),
        links=("Prepare -> Run", "Run -> Ended", "Run -> Open", "Open -> Opened"),
    )
    found = written(roadmap, tmp_path)
    assert [str(found.text(t, "Finish"))[:10] for t in ("Ended", "Open", "Opened")] == [
        "2027-02-28",
        "2027-03-01",
        "2027-03-01",
    ]


def test_what_passes_by_the_clock_starts_and_is_measured_by_it(tmp_path: Path):
    """A ends on Friday 8 January at 17:00; two days of the clock end on Sunday, and B takes Monday the 11th. Up to
    Monday 09:00 the wait has 16 hours."""
    roadmap = a_roadmap(a_task("A", 5), a_task("Wait", "2ed"), a_task("B", 1), links=("A -> Wait", "Wait -> B"))
    found = written(roadmap, tmp_path)
    assert found.timed["Wait"].total_float == 16 * 60
    assert (found.text("Wait", "DurationFormat"), found.text("Wait", "Start")) == ("8", "2027-01-08T17:00:00")


def test_as_late_as_possible_stays_where_it_can_be_no_earlier(tmp_path: Path):
    """First has nothing to wait for but its successor; Free could be earlier, so that its date is set: before Last,
    which takes Friday the 8th, on Thursday."""
    tasks = a_task("First", 4, as_late_as_possible=True), a_task("Last", 1), a_task("Free", 1, as_late_as_possible=True)
    found = written(a_roadmap(*tasks, links=("First -> Last", "Free -> Last")), tmp_path)
    assert [found.text(t, "ConstraintType") for t in ("First", "Free")] == ["1", "4"]
    assert clock(found.timed["Free"].early_start) == "Thu 07 Jan 09:00"


def test_a_programme_that_is_timed_from_its_finish_starts_where_that_leads(tmp_path: Path):
    """Five days that end on Friday 29 January start on Monday the 25th."""
    found = written(a_roadmap(a_task("A", 5), finish=at("2027-01-30")), tmp_path)
    assert clock(found.timed["A"].early_start) == "Mon 25 Jan 09:00"
    assert found.root.findtext(f"{NS}ScheduleFromStart") == "1"


LABELS = Labels(
    services={"hr": "HR", "payroll": "Payroll"},
    waves={"w1": "Pilot wave"},
    schools={"ash": "Ash School"},
    owners={"head": "Headteacher, Ash School"},
)


def a_grouped_roadmap(*more: str) -> Roadmap:
    return a_roadmap(
        a_task("programme/close", 1),
        a_task("payroll/plan", 1, service="payroll", owner="head"),
        a_task("payroll/w1/build", 1, service="payroll", wave="w1", schools=frozenset({"ash"})),
        a_task("payroll/ash/train", 1, service="payroll", wave="w1", schools=frozenset({"ash"})),
        *(a_task(name, 1, service="hr") for name in ("hr/plan", *more)),
    )


def test_tasks_are_below_their_service_wave_and_school(tmp_path: Path):
    found = written(a_grouped_roadmap(), tmp_path, labels=LABELS)
    rows = [(e.findtext(f"{NS}OutlineNumber"), e.findtext(f"{NS}Name")) for e in found.root.iter(f"{NS}Task")]
    assert rows == [
        ("1", "programme/close"),
        ("2", "HR"),
        ("2.1", "hr/plan"),
        ("3", "Payroll"),
        ("3.1", "payroll/plan"),
        ("3.2", "Pilot wave"),
        ("3.2.1", "payroll/w1/build"),
        ("3.2.2", "Ash School"),
        ("3.2.2.1", "payroll/ash/train"),
    ]
    assert found.text("Payroll", "Summary") == "1"
    assert found.elements["hr/plan"].findtext(f"{NS}ExtendedAttribute/{NS}Value") == "hr/plan"


def test_an_owner_is_a_resource_that_places_no_work(tmp_path: Path):
    found = written(a_grouped_roadmap(), tmp_path, labels=LABELS)
    [resource] = found.root.iter(f"{NS}Resource")
    assert resource.findtext(f"{NS}Name") == "Headteacher – Ash School"
    [assignment] = found.root.iter(f"{NS}Assignment")
    assert assignment.findtext(f"{NS}TaskUID") == found.text("payroll/plan", "UID")
    assert (assignment.findtext(f"{NS}Units"), assignment.findtext(f"{NS}Work")) == ("0", "PT0H0M0S")


def test_a_task_keeps_its_number_when_others_come(tmp_path: Path):
    before = written(a_grouped_roadmap(), tmp_path, labels=LABELS)
    after = written(a_grouped_roadmap("hr/again", "hr/more"), tmp_path, labels=LABELS)
    kept = {name: before.text(name, "UID") for name in before.elements}
    assert {name: after.text(name, "UID") for name in kept} == kept
    assert len({after.text(name, "UID") for name in after.elements}) == len(after.elements) == len(kept) + 2


def test_numbers_are_never_given_twice():
    """Of 5,000 ids some share a number in two million: about six."""
    found = numbers_of(f"task {n}" for n in range(5000))
    assert len(set(found.values())) == 5000
    assert max(found.values()) <= 2_000_000


def test_names_that_project_would_ask_about_are_put_right(tmp_path: Path):
    roadmap = a_roadmap(replace(a_task("a", because="it is\x02 repeated"), name="Pay\x07roll\n" + "x" * 300))
    out = tmp_path / "plan.xml"
    write_roadmap(roadmap, time_roadmap(roadmap), out, name="\x01 plan", calendar="office")
    root = etree.parse(out).getroot()
    name = str(root.findtext(f".//{NS}Task/{NS}Name"))
    assert (len(name), name[:11], name[-1]) == (255, "Pay roll xx", "…")
    assert root.findtext(f"{NS}Name") == "plan"
    assert root.findtext(f".//{NS}Task/{NS}Notes") == "It is repeated."


def test_baselines_keep_their_numbers_up_to_ten(tmp_path: Path):
    dates = {"A": Dates(at("2027-01-04T09:00"), at("2027-01-05"))}
    found = written(a_roadmap(a_task("A", 1)), tmp_path, baselines={0: dates, 3: dates, 11: dates})
    baselines = found.elements["A"].findall(f"{NS}Baseline")
    assert [b.findtext(f"{NS}Number") for b in baselines] == ["0", "3"]
    assert {b.findtext(f"{NS}Finish") for b in baselines} == {"2027-01-04T23:59:00"}


def test_a_day_that_project_does_not_know_is_refused(tmp_path: Path):
    roadmap = a_roadmap(a_task("A", "30000ed"), a_task("B", "30000ed"), links=("A -> B",))
    with pytest.raises(InputError, match=r"“B” ends on .* 2191.*nothing was written"):
        write_roadmap(roadmap, time_roadmap(roadmap), tmp_path / "plan.xml", name="p", calendar="office")
    assert not (tmp_path / "plan.xml").exists()


def test_a_rule_that_added_a_link_is_named(tmp_path: Path):
    roadmap = replace(a_roadmap(a_task("A"), a_task("B")), links=(a_link("A -> B", Origin.rule("R02")),))
    found = written(roadmap, tmp_path)
    assert found.text("B", "Notes") == "Link from “A”: required by the rule “Systems before restructuring”."


@pytest.mark.parametrize("due", ["2027-01-07", "2027-03-01"])
def test_a_limit_that_project_would_use_otherwise_is_a_deadline_or_in_the_note(tmp_path: Path, due: str):
    """A takes 4 to 8 January. By the 6th it is two days late, and Project would pull it to the 6th; by the end of
    February it has all the time to the end on the 8th, and Project would let it end later than the whole."""
    limit = (Constraint(Bound.FINISH_NO_LATER, at(due)),)
    found = written(a_roadmap(a_task("A", 5, constraints=limit), a_task("B", 5)), tmp_path)
    is_late = due == "2027-01-07"
    assert found.floats() == {"A": -2 if is_late else 0, "B": 0}
    assert (found.text("A", "ConstraintType"), found.text("A", "Deadline")) == (
        "0",
        "2027-01-06T17:00:00" if is_late else None,
    )
    day = "6 Jan 2027" if is_late else "28 Feb 2027"
    assert found.text("A", "Notes") == f"Project cannot also store: finish no later than {day}."
