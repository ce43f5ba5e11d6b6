"""Lists from other systems: which column is which, what is left out, and what is said. Files are made up."""

import warnings
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from changeflow.errors import ProblemsError, UnusedWarning
from changeflow.intake.columns import SHORTEST
from changeflow.intake.fact_formats import PROGRESS
from changeflow.intake.facts import outcome_of, read_announcements
from changeflow.intake.folder import read_folder
from changeflow.intake.folder_formats import ASSESSMENTS, PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.layout import fold
from changeflow.intake.opening import read_text_as
from changeflow.intake.people import ids_by_name
from changeflow.intake.table_rows import Table, zeros_lost
from changeflow.intake.table_schemas import FORMATS, table_schemas
from changeflow.intake.tables import open_table, read_table
from changeflow.programme.definition import School
from changeflow.values.problem import Problem
from changeflow.values.words import Outcome
from tests.builders import SCHOOLS as OUR_SCHOOLS
from tests.builders import a_folder, a_table_workbook

GIAS = (
    '"URN","LA (code)","LA (name)","EstablishmentName","TypeOfEstablishment (name)","PhaseOfEducation (name)",'
    '"NumberOfPupils","HeadLastName","OpenDate"\r\n'
    '"900001","999","Ourshire","Ash École","Academy","Primary","415","Somebody","01-09-2011"\r\n'
    '"900002","999","Ourshire","Beech","Academy","Middle deemed secondary","1,180","",""\r\n'
)


def read(path: Path, text: str, wanted: Format, **more: dict[str, str]) -> tuple[Table | None, list[str]]:
    path.write_bytes(text.encode())
    problems: list[Problem] = []
    return open_table(path, path.name, problems, wanted, **more), [str(p) for p in problems]


def cells(table: Table | None) -> list[dict[str, str]]:
    assert table is not None
    return [dict(row.cells) for row in table.rows]


def test_a_list_of_the_department_for_education_is_read_as_it_is(tmp_path: Path):
    (tmp_path / "schools.csv").write_bytes(GIAS.encode("cp1252"))
    problems: list[Problem] = []
    table = open_table(tmp_path / "schools.csv", "schools.csv", problems, SCHOOLS)
    assert problems == []
    same = {"id": "900001", "urn": "900001", "authority": "ourshire", "name": "Ash École", "phase": "primary"}
    assert cells(table)[0] == {**same, "pupils": "415", "type": "Academy"}
    assert cells(table)[1]["phase"], cells(table)[1]["pupils"] == ("secondary", "1180")
    assert table is not None
    assert [r.what for r in table.remarks] == ["3 columns were not used: 'LA (code)', 'HeadLastName', 'OpenDate'."]


def test_no_version_keeps_columns_that_were_not_used(tmp_path: Path):
    """They may name people: the text that a version keeps of schools.csv has only what was used."""
    text = OUR_SCHOOLS.replace("authority", "authority,Head").replace("north\n", "north,Somebody Else\n")
    with pytest.warns(UnusedWarning, match=r"schools\.csv:1:1: The column was not used: 'Head'."):
        folder = read_folder(a_folder(tmp_path, schools=text))
    assert folder.sources["schools.csv"] == OUR_SCHOOLS


def test_schools_may_be_a_workbook(tmp_path: Path):
    folder = a_folder(tmp_path)
    a_table_workbook(folder / "schools.xlsx", [line.split(",") for line in OUR_SCHOOLS.splitlines()], sheet="Schools")
    with pytest.raises(ProblemsError, match=r"There are schools\.csv and schools\.xlsx, and only one can be right\."):
        read_folder(folder)
    (folder / "schools.csv").unlink()
    found = read_folder(folder)
    assert [s.id for s in found.definition.schools] == ["ash", "beech", "cedar"]
    assert found.sources["schools.csv"] == OUR_SCHOOLS


