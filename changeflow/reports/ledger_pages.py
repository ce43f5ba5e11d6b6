"""Outputs of a parallel run that someone uploads, as pages: which columns are compared, and what the result is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.runs import Coverage, MatchOutcome, Reconciliation, RunSummary, latest_by_period
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.reports.coverage import REASONS
from changeflow.reports.page_words import for_page
from changeflow.reports.run_pages import ElementLine, element_lines, element_name, verdict_of
from changeflow.reports.sro import RunLine, run_lines
from changeflow.values.moments import format_day
from changeflow.values.months import month_in_words, next_period

MONTHS_BACK = 15
"""How many months a run may be uploaded for, the current one included."""


class UploadedPair(Protocol):
    """What a page shows of an uploaded pair; see `storage.ledger_pairs`."""

    @property
    def id(self) -> int: ...
    @property
    def period(self) -> str: ...
    @property
    def old_name(self) -> str: ...
    @property
    def new_name(self) -> str: ...
    @property
    def identity_name(self) -> str: ...
    @property
    def old_decimal(self) -> str: ...
    @property
    def new_decimal(self) -> str: ...
    @property
    def by(self) -> str: ...


class FileProblem(Protocol):
    """One thing wrong in a file."""

    @property
    def where(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def asks_decimal(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """An uploaded pair in a list."""

    number: int
    period: str
    month: str
    who: str
    day: str
    state: str
    """How far its comparison has got; empty before it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPage:
    """The form to upload two outputs."""

    service: str
    name: str
    months: tuple[tuple[str, str], ...]
    """The months to choose from, as ids and names, newest first."""
    month: str
    """The month that is probably meant."""
    key: str
    """The columns that identify a contract."""
    elements: tuple[str, ...]
    """The elements that a tolerance names."""
    pairs: tuple[PairLine, ...]
    days: int
    """How many days files are kept at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnLine:
    """One column, and whether it is compared."""

    name: str
    use: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemLine:
    where: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """How many contracts had one outcome."""

    name: str
    contracts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPage:
    """An uploaded pair: its files, problems, columns and result, without individual contracts."""

    service: str
    name: str
    number: int
    period: str
    month: str
    files: tuple[str, ...]
    who: str
    day: str
    has_files: bool
    is_outdated: bool
    """Whether the month would be compared differently today, such as after an explanation."""
    problems: tuple[ProblemLine, ...]
    more_problems: int
    hides_problems: bool
    """Whether there are problems that the reader may not see, because they quote cells."""
    asks_decimal: tuple[str, ...]
    """The sides whose decimal mark must be chosen, or has been."""
    decimals: tuple[str, str]
    columns: tuple[ColumnLine, ...]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    verdict: str
    is_clean: bool
    outcomes: tuple[ResultLine, ...]
    elements: tuple[ElementLine, ...]
    hints: tuple[str, ...]
    saved: RunLine | None
    """The month's run that is saved."""
    is_saved: bool
    """Whether that run is this result."""
    days: int
    """How many days files are kept at most."""


def upload_page(
    service: ServiceFile,
    runs: Sequence[RunSummary],
    pairs: Sequence[PairLine],
    *,
    policy: ParallelRunPolicy,
    today: date,
    days: int,
) -> UploadPage:
    """Build the form's page. The month that is proposed follows the latest run, if it has begun."""
    months = months_until(today)
    latest = latest_by_period(runs)
    after = next_period(latest[-1].period) if latest else ""
    known = [period for period, _ in months]
    return UploadPage(
        service=service.service,
        name=service.name,
        months=months,
        month=after if after in known else known[0],
        key=" and ".join(policy.key),
        elements=tuple(element_name(t.element) for t in policy.tolerances),
        pairs=tuple(pairs),
        days=days,
    )


def months_until(today: date) -> tuple[tuple[str, str], ...]:
    """Return the months that someone may choose, newest first, as ids and names."""
    first, found = today.replace(day=1), list[tuple[str, str]]()
    for _ in range(MONTHS_BACK):
        found.append((f"{first:%Y-%m}", month_in_words(f"{first:%Y-%m}")))
        first = (first - timedelta(days=1)).replace(day=1)
    return tuple(found)


