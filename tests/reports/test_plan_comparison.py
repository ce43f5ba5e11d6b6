"""Plans side by side: what differs, in which direction, and the cost of dual running."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from changeflow.intake.folder import Folder
from changeflow.planning.plan_chances import AnnouncedChance, PlanChances
from changeflow.reports.compared_chances import compare_chances
from changeflow.reports.dual_running import dual_running, dual_running_costs
from changeflow.reports.plan_comparison import Sign, compare_plans, date_cells
from changeflow.rules.engine import plan
from changeflow.values.words import Kind
from tests.builders import PROGRAMME
from tests.rules.judging import judged

MAY, JUNE = date(2027, 5, 3), date(2027, 6, 1)


def test_a_later_day_is_worse_an_earlier_one_better_and_a_missing_one_different():
    cells = date_cells([MAY, JUNE, MAY, None])
    assert [(cell.text, cell.change, cell.sign) for cell in cells] == [
        ("3 May 2027", "", Sign.SAME),
        ("1 Jun 2027", "29 days later", Sign.WORSE),
        ("3 May 2027", "", Sign.SAME),
        ("not in this plan", "removed", Sign.OTHER),
    ]
    assert [(cell.change, cell.sign) for cell in date_cells([JUNE, MAY])][1] == ("29 days earlier", Sign.BETTER)
    assert [(cell.change, cell.sign) for cell in date_cells([None, MAY])][1] == ("new", Sign.OTHER)


def test_a_plan_beside_itself_has_no_difference(tmp_path: Path):
    now = judged(tmp_path)
    found = compare_plans([("The current plan", now), ("Same", now)])
    assert [table.rows for table in found.tables] == [()] * len(found.tables)
    assert all(table.alike for table in found.tables)
    assert found.headlines == ("“Same” moves no announced date, milestone or decision, and changes no finding.",)


@pytest.mark.slow
def test_a_missed_deadline_is_no_later_milestone(tmp_path: Path):
    """All schools go live on 20 January 2027."""
    now = judged(tmp_path / "plan")
    earlier = PROGRAMME.replace("deadline: 2027-12-31", "deadline: 2027-01-10")
    draft = judged(tmp_path / "draft", programme=earlier)
    found = compare_plans([("The current plan", now), ("Sooner", draft)])
    assert found.headlines == ("“Sooner”: 1 deadline missed.",)
    [row] = found.tables[0].rows
    assert (row.detail, row.cells[1].change) == ("31 Dec 2027", "deadline missed")
    assert row.cells[1].note == "deadline 10 Jan 2027, misses its deadline by 10 days"


def test_a_chance_that_is_not_known_is_higher_than_any_that_is(tmp_path: Path):
    """It is not known because every simulation met the date."""

    def chances(*percents: int | None) -> PlanChances:
        lives = (AnnouncedChance(school=f"s{n}", service="x", announced=MAY, percent=p) for n, p in enumerate(percents))
        return PlanChances(mark="", milestones=(), go_lives=tuple(lives))

    found = compare_chances(
        judged(tmp_path).programme, [chances(50, None, 60, None), chances(70, 0, None, None)], iterations=100
    )
    rows = {row.name: row.cells[1] for table in found.tables for row in (*table.rows, *table.alike)}
    assert [(c.text, c.change, c.sign) for _, c in sorted(rows.items())] == [
        ("70%", "20 points higher", Sign.BETTER),
        ("0%", "lower", Sign.WORSE),
        ("not known", "higher", Sign.BETTER),
        ("not known", "", Sign.SAME),
    ]


@pytest.mark.slow
def test_dual_running_costs_the_total_of_what_each_decision_names(sample: Folder):
    programme = plan(sample.programme)
    totals = dict[tuple[str | None, str | None], Decimal]()
    for gate in programme.tasks(kind=Kind.DECISION):
        if gate.service is not None and gate.wave is not None:
            said = " ".join(dual_running(programme, gate, {}, {}))
            if found := re.search(r"The total is £([\d,]+)\.", said):
                totals[gate.service, gate.wave] = Decimal(found[1].replace(",", ""))
    assert totals
    assert sum(totals.values()) == sum(cost for _, _, cost in dual_running_costs(programme))
