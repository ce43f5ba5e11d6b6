"""Two readers of a programme's Project file find the plan's dates, floats and critical tasks: ours, and MPXJ.

MPXJ's scheduler follows Microsoft Project, and shares nothing with ours. It calculates all files in one JVM.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from changeflow.intake.mspdi.reader import ProjectFile, read_mspdi
from changeflow.programme.asked import without_asked
from changeflow.programme.programme import Programme
from changeflow.programme.progress_cells import percent_complete
from changeflow.reports.mspdi.outline import Labels
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.engine.cpm import Schedule, TimedTask, time_roadmap
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, TaskProgress
from changeflow.usecases import baselines, definitions
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY, iso, minute_of
from tests.builders import DAY as MINUTES
from tests.builders import OFFICE, a_calendar, a_roadmap, a_task, at
from tests.conftest import SAMPLE, sample_copy
from tests.mpxj import TheirFile, TheirTask, needs_java, scheduled_by_mpxj
from tests.oracles.answers import planned_programme
from tests.oracles.random_programmes import random_programme

pytestmark = [pytest.mark.slow, needs_java, pytest.mark.thorough]

SMALL = SAMPLE.parent / "first-programme"
RANDOM = 20


@dataclass(frozen=True)
class Case:
    """A plan, its file, and what both readers make of it, by the plan's ids."""

    name: str
    roadmap: Roadmap
    schedule: Schedule
    ours: Mapping[str, TimedTask]
    theirs: Mapping[str, TheirTask]
    read: ProjectFile
    """As we read it: tasks are their numbers in the file."""
    file: TheirFile


def the_plans(home: Path) -> Iterator[tuple[str, Programme]]:
    yield "sample", plan_folder(SAMPLE).programme
    yield "small", plan_folder(SMALL).programme
    yield "small, begun", plan_folder(Path(copytree(SMALL, home / "small")), on=date(2027, 3, 15)).programme
    yield from ((f"sample on {day}", p) for day, p in sample_in_progress(home))
    for seed in range(RANDOM):
        yield f"random {seed}", planned_programme(random_programme(seed)[0])


def tiny_plans() -> Iterator[tuple[str, Roadmap]]:
    """The kinds that `test_project_files` works by hand, all in one: each is a chain of its own before a long task."""
    must, late = (
        (Constraint(Bound.MUST_START, at("2027-01-20")),),
        a_calendar("late", ("2027-01-08", "2027-01-12", "closed")),
    )
    yield (
        "tiny",
        a_roadmap(
            a_task("long", 65),
            *(a_task("prepare", 5), a_task("live", 0, starts_on="month"), a_task("check", 1)),
            *(a_task("run", "1pp"), a_task("ended", 0), a_task("closing", 1)),
            *(a_task("half", 4), a_task("same", 2), a_task("other", 2, calendar="late")),
            *(a_task("first", 2), a_task("must", 1, constraints=must)),
            *(a_task("before", 1), a_task("due", 4, deadline=at("2027-01-07")), a_task("after", 1)),
            *(a_task("wait", "2ed"), a_task("onward", 1)),
            *(a_task("free", 1, as_late_as_possible=True), a_task("last", 1)),
            links=(
                *("prepare -> live", "live -> check", "prepare -> run", "run -> ended", "ended -> closing"),
                *("half -> same FS+50%", "half -> other FS+50%", "first -> must FS+1sw"),
                *("before -> due", "due -> after", "prepare -> wait", "wait -> onward", "free -> last"),
            ),
            calendars={"office": OFFICE, "late": late},
        ),
    )
    begun = {
        "done": TaskProgress(at("2027-01-04T09:00"), at("2027-01-09")),
        "begun": TaskProgress(at("2027-01-04T09:00"), remaining=Duration(3 * MINUTES)),
        "waiting": TaskProgress(at("2027-01-05T09:00"), remaining=Duration(10 * DAY, Unit.ELAPSED)),
    }
    yield (
        "tiny, begun",
        a_roadmap(
            *(a_task("done", 5), a_task("begun", 2), a_task("next", 1), a_task("waiting", "9ed"), a_task("idle", 1)),
            links=("done -> next", "begun -> next", "waiting -> next"),
            progress=begun,
            data_date=at("2027-01-11"),
        ),
    )


