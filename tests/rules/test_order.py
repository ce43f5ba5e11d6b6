"""Rule R31: work out of sequence, by days, with each kind of link kept and broken.

In the small programme A takes Monday 4 to Wednesday 6 January 2027, and B waits for it.
"""

from datetime import date
from pathlib import Path

import pytest

from changeflow.programme.facts import Facts
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.values.words import Severity
from tests.builders import PATHWAY, at
from tests.rules.judging import found, judged


def overtaken(path: Path, link: str, *, more: str = "", on: str = "2027-01-15", **days: tuple[str, str]) -> list[str]:
    """Judge A and B with a link between them. Each has a first and a last day; the last is empty while in progress."""
    steps = f"  a: {{duration: 3d}}\n  b: {{duration: 3d, after: {link}}}\n{more}"
    progress = {
        f"payroll/{name}": TaskProgress(at(f"{first}T08:30"), at(f"{last}T16:30") if last else None)
        for name, (first, last) in days.items()
    }
    result = judged(path, pathway=PATHWAY + steps, facts=Facts(progress=progress), on=date.fromisoformat(on))
    return found(result, "R31", Severity.WARN)


A_DONE = ("2027-01-04", "2027-01-06")


@pytest.mark.parametrize(
    ("link", "b", "is_early"),
    [
        ("a", ("2027-01-07", ""), False),
        ("a", ("2027-01-06", ""), False),  # the day on which A ends, because days are compared
        ("a", ("2027-01-05", ""), True),
        ("a FS-1d", ("2027-01-06", ""), False),  # on the last day of A
        ("a FS-1d", ("2027-01-05", ""), True),
        ("a FS+2d", ("2027-01-11", ""), False),  # with Thursday and Friday between
        ("a FS+2d", ("2027-01-08", ""), True),
        ("a SS", ("2027-01-04", ""), False),
        ("a SS+2d", ("2027-01-06", ""), False),  # A was worked on Monday and Tuesday
        ("a SS+2d", ("2027-01-05", ""), True),
        ("a FF", ("2027-01-04", "2027-01-06"), False),
        ("a FF", ("2027-01-04", "2027-01-05"), True),
        ("a FF", ("2027-01-04", ""), False),
        ("a SF", ("2027-01-04", "2027-01-05"), False),
    ],
)
def test_days_that_a_link_does_not_allow_are_reported(tmp_path: Path, link: str, b: tuple[str, str], *, is_early: bool):
    assert bool(overtaken(tmp_path, link, a=A_DONE, b=b)) == is_early


def test_a_predecessor_in_progress_or_not_begun_is_reported(tmp_path: Path):
    said = ["“Payroll: B” started on 5 Jan 2027, too early. It depends on “Payroll: A”."]
    assert overtaken(tmp_path / "1", "a", a=("2027-01-04", ""), b=("2027-01-05", "")) == said
    assert overtaken(tmp_path / "2", "a", b=("2027-01-05", "")) == said


def test_an_unreported_milestone_is_reached_with_its_predecessors(tmp_path: Path):
    more = "  ready: {after: a}\n"
    assert overtaken(tmp_path / "1", "ready", more=more, a=A_DONE, b=("2027-01-07", "")) == []
    said = ["“Payroll: B” started on 5 Jan 2027, too early. It depends on “Payroll: A”."]
    assert overtaken(tmp_path / "2", "ready", more=more, a=A_DONE, b=("2027-01-05", "")) == said
