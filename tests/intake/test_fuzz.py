"""Random and mutated files: whatever is in them, only errors in words come out, never a traceback."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.errors import ChangeflowError
from changeflow.intake.folder import read_folder
from changeflow.intake.formats import a_format
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.intake.tables import read_table
from changeflow.intake.yaml import parse_yaml
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.compare import reconcile
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.rules.engine import Judged, judge
from changeflow.values.duration import parse_duration
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SCHOOLS, SERVICE, a_folder
from tests.intake.bombs import PROJECT, a_workbook, cells
from tests.quick import draws

pytestmark = pytest.mark.slow

WILD = (
    *("0001-01-01", "9999-12-31", "1950-01-01", "2200-12-31", "2027-02-30", "1e999", "-1", "0", ".nan", "9" * 30),
    *("9999999d", "99999999999ed", "-5d", "100y", "1000000000%", "99999sw", "0d", "1.5t", "FS+99999999d", "FS-36500ed"),
    *("null", "true", "[]", "{}", "[[[[", "*a", "&a", "!!python/object:os.system", "\x00", "\x1b[31m", "\ud7ff", "é"),
    *("'", '"', ",", ";", "\n", "\r", "\t", ": ", "- ", "../../etc/passwd", "=1+1", "﻿", "%", "|", ">"),
)
"""What people, programs and attackers write where something else is expected."""


def mutated(text: str) -> st.SearchStrategy[str]:
    """Return strategies for a text of which a few pieces are replaced, repeated or left out."""
    piece = st.one_of(st.sampled_from(WILD), st.text(max_size=5))
    edit = st.tuples(st.integers(0, len(text)), st.integers(0, 12), piece)

    def apply(edits: list[tuple[int, int, str]]) -> str:
        done = text
        for at, length, new in edits:
            done = done[:at] + new + done[at + length :]
        return done

    return st.lists(edit, min_size=1, max_size=4).map(apply)


def words_of(text: str) -> st.SearchStrategy[str]:
    """Return strategies for a text of which one value is replaced: so that what comes after it is reached."""
    import re

    values = [m.span() for m in re.finditer(r"[\w.:+-]+", text)]
    replaced = st.tuples(st.sampled_from(values), st.sampled_from(WILD))
    return replaced.map(lambda one: text[: one[0][0]] + one[1] + text[one[0][1] :])


def encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


FILES = {
    "programme.yaml": PROGRAMME + "policy: {assess_every_weeks: 6}\nclosed:\n  - {name: off, first_day: 2027-04-01}\n",
    "services/payroll.yaml": SERVICE
    + "tasks:\n  train: {duration: 3d, estimate: [2d, 3d, 9d], deadline: 2027-06-01}\n",
    "pathways/short.yaml": PATHWAY,
    "schools.csv": SCHOOLS,
    "people.csv": PEOPLE.replace("manager\n", "manager,joins,leaves,away\n").replace("chief\n", "chief,2020-01-01,,\n"),
    "rollout.yaml": "latest: 2028-07-31\nschools: {ash: {earliest: 2027-02-01}}\nat_once: 2\n",
    "risk.yaml": "events:\n  - {id: e, name: E, probability: 0.2, effect: [1d, 2d, 5d], tasks: [train]}\n",
    "levelling.yaml": "pinned: {payroll/requirements: 2027-01-11T13:00}\n",
    "calendars/north.yaml": (
        "calendar: north\nauthority: north\nterms:\n"
        "  - {name: Autumn, first_day: 2026-09-02, last_day: 2029-12-18, half_term: [2026-10-26, 2026-10-30]}\n"
        "pay_periods: {first_month: 2026-09, months: 60, payday: 28}\n"
    ),
    "rulepacks/own.yaml": (
        "rulepack: privacy\nin_force_from: 2020-01-01\nentries: {floor: {value: 6, grade: D, source: board}}\n"
    ),
    "adkar/r1.csv": "person,on,awareness\nchief,2027-02-01,3\n",
}


def plan_of(name: str, raw: bytes) -> Judged:
    """Read and judge a small folder of which one file is given."""
    with tempfile.TemporaryDirectory() as home:
        folder = a_folder(Path(home))
        for file in ({name} if name not in FILES else {name, "calendars/north.yaml"}) | {name}:
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(raw if file == name else FILES[file].encode())
        return judge(read_folder(folder).programme)


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_a_folder_as_it_is_here_is_right(name: str):
    judged = plan_of(name, FILES[name].encode())
    assert judged.programme.roadmap.tasks


@pytest.mark.usual(2)
@pytest.mark.parametrize("name", FILES)
@settings(max_examples=draws(40), deadline=None)
@given(data=st.data())
def test_a_folder_with_a_mutated_file_is_planned_or_refused(name: str, data: st.DataObject):
    text = data.draw(st.one_of(words_of(FILES[name]), mutated(FILES[name])))
    assert works_or_is_refused(lambda: plan_of(name, encoded(text)))


def works_in_file(read: Callable[[Path], object], suffix: str, raw: bytes) -> bool:
    """Tell whether some bytes can be read from a file, or are refused as they should be."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / f"x{suffix}"
        path.write_bytes(raw)
        return works_or_is_refused(lambda: read(path))