def test_a_list_of_an_hr_system_is_read_as_it_is(tmp_path: Path):
    """A person's name is put together, a school is known by its name or its URN."""
    text = (
        "Employee Number,Forename,Surname,Job Title,Work E-mail,Base School,Line Manager,Hire Date,Status,NI No\n"
        "E0001,Person,One,Clerk,one@example.org,Ash School,E0002,01/09/2026,Active,x\n"
        "E0002,Person,Two,Head,two@example.org,900002,,1-Sep-26,Leaver,x\n"
    )
    names = {"school": {fold("Ash School"): "ash", "900002": "beech"}}
    table, problems = read(tmp_path / "people.csv", text, PEOPLE, names=names)  # type: ignore[arg-type]
    assert problems == []
    assert cells(table)[0] == {
        "id": "e0001",
        "name": "Person One",
        "role": "Clerk",
        "email": "one@example.org",
        "school": "ash",
        "manager": "e0002",
        "joins": "2026-09-01",
        "active": "yes",
    }
    assert (cells(table)[1]["school"], cells(table)[1]["active"]) == ("beech", "no")


def test_a_manager_may_be_named_by_name_or_address(tmp_path: Path):
    text = (
        'id,name,email,role,manager\na,Person One,one@x.org,Head,\nb,Person Two,two@x.org,Clerk,"One, Person"\n'
        "c,Person Two,three@x.org,Clerk,ONE@X.ORG\nd,Person Four,,Clerk,A\ne,Person Five,,Clerk,person  two\n"
    )
    table, problems = read(tmp_path / "people.csv", text, PEOPLE)
    assert [row.get("manager") for row in cells(table)] == [None, "a", "a", "a", None]
    assert problems == ["people.csv:6:5: In the column 'manager', 'person  two' matches 2 people. Write the id."]


def test_an_id_without_its_zeros_is_named_where_it_is_used(tmp_path: Path):
    text = "id,role,manager,school\n000123,Head,,\n000124,Clerk,123,7\n"
    names = {"school": {"ashschool": "007"}}
    _, problems = read(tmp_path / "people.csv", text, PEOPLE, names=names)  # type: ignore[arg-type]
    assert [p.partition(" Format")[0] for p in problems] == [
        "people.csv:3:4: In the column 'school', there is no '7'. '7' is '007' without its leading zeros.",
        "people.csv:3:3: In the column 'manager', there is no '123'. '123' is '000123' without its leading zeros.",
    ]


def test_a_leaving_date_in_the_year_9999_says_how_no_end_is_written(tmp_path: Path):
    _, problems = read(tmp_path / "people.csv", "id,role,leaves\na,Head,31/12/9999\n", PEOPLE)
    [problem] = problems
    assert problem.endswith("is outside the years 1950 to 2200. Leave it empty if there is no end.")


def test_a_folders_people_may_name_schools_by_name(tmp_path: Path):
    people = "id,role,school\nchief,Chief,\nlead,Lead,Beech School\n"
    found = read_folder(a_folder(tmp_path, people=people)).definition.people
    assert [p.school for p in found] == [None, "beech"]


def test_two_columns_that_could_be_meant_are_a_problem(tmp_path: Path):
    text = "id,School name,Establishment name,phase,authority\na,A,B,primary,north\n"
    _, problems = read(tmp_path / "s.csv", text, SCHOOLS)
    [problem] = problems
    assert problem.startswith("s.csv:1:3: 'School name' and 'Establishment name' may both be the column 'name'.")
    assert problem.endswith("Rename the right one 'name', or remove the other.")


def test_our_own_name_goes_before_another_and_the_mapping_before_both(tmp_path: Path):
    text = "id,Name,School name,phase,authority\na,A,B,primary,north\n"
    table, problems = read(tmp_path / "s.csv", text, SCHOOLS)
    assert (problems, cells(table)[0]["name"]) == ([], "A")
    table, problems = read(tmp_path / "s.csv", text, SCHOOLS, mapping={"name": "school  NAME"})
    assert (problems, cells(table)[0]["name"]) == ([], "B")


@pytest.mark.parametrize("heading", ["phsae", "phasse", "phas", "Phase of educaton"])
def test_a_misspelt_heading_is_a_problem_where_the_column_is_missing(tmp_path: Path, heading: str):
    text = f"id,name,authority,{heading}\na,A,north,primary\n"
    _, problems = read(tmp_path / "s.csv", text, SCHOOLS)
    [problem] = problems
    is_short = len(heading) < SHORTEST
    assert (
        "The column 'phase' is missing." if is_short else f"Unknown column '{heading}'. Did you mean 'phase'?"
    ) in problem


