"""What would recover a date: one sentence, and a line for each recovery option."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.phrases import listed
from changeflow.planning.recovery import RecoveryQuestion
from changeflow.roadmap.model.tasks import Milestone
from changeflow.roadmap.risk.model import KeptDate, TaskChange, Tried
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, last_day_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryAnswer:
    """A recovery question and its answer."""

    milestone: Milestone
    by: date
    question: RecoveryQuestion
    options: tuple[TaskChange, ...]
    kept: KeptDate


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionLine:
    name: str
    cost: float
    chosen: bool
    odds: int
    at: str
    """The day that `percent` of simulations meet with this option alone; `odds` are those of the wanted day."""
    id: str = ""
    """Empty in results stored without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReport:
    """A recovery answer for the text and the JSON. Odds are whole percentages."""

    milestone: str
    by: str
    percent: int
    now_odds: int
    now_at: str
    is_kept_now: bool
    is_possible: bool
    chosen: tuple[str, ...]
    cost: float
    then_odds: int
    then_at: str
    is_cheapest: bool
    recovery_options: tuple[OptionLine, ...]
    iterations: int
    seed: int
    tried: int


def recovery_report(answer: RecoveryAnswer) -> RecoveryReport:
    """Turn an answer into a report."""
    kept, asked = answer.kept, answer.question
    chosen = kept.chosen if kept.chosen is not None else ()
    return RecoveryReport(
        milestone=answer.milestone.name,
        by=format_day(answer.by),
        percent=round(asked.percent),
        now_odds=_percent(kept.now),
        now_at=_day_of(kept.now),
        is_kept_now=kept.chosen == (),
        is_possible=kept.chosen is not None,
        chosen=tuple(c.name for c in chosen),
        cost=sum(c.cost for c in chosen),
        then_odds=_percent(kept.then),
        then_at=_day_of(kept.then),
        is_cheapest=kept.is_cheapest,
        recovery_options=tuple(
            OptionLine(
                name=c.name,
                cost=c.cost,
                chosen=c in chosen,
                odds=_percent(kept.alone[c.id]),
                at=_day_of(kept.alone[c.id]),
                id=c.id,
            )
            for c in answer.options
        ),
        iterations=asked.iterations,
        seed=asked.seed,
        tried=kept.tried,
    )


def _percent(tried: Tried) -> int:
    return round(100 * tried.odds)


def _day_of(tried: Tried) -> str:
    return format_day(last_day_of(tried.at))


def recovery_text(report: RecoveryReport) -> Iterator[str]:
    """Yield the answer for a terminal."""
    now = f"{report.now_odds}% likely with the plan as it is ({report.percent}% likely by {report.now_at})"
    yield f"{report.milestone} by {report.by}: {now}."
    if report.is_kept_now:
        yield f"No action is needed, because the plan already meets the target of {report.percent}%."
    elif not report.is_possible:
        yield (
            f"All recovery options together make it only {report.then_odds}% likely ({report.percent}% likely by "
            f"{report.then_at}). Add recovery options to risk.yaml, or agree a later date."
        )
    else:
        best = "The cheapest way" if report.is_cheapest else "One way, perhaps not the cheapest,"
        what = listed([f"“{name}”" for name in report.chosen])
        yield f"{best} to make it {report.percent}% likely costs {report.cost:g}: {what}."
        yield f"The date is then {report.then_odds}% likely ({report.percent}% likely by {report.then_at})."
    yield "Each recovery option on its own"
    width = max(len(line.name) for line in report.recovery_options)
    for line in report.recovery_options:
        mark = "*" if line.chosen else " "
        yield (
            f"  {mark} {line.name:<{width}}  costs {line.cost:>8g}   {line.odds:>3}% likely   "
            f"{report.percent}% likely by {line.at}"
        )
    yield (
        f"{counted(report.tried, 'combination')} tried, with {report.iterations:,} simulations each "
        f"(seed {report.seed})."
    )
