"""Issued reports: the list, each report, and its files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from changeflow.reports.documents import html_of, json_of, pdf_of
from changeflow.reports.sro import SroReport
from changeflow.reports.trustees import trustees_of
from changeflow.storage.database import engine_for
from changeflow.usecases.issued_reports import issue_sro, issued_on
from tests.every_role import NOW, TODAY, World
from tests.web.visiting import heading, signed_in, text_of


@pytest.fixture(scope="module")
def issued(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world with one issued report."""
    made = world.copy(tmp_path_factory.mktemp("issued") / "world")
    issue_sro(None, db=made.db, today=TODAY, actor="chief", now=NOW)
    yield made
    engine_for(made.db).dispose()


def test_without_a_report_the_list_says_so(world: World):
    assert "No report has been issued yet." in text_of(signed_in(world.db, "viewer").get("/p/small/reports"))


@pytest.mark.slow
def test_the_list_has_each_report_with_its_headline(issued: World):
    page = signed_in(issued.db, "viewer").get("/p/small/reports")
    report = _report(issued)
    assert heading(page) == "Issued reports"
    assert report.headline in text_of(page)
    assert "Chief Executive" in text_of(page)
    assert "First report" in text_of(page)
    assert 'href="/p/small/reports/1"' in page.text


@pytest.mark.slow
def test_a_report_is_shown_as_it_was_issued(issued: World):
    page = signed_in(issued.db, "viewer").get("/p/small/reports/1")
    report = _report(issued)
    assert heading(page) == "Report 1"
    assert report.issued is not None
    assert report.issued.signature in page.text
    assert report.headline in text_of(page)


@pytest.mark.slow
def test_the_files_have_the_bytes_of_the_command(issued: World):
    browser, report = signed_in(issued.db, "viewer"), _report(issued)
    own = "/p/small/reports/1"
    assert browser.get(f"{own}.html").text == html_of(report)
    assert browser.get(f"{own}.json").text == json_of(report)
    assert browser.get(f"{own}.pdf").content == pdf_of(report)
    assert browser.get(f"{own}/trustees.html").text == html_of(trustees_of(report))
    assert browser.get(f"{own}/trustees.pdf").content == pdf_of(trustees_of(report))


@pytest.mark.parametrize("path", ["2", "2.pdf", "0", "x", "1.exe", "1/trustees.exe", "999999999999", "1.PDF", "-1"])
def test_what_was_not_issued_is_not_found(issued: World, path: str):
    answer = signed_in(issued.db, "viewer").get(f"/p/small/reports/{path}")
    assert (answer.status_code, heading(answer)) == (404, "Page not found")


@pytest.mark.slow
def test_a_report_changed_in_the_database_is_not_shown(issued: World, tmp_path: Path):
    made = issued.copy(tmp_path / "changed")
    with closing(sqlite3.connect(made.db.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE frozen_report SET text = text || 'x'")
        connection.commit()
    browser = signed_in(made.db, "viewer")
    answer = browser.get("/p/small/reports/1")
    assert answer.status_code == 400
    assert "its signature does not match" in answer.text
    assert "its signature does not match" in text_of(browser.get("/p/small/reports"))
    engine_for(made.db).dispose()


def _report(world: World) -> SroReport:
    shown = issued_on(None, db=world.db, on=TODAY)
    assert shown is not None
    assert shown.report is not None
    return shown.report
