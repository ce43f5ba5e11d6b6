"""Where the table is in a file: separators, title lines, headings; what is ambiguous is a problem."""

import pytest

from changeflow.intake.layout import Layout, fold, look_at_rows, look_at_text
from changeflow.intake.text_lines import read_lines
from changeflow.values.problem import Problem

LEDGER = ("contract", "net")


def look(text: str, *known: str) -> tuple[Layout | None, list[str]]:
    problems: list[Problem] = []
    return look_at_text(text, "t.csv", problems, known=known or LEDGER), [str(p) for p in problems]


def layout(text: str, *known: str) -> Layout:
    found, problems = look(text, *known)
    assert problems == []
    assert found is not None
    return found


def names(text: str, *known: str) -> list[str]:
    return [c.name for c in layout(text, *known).columns]


def test_a_plain_table_has_nothing_to_say():
    found = layout("contract,net\nC1,10.00\n")
    assert (found.separator, found.header_line, found.data_line, found.width) == (",", 1, 2, 2)
    assert found.notes == found.skipped == ()


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
@pytest.mark.parametrize("known", [LEDGER, ("none",)])
def test_a_separator_is_seen_over_several_lines(separator: str, known: tuple[str, ...]):
    """In the first line alone, the other separators are as many."""
    lines = [["contract", '"name, first; last | all"', "net"], ["C1", '"a;b;c,d"', "10"], ["C2", '"x|y"', "2"]]
    text = "".join(separator.join(line) + "\n" for line in lines)
    found = layout(text, *known)
    assert found.separator == separator
    assert [c.name for c in found.columns] == ["contract", "name, first; last | all", "net"]


def test_decimal_commas_do_not_make_commas_the_separator():
    assert layout("contract;gross;net\nC1;2500,00;1390,10\nC2;1800,50;1500,00\n").separator == ";"
    assert layout("contract;net\nC1;1,5\nC2;2,5\n", "none").separator == ";"


def test_a_list_within_a_cell_is_no_separator():
    assert layout("id,role,groups\na,Head,x;y;z\nb,Head,x;y\n", "id", "role", "groups").separator == ","


@pytest.mark.parametrize("first", ["sep=;", "SEP=;\r", '"sep=;"', "sep=;;;"])
def test_the_first_line_may_name_the_separator(first: str):
    found = layout(f"{first}\ncontract;net\nC1;10\n")
    assert (found.separator, found.header_line, found.data_line) == (";", 2, 3)
    assert found.notes == ("The columns are separated by semicolons, as its first line says.",)


def test_separators_that_are_as_likely_are_a_problem():
    """Each line has one of each, and no heading is known."""
    found, problems = look("a;b,c\n1;2,3\n4;5,6\n", "none")
    assert found is None
    assert problems == [
        "t.csv:1:1: The columns may be separated by commas or semicolons. Write sep=, above the header."
    ]


def test_a_single_column_is_divided_by_nothing():
    assert names('contract\n"a;b|c"\nd\n', "contract") == ["contract"]


def test_lines_above_the_header_are_left_out_and_said():
    found = layout("Payroll run,March 2027,,\n,,,\ncontract,gross,tax,net\nC1,2,3,4\n")
    assert (found.header_line, found.data_line) == (3, 4)
    assert found.skipped == ("Line 1 above the header was not used: 'Payroll run March 2027'.",)
    found = layout("Report\nof March\n\ncontract,net\nC1,4\n")
    assert found.skipped == ("Lines 1 to 2 above the header were not used: 'Report' …",)


def test_a_header_that_was_sorted_into_the_data_is_a_problem():
    found, problems = look("C1,10,x\nC2,20,y\ncontract,net,name\nC3,30,z\n")
    assert found is None
    [problem] = problems
    assert problem.startswith("t.csv:2:1: Line 3 looks like the header, and line 2 above it like data.")


def test_a_report_of_several_tables_is_refused():
    """As Microsoft Teams writes who attended: a summary, who took part, and what they did, in one file."""
    summary = "1. Summary\nMeeting title,Payroll training\nAttended participants,1\n\n"
    people = "2. Participants\nname,joined,left\nHead,09:00,09:58\n\n"
    found, problems = look(
        f"{summary}{people}3. In-Meeting Activities\nname,joined,left,contract\nHead,09:00,09:58,1\n"
    )
    assert found is None
    [problem] = problems
    assert problem.startswith("t.csv:1:1: The file has several tables; the first is '1. Summary'. Save the one")
    found, problems = look("1. Payroll\n\ncontract,net\nC1,4\n")
    assert found is not None
    assert not problems


