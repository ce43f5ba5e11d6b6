"""Forms that are sent after the session has ended: nothing that was typed is lost, and no one else sees it."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from lxml import html

from changeflow.errors import CannotWriteError
from changeflow.places import templates_dir
from changeflow.reports import entry_forms
from changeflow.reports.entry_forms import EntryField
from changeflow.storage import kept_forms
from changeflow.storage.kept_forms import KEPT_FOR, KeptForms
from changeflow.usecases import accounts
from changeflow.usecases.accounts import SESSION_LIFE, new_token
from changeflow.usecases.retention import retain
from changeflow.usecases.subject_access import erase
from changeflow.usecases.unit_of_work import Change
from changeflow.web.kept import LABELS
from changeflow.web.security import BROWSER, SESSION
from tests.every_role import NOW, PLAN, World
from tests.quick import quick_first
from tests.web.test_matrix import FORMS, WRITES, filled
from tests.web.visiting import ISSUER, Browser, form_token, signed_in, text_of

HOME, KEPT, TASK = "/p/small", "/p/small/kept", "/p/small/plan/payroll/ash/plan"
AGAIN = "/sign-in?next=%2Fp%2Fsmall%2Fkept&why=kept"
WORDS = "<b>Late</b> because of the supplier {{ 7*7 }}"


def sign_in_again(browser: Browser, person: str, *, now: datetime = NOW) -> None:
    fresh = accounts.sign_in_by_provider(
        ISSUER, person, f"{person}@example.org", kind="Firefox", next_page="/", db=browser.app.state.site.db, now=now
    )
    browser.cookies[SESSION] = fresh.token


def end(browser: Browser) -> None:
    accounts.sign_out(browser.cookies[SESSION], db=browser.app.state.site.db, now=NOW)


def lose(browser: Browser, path: str, **fields: str) -> httpx.Response:
    """Open a page, end the session elsewhere, and send a form of the page."""
    page = browser.get("/p/small/settings/sessions")
    end(browser)
    return browser.send(path, page, **fields)


@pytest.mark.usual(3)
@pytest.mark.parametrize("path", quick_first(10, [path for _, path, _ in WRITES]))
def test_every_form_is_kept_when_the_session_has_ended(world: World, path: str):
    browser, fields = signed_in(world.db, "chief"), {**FORMS.get(path, {}), "text": WORDS}
    answer = lose(browser, filled(path), **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, AGAIN)
    assert "We keep it for an hour" in browser.get(AGAIN).text
    sign_in_again(browser, "chief")
    page = browser.get(KEPT)
    assert WORDS in text_of(page)
    assert "<b>Late" not in page.text
    assert f'action="{filled(path)}"' in page.text
    for name, value in fields.items():
        assert f'name="{name}" value="{value.replace("<", "&lt;").replace(">", "&gt;")}"' in page.text


@pytest.mark.slow
def test_what_was_entered_is_checked_as_if_it_had_just_been_sent(own_world: World):
    browser = signed_in(own_world.db, "manager")
    fields = {"status": "started", "day": "2027-03-24", "left": "99", "step": "save", "effect": "0" * 16}
    lose(browser, TASK, **fields)
    sign_in_again(browser, "manager")
    page = browser.get(KEPT)
    kept = page.text.partition('name="kept" value="')[2].partition('"')[0]
    given = {name: value for name, value in fields.items() if name not in ("step", "effect")}
    answer = browser.send(TASK, page, kept=kept, **given)
    assert answer.status_code == 200
    assert "What this would change" in text_of(answer)
    assert 'value="99"' in answer.text
    assert "Nothing is waiting here" in text_of(browser.get(KEPT)), "it is sent, and now on the page itself"
    # What the page shows can be saved at once: the field that named it is not part of the form.
    checked = answer.text.partition('name="checked" value="')[2].partition('"')[0]
    effect = answer.text.partition('name="effect" value="')[2].partition('"')[0]
    saved = browser.send(TASK, answer, **given, cause="The supplier", step="save", checked=checked, effect=effect)
    assert saved.status_code == 303


def test_a_form_with_files_keeps_its_fields(world: World):
    browser, path = signed_in(world.db, "chief"), "/p/small/evidence/payroll/ash/plan"
    page = browser.get(path)
    end(browser)
    given = {"form": form_token(page), "title": WORDS, "kind": "file"}
    file = {"file": ("minutes.pdf", b"%PDF-1.7 x", "application/pdf")}
    answer = browser.ask("POST", path, data=given, files=file, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.headers["location"]) == (303, AGAIN)
    sign_in_again(browser, "chief")
    shown = text_of(browser.get(KEPT))
    assert WORDS in shown
    assert "Choose the file again" in shown


@pytest.mark.slow
def test_no_one_else_sees_it(world: World):
    browser = signed_in(world.db, "chief")
    lose(browser, "/p/small/comments/payroll/ash/plan", text=WORDS)
    sign_in_again(browser, "viewer")
    assert "Nothing is waiting here" in text_of(browser.get(KEPT)), "someone else in the same browser"
    sign_in_again(browser, "chief")
    own = browser.cookies.pop(BROWSER)
    assert "Nothing is waiting here" in text_of(browser.get(KEPT)), "the same person in another browser"
    browser.cookies[BROWSER] = own
    assert WORDS in text_of(browser.get(KEPT))


@pytest.mark.slow
def test_it_is_kept_for_an_hour_also_after_a_night(world: World):
    browser, task = signed_in(world.db, "chief"), "/p/small/comments/payroll/ash/plan"
    page, at = browser.get("/p/small/settings/sessions"), [NOW + SESSION_LIFE + timedelta(hours=3)]
    browser.app.state.site = replace(browser.app.state.site, clock=lambda: at[0])
    assert browser.send(task, page, text=WORDS).headers["location"] == AGAIN
    sign_in_again(browser, "chief", now=at[0])
    at[0] += KEPT_FOR - timedelta(seconds=1)
    assert WORDS in text_of(browser.get(KEPT))
    at[0] += timedelta(seconds=1)
    assert "Nothing is waiting here" in text_of(browser.get(KEPT))


def test_a_forged_session_or_form_keeps_nothing(world: World):
    stranger = Browser(world.db)
    stranger.cookies[SESSION] = new_token()
    assert stranger.send("/p/small/me", None, text=WORDS).status_code == 403
    browser = signed_in(world.db, "chief")
    page = browser.get(HOME)
    end(browser)
    other = browser.ask("POST", "/p/small/me", data={"form": form_token(page), "text": WORDS},
                        headers={"Sec-Fetch-Site": "cross-site"})  # fmt: skip
    assert other.status_code == 403
    sign_in_again(browser, "chief")
    assert "Nothing is waiting here" in text_of(browser.get(KEPT))


def test_the_conditions_of_a_decision_are_listed(world: World):
    browser = signed_in(world.db, "owner")
    fields = {
        "outcome": "approve_with_conditions",
        "reason": "Ready",
        "rows": "3",
        "condition-1-text": WORDS,
        "condition-1-owner": "manager",
        "condition-1-due": "31/3/2027",
        "condition-2-text": "",
        "condition-3-text": "A second rota",
    }
    lose(browser, f"/p/small/decisions/{PLAN}", **fields)
    sign_in_again(browser, "owner")
    page = browser.get(KEPT)
    listed = {dt.text_content(): dt.getnext().text_content() for dt in html.fromstring(page.text).xpath("//main//dt")}
    assert listed == {
        "Reason": "Ready",
        "Condition 1": f"{WORDS}; Payroll Manager; 31/3/2027",
        "Condition 3": "A second rota",
    }


@pytest.mark.slow
def test_the_fields_of_a_table_are_listed(world: World):
    browser = signed_in(world.db, "member")
    lose(browser, "/p/small/people/training/payroll/ash/train", on="20/3/2027", **{"evidence:head": "A completed case"})
    sign_in_again(browser, "member")
    assert "Day20/3/2027EvidenceA completed case" in text_of(browser.get(KEPT)).replace(" Evidence", "Evidence")


def test_every_long_text_of_a_form_is_shown_with_a_label():
    written = "".join(
        path.read_text() for path in (templates_dir() / "web").rglob("*.j2") if "sign_in" not in path.parts
    )
    names = set(re.findall(r'<textarea[^>]* name="([a-z]+)"', written))
    kinds = [found for found in vars(entry_forms).values() if isinstance(found, tuple | EntryField)]
    fields = [field for kind in kinds for field in (kind if isinstance(kind, tuple) else (kind,))]
    names |= {field.name for field in fields if isinstance(field, EntryField) and field.kind == "area"}
    assert {"text", "cause", "evidence", "did"} <= names
    assert names <= LABELS.keys()


def files_of(db: str) -> list[Path]:
    folder = KeptForms(db).folder
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.slow
def test_a_restart_of_the_server_forgets_nothing(own_world: World):
    browser = signed_in(own_world.db, "chief")
    lose(browser, "/p/small/comments/payroll/ash/plan", text=WORDS)
    again = Browser(own_world.db)
    again.cookies = browser.cookies
    sign_in_again(again, "chief")
    assert WORDS in text_of(again.get(KEPT))


@pytest.mark.slow
def test_an_erasure_and_the_nightly_retention_remove_the_files(own_world: World):
    for person in ("chief", "viewer"):
        lose(signed_in(own_world.db, person), "/p/small/comments/payroll/ash/plan", text=WORDS)
    assert len(files_of(own_world.db)) == 2
    privacy = Change(db=own_world.db, programme="small", actor="officer", now=NOW, on=NOW.date())
    assert erase("viewer", privacy).removed["forms that were not saved"] == 1
    assert len(files_of(own_world.db)) == 1
    retain(db=own_world.db, now=NOW + KEPT_FOR)
    assert files_of(own_world.db) == []


@pytest.mark.slow
def test_a_form_that_cannot_be_written_down_is_not_promised(own_world: World, monkeypatch: pytest.MonkeyPatch):
    browser = signed_in(own_world.db, "chief")

    def full(*_: object, **__: object) -> None:
        raise CannotWriteError("a form", "the disk is full")

    monkeypatch.setattr(kept_forms, "write_whole", full)
    answer = lose(browser, "/p/small/comments/payroll/ash/plan", text=WORDS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
