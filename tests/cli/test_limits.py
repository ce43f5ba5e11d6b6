"""Days, numbers, lengths and names beyond all bounds: each is refused in words, with its place where it has one."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from changeflow.cli import app
from changeflow.cli.context import supported
from changeflow.errors import DatesOutOfRangeError
from changeflow.intake.folder import read_folder
from changeflow.phrases import printable
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.values.limits import EARLIEST, LATEST, is_supported
from changeflow.values.moments import day_of
from tests.builders import PATHWAY, PROGRAMME, SERVICE, a_folder, a_roadmap, a_task


def run(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(*words: object) -> str:
    """Run a command that is refused as wrong input; return what it says, on one line."""
    result = run(*words)
    assert result.exit_code == 4, result.output
    return " ".join(result.stderr.replace("│", " ").split())


def options(group: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if hasattr(group, "commands"):
        return [found for name, sub in group.commands.items() for found in options(sub, f"{prefix} {name}")]
    return [(prefix.strip(), parameter) for parameter in group.params]


OPTIONS = options(typer.main.get_command(app))


def test_every_option_that_is_a_day_is_checked():
    days = [(name, p) for name, p in OPTIONS if p.type_descriptor.annotation is datetime]
    assert {p.name for _, p in days} >= {"at", "on", "started", "received", "expires", "until", "due", "by"}
    assert [(name, p.name) for name, p in days if getattr(p.callback, "__wrapped__", p.callback) is not supported] == []


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1949-12-31", "2201-01-01"])
@pytest.mark.parametrize("command", ["plan", "health", "what-if"])
def test_a_moment_out_of_range_is_refused(tmp_path: Path, command: str, day: str):
    assert "is outside the years 1950 to 2200." in refused(command, a_folder(tmp_path), "--at", day)


@pytest.mark.parametrize(
    "words",
    [
        ("task", "start", "x", "--on", "0001-01-01"),
        ("task", "finish", "x", "--started", "9999-12-31"),
        ("person", "export", "x", "--received", "0001-01-01"),
        ("recover", "x", "--by", "9999-12-31"),
    ],
)
def test_other_days_out_of_range_are_refused(words: tuple[str, ...]):
    assert "is outside the years 1950 to 2200." in refused(*words)


@pytest.mark.slow
def test_a_moment_before_the_rules_says_from_when_on_they_are_known(tmp_path: Path):
    said = refused("plan", a_folder(tmp_path), "--at", "2019-12-31")
    assert "begins on" in said
    assert "after 31 Dec 2019" in said


def test_a_programme_that_begins_before_the_rules_is_told_so_at_its_start(tmp_path: Path):
    text = PROGRAMME.replace("start: 2027-01-04", "start: 1990-01-01")
    said = refused("validate", a_folder(tmp_path, programme=text))
    assert said.startswith("programme.yaml:4:8: The rulepack 'privacy' begins on 1 Jan 2020, after 1 Jan 1990.")


@pytest.mark.usual(4)
@pytest.mark.parametrize("day", [EARLIEST, LATEST])
@pytest.mark.parametrize("key", ["start", "finish", "since", "approved_on", "deadline"])
def test_the_first_and_the_last_day_are_planned_or_refused_in_words(tmp_path: Path, key: str, day: date):
    text = PROGRAMME.replace(
        {
            "start": "start: 2027-01-04",
            "finish": "start: 2027-01-04",
            "since": "since: 2026-09-01",
            "approved_on": "approved_on: 2026-12-01",
            "deadline": "deadline: 2027-12-31",
        }[key],
        f"{key}: {day}" + ("\nstart: 2027-01-04" if key == "finish" else ""),
    )
    assert run("plan", a_folder(tmp_path, programme=text)).exit_code in (0, 4)


LENGTHS = [
    *("9999999d", "99999999999ed", "36601ed", "9" * 5000 + "d", "1e999d", "-1d"),
    *("99999sw", "9999pp", "999t", "NaNd", "50%"),
]


AS_A_LAG = [length for length in LENGTHS if length not in ("-1d", "50%")]
"""A lag may be negative, or a share of what comes before it."""
WRONG = [(where, length) for where in ("duration", "estimate", "within") for length in LENGTHS]
WRONG += [("lag", length) for length in AS_A_LAG]


@pytest.mark.usual(7)
@pytest.mark.slow
@pytest.mark.parametrize(("where", "length"), WRONG)
def test_a_length_beyond_reason_is_refused_where_it_is_written(tmp_path: Path, length: str, where: str):
    service, file = SERVICE, "services/payroll.yaml"
    if where == "duration":
        service += f"tasks:\n  train: {{duration: '{length}'}}\n"
    elif where == "estimate":
        service += f"tasks:\n  train: {{estimate: [1d, 2d, '{length}']}}\n"
    elif where == "lag":
        service += f"tasks:\n  train: {{after: 'system-live FS+{length}'}}\n"
    else:
        folder = a_folder(tmp_path)
        (folder / "levelling.yaml").write_text(f"keep_within: [{{after: train, start: go-live, within: '{length}'}}]\n")
        file = "levelling.yaml"
    if where != "within":
        folder = a_folder(tmp_path, service=service)
    assert refused("plan", folder).startswith(f"{file}:")


def test_a_hundred_years_are_a_length_and_centuries_of_them_end_in_words():
    century = time_roadmap(a_roadmap(a_task("a", "36500ed")))
    assert day_of(century.finish).year == 2126
    tasks = [a_task(f"t{n}", "36500ed") for n in range(100)]
    late = time_roadmap(a_roadmap(*tasks, links=tuple(f"t{n} -> t{n + 1}" for n in range(99)))).finish
    with pytest.raises(DatesOutOfRangeError, match="far too long"):
        day_of(late)


@pytest.mark.parametrize(
    ("value", "says"),
    [("1e999", "is not a finite number"), (".nan", "is not a finite number"), (f"{'9' * 18}", "is too large")],
)
def test_numbers_that_do_not_exist_are_refused_where_they_are_written(tmp_path: Path, value: str, says: str):
    text = PROGRAMME + f"policy: {{barrier_order_within_weeks: {value}}}\n"
    said = refused("validate", a_folder(tmp_path, programme=text))
    assert said.startswith("programme.yaml:16:")
    assert says in said


def test_a_text_that_is_an_endless_number_is_refused_as_well(tmp_path: Path):
    text = SERVICE.replace("days_per_week: 2", "days_per_week: 'Infinity'")
    assert refused("validate", a_folder(tmp_path, service=text)).startswith("services/payroll.yaml:3:")


@pytest.mark.parametrize("month", ["0000-01", "0001-01", "9999-12", "2026-13"])
def test_a_month_that_no_pay_period_has_is_refused(tmp_path: Path, month: str):
    folder = a_folder(tmp_path)
    (folder / "calendars").mkdir()
    (folder / "calendars" / "pay.yaml").write_text(
        f"calendar: pay\npay_periods: {{first_month: {month!r}, months: 24, payday: 28}}\n"
    )
    assert refused("validate", folder).startswith("calendars/pay.yaml:2:")


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("payroll/requirements,0001-01-01,,", 2, "outside the years"),
        ("payroll/requirements,2027-01-04,9999-12-31,", 3, "outside the years"),
        ("payroll/requirements,2027-02-30,,", 2, "February 2027 has 28 days"),
        ("payroll/requirements,2027-01-04,,99999999d", 4, "too long"),
        ("payroll/requirements,2027-01-04,,50%", 4, "is a percentage"),
        ("payroll/requirements,2027-01-04,,-1d", 4, "negative"),
    ],
)
def test_progress_beyond_reason_is_refused_with_its_place(tmp_path: Path, line: str, column: int, says: str):
    from changeflow.intake.progress_sheets import read_progress_sheet
    from changeflow.values.problem import Problem

    (tmp_path / "p.csv").write_text(f"task,started,finished,remaining\n{line}\n")
    programme, problems = read_folder(a_folder(tmp_path / "trust")).programme, list[Problem]()
    read_progress_sheet(tmp_path / "p.csv", "p.csv", problems, programme=programme)
    [problem] = problems
    assert (problem.line, problem.column) == (2, column)
    assert says in problem.what


@pytest.mark.parametrize(
    ("pack", "value", "says"),
    [
        ("privacy", "floor: {value: many, grade: D, source: s}", "is not a whole number"),
        ("privacy", "floor: {value: -3, grade: D, source: s}", "is not between"),
        ("privacy", "floor: {grade: D, value: null, source: s}", "is not a whole number"),
        ("nudges", "send_from: {value: 25:99, grade: D, source: s}", "is not"),
        ("nudges", "send_from: {value: '25:99', grade: D, source: s}", "is not written like"),
        ("nudges", "ladder: {value: 3, grade: D, source: s}", "is not a list"),
        ("nudges", "ladder: {value: [soon], grade: D, source: s}", "is not a whole number"),
        ("payroll", "avoid_windows: {value: [{name: n}], grade: D, source: s}", "lacks 'first'"),
    ],
)
def test_a_rulepack_of_the_folder_has_the_form_of_the_one_that_ships(tmp_path: Path, pack: str, value: str, says: str):
    folder = a_folder(tmp_path)
    (folder / "rulepacks").mkdir()
    (folder / "rulepacks" / "own.yaml").write_text(
        f"rulepack: {pack}\nin_force_from: 2020-01-01\nentries:\n  {value}\n"
    )
    said = refused("validate", folder)
    assert said.startswith("rulepacks/own.yaml:4:")
    assert says in said


@pytest.mark.slow
@pytest.mark.parametrize("option", ["nan", "1e999", "-1", "0"])
def test_a_search_without_end_is_refused(tmp_path: Path, option: str):
    assert "Give the search some time" in refused("level", a_folder(tmp_path), f"--seconds={option}")
    assert "Give the search some time" in refused("waves", tmp_path, f"--seconds={option}")


@pytest.mark.parametrize("command", ["init", "validate", "plan", "schedule", "health"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, command: str):
    assert "File name too long" in refused(command, tmp_path / ("x" * 300))


def test_what_people_named_is_shown_and_never_obeyed(tmp_path: Path):
    folder = a_folder(tmp_path / "a\n\x1b[31mb", pathway=PATHWAY)
    result = run("validate", folder)
    assert result.exit_code == 0
    assert "a\\n\\x1b[31mb: no problems." in result.stdout
    assert "\x1b" not in result.output + refused("plan", tmp_path / "\x1b[2Jx") + refused(
        "plan", folder, "--to", "\x1b[2J"
    )


def test_every_control_character_is_shown():
    text = "".join(chr(n) for n in (*range(32), *range(127, 160), 0x202E, 0x2028, 0x2066))
    assert printable(text).isascii()
    assert printable(text).isprintable()
    assert printable("Ash École – £5\n", keep="\n") == "Ash École – £5\n"


def test_supported_days_are_those_that_calendars_reach():
    assert is_supported(EARLIEST)
    assert is_supported(datetime(2200, 12, 31, 23, 59))
    assert not is_supported(date.min)
    assert not is_supported(date.max)
