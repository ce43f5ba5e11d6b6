"""People come, go and move: who is asked, who is counted, who takes over. Days are of a calendar of 2027."""

from datetime import date, datetime
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.programme.audiences import views
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.reports.sponsorship import sponsorship
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage.database import session_scope
from changeflow.usecases.definitions import apply
from changeflow.usecases.export import ExportRequest, export_folder
from changeflow.usecases.stored import load
from changeflow.values.moments import LONDON
from tests.builders import PATHWAY, SERVICE, a_folder, a_table_workbook, at

PEOPLE = """\
id,role,email,audience,school,manager,joins,leaves,successor,moves
chief,Chief Executive,chief@example.org,sponsor,,,,,,
lead,Director of People,lead@example.org,lead,,chief,,2027-01-29,deputy,
deputy,Deputy Director,deputy@example.org,lead,,chief,2027-01-18,,,
officer,Payroll Officer,officer@example.org,team,ash,lead,,,,2027-02-01=cedar
"""
OWNED = PATHWAY.replace("requirements: {", "requirements: {owner: lead, ").replace(
    "delegation: {", "delegation: {owner: lead, "
)


def programme_on(tmp_path: Path, day: date, people: str = PEOPLE) -> Programme:
    read = read_folder(a_folder(tmp_path / "trust", people=people, pathway=OWNED))
    done = Facts(progress={"payroll/requirements": TaskProgress(at("2027-01-04T09:00"), at("2027-01-08T17:00"))})
    made, errors = join(read.definition, rulepacks=read.rulepacks, facts=done, on=day)
    assert errors == ()
    return made.scheduled()


def test_what_is_open_goes_to_the_successor_and_what_is_done_stays(tmp_path: Path):
    """The last day is Friday 29 January: on that day nothing changes, on the next everything open does."""
    before, after = (programme_on(tmp_path, date(2027, 1, d)).roadmap.tasks for d in (29, 30))
    assert before["payroll/delegation"].owner == "lead"
    assert after["payroll/delegation"].owner == "deputy"
    assert after["payroll/requirements"].owner == "lead"
    said = sponsorship(programme_on(tmp_path, date(2027, 1, 30)), today=date(2027, 1, 30)).handed_over
    assert said == ("The Director of People left on 29 Jan 2027; the Deputy Director has taken over.",)


def test_where_nobody_takes_over_it_is_said(tmp_path: Path):
    people = PEOPLE.replace(",2027-01-29,deputy,", ",2027-01-29,,")
    alerts = sponsorship(programme_on(tmp_path, date(2027, 2, 1), people), today=date(2027, 2, 1)).alerts
    assert any(a.startswith("The Director of People left on 29 Jan 2027 and has no successor, so ") for a in alerts)


def test_two_who_name_each_other_are_nobodys_successors(tmp_path: Path):
    people = PEOPLE.replace("chief,2027-01-18,,,", "chief,2027-01-18,2027-01-31,lead,")
    assert programme_on(tmp_path, date(2027, 2, 5), people).roadmap.tasks["payroll/delegation"].owner == "lead"


def test_whoever_moves_is_counted_where_they_are(tmp_path: Path):
    for day, wave in ((date(2027, 1, 31), "w1"), (date(2027, 2, 1), "w2")):
        definition = programme_on(tmp_path, day).definition
        [found] = [v for v in views(definition, [], minimum=10, on=day) if v.view == "wave" and "officer" in v.members]
        assert found.group == wave


@pytest.mark.slow
def test_who_is_not_here_is_in_no_group_and_gets_no_mail(tmp_path: Path, sqlite: str):
    apply(a_folder(tmp_path / "t", people=PEOPLE), db=sqlite, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
    with session_scope(sqlite) as session:
        for day, here in ((4, {"lead"}), (18, {"lead", "deputy"}), (29, {"lead", "deputy"}), (30, {"deputy"})):
            contacts = load(session, None, on=date(2027, 1, day)).contacts
            assert {p for p in ("lead", "deputy") if contacts[p].is_active} == here


@pytest.mark.slow
def test_what_was_read_is_written_out_again(tmp_path: Path, sqlite: str):
    source = a_folder(tmp_path / "t", people=PEOPLE)
    apply(source, db=sqlite, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
    asked = ExportRequest(actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON), addresses=True)
    export_folder(tmp_path / "out", db=sqlite, programme=None, on=date(2027, 1, 4), asked=asked)
    assert read_folder(tmp_path / "out").definition == read_folder(source).definition
    assert read_folder(tmp_path / "out").contacts == read_folder(source).contacts


class TestWorkbook:
    def written(self, path: Path, rows: list[list[object]]) -> Path:
        (path / "people.csv").unlink()
        a_table_workbook(path / "people.xlsx", rows)
        return path

    def test_a_workbook_is_read_as_its_csv(self, tmp_path: Path):
        folder = a_folder(tmp_path / "a", people=PEOPLE, service=SERVICE)
        wanted = read_folder(folder).definition.people
        lines: list[list[object]] = [list(line.split(",")) for line in PEOPLE.splitlines()]
        # A real date, as spreadsheets have it.
        lines[2][7] = datetime(2027, 1, 29)
        assert read_folder(self.written(a_folder(tmp_path / "b", people=PEOPLE), lines)).definition.people == wanted

    def test_mistakes_have_their_place(self, tmp_path: Path):
        lines: list[list[object]] = [list(line.split(",")) for line in PEOPLE.splitlines()]
        lines[4][4] = "bech"
        lines[3][2] = "no address"
        with pytest.raises(ProblemsError) as raised:
            read_folder(self.written(a_folder(tmp_path / "b", people=PEOPLE), lines))
        assert (
            "people.xlsx[Sheet1]:4:3: In the column 'email', 'no address' is not an email address. "
            "Write name@example.org." in str(raised.value)
        )

    def test_what_is_no_workbook_is_said(self, tmp_path: Path):
        folder = a_folder(tmp_path / "a", people=PEOPLE)
        (folder / "people.csv").rename(folder / "people.xlsx")
        with pytest.raises(ProblemsError, match="The workbook cannot be read"):
            read_folder(folder)

    def test_two_lists_of_people_are_one_too_many(self, tmp_path: Path):
        folder = a_folder(tmp_path / "a", people=PEOPLE)
        self.written(folder, [["id", "role"], ["chief", "Chief"]])
        (folder / "people.csv").write_text(PEOPLE)
        with pytest.raises(ProblemsError, match="only one can be right"):
            read_folder(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2027-02-01=cedar", "2027-02-01=cedr", "cedr"),
        (",2027-01-29,deputy,", ",2027-01-29,nobody,", "nobody"),
        (",,chief,,2027-01-29,", ",,chief,2027-02-01,2027-01-29,", "before joining"),
        ("2027-02-01=cedar", "soon=cedar", "5:10: In the column 'moves', 'soon' is not a date"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, old: str, new: str, message: str):
    assert old in PEOPLE
    with pytest.raises(ProblemsError, match=message):
        read_folder(a_folder(tmp_path / "t", people=PEOPLE.replace(old, new)))
