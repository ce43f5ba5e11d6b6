"""What keeps a column or a whole ledger out of a comparison is said, with its place and the remedy."""

from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from changeflow.errors import ProblemsError
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Reconciliation
from changeflow.reconciliation.compare import reconcile
from changeflow.reconciliation.wrong_cells import what_is_wrong
from changeflow.values.problem import Problem

pytestmark = pytest.mark.slow

DAY = date(2027, 2, 1)


def compared(folder: Path, old: str, new: str) -> Reconciliation:
    for name, text in (("old", old), ("new", new)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return reconcile(folder / "old.csv", folder / "new.csv", ParallelRunPolicy(), period="")


def problems(folder: Path, old: str, new: str) -> list[Problem]:
    with pytest.raises(ProblemsError) as raised:
        compared(folder, old, new)
    return list(raised.value.problems)


def is_clean(result: Reconciliation) -> bool:
    return result.summary(service="", period="", on=DAY).is_clean


def test_hours_and_minutes_are_compared_as_hours(tmp_path: Path):
    """37:30 is 37.5 hours; 36:00 against 20:00 are sixteen hours less, also beside decimal commas."""
    old, new = "contract,hours\nA,37:30\nB,36:00\n", "contract;hours\nA;37,50\nB;20:00\n"
    result = compared(tmp_path, old, new)
    assert {(v.key, v.element): str(v.difference) for v in result.variances} == {("B", "hours"): "-16.00"}
    assert not is_clean(result)
    assert "old.csv: 2 cells of hours and minutes read as hours: 37:30 is 37.50." in result.read_as


def test_hours_of_a_workbook_are_read_whatever_their_format_is(tmp_path: Path):
    """A spreadsheet keeps 37:30 as 1.5625 days: 1.5625 * 24 = 37.5."""
    for name, forms in (("old", ("[h]:mm", "hh:mm")), ("new", ("[hh]:mm:ss", "h:mm"))):
        with xlsxwriter.Workbook(str(tmp_path / f"{name}.xlsx")) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["contract", "worked", "leave"])
            sheet.write(1, 0, "A")
            sheet.write_number(1, 1, 1.5625, book.add_format({"num_format": forms[0]}))
            sheet.write_number(1, 2, 1.5625 if name == "old" else 0.3125, book.add_format({"num_format": forms[1]}))
    result = reconcile(tmp_path / "old.xlsx", tmp_path / "new.xlsx", ParallelRunPolicy(), period="")
    assert [(v.element, str(v.old), str(v.new)) for v in result.variances] == [("leave", "37.50", "7.50")]


@pytest.mark.thorough
def test_ledgers_of_many_columns_are_compared_in_each_of_their_parts(tmp_path: Path):
    """They are read in parts of 48 columns: the first and the last of each part are a pound more on the new side."""
    columns, more = range(100), {0, 47, 48, 95, 96, 99}
    head = "contract," + ",".join(f"e{n}" for n in columns)
    old = f"{head}\nA,{','.join(f'(£1 0{n:02}.50)' if n % 2 else f'£{n}' for n in columns)}\n"
    new = f"{head}\nA,{','.join(f'{(-1000.5 - n if n % 2 else n) + (n in more):.2f}' for n in columns)}\n"
    result = compared(tmp_path, old, new)
    assert {v.element: str(v.difference) for v in result.variances} == dict.fromkeys((f"e{n}" for n in more), "1.00")
    odd = problems(tmp_path, old.replace("£98", "£98x"), new)
    assert [(p.line, p.column, p.what) for p in odd] == [(2, 100, "e98: '£98x' has 'x' beside its number.")]


def test_titles_of_groups_are_said_because_they_count_as_contracts(tmp_path: Path):
    """A report of cost centres has a line with each one's name alone. A dash or a zero is an amount."""
    text = "contract,budget,actual\nE01 Teaching,,\n1001,5,4\n1002,-,0\nE02 Supply,,\n1101,3,2\n"
    result = compared(tmp_path, text, "contract,budget,actual\n1001,5,4\n1002,0,0\n1101,3,2\n")
    assert "old.csv: Lines 2 and 5 have no amounts: they count as 0.00." in result.read_as
    one = compared(tmp_path, text.replace("E02 Supply,,\n", ""), text)
    assert "old.csv: Line 2 has no amount: it counts as 0.00." in one.read_as


