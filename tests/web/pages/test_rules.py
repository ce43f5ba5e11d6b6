"""Broken rules and waivers as each person sees them."""

from datetime import date

import pytest
from lxml import html

from changeflow.storage.database import read_scope
from changeflow.usecases import waivers
from changeflow.usecases.stored import load
from changeflow.values.finding import Waiver
from changeflow.values.words import Role
from tests.every_role import HOLDER, TODAY, World
from tests.web.visiting import Browser, heading, signed_in, text_of

URL = "/p/small/rules"
EVERYONE = [person for role, person in HOLDER.items() if role not in (Role.SYSTEM, Role.HEAD)]


def findings(world: World) -> list[tuple[str, str]]:
    with read_scope(world.db) as session:
        judged = load(session, "small", on=TODAY).judged
    return [(f.rule, f.title) for f in judged.findings]


@pytest.mark.parametrize("person", EVERYONE)
def test_everyone_but_heads_reads_it(world: World, person: str):
    page = signed_in(world.db, person).get(URL)
    assert (page.status_code, heading(page)) == (200, "Rules and waivers")


def test_it_has_every_finding_of_the_plan(world: World):
    known = findings(world)
    assert known
    page = signed_in(world.db, "chief").get(URL)
    for _, title in known:
        assert title in text_of(page)
    assert f"{len(known)} findings: " in text_of(page)


def test_rule_codes_are_under_details_alone(world: World):
    page = html.fromstring(signed_in(world.db, "chief").get(URL).text)
    for details in page.xpath("//details[summary[starts-with(., 'Details')]]"):
        details.getparent().remove(details)
    [main] = page.xpath("//main")
    assert not [rule for rule, _ in findings(world) if rule in main.text_content()]


@pytest.mark.slow
def test_a_waiver_says_for_what_why_until_when_and_who_approved(own_world: World):
    text = "<b>x</b> {{ 7*7 }}"
    waiver = Waiver(rule="R02", reason=text, owner="chief", approved_by=("chief",), expires=date(2027, 12, 31))
    gone = Waiver(rule="R02", reason="Old", owner="chief", approved_by=("chief",), expires=date(2027, 3, 1))
    for one in (waiver, gone):
        waivers.add_waiver(one, own_world.change("chief"))
    page = signed_in(own_world.db, "chief").get(URL)
    said = text_of(page)
    assert "waived until 31 Dec 2027 It applies to the whole programme." in said
    assert f"Reason: {text}. Owner: Chief Executive. Approved by: Chief Executive." in said
    assert "ended on 1 Mar 2027, so the rule applies again" in said
    assert said.index("31 Dec 2027") < said.index("1 Mar 2027")
    assert "<b>x" not in page.text


def test_without_a_session_or_the_programme_there_is_no_page(world: World):
    assert Browser(world.db).get(URL).status_code == 303
    assert signed_in(world.db, "chief").get("/p/another/rules").status_code == 404
