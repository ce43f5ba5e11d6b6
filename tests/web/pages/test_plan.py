"""The plan and a task's page: the engine's dates, filters, late tasks, and what moves if a task is late."""

import re
from datetime import timedelta

import pytest
from lxml import html

from changeflow.programme.programme import Programme
from changeflow.reports.schedules import what_if_rows
from changeflow.reports.task_why import explain_task
from changeflow.roadmap.analysis.why import dates_in_words
from changeflow.rules.catalogue import RULES
from changeflow.usecases import definitions
from changeflow.usecases.plan import longer_in
from changeflow.usecases.plan_pages import milestone_later
from changeflow.usecases.stored import loaded
from changeflow.values.moments import DAY, format_day, minute_of
from changeflow.values.words import Role
from tests.every_role import HOLDER, NOW, TODAY, World, say_progress, written
from tests.web.visiting import Browser, heading, signed_in, text_of

PLAN = "/p/small/plan"
PROGRESSED = "payroll/ash/plan"
MARKUP = "<b>x</b> {{ 7*7 }}"


@pytest.fixture(scope="module")
def programme(world: World) -> Programme:
    return loaded(None, db=world.db, on=TODAY)


def rows_in(page: str) -> dict[str, dict[str, str]]:
    """Return the cells of each task, by the task's name and the column's label."""
    found = {}
    for row in html.fromstring(page).xpath("//table[contains(@class, 'plan')]/tbody/tr"):
        cells = {cell.get("data-label"): cell.text_content() for cell in row.xpath("td")}
        found[row.xpath("string(th)")] = cells
    return found


def test_each_task_has_its_dates_float_and_owner(world: World, programme: Programme):
    shown = rows_in(signed_in(world.db, "member").get(PLAN).text)
    assert shown.keys() == {task.name for task in programme.roadmap.tasks.values()}
    for task in programme.roadmap.tasks.values():
        first, last = programme.days_of(task.id)
        cells = shown[task.name]
        assert cells["Start"] == format_day(first)
        assert cells["Finish"].startswith(format_day(last))
        assert cells["Owner"] == (programme.person(task.owner) if task.owner else "no owner")
        assert ("critical" in cells["Float"]) is programme.timed(task.id).critical


@pytest.mark.slow
@pytest.mark.parametrize("person", [HOLDER[role] for role in (Role.VIEWER, Role.HEAD, Role.BOARD, Role.ADMIN)])
def test_everyone_in_the_programme_reads_it(world: World, person: str):
    browser = signed_in(world.db, person)
    for path in (PLAN, f"{PLAN}/payroll/w1/go-live", "/p/small/find?q=ash"):
        assert browser.get(path).status_code == 200


@pytest.mark.parametrize("path", [PLAN, f"{PLAN}/payroll/w1/go-live", "/p/small/find?q=ash"])
def test_without_a_session_the_sign_in_page_comes_first(world: World, path: str):
    assert Browser(world.db).get(path).headers["location"].startswith("/sign-in?next=%2Fp%2Fsmall")


@pytest.mark.parametrize("path", ["/plan", "/plan/payroll/w1/go-live", "/find?q=ash"])
def test_the_plan_of_another_programme_is_not_there(world: World, path: str):
    assert signed_in(world.db, "member").get(f"/p/another{path}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["by=colour", "only=soon", "wave=w9", "service=<b>", "school=elsewhere", "by=wave&by=nothing"],
)
def test_an_unknown_limit_is_no_page(world: World, query: str):
    assert signed_in(world.db, "member").get(f"{PLAN}?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=99999", "page=x", "q=", "by=&only=&wave=", "q=" + "a" * 999]
)
def test_other_odd_queries_show_the_plan(world: World, query: str):
    page = signed_in(world.db, "member").get(f"{PLAN}?{query}")
    assert (page.status_code, heading(page)) == (200, "Plan")


@pytest.mark.parametrize(
    ("query", "is_meant"),
    [
        ("wave=w1", lambda p, t: t.wave == "w1"),
        ("service=estates", lambda p, t: t.service == "estates"),
        ("school=ash", lambda p, t: "ash" in t.schools and len(t.schools) < len(p.definition.schools)),
        ("service=~", lambda p, t: t.service is None),
        ("only=critical", lambda p, t: p.timed(t.id).critical),
        ("q=TRAIN", lambda p, t: "train" in f"{t.name} {p.person(t.owner) if t.owner else ''}".casefold()),
        (
            "only=next-six-weeks&by=school",
            lambda p, t: not p.is_done(t.id) and p.days_of(t.id)[0] <= TODAY + timedelta(weeks=6),
        ),
    ],
)
def test_a_limit_shows_the_tasks_it_names(world: World, programme: Programme, query: str, is_meant):
    shown = rows_in(signed_in(world.db, "member").get(f"{PLAN}?{query}").text)
    meant = {task.name for task in programme.roadmap.tasks.values() if is_meant(programme, task)}
    assert meant
    assert shown.keys() == meant


def test_late_tasks_come_with_the_latest_first(world: World, programme: Programme):
    page = signed_in(world.db, "member").get(f"{PLAN}?only=late&service=payroll")
    shown = rows_in(page.text)
    days = [int(found[1]) for cells in shown.values() if (found := re.search(r"(\d+) \w+ days? late", cells["Status"]))]
    assert len(days) > 1
    assert days == sorted(days, reverse=True)
    assert "The latest come first" in text_of(page)


def test_nothing_late_is_said_in_words(world: World):
    page = signed_in(world.db, "member").get(f"{PLAN}?only=late&q=nothing+like+it")
    assert "No task matches" in text_of(page)


