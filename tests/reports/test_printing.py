"""Reports on paper: what the JSON has, tagged, the same bytes everywhere, and no text that breaks them."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from changeflow.intake.folder import read_folder
from changeflow.reports.brief import BriefDecision
from changeflow.reports.documents import pdf_of
from changeflow.reports.levelling import LevelledMilestone, LevelledMoveLine, LevelReport, TeamLine, WeekLine
from changeflow.reports.pictures import PICTURES
from changeflow.reports.printing import MISSING, UNKNOWN, print_report, without_shape
from changeflow.reports.sro import SroReport, build_sro
from changeflow.rules.engine import judge
from tests.builders import PROGRAMME, a_folder
from tests.paper import read_paper, words

HOSTILE = (
    '#panic("x") $x^2$ *a* _b_ @c <d> `e` // f /* g */ \\u{h} "i" \'j\' = k + l ~ m --- n',
    "Ysgol Gynradd Llŷn a’r Môr, Dŵr Mawr, Tŷ Ŵyn",
    "בית ספר and مدرسة",
    "Ash 😀 👩‍👧 🏴󠁧󠁢󠁷󠁬󠁳󠁿 学校",
    "bell\x07 null\x00 \u202e turned \ufeff \ud800 \ue000 \U0010ffff",
    "a" * 400,
    "Ysgol " + "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysilio",
    "e\u0301\u0323\u0302 w\u0302 \u0301alone",
    "</text><script>&amp;]]>",
)
OF_A_SET = {
    "state", "severity", "proposed", "set_to", "verdict", "outcome", "kind", "iso", "anchor", "way", "path", "shape",
    "legend", "curves",
}  # fmt: skip
"""Fields whose words are not free: pages look up what they mean."""


def a_level_report() -> LevelReport:
    weeks = (
        WeekLine(monday="4 Jan 2027", iso="2027-01-04", before=130, after=95),
        WeekLine(monday="11 Jan 2027", iso="2027-01-11", before=17, after=52),
    )
    move = LevelledMoveLine(
        task="payroll/train", name="Train the payroll officers", planned="5 Jan 2027", starts="12 Jan 2027",
        iso="2027-01-12", days=5, waits="", team="Trainers", behind=("estates/train",), busy_with="Estates: train",
        costs=(("All are live", 3), ("Pilot is live", 1)), short_days=2.5,
    )  # fmt: skip
    milestone = LevelledMilestone(
        name="All are live", before="26 Feb 2027", after="3 Mar 2027", days=3, deadline="1 Mar 2027", is_late=True
    )
    return LevelReport(
        programme="Central services", ends_before="26 Feb 2027", ends="3 Mar 2027", days=3, no_sooner="1 Mar 2027",
        is_best=False, is_repeatable=True, moves=(move,), stays=(), milestones=(milestone,), broken=(),
        teams=(TeamLine(team="Trainers", peak_before=130, peak_after=95, short_days=2.5, weeks=weeks),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SroReport:
    programme = PROGRAMME.replace("tasks:\n", "tasks:\n  build: {duration: 5d, owner: chief}\n")
    programme = programme.replace(
        "milestones:\n", "milestones:\n  built: {name: It is built, after: build, deadline: 2027-01-05}\n"
    )
    folder = a_folder(tmp_path_factory.mktemp("small") / "trust", programme=programme)
    # The proof is for the JSON alone.
    return replace(build_sro(judge(read_folder(folder).programme), today=date(2027, 1, 8)), proof=None)


def changed(value: Any, change: Callable[[str], str], field: str = "") -> Any:
    """Return a report with each of its free texts changed."""
    if isinstance(value, str):
        return value if field in OF_A_SET else change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: changed(getattr(value, f.name), change, f.name) for f in fields(value)})
    if isinstance(value, tuple):
        return tuple(changed(part, change, field) for part in value)
    if isinstance(value, dict):
        return {changed(key, change, field): changed(part, change, field) for key, part in value.items()}
    return value


@pytest.mark.slow
def test_what_the_json_has_is_on_paper():
    """Every text and number of the report above that people read, in the words that the table gives it."""
    paper = read_paper(pdf_of(a_level_report()))
    for text in (
        "ends on 3 Mar 2027, 3 days later than if staff were unlimited (26 Feb 2027)",
        "No plan can end before 1 Mar 2027",
        "All are live 26 Feb 2027 3 Mar 2027 3 1 Mar 2027 late", "Train the payroll officers",
        "5 Jan 2027 12 Jan 2027 5", "busy with Estates: train", "All are live (3 days)", "Pilot is live (1 day)",
        "Trainers 130% 95% 2.5", "4 Jan 2027 130% 95%", "11 Jan 2027 17% 52%",
    ):  # fmt: skip
        assert text in paper.text


@pytest.mark.slow
def test_a_negative_number_has_its_sign():
    early = replace(a_level_report().milestones[0], days=-4)
    assert "−4 1 Mar 2027" in read_paper(pdf_of(replace(a_level_report(), milestones=(early,)))).text


@pytest.mark.slow
def test_tags_title_language_and_pages_are_read_back():
    paper = read_paper(pdf_of(a_level_report()))
    assert paper.is_tagged
    assert paper.language == "en-GB"
    assert paper.title == "Central services: dates that staff can meet"
    assert "Page 1 of 1" in paper.pages[0]
    assert paper.pages[0].startswith("Central services Dates that staff can meet"), "the running head"
    assert paper.kinds.count("H1") == 3
    assert {"Table", "THead", "TH", "TD", "Caption"} <= set(paper.kinds)


@pytest.mark.slow
def test_each_picture_has_an_alternative_text():
    assert read_paper(pdf_of(a_level_report())).alternatives == [
        "Trainers: workload by week, as a percentage of capacity. The table below has the same figures."
    ]


def test_an_empty_report_is_printed():
    nothing = replace(a_level_report(), moves=(), milestones=(), teams=())
    assert "No task has to wait for staff." in read_paper(print_report("levelling", vars_of(nothing), ())).text


def vars_of(report: LevelReport) -> dict[str, Any]:
    return {field.name: getattr(report, field.name) for field in fields(report)}


@pytest.mark.usual(3)
@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_it(text: str):
    paper = read_paper(pdf_of(changed(a_level_report(), lambda words: f"{words} {text}")))
    assert paper.is_tagged
    assert "Train the payroll officers" in paper.text


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("text", [" ".join(HOSTILE), "", "School " * 9], ids=["hostile", "empty", "sixty letters"])
def test_no_text_breaks_a_whole_report(small: SroReport, text: str):
    paper = read_paper(pdf_of(changed(small, lambda words: text if text == "" else f"{words} {text}")))
    assert paper.is_tagged


@pytest.mark.slow
def test_a_name_that_shows_nothing_is_a_dash(small: SroReport):
    """PDF/UA refuses a heading without words, and a name of joiners alone has none."""
    decision = BriefDecision(name="\u200d", needed_by="1 Mar 2027", owner="chief", cost="", says="")
    brief = replace(small.brief, decisions=(decision,))
    assert "– Needed by 1 Mar 2027. Owner: chief." in read_paper(pdf_of(replace(small, brief=brief))).text


@pytest.mark.slow
def test_markup_is_printed_as_it_was_written():
    text = HOSTILE[0]
    paper = read_paper(pdf_of(replace(a_level_report(), broken=(text,))))
    assert words(text) in paper.text


@pytest.mark.slow
def test_welsh_letters_are_printed_however_they_were_written():
    """A circumflex may be a character of its own: both are the same letter."""
    paper = read_paper(pdf_of(replace(a_level_report(), broken=("Dŵr Mawr", "Tw\u0302r Bach"))))
    assert "Dŵr Mawr" in paper.text
    assert "Tŵr Bach" in paper.text
    assert MISSING not in paper.text


@pytest.mark.slow
def test_a_character_without_a_shape_is_marked_and_the_file_says_so():
    paper = read_paper(pdf_of(replace(a_level_report(), broken=("Ash 😀",))))
    assert "Ash □" in paper.text
    assert "□ marks a character that this file’s fonts lack." in paper.text


def test_names_that_differ_by_such_a_character_stay_apart():
    paper = read_paper(print_report("risk", a_risk_report({"Ash 😀": "2027-01-04", "Ash 🚀": "2027-01-05"}), ()))
    assert paper.text.count("4 Jan 2027") == 20
    assert paper.text.count("5 Jan 2027") == 20


def a_risk_report(curves: dict[str, str]) -> dict[str, Any]:
    """One day for each curve, at each of its twenty points."""
    return {
        "programme": "Trust", "iterations": 1000, "seed": 1, "ranges": 1, "assumption": "", "milestones": [],
        "drivers": [], "events": [], "lessons": [], "missing": [], "replaced": [],
        "curves": {name: [(day, 5 * n) for n in range(1, 21)] for name, day in curves.items()},
    }  # fmt: skip


def test_typst_has_a_shape_for_each_character_that_is_known():
    known = frozenset(c for c in map(chr, range(32, 0x2720)) if not UNKNOWN.match(c) and c != "\u00ad")
    assert {"ŵ", "£", "✓", "□"} <= known
    assert without_shape(known | frozenset("ש")) == frozenset()


@pytest.mark.slow
def test_a_long_row_breaks_and_a_short_one_does_not():
    """A row of 4 000 words is longer than a page; its end is on a later one."""
    move = replace(a_level_report().moves[0], busy_with="very " * 4000 + "end of it")
    paper = read_paper(pdf_of(replace(a_level_report(), moves=(move,))))
    assert len(paper.pages) > 1
    assert "end of it" in paper.text


@pytest.mark.thorough
@pytest.mark.slow
def test_the_same_report_gives_the_same_bytes_in_any_time_zone(tmp_path: Path):
    """In processes of their own, half a day apart by their clocks."""
    code = (
        "import pathlib, sys; from changeflow.reports.documents import pdf_of; "
        "from tests.reports.test_printing import a_level_report; "
        "pathlib.Path(sys.argv[1]).write_bytes(pdf_of(a_level_report()))"
    )
    made = []
    for zone in ("UTC", "Pacific/Auckland"):
        out = tmp_path / f"{len(made)}.pdf"
        subprocess.run([sys.executable, "-c", code, str(out)], env=os.environ | {"TZ": zone}, check=True)
        made.append(out.read_bytes())
    assert made[0] == made[1] == pdf_of(a_level_report())


@pytest.mark.slow
def test_a_checker_of_pdf_ua_finds_nothing(small: SroReport):
    """An implementation of the 104 rules of ISO 14289-1 that a machine can check, and not by Typst's authors."""
    page = pytest.importorskip("page")
    for report in (a_level_report(), small):
        found = page.validate_pdf_bytes(pdf_of(report), profile=page.ValidationProfile.PDF_UA_1)
        assert found.is_compliant, list(found.failures)[:5]


def test_every_report_has_something_that_draws_its_pictures():
    assert set(PICTURES) == {"sro", "trustees", "go-no-go", "waves", "levelling", "risk"}
