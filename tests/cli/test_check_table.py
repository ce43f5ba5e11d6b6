"""`check-table` shows how a file would be read, in the width of the terminal."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.intake.table_schemas import tables_in_words
from changeflow.usecases import ledger_head
from tests.builders import PROGRAMME, SCHOOLS, a_folder, a_table_workbook

TOP = Path(__file__).resolve().parents[2]
STAFF = (
    "Staff list;as of 1 March;;;;\n\nStaff No;Job  Title;E-mail;Start Date;Fax;NI category\n"
    "1001;Teacher;a1@example.org;01/09/2026;;A\n1002;Headteacher;b2@example.org;1-Sep-26;;B\nTotal;;;2;;\n"
)


def check(*arguments: object, width: int = 100) -> tuple[int, list[str], str]:
    done = CliRunner().invoke(app, ["check-table", *map(str, arguments)], env={"COLUMNS": str(width)})
    return done.exit_code, done.stdout.splitlines(), done.stderr


def staff(tmp_path: Path) -> Path:
    path = tmp_path / "Staff list.csv"
    path.write_bytes(STAFF.encode("cp1252"))
    return path


def test_a_list_from_another_system_is_shown_as_it_would_be_read(tmp_path: Path):
    code, lines, errors = check(staff(tmp_path), width=80)
    assert (code, errors) == (0, "")
    assert lines == [
        "Staff list.csv is read as a list of people, because its columns fit. To read it",
        "as something else, use --as.",
        "",
        "  Encoding   UTF-8",
        "  Separator  semicolons",
        "  Header     line 3; the data begins on line 4",
        "  Data       2 lines, 4 of 6 columns used",
        "",
        "   In the file  Read as  How                 Line 4          Line 5",
        "1  Staff No     id       another name        1001            1002",
        "2  Job Title    role     another name        Teacher         Headteacher",
        "3  E-mail       email    capitals or spaces  a1@example.org  b2@example.org",
        "4  Start Date   joins    another name        2026-09-01      2026-09-01",
        "",
        "Not in the file: name, audience, school, hub, groups, manager, services,",
        "  works_on, leaves, successor, moves, away, active, language",
        "",
        "Not used: Fax, NI category",
        "",
        "Notes",
        "  - The columns are separated by semicolons.",
        "  - Line 1 above the header was not used: 'Staff list as of 1 March'.",
        "  - Line 6: The line 'Total' was not used: it is not part of the table.",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int):
    _, lines, _ = check(staff(tmp_path), width=width)
    assert max(len(line) for line in lines) <= max(width, 60)


def test_mistakes_are_listed_and_it_exits_with_4(tmp_path: Path):
    path = tmp_path / "schools.csv"
    path.write_text(SCHOOLS.replace("primary", "prmary", 1))
    code, lines, errors = check(path)
    assert code == 4
    assert lines[0].startswith("schools.csv is read as a list of schools")
    assert "schools.csv:2:3: In the column 'phase', 'prmary' is not known. Did you mean 'primary'?" in errors


def test_the_kind_can_be_named_and_is_checked(tmp_path: Path):
    code, _, errors = check(staff(tmp_path), "--as", "schools")
    assert code == 4
    assert "The headings 'Staff No', 'Job Title'" in errors
    code, _, errors = check(staff(tmp_path), "--as", "schols")
    assert (code, "Did you mean 'schools'?" in errors) == (4, True)


def test_a_folders_own_names_for_columns_count(tmp_path: Path):
    folder = a_folder(tmp_path, programme=f"{PROGRAMME}columns:\n  schools: {{id: Our code}}\n")
    (folder / "schools.csv").write_text(SCHOOLS.replace("id,", "Our code,", 1))
    _, lines, _ = check(folder / "schools.csv")
    assert any("columns: in programme.yaml" in line for line in lines)


def test_the_schools_of_a_folder_are_known_by_name_also_from_a_workbook(tmp_path: Path):
    folder = a_folder(tmp_path, people="id,role,school\na,Head,Ash School\n")
    (folder / "schools.csv").unlink()
    a_table_workbook(folder / "schools.xlsx", [line.split(",") for line in SCHOOLS.splitlines()])
    code, lines, _ = check(folder / "people.csv", "--format", "json")
    assert (code, json.loads("\n".join(lines))["first"]) == (0, [{"id": "a", "role": "Head", "school": "ash"}])


@pytest.mark.slow
def test_a_table_of_no_kind_is_shown_as_a_ledger(tmp_path: Path):
    path = tmp_path / "pay.csv"
    path.write_text("contract,gross,net\nC1,10.00,8.00\n")
    code, lines, _ = check(path, "--format", "json")
    said = json.loads("\n".join(lines))
    assert (code, said["kind"], said["first"]) == (0, "ledger", [{"contract": "C1", "gross": "10.00", "net": "8.00"}])


@pytest.mark.thorough
@pytest.mark.slow
def test_a_ledger_is_checked_whole_however_long_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Lines are shown from its beginning; a cell that is no amount is found at its end, 30,001 lines on.

    It is longer than what the database looks at before it reads a file, which is 20,480 lines.
    """
    monkeypatch.setattr(ledger_head, "MOST_LINES", 500)
    path = tmp_path / "pay.csv"
    lines = "".join(f'C{n},"Post ""{n}""",10.00\n' for n in range(30_000))
    path.write_text(f"contract,post,net\n{lines}")
    code, shown, _ = check(path, width=200)
    assert code == 0
    assert "  Data       499 lines, 3 of 3 columns used" in shown
    assert "  - The first 500 lines are shown. All lines are checked." in shown
    assert not any("listed" in line or "looks" in line for line in shown)
    path.write_text(f"contract,post,net\n{lines}C7,Post,1.00\n1.00E+11,Post,2.00\nC29999,Post,3.00\nC7,Post,4.00\n")
    code, shown, _ = check(path, "--as", "ledger", width=200)
    assert code == 0
    assert [line.strip() for line in shown if "listed" in line or "looks" in line] == [
        "- 'C7' is listed 3 times, on lines 9, 30002 and 30005, so it is not compared.",
        "- 'C29999' is listed twice, on lines 30001 and 30004, so it is not compared.",
        "- Line 30003: '1.00E+11' looks shortened to an exponent.",
    ]
    path.write_text(f"contract,post,net\n{lines}C30000,Post,#N/A\n")
    code, _, errors = check(path, "--as", "ledger", width=200)
    assert (code, "30002" in errors) == (4, True), errors


