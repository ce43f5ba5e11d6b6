"""Find the cheapest recovery options in risk.yaml that recover a date."""

from datetime import date

from changeflow.errors import CheckFailedError, InputError
from changeflow.planning.recovery import RecoveryQuestion, changes_of, player
from changeflow.planning.risk import without_range
from changeflow.programme.programme import Programme
from changeflow.reports.recovery import RecoveryAnswer
from changeflow.roadmap.risk.model import cheapest
from changeflow.usecases.risk import ask
from changeflow.values.moments import DAY, minute_of
from changeflow.values.problem import pick


def find_recovery(
    programme: Programme,
    milestone: str,
    *,
    by: date | None,
    percent: int,
    iterations: int,
    seed: int,
    assume: str | None = None,
) -> RecoveryAnswer:
    """Find the cheapest options with which `percent` of 100 iterations reach a milestone by a day.

    `by` is by default its deadline. As in a simulation, the driving tasks need ranges, or `assume` must supply them;
    otherwise `CheckFailedError` names those without one.
    """
    chosen = pick("open milestone", milestone, {m.id: m for m in programme.open_milestones})
    day = by or chosen.deadline
    if day is None:
        raise InputError(f"'{milestone}' has no deadline. Give the day to meet: --by 2027-09-01.")
    if not 1 <= percent <= 99:
        raise InputError("Give odds between 1 and 99 percent: --odds 80.")
    if not programme.definition.risk.recovery_options:
        raise InputError(
            "There are no recovery options. Add recovery_options: to risk.yaml, each with what it does and its cost."
        )
    if assume is None and (missing := without_range(programme)):
        names = ", ".join(t.id for t in missing)
        raise CheckFailedError(
            f"These drive the end and have no range, so odds would mean little: {names}. Write "
            "estimate: [30d, 45d, 70d] at each, or try --assume 80,150."
        )
    asked = ask(programme, iterations=iterations, assume=assume, learn=True)
    options = changes_of(programme, asked.model)
    question = RecoveryQuestion(
        target=chosen.task, by=minute_of(day) + DAY, percent=percent, iterations=iterations, seed=seed
    )
    kept = cheapest(options, question.by, player(asked.roadmap, asked.model, options, question))
    return RecoveryAnswer(milestone=chosen, by=day, question=question, options=options, kept=kept)