def sample_in_progress(home: Path) -> Iterator[tuple[date, Programme]]:
    """The sample as `make run` stores it, with what has happened: in May, and once much of it is late."""
    db = f"sqlite:///{home / 'sample.db'}"

    def change(day: date, actor: str) -> Change:
        now = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        return Change(db=db, programme=None, actor=actor, now=now, on=day)

    first, may = date(2026, 9, 1), date(2027, 5, 4)
    definitions.apply(sample_copy(home), db=db, actor="programme-manager", now=change(first, "").now)
    baselines.take_baseline("Agreed", change(first, "chief-executive"))
    store_import(SAMPLE / "progress.csv", change(may, "programme-manager"), SAMPLE / "decisions.csv")
    for day in (may, date(2027, 9, 14)):
        found = loaded(None, db=db, on=day)
        reported = without_asked(found.roadmap, found.facts.progress)
        yield day, replace(found, roadmap=replace(found.roadmap, progress=reported))


def labels_of(plan: Programme) -> Labels:
    found = plan.definition
    return Labels(
        services={s.service: s.name for s in found.services},
        waves={w.id: w.name for w in found.programme.waves},
        schools={s.id: s.name for s in found.schools},
        owners={t.owner: plan.person(t.owner) for t in plan.roadmap.tasks.values() if t.owner},
    )


@pytest.fixture(scope="module")
def sample_labels() -> Labels:
    return labels_of(plan_folder(SAMPLE).programme)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    home = tmp_path_factory.mktemp("project-files")
    plans = {n: (p.roadmap, p.required_schedule, labels_of(p)) for n, p in the_plans(home)}
    plans |= {n: (r, time_roadmap(r), Labels(services={}, waves={}, schools={})) for n, r in tiny_plans()}
    files = {name: home / f"{n}.xml" for n, name in enumerate(plans)}
    for name, (roadmap, schedule, labels) in plans.items():
        said = write_roadmap(roadmap, schedule, files[name], name=name, calendar="office", labels=labels)
        assert not any("other dates" in line for line in said), name
    theirs = scheduled_by_mpxj(files.values())
    found = []
    for name, (roadmap, schedule, _) in plans.items():
        file, read = theirs[files[name]], read_mspdi(files[name])
        ids = {uid: t.id for uid, t in file.tasks.items() if not t.summary}
        ours = time_roadmap(read.roadmap)
        found.append(
            Case(
                name=name,
                roadmap=roadmap,
                schedule=schedule,
                ours={ids[uid]: t for uid, t in ours.timed.items() if uid in ids},
                theirs={t.id: t for t in file.tasks.values() if not t.summary},
                read=read,
                file=file,
            )
        )
    return found


def test_both_readers_have_every_task_of_every_plan(cases: list[Case]):
    """Two ready programmes, three states of them in progress, twenty random ones, and two of the hand-worked kinds."""
    assert len(cases) == 5 + RANDOM + 2
    for case in cases:
        assert set(case.ours) == set(case.theirs) == set(case.roadmap.tasks), case.name
    assert sum(len(case.ours) for case in cases[:5]) > 850
    assert sum(len(case.ours) for case in cases[5:]) > 800


def test_both_readers_have_the_days_of_the_plan(cases: list[Case]):
    for case in cases:
        for task, timed in case.schedule.timed.items():
            wanted = [str(timed.first_day), str(timed.last_day)]
            ours, theirs = case.ours[task], case.theirs[task]
            assert [str(ours.first_day), str(ours.last_day)] == wanted, (case.name, task)
            assert [theirs.start[:10], theirs.finish[:10]] == wanted, (case.name, task)


def test_both_readers_have_the_hours_of_the_plan_but_for_its_midnights(cases: list[Case]):
    """What ends at a midnight ends a minute earlier in a file, and what passes by the clock up to an hour."""
    compared = 0
    for case in cases:
        for task, timed in case.schedule.timed.items():
            wanted = [iso(timed.early_start)[:16], iso(timed.early_finish)[:16]]
            is_elapsed = case.roadmap.tasks[task].duration.unit is Unit.ELAPSED
            if timed.early_finish % DAY not in (0, DAY - 1) and not is_elapsed:
                compared += 1
                ours, theirs = case.ours[task], case.theirs[task]
                assert [iso(ours.early_start)[:16], iso(ours.early_finish)[:16]] == wanted, (case.name, task)
                assert [theirs.start, theirs.finish] == wanted, (case.name, task)
    assert compared > 1_500


def test_both_readers_have_the_total_floats_of_the_plan(cases: list[Case]):
    for case in cases:
        for task, timed in case.schedule.timed.items():
            assert case.ours[task].total_float == timed.total_float, (case.name, task)
            assert case.theirs[task].total == timed.total_float, (case.name, task)
    floats = [t.total_float for case in cases for t in case.schedule.timed.values()]
    assert min(floats.count(0), sum(f < 0 for f in floats), sum(f > 0 for f in floats)) > 100


