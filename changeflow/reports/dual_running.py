"""Dual running of a wave: how long, at what cost, and which system files meanwhile."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from changeflow.agenda.criteria import policy_of
from changeflow.calendar.extent import ONE_DAY
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.pace import PAY_PERIODS
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, minute_of
from changeflow.values.months import month_in_words
from changeflow.values.words import Kind


def dual_running(
    programme: Programme, gate: Task, if_go: Mapping[str, Dates], if_no: Mapping[str, Dates]
) -> Iterator[str]:
    """Yield how long a gate's wave runs both systems with each answer, and the cost; both run until go-live."""
    service = programme.service(gate.service or "")
    if not service.assurance.runs_in_parallel:
        yield f"A test pack replaces parallel runs. Reason: {service.assurance.rationale.rstrip('.')}."
        return
    runs = [t for t in programme.tasks(kind=Kind.PARALLEL_RUN, service=service.service) if t.schools & gate.schools]
    if not runs:
        return
    first = min(programme.days_of(t.id)[0] for t in runs)
    least = max(programme.days_of(t.id)[1] for t in runs)
    forecast = {t.id: Dates(programme.timed(t.id).early_start, 0) for t in _lives(programme, gate)}
    ends = [
        max(least, day - ONE_DAY)
        for dates in (if_go or forecast, if_no)
        if (day := _goes_live(programme, gate, dates)) is not None
    ]
    yield from _how_long(programme, first, ends or [least], policy_of(service).cost_a_period)
    if (planned := policy_of(service).ends) is not None:
        yield f"Dual running is planned to end by {format_day(planned)} for all waves."


def dual_running_costs(programme: Programme) -> Iterator[tuple[str, int, Decimal]]:
    """Yield, for each service with a cost of dual running: its id, the pay periods of all its waves, and the total."""
    for service in programme.services:
        price = policy_of(service).cost_a_period
        if not service.assurance.runs_in_parallel or not price:
            continue
        waves: dict[str | None, list[Task]] = {}
        for live in programme.tasks(kind=Kind.GO_LIVE, service=service.service):
            waves.setdefault(live.wave, []).append(live)
        if count := sum(_periods_of(programme, service.service, lives) for lives in waves.values()):
            yield service.service, count, price * count


def _periods_of(programme: Programme, service: str, lives: list[Task]) -> int:
    """Count the pay periods from a wave's first parallel run to the day before its last go-live."""
    schools = frozenset[str]().union(*(live.schools for live in lives))
    runs = [t for t in programme.tasks(kind=Kind.PARALLEL_RUN, service=service) if t.schools & schools]
    if not runs:
        return 0
    first = min(programme.days_of(t.id)[0] for t in runs)
    least = max(programme.days_of(t.id)[1] for t in runs)
    live_day = max(day_of(programme.timed(live.id).early_start) for live in lives)
    return _periods(programme, first, max(least, live_day - ONE_DAY))


def _how_long(programme: Programme, first: date, ends: list[date], price: Decimal | None) -> Iterator[str]:
    counts = [_periods(programme, first, end) for end in ends]
    until = [f"{format_day(end)}{_words(count)}" for end, count in zip(ends, counts, strict=True)]
    since, both = format_day(first), "The old and new systems"
    has_begun = programme.roadmap.data_date is not None and first <= programme.on
    head = f"have been running side by side since {since}, and will do so" if has_begun else "will run side by side"
    start = "" if has_begun else f" from {since}"
    if len(ends) == 2:
        yield f"{both} {head}{start} until {until[0]} if go-live is approved, or until {until[1]} if it is not."
    elif has_begun and ends[0] < programme.on:
        yield f"{both} ran side by side from {since} to {until[0]}."
    else:
        yield f"{both} {head}{start} until {until[0]}."
    if price:
        totals = [f"£{price * n:,.0f}" for n in counts if n]
        if totals:
            with_each = (
                f"{totals[0]} if go-live is approved, or {totals[1]} if it is not" if len(totals) == 2 else totals[0]
            )
            yield f"Dual running costs £{price:,.0f} a pay period. The total is {with_each}."


def _words(count: int) -> str:
    return f" ({counted(count, 'pay period')})" if count else ""


def _lives(programme: Programme, gate: Task) -> list[Task]:
    return [t for t in programme.tasks(kind=Kind.GO_LIVE, service=gate.service) if t.wave == gate.wave]


def _goes_live(programme: Programme, gate: Task, dates: Mapping[str, Dates]) -> date | None:
    days = [day_of(dates[t.id].start) for t in _lives(programme, gate) if t.id in dates]
    return max(days, default=None)


def _periods(programme: Programme, first: date, last: date) -> int:
    """Count the pay periods that overlap a span of days, both inclusive."""
    periods = programme.roadmap.periods.get(PAY_PERIODS)
    if periods is None:
        return 0
    count, at, end = 0, minute_of(first), minute_of(last + ONE_DAY)
    opening = periods.next_start(at)
    if opening > at:
        count = 1
    while opening < end:
        count, opening = count + 1, periods.next_start(opening + 1)
    return count


def filing(programme: Programme, gate: Task) -> Iterator[str]:
    """Yield which system files each scheme, and that nothing from a parallel run is filed."""
    service = programme.service(gate.service or "")
    if not service.assurance.runs_in_parallel:
        return
    for scheme in policy_of(service).schemes:
        filed = [s for s in programme.facts.submissions if (s.service, s.scheme) == (service.service, scheme.id)]
        if filed:
            latest = max(filed, key=lambda s: s.period)
            yield (
                f"The {latest.system} system sends the returns of PAYE scheme {scheme.id} to HMRC. The latest was for "
                f"{month_in_words(latest.period)}."
            )
        else:
            until = (
                "all schools in the scheme are live on the new system" if scheme.joint_filing == "old" else "go-live"
            )
            yield (
                f"No return to HMRC has been recorded yet for PAYE scheme {scheme.id}. The old system continues to "
                f"send returns until {until}."
            )
    if programme.facts.runs_of(service.service):
        yield "Do not send anything from a parallel run: no returns to HMRC, no payments and no pension uploads."
