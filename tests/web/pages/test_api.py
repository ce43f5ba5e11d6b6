"""The API for other programs: its tokens, its responses compared with the commands' output, and random requests."""

import json
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.storage import api_tokens, audit, jobs
from changeflow.storage.database import session_scope
from changeflow.usecases import decisions, finding, issued_pages, people_pages, pilot_pages, record, rule_pages, schools
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.plan_pages import task_page
from changeflow.usecases.record import RecordFilter
from changeflow.usecases.visits import Visit, visit
from changeflow.usecases.wave_boards import board
from changeflow.values.deferred import Deferred
from changeflow.web.api_views import PICTURES
from changeflow.web.security import SESSION
from tests.every_role import NOW, TODAY, World
from tests.quick import draws, quick_first
from tests.web.visiting import Browser, signed_in

SMALL = "/api/v1/programmes/small"
TOKEN = "t" * 43
AT = ["--at", "2027-03-25T17:00"]


@pytest.fixture(scope="module")
def world(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A copy, because a token is added to it."""
    return world.copy(tmp_path_factory.mktemp("api") / "world")


@pytest.fixture(scope="module")
def token(world: World) -> str:
    give(world, TOKEN)
    return TOKEN


@pytest.fixture(scope="module")
def issued(world: World) -> World:
    """The same world with an issued report."""
    issue_sro("small", db=world.db, today=TODAY, actor="chief", now=NOW)
    return world


def give(world: World, token: str, *, by: str = "admin", days: int = 1) -> None:
    with session_scope(world.db) as session:
        api_tokens.add_api_token(session, "small", token, "A test", by=by, at=NOW, until=NOW + timedelta(days=days))
        audit.append(session, "small", at=NOW, actor=by, action="token", subject="made")


def read(world: World, path: str, token: str, **more: str) -> tuple[int, object]:
    answer = Browser(world.db).get(
        path, headers={"Authorization": f"Bearer {token}"} if token else None, params=more or None
    )
    return answer.status_code, answer.json()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "command"),
    [("plan", ["plan"]), ("tasks", ["task", "list"]), ("decisions", ["gate", "list"])],
)
def test_it_says_what_the_command_says(world: World, token: str, path: str, command: list[str]):
    status, found = read(world, f"{SMALL}/{path}", token)
    printed = CliRunner().invoke(app, [*command, "--format", "json", "--db", world.db, *AT])
    expected = json.loads(printed.stdout)
    assert status == 200
    if path == "tasks":
        assert [{k: v for k, v in row.items() if k != "service"} for row in found] == expected  # type: ignore[attr-defined]
    elif path == "plan":
        assert {key: found[key] for key in expected} == expected  # type: ignore[index]
    else:
        assert found == expected


@pytest.mark.slow
def test_a_token_that_does_not_work_reads_nothing(own_world: World):
    give(own_world, "e" * 43, days=-1)
    for one in ("", "x" * 43, "e" * 43, "\x7f", "a b"):
        answer = Browser(own_world.db).get(SMALL, headers={"Authorization": f"Bearer {one}"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_token_reads_its_own_programme_alone(world: World, token: str):
    status, found = read(world, "/api/v1/programmes/other", token)
    assert (status, found["title"]) == (404, "Page not found")  # type: ignore[index]


@pytest.mark.slow
def test_a_token_ends_with_the_role_of_its_maker(own_world: World):
    for number, by in enumerate(("no-one-known", "viewer", "chief")):
        token = str(number) * 43
        give(own_world, token, by=by)
        status, _ = read(own_world, SMALL, token)
        assert status == (404 if by == "no-one-known" else 401)


@pytest.mark.slow
def test_reading_results_of_people_is_in_the_audit_once(own_world: World):
    give(own_world, "r" * 43)
    before = len(own_world.audited())
    program = Browser(own_world.db)
    for _ in range(3):
        assert program.get(f"{SMALL}/report", headers={"Authorization": f"Bearer {'r' * 43}"}).status_code == 200
    assert [(who, what) for who, what, _ in own_world.audited()[before:]] == [("admin", "look")]


def view_of(world: World, make: Callable[[Visit], object]) -> Any:
    """Return what a page's use case returns for the admin, as JSON would have it."""
    session = signed_in(world.db, "admin").cookies[SESSION]
    with visit(session, "small", db=world.db, now=NOW) as found:
        return json.loads(json.dumps(made(make(found)), default=str))


def made(view: object) -> object:
    """Return a view without what only serves to draw it."""
    if isinstance(view, frozenset):
        return sorted(view)
    if isinstance(view, Deferred):
        return made(view.get())
    if isinstance(view, datetime):
        return view.isoformat().replace("+00:00", "Z")
    if isinstance(view, tuple | list):
        return [made(one) for one in view]
    if not is_dataclass(view):
        return view
    return {f.name: made(getattr(view, f.name)) for f in fields(view) if f.name not in PICTURES}


VIEWS: dict[str, Callable[[Visit], object]] = {
    "/schools": lambda found: schools.schools(found).list,
    "/schools/ash": lambda found: schools.school(found, "ash"),
    "/waves": board,
    "/people": people_pages.people,
    "/pilots": pilot_pages.pilots,
    "/pilots/payroll": lambda found: pilot_pages.pilot(found, "payroll"),
    "/rules": rule_pages.rules,
    "/record": lambda found: record.record(found, RecordFilter()),
    "/record/versions": record.version_list,
    "/record/versions/1": lambda found: record.version_page(found, 1),
    "/reports": issued_pages.issued,
    "/tasks/payroll/ash/plan": lambda found: task_page(found, "payroll/ash/plan"),
    "/decisions/payroll/w1/go-no-go": lambda found: decisions.decision(found, "payroll/w1/go-no-go"),
    "/search?q=payroll": lambda found: finding.find(found, "payroll"),
}
"""What the pages of the same names show."""


@pytest.mark.usual(10)
@pytest.mark.parametrize("path", VIEWS)
def test_it_says_what_the_page_says(world: World, issued: World, token: str, path: str):
    shown = view_of(world, VIEWS[path])
    status, found = read(world, f"{SMALL}{path}", token)
    assert status == 200
    assert found == ({"board": shown} if path == "/waves" else shown)
    assert shown


@pytest.mark.slow
def test_the_result_of_a_calculation_is_the_commands(own_world: World):
    give(own_world, "c" * 43)
    with session_scope(own_world.db) as session:
        job = jobs.add_job(session, "small", "odds", version=1, on=TODAY, by="chief", at=NOW)
        jobs.add_job(session, "small", "waves", version=1, on=TODAY, by="chief", at=NOW)
        jobs.end_job(session, job.id, jobs.JobState.DONE, now=NOW, page="<p>x</p>", data='{"a": 1.50}')
    status, found = read(own_world, f"{SMALL}/calculations", "c" * 43)
    assert status == 200
    known = [(one["number"], one["kind"], one["state"], one["by"]) for one in found]  # type: ignore[attr-defined]
    assert known == [(2, "waves", "waiting", "chief"), (1, "odds", "done", "chief")]
    answer = Browser(own_world.db).get(f"{SMALL}/calculations/1", headers={"Authorization": f"Bearer {'c' * 43}"})
    assert answer.text == '{"a": 1.50}'
    assert read(own_world, f"{SMALL}/calculations/2", "c" * 43)[0] == 404


@pytest.mark.slow
def test_an_issued_report_is_the_file_of_its_page(world: World, issued: World, token: str):
    own = signed_in(world.db, "chief").get("/p/small/reports/1.json")
    answer = Browser(world.db).get(f"{SMALL}/reports/1", headers={"Authorization": f"Bearer {token}"})
    assert answer.content == own.content
    assert answer.json()["proof"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "looked"),
    quick_first(1, [("/people", "round:2027-03-18"), ("/reports/1", "report:1"), ("/pilots/payroll", None)]),
)
def test_reading_figures_about_people_is_in_the_audit(own_world: World, path: str, looked: str | None):
    issue_sro("small", db=own_world.db, today=TODAY, actor="chief", now=NOW)
    give(own_world, "r" * 43)
    before = len(own_world.audited())
    assert read(own_world, f"{SMALL}{path}", "r" * 43)[0] == 200
    assert own_world.audited()[before:] == ([("admin", "look", looked)] if looked else [])


