"""Who gets which page of which object: every route of the application, requested by a person in every role.

The matrix is made from the application's routes and the table of permissions. The tests fail for a route that is in
neither of the lists below, or whose object is missing from `OBJECTS`.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter
from starlette.routing import Route

from changeflow.agenda.policy import Fate
from changeflow.agenda.reasons import Reason
from changeflow.delivery.channels import ChannelSettings
from changeflow.delivery.message import Message
from changeflow.intake.editing.kinds import edits_from
from changeflow.pilots.runs import RunSummary
from changeflow.programme.permission_table import TABLE
from changeflow.programme.permissions import is_allowed
from changeflow.reports.levelling import LevelReport
from changeflow.reports.recovery import RecoveryReport
from changeflow.reports.waves import WavesReport
from changeflow.storage import jobs, ledger_pairs, pilots
from changeflow.storage.api_tokens import add_api_token
from changeflow.storage.audit import append
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.evidence import EvidencePiece
from changeflow.storage.evidence import add as add_evidence
from changeflow.storage.jobs import JobState
from changeflow.usecases.accounts import new_token
from changeflow.usecases.announcements import announce
from changeflow.usecases.drafts import save_draft
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.jobs import DRAFT_ODDS, MESSAGES, RECOVERY, draft_subject
from changeflow.usecases.message_weeks import WorkedOutWeek
from changeflow.usecases.nudge_preview import PreviewedDay, PreviewedItem, PreviewedMessage
from changeflow.usecases.pilot_forms import FORMS as FORMS_OF_PILOTS
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.values.words import Action, Role
from changeflow.web.app import make_app
from changeflow.web.calculations import Calculations
from tests.browser.proposals import levelled_dates
from tests.every_role import (
    ANNOUNCED,
    FOREIGN,
    GO,
    HOLDER,
    NOW,
    SIDE_BY_SIDE,
    TODAY,
    World,
    store_another,
    stored_world,
)
from tests.quick import quick_first
from tests.refused import refusals
from tests.web.visiting import Browser, signed_in

FIRST = (Role.HEAD, Role.LEAD_PROVIDER, Role.VIEWER)
OTHERS = [role for role in HOLDER if role not in (*FIRST, Role.SYSTEM)]
ROLES = quick_first(1, [*FIRST, *OTHERS], usual=len(FIRST))
"""`make test` asks for every page as a few roles, and CI as all. Other tests have every role do everything."""
OWN = "small"
OBJECTS: dict[str, tuple[str, str]] = {
    "school": ("ash", "nowhere"),
    "number": ("1", "99"),
    "person": ("provider", "no-one"),
    "session": ("payroll/ash/train", "payroll/ash/nothing"),
    "checkpoint": ("payroll/w1/checkpoint", "payroll/w1/nothing"),
    "day": ("2027-03-25", "2020-01-01"),
    "task": ("payroll/ash/plan", "payroll/ash/nothing"),
    "gate": (GO, "payroll/nothing-agreed"),
    "form": ("html", "exe"),
    "service": ("payroll", "nothing"),
    "rule": ("R02", "R99"),
    "kind": ("odds", "nothing"),
    "edit": ("move-school", "nothing"),
    "change": ("set-owner", "nothing"),
    "what": ("owner", "nothing"),
    "place": ("1", "99"),
    "period": ("2027-02", "2026-01"),
    "criterion": ("queries", "nothing"),
    "item": ("desk", "nothing"),
    "case": ("starter", "nothing"),
    "calculation": ("3", "99"),
    "proposal": ("4", "99"),
    "levelling": ("5", "99"),
    "fact": ("evidence-1", "evidence-99"),
    "export": ("calendar", "nothing"),
    "run": (SIDE_BY_SIDE, "payroll/w1/nothing"),
}
"""An object of the programme for each name in a path, and one that does not exist."""
ELSEWHERE: dict[str, dict[str, str]] = {
    "school": {"school": "beech", "task": "payroll/beech/plan", "gate": GO},
    "service": {"task": "estates/ash/plan", "gate": "estates/w1/go-no-go", "service": "estates"},
}
"""Objects of a school other than the head's, and of a service other than the service manager's and lead provider's."""
PAIR = {"service": "payroll", "period": "2027-03", "old_file": "0" * 64, "new_file": "1" * 64, "old_name": "old.csv",
        "new_name": "new.csv"}  # fmt: skip
