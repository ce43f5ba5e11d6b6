"""Groups that are not shown: the reason for each and what can be done, on the page, in JSON and in the CSV."""

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from lxml import html

from changeflow.adkar.published import Band, Hidden, Standing
from changeflow.intake.folder import Folder, read_folder
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.reports.documents import html_of, json_of
from changeflow.reports.exports import write_standings
from changeflow.reports.people import PeopleLines, people_lines, why_hidden
from changeflow.reports.sro import build_sro
from changeflow.rules.engine import judge
from tests.builders import PEOPLE, a_folder, a_snapshot, a_standing

TODAY = date(2027, 3, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return read_folder(a_folder(tmp_path, people=PEOPLE))


def programme_with(folder: Folder, *snapshots) -> Programme:
    made, _ = join(folder.definition, rulepacks=folder.rulepacks, facts=Facts(snapshots=tuple(snapshots)), on=TODAY)
    return made.scheduled()


def lines_of(folder: Folder, *snapshots) -> PeopleLines:
    return people_lines(programme_with(folder, *snapshots), today=TODAY)


def hidden(group: str, why: Hidden | None, view: str = "group") -> Standing:
    return replace(a_standing(group, None, view=view), hidden=why)


@pytest.mark.parametrize(
    ("why", "reason", "remedy"),
    [
        (Hidden.FEW, "Fewer than 10 people answered.", "Encourage more of the group to answer next time."),
        (Hidden.SMALL, "Too few people answered", "Encourage more of the group to answer next time."),
        (Hidden.BEFORE, "These groups were hidden last time.", "at least 10 people have joined or left it"),
        (Hidden.LIMIT, "already counted in 3 other groups", "See the groups that are shown"),
        (Hidden.TOGETHER, "Together with the groups that are shown", "See the figures for the larger groups"),
        (None, "The reason was not recorded", "The next assessment will give the reason."),
    ],
)
def test_each_reason_has_its_words_and_a_remedy(why: Hidden | None, reason: str, remedy: str):
    found = why_hidden(hidden("officers", why), a_snapshot())
    assert found is not None
    assert reason in found.reason
    assert remedy in found.remedy


def test_no_two_reasons_read_alike():
    found = [why_hidden(hidden("officers", why), a_snapshot()) for why in Hidden]
    assert len({one.reason for one in found if one is not None}) == len(Hidden)


def test_a_group_that_is_shown_has_no_reason():
    assert why_hidden(a_standing("officers", 20, held=(4, 11, 17)), a_snapshot()) is None


def test_groups_with_one_reason_are_listed_together(folder: Folder):
    few = [hidden("board", Hidden.FEW), hidden("heads", Hidden.FEW), hidden("north", Hidden.FEW, "hub")]
    people = lines_of(folder, a_snapshot(hidden("payroll", Hidden.LIMIT, "service"), *few))
    assert [line.divisions for line in people.hidden] == [
        (("By service", ("Payroll",)),),
        (("By role", ("board", "heads")), ("By hub", ("North hub",))),
    ]


def test_the_programme_and_services_come_first(folder: Folder):
    views = {"group": "officers", "hub": "others", "wave": "only", "service": "payroll", "programme": "all"}
    shown = [a_standing(group, 20, held=(4, 11, 17), view=view) for view, group in views.items()]
    people = lines_of(folder, a_snapshot(*shown))
    assert [(caption, lines[0].group) for caption, lines in people.tables] == [
        ("Whole programme", "everyone"),
        ("By service", "Payroll"),
        ("By wave", "only"),
        ("By role", "officers"),
        ("By hub", "other hubs, counted together"),
    ]


def test_a_service_that_the_programme_has_no_more_keeps_its_id_as_a_name(folder: Folder):
    gone = a_standing("catering", 20, held=(4,), view="service")
    [(_, [line])] = lines_of(folder, a_snapshot(gone)).tables
    assert line.group == "catering"


class TestCellsThatSayNothing:
    WIDE = (Band(0, 20), Band(6, 20), Band(6, 20), Band(6, 20), Band(6, 20))

    def test_they_have_a_dash_that_is_explained(self, folder: Folder):
        people = lines_of(folder, a_snapshot(replace(a_standing("officers", 20, held=(4,)), held=self.WIDE)))
        [(_, [line])] = people.tables
        assert [(c.people, c.shade) for c in line.cells or ()] == [("–", 0), *[("6 to 20", 3)] * 3]
        assert people.dash_note.startswith("A dash means that nothing is known")

    def test_no_claim_is_made_of_them(self, folder: Folder):
        """The middle of 0 to 20 is half of the group, which is no reason to say that half has a barrier."""
        people = lines_of(folder, a_snapshot(replace(a_standing("officers", 20, held=(4,)), held=self.WIDE)))
        [(_, [line])] = people.tables
        assert (line.stands, line.actions) == ("not known: the ranges are too wide", ())

    def test_no_note_without_a_dash(self, folder: Folder):
        assert lines_of(folder, a_snapshot(a_standing("officers", 20, held=(4, 11, 17)))).dash_note == ""


class TestThresholds:
    """The policy of the folder is a threshold of 3."""

    def test_one_that_is_the_policy_has_no_note(self, folder: Folder):
        assert lines_of(folder, a_snapshot(a_standing("officers", 20, held=(4,)))).threshold_note == ""

    def test_one_that_differs_from_the_policy_is_named(self, folder: Folder):
        older = replace(a_snapshot(a_standing("officers", 20, held=(4,))), threshold=2)
        people = lines_of(folder, older)
        assert people.threshold == 2
        assert people.threshold_note.startswith(
            "Your policy now counts scores of 3 or less as a barrier. These figures still count 2 or less"
        )

    def test_rounds_with_different_thresholds_are_not_compared(self, folder: Folder):
        first = replace(a_snapshot(a_standing("all", 20, held=(0,), view="programme")), threshold=2)
        on = "2027-02-08"
        later = a_snapshot(a_standing("all", 20, held=(12,), view="programme", on=on), on=on)
        people = lines_of(folder, first, later)
        assert (people.flow, people.back, people.speed) == (None, (), ())

    def test_figures_that_are_left_from_another_threshold_say_so(self, folder: Folder):
        first = replace(a_snapshot(a_standing("officers", 20, held=(4,))), threshold=2)
        [(_, [line])] = lines_of(folder, first, replace(a_snapshot(*first.standings, on="2027-02-08"))).tables
        assert line.counted == "4 Jan 2027, counted at 2 or less"


@pytest.mark.slow
def test_page_json_and_csv_give_the_same_reasons(folder: Folder, tmp_path: Path):
    snapshot = a_snapshot(
        a_standing("all", 20, held=(4, 11, 17), view="programme"),
        hidden("payroll", Hidden.LIMIT, "service"),
        *(hidden(f"role-{n}", Hidden.FEW) for n in range(12)),
    )
    report = build_sro(judge(programme_with(folder, snapshot)), today=TODAY)
    text = " ".join(html.fromstring(html_of(report)).text_content().split())
    data = json.loads(json_of(report))["people"]
    out = tmp_path / "groups.csv"
    write_standings(report.people, out)
    rows = {row["group"]: row for row in csv.DictReader(out.read_text(encoding="utf-8").splitlines())}
    of_json = [line for _, lines in data["tables"] for line in lines]
    assert len(of_json) == 14
    for line in of_json:
        row = rows[line["group"]]
        assert (row["why it is not shown"], row["what you can do"]) == (line["why_hidden"], line["remedy"])
        assert (line["why_hidden"] == "") == (line["group"] == "everyone")
        for part in (line["why_hidden"], line["remedy"], line["group"]):
            assert part.lower() in text.lower()
    assert rows["Payroll"]["awareness"] == "not shown"
    assert rows["everyone"]["awareness"] == "0 to 5"
    assert "Assessment of 4 Jan 2027" in text
    assert "2027-01-04" not in text
