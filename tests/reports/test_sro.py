"""The SRO's report: the same numbers as page and JSON, safe to show, and readable without colour."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import html

from changeflow.intake.folder import Folder, read_folder
from changeflow.intake.progress_sheets import read_progress_sheet
from changeflow.pilots.runs import RunSummary
from changeflow.places import template_environment
from changeflow.programme.dates import Dates, dates_of
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.reports.documents import html_of, json_of, pdf_of
from changeflow.reports.sro import SroReport, build_sro
from changeflow.rules.engine import judge
from changeflow.usecases.publishing import publish_rounds
from changeflow.values.cells import safe_cell
from changeflow.values.problem import Problem
from tests.builders import PROGRAMME, a_folder
from tests.conftest import SAMPLE
from tests.paper import read_paper, words

TODAY = date(2027, 5, 4)


@pytest.fixture(scope="module")
def report(sample: Folder) -> SroReport:
    baseline = dates_of(judge(sample.programme).programme)
    baseline["payroll/system-built"] = Dates(baseline["payroll/system-built"].start, 0)
    run = RunSummary(
        service="payroll", period="2027-04", compared=400, equal=395, within_tolerance=0, explained=5, unexplained=0,
        missing=0, extra=0, duplicates=0, largest_unexplained=Decimal(0), on=TODAY,
    )  # fmt: skip
    problems: list[Problem] = []
    progress = SAMPLE / "progress.csv"
    assert read_progress_sheet(progress, progress.name, problems, programme=sample.programme).rows
    assert problems == []
    facts = Facts(snapshots=publish_rounds(sample.programme, sample.assessments), runs=(run,))
    programme, _ = join(sample.definition, rulepacks=sample.rulepacks, facts=facts, on=date(2026, 9, 1))
    return build_sro(judge(programme), today=TODAY, baseline=baseline, baseline_note="Baseline 1.", version=3)


@pytest.mark.slow
def test_the_page_and_the_json_say_the_same(report: SroReport):
    page = html.fromstring(html_of(report))
    data = json.loads(json_of(report))
    text = " ".join(page.text_content().split())
    assert data["headline"] in text
    for line in data["milestones"]:
        assert line["name"] in text
        assert line["forecast"] in text
    assert [m["forecast"] for m in data["milestones"]] == ["1 Jun 2027", "1 Mar 2028", "1 Mar 2028"]
    for _, lines in data["people"]["tables"]:
        for line in lines:
            assert line["group"].lower() in text.lower()
            for cell in line["cells"] or ():
                assert cell["people"] in text


@pytest.mark.thorough
@pytest.mark.slow
def test_the_print_and_the_json_say_the_same(report: SroReport):
    """No number is on paper that the JSON does not have, but those of the fixed text: the DCMA's 14 points, ADKAR's
    degrees from 0 to 5, 30 and 60 days, 80 of a hundred, and the numbers of steps, tasks and pages."""
    paper, data = read_paper(pdf_of(report)), json_of(report)
    text = " ".join(re.sub(r"Page \d+ of \d+", "", page) for page in paper.pages)
    for line in (
        report.brief.headline,
        report.brief.work,
        *(m.sentence for m in report.milestones if m.state not in ("on time", "done")),
        *(m.spare for m in report.milestones),
        *report.cut_offs,
        *report.holes,
    ):
        assert words(line) in text
    numbers = {n for n in re.findall(r"\d+(?:[.,]\d+)*", text) if len(n) > 1}
    assert len(numbers) > 50
    assert numbers - set(re.findall(r"\d+(?:[.,]\d+)*", data)) <= {"14", "30", "60", "80"}
    assert paper.title == "Central services for fourteen schools: report to the senior responsible owner, 4 May 2027"
    assert "Gantt chart of the critical path." in " ".join(paper.alternatives)
    assert paper.kinds.count("H1") > 8


@pytest.mark.slow
def test_small_groups_are_nowhere_in_it(report: SroReport):
    shown = {line.group: line.answered for _, lines in report.people.tables for line in lines}
    assert shown["payroll team"] is None
    assert shown["finance team"] is None
    assert shown["payroll officers"] is not None
    assert all(answered is None or answered >= 10 for answered in shown.values())


@pytest.mark.slow
def test_no_persons_name_score_or_address_is_in_it(report: SroReport, sample: Folder):
    text = html_of(report) + json_of(report)
    for contact in sample.contacts:
        assert contact.email
        assert contact.email not in text
    assert "-payroll-officer" not in text


@pytest.mark.slow
def test_a_decision_shows_its_evidence_and_its_last_day(report: SroReport):
    decision = next(d for d in report.decisions if d.task == "payroll/lead-provider-named")
    assert decision.waited == "Requested on 1 Sep 2026, 245 days ago. Planned for 3 Sep 2026."
    # Three days are planned, 1 to 3 September. Payroll's chain has no slack at all: a day later misses the pay period
    # of March; its pilot goes live on 1 July instead of 1 June; its review, 20 days on and in term, falls behind the
    # summer holiday, and a pay period is lost a second time.
    assert decision.needed_by == decision.last_day.day == "Thu 3 Sep 2026"
    assert decision.last_day.cost.startswith(
        "If the decision is made on or after Fri 4 Sep 2026, “Payroll, wave 2: go live” will slip by 64 days, "
        "from 1 Nov 2027 to 4 Jan 2028, and "
    )
    moved = {m.name: m.days for m in decision.last_day.later[0].moved}
    assert moved["Payroll is live in the pilot schools"] == 30
    gate = next(d for d in report.decisions if d.task == "payroll/roadmap-agreed")
    assert (gate.gate, gate.proposal, gate.says) == (
        "needed before design", "approve_with_conditions", "The evidence supports going ahead, with conditions.",
    )  # fmt: skip
    [still_open] = [c.text for c in gate.criteria if c.state == "open"]
    assert still_open == "“Payroll: form the project team” is not complete yet."


@pytest.mark.slow
def test_the_page_can_be_read_without_eyes_or_colour(report: SroReport):
    page = html.fromstring(html_of(report))
    assert page.get("lang") == "en-GB"
    assert page.xpath("//title/text()")[0].startswith("Central services")
    assert len(page.xpath("//h1")) == 1
    assert page.xpath("//main[@id='main']")
    assert page.xpath("//a[@class='skip']/@href") == ["#main"]
    for table in page.xpath("//table"):
        assert table.xpath("./caption"), "every table has a caption"
        assert not table.xpath(".//th[not(@scope)]"), "every header says what it heads"
    for svg in page.xpath("//*[local-name()='svg']"):
        assert svg.xpath("./*[local-name()='title']")
        assert svg.xpath("./*[local-name()='style']")
    for badge in page.xpath("//span[contains(@class,'badge')]"):
        assert badge.text_content().strip(), "a state is a word, not a colour"
    targets = {a.lstrip("#") for a in page.xpath("//a/@href")}
    assert targets <= set(page.xpath("//@id"))
    assert not page.xpath("//script|//link|//img"), "nothing is fetched"


@pytest.mark.slow
def test_text_from_a_programme_is_never_markup(report: SroReport):
    from dataclasses import replace

    assert "<script>" not in html_of(replace(report, headline="<script>alert(1)</script>"))


def test_state_badges_have_a_word_and_a_shape():
    module = template_environment().get_template("macros/report.html.j2").module
    assert "misses deadline" in str(module.state_badge("too late"))  # type: ignore[attr-defined]
    assert "■" in str(module.state_badge("too late"))  # type: ignore[attr-defined]
    assert "for information" in str(module.severity_badge("info"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_cell_that_a_spreadsheet_might_run_is_plain_text(text: str):
    assert safe_cell(text).startswith("'")


@pytest.mark.slow
def test_a_half_written_report_is_never_seen(report: SroReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from changeflow.reports import documents

    out = tmp_path / "report.html"
    out.write_text("the old one")

    def fail(_: SroReport) -> str:
        raise RuntimeError("power cut")

    monkeypatch.setattr(documents, "html_of", fail)
    with pytest.raises(RuntimeError):
        documents.write_report(report, out)
    assert out.read_text() == "the old one"


def test_a_driver_with_float_is_told_with_both(tmp_path: Path):
    """Build ends on Friday 12 February, half-term is 15 to 19, Train (school days) runs 22 to 26 and is due then.
    Build drives Train, and yet has five working days of float."""
    programme = PROGRAMME.replace("start: 2027-01-04", "start: 2027-02-08").replace(
        "tasks:\n",
        "tasks:\n  build: {duration: 5d, owner: chief}\n  train: {duration: 5d, calendar: term, after: build}\n",
    )
    programme = programme.replace(
        "milestones:\n", "milestones:\n  trained: {name: All are trained, after: train, deadline: 2027-02-26}\n"
    )
    folder = a_folder(tmp_path / "trust", programme=programme)
    (folder / "calendars").mkdir()
    (folder / "calendars" / "terms.yaml").write_text(
        "calendar: terms\nterms:\n"
        "  - {name: Spring, first_day: 2027-01-04, last_day: 2027-03-25, half_term: [2027-02-15, 2027-02-19]}\n"
        "  - {name: Summer, first_day: 2027-04-12, last_day: 2027-07-22}\n"
    )
    report = build_sro(judge(read_folder(folder).programme), today=date(2027, 2, 8))
    [path] = [p for p in report.paths if p.milestone == "All are trained"]
    assert path.steps[0].startswith("“Build” runs from 8 to 12 Feb 2027, starting with the programme, because ")
    assert ", after “Build” ends (12 Feb); there is no work from 15 to 19 Feb 2027 (half-term)." in path.steps[1]
    assert "The work before it can slip by up to 5 working days without delaying it." in html_of(report)