def test_both_readers_have_the_critical_tasks_of_the_plan(cases: list[Case]):
    counts = []
    for case in cases:
        wanted = {task for task, timed in case.schedule.timed.items() if timed.critical}
        assert {t for t, x in case.ours.items() if x.critical} == wanted, case.name
        assert {t for t, x in case.theirs.items() if x.critical} == wanted, case.name
        counts.append(len(wanted))
    assert counts[:2] == [26, 6]
    assert all(counts)


def test_we_read_our_own_files_without_a_note(cases: list[Case]):
    """A note would say that a file contradicts itself, or asks for what is not computed."""
    assert [(case.name, case.read.notes) for case in cases if case.read.notes] == []


def test_both_readers_have_the_names_of_the_plan(cases: list[Case]):
    for case in cases:
        assert {t: x.name for t, x in case.theirs.items()} == {t: x.name for t, x in case.roadmap.tasks.items()}
        assert dict(case.read.names) == {uid: t.name for uid, t in case.file.tasks.items()}, case.name


def test_both_readers_have_the_links_of_the_plan(cases: list[Case]):
    """Lags may be others in Project's terms, but both readers have the same. Two tasks have one link: Project allows
    no more. A note says which links are left out."""
    lags = left_out = 0
    for case in cases:
        numbers = {t.id: uid for uid, t in case.file.tasks.items() if not t.summary}
        wanted = {(numbers[k.predecessor], numbers[k.successor], k.type.value) for k in case.roadmap.links}
        found = {(k.predecessor, k.successor, k.type.value) for k in case.read.roadmap.links}
        assert found <= wanted, case.name
        assert len({ends[:2] for ends in found}) == len(case.read.roadmap.links), case.name
        names = case.read.names
        for before, after, _ in wanted - found:
            left_out += 1
            assert f"link from “{names[before]}” is left out" in case.file.tasks[after].notes, (case.name, names[after])
        ours: dict[str, list[str]] = {}
        for k in case.read.roadmap.links:
            lag = f"{k.lag.amount}%" if k.lag.unit is Unit.PERCENT else str(k.lag.amount)
            ours.setdefault(k.successor, []).append(f"{k.predecessor} {k.type.value} {lag}")
            lags += k.lag.amount != 0
        theirs = {uid: t.links for uid, t in case.file.tasks.items() if t.links}
        assert {uid: sorted(found) for uid, found in ours.items()} == theirs, case.name
    assert lags > 300
    assert 10 < left_out < 40


def test_mpxj_has_the_percentages_of_the_workbook(cases: list[Case]):
    begun = 0
    for case in cases:
        for task, theirs in case.theirs.items():
            progress = case.roadmap.progress.get(task)
            percent = percent_complete(case.roadmap.tasks[task], progress) or 0
            assert theirs.percent == percent, (case.name, task)
            assert theirs.physical == (percent if progress is not None else 0), (case.name, task)
            begun += 0 < percent < 100
    assert begun > 30


def test_both_readers_have_the_same_working_time_on_every_day(cases: list[Case]):
    days = 0
    for case in cases:
        named = {t.calendar for t in case.theirs.values()}
        ours = {case.read.roadmap.calendars[t.calendar].name: t.calendar for t in case.read.roadmap.tasks.values()}
        assert named == set(ours), case.name
        for name in sorted(named):
            calendar, theirs, start = (
                case.read.roadmap.calendars[ours[name]],
                case.file.calendars[name],
                case.file.first,
            )
            for n, minutes in enumerate(theirs):
                at = minute_of(start + timedelta(days=n))
                assert calendar.between(at, at + DAY) == minutes, (case.name, name, start + timedelta(days=n))
            days += len(theirs)
    assert days > 50_000


def test_mpxj_finds_services_waves_schools_owners_and_deadlines(cases: list[Case], sample_labels: Labels):
    """The payroll go-live of the sample's pilot is below its service and its wave; every owner has their tasks."""
    case = cases[0]
    tasks = case.roadmap.tasks
    assert case.theirs["payroll/pilot/go-live"].level == 3
    owners = {t: sample_labels.owners[x.owner].replace(",", " –") for t, x in tasks.items() if x.owner}
    assert len(owners) > 100
    assert {t: x.owners for t, x in case.theirs.items() if x.owners} == {t: [name] for t, name in owners.items()}
    due = {t: x.deadline for t, x in tasks.items() if x.deadline is not None}
    assert len(due) == 3
    for task, deadline in due.items():
        assert case.theirs[task].deadline[:10] == iso(deadline - 1)[:10]
