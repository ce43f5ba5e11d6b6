"""Pay tables: which one counts, and months for which two of them differ."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from tests.builders import a_folder

TABLE = "pay_periods: {{first_month: {first}, months: 12, payday: {payday}}}\n"


def a_trust(path: Path, *tables: str) -> Path:
    folder = a_folder(path / "trust")
    (folder / "calendars").mkdir()
    for n, text in enumerate(tables):
        (folder / "calendars" / f"c{n}.yaml").write_text(f"calendar: c{n}\n{text}", encoding="utf-8")
    return folder


def test_two_tables_of_the_trust_for_one_month_are_a_mistake(tmp_path: Path):
    one, other = (TABLE.format(first=first, payday=day) for first, day in (("2027-01", 28), ("2027-06", 15)))
    with pytest.raises(ProblemsError) as caught:
        read_folder(a_trust(tmp_path, one, other))
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("calendars/c1.yaml", 2)
    assert problem.what == "Another table gives June 2027 another payday or cut-off: 'c0'."


@pytest.mark.parametrize(("first", "payday", "whose"), [("2028-01", 15, ""), ("2027-06", 28, ""),
                                                        ("2027-06", 15, "school: ash\n")])  # fmt: skip
def test_tables_of_other_months_or_schools_are_fine(tmp_path: Path, first: str, payday: int, whose: str):
    own = whose + TABLE.format(first=first, payday=payday)
    assert read_folder(a_trust(tmp_path, TABLE.format(first="2027-01", payday=28), own))
