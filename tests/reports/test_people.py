"""Where people stand, in lines and pictures: made of what was published. Counts are worked by hand."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from lxml import html

from changeflow.adkar.people import ChangeImpact, Impact
from changeflow.intake.folder import read_folder
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.reports.documents import html_of
from changeflow.reports.people import PeopleLines, people_lines
from changeflow.reports.sro import build_sro
from changeflow.rules.engine import judge
from tests.builders import PEOPLE, a_folder, a_snapshot, a_standing

TODAY = date(2027, 3, 1)
STAFF = PEOPLE + "".join(f"p{n},P,Payroll Officer,p{n}@example.org,team,ash,officers,chief\n" for n in range(20))


@pytest.fixture
def folder(tmp_path: Path):
    return read_folder(a_folder(tmp_path, people=STAFF))


def programme_with(folder, *snapshots, on: date = TODAY) -> Programme:
    made, _ = join(folder.definition, rulepacks=folder.rulepacks, facts=Facts(snapshots=tuple(snapshots)), on=on)
    return made.scheduled()


def lines_of(folder, *snapshots, on: date = TODAY) -> PeopleLines:
    return people_lines(programme_with(folder, *snapshots, on=on), today=on)


def test_a_group_is_shown_in_bands_and_a_hidden_one_by_name_alone(folder):
    """Of twenty 4 are held back at awareness, 11 by desire, 17 by knowledge: the steps 0-5, 6-11, 12-20."""
    people = lines_of(folder, a_snapshot(a_standing("officers", 20, held=(4, 11, 17)), a_standing("few", None)))
    [(_, [officers, few])] = people.tables
    assert [c.people for c in officers.cells] == ["0 to 5", "6 to 11", "12 to 20", "12 to 20"]
    assert [c.shade for c in officers.cells] == [1, 2, 4, 4]
    assert officers.stands == "knowledge or earlier"
    assert (few.cells, few.answered, few.stands, few.counted, few.actions) == (None, None, "", "", ())


def test_an_impact_of_a_service_that_the_programme_lacks_shows_its_id(folder):
    programme = programme_with(folder)
    change = ChangeImpact(impacts=(Impact(group="officers", service="catering"), Impact(group="officers")))
    definition = programme.definition.model_copy(update={"change": change})
    impacts = people_lines(replace(programme, definition=definition), today=TODAY).impacts
    assert [i.service for i in impacts] == ["catering", "all"]


def test_nothing_is_said_before_anybody_was_asked(folder):
    assert lines_of(folder).round == ""


def test_reinforcement_has_a_column_only_after_a_go_live(folder):
    before = lines_of(folder, a_snapshot(a_standing("officers", 20, held=(1, 2, 3, 4, 4))))
    after = lines_of(folder, a_snapshot(a_standing("officers", 20, held=(1, 2, 3, 4, 12))))
    assert (len(before.elements), len(after.elements)) == (4, 5)


def test_what_is_too_old_is_striped_and_said(folder):
    """Seventeen weeks after Monday 4 January end on Monday 3 May."""
    snapshot = a_snapshot(a_standing("officers", 20, held=(4, 11, 17)))
    assert not lines_of(folder, snapshot, on=date(2027, 5, 3)).any_stale
    stale = lines_of(folder, snapshot, on=date(2027, 5, 4))
    assert stale.any_stale
    [(_, [line])] = stale.tables
    assert line.counted == "4 Jan 2027, too long ago"


def test_a_design_that_was_decided_anew_makes_answers_old(tmp_path: Path):
    service = (a_folder(tmp_path / "a") / "services" / "payroll.yaml").read_text()
    changed = service + "design_changes:\n  - {on: 2027-02-01, what: One team instead of three, groups: [officers]}\n"
    made = read_folder(a_folder(tmp_path / "b", people=STAFF, service=changed))
    snapshot = a_snapshot(
        a_standing("officers", 20, held=(4, 11, 17)),
        a_standing("others", 20, held=(4, 11, 17)),
        a_standing("later", 20, held=(4, 11, 17), on="2027-02-02"),
    )
    [(_, lines)] = lines_of(made, snapshot).tables
    assert [(line.group, line.stale) for line in lines] == [("officers", True), ("others", False), ("later", False)]


def test_who_went_back_is_told(folder):
    first = a_snapshot(a_standing("officers", 20, held=(0, 4, 5)))
    later = a_snapshot(a_standing("officers", 20, held=(0, 12, 13), on="2027-02-08"), on="2027-02-08")
    people = lines_of(folder, first, later)
    assert people.back == ("Officers: more people have a barrier at desire or earlier than last time.",)


def test_how_fast_a_group_got_on(folder):
    """From Monday 4 January to Monday 8 February are five weeks."""
    first = a_snapshot(a_standing("officers", 20, held=(0, 14, 15)))
    later = a_snapshot(a_standing("officers", 20, held=(0, 2, 15), on="2027-02-08"), on="2027-02-08")
    assert lines_of(folder, first, later).speed == (
        "Officers: at least half the group had not got past desire. 5 weeks later, more than half had got past it.",
    )


@pytest.mark.slow
def test_the_page_has_picture_and_table_side_by_side(folder):
    first = a_snapshot(a_standing("only", 20, held=(9, 14), view="wave"))
    later = a_snapshot(a_standing("only", 20, held=(0, 2), view="wave", on="2027-02-08"), on="2027-02-08")
    made = programme_with(folder, first, later)
    page = html.fromstring(html_of(build_sro(judge(made), today=TODAY)))
    [svg] = page.xpath("//*[local-name()='svg'][@aria-labelledby='flow-title flow-desc']")
    assert svg.xpath("./*[local-name()='title']")[0].text == "Movement between barriers from round to round"
    captions = [c.text for c in page.xpath("//caption")]
    assert "The same figures as a table" in captions