def test_a_misspelt_optional_column_is_a_problem_and_another_one_is_not(tmp_path: Path):
    text = "id,name,authority,phase,pupls,Postcode\na,A,north,primary,12,AB1\n"
    _, problems = read(tmp_path / "s.csv", text, SCHOOLS)
    assert problems == ["s.csv:1:5: Unknown column 'pupls'. Did you mean 'pupils'?"]


def test_totals_remarks_and_repeated_headers_are_left_out_and_said(tmp_path: Path):
    """415 + 1,180 = 1,595. A line of figures that are no sums is a line with mistakes."""
    text = (
        "id,name,phase,authority,pupils\na,A,primary,north,415\nid,name,phase,authority,pupils\n"
        'b,B,primary,north,"1,180"\nTotal,,,,1595\n,,,,1595\nPrinted on 1 March 2027,,,,\n'
    )
    table, problems = read(tmp_path / "s.csv", text, SCHOOLS)
    assert problems == []
    assert [row["id"] for row in cells(table)] == ["a", "b"]
    assert table is not None
    assert [(r.line, r.what) for r in table.remarks] == [
        (3, "The line repeats the header and was not used."),
        (5, "The line 'Total' was not used: it is not part of the table."),
        (6, "The line '1595' was not used: it is not part of the table."),
        (7, "The line 'Printed on 1 March 2027' was not used: it is not part of the table."),
    ]
    _, problems = read(tmp_path / "s.csv", text.replace(",,,,1595\nPrinted", ",,,,1600\nPrinted"), SCHOOLS)
    assert {p.partition(": ")[0] for p in problems} == {f"s.csv:6:{n}" for n in range(1, 5)}


def test_excels_number_for_a_day_is_read_and_said(tmp_path: Path):
    """46 419 days after 30 December 1899 is 1 February 2027."""
    table, problems = read(tmp_path / "p.csv", "id,role,joins\na,Head,46419\n", PEOPLE)
    assert (problems, cells(table)[0]["joins"]) == ([], "2027-02-01")
    assert table is not None
    [remark] = table.remarks
    assert (remark.line, remark.column) == (2, 3)
    assert remark.what == "'46419' was read as the day that spreadsheets store as this number, 1 Feb 2027."


def test_many_remarks_of_a_kind_are_one(tmp_path: Path):
    lines = "".join(f"p{n},Head,{46419 + n}\n" for n in range(5))
    table, _ = read(tmp_path / "p.csv", f"id,role,joins\n{lines}", PEOPLE)
    assert table is not None
    [remark] = table.remarks
    assert remark.what.endswith("as this number, 1 Feb 2027. 4 more lines are like it.")


def test_leading_zeros_that_were_lost_are_said_with_the_fix():
    assert zeros_lost("123", ["000123"]).startswith(
        "'123' is '000123' without its leading zeros. Format that column as text"
    )
    assert zeros_lost("000123", ["123"]).startswith("The other list has it as '123'.")
    assert zeros_lost("124", ["000123"]) == zeros_lost("a1", ["0a1"]) == ""


def test_of_forty_wrong_days_ten_are_listed_and_thirty_counted(tmp_path: Path):
    lines = "".join(f"p{n},Head,{n % 12 + 1:02}/13/20{n:02}\n" for n in range(10, 50))
    path = tmp_path / "people.csv"
    path.write_text(f"id,role,Start date\n{lines}")
    problems: list[Problem] = []
    list(read_table(path, path.name, problems, PEOPLE))
    said = str(ProblemsError(problems)).splitlines()
    assert len(problems) == 40
    assert said[0].startswith("people.csv:2:3: In the column 'Start date', '11/13/2010' has no month 13:")
    assert said[10:] == ["people.csv: and 30 more like it in the column 'Start date'.", "40 problems found."]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"PK\x03\x04zip", "It is an Excel workbook, or another zip. Give it its right name: .xlsx."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "It is a workbook of an older Excel, or has a password."),
        (b"\n <html><table><tr><td>id", "It is a web page. Open it in a spreadsheet"),
        (b"%PDF-1.7", "It is a PDF."),
    ],
)
def test_another_file_under_the_name_of_a_csv_is_refused_with_the_remedy(tmp_path: Path, raw: bytes, says: str):
    (tmp_path / "people.csv").write_bytes(raw)
    problems: list[Problem] = []
    assert open_table(tmp_path / "people.csv", "people.csv", problems, PEOPLE) is None
    [problem] = problems
    assert says in str(problem)