@pytest.mark.usual(6)
@pytest.mark.parametrize(
    ("head", "kind", "used"),
    [
        ("Task ID,Task Name,Bucket Name,Progress,Priority,Start date,Due date,Completed Date", "planner", "7 of 8"),
        ("Task Name,Bucket Name,Progress,Due date,Completed Date", "planner", "5 of 5"),
        ("Task,Bucket,% complete,Actual start", "progress", "3 of 4"),
        ("Task,Status,Due date,Completed Date", "progress", "4 of 4"),
        ("contract,Name,gross,net", "ledger", "4 of 4"),
        ("Name,Person,Status,Date", "progress", "2 of 4"),
        ("ID,Completion time,Email,Name,Awareness (1-5),Desire (1-5)", "assessments", "3 of 6"),
        ("Gate,Decision,Decided by,Meeting date,Rationale", "decisions", "5 of 5"),
        ("Decision,Outcome,By,Date,Reason", "decisions", "5 of 5"),
        ("Summary,Issue key,Status,Due date,Resolved", "progress", "4 of 5"),
        ("Task ID,Completed At,Name,Section/Column,Assignee,Start Date,Due Date", "planner", "6 of 7"),
    ],
)
def test_the_kind_is_the_one_whose_marks_weigh_most(tmp_path: Path, head: str, kind: str, used: str):
    path = tmp_path / "list.csv"
    path.write_text(f"{head}\n{',' * head.count(',')}\nA{',' * head.count(',')}\n")
    _, lines, _ = check(path)
    words = {"ledger": "a ledger", "planner": "a plan from Planner"}.get(kind, kind)
    assert lines[0].startswith(f"list.csv is read as {words}, because ")
    assert any(f", {used} columns used" in line for line in lines)


