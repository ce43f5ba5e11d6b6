"""The API for other programs: its tokens, its answers beside those of the commands, and random requests."""

import json
from datetime import timedelta

import pytest
import schemathesis
from hypothesis import given, settings
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.storage import accounts, audit
from changeflow.storage.database import session_scope
from tests.every_role import NOW, World
from tests.web.visiting import Browser

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


def give(world: World, token: str, *, by: str = "admin", days: int = 1) -> None:
    with session_scope(world.db) as session:
        accounts.add_api_token(session, "small", token, "A test", by=by, at=NOW, until=NOW + timedelta(days=days))
        audit.append(session, "small", at=NOW, actor=by, action="token", subject="made")


def read(world: World, path: str, token: str, **more: str) -> tuple[int, object]:
    answer = Browser(world.db).get(path, headers={"Authorization": f"Bearer {token}"} if token else None, params=more)
    return answer.status_code, answer.json()


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


def test_a_token_ends_with_the_role_of_its_maker(own_world: World):
    for number, by in enumerate(("no-one-known", "viewer", "chief")):
        token = str(number) * 43
        give(own_world, token, by=by)
        status, _ = read(own_world, SMALL, token)
        assert status == (404 if by == "no-one-known" else 401)


def test_reading_results_of_people_is_in_the_audit_once(own_world: World):
    give(own_world, "r" * 43)
    before = len(own_world.audited())
    program = Browser(own_world.db)
    for _ in range(3):
        assert program.get(f"{SMALL}/report", headers={"Authorization": f"Bearer {'r' * 43}"}).status_code == 200
    assert [(who, what) for who, what, _ in own_world.audited()[before:]] == [("admin", "look")]


def test_filters_take_what_they_name(world: World, token: str):
    _, whole = read(world, f"{SMALL}/tasks", token)
    _, late = read(world, f"{SMALL}/tasks", token, state="late")
    assert [row for row in whole if row["state"] == "late"] == late  # type: ignore[attr-defined, index]
    _, none = read(world, f"{SMALL}/tasks", token, owner="someone-else")
    assert none == []
    status, refused = read(world, f"{SMALL}/tasks", token, owner="<b>")
    assert (status, refused["detail"]) == (422, "These parts of the address are not valid: owner.")  # type: ignore[index]


def test_no_answer_has_a_score(world: World, token: str):
    for path in ("", "/plan", "/tasks", "/go-lives", "/decisions", "/report"):
        status, _ = read(world, SMALL + path, token)
        assert status == 200


@pytest.mark.slow
def test_no_random_request_makes_it_fail(world: World, token: str):
    """Each operation gets random requests by its own description, and answers as that says."""
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", Browser(world.db).app)
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) == 6
    for operation in operations:

        @settings(max_examples=40)
        @given(case=operation.as_strategy())
        def answers_as_it_says(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

        answers_as_it_says()
