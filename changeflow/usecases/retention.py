"""Retention: remove data about individual people when its period ends, by the rulepack `privacy`."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from changeflow.errors import InputError
from changeflow.logs import log
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.people import closed_on
from changeflow.storage import accounts, data_requests, erasure, jobs, ledger_pairs, pilots, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.kept_forms import KeptForms
from changeflow.usecases.acts import StaleError
from changeflow.usecases.ledger_comparison import tidy
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.moments import LONDON, local_day
from changeflow.values.words import Action, RetentionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was removed from one programme."""

    programme: str
    links: int
    words: int
    """Answers whose text was removed; a record that they were given is kept."""
    comments: int
    """Comments on tasks whose text was removed."""
    scores: int
    """Assessments of individual people."""
    contracts: int
    """Differences and explanations of individual contracts; the totals of their runs are kept."""
    calculations: int
    """Results of calculations, which name people."""
    ledgers: int
    """Uploaded outputs of parallel runs, with their files."""
    requests: int = 0
    """Answered requests from people about their data."""

    @property
    def is_any(self) -> bool:
        return any(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind were removed, by the names in `reports.retention`."""
        return {name: value for name, value in asdict(self).items() if name != "programme"}

    @property
    def mark(self) -> str:
        """A short string that differs if other data would be removed."""
        return ".".join(map(str, self.counts.values()))

    def row(self) -> dict[str, object]:
        return {
            "programme": self.programme,
            "links": self.links,
            "answers' words": self.words,
            "comments": self.comments,
            "scores": self.scores,
            "contracts": self.contracts,
            "calculations": self.calculations,
            "uploaded ledgers": self.ledgers,
            "requests": self.requests,
        }


def retain(*, db: str, now: datetime) -> tuple[Removed, ...]:
    """Remove data whose period has ended, in a transaction for each programme; a second run removes nothing more."""
    with read_scope(db) as session:
        names = versions.programme_ids(session)
    removed, state = [], MachineState(db)
    for name in names:
        with unit_of_work(Change(db=db, programme=name, actor=SYSTEM, now=now, on=local_day(now))) as work:
            removed.append(_retain(work, by=SYSTEM))
            if removed[-1].is_any:
                erasure.owe(state)
    with session_scope(db) as session:
        log("retention", sessions=accounts.remove_ended(session, at=now))
    erasure.settle(state)
    tidy(db)
    KeptForms(db).remove_old(now)
    return tuple(removed)


def delete_now(reason: RetentionReason, change: Change, *, shown: str = "") -> Removed:
    """Remove one programme's data whose period has ended, before the next night; the audit records who, and why.

    `shown` is the mark of what the page said would be removed. Raise a `StaleError` if it is something else now, and
    an `InputError` if there is nothing to remove.
    """
    is_trial, state = change.guard is not None and change.guard.is_trial, MachineState(change.db)
    with unit_of_work(change) as work:
        found = _retain(work, by=work.permit(Action.DELETE_OLD_DATA), reason=reason)
        if not is_trial:
            if shown and shown != found.mark:
                raise StaleError("The data due to be deleted has changed since you checked.")
            if not found.is_any:
                raise InputError("No data is due to be deleted. No changes saved.")
            erasure.owe(state)
    if not is_trial:
        erasure.settle(state)
        tidy(change.db)
    return found


def _retain(work: UnitOfWork, *, by: str, reason: RetentionReason | None = None) -> Removed:
    session, name, now, today = work.session, work.name, work.change.now, work.change.on
    packs = work.programme.rulepacks
    links = timedelta(days=packs.number("privacy", "links_kept_days", on=today))
    words = relativedelta(months=packs.number("privacy", "answers_kept_months", on=today))
    scores = relativedelta(months=packs.number("privacy", "scores_kept_months", on=today))
    contracts = relativedelta(months=packs.number("privacy", "contracts_kept_months", on=today))
    calculations = relativedelta(months=packs.number("privacy", "calculations_kept_months", on=today))
    ledgers = timedelta(days=packs.number("privacy", "ledgers_kept_days", on=today))
    requests = relativedelta(months=packs.number("privacy", "requests_kept_months", on=today))
    closed = closed_on(work.programme)
    found = Removed(
        programme=name,
        links=erasure.remove_links(session, name, ended_before=now - links),
        words=erasure.remove_words(session, name, given_before=_midnight(today - words)),
        comments=erasure.remove_comments(session, name, given_before=_midnight(today - words)),
        scores=erasure.remove_scores(session, name) if closed is not None and closed + scores <= today else 0,
        contracts=pilots.remove_contracts(session, name, kept_before=_midnight(today - contracts)),
        calculations=jobs.remove_old_jobs(session, name, ended_before=_midnight(today - calculations)),
        ledgers=ledger_pairs.remove_pairs(session, name, uploaded_before=now - ledgers),
        requests=data_requests.remove_answered(session, name, answered_before=today - requests),
    )
    log("retention", **asdict(found))
    if found.comments or found.scores or found.contracts:
        versions.touch(session, name)
    if found.is_any:
        subject = f"links:{found.links} words:{found.words} scores:{found.scores} contracts:{found.contracts}"
        subject += f" comments:{found.comments}" if found.comments else ""
        subject += f" calculations:{found.calculations}" if found.calculations else ""
        subject += f" ledgers:{found.ledgers}" if found.ledgers else ""
        subject += f" requests:{found.requests}" if found.requests else ""
        subject += f" reason:{reason}" if reason is not None else ""
        work.note("retention", subject, by=by)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)