@pytest.mark.parametrize(
    ("head", "line", "column", "what"),
    [
        ("Task,% complete,Remaining", "A,half,5d", 2, "'half' is not a percentage"),
        ("Task,% complete,Remaining", "A,50%,soon", 3, "'soon'"),
        ("Task Name,Bucket Name,Due date", "A,B,31/31/2027", 3, "'31/31/2027'"),
    ],
)
def test_cells_that_a_kind_reads_for_itself_are_checked(tmp_path: Path, head: str, line: str, column: int, what: str):
    path = tmp_path / "list.csv"
    path.write_text(f"{head}\n{line}\n")
    code, _, errors = check(path)
    assert (code, f"list.csv:2:{column}: " in errors, what in errors) == (4, True, True)


def test_duplicate_ids_and_wrong_addresses_are_mistakes(tmp_path: Path):
    path = tmp_path / "people.csv"
    path.write_text("id,role,email\na,Head,a@example.org\nb,Head,no address\na,Teacher,c@example.org\n")
    code, _, errors = check(path)
    assert code == 4
    assert (
        "people.csv:3:3: In the column 'email', 'no address' is not an email address. Write name@example.org." in errors
    )
    assert "people.csv:4:1: Duplicate person 'a' (first on line 2). Keep one of them." in errors


@pytest.mark.parametrize(
    ("head", "line", "note"),
    [
        ("id,role,leaves", "a,Head,31/12/70", "'31/12/70' was read as 31 Dec 1970. Write the year in four digits"),
        ("id,name,phase,authority,urn", 'a,Ash,primary,kent,"100,001"', "'100,001' was read as 100001."),
    ],
)
def test_what_may_be_meant_otherwise_is_noted(tmp_path: Path, head: str, line: str, note: str):
    path = tmp_path / "list.csv"
    path.write_text(f"{head}\n{line}\n")
    code, lines, _ = check(path, width=200)
    assert (code, any(f"Line 2: {note}" in one for one in lines)) == (0, True)


