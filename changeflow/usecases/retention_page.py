"""How long data is kept, with the source of each period, and when the next deletion is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta

from changeflow.programme.people import closed_on
from changeflow.storage import retention_dates
from changeflow.usecases.retention import Removed
from changeflow.usecases.visits import Visit
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action, RetentionReason

PACK = "privacy"


@dataclass(frozen=True, slots=True)
class KindKept:
    """A kind of data that is kept for a time."""

    what: str
    since: str
    """The day from which the time is counted, in words."""
    key: str
    """Its entry in the rulepack, which ends with the unit."""
    count: str
    """The word for one item, to count with: “link”."""


KINDS: dict[str, KindKept] = {
    "links": KindKept("Links in messages", "their last day", "links_kept_days", "link"),
    "words": KindKept("The text of answers to messages", "the answer", "answers_kept_months", "answer"),
    "comments": KindKept("The text of comments on tasks", "the comment", "answers_kept_months", "comment"),
    "scores": KindKept("People’s assessment scores", "the programme’s closure", "scores_kept_months", "score"),
    "contracts": KindKept(
        "Differences in the pay of individual contracts", "the parallel run", "contracts_kept_months", "contract"
    ),
    "calculations": KindKept(
        "Results of calculations", "the end of the calculation", "calculations_kept_months", "calculation"
    ),
    "ledgers": KindKept("Uploaded outputs of parallel runs", "the upload", "ledgers_kept_days", "upload"),
    "requests": KindKept("People’s requests about their data", "the answer", "requests_kept_months", "request"),
}
"""The kinds, by the names that `Removed` has."""
REASONS: dict[RetentionReason, str] = {
    RetentionReason.LATE: "The nightly deletion has not run",
    RetentionReason.ASKED: "Someone has asked us to delete it",
    RetentionReason.COPY: "We are about to copy or hand over the database",
    RetentionReason.TEST: "To check that deletion works",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """How long one kind of data is kept."""

    what: str
    period: str
    source: str
    next: str
    """When the oldest of it is due to be deleted."""
    is_late: bool
    """Whether it should have been deleted before today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPage:
    """How long data is kept."""

    lines: tuple[KeptLine, ...]
    is_late: bool


def permit_retention(visit: Visit) -> None:
    visit.permit(Action.DELETE_OLD_DATA)


def retention_page(visit: Visit) -> RetentionPage:
    """Return how long each kind of data is kept, and when the next deletion is due."""
    permit_retention(visit)
    lines = tuple(_lines(visit))
    return RetentionPage(lines=lines, is_late=any(line.is_late for line in lines))


def _lines(visit: Visit) -> Iterator[KeptLine]:
    first, today = retention_dates.oldest(visit.session, visit.name), visit.today
    for name, kind in KINDS.items():
        entry = visit.programme.rulepacks.entry(PACK, kind.key, on=today)
        number, unit = int(entry.value), "day" if kind.key.endswith("days") else "month"
        kept = timedelta(days=number) if unit == "day" else relativedelta(months=number)
        begun = closed_on(visit.programme) if name == "scores" and first[name] is not None else first[name]
        due = None if begun is None else _day(begun) + kept + timedelta(days=name != "scores")
        yield KeptLine(
            what=kind.what,
            period=f"{counted(number, unit)} from {kind.since}",
            source=entry.source,
            next=_next(due, today, is_open=name == "scores" and first[name] is not None),
            is_late=due is not None and due < today,
        )


def _day(moment: datetime | date) -> date:
    return local_day(moment) if isinstance(moment, datetime) else moment


def _next(due: date | None, today: date, *, is_open: bool) -> str:
    if due is None:
        return "not before the programme is closed" if is_open else "nothing is stored"
    if due < today:
        return f"was due on {format_day(due)}"
    return "tonight" if due == today else f"on {format_day(due)}"


def removed_lines(removed: Removed) -> list[str]:
    """Return what is removed, by kind, with its number; empty if nothing is."""
    return [
        f"{KINDS[name].what}: {counted(count, KINDS[name].count)}" for name, count in removed.counts.items() if count
    ]
