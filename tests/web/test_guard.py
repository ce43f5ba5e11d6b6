"""Checks on every request, headers on every response, and the methods that a page accepts."""

import re

import pytest
from sqlmodel import select

from changeflow.errors import DatabaseBusyError
from changeflow.storage.database import read_scope
from changeflow.storage.tables.answers import AnswerRow, LinkRow, ReachRow
from changeflow.web.app import make_app
from tests.web.asking import ANSWER, CHOOSE, NOW, ROUTES, asking, assert_is_guarded, failing, raw, title


def test_these_tests_cover_every_route(sqlite: str):
    app = make_app(sqlite)
    known = {(m, r.path) for r in app.routes for m in r.methods - {"HEAD"}}  # type: ignore[attr-defined]
    named = {(m, re.sub(r"/[au]{43}", "/{token}", path)) for m, path in ROUTES}
    signed_in = {
        (m, path)
        for m, path in known
        if path == "/" or path.startswith(("/sign-", "/setup", "/static/", "/p/", "/api/"))
    }
    assert known - signed_in == named, (
        "tests/web/pages has the pages for people who sign in, and those of the first start"
    )


def test_the_first_page_leads_to_the_sign_in_page(linked: str):
    ask = asking(linked)
    assert ask("GET", "/").headers["location"] == "/sign-in"
    answer = ask("GET", "/sign-in")
    assert (answer.status_code, title(answer)) == (200, "Sign in")
    assert "you do not need to sign in" in answer.text


class TestHeaders:
    @pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/nowhere"), ("DELETE", "/health")])
    def test_are_on_every_answer(self, linked: str, method: str, path: str):
        assert_is_guarded(asking(linked)(method, path, data={"answer": "x"} if method == "POST" else None))

    @pytest.mark.slow
    def test_forbid_framing_a_page(self, linked: str):
        shown = asking(linked)("GET", f"/a/{ANSWER}")
        assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
        assert shown.headers["x-frame-options"] == "DENY"

    @pytest.mark.slow
    def test_have_strict_transport_security_only_with_https(self, linked: str):
        for base, expected in (("https://change.example.org", "max-age=31536000"), ("http://127.0.0.1:8000", None)):
            for path in (f"/a/{ANSWER}", "/nowhere", "/a/%00"):
                answer = asking(linked, base_url=base)("GET", path)
                assert answer.headers.get("strict-transport-security") == expected

    def test_are_on_failures_too(self, linked: str, monkeypatch: pytest.MonkeyPatch):
        with failing(monkeypatch, RuntimeError("x")):
            assert_is_guarded(asking(linked)("GET", f"/a/{ANSWER}"))
        with failing(monkeypatch, DatabaseBusyError()):
            assert_is_guarded(asking(linked)("GET", f"/a/{ANSWER}"))


class TestControlCharacters:
    @pytest.mark.parametrize(
        "path",
        ["/a/%00", "/a/x%00y", "/u/%1b%5b2J", "/c/%0d%0ax.ics", "/a/%7f", "/a/%c2%85", "/a/%ff", "/a/%zz", "/a/%",
         "/a/x?y=%00", "/a/x?y=%ff", "/a/x?y=%g1", "/health?%00", "/%00", "/a/%ed%a0%80"],
    )  # fmt: skip
    def test_are_refused_in_addresses(self, linked: str, path: str):
        app = make_app(linked, clock=lambda: NOW)
        answer = raw(app, "GET", path)
        assert answer[0] == 400

    @pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "\x7f", "a\x85b", "a\x08"])
    def test_are_removed_from_an_answer_that_is_shown_again(self, linked: str, text: str):
        ask = asking(linked)
        shown = ask("POST", f"/a/{ANSWER}", data={"answer": "blocked", "text": text + " The supplier is late"})
        assert shown.status_code == 422
        assert "The supplier is late" in shown.text
        assert text not in shown.text
        with read_scope(linked) as session:
            assert session.exec(select(AnswerRow)).all() == []
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "blocked", "text": "The\r\nsupplier\tis late"}).is_success
        with read_scope(linked) as session:
            assert session.exec(select(AnswerRow)).one().text == "The\r\nsupplier\tis late"

    @pytest.mark.parametrize("field", ["answer", "until", "to", "awareness", "text\0", "other"])
    def test_are_refused_in_every_field(self, linked: str, field: str):
        form = {"answer": "acknowledged", field: "a\0b" if "\0" not in field else "x"}
        assert asking(linked)("POST", f"/a/{ANSWER}", data=form).status_code == 422

    @pytest.mark.parametrize("path", [f"/a/{ANSWER}", f"/u/{CHOOSE}", f"/u/{CHOOSE}/calendar"])
    @pytest.mark.parametrize("body", [b"answer=%zz", b"answer=%ff", b"text=%ed%a0%80", b"answer=\xff\xfe", b"x=%"])
    def test_forms_that_are_not_text_are_refused(self, linked: str, path: str, body: bytes):
        form = {"content-type": "application/x-www-form-urlencoded"}
        refused = asking(linked)("POST", path, content=body, headers=form)
        assert (refused.status_code, title(refused)) == (400, "We could not read this form")
        with read_scope(linked) as session:
            assert session.exec(select(ReachRow)).all() == []

    @pytest.mark.slow
    def test_a_form_of_another_type_is_refused_but_one_click_may_come_in_parts(self, linked: str):
        ask = asking(linked)
        assert ask("POST", f"/a/{ANSWER}", json={"answer": "done"}).status_code == 415
        assert ask("POST", f"/u/{CHOOSE}", files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
        with read_scope(linked) as session:
            assert session.exec(select(ReachRow)).one().optional_off


class TestMethods:
    @pytest.mark.slow
    @pytest.mark.parametrize("path", [f"/a/{ANSWER}", f"/u/{CHOOSE}", "/health", "/metrics"])
    def test_head_answers_as_get_does(self, linked: str, path: str):
        ask = asking(linked)
        head, get = ask("HEAD", path), ask("GET", path)
        assert head.status_code == get.status_code
        assert head.headers["content-type"] == get.headers["content-type"]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (f"/a/{ANSWER}", "GET, HEAD, OPTIONS, POST"),
            (f"/u/{CHOOSE}", "GET, HEAD, OPTIONS, POST"),
            (f"/u/{CHOOSE}/calendar", "OPTIONS, POST"),
            (f"/c/{CHOOSE}.ics", "GET, HEAD, OPTIONS"),
            ("/health", "GET, HEAD, OPTIONS"),
        ],
    )
    def test_a_page_says_which_methods_it_accepts(self, linked: str, path: str, allowed: str):
        ask = asking(linked)
        options = ask("OPTIONS", path)
        assert (options.status_code, options.headers["allow"]) == (204, allowed)
        for method in {"PUT", "DELETE", "PATCH", "TRACE", "BREW", "GET", "POST"} - set(allowed.split(", ")):
            refused = ask(method, path)
            assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
            assert "Traceback" not in refused.text

    @pytest.mark.slow
    def test_opening_a_page_changes_nothing(self, linked: str):
        ask = asking(linked)
        for headers in ({}, {"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}):
            for method in ("GET", "HEAD", "OPTIONS"):
                for path in (f"/a/{ANSWER}", f"/u/{CHOOSE}", f"/c/{CHOOSE}.ics"):
                    ask(method, path, headers=headers)
        with read_scope(linked) as session:
            rows = session.exec(select(LinkRow)).all()
            assert len(rows) == 2
            assert all(row.used_at is None and row.revoked_at is None for row in rows)
            assert session.exec(select(ReachRow)).all() == []
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"}).status_code == 200