class TestLedgers:
    """A ledger is compared with itself, so that its cells are read as in a run."""

    PAY = 'Employee No,Job Title,Gross Pay (£),Tax,Net Pay\n1001,Cook,"£2,000.00",-,"1,450.00"\n1002,Cook,5,1,4\n'

    @pytest.mark.thorough
    @pytest.mark.slow
    def test_it_says_what_is_compared_and_by_which_key(self, tmp_path: Path):
        """Pay makes it a ledger, although a list of people has ids and job titles too."""
        (tmp_path / "pay.csv").write_text(f"{self.PAY}Total,,2005.00,1,1454.00\nPage 1 of 1\n")
        code, lines, _ = check(tmp_path / "pay.csv", width=200)
        assert (code, lines[0][:47]) == (0, "pay.csv is read as a ledger, because its column")
        assert any('in the same way as by `pilot reconcile --key "Employee No"`' in line for line in lines)
        found = [line.split()[-5:] for line in lines if line[:1].isdigit()]
        assert [row[-3:] for row in found] == [
            ["key", "1001", "1002"], ["compared", "Cook", "Cook"], ["compared", "2000.00", "5.00"],
            ["compared", "0.00", "1.00"], ["compared", "1450.00", "4.00"],
        ]  # fmt: skip
        notes = "\n".join(lines[lines.index("Notes") :])
        for said in ("Not compared: Job Title (no amounts).", "1 dash counted as 0.00.", "Line 4 left out: a total.",
                     "Line 5 left out: text below the report's table."):  # fmt: skip
            assert notes.count(said) == 1

    @pytest.mark.thorough
    @pytest.mark.slow
    def test_its_amounts_are_shown_as_they_are_read(self, tmp_path: Path):
        """A cell that is no amount stays as it is, and so do all where the decimal mark is not clear."""
        path = tmp_path / "pay.csv"
        path.write_text("contract;gross;net\nC1;1.250,50;12,00-\nC2;(3,5);abc\n")
        found = [line.split()[-2:] for line in check(path, width=200)[1] if line[:1].isdigit()]
        assert found == [["C1", "C2"], ["1250.50", "-3.50"], ["-12.00", "abc"]]
        path.write_text("contract;gross;net\nC1;2,500;7\n")
        assert [line.split()[-1] for line in check(path, width=200)[1] if line[:1].isdigit()] == ["C1", "2,500", "7"]

    @pytest.mark.thorough
    @pytest.mark.slow
    def test_its_cells_are_checked(self, tmp_path: Path):
        (tmp_path / "pay.csv").write_text("contract,gross,net\nC1,10.00,abc\nC2,1E5,4.00\n,1.00,1.00\n")
        code, _, errors = check(tmp_path / "pay.csv")
        assert code == 4
        assert "pay.csv:2:3: net: 'abc' is not an amount." in errors
        assert "pay.csv:3:2: gross: '1E5' is shortened to an exponent." in errors
        assert "pay.csv:4:1: The key 'contract' is empty." in errors
        assert errors.count("abc") == 1
        (tmp_path / "pay.csv").write_text("contract,gross\nC1,lots\n")
        assert "No column has amounts. Not compared: gross (no amounts)." in check(tmp_path / "pay.csv")[2]

    @pytest.mark.slow
    def test_its_ids_are_checked(self, tmp_path: Path):
        (tmp_path / "pay.csv").write_text("contract,net\nC1,1.00\n1.00E+11,2.00\nC1,3.00\n01-Feb,4.00\n")
        code, lines, _ = check(tmp_path / "pay.csv", width=200)
        notes = "\n".join(lines)
        assert code == 0
        assert "'C1' is listed twice, on lines 2 and 4, so it is not compared." in notes
        assert "Line 3: '1.00E+11' looks shortened to an exponent." in notes
        assert "Line 5: '01-Feb' looks converted to a date." in notes

    @pytest.mark.slow
    def test_totals_and_footers_are_no_contracts_and_many_of_a_kind_are_counted(self, tmp_path: Path):
        """Twelve contracts are there twice; ten are named."""
        twice = "".join(f"C{n:02},1.00\n" for n in range(12)) * 2
        (tmp_path / "pay.csv").write_text(f"contract,net\n{twice}Total,24.00\nTotal,24.00\nPage 1 of 1\nPage 1 of 1\n")
        _, lines, _ = check(tmp_path / "pay.csv", width=200)
        said = [line.strip() for line in lines if "listed" in line]
        assert said[0] == "- 'C00' is listed twice, on lines 2 and 14, so it is not compared."
        assert (len(said), said[-1]) == (11, "- 2 more are listed more than once.")

    @pytest.mark.slow
    def test_the_key_can_be_named(self, tmp_path: Path):
        (tmp_path / "pay.csv").write_text("Person,Post,net\n1,1,2.00\n1,2,4.00\n")
        code, lines, _ = check(tmp_path / "pay.csv", "--key", "Person,Post", width=200)
        assert (code, any("is listed" in line for line in lines)) == (0, False)
        assert check(tmp_path / "pay.csv", "--key", "Persn,Post")[0] == 4


def test_the_first_line_is_shown_however_narrow_the_terminal_is(tmp_path: Path):
    path = tmp_path / "list.csv"
    heading = "Establishment name of the place"
    path.write_text(f"{heading},Employee Number,Job Title\nA very long name of a school indeed,1001,Cook\n")
    _, lines, _ = check(path, width=60)
    assert any(line.endswith("1001") for line in lines)


def test_the_page_has_every_column_of_every_table():
    page = (TOP / "docs" / "tables.md").read_text()
    assert page.endswith("\n".join(tables_in_words()) + "\n"), "changeflow schema --format markdown writes its end"


@pytest.mark.slow
def test_a_note_on_a_ledger_is_printed_once(tmp_path: Path):
    path = tmp_path / "pay.csv"
    path.write_text("Payslip summary,,\nRun date: 30/04/2027,,\ncontract,gross,net\nA,2.50,1.50\nB,3.50,2.50\n")
    lines = CliRunner().invoke(app, ["check-table", str(path), "--as", "ledger"]).output.splitlines()
    assert sum("above the header were not used" in line for line in lines) == 1
