"""The delivery confidence in the browser: suggested by the evidence, and rated by the SRO."""

from datetime import date

import pytest

from changeflow.programme.facts import Confidence
from changeflow.usecases import governance
from changeflow.usecases.stored import loaded
from tests.every_role import TODAY, World
from tests.web.pages.test_people_forms import hidden, saved
from tests.web.visiting import signed_in, text_of

URL = "/p/small/confidence"
ODD = "<b>x</b> {{ 7*7 }}"


def rating(world: World, on: date = TODAY) -> Confidence | None:
    return loaded("small", db=world.db, on=on).facts.confidence


@pytest.mark.slow
def test_the_sros_rating_is_in_the_brief_and_the_record(own_world: World):
    browser = signed_in(own_world.db, "chief")
    assert "The SRO has not given a rating yet." in text_of(browser.get(URL))
    answer = saved(browser, URL, tier="amber", reason=ODD)
    assert answer.status_code == 303
    assert rating(own_world) == Confidence(tier="amber", reason=ODD, by="chief", on=TODAY)
    page = browser.get(answer.headers["location"])
    assert f"Reason given: “{ODD}”." in text_of(page)
    assert "<b>x" not in page.text
    assert "Rating given" in text_of(browser.get("/p/small"))
    assert "Set the delivery confidence" in text_of(browser.get("/p/small/record"))
    assert ("chief", "confidence", f"confidence:{TODAY.isoformat()}") in own_world.audited()


@pytest.mark.slow
def test_a_double_click_rates_once_and_a_rating_in_the_meantime_is_shown(own_world: World):
    browser, fields = signed_in(own_world.db, "chief"), {"tier": "red", "reason": "Late"}
    checked = browser.send(URL, browser.get(URL), step="check", **fields)
    answers = [browser.send(URL, checked, step="save", **fields, **hidden(checked)) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert [what for _, what, _ in own_world.audited()].count("confidence") == 1
    checked = browser.send(URL, browser.get(URL), step="check", tier="green", reason="Mine")
    governance.set_confidence("amber", "Meanwhile", None, own_world.change("chief"))
    stale = browser.send(URL, checked, step="save", tier="green", reason="Mine", **hidden(checked))
    assert stale.status_code == 409
    assert "Meanwhile" in text_of(stale)
    assert "Mine" in stale.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": "Late"}, "Choose a rating."),
        ({"tier": "blue", "reason": "Late"}, "Choose a rating."),
        ({"tier": "red"}, "Enter the reason for your rating."),
        ({"tier": "red", "reason": "x" * 1001}, "Shorten it to 1000"),
        ({"tier": "red", "reason": "x\x07y"}, "cannot be shown"),
    ],
)
def test_what_is_wrong_is_said(world: World, fields: dict[str, str], words: str):
    browser = signed_in(world.db, "chief")
    answer = browser.send(URL, browser.get(URL), step="check", **fields)
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_others_read_it_without_a_form(world: World):
    page = signed_in(world.db, "member").get(URL)
    assert "Suggested by the evidence" in text_of(page)
    assert "Save the rating" not in page.text
    assert "Check what this changes" not in page.text
