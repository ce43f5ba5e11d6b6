"""One period's parallel run as a page: totals for everyone, and contracts for those who may see them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from changeflow.pilots.entries import Explanation
from changeflow.pilots.issues import ProposedRule, proposed_rules
from changeflow.pilots.runs import KeptVariance, MatchOutcome, RunSummary, consecutive_clean, latest_by_period
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.reports.coverage import SHORT, coverage_lines
from changeflow.reports.go_no_go import Bars, draw_convergence
from changeflow.reports.pilots import OUTCOMES, masked
from changeflow.reports.sro import RunLine, run_lines
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.months import month_in_words, next_period

ALONE = {"missing": "Only in the old system", "extra": "Only in the new system"}
"""The two kinds of contract in one system only, which an explanation may name like an element."""
MONTHS = 12
"""For how many months after its own an explanation may count."""
_SHOWN_FIRST = (MatchOutcome.UNEXPLAINED, MatchOutcome.MISSING, MatchOutcome.EXTRA, MatchOutcome.DUPLICATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementLine:
    """The differing contracts of one element, by class."""

    element: str
    name: str
    within: int
    explained: int
    unexplained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRow:
    """A difference of one contract."""

    row: int
    """Its place among the differences that are kept."""
    contract: str
    """Masked, unless the reader asked for it in full."""
    what: str
    """The element that differs, or which side it is on."""
    old: str
    new: str
    difference: str
    state: str
    """`unexplained` or `explained`."""
    reason: str
    can_explain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationLine:
    """An explanation that counts for the period."""

    what: str
    reason: str
    by: str
    until: str
    """The last month for which it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """A rule that earlier explanations suggest."""

    id: str
    words: str
    month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Everything about a run that is not about one contract."""

    service: str
    name: str
    line: RunLine
    verdict: str
    series: str
    picture: Bars | None
    runs: tuple[RunLine, ...]
    """The latest run of each period, in order: the numbers of the picture."""
    elements: tuple[ElementLine, ...]
    coverage: tuple[str, ...]
    to_explain: tuple[tuple[str, str], ...]
    """The elements with something unexplained, as ids and names."""
    months: tuple[tuple[str, str], ...]
    """The months up to which an explanation may count, as ids and names."""


def run_page(programme: Programme, service: ServiceFile, run: RunSummary, *, needed: int) -> RunPage:
    """Build a run's page; `needed` is the number of clean runs in a row before a go-live."""
    series = latest_by_period(programme.facts.runs_of(service.service))
    lines = tuple(run_lines(service.name, series))
    clean = consecutive_clean(series, on=programme.on)
    elements = tuple(element_lines(run))
    alone = [name for name, count in (("missing", run.missing), ("extra", run.extra)) if count]
    return RunPage(
        service=service.service,
        name=service.name,
        line=next(line for line in lines if line.period == run.period),
        verdict=verdict_of(run),
        series=f"{counted(clean, 'clean run')} in a row; {needed} needed before go-live.",
        picture=draw_convergence(series),
        runs=lines,
        elements=elements,
        coverage=tuple(coverage_lines(run)),
        to_explain=(
            *((e.element, e.name) for e in elements if e.unexplained),
            *((name, ALONE[name]) for name in alone),
        ),
        months=tuple(_months(run.period)),
    )


def verdict_of(run: RunSummary) -> str:
    """Say whether a run is clean and, if not, what stops it."""
    if run.is_clean:
        return f"The run is clean: {counted(run.compared, 'contract')} compared, and nothing is unexplained."
    differing = "with an unexplained difference" if run.unexplained == 1 else "with unexplained differences"
    faults = [
        (run.unexplained, differing),
        (run.missing, "only in the old system"),
        (run.extra, "only in the new system"),
        (run.duplicates, "listed more than once"),
    ]
    found = [f"{counted(count, 'contract')} {what}" for count, what in faults if count]
    if found:
        return f"The run is not clean: {', '.join(found)}."
    return "The run is not clean, because of what was compared. See “What was compared”."