def works_or_is_refused(act: Callable[[], object]) -> bool:
    """Tell whether something succeeds, or is refused in words, as a mistake of the user's. Anything else is raised."""
    try:
        act()
    except ChangeflowError as refusal:
        return bool(str(refusal).strip()) and refusal.exit_code in (3, 4)
    return True


def read_rows(path: Path) -> None:
    problems: list[Problem] = []
    for _ in read_table(path, path.name, problems, a_format("table", ("id", "role"), None)):
        pass
    for problem in problems:
        assert str(problem)


@settings(max_examples=draws(200), deadline=None)
@given(st.one_of(st.binary(max_size=300), mutated(PEOPLE).map(encoded), st.text(max_size=200).map(encoded)))
def test_a_table_of_anything_gives_rows_or_problems(raw: bytes):
    assert works_in_file(read_rows, ".csv", raw)


@settings(max_examples=draws(200), deadline=None)
@given(st.one_of(st.text(max_size=200), mutated(PROGRAMME), st.text("{}[]:,-&*!|>#%@`'\"? \n\tab0.", max_size=80)))
def test_yaml_of_anything_gives_a_document_or_problems(text: str):
    problems: list[Problem] = []
    document = parse_yaml(text, "x.yaml", problems)
    assert (document is None) == bool(problems)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("book") / "x.xlsx"
    sheet = cells(3, "AB", '<c r="{place}" t="inlineStr"><is><t>id</t></is></c>')
    return a_workbook(path, sheet).read_bytes()


@settings(max_examples=draws(150), deadline=None)
@given(data=st.data())
def test_a_workbook_with_wrong_bytes_gives_rows_or_problems(workbook: bytes, data: st.DataObject):
    raw = bytearray(workbook)
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=8)):
        raw[at] = byte
    cut = data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))
    assert works_in_file(read_rows, ".xlsx", bytes(raw[:cut]))


SHEET_TEXT = cells(2, "ABC", '<c r="{place}" t="n"><v>12.5</v></c>')


@settings(max_examples=draws(100), deadline=None)
@given(st.one_of(words_of(SHEET_TEXT), mutated(SHEET_TEXT)))
def test_a_workbook_with_a_wrong_sheet_gives_rows_or_problems(text: str):
    with tempfile.TemporaryDirectory() as home:
        path = a_workbook(Path(home) / "x.xlsx", encoded(text) or b" ")
        assert works_or_is_refused(lambda: read_rows(path))


