"""The sample programme, worked by hand on a wall calendar.

Office days are Monday to Friday without England's public holidays and the trust's Christmas closure (28 to 31 December
2026). School days are those in term in both authorities. Payroll, the longest service:

| step | days | dates |
|---|---|---|
| name the lead provider | 3 | Tue 1 to Thu 3 Sep 2026 |
| form the team | 10 | 4 to 17 Sep |
| agree the roadmap | 4 | 18 to 23 Sep |
| listen (school days) | 10 | 24 Sep to 7 Oct |
| requirements | 8 | 8 to 19 Oct |
| agreement | 10 | 20 Oct to 2 Nov |
| system requirements | 10 | 3 to 16 Nov |
| choose the system | 15 | 17 Nov to 7 Dec |
| build: 13 days to 24 Dec, 20 in Jan, 10 to 12 Feb, 2 more | 45 | 8 Dec to 16 Feb 2027 |
| bring into use, pilot | 5 | 17 to 23 Feb |
| train (school days) | 3 | 24 to 26 Feb |
| parallel run | 2 pay periods | 1 Mar to 30 Apr |
| decide; 3 May is a public holiday | 2 | 4 to 5 May |
| go live at the next pay period | – | 1 Jun |
"""

from datetime import date

import pytest

from changeflow.agenda.criteria import State
from changeflow.agenda.gates import weigh
from changeflow.intake.folder import Folder, read_folder
from changeflow.programme.programme import join
from changeflow.reports.health import health_lines
from changeflow.roadmap.analysis.why import dates_in_words
from changeflow.rules.engine import Judged, judge
from changeflow.values.moments import day_of
from changeflow.values.words import Gate, Kind, Severity
from tests.conftest import SAMPLE

DAY = 450


@pytest.fixture(scope="module")
def judged(sample: Folder) -> Judged:
    return judge(sample.programme)


def when(judged: Judged, task: str) -> str:
    schedule = judged.programme.schedule
    assert schedule is not None
    return dates_in_words(judged.programme.roadmap, schedule, task)


@pytest.mark.parametrize(
    ("task", "dates"),
    [
        ("payroll/lead-provider-named", "1 to 3 Sep 2026"),
        ("payroll/team-formed", "4 to 17 Sep 2026"),
        ("payroll/roadmap-agreed", "18 to 23 Sep 2026"),
        ("payroll/listening", "24 Sep to 7 Oct 2026"),
        ("payroll/requirements", "8 to 19 Oct 2026"),
        ("payroll/service-agreement", "20 Oct to 2 Nov 2026"),
        ("payroll/system-requirements", "3 to 16 Nov 2026"),
        ("payroll/system-chosen", "17 Nov to 7 Dec 2026"),
        ("payroll/system-built", "8 Dec 2026 to 16 Feb 2027"),
        ("payroll/pilot/system-live", "17 to 23 Feb 2027"),
        ("payroll/oakfield/train-staff", "24 to 26 Feb 2027"),
        ("payroll/pilot/parallel-run", "1 Mar to 30 Apr 2027"),
        ("payroll/pilot/go-no-go", "4 to 5 May 2027"),
        ("payroll/pilot/go-live", "1 Jun 2027"),
    ],
)
def test_the_longest_service_falls_where_a_hand_puts_it(judged: Judged, task: str, dates: str):
    assert when(judged, task) == dates
    assert judged.programme.timed(task).driving


@pytest.mark.parametrize(
    ("task", "days"),
    [
        # 8 days from 3 November end on the 12th; the other requirements, of 10 days, on the 16th.
        ("payroll/process-requirements", 2),
        # Approved on 7 December, needed when training begins: the 45 days of building and 5 of bringing into use.
        ("payroll/delegation-approved", 50),
        # Ready on 5 May, for an opening on 1 June: 6 to 28 May without the holiday, and 31 May is one: 17 days.
        ("payroll/pilot/go-no-go", 17),
        # Nothing to spare: the next opening after 1 March is 1 April.
        ("payroll/oakfield/train-staff", 0),
        ("payroll/system-built", 0),
    ],
)
def test_floats_in_days(judged: Judged, task: str, days: int):
    assert judged.programme.timed(task).total_float == days * DAY


def test_the_critical_path_runs_through_payroll_to_the_closing(judged: Judged):
    driving = {t.task for t in judged.programme.schedule.timed.values() if t.driving}  # type: ignore[union-attr]
    assert {task.split("/")[0] for task in driving} == {"payroll", "programme"}
    assert {f"payroll/{school}/train-staff" for school in ("oakfield", "ashdown", "bridge")} <= driving, "all ties"
    # Each wave's parallel run follows the one before: they, not the go-lives between, decide when wave 4 goes live.
    assert {f"payroll/{wave}/parallel-run" for wave in ("pilot", "w2", "w3", "w4")} <= driving
    assert {"payroll/pilot/go-live", "payroll/pilot/pilot-review", "payroll/w4/go-live"} <= driving
    assert "programme/close" in driving


def test_milestones_and_deadlines(judged: Judged):
    found = {m.id: day_of(judged.programme.timed(m.task).early_finish) for m in judged.programme.milestones}
    assert found == {
        "payroll-pilot-live": date(2027, 6, 1),
        "payroll-live": date(2028, 3, 1),
        "everything-live": date(2028, 3, 1),
    }