def test_a_picture_has_each_task_and_today(world: World):
    page = html.fromstring(signed_in(world.db, "member").get(f"{PLAN}?service=payroll&wave=w1").text)
    sizes = page.xpath("//*[local-name()='svg'][contains(@class, 'tl')]")
    assert len(sizes) == 3
    tasks = page.xpath("count(//table[contains(@class, 'plan')]/tbody/tr)")
    for picture in sizes:
        assert picture.xpath("count(.//*[local-name()='text'][@fill='#0b0c0c'])") == tasks


def test_a_task_says_why_as_the_command_does(world: World, programme: Programme):
    why = explain_task(programme, "payroll/w1/go-live")
    page = signed_in(world.db, "member").get(f"{PLAN}/payroll/w1/go-live")
    shown = text_of(page)
    assert heading(page) == programme.roadmap.tasks["payroll/w1/go-live"].name
    assert dates_in_words(programme.roadmap, programme.required_schedule, "payroll/w1/go-live") in shown
    for step in (*why.chain, *why.late_chain):
        assert step.sentence in shown
    for cost in (why.late, *why.costs):
        assert cost in shown
    assert not re.search(r"\bR\d\d\b", shown)


@pytest.mark.slow
def test_each_driver_is_a_link_to_its_own_page(world: World, programme: Programme):
    browser = signed_in(world.db, "member")
    page = html.fromstring(browser.get(f"{PLAN}/payroll/w1/go-live").text)
    drivers = {step.task for step in explain_task(programme, "payroll/w1/go-live").chain} - {"payroll/w1/go-live"}
    assert drivers
    assert {f"{PLAN}/{t}" for t in drivers} <= set(page.xpath("//ol//a/@href"))
    for task in drivers:
        assert heading(browser.get(f"{PLAN}/{task}")) == programme.roadmap.tasks[task].name


@pytest.mark.slow
def test_a_rule_that_sets_a_date_is_named_and_linked(world: World, programme: Programme):
    chains = {task: explain_task(programme, task).chain for task in programme.roadmap.tasks}
    sentences = {task: " ".join(step.sentence for step in chain) for task, chain in chains.items()}
    task = next(t for t, text in sentences.items() if "as the rule “" in text)
    title = sentences[task].partition("as the rule “")[2].partition("”")[0]
    page = html.fromstring(signed_in(world.db, "member").get(f"{PLAN}/{task}").text)
    assert page.xpath(f"//ol//a[text()='{title}']/@href")[0] == "/p/small/rules"
    assert title in {rule.title for rule in RULES.values()}


@pytest.mark.slow
def test_a_late_task_moves_what_the_command_says(world: World, programme: Programme):
    found = longer_in(programme, "30d")
    rows = what_if_rows(found.roadmap, found.swept, found.milestones)
    row = next(r for r in rows if r["days"] > 0)
    shown = text_of(signed_in(world.db, "member").get(f"{PLAN}/{row['id']}?later=30"))
    assert f"The programme would end {row['days']} days later." in shown
    harmless = next(r for r in rows if not r["days"] and not any(r["milestones"].values()))
    shown = text_of(signed_in(world.db, "member").get(f"{PLAN}/{harmless['id']}?later=30"))
    assert "No milestone would move, and nor would the programme’s end date." in shown


@pytest.mark.parametrize("days", ["0", "x", "-3", "1.5", "9999999", "٣", ""])
def test_a_delay_that_is_no_number_says_what_to_enter(world: World, days: str):
    page = signed_in(world.db, "member").get(f"{PLAN}/payroll/ash/train?later={days}")
    assert page.status_code == 200
    assert "Enter a whole number of working days, from 1 to 250." in text_of(page)


@pytest.mark.parametrize("task", ["payroll/w9/go-live", "payroll", "<b>x</b>", "payroll/w1/go-live/", "..%2f"])
def test_an_unknown_task_is_not_there(world: World, task: str):
    answer = signed_in(world.db, "member").get(f"{PLAN}/{task}")
    assert (answer.status_code, heading(answer)) == (404, "Page not found")


@pytest.mark.slow
def test_progress_is_in_the_history_and_the_look_in_the_audit_once(own_world: World):
    say_progress(own_world, "member")
    browser = signed_in(own_world.db, "member")
    for _ in range(2):
        page = browser.get(f"{PLAN}/{PROGRESSED}")
    assert "Progress: started 1 Mar 2027" in text_of(page)
    assert "Team Member" in text_of(page)
    assert own_world.audited().count(("member", "look", f"facts:{PROGRESSED}")) == 1


@pytest.mark.slow
def test_names_are_text_and_never_markup(own_world: World):
    folder = written(own_world.home)
    file = folder / "services" / "payroll.yaml"
    file.write_text(file.read_text().replace("name: Payroll", f"name: '{MARKUP}'"))
    definitions.apply(folder, db=own_world.db, actor="chief", now=NOW)
    browser = signed_in(own_world.db, "chief")
    for path in (PLAN, f"{PLAN}/payroll/w1/go-live", f"{PLAN}?service=payroll", "/p/small/find?q=x"):
        page = browser.get(path)
        assert "&lt;b&gt;x&lt;/b&gt; {{ 7*7 }}" in page.text
        assert "<b>" not in page.text


def test_a_milestone_is_late_by_as_many_working_days_as_asked(programme: Programme):
    """This is so both at the beginning and at the end of a day's work. The test counts the working days one by one."""
    for milestone in programme.open_milestones:
        calendar = programme.roadmap.calendar_of(milestone.task)
        first = programme.timed(milestone.task)
        days = (first.last_day + timedelta(days=n) for n in range(1, 60))
        working = [d for d in days if calendar.between(minute_of(d), minute_of(d) + DAY) > 0]
        for n in range(1, 11):
            assert first.day_at(milestone_later(programme, milestone.task, n)) == working[n - 1], milestone.id
