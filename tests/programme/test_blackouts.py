"""Blackouts: all limits apply together, and plan, waves, rules and the choice of a pilot agree on them."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from changeflow.agenda.due import PeoplesDays
from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.planning.pilot_cohort import candidates
from changeflow.planning.waves import wave_problem
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.calendar_files import Blackout, CalendarFile
from changeflow.programme.definition import Definition
from changeflow.programme.programme import Programme, join
from changeflow.rules.engine import judge
from changeflow.values.moments import day_of, last_day_of
from changeflow.values.rulepack import Rulepacks
from changeflow.values.words import Kind
from tests.builders import PATHWAY, PROGRAMME, SERVICE, a_folder

SCHOOLS = {"ash": ("north", "primary"), "beech": ("north", "secondary"), "cedar": ("south", "primary")}
MONDAY, FRIDAY = date(2027, 2, 15), date(2027, 2, 19)
ALL = ["training", "go_live", "system_live", "work"]
HR = SERVICE.replace("service: payroll\nname: Payroll", "service: hr\nname: HR")


@pytest.fixture(scope="module")
def two_services(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """Three schools in two authorities, and two similar services."""
    rows = "".join(f"{s},{s.title()} School,{phase},{la}\n" for s, (la, phase) in SCHOOLS.items())
    programme = PROGRAMME.replace("after: payroll/checkpoint", "after: [payroll/checkpoint, hr/checkpoint]")
    folder = a_folder(tmp_path_factory.mktemp("trust"), schools=f"id,name,phase,authority\n{rows}", programme=programme)
    (folder / "services" / "hr.yaml").write_text(HR, encoding="utf-8")
    return read_folder(folder).programme


def with_calendars(programme: Programme, *files: CalendarFile) -> Definition:
    return programme.definition.model_copy(update={"calendars": files})


def planned(programme: Programme, *files: CalendarFile) -> Programme:
    return judge(
        join(with_calendars(programme, *files), rulepacks=Rulepacks(packs=programme.rulepacks.packs))[0]
    ).programme


def a_blackout(name: str = "Exams", first: date = MONDAY, last: date = FRIDAY, **more: object) -> Blackout:
    return Blackout.model_validate({"name": name, "first_day": first, "last_day": last, "activities": ALL} | more)


def scopes() -> Iterator[tuple[dict[str, str], dict[str, tuple[str, ...]], set[tuple[str, str]]]]:
    """Yield each file and limit, with the pairs of school and service in scope: those that meet every limit."""
    files: list[dict[str, str]] = [{}, {"authority": "north"}, {"school": "ash"}]
    for file, phases, schools, services in product(
        files, [(), ("primary",)], [(), ("ash", "beech")], [(), ("payroll",)]
    ):
        about = {
            (school, service)
            for school, (authority, phase) in SCHOOLS.items()
            for service in ("payroll", "hr")
            if file.get("authority", authority) == authority
            and file.get("school", school) == school
            and (not phases or phase in phases)
            and (not schools or school in schools)
            and (not services or service in services)
        }
        yield file, {"phases": phases, "schools": schools, "services": services}, about


@pytest.mark.usual(8)
@pytest.mark.parametrize(("file", "narrowed", "about"), list(scopes()))
def test_all_limits_of_a_scope_apply_together_everywhere(two_services, file, narrowed, about):
    """The week of 15 February is closed for the pairs in scope, and open for all others."""
    programme = planned(two_services, CalendarFile(calendar="own", blackouts=(a_blackout(**narrowed),), **file))
    calendars = Calendars(programme.definition)
    pairs = set(product(SCHOOLS, ("payroll", "hr")))
    for base in ("office", "term", "every_day"):
        keys = {p: calendars.key(base, frozenset({p[0]}), Kind.TRAINING, p[1]) for p in pairs}
        assert {p for p in pairs if not calendars.get(keys[p]).works_on(MONDAY)} == about
        assert all(calendars.get(key).works_on(date(2027, 2, 22)) for key in keys.values())
    problem = wave_problem(programme)
    assert {p for p in pairs if "Exams" in problem.dropped[p].get(6, "")} == about, "15 February is in week 6"


@pytest.mark.parametrize(("file", "narrowed", "about"), list(scopes()))
def test_the_rule_and_the_choice_of_a_pilot_use_the_same_scope(two_services, file, narrowed, about):
    """The blackout lasts all year and covers go-lives, which are milestones: each at a school in scope is a finding."""
    year = a_blackout(first=date(2027, 1, 4), last=date(2027, 12, 31), **narrowed | {"activities": ["go_live"]})
    definition = with_calendars(two_services, CalendarFile(calendar="own", blackouts=(year,), **file))
    judged = judge(join(definition, rulepacks=Rulepacks(packs=two_services.rulepacks.packs))[0])
    found = {(f.subject, s) for f in judged.findings if f.rule == "R21" for s in f.schools}
    lives = list(judged.programme.tasks(kind=Kind.GO_LIVE))
    assert found == {(t.id, s) for t in lives for s in t.schools if (s, t.service) in about}
    kept_back = {c.id for c in candidates(judged.programme) if "Exams" in c.why_not}
    assert kept_back == {school for school, _ in about}


def test_two_blackouts_with_one_name_keep_their_own_days(two_services):
    """Primary schools are closed for training on Monday, secondary schools until Friday."""
    primary = a_blackout(last=MONDAY, phases=("primary",))
    secondary = a_blackout(phases=("secondary",))
    calendars = Calendars(with_calendars(two_services, CalendarFile(calendar="t", blackouts=(primary, secondary))))
    ash, beech = (calendars.get(calendars.key("term", frozenset({s}), Kind.TRAINING)) for s in ("ash", "beech"))
    assert [ash.works_on(date(2027, 2, d)) for d in (15, 16, 19)] == [False, True, True]
    assert [beech.works_on(date(2027, 2, d)) for d in (15, 16, 19, 22)] == [False, False, False, True]


def test_blackouts_that_overlap_close_the_days_of_both(two_services):
    first, second = a_blackout("Mocks", last=date(2027, 2, 17)), a_blackout("Audit", first=date(2027, 2, 17))
    calendars = Calendars(with_calendars(two_services, CalendarFile(calendar="t", blackouts=(first, second))))
    office = calendars.get(calendars.key("office", frozenset({"ash"}), Kind.WORK))
    assert office.day_after(date(2027, 2, 12), 1) == date(2027, 2, 22)


def test_work_at_several_schools_avoids_each_schools_blackouts(two_services):
    own = CalendarFile(calendar="own", school="ash", blackouts=(a_blackout(),))
    calendars = Calendars(with_calendars(two_services, own))
    for base in ("office", "term"):
        both = calendars.get(calendars.key(base, frozenset({"ash", "cedar"}), Kind.TRAINING))
        assert not both.works_on(MONDAY), base


@pytest.mark.parametrize("base", ["office", "term", "every_day"])
def test_work_for_a_whole_service_stops_only_when_no_school_is_free(two_services, base: str):
    """Ash has a blackout all week, Beech on Tuesday and Wednesday, Cedar on Wednesday and Thursday: all on Wednesday.

    A wave of the three avoids all five days. A school's blackout that names the service stops it too.
    """
    spans = {"ash": (15, 19), "beech": (16, 17), "cedar": (17, 18)}

    def files(**more: object) -> list[CalendarFile]:
        days = {s: (date(2027, 2, a), date(2027, 2, b)) for s, (a, b) in spans.items()}
        return [CalendarFile(calendar=s, school=s, blackouts=(a_blackout(s, *days[s], **more),)) for s in spans]

    def closed(definition: Definition, service: str, *, is_whole: bool) -> list[int]:
        calendars = Calendars(definition)
        key = calendars.key(base, frozenset(SCHOOLS), Kind.TRAINING, service, is_whole=is_whole)
        return [d for d in range(15, 20) if not calendars.get(key).works_on(date(2027, 2, d))]

    terms = {"calendar": "t", "terms": [{"name": "Spring", "first_day": "2027-01-04", "last_day": "2027-03-25"}]}
    with_terms = CalendarFile.model_validate(terms)
    own = with_calendars(two_services, with_terms, *files())
    assert closed(own, "payroll", is_whole=True) == [17]
    assert closed(own, "payroll", is_whole=False) == [15, 16, 17, 18, 19]
    named = with_calendars(two_services, with_terms, *files(services=("payroll",)))
    assert closed(named, "payroll", is_whole=True) == [15, 16, 17, 18, 19]
    assert closed(named, "hr", is_whole=True) == []


def test_the_rule_stops_a_whole_service_when_the_plan_does(two_services):
    """The system goes live for all schools in 2027, while every school except Cedar has a blackout all year."""
    year = a_blackout(first=date(2027, 1, 4), last=date(2027, 12, 31), activities=["decision", "go_live"])
    steps = {"steps": {**two_services.definition.pathways[0].steps}}
    steps["steps"]["agreed"] = type(steps["steps"]["train"])(kind=Kind.DECISION)
    pathways = (two_services.definition.pathways[0].model_copy(update=steps),)

    def found(*schools: str) -> set[str]:
        files = tuple(CalendarFile(calendar=s, school=s, blackouts=(year,)) for s in schools)
        definition = with_calendars(two_services, *files).model_copy(update={"pathways": pathways})
        judged = judge(join(definition, rulepacks=Rulepacks(packs=two_services.rulepacks.packs))[0])
        return {f.subject for f in judged.findings if f.rule == "R21" and f.subject.endswith("agreed")}

    assert found("ash", "beech") == set()
    assert found("ash", "beech", "cedar") == {"payroll/agreed", "hr/agreed"}


def test_a_blackout_never_moves_a_payday_or_cut_off(two_services):
    """April's payday is Wednesday the 28th, and its cut-off is five working days earlier, Wednesday the 21st."""
    table = {"first_month": "2027-01", "months": 12, "payday": 28, "cut_off_working_days": 5}
    freeze = a_blackout("Freeze", date(2027, 4, 19), date(2027, 4, 30))
    file = CalendarFile.model_validate({"calendar": "t", "pay_periods": table, "blackouts": (freeze,)})
    [april] = Calendars(with_calendars(two_services, file)).pay.pays(frozenset({"ash"}), date(2027, 4, 6))
    assert (april.payday, april.cut_off) == (date(2027, 4, 28), date(2027, 4, 21))