def test_the_only_finding_is_the_freeze_and_a_waiver_covers_the_year_end(judged: Judged):
    assert [(f.severity, f.rule, f.subject) for f in judged.findings if f.severity is not Severity.INFO] == [
        # A freeze whose end no one knows is something to ask about.
        (Severity.WARN, "R21", "payroll/pilot/go-live"),
    ]
    # 1 May 2027 and 1 January 2028 are Saturdays, 1 August 2027 a Sunday: all go live on the next working day.
    days = {t.id: judged.programme.days_of(t.id)[1] for t in judged.programme.tasks(kind=Kind.GO_LIVE)}
    assert days["estates/pilot/go-live"] == days["finance/pilot/go-live"] == date(2027, 5, 4)
    assert days["estates/w2/go-live"] == days["finance/w2/go-live"] == date(2027, 8, 2)
    assert days["payroll/w3/go-live"] == date(2028, 1, 4)
    assert [f for f in judged.findings if f.rule == "R29"] == []
    [waiver] = judged.used_waivers
    assert waiver.task == "finance/w4/go-live"


def test_a_waiver_of_one_waves_go_live_is_evidence_at_that_waves_gate_alone(judged: Judged):
    gates = [t.id for t in judged.programme.tasks(service="finance") if t.gate is Gate.GO_LIVE]
    waived = {g for g in gates if any(c.rule == "R21" and c.state is State.WAIVED for c in weigh(judged, g).criteria)}
    assert len(gates) == 4
    assert waived == {"finance/w4/go-no-go"}


@pytest.mark.slow
def test_the_waiver_lifts_the_warning_until_its_last_day(sample: Folder):
    """Wave 4 of finance goes live on 1 December 2027, into the weeks of the financial statements."""

    def warned(expires: date) -> set[str]:
        services = [
            s.model_copy(update={"waivers": [w.model_copy(update={"expires": expires}) for w in s.waivers]})
            for s in sample.definition.services
        ]
        definition = sample.definition.model_copy(update={"services": tuple(services)})
        programme, _ = join(definition, rulepacks=sample.rulepacks, on=date(2026, 9, 1))
        return {f.subject for f in judge(programme).findings if f.rule == "R21"}

    assert "finance/w4/go-live" not in warned(date(2027, 12, 31))
    assert "finance/w4/go-live" in warned(date(2026, 8, 31))


def test_exams_keep_training_out_of_secondary_schools_alone(sample: Folder):
    calendars = sample.programme.roadmap.calendars
    tasks = sample.programme.roadmap.tasks
    harbour = calendars[tasks["payroll/harbour/train-staff"].calendar]
    riverside = calendars[tasks["payroll/riverside/train-staff"].calendar]
    assert not harbour.works_on(date(2027, 5, 20))
    assert harbour.closures[date(2027, 5, 20)] == "GCSE and A level exams 2027"
    assert riverside.works_on(date(2027, 5, 20))
    assert not riverside.works_on(date(2027, 5, 11))


def test_two_authorities_have_two_half_terms(sample: Folder):
    calendars = sample.programme.roadmap.calendars
    both = calendars[sample.programme.roadmap.tasks["payroll/listening"].calendar]
    # In October 2026 Northshire closes from the 26th, Westmere from the 19th: together ten days are lost.
    assert not both.works_on(date(2026, 10, 20))
    assert not both.works_on(date(2026, 10, 27))
    north = calendars[sample.programme.roadmap.tasks["payroll/ashdown/train-staff"].calendar]
    assert north.works_on(date(2026, 10, 20))


def test_a_school_closes_on_a_day_of_its_own(sample: Folder):
    calendar = sample.programme.roadmap.calendars[
        sample.programme.roadmap.tasks["payroll/oakfield/train-staff"].calendar
    ]
    assert calendar.closures[date(2027, 2, 22)] == "Staff training day"


def test_it_has_the_size_that_it_promises(sample: Folder):
    definition = sample.definition
    assert len(definition.schools) == 14
    assert {s.phase for s in definition.schools} == {"primary", "secondary", "special"}
    assert len({s.hub for s in definition.schools}) == 3
    assert len({s.authority for s in definition.schools}) == 2
    assert len(definition.people) > 110
    assert all(c.email and c.email.endswith("@example.org") for c in sample.contacts)
    assert len({a.round for a in sample.assessments}) == 2


def test_no_wave_is_trained_or_moved_before_the_pilot_is_judged_nor_long_before_it_goes_live(judged: Judged):
    """Six weeks for moves. Training has its first use in payroll's parallel run, elsewhere at go-live: within 45 days,
    the longest of them those of finance and estates from 18 June to 1 August 2027."""
    programme = judged.programme
    for task in programme.roadmap.tasks.values():
        kinds = (Kind.TRAINING, Kind.ORG_CHANGE, Kind.ROLE_REMOVAL)
        if task.kind not in kinds:
            continue
        first, last = programme.days_of(task.id)
        judged_on = programme.days_of(f"{task.service}/pilot/pilot-review")[1]
        assert first > judged_on or (task.wave == "pilot" and task.kind is Kind.TRAINING), task.id
        step = "parallel-run" if task.service == "payroll" and task.kind is Kind.TRAINING else "go-live"
        begins = programme.days_of(f"{task.service}/{task.wave}/{step}")[0]
        assert (begins - last).days <= (45 if task.kind is Kind.TRAINING else 42), task.id


@pytest.mark.slow
@pytest.mark.parametrize("programme", ["trust-central-services", "first-programme"])
def test_a_ready_programme_passes_its_own_health_card(programme: str):
    """Two points need a baseline, which comes later."""
    lines = health_lines(judge(read_folder(SAMPLE.parent / programme).programme).programme, None)
    assert [(line.number, line.found) for line in lines if line.state == "look at it"] == []
    assert [line.number for line in lines if line.state == "not assessed"] == [11, 14]