@pytest.mark.slow
def test_the_record_takes_the_filters_of_its_page(own_world: World):
    token = "r" * 43
    give(own_world, token)
    assert read(own_world, f"{SMALL}/people", token)[0] == 200  # a reading

    def numbers(**more: str) -> list[int]:
        status, found = read(own_world, f"{SMALL}/record", token, **more)
        assert status == 200
        return [line["number"] for line in found["lines"]]  # type: ignore[index]

    def all_numbers(**more: str) -> set[int]:
        """Return the numbers of entries on every page, because other tests' readings are in the record as well."""
        found = page = numbers(**more)
        while page and (page := numbers(before=str(page[-1]), **more)):
            found = [*found, *page]
        return set(found)

    every = numbers(reading="true")
    assert all_numbers() < all_numbers(reading="true")
    assert all_numbers(kind="plan") < all_numbers()
    assert numbers(before=str(every[0]), reading="true")[: len(every) - 1] == every[1:]
    assert numbers(**{"from": "2027-03-26"}) == []
    for wrong in ({"from": "0"}, {"to": "2027-02-30"}, {"kind": "<b>"}, {"person": "nobody"}, {"before": "0"}):
        assert read(own_world, f"{SMALL}/record", token, **wrong)[0] == 422


@pytest.mark.parametrize(
    "path",
    [
        "/schools/nowhere",
        "/pilots/nothing",
        "/record/versions/99",
        "/reports/99",
        "/tasks/payroll/nothing",
        "/decisions/payroll/ash/plan",
        "/calculations/99",
    ],
)
def test_what_does_not_exist_is_not_there(world: World, token: str, path: str):
    status, found = read(world, f"{SMALL}{path}", token)
    assert (status, found["title"]) == (404, "Page not found")  # type: ignore[index]