def test_a_blackout_never_moves_reminders(two_services):
    """It applies to tasks of its kind; people are still at work."""
    definition = with_calendars(two_services, CalendarFile(calendar="t", blackouts=(a_blackout(),)))
    assert PeoplesDays(definition, {}).of("lead").works_on(MONDAY)


def test_a_blackout_never_reduces_a_teams_days(two_services):
    """A team of five days a week has 50 tenths in the week of the blackout as in the week after."""
    file = CalendarFile(calendar="t", blackouts=(a_blackout(activities=["work"]),))
    programme = planned(two_services, file)
    teams = {"teams": {"t": {"days_per_week": 5}}}
    rollout = type(programme.definition.rollout).model_validate(teams)
    definition = programme.definition.model_copy(update={"rollout": rollout})
    again = judge(join(definition, rulepacks=Rulepacks(packs=programme.rulepacks.packs))[0]).programme
    assert wave_problem(again).capacity["t"][6:8] == (50, 50)


@pytest.mark.parametrize(("length", "last"), [("2d", "2027-01-25"), ("1sw", "2027-02-01"), ("7ed", "")])
def test_each_unit_treats_a_blackout_in_its_own_way(tmp_path: Path, length: str, last: str):
    """Training begins on Friday 22 January; Tuesday 26 and Wednesday 27 are a blackout.

    Two days are Friday and Monday. A school week avoids it: Friday, Monday, Thursday, Friday, Monday 1 February. Seven
    elapsed days continue through it, and the rule reports that.
    """
    steps = PATHWAY.replace("train: {kind: training", "train: {kind: training, start_no_earlier: 2027-01-22")
    steps = steps.replace("per: school, duration: 2d", f"per: school, duration: {length}")
    folder = a_folder(tmp_path, pathway=steps)
    (folder / "calendars").mkdir()
    black = "{name: Exams, first_day: 2027-01-26, last_day: 2027-01-27, activities: [training]}"
    text = (
        f"calendar: t\nterms: [{{name: Spring, first_day: 2027-01-04, last_day: 2027-03-25}}]\nblackouts: [{black}]\n"
    )
    (folder / "calendars" / "t.yaml").write_text(text, encoding="utf-8")
    judged = judge(read_folder(folder).programme)
    timed = judged.programme.timed("payroll/ash/train")
    assert day_of(timed.early_start) == date(2027, 1, 22)
    assert last in ("", str(last_day_of(timed.early_finish)))
    assert any(f.rule == "R21" and f.subject == "payroll/ash/train" for f in judged.findings) == (length == "7ed")


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("phases: [secondry]", "There is no phase 'secondry'."),
        ("services: [pay-roll]", "There is no service 'pay-roll'."),
        ("schools: [as]", "There is no school 'as'."),
    ],
)
def test_a_scope_with_an_unknown_name_is_a_definition_error(tmp_path: Path, written: str, what: str):
    folder = a_folder(tmp_path)
    (folder / "calendars").mkdir()
    black = f"{{name: Exams, first_day: 2027-01-19, last_day: 2027-01-20, activities: [training], {written}}}"
    (folder / "calendars" / "t.yaml").write_text(f"calendar: t\nblackouts: [{black}]\n", encoding="utf-8")
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    assert [(p.file, p.line, p.what) for p in caught.value.problems] == [("calendars/t.yaml", 2, what)]