"""Uploaded outputs, whose files are gone."""
ELSEWHERE_RUN = RunSummary(service="estates", period="2027-02", compared=1, equal=1, within_tolerance=0, explained=0,
                           unexplained=0, missing=0, extra=0, duplicates=0, largest_unexplained=Decimal(0),
                           on=TODAY)  # fmt: skip
OPEN = {
    Action.SIGN_IN,
    Action.SET_UP,
    Action.ANSWER_MESSAGE,
    Action.CHOOSE_MESSAGES,
    Action.SUBSCRIBE,
    Action.OPERATE,
    Action.READ_PROGRAMME,
}
"""Actions with routes that belong to no programme: each such route is requested below without a session."""
WITHOUT_SESSION = {
    "/": 303,
    "/static/{name}": 404,
    "/sign-in": 200,
    "/sign-in/link/{token}": 403,
    "/sign-in/provider": 404,
    "/sign-in/provider/back": 404,
    "/sign-in/here/{token}": 404,
    "/setup/start/{token}": 404,
    "/setup": 404,
    "/setup/you": 404,
    "/setup/programme": 404,
    "/setup/sample": 404,
    "/setup/template": 404,
    "/setup/import": 404,
    "/setup/import/columns": 404,
    "/setup/import/about": 404,
    "/setup/import/tasks": 404,
    "/setup/import/dates": 404,
    "/a/{token}": 404,
    "/u/{token}": 404,
    "/c/{token}.ics": 404,
    "/health": 503,  # no tick has run here
    "/metrics": 404,
    "/api/v1/openapi.json": 200,
}
"""What a stranger on another machine gets from each page that belongs to no programme, with an invalid token."""
ABOUT_EVERY_SCHOOL = {
    "/p/{programme}/brief.json",
    "/p/{programme}/brief.pdf",
    "/p/{programme}/more",
    "/p/{programme}/reports",
    "/p/{programme}/reports/{number:number}",
    "/p/{programme}/reports/{number:number}.{form}",
    "/p/{programme}/reports/{number:number}/trustees.{form}",
    "/p/{programme}/decisions",
    "/p/{programme}/decisions/{gate:path}",
    "/p/{programme}/decisions/{gate:path}.{form}",
    "/p/{programme}/pilots",
    "/p/{programme}/pilot-schools",
    "/p/{programme}/pilots/{service}",
    "/p/{programme}/pilots/{service}/runs/{period}",
    "/p/{programme}/pilots/{service}/compare",
    *(f"/p/{{programme}}/pilots/{{service}}/{path}" for path in FORMS_OF_PILOTS),
    "/p/{programme}/pilots/{service}/compare/{number:number}",
    "/p/{programme}/sign-off/{gate:path}",
    "/p/{programme}/rules",
    "/p/{programme}/baselines",
    "/p/{programme}/announcements",
    "/p/{programme}/confidence",
    "/p/{programme}/recovery",
    "/p/{programme}/recovery/{calculation:number}",
    "/p/{programme}/waves/proposals",
    "/p/{programme}/waves/proposals/{proposal:number}",
    "/p/{programme}/exports",
    "/p/{programme}/exports/{export}",
    "/p/{programme}/people/actions",
    "/p/{programme}/waivers",
    "/p/{programme}/calculations",
    "/p/{programme}/calculations/{number:number}",
    "/p/{programme}/calculations/{number:number}/report.html",
    "/p/{programme}/calculations/{number:number}/report.json",
}
"""Pages that heads do not see, whatever the table says of people in people.csv: each names other schools."""
FORMS: dict[str, dict[str, str]] = {
    "/p/{programme}/calculations": {"kind": "odds"},
    "/p/{programme}/people/messages": {"switch": "off"},
    "/p/{programme}/decisions/{gate:path}": {"outcome": "reject", "reason": "Not yet"},
    "/p/{programme}/recorded-decisions/{gate:path}": {
        "outcome": "reject",
        "reason": "Not yet",
        "by": "owner",
        "day": "25/3/2027",
    },
    "/p/{programme}/confidence": {"tier": "amber", "reason": "Late"},
    "/p/{programme}/sign-off/{gate:path}": {"answer": "sign"},
    "/p/{programme}/comments/{task:path}": {"text": "Waiting for the supplier"},
    "/p/{programme}/evidence/{task:path}": {"title": "Minutes", "link": "https://example.org/minutes"},
    "/p/{programme}/baselines": {"reason": "Agreed"},
    "/p/{programme}/announcements": {"service": "payroll", "which": "forecast", "how": "letter"},
    "/p/{programme}/waivers": {
        "rule": "R02",
        "reason": "The old system ends",
        "owner": "owner",
        "expires": "1/12/2027",
        "approver-1": "chief",
    },
    "/p/{programme}/settings/tokens": {"name": "A program", "days": "9"},
    "/p/{programme}/settings/people/{person}/invite": {"email": "provider@example.org"},
}
"""Fields for forms that are accepted only with some. Without them, the response may also say what is missing."""
MISSING_FIELDS = {
    "/p/{programme}/settings/people/{person}/end": "ends a session, and the person may have none",
    "/p/{programme}/settings/tokens/withdraw": "names a token that is none",
    "/p/{programme}/settings/sessions/end": "names a session that is none",
    "/p/{programme}/me": "names a thing that they are not asked for",
    "/p/{programme}/pilots/{service}/runs/{period}/rules": "names a rule that is none",
    "/p/{programme}/me/undo": "names a thing that they have not answered",
}
"""Forms about an object that is named in a field: without it, people who may use them get 404, or the page again."""