@pytest.mark.slow
def test_its_description_has_the_words_of_the_views():
    described = Browser("sqlite:////nowhere/at/all.db").get("/api/v1/openapi.json").json()
    fields_ = described["components"]["schemas"]["SchoolService"]["properties"]
    assert fields_["sentence"]["description"] == "When it goes live, against what was announced."


def test_filters_take_what_they_name(world: World, token: str):
    _, whole = read(world, f"{SMALL}/tasks", token)
    _, late = read(world, f"{SMALL}/tasks", token, state="late")
    assert [row for row in whole if row["state"] == "late"] == late  # type: ignore[attr-defined, index]
    _, none = read(world, f"{SMALL}/tasks", token, owner="someone-else")
    assert none == []
    status, refused = read(world, f"{SMALL}/tasks", token, owner="<b>")
    assert (status, refused["detail"]) == (422, "These parts of the address are not valid: owner.")  # type: ignore[index]


@pytest.mark.slow
def test_no_answer_has_a_score(world: World, token: str):
    for path in ("", "/plan", "/tasks", "/go-lives", "/decisions", "/report", *VIEWS):
        answer = Browser(world.db).get(SMALL + path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert re.search(r'"scores?"', answer.text) is None


@pytest.mark.thorough
@pytest.mark.slow
def test_no_random_request_makes_it_fail(world: World, token: str):
    """Each operation gets random requests by its own description, and responds as the description says."""
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", Browser(world.db).app)
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) == 23
    for operation in operations:

        @settings(max_examples=draws(20))
        @given(case=operation.as_strategy())
        def answers_as_it_says(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

        answers_as_it_says()
