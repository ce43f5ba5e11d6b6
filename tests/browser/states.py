"""States of pages that take more than opening an address: answers, empty programmes, and what went wrong."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from changeflow.errors import ConflictError, DatabaseBusyError, NotAllowedError
from changeflow.intake.editing.kinds import edits_from
from changeflow.storage import answers
from changeflow.storage.accounts import SignIn
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import session_scope
from changeflow.storage.jobs import JobState
from changeflow.usecases import accounts, jobs
from changeflow.usecases.draft_odds import ask_draft_odds, work_out_draft_odds
from changeflow.usecases.drafts import save_draft
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.messages import digest_of
from changeflow.usecases.unit_of_work import Change
from changeflow.web.errors import FORGED, MISSING, trouble_of
from changeflow.web.responses import (
    FILE_TOO_LARGE,
    FULL,
    HEADERS_TOO_LARGE,
    NOT_FOUND,
    TOO_LARGE,
    TOO_SLOW,
    Trouble,
    failed,
    of_database,
    too_many,
    wrong_method,
)
from tests.browser.sample import EMPTY, MANAGER, NOW, OFFICE, PROGRAMME, database_in

P = f"/p/{EMPTY}"


def add_drafts(home: Path) -> None:
    """Store a draft that fits the plan, and one with a change that has been made since."""
    change = Change(db=database_in(home), programme=PROGRAMME, actor=OFFICE, now=NOW, on=NOW.date())
    moved = edits_from([
        {"kind": "move-school", "school": "larkhill", "to_wave": "w4"},
        {"kind": "rename-wave", "wave": "w4", "name": "last wave"},
    ])  # fmt: skip
    gone = edits_from([{"kind": "move-school", "school": "larkhill", "from_wave": "w2", "to_wave": "w4"}])
    longer = edits_from([
        {"kind": "set-estimate", "task": "finance/system-built", "estimate": ["20d", "30d", "60d"]},
        {"kind": "set-duration", "task": "finance/system-built", "duration": "30d"},
        {"kind": "set-deadline", "task": "programme/payroll-live", "deadline": "2028-02-01"},
    ])  # fmt: skip
    drafts = (("Lark Hill later", moved), ("Lark Hill from wave 2", gone), ("Finance takes less time", longer))
    for name, edits in drafts:
        save_draft(PlanDraft(programme=PROGRAMME, base=1, edits=edits, name=name), change)
    work_out_odds(database_in(home))


def work_out_odds(db: str) -> None:
    """Work out the likelihood of the first draft's dates, as the worker does; that of the third is still waiting."""
    token = accounts.sign_in_here(PROGRAMME, OFFICE, SignIn.SANDBOX, kind="", db=db, now=NOW).token
    job = ask_draft_odds(token, PROGRAMME, 1, db=db, now=NOW)
    data = work_out_draft_odds(PROGRAMME, job.id, db=db, now=NOW, say=lambda _: None)
    jobs.finish(job.id, JobState.DONE, db=db, now=NOW, data=data)
    ask_draft_odds(token, PROGRAMME, 3, db=db, now=NOW)


EMPTY_PAGES = (
    P,
    f"{P}/me",
    f"{P}/decisions",
    f"{P}/schools",
    f"{P}/schools?only=late",
    f"{P}/schools/ash",
    f"{P}/waves",
    f"{P}/waves/proposals",
    f"{P}/plan",
    f"{P}/plan?only=late",
    f"{P}/week",
    f"{P}/people",
    f"{P}/people/training",
    f"{P}/people/checkpoints",
    f"{P}/people/support",
    f"{P}/people/saturation",
    f"{P}/people/messages",
    f"{P}/pilots",
    f"{P}/pilots/payroll",
    f"{P}/rules",
    f"{P}/baselines",
    f"{P}/announcements",
    f"{P}/reports",
    f"{P}/calculations",
    f"{P}/exports",
    f"{P}/recovery",
    f"{P}/record/facts",
    f"{P}/record?until=2020-01-01",
    f"{P}/record/versions/1",
    f"{P}/settings/people",
    f"{P}/settings/data-protection",
    f"{P}/settings/tokens",
)
"""Pages of a programme in which nothing has happened."""
REFUSED = NotAllowedError(
    "The sponsor decides. Ask the Chief Executive.", programme=EMPTY, actor="head", action="decide"
)
TROUBLES: Mapping[str, Trouble] = {
    f"{P}/forbidden": trouble_of(REFUSED, changes=True),
    f"{P}/forged": FORGED,
    f"{P}/missing": MISSING,
    f"{P}/stale": trouble_of(ConflictError("The Programme Manager saved a change on 20 May 2027 at 09:00.")),
    f"{P}/large": FILE_TOO_LARGE,
    f"{P}/often": too_many(60),
    f"{P}/failed": failed("AB12CD34"),
    f"{P}/busy": of_database(DatabaseBusyError()),
    "/a/wrong": wrong_method("GET, POST"),
    "/a/missing": NOT_FOUND,
    "/a/used": Trouble(410, "This link does not work", "You have answered already."),
    "/a/slow": TOO_SLOW,
    "/a/long": TOO_LARGE,
    "/a/headers": HEADERS_TOO_LARGE,
    "/a/full": FULL,
}
"""Pages that say what went wrong, by an address that they could be the answer to."""


ASKED: Mapping[str, str] = {
    "t" * 43: "payroll/w2/people-awareness",
    "d" * 43: "finance/pilot/go-live",
    "g" * 43: "payroll/pilot/go-no-go",
    "e" * 43: "payroll/w2/go-no-go#evidence",
    "f" * 43: "payroll/w2/go-live#feedback",
    "c" * 43: "payroll/w2/go-live#comment",
    "r" * 43: "round/1",
    "s" * 43: "sponsor",
    "v" * 43: "conversation/payroll-manager",
}
"""What links in messages ask, one of each kind, by their token. Finishing the second delays other go-lives."""


def add_answer_links(home: Path) -> None:
    own = {"programme": PROGRAMME, "person": MANAGER, "due_on": NOW.date(), "expires_at": NOW + timedelta(days=9)}
    links = {
        digest_of(token): AnswerLink(action="answer", subject=subject, used_at=None, revoked_at=None, **own)
        for token, subject in ASKED.items()
    }
    with session_scope(database_in(home)) as session:
        answers.add_links(session, links, at=NOW)


def press(name: str) -> Callable[[Any], None]:
    """Press a button, and wait for the page that it leads to."""

    def go(page: Any) -> None:
        with page.expect_navigation():
            page.get_by_role("button", name=name, exact=True).first.click()

    return go


def name_no_day(page: Any) -> None:
    """Change the date on the page of thanks, but enter none."""
    page.locator("summary", has_text="Change the date").click()
    press("Save this date")(page)


def promise_no_day(page: Any) -> None:
    page.locator("summary", has_text="Not yet").click()
    press("Remind me then")(page)