def actions() -> dict[str, Action]:
    return {route: action for action, entry in TABLE.items() for route in entry.routes}


def routes() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (method, path, names of objects) of every route."""
    made = make_app("sqlite:////nowhere/at/all.db")
    found = []
    for route in made.routes:
        assert isinstance(route, Route), "a mounted application needs a row as well"
        names = tuple(route.param_convertors)
        found += [(method, route.path, names) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


ROUTES = routes()
OF_A_PROGRAMME = [r for r in ROUTES if "{programme}" in r[1]]
OF_NONE = [r for r in ROUTES if "{programme}" not in r[1]]
READS = [r for r in OF_A_PROGRAMME if r[0] == "GET"]
WRITES = [r for r in OF_A_PROGRAMME if r[0] != "GET"]


def filled(path: str, programme: str = OWN, **other: str) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "programme":
            return programme
        return other.get(name) or OBJECTS[name][0]

    return re.sub(r"\{(\w+)(?::\w+)?\}", value, path)


def expected(action: Action, role: Role, path: str, whose: str = "") -> bool:
    """Return whether a role may use a route, by the table.

    `whose` is "school" or "service" if the object belongs to another one.
    """
    if role is Role.HEAD and (path in ABOUT_EVERY_SCHOOL or whose == "school"):
        return False
    service_roles = (Role.SERVICE_MANAGER, Role.LEAD_PROVIDER)
    of_a_service = {
        Action.REPORT_PROGRESS: service_roles,
        Action.ADD_EVIDENCE: service_roles,
        Action.RECONCILE: service_roles,
        Action.EXPLAIN_CONTRACTS: service_roles,
        Action.PLAN_IMPROVEMENT: service_roles,
        Action.RECORD_FILING: service_roles,
        Action.PROPOSE_LESSON: service_roles,
        Action.SIGN: (Role.SIGNATORY,),
    }
    if whose == "service" and role in of_a_service.get(action, ()):
        return False
    if role is Role.SIGNATORY and whose == "service" and action is Action.SIGN:
        return False
    return is_allowed(action, role)


def unknown_to(role: Role) -> tuple[str, ...]:
    """Return a programme that does not exist, for two roles: no one has a role in it, whatever their role elsewhere."""
    return ("nothing",) if role in (Role.VIEWER, Role.ADMIN) else ()


def objects_of(names: tuple[str, ...]) -> list[tuple[str, dict[str, str]]]:
    """Return the objects to request from a route: those of `OBJECTS` and, if there are some, those of others.

    An object with a number belongs to one service, so none of another service can be requested.
    """
    others = {whose: {n: value for n, value in given.items() if n in names} for whose, given in ELSEWHERE.items()}
    is_numbered = "service" in names and bool({"number", "criterion", "item", "case", "run"} & set(names))
    return [("", {}), *((whose, given) for whose, given in others.items() if given and not is_numbered)]


@pytest.fixture(autouse=True)
def _asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave calculations waiting."""
    monkeypatch.setattr(Calculations, "wake", lambda _: None)


