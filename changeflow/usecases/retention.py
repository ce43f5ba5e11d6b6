"""Retention: remove data about individual people when its period ends, by the rulepack `privacy`."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from changeflow.logs import log
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.people import closed_on
from changeflow.storage import accounts, erasure, jobs, ledger_pairs, pilots, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.kept_forms import KeptForms
from changeflow.usecases.ledger_comparison import tidy
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.moments import LONDON, local_day


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

    @property
    def is_any(self) -> bool:
        found = (
            self.links, self.words, self.comments, self.scores, self.contracts, self.calculations, self.ledgers
        )  # fmt: skip
        return any(found)

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
        }


def retain(*, db: str, now: datetime) -> tuple[Removed, ...]:
    """Remove data whose period has ended, in a transaction for each programme; a second run removes nothing more."""
    with read_scope(db) as session:
        names = versions.programme_ids(session)
    removed, state = [], MachineState(db)
    for name in names:
        with unit_of_work(Change(db=db, programme=name, actor=SYSTEM, now=now, on=local_day(now))) as work:
            removed.append(_retain(work))
            if removed[-1].is_any:
                erasure.owe(state)
    with session_scope(db) as session:
        log("retention", sessions=accounts.remove_ended(session, at=now))
    erasure.settle(state)
    tidy(db)
    KeptForms(db).remove_old(now)
    return tuple(removed)


def _retain(work: UnitOfWork) -> Removed:
    session, name, now, today = work.session, work.name, work.change.now, work.change.on
    packs = work.programme.rulepacks
    links = timedelta(days=packs.number("privacy", "links_kept_days", on=today))
    words = relativedelta(months=packs.number("privacy", "answers_kept_months", on=today))
    scores = relativedelta(months=packs.number("privacy", "scores_kept_months", on=today))
    contracts = relativedelta(months=packs.number("privacy", "contracts_kept_months", on=today))
    calculations = relativedelta(months=packs.number("privacy", "calculations_kept_months", on=today))
    ledgers = timedelta(days=packs.number("privacy", "ledgers_kept_days", on=today))
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
    )
    log("retention", **asdict(found))
    if found.comments or found.scores or found.contracts:
        versions.touch(session, name)
    if found.is_any:
        subject = f"links:{found.links} words:{found.words} scores:{found.scores} contracts:{found.contracts}"
        subject += f" comments:{found.comments}" if found.comments else ""
        subject += f" calculations:{found.calculations}" if found.calculations else ""
        subject += f" ledgers:{found.ledgers}" if found.ledgers else ""
        work.note("retention", subject, by=SYSTEM)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)