def element_lines(run: RunSummary) -> Iterator[ElementLine]:
    """Yield the elements that differ for any contract, the most unexplained first."""
    found = [
        ElementLine(
            element=element,
            name=element_name(element),
            within=classes.get("within_tolerance", 0),
            explained=classes.get("explained", 0),
            unexplained=classes.get("unexplained", 0),
        )
        for element, classes in run.cells.items()
        if element not in ALONE
    ]
    yield from sorted(found, key=lambda e: (-e.unexplained, -e.explained, e.name))


def element_name(element: str) -> str:
    name = ALONE.get(element) or SHORT.get(element, element)
    return f"{name[:1].upper()}{name[1:]}"


def _months(period: str) -> Iterator[tuple[str, str]]:
    for _ in range(MONTHS + 1):
        yield period, month_in_words(period)
        period = next_period(period)


def contract_rows(kept: Sequence[KeptVariance], *, in_full: bool) -> tuple[ContractRow, ...]:
    """Describe the differences that are kept: those to explain first, then by effect on pay, the largest first."""
    rows = [_row(place, one, in_full=in_full) for place, one in enumerate(kept)]
    order = {outcome: n for n, outcome in enumerate(_SHOWN_FIRST)}
    return tuple(sorted(rows, key=lambda r: (order.get(kept[r.row].outcome, len(order)), r.row)))


def _row(place: int, one: KeptVariance, *, in_full: bool) -> ContractRow:
    is_alone = not one.element
    return ContractRow(
        row=place,
        contract=one.contract if in_full else masked(one.contract),
        what=OUTCOMES[one.outcome].capitalize() if is_alone else element_name(one.element),
        old="" if is_alone else amount(one.old),
        new="" if is_alone else amount(one.new),
        difference="" if is_alone else f"{one.difference:+,}",
        state="explained" if one.outcome is MatchOutcome.EXPLAINED else "unexplained",
        reason=one.reason,
        can_explain=one.outcome in (MatchOutcome.UNEXPLAINED, MatchOutcome.MISSING, MatchOutcome.EXTRA),
    )


def amount(value: Decimal | None) -> str:
    return "" if value is None else f"{value:,}"


def explanation_lines(
    programme: Programme, entries: Iterable[Explanation], *, period: str, with_contracts: bool
) -> Iterator[ExplanationLine]:
    """Yield the explanations that count for a period; those of one contract only for readers who may see contracts."""
    for e in entries:
        if period not in e.periods or (e.contract is not None and not with_contracts):
            continue
        where = f"contract {masked(e.contract)}" if e.contract else "a contract" if e.contract is not None else ""
        yield ExplanationLine(
            what=f"{element_name(e.element)}{f', {where}' if where else ''}{_between(e.between)}",
            reason=e.reason,
            by=f"{programme.person(e.by)}, {format_day(e.on)}",
            until=month_in_words(e.periods[-1]),
        )


def _between(span: tuple[Decimal, Decimal] | None) -> str:
    if span is None:
        return ""
    low, high = span
    return f": {low:+,}" if low == high else f": {low:+,} to {high:+,}"


def rule_lines(programme: Programme, service: str, period: str) -> Iterator[RuleLine]:
    """Yield the rules that a period's explanations suggest for the next one, and that no one has accepted."""
    for rule in proposed_rules(programme.facts.pilot, service):
        if rule.seen_in != period:
            continue
        yield RuleLine(id=rule.id, words=_rule_in_words(rule), month=month_in_words(rule.period))


def _rule_in_words(rule: ProposedRule) -> str:
    contracts, seen = counted(rule.contracts, "contract"), month_in_words(rule.seen_in)
    return f"{element_name(rule.element)}{_between(rule.between)}. It explained {contracts} in {seen}: {rule.reason}"