def test_a_duration_typed_with_openpyxl_is_read(tmp_path: Path):
    book = openpyxl.Workbook()
    for row in (["contract", "hours"], ["A", timedelta(hours=37, minutes=30)]):
        book.active.append(row)
    book.save(tmp_path / "old.xlsx")
    (tmp_path / "new.csv").write_text("contract,hours\nA,37.5\n")
    result = reconcile(tmp_path / "old.xlsx", tmp_path / "new.csv", ParallelRunPolicy(), period="")
    assert (result.variances, result.coverage.compared) == ((), ("hours",))


def test_a_title_that_each_page_repeats_is_no_contract(tmp_path: Path):
    page, head = "Our trust,,\nPayments,,Page {}\n", "contract,name,net\n"
    old = page.format(1) + head + "A,Clerk,1.50\n" + page.format(2) + head + "B,Head,2.50\n"
    result = compared(tmp_path, old, old.replace("2.50", "3.50"))
    assert [(v.key, str(v.difference)) for v in result.variances] == [("B", "1.00")]
    assert sum(result.counts.values()) == 2
    assert "old.csv and new.csv: 2 lines that repeat the text above the headings, left out." in result.read_as


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<html><table><tr><td>contract</td><td>net</td></tr></table>", "It is a web page."),
        (b"PK\x03\x04 some workbook", "It is an Excel workbook, or another zip."),
        (b"\xd0\xcf\x11\xe0 an old one", "It is a workbook of an older Excel, or has a password."),
        (b"%PDF-1.7 payslips", "It is a PDF."),
    ],
)
def test_a_ledger_of_another_kind_than_its_name_says_is_refused(tmp_path: Path, content: bytes, what: str):
    (tmp_path / "old.csv").write_bytes(content)
    (tmp_path / "new.csv").write_text("contract,net\nA,1\n")
    with pytest.raises(ProblemsError) as raised:
        reconcile(tmp_path / "old.csv", tmp_path / "new.csv", ParallelRunPolicy(), period="")
    assert [p.what for p in raised.value.problems] == [what]


@pytest.mark.usual(1)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("37.5 hrs", "36 hrs"),
        ("37h 30m", "36h"),
        ("£1.50 p", "£1.60 p"),
        ("5 days", "4 days"),
        ("£12.50/hr", "£14.00/hr"),
        ("12 per session", "14 per session"),
        ("£25000 pro rata", "£26000 pro rata"),
        ("0.6 of full time", "0.8 of full time"),
        ("37.5 hrs", "as contract"),
    ],
)
def test_figures_with_words_that_differ_make_a_run_not_clean(tmp_path: Path, old: str, new: str):
    text = f"contract,net,extra\nA,1.50,{old}\nB,2.50,{old}\n"
    same, other = (
        compared(tmp_path, text, text),
        compared(tmp_path, text, text.replace(f"B,2.50,{old}", f"B,2.50,{new}")),
    )
    assert (is_clean(same), is_clean(other)) == (True, False)
    assert other.coverage.doubts[0].startswith("extra was not compared, and 1 contract has other numbers")


@pytest.mark.parametrize(
    ("old", "new"), [("Ash", "Beech"), ("30/04/2027", "2027-04-30"), ("12 High Street", "12 High St")]
)
def test_texts_that_differ_are_no_reason_for_doubt(tmp_path: Path, old: str, new: str):
    text = f"contract,net,site\nA,1.50,{old}\nB,2.50,{old}\n"
    assert is_clean(compared(tmp_path, text, text.replace(old, new)))