@pytest.mark.parametrize("name", FORMATS)
def test_a_heading_means_one_column_of_a_table(name: str):
    headings = [fold(h) for f in FORMATS[name].fields for h in {fold(h): h for h in (f.name, *f.synonyms)}]
    own = {fold(f.name) for f in FORMATS[name].fields}
    others = [h for h in headings if h not in own]
    assert len(others) == len(set(others))


def test_the_schema_has_every_table_with_its_columns():
    for name, schema in table_schemas().items():
        assert list(schema["items"]["properties"]) == [f.name for f in FORMATS[name].fields]


def test_no_warning_of_a_table_of_which_everything_was_used(tmp_path: Path):
    (tmp_path / "r.csv").write_text("person,on,awareness\nhead,2027-02-01,4\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnusedWarning)
        assert len(list(read_table(tmp_path / "r.csv", "r.csv", [], ASSESSMENTS))) == 1


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("é".encode(), "UTF-8"),
        ("é".encode("utf-8-sig"), "UTF-8 with a byte order mark"),
        ("é".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), "UTF-16"),
        ("é".encode("cp1252"), "Windows-1252"),
        (b"e", "UTF-8"),
    ],
)
def test_the_encoding_is_named(tmp_path: Path, raw: bytes, encoding: str):
    (tmp_path / "t.csv").write_bytes(raw)
    assert read_text_as(tmp_path / "t.csv", "t.csv", [], most=100)[1] == encoding


def test_a_line_with_more_cells_than_headings_is_a_problem_and_empty_ones_are_not(tmp_path: Path):
    _, problems = read(tmp_path / "t.csv", "task,started\na,2027-02-01,,,\nb,2027-02-01,,x\n", PROGRESS)
    assert problems == ["t.csv:3:1: The line has 4 cells, the header 2. Put text with commas in quotation marks."]


def test_two_days_announced_at_once_contradict_each_other_however_the_school_is_named(tmp_path: Path):
    path = tmp_path / "a.csv"
    line = "payroll,{},{},2027-02-01,letter\n"
    lines = [("ash", "2027-06-01"), ("Ash School", "2027-07-01"), ("ash", "2027-06-01")]
    path.write_text("service,school,date,on,how\n" + "".join(line.format(*each) for each in lines))
    problems: list[Problem] = []
    schools = [School(id="ash", name="Ash School", phase="primary", authority="north")]
    found = list(
        read_announcements(
            path, "a.csv", problems, services={"payroll": "Payroll"}, schools=schools, today=date(2027, 3, 1)
        )
    )
    assert {a.day for a in found} == {date(2027, 6, 1)}
    [problem] = problems
    assert problem.line == 3
    assert "The same was announced on this day for 2027-06-01 (line 2) and for 2027-07-01." in str(problem)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Not approved", Outcome.REJECT), ("not-agreed", Outcome.REJECT), ("Declined", Outcome.REJECT),
        ("Agreed", Outcome.APPROVE), ("No go", Outcome.REJECT), ("GO", Outcome.APPROVE),
    ],
)  # fmt: skip
def test_an_outcome_may_be_in_the_words_of_minutes(text: str, outcome: Outcome):
    assert outcome_of(text) is outcome


@pytest.mark.parametrize("text", ["Deferred", "Noted", "unapproved", "disapproved", "aproved"])
def test_another_outcome_is_refused_and_none_is_suggested_as_it_may_be_the_opposite(text: str):
    with pytest.raises(ValueError, match=r"is not an outcome\. Write approve") as caught:
        outcome_of(text)
    assert "Did you mean" not in str(caught.value)