def test_tasks_that_continue_through_a_blackout_have_its_days_as_float(tmp_path: Path):
    """A parallel run over the January pay period, and a milestone at its end, in a blackout from 4 January to 10 March.
    Their successors are on 1 April, so both can be two months later. The run's start may move from 1 January to 1
    March: 40 working days, without New Year's Day. The milestone may move from 1 February to 1 April: 20 in February
    and 21 in March, without Good Friday (the 26th) and Easter Monday (the 29th)."""
    black = "calendar: own\npay_periods: {first_month: 2027-01, months: 12, payday: 28, cut_off_working_days: 5}\n"
    black += (
        "blackouts: [{name: Audit, first_day: 2027-01-04, last_day: 2027-03-10, activities: [parallel_run, work]}]\n"
    )
    steps = "  run: {kind: parallel_run, duration: 1pp}\n  ready: {duration: 0d, after: run}\n"
    steps += "  end: {duration: 0d, after: ready, start_no_earlier: 2027-04-01}\n"
    folder = a_folder(tmp_path / "trust", service=SERVICE + "tasks:\n" + steps)
    (folder / "calendars").mkdir()
    (folder / "calendars" / "own.yaml").write_text(black, encoding="utf-8")
    timed = judge(read_folder(folder).programme).programme
    found = {name: timed.timed(f"payroll/{name}") for name in ("run", "ready")}
    day = timed.minutes_per_day
    assert {name: t.total_float / day for name, t in found.items()} == {"run": 40, "ready": 41}
    assert not any(t.critical for t in found.values())
