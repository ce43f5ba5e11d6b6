"""This week: rows are checked together and saved together or not at all, and nothing that was typed is lost."""

import re

import httpx
import pytest
from lxml import html

from changeflow.agenda.worklist import WeekGroup, week_of
from changeflow.storage.database import read_scope
from changeflow.usecases.stored import load
from changeflow.web.clients import FormKind, Limits
from tests.every_role import TODAY, World
from tests.web.asking import PLENTY
from tests.web.visiting import Browser, signed_in, text_of

PAGE = "/p/small/week"
ASH, BEECH = "payroll/ash/plan", "payroll/beech/plan"


def opened(world: World, person: str = "member", **options: object) -> Browser:
    return signed_in(world.db, person, **options)  # type: ignore[arg-type]


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page.text)
    return found[1] if found else ""


def shown_rows(page: httpx.Response) -> dict[str, str]:
    """Return the value of each row's choice, by task."""
    found = html.fromstring(page.text).xpath("//select[starts-with(@name, 'what:')]")
    return {s.get("name")[5:]: "".join(s.xpath("./option[@selected]/@value")) for s in found}


def rows(page: httpx.Response, **entries: tuple[str, str]) -> dict[str, str]:
    """Return the fields of a form with these rows filled in, by task: what has happened, and the day."""
    fields = {}
    for task in shown_rows(page):
        what, day = entries.get(task, ("", ""))
        fields |= {f"what:{task}": what, f"day:{task}": day, f"seen:{task}": hidden(page, f"seen:{task}")}
    return fields


def save(browser: Browser, checked: httpx.Response, fields: dict[str, str], path: str = PAGE) -> httpx.Response:
    steps = {name: hidden(checked, name) for name in ("effect", "checked", "preview")}
    return browser.send(path, checked, **fields, **steps, step="save")


def progress_of(world: World):
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme.facts.progress


def week(world: World):
    with read_scope(world.db) as session:
        return week_of(load(session, "small", on=TODAY).programme, today=TODAY)


def test_the_page_has_the_tasks_of_the_week(world: World):
    page = opened(world).get(PAGE)
    expected = [found.item.task for found in week(world)]
    links = html.fromstring(page.text).xpath("//table//th/a")
    assert [link.text for link in links] == [task.name for task in expected]
    assert set(shown_rows(page)) == {task.id for task in expected if task.gate is None}
    assert {found.group for found in week(world)} >= {WeekGroup.LATE}
    assert "This week" in html.fromstring(page.text).xpath("//nav//a/text()")


@pytest.mark.slow
def test_several_rows_are_checked_and_saved_together(own_world: World):
    browser = opened(own_world)
    page = browser.get(PAGE)
    fields = rows(page, **{ASH: ("finished", "25/3/2027"), BEECH: ("started", "24/3/2027")})
    checked = browser.send(PAGE, page, **fields)
    assert checked.status_code == 200
    assert "2 rows to record. Nothing is saved yet." in text_of(checked)
    assert "What this would change" in text_of(checked)
    assert shown_rows(checked)[ASH] == "finished"
    assert ASH not in progress_of(own_world)
    fields["cause"] = "Both\r\nwere ready"
    saved = [save(browser, checked, fields) for _ in range(2)]
    assert [(s.status_code, s.headers["location"]) for s in saved] == [(303, f"{PAGE}?saved=1")] * 2
    known = progress_of(own_world)
    assert known[ASH].is_done
    assert not known[BEECH].is_done
    assert all("Both were ready" in text_of(browser.get(f"/p/small/plan/{task}")) for task in (ASH, BEECH))
    assert [a for _, a, _ in own_world.audited()].count("progress") == 1, "a second click saves nothing"
    assert "Saved" in text_of(browser.get(f"{PAGE}?saved=1"))


