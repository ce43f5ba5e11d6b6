"""How people act in a year that is played through: by the forms of the pages, or by the use cases of the commands."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any, Protocol

import httpx
from lxml import html

from changeflow.adkar.elements import Element
from changeflow.errors import ChangeflowError
from changeflow.programme.facts import Facts
from changeflow.storage.jobs import JobState
from changeflow.usecases import jobs, link_answers
from changeflow.usecases.answer_causes import CauseNeededError
from changeflow.usecases.answer_recording import Given
from changeflow.usecases.ledger_comparison import compare_pair
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change, ChangeChecks, UnitOfWork
from changeflow.values.moments import local_day
from tests.web.visiting import Browser, form_token, provider_token

MARKS = ("seen", "effect", "checked")
"""The fields of a form that no one types."""
CAUSE = "It could not wait"
"""Why dates move, where someone asks."""
EVERY, TRIED = 3, 4
"""One in this many answers goes through the page behind the link; this many refused acts of a kind are tried there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person does: the form that they send, and the use case of the command that does the same."""

    kind: str
    person: str
    page: str
    """The path of the form's page, below the programme's."""
    fields: Mapping[str, str]
    command: Callable[[Change], object]
    to: str = ""
    """Where the form goes, if not to its own page."""
    is_plain: bool = False
    """Whether the form is saved without showing its effect first."""
    ledgers: Mapping[str, str] = field(default_factory=dict)
    """The texts of files to upload and compare before the form is on the page, by their fields."""


class Hands(Protocol):
    """Does what people decide to do."""

    made: Counter[str]
    """How many acts of each kind were made."""

    def answer(self, token: str, given: Given) -> bool:
        """Answer by the link in a message; return whether the answer was taken."""
        ...

    def act(self, act: Act) -> bool:
        """Do something; return whether it was accepted."""
        ...


@dataclass
class Commands:
    """Acts by the use cases of the commands."""

    db: str
    programme: str
    clock: Callable[[], datetime]
    made: Counter[str] = field(default_factory=Counter)

    def answer(self, token: str, given: Given) -> bool:
        try:
            try:
                link_answers.answer(token, given, db=self.db, now=self.clock())
            except CauseNeededError:
                link_answers.answer(token, replace(given, cause=CAUSE), db=self.db, now=self.clock())
        except ChangeflowError:
            return False  # an answer that is refused is an answer not given
        return True

    def act(self, act: Act) -> bool:
        try:
            act.command(self.change_of(act))
        except ChangeflowError:
            return False
        self.made[act.kind] += 1
        return True

    def change_of(self, act: Act) -> Change:
        now = self.clock()
        return Change(db=self.db, programme=self.programme, actor=act.person, now=now, on=local_day(now))


@dataclass
class _Rehearsal(ChangeChecks):
    """Undoes a change, and keeps what it would have led to."""

    is_trial = True
    after: Any = None

    def end(self, work: UnitOfWork) -> None:
        self.after = work.after


@dataclass
class Pages(Commands):
    """Acts by the forms of the pages, as a browser sends them.

    Each act is first rehearsed by the command's use case: the page must then accept what the command accepts, and leave
    the same facts and the same definition.
    """

    def __post_init__(self) -> None:
        self.answers, self.refused = 0, Counter[str]()
        self.browser = Browser(self.db, clock=self.clock)
        self.here = f"/p/{self.programme}"
        self._sessions: dict[tuple[str, date], str] = {}

    def answer(self, token: str, given: Given) -> bool:
        self.answers += 1
        if self.answers % EVERY:
            return super().answer(token, given)
        fields = {"answer": given.kind.value, "text": given.text, "to": given.to or ""}
        fields |= {"until": given.until.isoformat() if given.until else ""}
        fields |= {element.value: str(score) for element in Element if (score := given.scores.get(element))}
        answered = self.browser.ask("POST", f"/a/{token}", data=fields)
        if answered.status_code in (409, 422) and 'name="cause"' in answered.text:
            answered = self.browser.ask("POST", f"/a/{token}", data={**fields, "cause": CAUSE})
        assert answered.status_code in (200, 404, 410, 422), answered.text
        return answered.status_code == 200

    def act(self, act: Act) -> bool:
        if act.kind == "decision" and self.made[act.kind] % 3:
            return super().act(act)  # the page of a decision weighs all its evidence again, so a third is enough
        rehearsal = _Rehearsal()
        try:
            act.command(replace(self.change_of(act), guard=rehearsal))
        except ChangeflowError:
            self.refused[act.kind] += 1
            if self.refused[act.kind] > TRIED:
                return False
            assert not self._send(act), f"the page accepts what the command refuses: {act}"
            return False
        assert self._send(act), f"the page refuses what the command accepts: {act}"
        after = stored_on(self.programme, db=self.db, on=local_day(self.clock()))
        expected = rehearsal.after
        assert _differences(after.programme.facts, expected.programme.facts) == {}, act
        assert after.version.definition == expected.version.definition, act
        self.made[act.kind] += 1
        return True

    def _send(self, act: Act) -> bool:
        """Fill in a form, check its effect and save; return whether it was saved."""
        self._sign_in(act.person)
        page_at, to = f"{self.here}{act.page}", f"{self.here}{act.to or act.page}"
        if act.ledgers:
            page_at = to = self._uploaded(act)
        page = self.browser.get(page_at)
        if page.status_code != 200:
            return False
        answer = self.browser.send(to, page, **marks_in(page), **act.fields)
        if act.is_plain or answer.status_code != 200:
            return answer.status_code == 303
        saved = self.browser.send(to, answer, step="save", **marks_in(answer), **act.fields)
        if saved.status_code == 422 and 'name="cause"' in saved.text:
            saved = self.browser.send(to, saved, step="save", **marks_in(saved), **act.fields, cause=CAUSE)
        assert saved.status_code == 303, f"{act}: {saved.status_code} {saved.text}"
        return True

    def _sign_in(self, person: str) -> None:
        now = self.clock()
        key = person, now.date()
        if key not in self._sessions:
            self._sessions = {key: provider_token(self.db, person, now=now)}
        self.browser.become(self._sessions[key])

    def _uploaded(self, act: Act) -> str:
        """Upload two ledgers and compare them, as the site's worker does; return the path of the result."""
        token = form_token(self.browser.get(f"{self.here}/settings/sessions"))
        files = {side: (f"{side}.csv", text.encode()) for side, text in act.ledgers.items()}
        sent = self.browser.ask(
            "POST", f"{self.here}{act.page}", data={"form": token, "period": act.fields["period"]}, files=files,
            headers={"Sec-Fetch-Site": "same-origin"},
        )  # fmt: skip
        assert sent.status_code == 303, sent.text
        now = self.clock()
        while (job := jobs.claim(db=self.db, now=now)) is not None:
            compare_pair(job.programme, int(job.subject), db=self.db, on=local_day(now), say=lambda _: None)
            jobs.finish(job.id, JobState.DONE, db=self.db, now=now)
        return sent.headers["location"]


def _differences(left: Facts, right: Facts) -> dict[str, tuple[object, object]]:
    """Return what differs; reasons that a page asks for in addition are comments."""
    pairs = {f.name: (getattr(left, f.name), getattr(right, f.name)) for f in fields(left) if f.name != "comments"}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def marks_in(page: httpx.Response) -> dict[str, str]:
    """Return the fields of a page's form that tell what its reader has seen."""
    fields = html.fromstring(page.text).xpath("//main//input[@type='hidden']")
    return {f.get("name"): f.get("value") for f in fields if f.get("name", "").startswith(MARKS)}
