"""A parallel run's page: totals, contracts for those who may see them, explaining, and rules."""

import re
from decimal import Decimal
from typing import Any

import pytest
from lxml import html

from changeflow.pilots.entries import Explanation
from changeflow.storage.database import read_scope
from changeflow.usecases import pilot_records
from changeflow.usecases.stored import load
from changeflow.values.words import Role
from tests.every_role import HOLDER, NEW, STRANGERS, TODAY, World, reconcile
from tests.web.visiting import Browser, heading, signed_in, text_of

URL = "/p/small/pilots/payroll/runs/2027-02"
ONE = {"row": "0", "reason": "Back pay", "evidence": "A letter", "until": "2027-03"}
RANGE = {"element": "gross", "low": "-20", "high": "£1,020.00", "reason": "Back pay", "until": "2027-02"}
STRANGE = "<b>x</b> {{ 7*7 }}"


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    return found[1] if found else ""


def check(browser: Browser, to: str = URL, page: Any = None, **fields: str) -> Any:
    page = page or browser.get(to)
    return browser.send(to, page, **{"seen": hidden(page, "seen"), **fields})


def save(browser: Browser, checked: Any, to: str = URL, **fields: str) -> Any:
    marks = {name: hidden(checked, name) for name in ("seen", "effect", "checked")}
    return browser.send(to, checked, step="save", **{**marks, **fields})


def explanations(world: World) -> list[Explanation]:
    with read_scope(world.db) as session:
        facts = load(session, "small", on=TODAY).programme.facts
    return [e for e in facts.pilot if isinstance(e, Explanation)]


@pytest.mark.slow
@pytest.mark.parametrize("person", ["manager", "provider", "member", "chief", "viewer", *STRANGERS])
def test_contracts_are_for_the_service_manager_and_the_lead_provider(own_world: World, person: str):
    page = signed_in(own_world.db, person).get(URL)
    said = text_of(page)
    assert heading(page) == "Payroll: February 2027 parallel run"
    assert "The run is not clean: 1 contract with an unexplained difference." in said
    assert "0 clean runs in a row; 2 needed before go-live." in said
    assert "A2" not in page.text
    looked = (person, "look", "run:payroll:2027-02:masked") in own_world.audited()
    if person in ("manager", "provider"):
        assert "…2Gross200.00212.00+12.00" in said.replace(" ", "")
        assert looked
    else:
        assert "212.00" not in page.text
        assert "Only the service manager and the lead provider see individual contracts." in said
        assert not looked
        assert 'name="reason"' not in page.text


@pytest.mark.slow
def test_contracts_in_full_are_another_look(own_world: World):
    page = signed_in(own_world.db, "manager").get(f"{URL}?contracts=full")
    assert "A2" in text_of(page)
    assert ("manager", "look", "run:payroll:2027-02") in own_world.audited()
    assert "A2" not in signed_in(own_world.db, "member").get(f"{URL}?contracts=full").text


def test_the_picture_has_the_numbers_of_its_table(world: World):
    page = html.fromstring(signed_in(world.db, "chief").get(URL).text)
    [row] = page.xpath("//table[contains(caption, 'in the chart')]/tbody/tr")
    shown = {cell.get("data-label"): cell.text_content() for cell in row.xpath("td")}
    assert (shown["Identical"], shown["Unexplained"], shown["Only in old system"]) == ("1", "1", "0")
    assert "1 unexplained" in page.xpath("string(//svg[@role='img'])")


@pytest.mark.slow
def test_one_contract_is_explained_and_counts_until_a_month(own_world: World):
    browser = signed_in(own_world.db, "manager")
    checked = check(browser, page=browser.get(f"{URL}?row=0"), **ONE)
    assert checked.status_code == 200
    assert "It explains 1 difference of this run, once the month is compared again." in text_of(checked)
    assert explanations(own_world) == []
    saved = save(browser, checked, **ONE)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{URL}?saved=1")
    [made] = explanations(own_world)
    assert (made.contract, made.between, made.periods) == ("A2", (Decimal("12.00"),) * 2, ("2027-02", "2027-03"))
    assert "Gross, contract …2: +12.00" in text_of(browser.get(saved.headers["location"]))
    assert "Gross, contract" not in text_of(signed_in(own_world.db, "member").get(URL))
    assert ("manager", "pilot:explanation", "payroll:1") in own_world.audited()
    assert any("pilot:explanation" in line and "session" in line for line in own_world.dump().splitlines())
    for period in ("2027-02", "2027-03"):
        reconcile(own_world, "member", NEW, period)
        clean = text_of(browser.get(URL.replace("2027-02", period)))
        assert "The run is clean: 2 contracts compared, and nothing is unexplained." in clean
    assert save(browser, checked, **ONE).status_code == 303, "a second click leads to the saved page"
    assert len(explanations(own_world)) == 1


@pytest.mark.slow
def test_a_range_is_explained(own_world: World):
    browser = signed_in(own_world.db, "provider")
    checked = check(browser, **RANGE)
    assert "It explains 1 difference of this run" in text_of(checked)
    assert save(browser, checked, **RANGE).status_code == 303
    [made] = explanations(own_world)
    assert (made.contract, made.between) == (None, (Decimal(-20), Decimal("1020.00")))


