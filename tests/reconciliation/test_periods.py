"""Two ledgers of different periods are not taken for a clean run, even if their amounts are the same."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.pilots.criteria import ParallelRunPolicy, Tolerance
from changeflow.pilots.runs import Reconciliation
from changeflow.reconciliation.compare import reconcile
from tests.builders import a_table_workbook

pytestmark = pytest.mark.slow


def doubts(folder: Path, old: str, new: str, policy: ParallelRunPolicy | None = None) -> tuple[str, ...]:
    for name, text in (("old", old), ("new", new)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    result = reconcile(folder / "old.csv", folder / "new.csv", policy or ParallelRunPolicy(), period="")
    assert result.coverage is not None
    assert is_clean(result) is not bool(result.coverage.doubts)
    return result.coverage.doubts


def is_clean(result: Reconciliation) -> bool:
    return result.summary(service="", period="", on=date(2027, 5, 4)).is_clean


@pytest.mark.usual(3)
@pytest.mark.parametrize(
    ("heading", "old", "new"),
    [
        ("period", "1", "2"),
        ("Pay period", "2027-04", "2027-05"),
        ("Period", "April 2027", "May 2027"),
        ("Month", "Apr", "May"),
        ("Pay_Date", "30/04/2027", "2027-05-31"),
        ("Tax week", "Week 3", "Week 4"),
        ("Tax year", "2026/27", "2027/28"),
    ],
)
def test_ledgers_of_different_periods_are_not_a_clean_run(tmp_path: Path, heading: str, old: str, new: str):
    text = "contract,net,{}\nA,1.50,{p}\nB,2.50,{p}\n"
    found = doubts(tmp_path, text.format(heading, p=old), text.format(heading, p=new))
    expected = f"{heading} is '{old}' in the old output and '{new}' in the new: compare the same period."
    assert found[0] == expected


@pytest.mark.usual(2)
@pytest.mark.parametrize(
    ("old", "new"),
    [("2027-04", "April 2027"), ("30/04/2027", "2027-04-30"), ("Apr-27", "30/04/2027"), ("01", "1"), ("Month 1", "1"),
     ("1", "2027-04"), ("Monthly", "Calendar month")],
)  # fmt: skip
def test_one_period_may_be_written_in_two_ways(tmp_path: Path, old: str, new: str):
    text = "contract,net,Pay month\nA,1.50,{p}\nB,2.50,{p}\n"
    assert doubts(tmp_path, text.format(p=old), text.format(p=new)) == ()


def test_days_that_differ_between_contracts_name_no_period(tmp_path: Path):
    old = "contract,net,Last month worked\nA,1.50,2027-03\nB,2.50,2027-04\n"
    assert doubts(tmp_path, old, old.replace("2027-03", "2027-02")) == ()


def test_tolerances_do_not_hide_another_period(tmp_path: Path):
    policy = ParallelRunPolicy(tolerances=(Tolerance(element="net"),))
    old = "contract,net,period\nA,1.50,2027-04\nB,2.50,2027-04\n"
    assert len(doubts(tmp_path, old, old.replace("2027-04", "2027-05"), policy)) == 1


@pytest.mark.usual(4)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Period:,April 2027", "Period: May 2027,", "“period” above the headings is 'april 2027' in the old output"),
        ("Tax period: 1,", "Tax period: 2,", "“tax period” above the headings is '1' in the old output"),
        ("Month: April,", "Month: May,", "“month” above the headings is 'april' in the old output"),
        (
            "Payroll of April 2027,",
            "Ash Trust,May 2027",
            "The lines above the headings name April 2027 in the old output",
        ),
        ("Period: 01,", "Period: 1,", ""),
        ("Pay date:,30/04/2027", "Pay date:,30 April 2027", ""),
        ("Printed on 1 April 2027,", "Printed on 3 May 2027,", ""),
        ("Run date:,30 April 2027", "Run date:,2 May 2027", ""),
        ("April 2027 to May 2027,", "May 2027,", ""),
        ("Payroll of April 2027,", "Payroll,", ""),
    ],
)
def test_titles_of_different_periods_are_no_clean_run_either(tmp_path: Path, old: str, new: str, said: str):
    found = doubts(tmp_path, f"{old}\n,\ncontract,net\nA,5\n", f"{new}\n,\ncontract,net\nA,5\n")
    assert [doubt.partition(" and ")[0] for doubt in found] == ([said] if said else [])


def test_sheets_named_after_different_months_are_no_clean_run(tmp_path: Path):
    files = [
        a_table_workbook(tmp_path / f"{name}.xlsx", [["contract", "net"], ["A", 5]], sheet=name)
        for name in ("April 2027", "May 2027")
    ]
    result = reconcile(*files, ParallelRunPolicy(), period="")
    assert not is_clean(result)