def test_a_cell_that_is_the_same_as_a_heading_makes_no_header():
    found = layout("Kennung,Rolle\nanna-role,Manager\nbea-role,Clerk\n", "id", "role", "manager")
    assert found.header_line == 1


def test_a_heading_over_two_lines_counts_as_both_lines():
    found = layout('contract,"Gross\nPay",net\nC1,2,3\n')
    assert [c.name for c in found.columns] == ["contract", "Gross Pay", "net"]
    assert (found.header_line, found.data_line) == (1, 3)


@pytest.mark.parametrize(
    ("text", "headings", "data"),
    [
        ("contract,Pay,,\n,gross,tax,net\nC1,2,3,4\n", ["contract", "gross", "tax", "net"], 3),
        ("Who,Pay,,\ncontract,gross,tax,net\nC1,2,3,4\n", ["contract", "gross", "tax", "net"], 3),
        (
            "Key,Planned,,Actual,\ncontract,Start,End,Start,End\nC1,1,2,3,4\n",
            ["contract", "Planned Start", "Planned End", "Actual Start", "Actual End"],
            3,
        ),
        (
            "Key,Planned,,,Actual,\ncontract,Start,End,% complete,Start,End\nC1,1,2,3,4,5\n",
            ["contract", "Planned Start", "Planned End", "Planned % complete", "Actual Start", "Actual End"],
            3,
        ),
        ("contract,Pay,Pay,Pay\n,gross,tax,net\nC1,2,3,4\n", ["contract", "gross", "tax", "net"], 3),
    ],
)
def test_merged_headings_are_read_with_those_below_them(text: str, headings: list[str], data: int):
    found = layout(text)
    assert [c.name for c in found.columns] == headings
    assert found.data_line == data


@pytest.mark.parametrize("over", ["Actual", "Actuals", "Actual dates"])
def test_a_heading_over_others_counts_where_both_are_a_known_one(over: str):
    """Actual over Start alone: without it, the actual start would be taken for the planned one."""
    known = ("task", "actual start", "start", "actual finish", "finish")
    found = layout(f"Task,{over},,RAG\n,Start,Finish,\nBuild,1,2,green\n", *known)
    assert [c.name for c in found.columns] == ["Task", "Actual Start", "Actual Finish", "RAG"]


def test_a_first_line_of_data_is_no_second_header():
    assert layout("id,role,\nanna-role,Head,note\n", "id", "role").data_line == 2
    assert layout("id,role,school\nanna-role,Head,\n", "id", "role").data_line == 2


def test_columns_at_the_end_without_heading_are_said():
    found = layout("contract,net,,\nC1,4,,\n")
    assert [c.name for c in found.columns] == ["contract", "net"]
    assert (found.width, found.notes) == (4, ("The last 2 columns have no headings.",))


def test_lines_are_numbered_as_an_editor_shows_them():
    text = 'x\n\ncontract,"net\npay"\nC1,"a\nb"\n\nC2,c\n'
    found = layout(text, "contract", "net pay")
    assert list(read_lines(text, found)) == [(5, ["C1", "a\nb"]), (7, []), (8, ["C2", "c"])]


def test_the_head_of_a_long_file_is_enough():
    text = "contract,net\n" + "C1,10.00\n" * 1_000_000
    assert layout(text) == layout(text[:100])


def test_lines_that_are_quoted_as_a_whole_are_named():
    found, problems = look('"contract,net"\n"C1,10"\n')
    assert found is None
    assert problems[0].startswith("t.csv:1:1: Each line is in quotation marks as a whole, and so a single cell.")


def test_an_empty_file_is_a_problem():
    for text in ("", "\n\n", ",,\n"):
        found, problems = look(text)
        assert found is None
        assert problems == ["t.csv:1:1: The file is empty. Put the names of the columns on its first line."]


def test_a_sheet_is_looked_at_in_the_same_way():
    problems: list[Problem] = []
    rows = [(1, ["Payroll report", ""]), (3, ["Contract", "Net"]), (4, ["1001", "90.5"])]
    found = look_at_rows(rows, "t.xlsx", problems, known=LEDGER)
    assert found is not None
    assert (found.header_line, found.data_line, found.separator) == (3, 4, "")
    assert found.is_header(["CONTRACT ", "net"])


def test_headings_are_the_same_in_other_capitals_and_spaces():
    assert fold("E-mail  Address") == fold("email_address")
    assert fold("Schulstraße") == fold("SCHULSTRASSE")
    assert fold("First") != fold("Last")