@pytest.mark.slow
def test_nothing_is_saved_if_one_row_is_wrong_and_every_text_stays(own_world: World):
    browser = opened(own_world)
    page = browser.get(PAGE)
    good = ("started", "24/3/2027")
    for (what, day), words in {
        ("started", "32/3/2027"): "“32/3/2027” is not a date.",
        ("started", ""): "Enter the day",
        ("", "24/3/2027"): "Choose what happened on this day",
        ("sideways", "24/3/2027"): "Choose what happened on this day",
        ("finished", "26/3/2027"): "26 Mar 2027 is in the future.",
        ("not-yet", "25/3/2027"): "25 Mar 2027 is not in the future.",
        ("not-yet", "25/3/2029"): "over a year away",
        ("started", "<b>x</b> {{ 7*7 }}"): "“<b>x</b> {{ 7*7 }}” is not a date.",
        ("started", "=1+1"): "“=1+1” is not a date.",
    }.items():
        answer = browser.send(PAGE, page, **rows(page, **{ASH: (what, day), BEECH: good}))
        assert answer.status_code == 422, (what, day)
        assert words in text_of(answer)
        [box] = html.fromstring(answer.text).xpath(f"//input[@name='day:{ASH}']")
        assert (box.get("value"), box.get("aria-invalid")) == (day, "true")
        assert shown_rows(answer)[BEECH] == "started", "the good row stays too"
    assert progress_of(own_world).keys().isdisjoint({ASH, BEECH})


@pytest.mark.slow
def test_an_empty_form_says_so(own_world: World):
    browser = opened(own_world)
    page = browser.get(PAGE)
    answer = browser.send(PAGE, page, **rows(page))
    assert (answer.status_code, "Say what has happened for at least one task" in text_of(answer)) == (422, True)


@pytest.mark.slow
def test_a_decision_is_not_recorded_here(own_world: World):
    browser = opened(own_world)
    gate = "payroll/plan-agreed"
    answer = browser.send(PAGE, browser.get(PAGE), **{f"what:{gate}": "finished", f"day:{gate}": "24/3/2027"})
    assert (answer.status_code, "This is a decision" in text_of(answer)) == (422, True)


@pytest.mark.slow
def test_not_yet_moves_nothing_and_is_asked_again_on_that_day(own_world: World):
    browser = opened(own_world)
    page = browser.get(PAGE)
    fields = rows(page, **{ASH: ("not-yet", "1/4/2027")})
    checked = browser.send(PAGE, page, **fields)
    assert "No announced date, milestone or decision moves." in text_of(checked)
    assert save(browser, checked, fields).status_code == 303
    assert ("member", "not-yet", ASH) in own_world.audited()
    assert ASH not in progress_of(own_world)
    assert "'not_yet','2027-04-01'" in own_world.dump()


@pytest.mark.slow
def test_two_people_at_once_see_both_versions_row_by_row(own_world: World):
    first, second = opened(own_world), opened(own_world, "manager")
    old = second.get(PAGE)
    fields = rows(first.get(PAGE), **{ASH: ("started", "24/3/2027")})
    checked = first.send(PAGE, first.get(PAGE), **fields)
    assert save(first, checked, fields).status_code == 303
    mine = rows(old, **{ASH: ("started", "22/3/2027"), BEECH: ("started", "23/3/2027")})
    answer = second.send(PAGE, old, **mine)
    assert answer.status_code == 409
    [row] = html.fromstring(answer.text).xpath("//tr[@class='marked']")
    assert "Recorded in the meantime: started 24 Mar 2027" in " ".join(row.text_content().split())
    assert row.xpath(".//input[@type='text']/@value") == ["22/3/2027"]
    assert BEECH not in progress_of(own_world), "all or nothing"
    on_top = rows(answer, **{ASH: ("started", "22/3/2027"), BEECH: ("started", "23/3/2027")})
    again = second.send(PAGE, answer, **on_top)
    assert again.status_code == 200
    assert save(second, again, on_top).status_code == 303
    assert BEECH in progress_of(own_world)


@pytest.mark.slow
def test_a_row_that_someone_else_has_finished_is_still_shown(own_world: World):
    first, second = opened(own_world), opened(own_world, "manager")
    old = second.get(PAGE)
    fields = rows(old, **{ASH: ("finished", "25/3/2027")})
    assert save(first, first.send(PAGE, first.get(PAGE), **fields), fields).status_code == 303
    answer = second.send(PAGE, old, **rows(old, **{ASH: ("started", "22/3/2027")}))
    assert answer.status_code == 409
    assert "No longer on this week’s list" in text_of(answer)
    assert "Recorded in the meantime: started" in text_of(answer)
    assert "finished 25 Mar 2027" in text_of(answer)


