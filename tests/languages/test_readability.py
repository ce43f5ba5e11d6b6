"""What heads and the senior responsible owner read is plain English: a Flesch reading ease of at least 50.

The scores are from textstat, by syllables and sentence lengths. Only whole sentences count: no tables, headings, names
of tasks on their own, or buttons.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import textstat
from lxml import html

from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.costs import LaterCost
from changeflow.delivery.writing import Letter, LetterItem, Templates, write
from changeflow.intake.folder import Folder
from changeflow.programme.dates import dates_of
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.reports.documents import html_of
from changeflow.reports.sro import SroReport, build_sro
from changeflow.reports.trustees import trustees_of
from changeflow.rules.engine import judge
from changeflow.usecases.publishing import publish_rounds
from changeflow.values.words import Kind

LEAST = 50
TODAY = date(2027, 5, 4)
KINDS = {
    Reason.TASK: Kind.ENGAGEMENT,
    Reason.DECISION: Kind.DECISION,
    Reason.GATE: Kind.DECISION,
    Reason.EVIDENCE: Kind.DECISION,
    Reason.TRAINING: Kind.TRAINING,
    Reason.CHECKPOINT: Kind.CHECKPOINT,
    Reason.FEEDBACK: Kind.GO_LIVE,
}
"""The kind of task that a reason is about; the others are about none."""


def sentences(paragraphs: Iterable[str]) -> list[str]:
    """Return the whole sentences of some paragraphs."""
    found = []
    for paragraph in paragraphs:
        text = " ".join(paragraph.split())
        found += [s for s in re.split(r"(?<=[.?!]) (?=[A-Z“])", text) if s.endswith((".", "?", "!")) and " " in s]
    return found


def ease(text: Iterable[str]) -> float:
    textstat.set_lang("en_GB")
    return float(textstat.flesch_reading_ease(" ".join(dict.fromkeys(sentences(text)))))


def paragraphs(page: str) -> list[str]:
    """Return a page's paragraphs and list items, without tables, pictures and what is in them."""
    root = html.fromstring(page)
    for skipped in root.xpath("//table | //svg | //style | //h1 | //h2 | //h3 | //h4 | //nav"):
        skipped.drop_tree()
    return [
        e.text_content() for e in root.xpath("//*[self::p or self::li or self::dd or self::dt or self::figcaption]")
    ]


@pytest.fixture(scope="module")
def programme(sample: Folder) -> Programme:
    facts = Facts(snapshots=publish_rounds(sample.programme, sample.assessments))
    return judge(join(sample.definition, rulepacks=sample.rulepacks, facts=facts, on=TODAY)[0]).programme


@pytest.fixture(scope="module")
def report(sample: Folder) -> SroReport:
    facts = Facts(snapshots=publish_rounds(sample.programme, sample.assessments))
    judged = judge(join(sample.definition, rulepacks=sample.rulepacks, facts=facts, on=TODAY)[0])
    return build_sro(judged, today=TODAY, baseline=dates_of(judge(sample.programme).programme), version=3)


@pytest.mark.slow
def test_long_words_and_sentences_score_low():
    """Each score by hand: 206.835 - 1.015 words a sentence - 84.6 syllables a word."""
    assert ease(["The cat sat on the mat."]) == pytest.approx(206.835 - 1.015 * 6 - 84.6 * 1, abs=0.1)
    assert ease(["Organisational transformation necessitates institutional collaboration."]) < 0


@pytest.mark.slow
@pytest.mark.parametrize("page", ["report to the SRO", "brief for trustees"])
def test_a_report_reads_easily(report: SroReport, page: str):
    text = paragraphs(html_of(report if page == "report to the SRO" else trustees_of(report)))
    assert len(sentences(text)) > (50 if page == "report to the SRO" else 3)
    assert ease(text) >= LEAST


@pytest.mark.slow
@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("for_manager", [False, True])
@pytest.mark.parametrize("reason", list(Reason))
def test_each_kind_of_message_reads_easily(programme: Programme, reason: Reason, for_manager: bool, is_late: bool):
    tasks = list(programme.tasks(kind=KINDS[reason])) if reason in KINDS else []
    if reason is Reason.COMMENT:
        tasks = list(programme.tasks(kind=Kind.TRAINING))
    due = date(2027, 4, 26) if is_late else date(2027, 5, 10)
    more: dict[str, Any] = {}
    if reason in (Reason.DECISION, Reason.GATE):
        cost = LaterCost(
            from_day=date(2027, 6, 1), name="Payroll is live in the pilot schools", days=30, before=date(2027, 6, 1),
            after=date(2027, 7, 1), more=6,
        )  # fmt: skip
        more = {"last_day": due, "cost": cost, "says": "not yet"}
    item = LetterItem(
        reason=reason, title=REASONS[reason].title or tasks[0].name, due_on=due, link="https://example.org/a/x",
        programme=programme.name, the_owner="the Payroll Manager", for_manager=for_manager,
        note=tasks[0].note if tasks else "", **more,
    )  # fmt: skip
    letter = Letter(
        name="Payroll Manager", is_named=False, address="payroll@example.org", language="en", items=(item,),
        office="Programme office", office_email="office@example.org", today=TODAY, message_id="<x@example.org>",
        at=datetime(2027, 5, 4, 9, tzinfo=UTC), unsubscribe="https://example.org/u/y",
    )  # fmt: skip
    text = [line for line in write(letter, Templates()).text.splitlines() if "://" not in line]
    assert len(sentences(text)) >= 3
    assert ease(text) >= LEAST
