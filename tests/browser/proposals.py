"""Finished calculations of wave proposals, levelled dates and recovery options, made without a search."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from changeflow.planning.wave_use import plan_in_force
from changeflow.planning.waves import wave_problem
from changeflow.programme.announcements import go_live_tasks
from changeflow.reports.levelling import LevelledMoveLine, LevelReport
from changeflow.reports.recovery import OptionLine, RecoveryReport
from changeflow.reports.wave_conflicts import ConflictLine, ConflictReport
from changeflow.reports.waves import WavesReport, waves_report
from changeflow.roadmap.waves.plans import CALMEST, EARLIEST, Offer
from changeflow.roadmap.waves.problem import numbers_of
from changeflow.storage.database import session_scope
from changeflow.storage.jobs import JobState, add_job, end_job
from changeflow.usecases.jobs import RECOVERY
from changeflow.usecases.recovery_pages import RecoveryTarget
from changeflow.usecases.stored import loaded
from changeflow.usecases.waves import Waves, compare_with_plan
from tests.browser.sample import NOW, OFFICE, PROGRAMME, database_in

LATER = timedelta(weeks=4)
LEVELLED = "payroll/elmtree/train-staff"
"""A task of the levelled dates that a draft can move."""


def add_proposals(home: Path) -> int:
    """Store the result of a calculation: in one proposal, estates that is still ahead goes live four weeks later."""
    db = database_in(home)
    programme = loaded(PROGRAMME, db=db, on=NOW.date())
    problem = wave_problem(programme)
    now = plan_in_force(programme, problem)
    lives = go_live_tasks(programme)
    moved = {
        p: replace(c, day=c.day + LATER, week=c.week + 4)
        for p, c in now.chosen.items()
        if p[1] == "estates" and lives[p].id not in programme.facts.progress
    }
    later = replace(now, chosen={**now.chosen, **moved})
    offers = tuple(
        Offer(style=style, plan=plan, numbers=numbers_of(problem, plan), gap=None, is_proved=False, is_repeatable=True)
        for style, plan in ((EARLIEST, now), (CALMEST, later))
    )
    found = Waves(programme=programme, problem=problem, offers=offers)
    beside = compare_with_plan(found, None)
    report = waves_report(programme.name, problem, found.offers, in_force=beside.in_force, effects=beside.effects)
    with session_scope(db) as session:
        yesterday = NOW.date() - timedelta(days=1)
        job = add_job(session, PROGRAMME, "waves", version=1, on=yesterday, by=OFFICE, at=NOW)
        data = TypeAdapter(WavesReport).dump_json(report).decode()
        assert end_job(session, job.id, JobState.DONE, now=NOW, page="<p>x</p>", data=data)
    return job.id


def levelled_dates(*moves: LevelledMoveLine) -> LevelReport:
    """Return levelled dates without anything but moves."""
    return LevelReport(
        programme="Small", ends_before="1 Mar 2028", ends="1 Mar 2028", days=0, no_sooner="1 Mar 2028", is_best=True,
        is_repeatable=True, moves=moves, stays=(), teams=(), milestones=(), broken=(),
    )  # fmt: skip


def recovery_of(*options: OptionLine) -> RecoveryReport:
    """Return the answer that the first option is enough for a milestone of the sample."""
    return RecoveryReport(
        milestone="Payroll is live in all schools", by="29 Feb 2028", percent=80, now_odds=40, now_at="2 Apr 2028",
        is_kept_now=False, is_possible=True, chosen=(options[0].name,), cost=options[0].cost, then_odds=82,
        then_at="25 Feb 2028", is_cheapest=True, recovery_options=options, iterations=2_000, seed=1, tried=5,
    )  # fmt: skip


def add_recovery(home: Path) -> int:
    """Store a calculation of recovery options, of which one is enough."""
    db = database_in(home)
    known = loaded(PROGRAMME, db=db, on=NOW.date()).definition.risk.recovery_options
    weekend_first = sorted(known, key=lambda option: option.id != "weekend")
    options = tuple(
        OptionLine(id=o.id, name=o.name, cost=o.cost, chosen=o.id == "weekend", odds=82 if o.id == "weekend" else 40,
                   at="25 Feb 2028" if o.id == "weekend" else "2 Apr 2028")
        for o in weekend_first
    )  # fmt: skip
    asked = RecoveryTarget(milestone="payroll-live", by=date(2028, 2, 29), percent=80, assumes=True)
    with session_scope(db) as session:
        before = NOW.date() - timedelta(days=1)
        job = add_job(session, PROGRAMME, RECOVERY, version=1, on=before, by=OFFICE, at=NOW, subject=asked.subject)
        data = TypeAdapter(RecoveryReport).dump_json(recovery_of(*options)).decode()
        assert end_job(session, job.id, JobState.DONE, now=NOW, data=data)
    return job.id


def add_levelled_dates(home: Path) -> None:
    """Store a calculation of levelled dates in which two tasks wait; the first is not in the plan's files."""
    added = LevelledMoveLine(
        task="payroll/w2/people-awareness", name="Payroll, wave 2: build awareness", planned="1 Jun 2027",
        starts="7 Jun 2027", iso="2027-06-07T00:00:00", days=4, waits="4 working days", team="Trainers", behind=(),
        busy_with="", costs=(), short_days=1.5,
    )  # fmt: skip
    training = replace(
        added, task=LEVELLED, name="Payroll, Elm Tree Primary: train staff", planned="13 Jul 2027",
        starts="16 Jul 2027", iso="2027-07-16T00:00:00", days=3, waits="3 school days",
    )  # fmt: skip
    with session_scope(database_in(home)) as session:
        before = NOW.date() - timedelta(days=1)
        job = add_job(session, PROGRAMME, "levelling", version=1, on=before, by=OFFICE, at=NOW)
        data = TypeAdapter(LevelReport).dump_json(levelled_dates(added, training)).decode()
        assert end_job(session, job.id, JobState.DONE, now=NOW, page="<p>x</p>", data=data)


def add_conflict(home: Path) -> None:
    """Store a calculation that has found no plan: two schools have a fixed day in one week and are kept apart."""
    fixed, apart = "fixed:harbour/payroll", "apart:harbour/meadow"
    limits = (
        ConflictLine(group=fixed, text="Harbour Academy goes live with Payroll on 2 Aug 2027."),
        ConflictLine(group=apart, text="Harbour Academy and Meadow Primary never go live in the same week."),
    )
    ways = (ConflictLine(group="later", text="Let the last go-live be 2 weeks later."),)
    data = TypeAdapter(ConflictReport).dump_json(ConflictReport(limits=limits, ways=ways, is_minimal=True)).decode()
    with session_scope(database_in(home)) as session:
        before = NOW.date() - timedelta(days=2)
        job = add_job(session, PROGRAMME, "waves", version=1, on=before, by=OFFICE, at=NOW)
        news = "There is no plan. These limits cannot all be met."
        assert end_job(session, job.id, JobState.FAILED, now=NOW, news=news, data=data)