@pytest.mark.slow
@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/paste"])
def test_who_may_record_no_task_is_refused_and_has_no_entry_in_the_menu(own_world: World, path: str):
    browser = opened(own_world, "viewer")
    refused = browser.get(path)
    assert refused.status_code == 403
    assert "cannot report progress of tasks" in text_of(refused)
    assert "This week" not in browser.get("/p/small").text
    typed = {f"what:{ASH}": "started", f"day:{ASH}": "24/3/2027", "text": "Task\tActual start\nPlan\t24/3/2027"}
    assert browser.send(path, browser.get("/p/small/settings/sessions"), **typed).status_code == 403
    assert ASH not in progress_of(own_world)


@pytest.mark.slow
def test_an_owner_and_a_head_see_only_the_tasks_that_they_record(own_world: World):
    assert {row.split("/")[1] for row in shown_rows(opened(own_world, "head").get(PAGE))} <= {"ash"}
    assert set(shown_rows(opened(own_world, HOLDER_OF_TASKS).get(PAGE))) <= {
        task.id for found in week(own_world) if (task := found.item.task).owner == HOLDER_OF_TASKS
    }
    head = opened(own_world, "head")
    foreign = head.send(PAGE, head.get(PAGE), **{f"what:{BEECH}": "started", f"day:{BEECH}": "24/3/2027"})
    assert foreign.status_code == 403


HOLDER_OF_TASKS = "owner"


@pytest.mark.slow
def test_unknown_tasks_and_odd_names_of_fields_are_refused(own_world: World):
    browser = opened(own_world)
    for task in ("payroll/ash/nothing", "<b>", "{{ 7*7 }}", "../x"):
        answer = browser.send(PAGE, browser.get(PAGE), **{f"what:{task}": "started", f"day:{task}": "24/3/2027"})
        assert answer.status_code == 422, task
    nul = browser.send(PAGE, browser.get(PAGE), **{f"what:{ASH}": "started", f"day:{ASH}": "24/3/2027\0"})
    assert (nul.status_code, "We have removed them" in text_of(nul)) == (422, True)