@pytest.mark.usual(8)
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": " "}, "Enter the reason."),
        ({"reason": "x" * 2001}, "Shorten it to 2000."),
        ({"reason": "a\x00b"}, "We have removed them."),
        ({"element": ""}, "Choose what differs."),
        ({"low": "many"}, "Enter the lowest difference as an amount, such as -12.50."),
        ({"low": "NaN"}, "Enter the lowest difference as an amount, such as -12.50."),
        ({"high": "9" * 20}, "Enter the highest difference as an amount"),
        ({"low": "5", "high": "-5"}, "The lowest difference is higher than the highest."),
        ({"until": "2027-01"}, "the last month must be between 2027-02 and 2028-02."),
        ({"until": "x"}, "Choose the last month to which it applies."),
        ({"row": "0", "evidence": ""}, "Enter the evidence, such as a letter or a calculation."),
        ({"row": "x"}, "Choose the difference in the list again."),
    ],
)
def test_mistakes_keep_what_was_typed(world: World, fields: dict[str, str], words: str):
    given = {**RANGE, "reason": STRANGE, **fields}
    page = check(signed_in(world.db, "manager"), **given)
    text = text_of(page)
    assert page.status_code == 422
    assert words in text
    assert "reason" in fields or STRANGE in text
    assert "<b>x" not in page.text
    assert "--" not in text
    assert explanations(world) == []


@pytest.mark.slow
def test_someone_elses_explanation_is_shown_and_ones_own_is_kept(own_world: World):
    first, second = signed_in(own_world.db, "manager"), signed_in(own_world.db, "provider")
    old = second.get(URL)
    save(first, check(first, **ONE), **ONE)
    page = check(second, page=old, **{**RANGE, "reason": "Pay award"})
    assert page.status_code == 409
    said = text_of(page)
    assert "Someone else has recorded something here" in said
    assert "Back pay" in said
    assert "Pay award</textarea>" in page.text


@pytest.mark.slow
@pytest.mark.parametrize("person", ["member", "chief", "viewer", "head", *STRANGERS])
def test_who_may_not_explain_is_refused(own_world: World, person: str):
    browser = signed_in(own_world.db, person)
    refused = browser.send(URL, browser.get("/p/small/settings/sessions"), **RANGE)
    assert (refused.status_code, heading(refused)) == (403, "You do not have access to this")
    assert explanations(own_world) == []


@pytest.mark.slow
def test_a_row_that_is_not_there_keeps_the_form_and_an_unknown_run_is_not_found(world: World):
    browser = signed_in(world.db, "manager")
    page = check(browser, **{**ONE, "row": "7"})
    assert page.status_code == 422
    assert "Back pay" in page.text
    for path in ("2026-01", "x", "2027-02/more"):
        assert browser.get(f"/p/small/pilots/payroll/runs/{path}").status_code == 404
    assert browser.get("/p/small/pilots/nothing/runs/2027-02").status_code == 404


@pytest.mark.thorough
@pytest.mark.slow
def test_a_rule_is_accepted_for_the_next_month(own_world: World):
    more = "".join(f"B{n},100.00,80.00\n" for n in range(3))
    files = (
        own_world.file("old.csv", f"contract,gross,net\n{more}"),
        own_world.file("new.csv", f"contract,gross,net\n{more.replace('100.00', '105.00')}"),
    )
    from changeflow.usecases import parallel_runs

    parallel_runs.reconcile_stored(*files, service="payroll", period="2027-02", change=own_world.change("member"))
    for contract in ("B0", "B1", "B2"):
        pilot_records.explain("payroll", "2027-02", "gross", own_world.change("manager"), contract=contract,
                              between=None, reason="Pay award", evidence="The circular")  # fmt: skip
    browser = signed_in(own_world.db, "manager")
    page = browser.get(URL)
    assert "It explained 3 contracts in February 2027: Pay award" in text_of(page)
    rule, seen = hidden(page, "rule"), re.findall(r'name="seen" value="([^"]*)"', page.text)[-1]
    checked = browser.send(f"{URL}/rules", page, rule=rule, seen=seen)
    assert "What this would change" in text_of(checked)
    marks = {"effect": hidden(checked, "effect"), "checked": hidden(checked, "checked")}
    for _ in range(2):
        saved = browser.send(f"{URL}/rules", checked, step="save", rule=rule, seen=seen, **marks)
        assert (saved.status_code, saved.headers["location"]) == (303, f"{URL}?saved=rule")
    learnt = [e for e in explanations(own_world) if e.learnt]
    assert [(e.period, e.contract, e.by) for e in learnt] == [("2027-03", None, "manager")]
    assert "Rules for the next month" not in text_of(browser.get(URL))
    assert browser.send(f"{URL}/rules", page, rule="none").status_code == 422


def test_a_head_sees_no_run(world: World):
    assert signed_in(world.db, HOLDER[Role.HEAD]).get(URL).status_code == 403
