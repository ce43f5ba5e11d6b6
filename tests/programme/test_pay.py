"""Pay tables: which one applies, and months in which two of them differ."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.reports.pay import pay_rows, pay_text
from tests.builders import a_folder

TABLE = "pay_periods: {{first_month: {first}, months: 12, payday: {payday}}}\n"


def a_trust(path: Path, *tables: str) -> Path:
    folder = a_folder(path / "trust")
    (folder / "calendars").mkdir()
    for n, text in enumerate(tables):
        (folder / "calendars" / f"c{n}.yaml").write_text(f"calendar: c{n}\n{text}", encoding="utf-8")
    return folder


def test_two_tables_of_the_trust_for_one_month_are_a_definition_error(tmp_path: Path):
    one, other = (TABLE.format(first=first, payday=day) for first, day in (("2027-01", 28), ("2027-06", 15)))
    with pytest.raises(ProblemsError) as caught:
        read_folder(a_trust(tmp_path, one, other))
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("calendars/c1.yaml", 2)
    assert problem.what == "The table 'c0' gives June 2027 a different payday or cut-off."


@pytest.mark.parametrize(("first", "payday", "whose"), [("2028-01", 15, ""), ("2027-06", 28, ""),
                                                        ("2027-06", 15, "school: ash\n")])  # fmt: skip
def test_tables_for_other_months_or_schools_are_accepted(tmp_path: Path, first: str, payday: int, whose: str):
    own = whose + TABLE.format(first=first, payday=payday)
    assert read_folder(a_trust(tmp_path, TABLE.format(first="2027-01", payday=28), own))


@pytest.mark.slow
def test_paydays_are_listed_and_no_blackout_moves_them(tmp_path: Path):
    """Work stops from 19 to 30 April 2027, but payday stays on Wednesday the 28th.

    Inputs close five working days earlier: Tuesday 27, Monday 26, Friday 23, Thursday 22, Wednesday 21 April. In
    February the 28th is a Sunday, and payday is Friday the 26th.
    """
    table = "pay_periods: {first_month: 2027-01, months: 6, payday: 28, cut_off_working_days: 5}\n"
    stop = "blackouts: [{name: Stop, first_day: 2027-04-19, last_day: 2027-04-30, activities: [work]}]\n"
    folder = a_trust(tmp_path, table + stop)
    rows = {row["name"]: row for row in pay_rows(read_folder(folder).programme.scheduled())}
    assert list(rows) == [f"{month} 2027" for month in ("January", "February", "March", "April", "May", "June")]
    assert rows["April 2027"] == {
        "name": "April 2027", "opens": "2027-04-01", "cut_off": "2027-04-21", "payday": "2027-04-28",
        "closes": "2027-04-30", "schools": ["ash", "beech", "cedar"],
    }  # fmt: skip
    assert rows["February 2027"]["payday"] == "2027-02-26"
    printed = CliRunner().invoke(app, ["paydays", str(folder)])
    [line] = [line for line in printed.stdout.splitlines() if line.startswith("April 2027")]
    assert line.split("  ")[-1].strip() == "all"
    assert "Wed 21 Apr 2027   Wed 28 Apr 2027" in line
    plan = json.loads(CliRunner().invoke(app, ["plan", str(folder), "--format", "json"]).stdout)
    assert plan["pay_periods"][3] == rows["April 2027"]


def test_schools_with_their_own_table_are_named(tmp_path: Path):
    """Ash has a table from 2028, which is assumed to apply backwards too."""
    own = "school: ash\n" + TABLE.format(first="2028-01", payday=15)
    programme = read_folder(a_trust(tmp_path, TABLE.format(first="2027-01", payday=28), own)).programme.scheduled()
    january = [row for row in pay_rows(programme) if row["name"] == "January 2027"]
    assert [(row["payday"], row["schools"], "assumed" in row) for row in january] == [
        ("2027-01-15", ["ash"], True),
        ("2027-01-28", ["beech", "cedar"], False),
    ]
    assert any("Beech School, Cedar School" in line for line in pay_text(programme))


def test_without_a_pay_table_paydays_are_unknown(tmp_path: Path):
    programme = read_folder(a_folder(tmp_path)).programme.scheduled()
    assert list(pay_rows(programme)) == []
    assert list(pay_text(programme)) == ["No file in calendars/ has pay_periods, so paydays are unknown."]