class TestPasting:
    PASTE = f"{PAGE}/paste"

    def check(self, browser: Browser, text: str) -> httpx.Response:
        return browser.send(self.PASTE, browser.get(self.PASTE), text=text)

    @pytest.mark.slow
    def test_rows_of_a_teams_own_list_are_previewed_and_saved(self, own_world: World):
        browser = opened(own_world)
        text = (
            "Action\tService\tSchool\tStarted on\tLatest update\tBudget\n"
            "plan\tPayroll\tAsh School\t24/3/2027\t=1+1\t£5\nplan\tPayroll\tBeech School\t23/3/2027\t@all\t\n"
        )
        checked = self.check(browser, text.replace("\n", "\r\n"))
        assert checked.status_code == 200, text_of(checked)
        shown = text_of(checked)
        assert "2 tasks to record" in shown
        assert "started 24 Mar 2027; comment “=1+1”" in shown
        assert "'Budget'" in shown
        assert ASH not in progress_of(own_world)
        saved = [save(browser, checked, {"text": text.replace("\n", "\r\n")}, self.PASTE) for _ in range(2)]
        assert [(s.status_code, s.headers["location"]) for s in saved] == [(303, f"{PAGE}?saved=1")] * 2
        assert {ASH, BEECH} <= progress_of(own_world).keys()
        assert "=1+1" in own_world.dump()
        assert "Nothing new" in text_of(self.check(browser, text))

    @pytest.mark.slow
    def test_rows_that_move_a_decision_need_a_reason(self, own_world: World):
        browser, text = opened(own_world), f"Task id\tActual start\tRemaining\n{ASH}\t24/3/2027\t99d\n"
        checked = self.check(browser, text)
        assert "Why are these dates changing?" in text_of(checked)
        refused = save(browser, checked, {"text": text}, self.PASTE)
        assert (refused.status_code, "Say why." in text_of(refused)) == (422, True)
        assert 'name="cause"' in refused.text, "it can be said there and then"
        assert ASH not in progress_of(own_world)
        assert save(browser, refused, {"text": text, "cause": "The supplier is late"}, self.PASTE).status_code == 303
        assert "The supplier is late" in text_of(browser.get(f"/p/small/plan/{ASH}"))

    @pytest.mark.slow
    def test_rows_of_the_export_need_no_headings(self, own_world: World):
        from changeflow.reports.workbook.tasks import AS_EXPORTED, HEADINGS, KEY

        browser = opened(own_world)
        cells = dict.fromkeys([*HEADINGS.values(), KEY], "") | {KEY: ASH, "Actual start": "24/3/2027"}
        whole = self.check(browser, "\t".join([*cells, AS_EXPORTED]) + "\n" + "\t".join([*cells.values(), ""]))
        without = self.check(browser, "\t".join(cells.values()))
        for page in (whole, without):
            assert page.status_code == 200, text_of(page)
            assert "1 task to record" in text_of(page)
        wrong = self.check(browser, "\t".join((cells | {"Actual start": "32/3/2027"}).values()))
        assert wrong.status_code == 422
        assert "Line 1, column M" in text_of(wrong)

    @pytest.mark.slow
    @pytest.mark.usual(5)
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "Paste the rows"),
            ("  \r\n", "Paste the rows"),
            ("Colour\tSize\nred\t3", "No column says which task each line is about."),
            ("Task\tActual start\nPlan\t24/3/2027", "matches"),
            ("Task id\tActual start\npayroll/ash/plan\t24/3/2028", "is in the future"),
            ("Task id\tActual start\npayroll/ash/plan\t32/3/2027", "Line 2, column B"),
            ("Task id\tActual start\npayroll/ash/nope\t24/3/2027", "there is no task"),
            ("Task id\tComment\npayroll/ash/plan\t<b>x</b> {{ 7*7 }}\0", "We have removed them"),
            ("Task id\tComment\n" + "\n".join(["payroll/ash/plan\tx"] * 1_001), "Paste at most 1,000"),
        ],
    )  # fmt: skip
    def test_mistakes_name_the_cell_and_keep_the_text(self, own_world: World, text: str, words: str):
        page = self.check(opened(own_world), text)
        assert page.status_code == 422, text_of(page)
        assert words in text_of(page)
        [box] = html.fromstring(page.text).xpath("//textarea")
        assert box.text_content().strip().replace("\r", "") == text.strip().replace("\0", "").replace("\r", "")
        assert progress_of(own_world).keys().isdisjoint({ASH, BEECH})

    @pytest.mark.slow
    def test_html_in_a_cell_is_shown_as_text(self, own_world: World):
        page = self.check(opened(own_world), "Task id\tComment\npayroll/ash/plan\t<b>x</b> {{ 7*7 }}")
        assert page.status_code == 200
        assert "comment “<b>x</b> {{ 7*7 }}”" in text_of(page)
        assert "<b>x</b>" not in page.text

    @pytest.mark.slow
    def test_other_peoples_records_since_the_export_are_not_overwritten(self, own_world: World):
        browser, other = opened(own_world), opened(own_world, "manager")
        text = f"Task id\tActual start\n{ASH}\t24/3/2027"
        checked = self.check(browser, text)
        theirs = {"text": f"Task id\tActual start\n{ASH}\t22/3/2027"}
        assert (
            save(other, other.send(self.PASTE, other.get(self.PASTE), **theirs), theirs, self.PASTE).status_code == 303
        )
        answer = save(browser, checked, {"text": text}, self.PASTE)
        assert (answer.status_code, "Someone else has recorded" in text_of(answer)) == (409, True)
        again = self.check(browser, text)
        assert "Actual start: changes from 22 Mar 2027 to 24 Mar 2027." in text_of(again), "both versions"


@pytest.mark.slow
def test_only_these_forms_may_be_long(own_world: World):
    browser = opened(own_world)
    page = browser.get("/p/small/settings/sessions")
    long = "Task id\tComment\n" + f"{ASH}\t{'x' * 1500}\n" * 100
    assert browser.send(f"{PAGE}/paste", page, text=long).status_code == 422
    assert browser.send(PAGE, page, **{f"x{n}": "y" for n in range(500)}).status_code == 422
    for path in (f"/p/small/plan/{ASH}", "/p/small/settings/tokens"):
        assert browser.send(path, page, text=long).status_code == 413
        assert browser.send(path, page, **{f"x{n}": "y" for n in range(60)}).status_code == 413
    assert Limits().of_form("/p/small/week").kind is FormKind.TABLE
    assert not any(
        Limits().of_form(p).kind is FormKind.TABLE for p in ("/p/a/b/week", "/week", "/a/week", "/p/small/week/x")
    )
    too_long = browser.send(f"{PAGE}/paste", page, text="x" * (PLENTY.week_bytes + 1))
    assert (too_long.status_code, "Too many rows at once" in text_of(too_long)) == (413, True)