def no_options() -> str:
    """Return the result of a search for recovery options that has none."""
    found = RecoveryReport(milestone="Live", by="1 Jun 2027", percent=80, now_odds=50, now_at="1 Jul 2027",
                           is_kept_now=False, is_possible=False, chosen=(), cost=0, then_odds=50, then_at="1 Jul 2027",
                           is_cheapest=False, recovery_options=(), iterations=1, seed=1, tried=0)  # fmt: skip
    return TypeAdapter(RecoveryReport).dump_json(found).decode()


def a_week() -> str:
    """Return next week's messages with one message, as a calculation leaves them."""
    item = PreviewedItem(programme=OWN, reason=Reason.TASK, title="Plan")
    letter = Message(to_name="Provider", to_address="p@example.org", from_name="Office", from_address="o@example.org",
                     subject="Plan", text="Text", html="<p>Text</p>", message_id="<1@example.org>", at=NOW)  # fmt: skip
    message = PreviewedMessage(person="provider", who="Provider", fate=Fate.GOES, why="", items=(item,), letter=letter)
    week = WorkedOutWeek(at=NOW, state="", days=(PreviewedDay(day=TODAY, messages=(message,)),))
    return TypeAdapter(WorkedOutWeek).dump_json(week).decode()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The small programme with a finished calculation and an issued report, and a second one without its people."""
    world = stored_world(tmp_path_factory.mktemp("matrix"))
    store_another(world)
    with session_scope(world.db) as session:
        job = jobs.add_job(session, OWN, "odds", version=1, on=date(2027, 3, 25), by="chief", at=NOW)
        jobs.end_job(session, job.id, JobState.DONE, now=NOW, page="<p>x</p>", data="{}")
        week = jobs.add_job(session, OWN, MESSAGES, version=1, on=TODAY, by="chief", at=NOW)
        jobs.end_job(session, week.id, JobState.DONE, now=NOW, data=a_week())
        recovery = jobs.add_job(session, OWN, RECOVERY, version=1, on=TODAY, by="chief", at=NOW, subject="x||80|")
        jobs.end_job(session, recovery.id, JobState.DONE, now=NOW, data=no_options())
        waves = jobs.add_job(session, OWN, "waves", version=1, on=TODAY, by="chief", at=NOW)
        proposals = TypeAdapter(WavesReport).dump_json(WavesReport(programme="Small", start="4 Jan 2027", plans=()))
        jobs.end_job(session, waves.id, JobState.DONE, now=NOW, data=proposals.decode())
        levelling = jobs.add_job(session, OWN, "levelling", version=1, on=TODAY, by="chief", at=NOW)
        dates = TypeAdapter(LevelReport).dump_json(levelled_dates())
        jobs.end_job(session, levelling.id, JobState.DONE, now=NOW, data=dates.decode())
        ledger_pairs.add_pair(session, OWN, PAIR, by="manager", at=NOW)
        pilots.add_run(session, OWN, ELSEWHERE_RUN, digest="0", at=NOW, by="chief")
    with session_scope(world.db) as session:
        minutes = EvidencePiece(
            task="payroll/ash/plan",
            title="Minutes",
            link="",
            name="minutes.txt",
            media="text/plain",
            sha256=hashlib.sha256(b"Agreed").hexdigest(),
            size=6,
        )
        add_evidence(session, OWN, minutes, b"Agreed", at=NOW, by="chief")
        append(session, OWN, at=NOW, actor="chief", action="evidence", subject="payroll/ash/plan")
    issue_sro(OWN, db=world.db, today=TODAY, actor="chief", now=NOW)
    change = replace(world.change("chief"), programme=OWN)
    announce([ANNOUNCED], change)
    renamed = edits_from([{"kind": "rename-task", "task": "payroll/ash/plan", "name": "Plan it"}])
    saved = save_draft(PlanDraft(programme=OWN, base=1, edits=renamed, name="Names"), change)
    with session_scope(world.db) as session:
        subject = draft_subject(saved.id or 0, saved.revision)
        jobs.add_job(session, OWN, DRAFT_ODDS, version=1, on=TODAY, by="chief", at=NOW, subject=subject)
    yield world
    engine_for(world.db).dispose()


class Asker:
    """A person in a role, with a browser or, for the API, as a program with a token in their name."""

    def __init__(self, world: World, role: Role) -> None:
        self.person, self.db = HOLDER[role], world.db
        self.post = LinkPost(channels=ChannelSettings(outbox=world.home / "outbox"), pause=lambda _: None)
        self.browser = signed_in(world.db, self.person, post=self.post)
        self.page: httpx.Response | None = None
        self.token = new_token()
        with session_scope(world.db) as session:
            until = NOW + timedelta(days=1)
            add_api_token(session, OWN, self.token, "x", by=self.person, at=NOW, until=until)

    def get(self, path: str) -> httpx.Response:
        if path.startswith("/api/"):
            return Browser(self.db).get(path, headers={"Authorization": f"Bearer {self.token}"})
        answer = self.browser.get(path)
        # A list with one entry opens that entry.
        own = answer.status_code == 303 and answer.headers["location"].startswith(f"{path}/")
        return self.browser.get(answer.headers["location"]) if own else answer

    def send(self, path: str, **fields: str) -> httpx.Response:
        if self.page is None:
            self.page = self.browser.get("/p/small/settings/sessions")
        if self.page.status_code != 200:
            # An earlier form has ended the session.
            self.browser = signed_in(self.db, self.person, post=self.post)
            self.page = self.browser.get("/p/small/settings/sessions")
        answer = self.browser.send(path, self.page, **fields)
        if answer.status_code != 404:
            # A request for something that does not exist ends no session, so the page's form is still valid for the
            # next one.
            self.page = None
        return answer


def test_every_route_of_a_programme_has_known_objects_and_every_other_is_listed():
    known = actions()
    assert {f"{method} {path}" for method, path, _ in ROUTES} == set(known)
    unknown = {name for _, _, names in OF_A_PROGRAMME for name in names} - {"programme", *OBJECTS}
    assert unknown == set(), "give OBJECTS an object for these, and one that does not exist"
    assert {known[f"{method} {path}"] for method, path, _ in OF_NONE} <= OPEN
    assert {path for method, path, _ in OF_NONE if method == "GET"} == set(WITHOUT_SESSION)
    assert set(FORMS) | set(MISSING_FIELDS) <= {path for _, path, _ in WRITES}


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_who_may_read_gets_the_page_and_who_may_not_is_refused(role: Role, two: World, logged: io.StringIO):
    asker, known = Asker(two, role), actions()
    for method, path, names in READS:
        for whose, given in objects_of(names):
            action, where = known[f"{method} {path}"], filled(path, **given)
            refusals(logged)
            answer = asker.get(where)
            if path.startswith("/api/") and role is not Role.ADMIN:
                # A token works while the person who made it is an admin.
                assert answer.status_code == 401, f"{role}: {where}"
                assert len(refusals(logged)) == 1
            elif expected(action, role, path, whose):
                assert answer.status_code == 200, f"{role}: {where}"
            else:
                assert answer.status_code in (403, 404), f"{role}: {where}"
                assert len(refusals(logged)) == 1, f"{role}: {where} was refused without a line in the log"


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_what_does_not_exist_or_is_foreign_is_not_there(role: Role, two: World, logged: io.StringIO):
    asker, known = Asker(two, role), actions()
    for method, path, names in READS:
        if path.startswith("/api/") and role is not Role.ADMIN:
            continue  # see above: none of their tokens works
        refusals(logged)
        foreign = asker.get(filled(path, FOREIGN))
        assert foreign.status_code == 404, f"{role}: {path} of a foreign programme"
        assert len(refusals(logged)) == 1, f"{role}: {path} was refused without a line in the log"
        for programme in unknown_to(role):
            assert asker.get(filled(path, programme)).status_code == 404
        for name in set(names) - {"programme"}:
            missing = asker.get(filled(path, **{name: OBJECTS[name][1]}))
            allowed = expected(known[f"{method} {path}"], role, path)
            assert missing.status_code in ((404,) if allowed else (403, 404)), f"{role}: {path}, {name}"
            if role is Role.HEAD and name in ELSEWHERE["school"]:
                theirs = asker.get(filled(path, **{name: ELSEWHERE["school"][name]}))
                assert theirs.status_code == missing.status_code, f"{path} tells that {name} exists"


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_who_may_change_does_and_who_may_not_is_refused(role: Role, two: World, tmp_path: Path, logged: io.StringIO):
    world, known = two.copy(tmp_path / "world"), actions()
    asker = Asker(world, role)
    for method, path, names in WRITES:
        action = known[f"{method} {path}"]
        for whose, given in objects_of(names):
            where = filled(path, **given)
            refusals(logged)
            answer = asker.send(where, **FORMS.get(path, {}))
            if expected(action, role, path, whose):
                fine = {404, 422} if path in MISSING_FIELDS else {200, 303} if path in FORMS else {200, 303, 409, 422}
                assert answer.status_code in fine, f"{role}: {where}: {answer.status_code}"
            else:
                assert answer.status_code in (403, 404), f"{role}: {where}"
                assert len(refusals(logged)) == 1, f"{role}: {where} was refused without a line in the log"
        for programme in (FOREIGN, *unknown_to(role)):
            foreign = asker.send(filled(path, programme), **FORMS.get(path, {}))
            assert foreign.status_code == 404, f"{role}: {path}"
    engine_for(world.db).dispose()


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _ in OF_A_PROGRAMME])
def test_no_route_of_a_programme_answers_without_a_session(method: str, path: str, two: World):
    browser = Browser(two.db)
    answer = browser.ask(method, filled(path))
    if method == "GET":
        assert answer.status_code == (401 if path.startswith("/api/") else 303)
    else:
        assert answer.status_code == 403
    assert "A small programme" not in answer.text


@pytest.mark.parametrize("path", WITHOUT_SESSION)
def test_a_stranger_learns_nothing_from_pages_that_belong_to_no_programme(path: str, two: World):
    browser = Browser(two.db, client="192.0.2.7")
    answer = browser.get(re.sub(r"\{\w+\}", "x" * 43, path))
    assert answer.status_code == WITHOUT_SESSION[path]
    assert "A small programme" not in answer.text


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _ in OF_NONE if m != "GET"])
def test_no_form_of_a_stranger_is_taken(method: str, path: str, two: World):
    answer = Browser(two.db, client="192.0.2.7").ask(method, re.sub(r"\{\w+\}", "x" * 43, path), data={"x": "y"})
    assert answer.status_code in (403, 404, 410)


@pytest.fixture(scope="module")
def victim(two: World) -> tuple[Browser, str, str]:
    """The browser of an admin, its form's token, and the token of another of their sessions: no attack changes them."""

    def token(browser: Browser) -> str:
        found = re.search(r'name="form" value="([0-9a-f]{64})"', browser.get("/p/small/settings/sessions").text)
        assert found is not None
        return found[1]

    browser = signed_in(two.db, "admin")
    return browser, token(browser), token(signed_in(two.db, "admin"))


@pytest.mark.usual(60)
@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _ in WRITES])
@pytest.mark.parametrize("attack", quick_first(2, ["another's token", "cross-site", "no token", "same-site", "origin"]))
def test_no_form_of_another_site_is_taken(method: str, path: str, attack: str, victim: tuple[Browser, str, str]):
    """The victim's browser sends its cookie along, and even then nothing changes."""
    browser, own, others = victim
    headers: dict[str, Any] = {
        "cross-site": {"Sec-Fetch-Site": "cross-site"},
        "same-site": {"Sec-Fetch-Site": "same-site"},
        "origin": {"Origin": "https://elsewhere.example.org"},
    }.get(attack, {"Sec-Fetch-Site": "same-origin"})
    token = {"no token": "", "another's token": others}.get(attack, own)
    answer = browser.ask(method, filled(path), data={"form": token, **FORMS.get(path, {})}, headers=headers)
    assert answer.status_code == 403
    assert browser.get("/p/small/settings/sessions").status_code == 200
