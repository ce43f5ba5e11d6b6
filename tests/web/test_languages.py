"""The pages behind links are in the reader's language, which is their own or else the programme's."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from lxml import html

from changeflow.languages.language import language_of
from changeflow.storage import answers, versions
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import session_scope
from changeflow.usecases.messages import digest_of
from tests.builders import PEOPLE, PROGRAMME, a_folder
from tests.stored import store_once
from tests.web.asking import ANSWER, CHOOSE, NOW, OWNED, Ask, asking

NOTE = language_of("cy").note
ROUND, SPONSOR, TALK = "r" * 43, "s" * 43, "t" * 43
SUBJECTS = {ANSWER: "payroll/requirements", ROUND: "round/1", SPONSOR: "sponsor", TALK: "conversation/chief"}
WELSH = PEOPLE.replace("manager\n", "manager,language\n", 1).replace(",chief\n", ",chief,cy\n")


def stored_with(db: str, trust: Path, **files: str) -> Ask:
    """Store the small programme with a link of each kind for the lead."""
    store_once(a_folder(trust, service=OWNED, **files), db=db, actor="chief", now=NOW - timedelta(days=4))
    common = {"programme": "small", "person": "lead", "due_on": date(2027, 1, 8), "expires_at": NOW + timedelta(days=9)}
    links = {digest_of(t): AnswerLink(action="answer", subject=s, **common) for t, s in SUBJECTS.items()}
    links[digest_of(CHOOSE)] = AnswerLink(action="unsubscribe", subject="unsubscribe", **common)
    with session_scope(db) as session:
        answers.add_links(session, links, at=NOW)
    return asking(db)


@pytest.fixture
def welsh(db: str, tmp_path: Path) -> Ask:
    return stored_with(db, tmp_path / "trust", people=WELSH)


def shown(ask: Ask, method: str, path: str, **more: object) -> html.HtmlElement:
    return html.fromstring(ask(method, path, **more).text)


@pytest.mark.slow
def test_a_reader_of_welsh_gets_every_page_in_welsh_and_marked_as_unchecked(welsh: Ask):
    pages = [
        shown(welsh, "GET", f"/a/{ANSWER}"),
        shown(welsh, "GET", f"/a/{ROUND}"),
        shown(welsh, "GET", f"/a/{SPONSOR}"),
        shown(welsh, "GET", f"/a/{TALK}"),
        shown(welsh, "GET", f"/u/{CHOOSE}"),
        shown(welsh, "POST", f"/u/{CHOOSE}", data={"optional": "off"}),
        shown(welsh, "POST", f"/u/{CHOOSE}/calendar"),
        shown(welsh, "POST", f"/u/{CHOOSE}/calendar"),
        shown(welsh, "POST", f"/a/{ANSWER}", data={"answer": "nothing"}),
        shown(welsh, "POST", f"/a/{ANSWER}", data={"answer": "done"}),
        shown(welsh, "POST", f"/a/{ANSWER}", data={"answer": "done"}),
    ]
    assert [page.get("lang") for page in pages] == ["cy"] * len(pages)
    assert all(NOTE in page.text_content() for page in pages)
    titles = [page.findtext(".//title") for page in pages]
    assert titles == [
        "Payroll: requirements", "Ambell gwestiwn byr am y newid", "Dangoswch eich cefnogaeth i’r newid hwn",
        "Sgwrs am lwyth gwaith", "Dewis pa negeseuon a gewch", "Diolch", "Gweld eich dyddiadau yn eich calendr",
        "Gweld eich dyddiadau yn eich calendr", "Gwall: Payroll: requirements", "Diolch",
        "Nid oes angen y ddolen hon mwyach",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_task_is_asked_about_with_its_day_in_welsh(welsh: Ask):
    text = shown(welsh, "GET", f"/a/{ANSWER}").text_content()
    assert "Mae hyn i’w gwblhau erbyn Dydd Gwener 8 Ionawr. Anfonwyd at: " in " ".join(text.split())
    assert "Nodi ei fod wedi’i wneud" in text


def test_the_statements_of_an_assessment_are_in_welsh(welsh: Ask):
    page = shown(welsh, "GET", f"/a/{ROUND}")
    assert page.xpath("//legend/text()")[0] == "Rwy’n gwybod pam mae angen y newid hwn."
    assert "1: dim o gwbl" in page.text_content()


@pytest.mark.slow
def test_a_wrong_answer_is_explained_in_welsh(welsh: Ask):
    page = shown(welsh, "POST", f"/a/{ANSWER}", data={"answer": "not_yet", "until": "2027-01-05"})
    [error] = page.xpath("//*[@role='alert']")
    assert "Nid yw 5 Ionawr 2027 yn y dyfodol." in error.text_content()


@pytest.mark.slow
def test_the_programmes_language_is_for_people_who_have_none(db: str, tmp_path: Path):
    people = WELSH.replace(",chief,cy\n", ",chief,\n")
    ask = stored_with(db, tmp_path / "trust", programme=PROGRAMME + "language: cy\n", people=people)
    assert shown(ask, "GET", f"/a/{ANSWER}").get("lang") == "cy"
    assert shown(ask, "GET", f"/u/{CHOOSE}").get("lang") == "cy"


@pytest.mark.slow
def test_a_persons_own_language_is_before_the_programmes(db: str, tmp_path: Path):
    english = WELSH.replace(",cy\n", ",en\n")
    ask = stored_with(db, tmp_path / "trust", programme=PROGRAMME + "language: cy\n", people=english)
    page = shown(ask, "GET", f"/a/{ANSWER}")
    assert page.get("lang") == "en"
    assert NOTE not in page.text_content()


def test_a_link_that_is_unknown_is_answered_in_english(welsh: Ask):
    assert shown(welsh, "GET", "/a/" + "x" * 43).get("lang") == "en"


def test_a_person_who_left_the_definition_has_the_programmes_language(welsh: Ask, db: str):
    with session_scope(db) as session:
        assert versions.language_of_messages(session, "small", "chief") == "en"
        assert versions.language_of_messages(session, "small", "no-one") == "en"
        assert versions.language_of_messages(session, "elsewhere", "lead") == "en"
