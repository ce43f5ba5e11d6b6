"""Lines that are listed and do not count, and words of registers and HR systems: what is left out is named."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import UnusedWarning
from changeflow.intake.assessments import read_assessments
from changeflow.intake.fact_formats import ATTENDANCE
from changeflow.intake.folder import read_folder
from changeflow.intake.folder_formats import ASSESSMENTS, PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.table_rows import Table
from changeflow.intake.tables import open_table
from changeflow.values.problem import Problem
from tests.builders import SCHOOLS as OUR_SCHOOLS
from tests.builders import a_folder

LOOK = "Remove them if they are not part of the programme."
GIAS = "URN,LA (name),EstablishmentName,PhaseOfEducation (name),EstablishmentStatus (name),CloseDate\n"


def read(path: Path, text: str, wanted: Format) -> tuple[Table, list[str]]:
    path.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    table = open_table(path, path.name, problems, wanted)
    assert table is not None
    return table, [str(p) for p in problems]


def column(table: Table, name: str) -> list[str | None]:
    return [row.cells.get(name) for row in table.rows]


def test_closed_schools_are_left_out_and_named(tmp_path: Path):
    """Also where the rest of their line would be a mistake: Daisy has no phase."""
    text = GIAS + (
        "900001,Ourshire,Ash,Primary,Open,\n900002,Ourshire,Beech,Primary,Closed,31-08-2019\n"
        '900003,Ourshire,Cedar,Primary,"Open, but proposed to close",31-08-2028\n'
        "900004,Ourshire,Daisy,Not applicable,Closed,31-08-2020\n900005,Ourshire,Elm,Primary,Proposed to open,\n"
    )
    table, problems = read(tmp_path / "schools.csv", text, SCHOOLS)
    assert problems == []
    assert column(table, "name") == ["Ash", "Cedar", "Elm"]
    assert [remark.what for remark in table.remarks] == [
        "2 schools with the EstablishmentStatus (name) 'Closed' were not used: Beech (line 3) and Daisy (line 5).",
        f"1 school has the EstablishmentStatus (name) 'Open, but proposed to close': Cedar (line 4). {LOOK}",
        f"1 school has the EstablishmentStatus (name) 'Proposed to open': Elm (line 6). {LOOK}",
    ]


def test_no_version_keeps_a_closed_school(tmp_path: Path):
    head, *lines = OUR_SCHOOLS.splitlines()
    rows = [f"{head},school status", *(f"{line},Open" for line in lines), f"{lines[0]},Closed".replace("ash", "elm", 1)]
    with pytest.warns(UnusedWarning, match=r"1 school with the school status 'Closed' was not used"):
        folder = read_folder(a_folder(tmp_path, schools="\n".join(rows) + "\n"))
    assert [s.id for s in folder.definition.schools] == ["ash", "beech", "cedar"]
    assert folder.sources["schools.csv"] == OUR_SCHOOLS


def test_codes_say_the_status_where_no_column_has_its_name(tmp_path: Path):
    text = GIAS.replace("Status (name)", "Status (code)") + "900001,X,Ash,Primary,1,\n900002,X,Beech,Primary,2,\n"
    assert column(read(tmp_path / "schools.csv", text, SCHOOLS)[0], "name") == ["Ash"]


def test_a_closing_date_is_reported_where_no_column_has_the_status(tmp_path: Path):
    text = "URN,LA (name),EstablishmentName,PhaseOfEducation (name),CloseDate\n900001,X,Ash,Primary,\n"
    table, problems = read(tmp_path / "schools.csv", text + "900002,X,Beech,Primary,31-08-2019\n", SCHOOLS)
    assert (problems, column(table, "name")) == ([], ["Ash", "Beech"])
    [remark] = table.remarks
    assert remark.what == "1 school has a closing date: Beech (31-08-2019, line 3). Remove closed schools."


def test_a_list_of_closed_schools_alone_is_a_mistake(tmp_path: Path):
    _, [problem] = read(tmp_path / "schools.csv", GIAS + "900002,X,Beech,Primary,Closed,\n", SCHOOLS)
    assert "No school is left: 'EstablishmentStatus (name)' leaves all of them out." in problem


@pytest.mark.parametrize(
    "kind",
    ["Community special school", "Pupil referral unit", "Academy special converter", "Academy alternative provision"],
)
@pytest.mark.parametrize("said", ["Not applicable", "", "n/a"])
def test_the_type_of_a_school_gives_the_phase_where_that_says_nothing(tmp_path: Path, kind: str, said: str):
    text = GIAS.replace("CloseDate", "TypeOfEstablishment (name)") + f"900001,X,Ash,{said},Open,{kind}\n"
    table, problems = read(tmp_path / "schools.csv", text, SCHOOLS)
    assert (problems, column(table, "phase")) == ([], ["special"])
    [remark] = table.remarks
    assert remark.what == f"The phase was read as special, by TypeOfEstablishment (name): '{kind}'."


def test_the_type_of_a_school_never_replaces_a_phase(tmp_path: Path):
    text = (
        GIAS.replace("CloseDate", "TypeOfEstablishment (name)") + "900001,X,Ash,Primary,Open,Community special school\n"
    )
    assert column(read(tmp_path / "schools.csv", text, SCHOOLS)[0], "phase") == ["primary"]
    _, [problem] = read(tmp_path / "schools.csv", text.replace("Primary", "middle"), SCHOOLS)
    assert "'middle' is not known." in problem
    _, [problem] = read(
        tmp_path / "schools.csv", text.replace("Primary", "Not applicable").replace("special ", ""), SCHOOLS
    )
    assert "'Not applicable' gives no phase." in problem


def test_a_phase_that_says_nothing_says_what_to_write(tmp_path: Path):
    _, [problem] = read(tmp_path / "schools.csv", GIAS + "900001,X,Ash,Not applicable,Open,\n", SCHOOLS)
    assert problem == (
        "schools.csv:2:4: In the column 'PhaseOfEducation (name)', 'Not applicable' gives no phase. A special "
        "school or a pupil referral unit is special; else write the phase of its pupils."
    )


CAME, NOT = ("/", "\\", "L", "P", "✓", "✔", "√", "Present"), ("✗", "✘", "☐", "A", "N", "Did not attend", "Sick")


@pytest.mark.parametrize(("mark", "came"), [*((m, "yes") for m in CAME), *((m, "no") for m in NOT)])
def test_marks_of_a_register_say_who_came(tmp_path: Path, mark: str, came: str):
    table, problems = read(tmp_path / "t.csv", f"course,person,date,attendance\nc,a,2027-02-01,{mark}\n", ATTENDANCE)
    assert (problems, column(table, "attended")) == ([], [came])


def test_a_cross_in_a_register_is_not_guessed(tmp_path: Path):
    _, [problem] = read(tmp_path / "t.csv", "course,person,date,attendance\nc,a,2027-02-01,x\n", ATTENDANCE)
    assert problem == "t.csv:2:4: In the column 'attendance', 'x' may be a tick or a cross. Write yes or no."


@pytest.mark.parametrize("heading", ["Attended (hours)", "Hours attended", "Attendance (%)"])
def test_how_long_a_person_came_is_neither_yes_nor_no(tmp_path: Path, heading: str):
    """Nought is no. Of any other figure a person must say whether it is enough."""
    text = f"session,person,on,{heading}\nT,a,20/04/2027,0\nT,b,20/04/2027,2.5\n"
    table, [problem] = read(tmp_path / "t.csv", text, ATTENDANCE)
    assert column(table, "attended") == ["no", None]
    assert problem.startswith(f"t.csv:3:4: In the column '{heading}', '2.5' is neither yes nor no.")


def test_one_hour_is_no_yes(tmp_path: Path):
    _, [problem] = read(tmp_path / "t.csv", "session,person,on,Minutes attended\nT,a,20/04/2027,1\n", ATTENDANCE)
    assert problem == "t.csv:2:4: In the column 'Minutes attended', '1' is neither yes nor no. Write yes or no."


def test_people_away_for_long_get_no_messages_and_only_their_lines_are_named(tmp_path: Path):
    text = "id,name,role,Employment status\na,Person One,Clerk,On maternity leave\nb,Person Two,Head,Permanent\n"
    text += "c,Person Three,Clerk,Long-term sick\nd,Person Four,Clerk,Leaver\n"
    table, problems = read(tmp_path / "people.csv", text, PEOPLE)
    assert (problems, column(table, "active")) == ([], ["no", "yes", "no", "no"])
    [remark] = table.remarks
    assert remark.what == (
        "2 people have a long absence as Employment status: line 2 and line 4. They get no messages. Give the days in "
        "the column 'away' if you know them."
    )


def test_a_surname_alone_is_no_name_and_said(tmp_path: Path):
    table, problems = read(tmp_path / "people.csv", "id,Surname,role\na,One,Clerk\n", PEOPLE)
    assert (problems, column(table, "name")) == ([], [None])
    assert "'Surname' alone gives no name: no column has its other part." in [r.what for r in table.remarks]


def test_a_preferred_forename_goes_before_the_legal_one(tmp_path: Path):
    text = "id,Legal forename,Preferred forename,Legal surname,role\na,Person,Pat,One,Clerk\n"
    table, problems = read(tmp_path / "people.csv", text, PEOPLE)
    assert (problems, column(table, "name")) == ([], ["Pat One"])


def test_the_legal_forename_counts_where_a_line_has_no_preferred_one(tmp_path: Path):
    """Most people of a staff list have no preferred name."""
    text = "id,Preferred first name,First name,Last name,Preferred surname,role,Line manager\n"
    text += "a,Pat,Person,One,,Clerk,Person Two\nb,,Person,Two,,Head,\nc,-,Person,Three,Four,Clerk,Pat One\n"
    table, problems = read(tmp_path / "people.csv", text, PEOPLE)
    assert (problems, column(table, "name")) == ([], ["Pat One", "Person Two", "Person Four"])
    assert column(table, "manager") == ["b", None, "a"]
    assert list(table.remarks) == []


def test_a_manager_by_the_number_of_another_system(tmp_path: Path):
    text = "PERSONAL REFERENCE,ROLE,LINE MANAGER PERSONAL REFERENCE\n000123,Clerk,000124\n000124,Head,\n"
    table, problems = read(tmp_path / "people.csv", text, PEOPLE)
    assert (problems, column(table, "manager")) == ([], ["000124", None])


def test_a_title_that_each_page_repeats_is_left_out_and_said(tmp_path: Path):
    page = "Staff list,,Page {} of 2\nAsh Primary,,\n"
    head, lines = "Staff no,Job title,Start date\n", ("1,Clerk,01/09/2026\n", "2,Head,01/09/2026\n")
    text = page.format(1) + head + lines[0] + page.format(2) + head + lines[1]
    table, problems = read(tmp_path / "people.csv", text, PEOPLE)
    assert (problems, column(table, "id")) == ([], ["1", "2"])
    said = "The line repeats one above the header and was not used."
    assert [(r.line, r.what) for r in table.unused if r.what == said] == [(5, said), (6, said)]


class TestAnswers:
    HEAD = "person,on,awareness,desire,knowledge,ability,reinforcement,evidence\n"

    def test_a_line_without_a_score_is_no_answer_and_is_said(self, tmp_path: Path):
        path, problems = tmp_path / "r1.csv", list[Problem]()
        path.write_text(self.HEAD + "a,2027-02-01,,,,,,self\nb,2027-02-01,,3,,,,\nc,2027-02-01,-,n/a,,,,self\n")
        with pytest.warns(UnusedWarning) as warned:
            found = list(read_assessments(path, path.name, problems, people={"a", "b", "c"}, until=date(2027, 3, 1)))
        assert ([a.person for a in found], problems) == (["b"], [])
        said = "The line has no score and was not recorded as an answer."
        assert [str(w.message) for w in warned] == [f"r1.csv:{line}:1: {said}" for line in (2, 4)]

    def test_a_refused_score_is_no_missing_one(self, tmp_path: Path):
        table, problems = read(tmp_path / "r.csv", self.HEAD + "a,2027-02-01,9,,,,,self\n", ASSESSMENTS)
        assert problems == [
            "r.csv:2:3: In the column 'awareness', '9' is not a score. Write 1 to 5, or leave it empty."
        ]
        assert list(table.remarks) == []

    @pytest.mark.parametrize(
        "heading",
        ["Awareness: I know why we change", "1. Awareness of the reasons for change", "Awareness (I know the date)"],
    )
    def test_a_statement_that_people_score_is_no_comment(self, tmp_path: Path, heading: str):
        text = f"person,on,{heading},Awareness - why?\na,2027-02-01,4,because\n"
        table, problems = read(tmp_path / "r.csv", text, ASSESSMENTS)
        assert (problems, column(table, "awareness")) == ([], ["4"])
        assert table.unused_columns == "The column was not used: 'Awareness - why?'."

    def test_a_heading_that_may_be_a_score_or_a_comment_is_a_mistake(self, tmp_path: Path):
        text = "person,on,Awareness: do you know why we change?,desire\na,2027-02-01,4,3\n"
        _, problems = read(tmp_path / "r.csv", text, ASSESSMENTS)
        [problem] = problems
        assert problem == (
            "r.csv:1:3: 'Awareness: do you know why we change?' may be the score of awareness, or comments on it. "
            "Call it 'awareness' or 'awareness comments'."
        )

    @pytest.mark.parametrize(
        ("scale", "is_turned"),
        [
            ("1 = strongly agree, 5 = strongly disagree", True),
            ("1=high 5=low", True),
            ("5: not at all", True),
            ("1 = strongly disagree, 5 = strongly agree", False),
            ("1 = low, 5 = high", False),
            ("1 = not at all", False),
        ],
    )
    def test_a_scale_whose_best_score_is_one_is_a_mistake(self, tmp_path: Path, scale: str, is_turned: bool):
        _, problems = read(tmp_path / "r.csv", f'person,on,"Desire ({scale})"\na,2027-02-01,4\n', ASSESSMENTS)
        said = (
            f"r.csv:1:3: 'Desire ({scale})' says that 1 is the best score. Here 5 is. Turn the scores round, and call "
        )
        assert problems == ([said + "the column 'desire'."] if is_turned else [])

    @pytest.mark.parametrize(
        ("scale", "said"),
        [
            ("(0-10)", "from 0 to 10"),
            ("1 to 7", "from 1 to 7"),
            ("[1..4]", "from 1 to 4"),
            ("1 (low) - 10 (high)", "from 1 to 10"),
            ("(1=low; 10=high)", "from 1 to 10"),
            ("out of 4", "out of 4"),
            ("/ 10", "out of 10"),
            ("(7-point scale)", "out of 7"),
            ("%", "in percent"),
            ("(1 = low, 5 = high)", ""),
            ("(5-point scale)", ""),
            ("out of 5", ""),
            ("2026-27", ""),
            ("- round 1 of 3", ""),
        ],
    )
    def test_scores_on_another_scale_are_a_mistake_although_each_is_from_1_to_5(
        self, tmp_path: Path, scale: str, said: str
    ):
        _, problems = read(tmp_path / "r.csv", f'person,on,"Desire {scale}"\na,2027-02-01,4\n', ASSESSMENTS)
        expected = f"r.csv:1:3: 'Desire {scale}' has scores {said}. Here they are from 1 to 5. Convert the scores, and "
        assert problems == ([f"{expected}call the column 'desire'."] if said else [])

    def test_a_file_without_a_column_of_scores_is_a_mistake(self, tmp_path: Path):
        _, [problem] = read(tmp_path / "r.csv", "person,on,evidence\na,2027-02-01,self\n", ASSESSMENTS)
        assert problem.startswith("r.csv:1:1: No column has scores. Call them awareness, desire,")

    @pytest.mark.parametrize(
        "heading",
        ["1. Desire", "2. Desire (I want this change to happen)", "Q2 Desire", "Desire: I want it", "Desire - 5 best",
         "Question 2: Desire", "b) Desire", "ADKAR: Desire", "DESIRE?", "Desire score (1-5)"],
    )  # fmt: skip
    def test_a_heading_that_begins_with_an_element_is_its_score(self, tmp_path: Path, heading: str):
        table, problems = read(tmp_path / "r.csv", f"person,on,{heading}\na,2027-02-01,4\n", ASSESSMENTS)
        assert (problems, column(table, "desire")) == ([], ["4"])

    def test_comments_on_an_element_without_a_score_are_no_mistake(self, tmp_path: Path):
        text = "person,on,awareness,Knowledge: why?,Ability comments\na,2027-02-01,4,because,\n"
        table, problems = read(tmp_path / "r.csv", text, ASSESSMENTS)
        assert problems == []
        assert "'Knowledge: why?'" in table.unused_columns

    @pytest.mark.parametrize(
        "heading", ["Desrie", "Desired", "2. Desires", "My desire to take part", "I have the dezire"]
    )
    def test_a_heading_near_an_element_is_a_mistake_and_never_only_noted(self, tmp_path: Path, heading: str):
        _, [problem] = read(tmp_path / "r.csv", f"person,on,awareness,{heading}\na,2027-02-01,4,4\n", ASSESSMENTS)
        assert problem == f"r.csv:1:4: Unknown column '{heading}'. Did you mean 'desire'?"

    def test_a_column_of_comments_on_an_element_is_none_of_scores(self, tmp_path: Path):
        text = "person,on,Desire,Desire comments,Why this desire?\na,2027-02-01,4,Not yet,No time\n"
        table, problems = read(tmp_path / "r.csv", text, ASSESSMENTS)
        assert (problems, column(table, "desire")) == ([], ["4"])
        assert table.unused_columns == "2 columns were not used: 'Desire comments', 'Why this desire?'."

    def test_two_headings_of_one_element_are_a_mistake(self, tmp_path: Path):
        text = "person,on,1. Desire (before),2. Desire (after)\na,2027-02-01,4,4\n"
        _, [problem] = read(tmp_path / "r.csv", text, ASSESSMENTS)
        assert "'1. Desire (before)' and '2. Desire (after)' may both be the column 'desire'." in problem

    @pytest.mark.parametrize(
        ("moment", "day"),
        [
            ("2026-09-01T10:00+01:00", "2026-09-01"),
            ("2026-09-01T23:30:00Z", "2026-09-02"),  # half past midnight, British Summer Time
            ("2026-12-01T23:30:00Z", "2026-12-01"),  # winter
            ("2026-09-02T00:15+02:00", "2026-09-01"),  # quarter past eleven in the UK
            ("2026-09-01 10:00 -0500", "2026-09-01"),
            ("01/09/2026 10:00 (BST)", "2026-09-01"),
            ("2026-09-01T10:00:00.123Z", "2026-09-01"),
            ("2026-09-01T10:00+01", "2026-09-01"),
            ("Tue Sep 01 2026 10:00:00 GMT+0100 (British Summer Time)", "2026-09-01"),
            ("2026-09-01T10:00+01:00[Europe/London]", "2026-09-01"),
            ("01/09/2026 11:30 pm GMT", "2026-09-02"),
        ],
    )
    def test_a_moment_with_a_time_zone_is_the_day_in_the_uk(self, tmp_path: Path, moment: str, day: str):
        table, problems = read(tmp_path / "r.csv", f"person,on,awareness\na,{moment},4\n", ASSESSMENTS)
        assert (problems, column(table, "on")) == ([], [day])
        moved = not moment.startswith((day, "01/09/2026 10", "Tue Sep 01"))
        assert any("that was the day in the UK" in remark.what for remark in table.remarks) is moved

    @pytest.mark.parametrize("moment", ["2026-09-01 22:30 America/New_York", "01/09/2026 10:00 EST"])
    def test_a_time_zone_that_is_not_known_is_a_mistake(self, tmp_path: Path, moment: str):
        _, [problem] = read(tmp_path / "r.csv", f"person,on,awareness\na,{moment},4\n", ASSESSMENTS)
        assert problem.startswith(f"r.csv:2:2: In the column 'on', '{moment}' has a time zone that is not known.")