def test_a_column_with_one_amount_says_where_to_look(tmp_path: Path):
    text = "contract,net,gross\nA,1.50,7\nB,see note,8\nC,left,9\nD,left,9\n"
    result = compared(tmp_path, text, text)
    [left] = result.coverage.left_out
    assert left.reason == "only 2 of 8 cells are amounts: look at line 3 of old.csv"
    [problem] = problems(
        tmp_path, *[text.replace(",gross", "").replace(",7", "").replace(",8", "").replace(",9", "")] * 2
    )
    assert problem.what == "There is nothing to compare: no column of amounts is in both files."
    assert problem.remedy.endswith("look at line 3 of old.csv). Correct the cells that are not amounts, or empty them.")


@pytest.mark.usual(2)
@pytest.mark.parametrize("cell", ["=SUM(B3:B4)", "=VLOOKUP(A1;X!A:B;2;0)", "#N/A", "#REF!", "####"])
def test_a_column_of_formulas_without_results_is_named_and_not_left_out(tmp_path: Path, cell: str):
    text = f"contract,net,gross\nA,{cell},5.50\nB,{cell},6.50\n"
    found = problems(tmp_path, text, text)
    assert [(p.file, p.line, p.column) for p in found] == [(f, n, 2) for f in ("old.csv", "new.csv") for n in (2, 3)]


def test_a_formula_without_a_result_in_a_workbook_is_named(tmp_path: Path):
    """Openpyxl writes formulas and no results."""
    book = openpyxl.Workbook()
    for row in (["contract", "net"], ["A", "=1+1"], ["B", "=SUM(B2:B2)"]):
        book.active.append(row)
    book.save(tmp_path / "old.xlsx")
    with pytest.raises(ProblemsError, match="Open the file in Excel and save it") as raised:
        reconcile(tmp_path / "old.xlsx", tmp_path / "old.xlsx", ParallelRunPolicy(), period="")
    assert {(p.line, p.column) for p in raised.value.problems} == {(2, 2), (3, 2)}


def test_errors_among_texts_leave_a_column_a_text(tmp_path: Path):
    text = "contract,net,manager\nA,1.50,Head\nB,2.50,#N/A\n"
    assert compared(tmp_path, text, text).coverage.compared == ("net",)


@pytest.mark.parametrize("text", ["contract,net\n", "contract,net\n\n\n", "Pay run\n\ncontract,net\n"])
def test_a_ledger_with_a_header_alone_says_so(tmp_path: Path, text: str):
    [problem] = problems(tmp_path, text, "contract,net\nA,1.50\n")
    assert (problem.file, problem.what) == ("old.csv", "The ledger has no lines below its header.")


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("=SUM(B3:B4)", "'=SUM(B3:B4)' is a formula without its result."),
        ("37:60", "'37:60' is not a time in hours and minutes."),
        ("####", "'####' is shown where the column is too narrow for the amount."),
    ],
)
def test_each_kind_of_wrong_cell_has_its_own_words(cell: str, what: str):
    assert what_is_wrong(cell, ".")[0] == what


@pytest.mark.thorough
def test_a_hundred_columns_with_pounds_are_compared_cell_by_cell(tmp_path: Path):
    """More columns than are looked at in one query; each cell is as in a ledger of one column."""
    names = [f"Element {n}" for n in range(1, 101)]
    lines = {c: [f'"£1,{n:03}.50"' if c == "A" else f"({n}.25)" for n in range(1, 101)] for c in "AB"}
    old = "\n".join([",".join(["contract", *names]), *(",".join([c, *cells]) for c, cells in lines.items())])
    result = compared(tmp_path, old, old.replace('"£1,097.50"', '"£1,079.50"').replace("(60.25)", "60.25-"))
    assert {(v.key, v.element, str(v.difference)) for v in result.variances} == {("A", "Element 97", "-18.00")}
    [problem] = problems(tmp_path, old, old.replace("(60.25)", "(60.25"))
    assert (problem.line, problem.column, problem.what) == (
        3,
        61,
        "Element 60: '(60.25' has one bracket without the other.",
    )
