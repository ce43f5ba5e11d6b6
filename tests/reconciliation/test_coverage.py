"""Which columns are compared and which not: nothing is called equal that was not compared, and what was not is said."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from changeflow.errors import InputError, ProblemsError
from changeflow.pilots.criteria import ParallelRunPolicy, parse_policy, with_file_options
from changeflow.pilots.runs import Coverage, LeftOut, MatchOutcome, Reconciliation
from changeflow.reconciliation.compare import reconcile
from changeflow.reconciliation.wrong_cells import what_is_wrong

pytestmark = pytest.mark.slow

DAY = date(2027, 2, 1)
BY_NET = parse_policy("contract", ["net=0"])


def compared(folder: Path, old: str, new: str, policy: ParallelRunPolicy | None = None) -> Reconciliation:
    for name, text in (("old", old), ("new", new)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return reconcile(folder / "old.csv", folder / "new.csv", policy or ParallelRunPolicy(), period="")


def found(result: Reconciliation) -> dict[tuple[str, str], str]:
    return {(v.key, v.element): str(v.difference) for v in result.variances}


def problems(folder: Path, old: str, new: str, policy: ParallelRunPolicy | None = None) -> list[tuple[str, int, int]]:
    with pytest.raises(ProblemsError) as raised:
        compared(folder, old, new, policy)
    return [(p.file, p.line, p.column) for p in raised.value.problems]


class TestColumns:
    def test_one_odd_cell_never_drops_a_column(self, tmp_path: Path):
        """Net of B falls by £500; C's dash, and D's "n/a" on one side, once dropped the column."""
        old = "contract,net\nA,100.00\nB,1500.00\nC,-\nD,900.00\n"
        assert found(compared(tmp_path, old, old.replace("1500", "1000"))) == {("B", "net"): "-500.00"}
        odd = old.replace("1500", "1000").replace("900.00", "n/a")
        assert problems(tmp_path, old, odd) == [("new.csv", 5, 2)]

    @pytest.mark.parametrize("odd", ["1.5E+3", "12,34,567.00"])
    def test_a_column_of_numbers_that_cannot_be_read_is_named_and_not_left_out(self, tmp_path: Path, odd: str):
        text = f'contract,gross,net\nA,1.00,"{odd}"\n'
        assert problems(tmp_path, text, text) == [("old.csv", 2, 3), ("new.csv", 2, 3)]

    def test_amounts_below_the_heading_of_an_id_are_compared(self, tmp_path: Path):
        """With pence they are no ids, also where nothing else in the file needs a second look."""
        old = "contract,pay by month,gross this year,ref\nA,10,20,1.50\n"
        result = compared(tmp_path, old, old.replace("1.50", "1.60").replace("20", "21"))
        assert found(result) == {("A", "ref"): "0.10", ("A", "gross this year"): "1.00"}

    def test_headings_of_two_currencies_are_not_one_element(self, tmp_path: Path):
        old = "contract,Gross (£),Net (£)\nA,2,1\n"
        assert problems(tmp_path, old, old.replace("Net (£)", "Net (€)")) == [("new.csv", 1, 3)]
        assert compared(tmp_path, old, old.replace(" (£)", "")).elements == ("Gross (£)", "Net (£)")

    def test_amounts_to_date_are_no_dates(self, tmp_path: Path):
        old = "contract,net,gross to date,GrossYearToDate\nA,1,5000,9000\n"
        result = compared(tmp_path, old, old.replace("5000", "5001").replace("9000", "9002"))
        assert found(result) == {("A", "gross to date"): "1.00", ("A", "GrossYearToDate"): "2.00"}

    @pytest.mark.usual(1)
    @pytest.mark.parametrize("heading", ["bonus no", "net pay code"])
    def test_numbers_left_out_that_differ_make_a_run_not_clean(self, tmp_path: Path, heading: str):
        """Lines are in another order, and 0100 is 100: B alone differs."""
        old = f"contract,net,{heading}\nA,1,0100\nB,2,200\nC,3,300\n"
        same, other = (f"{heading},contract,net\n{b},B,2\n300,C,3\n100,A,1\n" for b in (200, 250))
        runs = [compared(tmp_path, old, new).summary(service="", period="", on=DAY) for new in (same, other)]
        assert [run.is_clean for run in runs] == [True, False]
        assert runs[1].coverage.doubts[0].startswith(f"{heading} was not compared, and 1 contract has other numbers")
        assert compared(tmp_path, old, other, BY_NET).summary(service="", period="", on=DAY).is_clean

    @pytest.mark.thorough
    def test_many_columns_with_odd_cells_are_read(self, tmp_path: Path):
        names = [f"e{n}" for n in range(40)]
        old, new = (f"contract,{','.join(names)}\nA,{','.join([cell] * 40)}\n" for cell in ("£1.50", "(1.50)"))
        assert len(compared(tmp_path, old, new).variances) == 40

    def test_what_is_not_compared_is_said_with_the_reason(self, tmp_path: Path):
        head = "contract,name,NI number,start date,notes,post,grade id,net\n"
        rows = "A,x,QQ123456C,01/09/2026,,007001,4,10\nB,y,QQ123457C,01/09/2026,,007002,5,20\n"
        result = compared(tmp_path, head + rows, head + rows.replace("x,", "z,").replace("007002", "007009"))
        assert [doubt.split()[0] for doubt in result.coverage.doubts] == ["post"]
        assert replace(result.coverage, doubts=()) == Coverage(
            compared=("net",),
            left_out=(
                LeftOut("NI number", "both", "no amounts"),
                LeftOut("grade id", "both", "whole numbers that, by their heading, are not amounts"),
                LeftOut("name", "both", "no amounts"),
                LeftOut("notes", "both", "empty"),
                LeftOut("post", "both", "numbers that begin with a zero, as ids do"),
                LeftOut("start date", "both", "no amounts"),
            ),
        )

    def test_a_column_with_a_few_numbers_among_words_is_not_of_amounts(self, tmp_path: Path):
        text = "contract,remark,net\nA,late,1\nB,3,1\nC,sick,1\nD,left,1\n"
        [left] = compared(tmp_path, text, text).coverage.left_out
        assert left == LeftOut("remark", "both", "only 2 of 8 cells are amounts: look at line 2 of old.csv")

    def test_a_column_of_one_side_counts_as_nothing_on_the_other(self, tmp_path: Path):
        result = compared(tmp_path, "contract,net,tax\nA,10,2\n", "contract,net,levy\nA,10,0\n")
        assert found(result) == {("A", "tax"): "-2.00"}
        assert (result.coverage.only_old, result.coverage.only_new) == (("tax",), ("levy",))
        near = compared(tmp_path, "contract,net,pension\nA,10,0\n", "contract,net,pensions\nA,10,0\n")
        assert near.read_as[0].endswith(
            "are the same, use --columns new:pension=pensions. For a service, set `columns` under "
            "`parallel_run` in the service's file instead."
        )

    def test_without_a_column_of_amounts_in_both_there_is_nothing_to_compare(self, tmp_path: Path):
        with pytest.raises(ProblemsError, match=r"nothing to compare.*name \(no amounts\)"):
            compared(tmp_path, "contract,name\nA,x\n", "contract,name\nA,y\n")
        with pytest.raises(ProblemsError, match="--columns new:Gross=Bruto"):
            compared(tmp_path, "contract,Gross\nA,1\n", "contract,Bruto\nA,1\n")

    def test_cells_without_a_heading_are_said(self, tmp_path: Path):
        result = compared(tmp_path, "contract,net,,\nA,1,,x\n", "contract,net\nA,1\n")
        assert result.coverage.left_out == (LeftOut("column 4", "old", "no heading"),)

    def test_named_elements_are_compared_and_the_others_said(self, tmp_path: Path):
        text = "contract,gross,net\nA,1,x\n"
        assert problems(tmp_path, text, text, BY_NET) == [("old.csv", 2, 3), ("new.csv", 2, 3)]
        text = text.replace("x", "1")
        assert compared(tmp_path, text, text, BY_NET).coverage.left_out == (
            LeftOut("gross", "both", "no tolerance names it"),
        )

    def test_a_run_that_does_not_compare_pay_is_never_clean(self, tmp_path: Path):
        text = "contract,gross,net\nA,1,n/a\nB,1,n/a\n"
        for policy, is_clean in ((ParallelRunPolicy(pay="net"), False), (ParallelRunPolicy(pay="gross"), True)):
            summary = compared(tmp_path, text, text, policy).summary(service="payroll", period="2027-01", on=DAY)
            assert (summary.is_clean, summary.compares_pay, summary.pay_share) == (is_clean, is_clean, int(is_clean))

    def test_columns_named_as_the_table_itself_are_no_trouble(self, tmp_path: Path):
        result = compared(tmp_path, "contract,line,key,odd\nA,1,2,3\n", "contract,line,key,odd\nA,1,2,4\n")
        assert found(result) == {("A", "odd"): "1.00"}


class TestHeadings:
    def test_capitals_and_marks_do_not_matter_and_are_said(self, tmp_path: Path):
        result = compared(tmp_path, "Contract,Net Pay\nA,10\n", "contract,net_pay\nA,12\n")
        assert found(result) == {("A", "Net Pay"): "2.00"}
        assert result.read_as == ("Headings matched: 'Contract' with 'contract', 'Net Pay' with 'net_pay'.",)

    def test_other_names_are_mapped_for_both_sides_or_for_one(self, tmp_path: Path):
        old, new = "contract,Gross,Net\nA,10,8\n", "Vertrag,Bruto,Neto\nA,10,9\n"
        for columns in (
            ["gross=Bruto,net=Neto,contract=Vertrag"],
            ["new:gross=Bruto", "new:net=Neto,new:contract=Vertrag"],
        ):
            policy = with_file_options(ParallelRunPolicy(), columns=columns, decimals=[])
            result = compared(tmp_path, old, new, policy)
            assert (found(result), result.coverage.compared) == ({("A", "net"): "1.00"}, ("gross", "net"))

    def test_a_name_that_no_file_has_is_a_problem(self, tmp_path: Path):
        policy = with_file_options(ParallelRunPolicy(), columns=["new:gross=Brutto"], decimals=[])
        with pytest.raises(ProblemsError, match=r"new.csv:1:1: The column 'Brutto' is missing. Did you mean 'Bruto'?"):
            compared(tmp_path, "contract,gross\nA,1\n", "contract,Bruto\nA,1\n", policy)
        with pytest.raises(ProblemsError, match="--columns old:contract=HEADING"):
            compared(tmp_path, "id,gross\nA,1\n", "contract,gross\nA,1\n")

    def test_a_column_whose_name_another_was_given_is_left_out(self, tmp_path: Path):
        policy = with_file_options(ParallelRunPolicy(), columns=["new:net=paid"], decimals=[])
        result = compared(tmp_path, "contract,net\nA,1\n", "contract,net,paid\nA,5,1\n", policy)
        assert found(result) == {}
        assert result.coverage.left_out == (LeftOut("net", "new", "another column was given its name"),)

    @pytest.mark.parametrize("text", ["gross", "=Bruto", "gross="])
    def test_half_a_pair_of_columns_is_refused(self, text: str):
        with pytest.raises(InputError, match="is not a pair of columns"):
            with_file_options(ParallelRunPolicy(), columns=[text], decimals=[])

    def test_columns_that_differ_in_capitals_only_are_refused(self, tmp_path: Path):
        with pytest.raises(ProblemsError, match="twice, as 'Net' and 'NET'"):
            compared(tmp_path, "contract,Net,NET\nA,1,2\n", "contract,Net\nA,1\n")


class TestDecimals:
    @pytest.mark.parametrize(
        "text",
        ["contract;net\nA;2,500\nB;1,890\n", "contract,net\nA,2.500\nB,10\n", 'contract\tnet\nA\t2,500\nB\t"1.890"\n'],
    )
    def test_amounts_that_may_be_read_both_ways_are_asked_about(self, tmp_path: Path, text: str):
        with pytest.raises(ProblemsError, match=r"may be 2500 or 2.500?: .*`--decimal \.` or `--decimal ,`"):
            compared(tmp_path, text, text)

    def test_what_is_said_decides_for_both_sides_or_for_one(self, tmp_path: Path):
        """2,500 against 2.5: with a point it is 2500 on the old side; with a comma, 2.5."""
        old, new = "contract;net\nA;2,500\n", "contract;net\nA;2.50\n"
        for mark, difference in ((".", {("A", "net"): "-2497.50"}), ("old:,", {})):
            policy = with_file_options(ParallelRunPolicy(), columns=[], decimals=[mark])
            assert found(compared(tmp_path, old, new, policy)) == difference
        strict = with_file_options(ParallelRunPolicy(), columns=[], decimals=[","])
        assert problems(tmp_path, old, new, strict) == [("new.csv", 2, 2)]
        assert ParallelRunPolicy.model_validate({"decimal": ","}).decimal == {"old": ",", "new": ","}
        with pytest.raises(InputError, match="is not a decimal mark"):
            with_file_options(ParallelRunPolicy(), columns=[], decimals=["comma"])

    def test_most_of_the_amounts_have_to_show_the_mark(self, tmp_path: Path):
        """One slip (12,5) among thousands grouped by commas must not make pounds of thousands of pounds."""
        text = "contract;net\nA;2,500\nB;1,890\nC;12,5\n"
        with pytest.raises(ProblemsError, match="too few other amounts"):
            compared(tmp_path, text, text)

    @pytest.mark.parametrize("thousands", ["1,234", "1.234"])
    @pytest.mark.parametrize("odd", ["12,50", "12.50"])
    def test_one_odd_cell_never_makes_pounds_of_thousands(self, tmp_path: Path, thousands: str, odd: str):
        text = f"contract;net\nA;{thousands}\nB;{odd}\nC;9000\n"
        with pytest.raises(ProblemsError, match=r"may be 1234 or 1.234: .*--decimal"):
            compared(tmp_path, text, text)

    @pytest.mark.thorough
    def test_a_file_separated_by_commas_has_decimal_commas_only_where_that_is_said(self, tmp_path: Path):
        """1,234 is 1234 there; 12,50 is named, however many there are of it."""
        for cells in (('"1,234"', '"12,50"'), ('"7,25"', '"12,50"')):
            text = f"contract,net\nA,{cells[0]}\nB,900\nC,{cells[1]}\n"
            assert ("old.csv", 4, 2) in problems(tmp_path, text, text)
            policy = with_file_options(ParallelRunPolicy(), columns=[], decimals=[","])
            assert found(compared(tmp_path, text, text.replace("12,50", "12,75"), policy)) == {("C", "net"): "0.25"}

    def test_both_marks_in_a_file_name_the_cells_of_the_fewer(self, tmp_path: Path):
        text = "contract;net\nA;2500.10\nB;1890.20\nC;1.234,50\n"
        assert problems(tmp_path, text, text) == [("old.csv", 4, 2), ("new.csv", 4, 2)]

    def test_two_currencies_in_a_column_are_named(self, tmp_path: Path):
        old = "contract,net\nA,£1.00\nB,£2.00\nC,3.00\n"
        assert problems(tmp_path, old, old.replace("£2", "€2")) == [("new.csv", 3, 2)]
        assert found(compared(tmp_path, old, old.replace("£2.00", "GBP 2.00"))) == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(5", "one bracket without the other"),
        ("5)", "one bracket without the other"),
        ("+-5", "two signs"),
        ("-(5.00)", "two signs"),
        ("-5.00 CR", "two signs"),
        ("12,34,567.50", "that are not groups of three"),
        ("12.00 hours", "'hours' beside its number"),
        ("₿12.00", "'₿' beside its number"),
        ("5.12345%", "more than 4 decimals"),
        ("1,234,567,890,123.00", "larger than any amount"),
        ("31/01/2027", "is not an amount"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said(text: str, why: str):
    what, remedy = what_is_wrong(text, ".")
    assert why in what
    assert "like the others" not in remedy


def test_a_cell_with_the_other_mark_is_to_be_written_like_the_others():
    assert all("like the others" in what_is_wrong(text, ".")[1] for text in ("1,23", "1.890,10", "0,5"))


class TestLines:
    def test_titles_blank_lines_and_totals_are_left_out_and_said(self, tmp_path: Path):
        old = "Payroll run,March,\n,,\ncontract,gross,net\nA,10.00,8.00\n\nB,20.00,16.00\nAsh Total,30.00,24.00\n,,\n"
        new = "contract,gross,net\nA,10,8\nB,20,17\n,30,25\n"
        result = compared(tmp_path, old, new)
        assert (found(result), result.count(MatchOutcome.EQUAL)) == ({("B", "net"): "1.00"}, 1)
        assert result.read_as == ("old.csv: Line 1 above the header was not used: 'Payroll run March'.",)
        assert result.coverage.lines == (
            "old output: line 7 left out: a total.",
            "new output: line 4 left out: a total.",
        )

    def test_headings_that_are_repeated_are_left_out_and_said(self, tmp_path: Path):
        text = "contract,net\nA,10\ncontract,net\nB,20\n"
        result = compared(tmp_path, text, text)
        assert result.count(MatchOutcome.EQUAL) == 2
        assert result.read_as == ("old.csv and new.csv: Line 3, which repeats the headings, left out.",)

    @pytest.mark.usual(2)
    @pytest.mark.parametrize("word", ["Total", "SUM", "Grand total:", "Sub-total", "Total (2 lines)"])
    def test_a_total_that_is_no_sum_is_kept_with_the_run_which_is_not_clean(self, tmp_path: Path, word: str):
        """10 and 20 come to 30, and not to 40."""
        text = f"contract,net\nA,10\nB,20\n{word},40\n"
        result = compared(tmp_path, text, text)
        run = result.summary(service="", period="", on=DAY)
        assert (result.count(MatchOutcome.EQUAL), run.is_clean) == (2, False)
        assert all("line 4 is not the sum" in doubt for doubt in run.coverage.doubts)
        assert run.coverage.lines == tuple(f"{side} output: line 4 left out: a total." for side in ("old", "new"))
        right = text.replace("40", "30")
        assert compared(tmp_path, right, right).summary(service="", period="", on=DAY).is_clean

    @pytest.mark.usual(2)
    @pytest.mark.parametrize(
        "name", ["Total Gas & Power", "Total Recall Ltd", "Recall Total", "Sumner Ltd", "TotalJobs"]
    )
    def test_a_supplier_whose_name_has_a_total_in_it_is_compared(self, tmp_path: Path, name: str):
        old = f"contract,net\nA,10\nB,20\n{name},40\nTotal,70\n"
        assert found(compared(tmp_path, old, old.replace("40", "41").replace("70", "71"))) == {(name, "net"): "1.00"}
        two = f"contract,net\nA,40\n{name},40\n"
        assert found(compared(tmp_path, two, two.replace(f"{name},40", f"{name},41"))) == {(name, "net"): "1.00"}

    def test_totals_of_parts_and_of_all_are_left_out_wherever_they_stand(self, tmp_path: Path):
        """1 + 2 = 3 and 4 + 5 = 9 of the parts, 12 of all, on top or at the end."""
        parts = "A,1\nB,2\nAsh Total,3\nC,4\nD,5\nSubtotal,9\n"
        result = compared(tmp_path, f"contract,net\nTotal,12\n{parts}", f"contract,net\n{parts}Grand total,12\n")
        assert (result.count(MatchOutcome.EQUAL), result.coverage.doubts, result.has_contracts_alone) == (4, (), False)

    def test_titles_and_totals_of_departments_are_left_out(self, tmp_path: Path):
        """Their lines have no key: 10 + 20 are 30, 5 alone is the total of its department, and 35 are all."""
        old = (
            "Department,contract,net\nFinance,,\n,A,10\n,B,20\nFinance Total,,30\nHR,,\n,C,5\nHR Total,,5\nTotal,,35\n"
        )
        result = compared(tmp_path, old, "contract,net\nA,10\nB,20\nC,5\n")
        assert (result.count(MatchOutcome.EQUAL), result.has_contracts_alone, result.coverage.doubts) == (3, False, ())
        assert result.coverage.lines == (
            "old output: 3 lines (5, 8, 9) left out: totals.",
            "old output: 2 lines (2, 6) left out: no key and no amount.",
        )

    def test_lines_about_the_report_around_a_table_are_left_out(self, tmp_path: Path):
        """A label and its value in two cells, or one cell in a line of a table of two."""
        above = "Company,Ash\nRun date:,01/02/2027\n"
        below = "Records:,2\nPrinted on,01/02/2027\nRun date: 01/02/2027\nEnd of report\n"
        table = "contract,net\nA,10.00\nB,20.00\n"
        result = compared(tmp_path, f"{above}{table}{below}", table)
        assert (result.count(MatchOutcome.EQUAL), result.has_contracts_alone) == (2, False)
        assert result.coverage.lines == ("old output: 4 lines (6, 7, 8, 9) left out: text below the report's table.",)

    @pytest.mark.usual(2)
    @pytest.mark.parametrize(
        "footer", ["Page 1 of 1", "Records: 2", "2 records", "Number of employees: 2", "*** End of report ***"]
    )
    def test_what_a_report_prints_below_its_table_is_left_out_and_reported(self, tmp_path: Path, footer: str):
        """Also where the total above it has no key, so that it is known only as the last line: 10 and 20 are 30."""
        table = "contract,net\nA,10\nB,20\n"
        result = compared(tmp_path, f"{table},30\n{footer},\n", table)
        assert (result.count(MatchOutcome.EQUAL), result.has_contracts_alone) == (2, False)
        assert result.coverage.lines == (
            "old output: line 4 left out: a total.",
            "old output: line 5 left out: text below the report's table.",
        )

    @pytest.mark.usual(2)
    @pytest.mark.parametrize("line", ["Records: 2,5", "Employee 2,", "Contract: 2,", "Page Ltd,"])
    def test_a_contract_that_is_like_a_footer_is_compared(self, tmp_path: Path, line: str):
        table = "contract,net\nA,10\nB,20\n"
        result = compared(tmp_path, f"{table}{line}\n", table)
        assert result.keys[MatchOutcome.MISSING] == (line.split(",")[0],)

    def test_a_last_line_without_a_key_that_is_no_sum_is_a_problem(self, tmp_path: Path):
        assert problems(tmp_path, "contract,net\nA,10\nB,20\n,31\n", "contract,net\nA,10\nB,20\n") == [
            ("old.csv", 4, 1)
        ]

    def test_lines_are_numbered_as_an_editor_does(self, tmp_path: Path):
        """A cell over two lines and an empty line stand before the odd one, which is on line 6."""
        text = 'contract,note,net\nA,"two\nlines",1\n\nB,,2\nC,,x\n'
        assert problems(tmp_path, text, text.replace("x", "3")) == [("old.csv", 6, 3)]

    def test_ten_of_a_kind_are_named_and_the_others_counted(self, tmp_path: Path):
        rows = "".join(f"C{n},{n}.00,x\nD{n},{n}.00,1.00\n" for n in range(25))
        with pytest.raises(ProblemsError) as raised:
            compared(tmp_path, "contract,gross,net\n" + rows, "contract,gross,net\n" + rows.replace("x", "1"))
        assert len(raised.value.problems) == 11
        assert raised.value.problems[-1].what == "And 15 more cells that are not amounts."

    def test_lines_that_are_too_short_or_too_long_are_named(self, tmp_path: Path):
        text = "contract,gross,net\nA,1,2,,\nB,1\nC,1,2,3\n"
        assert problems(tmp_path, text, text.replace("B,1\n", "B,1,2\n").replace("2,3", "2")) == [
            ("old.csv", 3, 1),
            ("old.csv", 4, 1),
        ]

    @pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
    def test_every_separator_is_read(self, tmp_path: Path, separator: str):
        text = f"contract{separator}net\nA{separator}1.50\n"
        assert compared(tmp_path, text, f"sep={separator}\n{text}").count(MatchOutcome.EQUAL) == 1


class TestIds:
    def test_ids_that_a_spreadsheet_rounded_are_said(self, tmp_path: Path):
        result = compared(
            tmp_path, "contract,net\n1.23E+11,1\n1.23E+11,2\n", "contract,net\n123000000456,1\n123000000123,2\n"
        )
        [hint] = result.id_hints
        assert hint.what.startswith("2 ids look shortened to an exponent in old.csv")
        assert hint.examples == (("1.23E+11", "line 2"), ("1.23E+11", "line 3"))

    @pytest.mark.parametrize(
        ("old", "new", "what"),
        [
            ("000123", "123", "leading zeros"),
            ("123", "123.0", "a decimal point and zeros"),
            ("ab-1", "AB1", "capitals, spaces"),
        ],
    )
    def test_ids_that_are_nearly_the_same_are_said(self, tmp_path: Path, old: str, new: str, what: str):
        result = compared(tmp_path, f"contract,net\n{old},1.5\n", f"contract,net\n{new},1.5\n")
        [hint] = result.id_hints
        assert (result.count(MatchOutcome.MISSING), result.count(MatchOutcome.EXTRA)) == (1, 1)
        assert f"1 id in old.csv matches one in new.csv, apart from {what}" in hint.what
        assert hint.examples == ((old, "old.csv, line 2"), (new, "new.csv, line 2"))
        assert result.without_contracts().id_hints[0].examples == ()

    def test_ids_that_are_plainly_others_have_no_hint(self, tmp_path: Path):
        assert compared(tmp_path, "contract,net\nA1,1\n", "contract,net\nB1,1\n").id_hints == ()

    def test_an_error_as_an_id_is_named(self, tmp_path: Path):
        assert problems(tmp_path, "contract,net\n#N/A,1\n", "contract,net\nA,1\n") == [("old.csv", 2, 1)]

    def test_a_formula_without_a_result_is_named_as_such(self, tmp_path: Path):
        """A program has written formulas into a contract and an amount, and no results."""
        book = openpyxl.Workbook()
        for cells in (["contract", "net"], ["A", 1], ['="B"', 1], ["C", "=1+1"]):
            book.active.append(cells)
        book.save(tmp_path / "new.xlsx")
        (tmp_path / "old.csv").write_text("contract,net\nA,1\nB,1\nC,2\n")
        with pytest.raises(ProblemsError) as raised:
            reconcile(tmp_path / "old.csv", tmp_path / "new.xlsx", ParallelRunPolicy(), period="")
        found = raised.value.problems
        assert sorted((p.line, p.column) for p in found) == [(3, 1), (4, 2)]
        assert all("a formula whose result is not in the file" in p.what for p in found)


def test_numbers_of_a_workbook_are_never_in_doubt(tmp_path: Path):
    """Hours of three decimals, and what is left of 0.1 + 0.2 - 0.3; the same as text may be thousands."""
    rows = [("A", 12.345), ("B", 2.125), ("C", 0.1 + 0.2 - 0.3)]
    for name, write in (("number", float), ("text", str)):
        with xlsxwriter.Workbook(str(tmp_path / f"{name}.xlsx")) as book:
            sheet = book.add_worksheet()
            for n, (key, hours) in enumerate([("contract", "hours"), *rows]):
                sheet.write_row(n, 0, [key, write(hours) if n else hours])
    (tmp_path / "o.csv").write_text("contract,hours\nA,12.3450\nB,2.1260\nC,0\n")
    result = reconcile(tmp_path / "o.csv", tmp_path / "number.xlsx", parse_policy("contract", ["hours=0"]), period="")
    assert found(result) == {("B", "hours"): "-0.001"}
    with pytest.raises(ProblemsError, match=r"may be 12345 or 12\.345"):
        reconcile(tmp_path / "o.csv", tmp_path / "text.xlsx", parse_policy("contract", ["hours=0"]), period="")


def test_a_workbook_is_read_from_the_sheet_that_has_the_table(tmp_path: Path):
    with xlsxwriter.Workbook(str(tmp_path / "n.xlsx")) as book:
        book.add_worksheet("Cover").write(0, 0, "Payroll")
        sheet = book.add_worksheet("Data")
        for n, row in enumerate([["contract", "net", "rate"], ["A", 0.1 + 0.2, 0.05], ["B", 1e-7, "x"]]):
            sheet.write_row(n, 0, row)
    (tmp_path / "o.csv").write_text("contract,net,rate\nA,0.3,5%\nB,0,0\n")
    with pytest.raises(ProblemsError) as raised:
        reconcile(tmp_path / "o.csv", tmp_path / "n.xlsx", ParallelRunPolicy(), period="")
    assert [(p.file, p.line, p.column) for p in raised.value.problems] == [
        ("n.xlsx[Data]", 3, 2),
        ("n.xlsx[Data]", 3, 3),
    ]
