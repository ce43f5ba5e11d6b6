"""One period's parallel run for a signed-in person: read it, explain its differences, accept rules."""

from dataclasses import dataclass
from decimal import Decimal

from changeflow.agenda import pilot_entries
from changeflow.agenda.criteria import policy_of
from changeflow.errors import UnknownThingError
from changeflow.pilots.entries import Entry, Explanation
from changeflow.pilots.marks import run_thing
from changeflow.pilots.runs import KeptVariance, MatchOutcome, RunSummary, latest_by_period
from changeflow.programme.definition import ServiceFile
from changeflow.programme.recording import service_named, service_subject
from changeflow.reports.ledger_pages import PairLine
from changeflow.reports.run_pages import (
    ContractRow,
    ExplanationLine,
    RuleLine,
    RunPage,
    contract_rows,
    explanation_lines,
    rule_lines,
    run_page,
)
from changeflow.storage import pilots
from changeflow.usecases.acts import mark_of
from changeflow.usecases.ledger_pairs import lines_for
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.pilot_records import record
from changeflow.usecases.unit_of_work import Change, UnitOfWork
from changeflow.usecases.visits import Visit
from changeflow.values.months import next_period
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as one person sees it."""

    page: RunPage
    contracts: tuple[ContractRow, ...] | None
    """Individual differences; None for people who may not see them."""
    are_gone: bool
    """Whether there were individual differences that are no longer kept."""
    is_in_full: bool
    """Whether contracts are named in full."""
    explanations: tuple[ExplanationLine, ...]
    rules: tuple[RuleLine, ...]
    may_explain: bool
    uploads: tuple[PairLine, ...]
    """Uploaded outputs of the month, for people who may compare them."""
    seen: str
    """The mark of the run and its explanations."""
    seen_next: str
    """The mark of the next period's run, to which rules apply."""


def run(visit: Visit, service: str, period: str, *, in_full: bool = False) -> RunView:
    """Return a period's run. The audit records each look at individual contracts, masked or not."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    found, summary = _run(visit, service, period)
    about = service_subject(visit.programme, service)
    sees_contracts, may_explain = visit.may(Action.READ_CONTRACTS, about), visit.may(Action.EXPLAIN_CONTRACTS, about)
    needed = visit.view("run-needed", lambda: clean_runs_needed(visit, service), service)
    page = visit.view("run", lambda: run_page(visit.programme, found, summary, needed=needed), service, period)
    rows: tuple[ContractRow, ...] | None = None
    if sees_contracts:
        visit.note_look(f"run:{service}:{period}" if in_full else f"run:{service}:{period}:masked")
        rows = contract_rows(kept_of(visit, service, period), in_full=in_full)
    entries = [e for e in visit.programme.facts.pilot if isinstance(e, Explanation) and e.service == service]
    return RunView(
        page=page,
        contracts=rows,
        are_gone=rows == () and bool(summary.unexplained or summary.missing or summary.extra or summary.duplicates),
        is_in_full=in_full and sees_contracts,
        explanations=tuple(explanation_lines(visit.programme, entries, period=period, with_contracts=sees_contracts)),
        rules=tuple(rule_lines(visit.programme, service, period)) if may_explain else (),
        may_explain=may_explain,
        uploads=tuple(line for line in lines_for(visit, service) or () if line.period == period),
        seen=mark_of(visit.programme, (run_thing(service, period),)),
        seen_next=mark_of(visit.programme, (run_thing(service, next_period(period)),)),
    )


def kept_of(visit: Visit, service: str, period: str) -> list[KeptVariance]:
    return pilots.latest_variances(visit.session, visit.name, service, period)


def clean_runs_needed(visit: Visit, service: str) -> int:
    """Return how many clean runs in a row a go-live of a service needs."""
    programme = visit.programme
    least = programme.rulepacks.number("payroll", "consecutive_clean_runs", on=programme.on)
    return max(int(least), policy_of(service_named(programme, service)).clean_runs)


def _run(visit: Visit, service: str, period: str) -> tuple[ServiceFile, RunSummary]:
    """Return a service and the latest run of a period; raise `UnknownThingError` if there is none."""
    known = {s.service: s for s in visit.programme.services}
    if service not in known:
        raise UnknownThingError("service", service)
    runs = {r.period: r for r in latest_by_period(visit.programme.facts.runs_of(service))}
    if period not in runs:
        raise UnknownThingError("run", f"{service} {period}")
    return known[service], runs[period]


def permit_explain(visit: Visit, service: str, period: str) -> None:
    """Raise unless there is such a run, and the person may explain its differences."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    _run(visit, service, period)
    visit.permit(Action.EXPLAIN_CONTRACTS, service_subject(visit.programme, service))


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenExplanation:
    """An explanation as someone fills it in: of one row of the list, or of an element within a range."""

    reason: str
    until: str | None
    row: int | None = None
    evidence: str = ""
    element: str = ""
    between: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """What an explanation covers."""

    differences: int
    """Unexplained differences among those that are kept."""


def explain_run(service: str, period: str, given: GivenExplanation, change: Change) -> Explained:
    """Record why amounts differ; it takes effect the next time the period is compared."""
    covered: list[int] = []

    def build(work: UnitOfWork, by: str) -> Entry:
        pilot_entries.check_run(work.programme, service, period)
        kept = pilots.latest_variances(work.session, work.name, service, period)
        one = _row_in(kept, given.row)
        between = given.between
        if one is not None:
            between = (one.difference, one.difference) if one.element else None
        element = given.element if one is None else one.element or one.outcome.value
        contract = one.contract if one is not None else None
        entry = Explanation(
            service=service, on=change.on, by=by, period=period, element=element, contract=contract,
            between=between, reason=given.reason, evidence=given.evidence,
            until=given.until if given.until != period else None,
        )  # fmt: skip
        covered.append(sum(_covers(entry, v) for v in kept))
        return entry

    record(Action.EXPLAIN_CONTRACTS, lambda programme: service_subject(programme, service), build, change)
    return Explained(covered[0])


def _row_in(kept: list[KeptVariance], row: int | None) -> KeptVariance | None:
    if row is None:
        return None
    if not 0 <= row < len(kept):
        raise UnknownThingError("difference", str(row))
    return kept[row]


def _covers(entry: Explanation, one: KeptVariance) -> bool:
    """Return whether an explanation is about an unexplained difference."""
    if one.outcome not in (MatchOutcome.UNEXPLAINED, MatchOutcome.MISSING, MatchOutcome.EXTRA):
        return False
    if entry.contract not in (None, one.contract) or entry.element.casefold() != (one.element or one.outcome.value):
        return False
    return entry.between is None or entry.between[0] <= one.difference <= entry.between[1]
