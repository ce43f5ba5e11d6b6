"""Evidence about tasks, decisions and checkpoints: a link, or a file that is kept in the database.

The row of a file has its digest, which the audit seals, so a file that someone changed in the database is noticed.
"""

import hashlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.intake.evidence_files import check_evidence_file
from changeflow.programme.recording import task_subject
from changeflow.storage import evidence
from changeflow.storage.database import read_scope
from changeflow.usecases.plan_pages import permit_task
from changeflow.usecases.recorded import facts_now, withdraw_fact
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day, local_day
from changeflow.values.problem import pick
from changeflow.values.words import Action

LONGEST_TITLE, LONGEST_LINK = 200, 1000
BY_WHO_ADDED = "The person who added it withdrew it."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvidence:
    """What someone adds: a title, and either a link or a file."""

    title: str
    link: str = ""
    name: str = ""
    """The file's name."""
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """A piece of evidence as a page shows it."""

    id: str
    number: int
    title: str
    link: str
    """Empty for a file."""
    name: str
    size: str
    """Of a file, such as `1.2 MB`."""
    who: str
    day: str
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file to download."""

    name: str
    media: str
    content: bytes


def evidence_on(visit: Visit, task: TaskId) -> tuple[EvidenceView, ...]:
    """Return the evidence about a task, the latest first; none for people who may not read recorded facts."""
    return evidence_by_task(visit).get(task, ())


def evidence_by_task(visit: Visit) -> dict[TaskId, tuple[EvidenceView, ...]]:
    """Return the evidence about every task that has any, as `evidence_on` does."""
    if not visit.may(Action.READ_FACTS):
        return {}
    known = visit.view("evidence", lambda: facts_now(visit.session, visit.name, "evidence"))
    me, person = visit.visitor.person, visit.programme.person
    found: dict[TaskId, tuple[EvidenceView, ...]] = {}
    for f in reversed(known):
        if f.withdrawn is not None:
            continue
        piece = EvidenceView(
            id=f.id,
            number=f.number,
            title=f.values["title"],
            link=f.values["link"],
            name=f.values["name"],
            size=_size(f.values["size"]),
            who=person(f.by),
            day=format_day(local_day(f.at)),
            may_withdraw=f.by == me,
        )
        found[f.values["task"]] = (*found.get(f.values["task"], ()), piece)
    return found


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{max(1, round(count / 1000))} kB"


def add_evidence(task: TaskId, given: NewEvidence, change: Change) -> None:
    """Record evidence about a task. The same link or file about the same task is not recorded again."""
    title, link = " ".join(given.title.split()), given.link.strip()
    if bool(link) == bool(given.name):
        raise InputError("Give either a link or a file.")
    if len(title) > LONGEST_TITLE:
        raise InputError(f"The title has {len(title)} characters. Shorten it to {LONGEST_TITLE}.")
    if link:
        _check_link(link)
    media = check_evidence_file(given.name, given.content) if given.name else ""
    digest = hashlib.sha256(given.content).hexdigest() if given.name else ""
    with unit_of_work(change) as work:
        found = pick("task", task, work.programme.roadmap.tasks)
        by = work.permit(Action.ADD_EVIDENCE, task_subject(found))
        new = evidence.EvidencePiece(
            task=task,
            title=title or given.name or link,
            link=link,
            name=given.name,
            media=media,
            sha256=digest,
            size=len(given.content),
        )
        if evidence.add(work.session, work.name, new, given.content, at=change.now, by=by):
            work.record("evidence", task, by=by)


def _check_link(link: str) -> None:
    if len(link) > LONGEST_LINK:
        raise InputError(f"The link has {len(link)} characters. Shorten it to {LONGEST_LINK}.")
    try:
        parts = urlsplit(link)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_good = False
    if not is_good or any(c.isspace() for c in link):
        raise InputError("This link cannot be used. Copy the whole address of the page, beginning with https://.")


def evidence_file(visit: Visit, number: int) -> EvidenceFile:
    """Return a file of evidence; the audit records who opened it. One that the person may not see is unknown."""
    known = {f.number: f for f in facts_now(visit.session, visit.name, "evidence")}
    fact = known.get(number)
    if fact is None or fact.withdrawn is not None or not fact.values["sha256"]:
        raise UnknownThingError("file", str(number))
    permit_task(visit, fact.values["task"], Action.READ_FACTS)
    content = evidence.content_of(visit.session, visit.name, fact.values["sha256"])
    if content is None or hashlib.sha256(content).hexdigest() != fact.values["sha256"]:
        raise CheckFailedError("This file was changed or removed in the database. Tell the programme office.")
    visit.note_look(f"evidence:{fact.values['task']}")
    return EvidenceFile(fact.values["name"], fact.values["media"], content)


def withdraw_evidence(task: TaskId, piece: str, change: Change) -> None:
    """Withdraw evidence about a task; a file is deleted unless other evidence has the same one."""
    with read_scope(change.db) as session:
        known = {f.id: f for f in facts_now(session, str(change.programme), "evidence")}
    found = known.get(piece)
    if found is None or found.values["task"] != task:
        raise UnknownThingError("piece of evidence", piece)
    withdraw_fact(piece, BY_WHO_ADDED, change)