def test_an_announcement_may_name_service_and_school_as_people_do(tmp_path: Path):
    """A name that is the id of something else is no other name for it."""
    path = tmp_path / "a.csv"
    path.write_text(
        "Service,Establishment name,Go-live date,Date sent,Channel\nPay,Ash School,1 Jun 2027,01/02/27,E-mail\n"
    )
    problems: list[Problem] = []
    schools = [School(id="ash", name="Ash School", phase="primary", authority="north")]
    services = {"pay-roll-old": "Pay", "payroll": "Payroll"}
    [found] = read_announcements(path, "a.csv", problems, services=services, schools=schools, today=date(2027, 3, 1))
    assert problems == []
    assert (found.service, found.school, found.day, found.on) == (
        "pay-roll-old",
        "ash",
        date(2027, 6, 1),
        date(2027, 2, 1),
    )
    assert found.how == "email"
    assert ids_by_name([("a", "B"), ("b", "C")]) == {"c": "b"}


class TestOrderOfDates:
    HEAD = "session,person,on\n"

    def test_a_column_with_the_month_first_is_named_as_a_whole(self, tmp_path: Path):
        """The 13th month shows it; 02/03 and 04/05 would be read as 2 March and 4 May; 06/06 is the same either way."""
        text = f"{self.HEAD}s,a,02/03/2027\ns,b,02/13/2027\ns,c,04/05/2027\ns,d,06/06/2027\n"
        _, problems = read(tmp_path / "t.csv", text, FORMATS["attendance"])
        impossible, others = problems
        assert impossible.startswith("t.csv:3:3: In the column 'on', '02/13/2027' has no month 13")
        assert others == (
            "t.csv:2:3: In the column 'on', '02/03/2027' and 1 other date of this column "
            "may have the month first too, as '02/13/2027' "
            "on line 3 does. Write all with the day first, or like 2027-02-05."
        )

    def test_a_date_that_has_the_day_first_speaks_for_its_column(self, tmp_path: Path):
        text = f"{self.HEAD}s,a,02/03/2027\ns,b,13/02/2027\n"
        table, problems = read(tmp_path / "t.csv", text, FORMATS["attendance"])
        assert (problems, [row["on"] for row in cells(table)]) == ([], ["2027-03-02", "2027-02-13"])

    def test_another_column_of_the_file_may_show_the_order(self, tmp_path: Path):
        text = "id,role,joins,leaves\na,Head,02/03/2026,05/13/2027\nb,Head,13/02/2026,\nc,Head,,02/03/2028\n"
        _, problems = read(tmp_path / "t.csv", text, PEOPLE)
        assert [p.split(" ")[0] for p in problems] == ["t.csv:2:4:", "t.csv:4:4:"]

    def test_days_that_a_spreadsheet_may_have_swapped_are_reported(self, tmp_path: Path):
        """It made dates of 02/03 and 04/05, the month first, and left 13/02 a text."""
        with xlsxwriter.Workbook(str(tmp_path / "t.xlsx")) as book:
            sheet, day = book.add_worksheet("List"), book.add_format({"num_format": "dd/mm/yyyy"})
            for n, line in enumerate(("session,person,on", "s,a,", "s,b,13/02/2027", "s,c,")):
                sheet.write_row(n, 0, line.split(","))
            sheet.write_datetime(1, 2, datetime(2027, 2, 3), day)
            sheet.write_datetime(3, 2, datetime(2027, 4, 5), day)
        problems: list[Problem] = []
        table = open_table(tmp_path / "t.xlsx", "t.xlsx", problems, FORMATS["attendance"])
        assert (table is not None, problems) == (True, [])
        [remark] = [r for r in table.remarks if r.line == 3]
        assert (
            "a spreadsheet may have read the others with the month first. Check '3 Feb 2027' on line 2." in remark.what
        )


def test_a_urn_with_marks_of_thousands_is_the_id(tmp_path: Path):
    text = 'URN,name,phase,authority\n"100,001",Ash,primary,north\n100002.0,Beech,primary,north\n'
    table, problems = read(tmp_path / "t.csv", text, SCHOOLS)
    assert problems == []
    assert [(row["id"], row["urn"]) for row in cells(table)] == [("100001", "100001"), ("100002", "100002")]


