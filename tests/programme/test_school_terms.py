"""A school's own terms replace its authority's wherever terms are used. Days are from a 2027 calendar."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.agenda.due import PeoplesDays
from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.calendar_files import CalendarFile
from changeflow.programme.programme import Programme, join
from changeflow.rules.people import school_days
from changeflow.values.moments import day_of, format_day, last_day_of
from tests.builders import PEOPLE, PROGRAMME, a_folder

STEPS = """\
service: payroll
name: Payroll
pathway: none
tasks:
  lesson: {duration: 10d, calendar: term, per: school}
  opening: {duration: 1d, starts_on: term, per: school, start_no_earlier: 2027-01-08}
  whole: {duration: 1t, per: school, start_no_earlier: 2027-01-08}
  after-term: {duration: 1d, per: school, after: lesson FS+1t}
  weeks: {duration: 2sw, per: school}
  together: {duration: 1d, starts_on: term, per: wave, start_no_earlier: 2027-01-08}
"""


def terms(spring: tuple[str, str], half_term: tuple[str, str], summer: tuple[str, str]) -> list[dict[str, object]]:
    return [
        {"name": "Spring", "first_day": spring[0], "last_day": spring[1], "half_term": half_term},
        {"name": "Summer", "first_day": summer[0], "last_day": summer[1]},
    ]


NORTH = CalendarFile.model_validate(
    {
        "calendar": "north",
        "authority": "north",
        "terms": terms(("2027-01-04", "2027-03-25"), ("2027-02-15", "2027-02-19"), ("2027-04-12", "2027-07-21")),
    }
)
ASH = CalendarFile.model_validate(
    {
        "calendar": "ash",
        "school": "ash",
        "terms": terms(("2027-01-06", "2027-03-19"), ("2027-01-13", "2027-01-15"), ("2027-04-19", "2027-07-16")),
    }
)


STAFF = "".join(f"{school},P,Payroll Officer,{school}@example.org,team,{school},,\n" for school in ("ash", "beech"))


def a_programme(path: Path, *, steps: str = STEPS) -> Path:
    programme = PROGRAMME[: PROGRAMME.index("tasks:")]
    folder = a_folder(path, programme=programme, service=steps, people=PEOPLE + STAFF)
    (folder / "pathways" / "none.yaml").write_text("pathway: none\nname: None\nsteps: {}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """A programme without terms. Ash, Beech and Cedar are all in the north."""
    steps = "service: payroll\nname: Payroll\npathway: none\ntasks:\n  plain: {duration: 1d}\n"
    return read_folder(a_programme(tmp_path_factory.mktemp("trust"), steps=steps)).programme


def with_calendars(programme: Programme, *files: CalendarFile) -> Programme:
    definition = programme.definition.model_copy(update={"calendars": files})
    return join(definition, rulepacks=programme.rulepacks)[0]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    folder = a_programme(tmp_path_factory.mktemp("trust"))
    (folder / "calendars").mkdir()
    for file in (NORTH, ASH):
        text = file.model_dump_json(exclude_defaults=True)
        (folder / "calendars" / f"{file.calendar}.yaml").write_text(text, encoding="utf-8")
    return read_folder(folder).programme.scheduled()


@pytest.mark.parametrize(
    ("step", "at_ash", "at_beech"),
    [
        ("lesson", "6 Jan 2027 to 22 Jan 2027", "4 Jan 2027 to 15 Jan 2027"),
        ("weeks", "6 Jan 2027 to 22 Jan 2027", "4 Jan 2027 to 15 Jan 2027"),
        ("opening", "19 Apr 2027 to 19 Apr 2027", "12 Apr 2027 to 12 Apr 2027"),
        ("whole", "19 Apr 2027 to 16 Jul 2027", "12 Apr 2027 to 21 Jul 2027"),
        ("after-term", "19 Jul 2027 to 19 Jul 2027", "22 Jul 2027 to 22 Jul 2027"),
    ],
)
def test_a_schools_own_terms_replace_its_authoritys(planned, step, at_ash, at_beech):
    """Ash is in school on 6, 7, 8, 11 and 12 January, then has its half-term, and on 18 to 22: ten days.

    The next terms open on 12 April (Ash: 19 April) and end on Wednesday 21 July (Ash: Friday 16 July).
    """
    for school, dates in (("ash", at_ash), ("beech", at_beech)):
        timed = planned.timed(f"payroll/{school}/{step}")
        found = f"{format_day(day_of(timed.early_start))} to {format_day(last_day_of(timed.early_finish))}"
        assert found == dates


def test_a_common_term_starts_when_all_schools_are_open(planned):
    """Wave 1 is Ash and Beech: 19 April. Wave 2 is Cedar: 12 April."""
    opens = [day_of(planned.timed(f"payroll/{wave}/together").early_start) for wave in ("w1", "w2")]
    assert opens == [date(2027, 4, 19), date(2027, 4, 12)]


def test_peoples_days_follow_their_schools_own_terms(planned):
    days = PeoplesDays(planned.definition, {})
    in_half_term, in_spring = date(2027, 1, 13), date(2027, 3, 22)
    assert [days.of("ash").works_on(day) for day in (in_half_term, in_spring)] == [False, False]
    assert [days.of("beech").works_on(day) for day in (in_half_term, in_spring)] == [True, True]


def test_school_days_follow_the_terms_with_the_fewest_days(planned, small):
    """From 11 to 22 January Beech and Cedar have ten, Ash 11, 12 and 18 to 22 January: seven."""
    assert school_days(planned, date(2027, 1, 8), date(2027, 1, 22)) == 7
    assert school_days(with_calendars(small, NORTH), date(2027, 1, 8), date(2027, 1, 22)) == 10


def works(programme: Programme, school: str, day: date) -> bool:
    calendars = Calendars(programme.definition)
    return calendars.get(calendars.key("term", frozenset({school}))).works_on(day)


@pytest.mark.parametrize("whose", [{}, {"authority": "north"}, {"school": "ash"}])
def test_a_day_opened_as_an_exception_is_open_in_a_schools_own_half_term(small, whose):
    """14 January is in the half-term of Ash, and 16 January a Saturday."""
    closed = [{"name": "fair", "first_day": day, "open": True} for day in ("2027-01-14", "2027-01-16")]
    file = CalendarFile.model_validate({"calendar": "open", "closed": closed} | whose)
    programme = with_calendars(small, NORTH, ASH, file)
    assert works(programme, "ash", date(2027, 1, 14))
    assert works(programme, "ash", date(2027, 1, 16))
    assert works(programme, "beech", date(2027, 1, 16)) == ("school" not in whose)
    assert not works(programme, "ash", date(2027, 1, 15))


def test_a_file_that_names_an_authority_and_a_school_belongs_to_the_school(small):
    both = ASH.model_copy(update={"authority": "north"})
    programme = with_calendars(small, NORTH, both)
    assert not works(programme, "ash", date(2027, 1, 13))
    assert works(programme, "beech", date(2027, 1, 13))


@pytest.mark.slow
def test_tasks_that_need_missing_terms_are_reported_with_their_place(tmp_path: Path):
    folder = a_programme(tmp_path)
    (folder / "calendars").mkdir()
    (folder / "calendars" / "ash.yaml").write_text(ASH.model_dump_json(exclude_defaults=True), encoding="utf-8")
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    assert sorted({(p.line, p.what) for p in caught.value.problems}) == [
        (6, "'payroll/beech/opening' needs terms."),
        (6, "'payroll/cedar/opening' needs terms."),
        (7, "'payroll/beech/whole' needs terms."),
        (7, "'payroll/cedar/whole' needs terms."),
        (8, "The lag 1t needs terms."),
        (10, "'payroll/w2/together' needs terms."),
    ]


def test_work_at_no_school_follows_the_trusts_terms(small):
    trust = NORTH.model_copy(update={"calendar": "trust", "authority": None})
    calendars = Calendars(with_calendars(small, trust).definition)
    nowhere = calendars.get(calendars.key("term", frozenset()))
    assert not nowhere.works_on(date(2027, 2, 16))
    assert nowhere.works_on(date(2027, 2, 22))
    assert calendars.periods.made[calendars.periods.terms_key(frozenset())].starts_within(
        date(2027, 1, 1), date(2027, 4, 30)
    )
