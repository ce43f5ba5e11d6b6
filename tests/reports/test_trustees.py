"""The trustees' brief: the report's own numbers, on one page, and nothing of where people are."""

from dataclasses import replace
from datetime import date

import pytest

from changeflow.intake.folder import Folder
from changeflow.programme.dates import dates_of
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.reports.documents import html_of
from changeflow.reports.sro import SroReport, build_sro
from changeflow.reports.trustees import BENEFITS, trustees_of
from changeflow.rules.engine import judge
from changeflow.usecases.publishing import publish_rounds


@pytest.fixture(scope="module")
def report(sample: Folder) -> SroReport:
    facts = Facts(snapshots=publish_rounds(sample.programme, sample.assessments))
    judged = judge(join(sample.definition, rulepacks=sample.rulepacks, facts=facts, on=date(2027, 5, 4))[0])
    return build_sro(judged, today=date(2027, 5, 4), baseline=dates_of(judge(sample.programme).programme), version=3)


@pytest.mark.thorough
@pytest.mark.slow
def test_it_says_what_the_brief_says_and_what_the_change_is_for(report: SroReport):
    found = trustees_of(report)
    assert (found.headline, found.cut_off, found.since) == (report.headline, report.brief.cut_off, report.brief.since)
    assert found.dates == report.brief.dates[: len(found.dates)]
    assert len(found.dates) + found.more_dates == len(report.brief.dates) + report.brief.left.dates
    assert [d.cost for d in found.costs] == [d.cost for d in report.brief.decisions[: len(found.costs)]]
    assert found.students == report.students
    gains = {(i.service, gain) for i in report.people.impacts for gain in i.gains}
    assert len(found.benefits) == BENEFITS
    assert {(b.service, b.gain) for b in found.benefits} <= gains
    assert len(found.benefits) + found.more_benefits == len(gains)


@pytest.mark.slow
def test_it_does_not_say_where_people_are(report: SroReport):
    page = html_of(trustees_of(report))
    assert report.people.round
    assert report.people.round not in page
    for line in (line for _, lines in report.people.tables for line in lines if line.cells):
        assert line.stands not in page


@pytest.mark.slow
def test_a_programme_without_a_statement_or_decisions_has_a_page_as_well(report: SroReport):
    confidence = replace(report.brief.confidence, odds="When odds were calculated.")
    assert "When odds were calculated." not in html_of(
        trustees_of(replace(report, brief=replace(report.brief, confidence=confidence)))
    )
    bare = replace(
        report,
        students="",
        people=replace(report.people, impacts=()),
        brief=replace(report.brief, decisions=(), slips=(), dates=(), cut_off=""),
    )
    page = html_of(trustees_of(bare))
    assert "Benefits" not in page
    assert "No decision is needed in the next 30 days" in page
