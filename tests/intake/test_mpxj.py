"""MPXJ, the best open engine, reads what we export; and its other formats reach us through it. Needs Java."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake import mpp
from changeflow.intake.mpp import read_through_mpxj
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.programme.dates import Dates
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.profile import MSPROJECT
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, TaskProgress
from changeflow.usecases.project_files import schedule_project
from changeflow.values.moments import datetime_of, minute_of
from tests.builders import DAY, OFFICE, a_calendar, a_roadmap, a_task, at
from tests.mpxj import needs_java

pytestmark = pytest.mark.slow

READ_BACK = """
import json, sys, jpype, mpxj
jpype.startJVM(classpath=[f"{mpxj.mpxj_dir}/*"])
org = jpype.JPackage("org").mpxj
project = org.reader.UniversalProjectReader().read(sys.argv[1])
if len(sys.argv) > 2:
    org.mpx.MPXWriter().write(project, sys.argv[2])
day = jpype.JClass("java.time.LocalDate").of

def minutes(length):
    return round(float(length.convertUnits(org.TimeUnit.MINUTES, project.getProjectProperties()).getDuration()))

def link(relation):
    return f"{relation.getPredecessorTask().getName()} {relation.getType().name()} {minutes(relation.getLag())}"

def fields(task):
    calendar = task.getEffectiveCalendar()
    return {
        "start": str(task.getEarlyStart()), "finish": str(task.getEarlyFinish()), "late": str(task.getLateFinish()),
        "duration": minutes(task.getDuration()), "total": minutes(task.getTotalSlack()),
        "links": sorted(link(relation) for relation in task.getPredecessors()),
        "baseline": str(task.getBaselineFinish()), "actual": str(task.getActualStart()),
        "calendar": str(calendar.getName()),
        "works": [bool(calendar.isWorkingDate(day(2027, 1, d))) for d in range(4, 18)],
    }

