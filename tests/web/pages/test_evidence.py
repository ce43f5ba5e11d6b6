"""Evidence: links and files about a task, who may see them, what is refused, and what a withdrawal removes."""

import hashlib
import io
import re
import zipfile

import pytest
from sqlmodel import select

from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.tables.facts import EvidenceFileRow
from tests.every_role import World
from tests.web.asking import PLENTY
from tests.web.visiting import Browser, form_token, signed_in, text_of

TASK = "payroll/ash/plan"
HERE = f"/p/small/evidence/{TASK}"
PDF = b"%PDF-1.7\nAgreed by the finance committee"


def attach(browser: Browser, name: str, content: bytes, **fields: str):
    token = form_token(browser.get(HERE))
    return browser.ask("POST", HERE, data={"form": token, **fields}, files={"file": (name, content)},
                       headers={"Sec-Fetch-Site": "same-origin"})  # fmt: skip


def office(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


@pytest.mark.slow
def test_a_file_is_kept_and_downloaded_as_it_was(own_world: World):
    browser, other = signed_in(own_world.db, "member"), signed_in(own_world.db, "viewer")
    for _ in range(2):  # a double click
        assert attach(browser, "Sign-off <b>.pdf", PDF, title="Sign-off {{ 7*7 }}").status_code == 303
    page = other.get(f"/p/small/plan/{TASK}")
    assert page.text.count("Sign-off {{ 7*7 }}") == 1
    assert "Sign-off &lt;b&gt;.pdf" in page.text
    found = re.search(r"/p/small/evidence-files/\d+", page.text)
    assert found is not None
    answer = other.get(found[0])
    assert answer.status_code == 200, text_of(answer)
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "payroll/ash/plan" in own_world.dump()
    assert "evidence:payroll/ash/plan" in own_world.dump()


@pytest.mark.slow
def test_a_link_is_kept_and_only_web_addresses_are_taken(own_world: World):
    browser = signed_in(own_world.db, "member")
    assert attach(browser, "", b"", link="https://example.org/minutes?id=7", title="Minutes").status_code == 303
    assert 'href="https://example.org/minutes?id=7"' in browser.get(HERE).text
    for bad in (
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x",
        "https://u:p@x.org/",
        "https://",
    ):
        answer = attach(browser, "", b"", link=bad, title="Mine & <i>yours</i>")
        assert answer.status_code == 422, bad
        assert "Mine &amp; &lt;i&gt;yours&lt;/i&gt;" in answer.text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.exe", b"MZ", "not a kind of file"),
        ("a.svg", b"<svg onload='x'/>", "not a kind of file"),
        ("a.html", b"<p>x", "not a kind of file"),
        ("a.pdf", b"<script>", "not what its name says"),
        ("a.png", b"GIF89a", "not what its name says"),
        ("a.docx", b"PK\x03\x04", "not what its name says"),
        ("a.xlsx", office("[Content_Types].xml", "word/document.xml"), "not what its name says"),
        ("a.xlsx", office("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "macros"),
        ("a.txt", b"a\0b", "not what its name says"),
        ("a.pdf", b"", "is empty"),
        ("x" * 200 + ".pdf", PDF, "Shorten it"),
    ],
)
def test_a_file_of_another_kind_is_refused(world: World, name: str, content: bytes, words: str):
    answer = attach(signed_in(world.db, "member"), name, content, title="Kept text")
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Kept text" in answer.text


@pytest.mark.slow
def test_office_files_without_macros_are_taken(own_world: World):
    browser = signed_in(own_world.db, "member")
    for name, folder in (("a.docx", "word/document.xml"), ("a.xlsx", "xl/workbook.xml"), ("a.pptx", "ppt/slides.xml")):
        assert attach(browser, name, office("[Content_Types].xml", folder)).status_code == 303
    assert attach(browser, "a.ods", office("mimetype", "content.xml")).status_code == 303


@pytest.mark.slow
def test_a_file_that_is_too_large_is_refused_before_all_of_it_is_read(world: World):
    browser = signed_in(world.db, "member", limits=PLENTY)
    answer = attach(browser, "a.pdf", PDF + b"x" * 10_100_000)
    assert answer.status_code == 413
    assert "The file is too large" in text_of(answer)
    assert attach(browser, "a.pdf", PDF + b"x" * 10_000_000).status_code == 422


def test_people_without_the_role_and_strangers_send_nothing(world: World):
    assert attach(signed_in(world.db, "viewer"), "a.pdf", PDF).status_code == 403
    stranger = Browser(world.db)
    assert stranger.ask("POST", HERE, data={"form": "x"}, files={"file": ("a.pdf", PDF)}).status_code == 403


@pytest.mark.slow
def test_a_withdrawn_file_is_gone_from_the_database_and_from_exports(own_world: World, tmp_path):
    browser = signed_in(own_world.db, "member")
    secret = PDF + b" A name that should not be here"
    attach(browser, "a.pdf", secret)
    known = re.search(r'name="withdraw" value="([^"]+)"', browser.get(HERE).text)
    path = re.search(r"/p/small/evidence-files/\d+", browser.get(HERE).text)
    assert known is not None
    assert path is not None
    assert signed_in(own_world.db, "owner").send(HERE, browser.get(HERE), withdraw=known[1]).status_code == 403
    for _ in range(2):
        assert browser.send(HERE, browser.get(HERE), withdraw=known[1]).status_code == 303
    assert browser.get(path[0]).status_code == 404
    with read_scope(own_world.db) as session:
        assert session.exec(select(EvidenceFileRow)).all() == []
    files = own_world.home.glob("test.db*")
    assert all(b"A name that should not be here" not in file.read_bytes() for file in files if file.is_file())


@pytest.mark.slow
def test_a_file_that_was_changed_in_the_database_is_not_shown(own_world: World):
    browser = signed_in(own_world.db, "member")
    attach(browser, "a.pdf", PDF)
    path = re.search(r"/p/small/evidence-files/\d+", browser.get(HERE).text)
    assert path is not None
    with session_scope(own_world.db) as session:
        [row] = session.exec(select(EvidenceFileRow)).all()
        assert row.sha256 == hashlib.sha256(PDF).hexdigest()
        row.content = PDF + b" with other words"
        session.add(row)
    answer = browser.get(path[0])
    assert answer.status_code != 200
    assert b"with other words" not in answer.content