PLAN = (
    f"{PROJECT}<StartDate>2027-03-01T08:00:00</StartDate><CalendarUID>1</CalendarUID><MinutesPerDay>480</MinutesPerDay>"
    "<CriticalSlackLimit>0</CriticalSlackLimit><Calendars><Calendar><UID>1</UID><Name>S</Name>"
    "<BaseCalendarUID>-1</BaseCalendarUID><WeekDays><WeekDay><DayType>2</DayType><DayWorking>1</DayWorking>"
    "<WorkingTimes><WorkingTime><FromTime>08:00:00</FromTime><ToTime>16:00:00</ToTime></WorkingTime></WorkingTimes>"
    "</WeekDay></WeekDays><Exceptions><Exception><TimePeriod><FromDate>2027-03-01T00:00:00</FromDate>"
    "<ToDate>2027-06-21T23:59:00</ToDate></TimePeriod><Type>5</Type><Period>1</Period><MonthItem>5</MonthItem>"
    "<MonthPosition>1</MonthPosition><DayWorking>0</DayWorking></Exception></Exceptions></Calendar></Calendars><Tasks>"
    "<Task><UID>1</UID><Name>A</Name><OutlineLevel>1</OutlineLevel><Duration>PT8H0M0S</Duration>"
    "<DurationFormat>7</DurationFormat><ActualStart>2027-03-01T08:00:00</ActualStart><Resume>2027-03-08T08:00:00</Resume>"
    "<RemainingDuration>PT4H0M0S</RemainingDuration></Task><Task><UID>2</UID><Name>B</Name><OutlineLevel>2</OutlineLevel>"
    "<Duration>PT8H0M0S</Duration><DurationFormat>7</DurationFormat><ConstraintType>4</ConstraintType>"
    "<ConstraintDate>2027-03-08T08:00:00</ConstraintDate><Deadline>2027-04-08T08:00:00</Deadline><PredecessorLink>"
    "<PredecessorUID>1</PredecessorUID><Type>1</Type><LinkLag>480</LinkLag><LagFormat>7</LagFormat></PredecessorLink>"
    "<Baseline><Number>0</Number><Start>2027-03-08T08:00:00</Start><Finish>2027-03-08T16:00:00</Finish></Baseline></Task>"
    "<Task><UID>3</UID><Name>C</Name><OutlineLevel>1</OutlineLevel><Manual>1</Manual><Duration>PT8H0M0S</Duration>"
    "<ManualStart>2027-03-08T08:00:00</ManualStart><ManualFinish>2027-03-09T08:00:00</ManualFinish></Task></Tasks>"
    "<Resources><Resource><UID>1</UID><Type>1</Type><CalendarUID>1</CalendarUID></Resource></Resources><Assignments>"
    "<Assignment><TaskUID>2</TaskUID><ResourceUID>1</ResourceUID><Units>1</Units><Work>PT8H0M0S</Work></Assignment>"
    "</Assignments></Project>"
)


def schedule(path: Path) -> None:
    time_roadmap(read_mspdi(path).roadmap)


@settings(max_examples=draws(300), deadline=None)
@given(st.one_of(words_of(PLAN).map(encoded), mutated(PLAN).map(encoded), st.binary(max_size=200)))
def test_a_project_file_of_anything_is_scheduled_or_refused(raw: bytes):
    assert works_in_file(schedule, ".xml", raw)


LEDGER = "contract,net,tax\na,100.00,20\nb,1,\n"


@pytest.mark.thorough
@settings(max_examples=draws(60), deadline=None)
@given(st.one_of(st.binary(max_size=200), mutated(LEDGER).map(encoded)))
def test_a_ledger_of_anything_is_compared_or_refused(raw: bytes):
    assert works_in_file(lambda path: reconcile(path, path, ParallelRunPolicy(), period="2027-01"), ".csv", raw)


@given(st.one_of(st.sampled_from(WILD), st.text(max_size=40), st.from_regex(r"[+-]?\d{1,40}(\.\d{1,40})?[a-z%]{1,2}")))
def test_a_duration_of_anything_is_within_a_hundred_years_or_refused(text: str):
    for is_lag in (False, True):
        with suppress(ValueError):
            assert abs(parse_duration(text, minutes_per_day=450, lag=is_lag).amount) <= 100 * 366 * 24 * 60


@given(st.text(max_size=40))
def test_a_day_of_anything_is_a_day_or_refused(text: str):
    with suppress(ValueError):
        assert 1950 <= parse_day(text).year <= 2200