def pair_page(
    programme: Programme,
    service: ServiceFile,
    pair: UploadedPair,
    *,
    problems: Sequence[FileProblem],
    more_problems: int,
    result: Reconciliation | None,
    saved: RunSummary | None,
    is_saved: bool,
    is_outdated: bool,
    has_files: bool,
    sees_cells: bool,
    uploaded: date,
    today: date,
    days: int,
) -> PairPage:
    """Build a pair's page. `sees_cells`: whether the reader may see what quotes cells of the files."""
    run = result.summary(service=service.service, period=pair.period, on=today) if result is not None else None
    coverage = result.coverage if result is not None else None
    chosen = [side for side, mark in (("old", pair.old_decimal), ("new", pair.new_decimal)) if mark]
    asked = dict.fromkeys([*(p.asks_decimal for p in problems if p.asks_decimal), *chosen])
    return PairPage(
        service=service.service,
        name=service.name,
        number=pair.id,
        period=pair.period,
        month=month_in_words(pair.period),
        files=tuple(name for name in (pair.old_name, pair.new_name, pair.identity_name) if name),
        who=programme.person(pair.by),
        day=format_day(uploaded),
        has_files=has_files,
        is_outdated=is_outdated,
        problems=tuple(_problem(p) for p in problems) if sees_cells else (),
        more_problems=more_problems,
        hides_problems=bool(problems) and not sees_cells,
        asks_decimal=tuple(asked),
        decimals=(pair.old_decimal, pair.new_decimal),
        columns=tuple(column_lines(coverage)) if coverage is not None else (),
        doubts=tuple(for_page(doubt) for doubt in coverage.doubts) if coverage is not None else (),
        notes=tuple(for_page(note) for note in (*coverage.lines, *result.read_as)) if coverage and result else (),
        verdict=verdict_of(run) if run is not None else "",
        is_clean=run is not None and run.is_clean,
        outcomes=tuple(_outcomes(result)) if result is not None else (),
        elements=tuple(element_lines(run)) if run is not None else (),
        hints=tuple(f"{hint.what} {for_page(hint.remedy)}" for hint in result.id_hints) if result is not None else (),
        saved=next(iter(run_lines(service.name, [saved])), None) if saved is not None else None,
        is_saved=is_saved,
        days=days,
    )


def _problem(problem: FileProblem) -> ProblemLine:
    return ProblemLine(where=problem.where, what=problem.what, remedy=for_page(problem.remedy))


def column_lines(coverage: Coverage) -> Iterator[ColumnLine]:
    """Yield every column, those that are compared first."""
    for name in coverage.compared:
        why = ""
        if name in coverage.only_old:
            why = "Only the old output has it; the new one counts as 0.00."
        elif name in coverage.only_new:
            why = "Only the new output has it; the old one counts as 0.00."
        yield ColumnLine(name=element_name(name), use="compared", why=why)
    for entry in coverage.left_out:
        side = "" if entry.side == "both" else f"In the {entry.side} output: "
        why = for_page(REASONS.get(entry.reason, entry.reason))
        yield ColumnLine(name=element_name(entry.column), use="not compared", why=_sentence(f"{side}{why}"))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


_NAMES = {
    MatchOutcome.EQUAL: "Identical",
    MatchOutcome.WITHIN_TOLERANCE: "Within tolerance",
    MatchOutcome.EXPLAINED: "Explained",
    MatchOutcome.UNEXPLAINED: "Unexplained",
    MatchOutcome.MISSING: "Only in the old system",
    MatchOutcome.EXTRA: "Only in the new system",
    MatchOutcome.DUPLICATE: "Listed more than once",
}


def _outcomes(result: Reconciliation) -> Iterator[ResultLine]:
    for outcome, name in _NAMES.items():
        yield ResultLine(name=name, contracts=result.count(outcome))