def test_an_audience_without_effect_is_reported(tmp_path: Path):
    table, problems = read(tmp_path / "t.csv", "id,role,audience\na,Head,Cooks\nb,Head,Lead\n", PEOPLE)
    assert table is not None
    assert (problems, [(r.line, r.what[:35]) for r in table.remarks]) == (
        [],
        [(2, "The audience 'Cooks' has no effect.")],
    )


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Arbor Staff ID,First Name,Last Name,Job Title(s),Email,Start Date", "1,Ann,Ash,Cook,a@x.org,01 Sep 2020"),
        ("Staff Code,Forename,Surname,Post,DOA,Work Email", "1,Ann,Ash,Cook,01/09/2020,a@x.org"),
        ("Code,Name,Job Title,Email,Date of Arrival", "1,Ann Ash,Cook,a@x.org,1-Sep-20"),
        ("Staff Code,Display Name,Job Roles,Email Address,Contract Start,FTE",
         "1,Ann Ash,Cook,a@x.org,2020-09-01T00:00:00,1.00"),
        ("Personal Reference,Employee Name,Position Title,Position Start Date,Work E-mail",
         "1,Ann Ash,Cook,01/09/2020,a@x.org"),
        ("Employee Ref,Forename,Surname,Job Title,Start Date,Email", "1,Ann,Ash,Cook,01/09/20,a@x.org"),
        ("Works Number,First Name,Surname,Job,Continuous Service Date,Work Email",
         "1,Ann,Ash,Cook,01-Sep-2020,a@x.org"),
    ],
)  # fmt: skip
def test_lists_of_staff_from_other_systems_are_read_as_they_are(tmp_path: Path, head: str, row: str):
    table, problems = read(tmp_path / "t.csv", f"{head}\n{row}\n", PEOPLE)
    assert problems == []
    person = {"id": "1", "name": "Ann Ash", "role": "Cook", "email": "a@x.org", "joins": "2020-09-01"}
    assert cells(table) == [person]


def test_a_heading_that_may_mean_another_thing_counts_only_where_there_is_no_other(tmp_path: Path):
    text = "Code,Staff No,Job Title,Start Date,Continuous Service Date\n9,1,Cook,01/09/2020,01/09/2010\n"
    table, problems = read(tmp_path / "t.csv", text, PEOPLE)
    assert (problems, cells(table)) == ([], [{"id": "1", "role": "Cook", "joins": "2020-09-01"}])


FOOTERS = (
    "Page 1 of 1", "Records: 2", "End of report", "*** End of Report ***", "Printed on 01/02/2027 09:00",
    "Total records: 2", "2 records found.", "Run date: 01/02/2027", "Records:,2", "Printed on,01/02/2027",
    "Page,1 of 1", "Report generated by:,HR", "Printed on 1 May 2027,Page 1 of 3", "Confidential - do not copy",
)  # fmt: skip
ROWS = {
    "people": ("id,role,name", "a1,Head,A"),
    "schools": ("id,name,phase,authority", "ash,Ash,primary,north"),
    "attendance": ("session,person,on", "s1,a,2027-02-01"),
    "assessments": ("person,on,awareness", "a,2027-02-01,3"),
    "progress": ("Task,% complete", "A,50%"),
    "decisions": ("task,outcome,by,on,reason", "g,approve,a,2027-02-01,x"),
    "announcements": ("service,school,date,on,how", "p,ash,2027-02-01,2027-01-01,letter"),
    "identities": ("old,new", "a,b"),
    "planner": ("Task ID,Task Name,Bucket Name,Due date", "1,A,B,2027-02-01"),
}


@pytest.mark.parametrize("kind", ROWS)
def test_what_a_report_prints_around_its_table_is_left_out_of_every_kind_and_reported(tmp_path: Path, kind: str):
    head, row = ROWS[kind]
    text = "\n".join(["Company,Ash", "Run date:,01/02/2027", head, row, *FOOTERS]) + "\n"
    table, problems = read(tmp_path / "t.csv", text, FORMATS[kind])
    assert table is not None
    assert (problems, [row.line for row in table.rows]) == ([], [4])
    assert [u.line for u in table.unused if u.line > 3] == list(range(5, 5 + len(FOOTERS)))


@pytest.mark.parametrize("line", ["Page,Head,", "Records,Head,", "Run,Date: 5,", "User,Admin 2,", "Total,Head,"])
def test_a_person_whose_line_only_looks_like_a_footer_is_kept(tmp_path: Path, line: str):
    table, problems = read(tmp_path / "t.csv", f"id,role,name\na,Head,A\n{line}\n", PEOPLE)
    assert (problems, len(cells(table))) == ([], 2)