print(json.dumps({str(t.getName()): fields(t) for t in project.getTasks() if int(t.getUniqueID())}))
"""


@pytest.fixture
def roadmap() -> Roadmap:
    """Links of every type, lags, two calendars, a constraint, a deadline and progress."""
    closed = a_calendar("short", ("2027-01-13", "2027-01-14", "inset days"))
    return a_roadmap(
        a_task("A", 3),
        a_task("B", 2, constraints=(Constraint(Bound.START_NO_EARLIER, at("2027-01-11T09:00")),)),
        a_task("C", 4, calendar="short"),
        a_task("D", 1, deadline=at("2027-01-29T17:00")),
        a_task("M", 0),
        links=("A -> B", "A -> C SS+1d", "B -> D FF+1d", "C -> D FS-1d", "D -> M"),
        calendars={"office": OFFICE, "short": closed},
        profile=MSPROJECT,
        start="2027-01-04T09:00",
        progress={"A": TaskProgress(at("2027-01-04T09:00"), at("2027-01-06T17:00"))},
    )


def through_mpxj(path: Path, *more: str) -> dict[str, dict[str, object]]:
    ran = subprocess.run(
        [sys.executable, "-c", READ_BACK, str(path), *more], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.thorough
@needs_java
def test_mpxj_reads_back_tasks_links_calendars_baselines_and_progress(roadmap: Roadmap, tmp_path: Path):
    schedule = time_roadmap(roadmap)
    baseline = {t: Dates(x.early_start, x.early_finish - DAY) for t, x in schedule.timed.items() if t != "M"}
    path = tmp_path / "plan.xml"
    write_roadmap(roadmap, schedule, path, name="A plan", calendar="office", baselines={0: baseline})

    found = through_mpxj(path)

    assert found.keys() == roadmap.tasks.keys()
    for task, timed in schedule.timed.items():
        theirs = found[task]
        dates = [minute_of(datetime.fromisoformat(str(theirs[k]))) for k in ("start", "finish", "late")]
        assert dates == [timed.early_start, timed.early_finish, timed.late_finish]
        assert (theirs["duration"], theirs["total"]) == (roadmap.tasks[task].duration.amount, timed.total_float)
        assert len(theirs["links"]) == sum(1 for link in roadmap.links if link.successor == task)
        if task in baseline:
            assert minute_of(datetime.fromisoformat(str(theirs["baseline"]))) == baseline[task].finish
    assert found["D"]["links"] == ["B FINISH_FINISH 480", "C FINISH_START -480"]
    assert found["A"]["actual"] == "2027-01-04T09:00"
    assert (found["B"]["calendar"], found["C"]["calendar"]) == ("office", "short")
    week = [date(2027, 1, d).weekday() < 5 for d in range(4, 18)]
    assert found["B"]["works"] == week
    assert found["C"]["works"] == [works and d not in (13, 14) for d, works in zip(range(4, 18), week, strict=True)]


@pytest.mark.thorough
@needs_java
def test_another_format_is_read_through_mpxj_and_scheduled_the_same(roadmap: Roadmap, tmp_path: Path):
    # MPX keeps no times of what happened, and no calendars of tasks.
    tasks = {t: replace(x, calendar="office") for t, x in roadmap.tasks.items()}
    roadmap = replace(roadmap, tasks=tasks, progress={})
    ours, mpx = tmp_path / "plan.xml", tmp_path / "plan.mpx"
    write_roadmap(roadmap, time_roadmap(roadmap), ours, name="A plan", calendar="office")
    through_mpxj(ours, str(mpx))

    command = [sys.executable, "-m", "changeflow", "schedule", "--format", "json"]
    ran = [subprocess.run([*command, str(p)], capture_output=True, text=True, check=False) for p in (ours, mpx)]

    assert [r.returncode for r in ran] == [0, 0], ran[1].stderr
    as_xml, as_mpx = ({t["name"]: t for t in json.loads(r.stdout)["tasks"]} for r in ran)
    for name, task in as_xml.items():
        assert as_mpx[name]["early_finish"] == task["early_finish"]
        assert as_mpx[name]["total_float"] == task["total_float"]


def test_without_mpxj_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "plan.mpp"
    path.write_bytes(b"\xd0\xcf\x11\xe0")
    monkeypatch.setitem(sys.modules, "mpxj", None)
    with pytest.raises(ProblemsError) as caught:
        read_through_mpxj(path)
    assert "changeflow[mpp]" in str(caught.value)
    assert "XML format" in str(caught.value)


def test_p6_files_are_named_by_their_content_and_the_message_says_what_to_do(tmp_path: Path, monkeypatch):
    path = tmp_path / "plan.xml"
    path.write_text('<?xml version="1.0"?><APIBusinessObjects xmlns="http://xmlns.oracle.com/Primavera/P6"/>')
    assert mpp.is_foreign(path)
    monkeypatch.setitem(sys.modules, "mpxj", None)
    with pytest.raises(ProblemsError, match="Export it as Microsoft Project XML from the program"):
        schedule_project(path)


XER = """ERMHDR\t8.4\t2027-01-04\tProject\tadmin\tadmin\tdbxDatabaseNoName\tProject Management\tGBP
%T\tPROJECT
%F\tproj_id\tproj_short_name\tplan_start_date\tlast_recalc_date\tclndr_id
%R\t1\tROLLOUT\t2027-03-01 08:00\t2027-03-01 08:00\t1
%T\tCALENDAR
%F\tclndr_id\tdefault_flag\tclndr_name\tproj_id\tday_hr_cnt\tweek_hr_cnt\tmonth_hr_cnt\tyear_hr_cnt\tclndr_data
%R\t1\tY\tStandard\t\t8\t40\t160\t2000\t{}
%T\tPROJWBS
%F\twbs_id\tproj_id\tseq_num\tproj_node_flag\twbs_short_name\twbs_name\tparent_wbs_id
%R\t10\t1\t1\tY\tROLLOUT\tRoll-out\t
%T\tTASK
%F\ttask_id\tproj_id\twbs_id\tclndr_id\ttask_code\ttask_name\ttask_type\tstatus_code\tduration_type\tcomplete_pct_type\t"""
XER += "target_drtn_hr_cnt\tremain_drtn_hr_cnt\n"
for number, name in ((100, "Build"), (101, "Test")):
    XER += f"%R\t{number}\t1\t10\t1\tA{number}\t{name}\tTT_Task\tTK_NotStart\tDT_FixedDrtn\tCP_Drtn\t40\t40\n"
XER += "%T\tTASKPRED\n%F\ttask_pred_id\ttask_id\tpred_task_id\tproj_id\tpred_proj_id\tpred_type\tlag_hr_cnt\n"
XER += "%R\t1\t101\t100\t1\t1\tPR_FS\t8\n%E\n"


@pytest.mark.usual(1)
@needs_java
@pytest.mark.parametrize("text", ["ERMHDR\t19.12\n", "ERMHDR\t19.12\t2027-01-01\tProject\n%E\n"])
def test_a_file_of_primavera_without_a_plan_says_so(tmp_path: Path, text: str):
    path = tmp_path / "stub.xer"
    path.write_text(text)
    with pytest.raises(ProblemsError) as caught:
        read_through_mpxj(path)
    [problem] = caught.value.problems
    assert problem.what == "The file has no plan: it is empty, damaged or of another kind than its name says."
    assert problem.remedy == "Export it as Microsoft Project XML from the program that wrote it."


@pytest.mark.thorough
@needs_java
def test_a_plan_of_primavera_is_read_and_scheduled_by_the_textbook(tmp_path: Path):
    """Build takes a week from Monday 1 March; a day later, on Tuesday 9, Test begins, and ends on Monday 15."""
    hours = "(0||0(s|08:00|f|12:00)())(0||1(s|13:00|f|17:00)())"
    days = "".join(f"(0||{n}()({hours if 1 < n < 7 else ''}))" for n in range(1, 8))
    path = tmp_path / "plan.xer"
    path.write_text(XER.replace("{}", f"(0||CalendarData()((0||DaysOfWeek()({days}))(0||Exceptions()())))"))
    project, schedule = schedule_project(path)
    assert project.roadmap.profile.name == "textbook"
    finish = {project.names[t]: str(datetime_of(x.early_finish)) for t, x in schedule.timed.items()}
    assert (finish["Build"], finish["Test"]) == ("2027-03-05 17:00:00", "2027-03-15 17:00:00")


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(ProblemsError, match="does not exist"):
        read_through_mpxj(tmp_path / "none.mpp")
    assert ".mpp" in mpp.FOREIGN


def test_baselines_and_status_date_come_back(roadmap: Roadmap, tmp_path: Path):
    schedule = time_roadmap(roadmap)
    dates = {t: Dates(x.early_start, x.early_finish) for t, x in schedule.timed.items()}
    path = tmp_path / "plan.xml"
    write_roadmap(roadmap, schedule, path, name="A plan", calendar="office", baselines={0: dates, 3: {"A": dates["A"]}})
    again = read_mspdi(path)
    uid = {name: task for task, name in again.names.items()}
    assert again.baselines[0] == {uid[t]: d for t, d in dates.items()}
    assert again.baselines[3] == {uid["A"]: dates["A"]}
