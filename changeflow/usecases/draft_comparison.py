"""What a draft would change, compared with the current plan and with another draft, with the chances of each."""

from dataclasses import dataclass

from changeflow.errors import UnknownThingError
from changeflow.planning.plan_chances import PlanChances
from changeflow.reports.compared_chances import ComparedChances, compare_chances
from changeflow.reports.entry_forms import Options
from changeflow.reports.plan_comparison import PlanComparison, compare_plans
from changeflow.rules.engine import Judged
from changeflow.storage.jobs import Job, JobState
from changeflow.usecases.draft_odds import DraftOdds, odds_mark, odds_of_draft
from changeflow.usecases.drafts import stored_draft
from changeflow.usecases.edit_pages import DraftLine, change_of, draft_line, draft_list
from changeflow.usecases.editing import PlanDraft, try_draft
from changeflow.usecases.visits import Visit
from changeflow.values.limits import number_in
from changeflow.values.moments import format_day

IN_FORCE = "The current plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChancesOfDraft:
    """How far the calculation of a draft's chances has got."""

    line: DraftLine
    job: Job | None
    """The newest calculation; None if no one has asked for one."""
    odds: DraftOdds | None
    is_old: bool
    """Whether the plan or the draft has changed since the result."""

    @property
    def calculated(self) -> str:
        """The day of the result, with its year; empty without one."""
        return format_day(self.odds.on) if self.odds is not None else ""

    @property
    def is_open(self) -> bool:
        return self.job is not None and self.job.is_open

    @property
    def has_failed(self) -> bool:
        return self.job is not None and self.job.state in (JobState.FAILED, JobState.CANCELLED)

    @property
    def asks(self) -> bool:
        """Whether someone has to start a calculation to see chances of the draft as it is."""
        return not self.is_open and (self.odds is None or self.is_old or self.has_failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonPage:
    """A draft beside the current plan and, if chosen, another draft."""

    line: DraftLine
    other: DraftLine | None
    others: Options
    """The drafts that can be put beside it."""
    unfit: tuple[DraftLine, ...]
    """The drafts that cannot be published as they are, so that there is nothing to compare."""
    comparison: PlanComparison | None
    chances: tuple[ChancesOfDraft, ...]
    """For each draft of the comparison."""
    compared: ComparedChances | None
    """The chances side by side; None while there are none."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """A comparison as it is cached."""

    unfit: tuple[int, ...]
    comparison: PlanComparison | None
    marks: tuple[str, ...]
    """Of each draft, to tell whether its chances are old."""


def comparison_page(visit: Visit, number: int, other: str) -> ComparisonPage:
    """Return the comparison of a draft; `other` is the number of another draft, or empty."""
    lines = {line.number: line for line in draft_list(visit)}
    if number not in lines:
        raise UnknownThingError("draft", str(number))
    beside = lines.get(number_in(other)) if number_in(other) != number else None
    if other and beside is None:
        raise UnknownThingError("draft", other)
    shown = [lines[number], *([beside] if beside else [])]
    found = _compared(visit, [stored_draft(visit.session, visit.name, line.number) for line in shown])
    chances = tuple(_chances(visit, line, mark) for line, mark in zip(shown, found.marks, strict=False))
    return ComparisonPage(
        line=shown[0],
        other=beside,
        others=tuple((str(line.number), line.name) for line in lines.values() if line.number != number),
        unfit=tuple(line for line in shown if line.number in found.unfit),
        comparison=found.comparison,
        chances=chances,
        compared=_side_by_side(visit, chances),
    )


def _compared(visit: Visit, drafts: list[PlanDraft]) -> _Compared:
    """Return the kept comparison of drafts as they are, or make it."""

    def make() -> _Compared:
        change, by = change_of(visit), visit.visitor.person
        tried = [try_draft(visit.session, visit.stored, draft, change, by) for draft in drafts]
        judged = [trial.judged for trial in tried if trial.judged is not None and trial.preview.effect is not None]
        if len(judged) < len(drafts):
            unfit = (d.id or 0 for d, t in zip(drafts, tried, strict=True) if t.judged is None)
            return _Compared(tuple(unfit), None, ())
        names = [draft_line(visit, draft).name for draft in drafts]
        plans: list[tuple[str, Judged]] = [(IN_FORCE, visit.stored.judged), *zip(names, judged, strict=True)]
        return _Compared((), compare_plans(plans), tuple(odds_mark(j.programme) for j in judged))

    return visit.view("comparison", make, visit.visitor.person, *((d.id, d.revision) for d in drafts))


def _chances(visit: Visit, line: DraftLine, mark: str) -> ChancesOfDraft:
    found = odds_of_draft(visit, line.number)
    now = odds_mark(visit.programme), mark
    is_old = found.odds is not None and (found.odds.plan.mark, found.odds.draft.mark) != now
    return ChancesOfDraft(line=line, job=found.job, odds=found.odds, is_old=is_old)


def _side_by_side(visit: Visit, chances: tuple[ChancesOfDraft, ...]) -> ComparedChances | None:
    """Compare the newest results; those of the current plan are from the one that is not old, if any."""
    known = [c.odds for c in sorted(chances, key=lambda c: c.is_old) if c.odds is not None]
    if not known:
        return None
    columns: list[PlanChances | None] = [known[0].plan, *(c.odds.draft if c.odds else None for c in chances)]
    return compare_chances(visit.programme, columns, iterations=known[0].iterations)
