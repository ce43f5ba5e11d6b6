"""Collective consultation for people: who is counted where, and the earliest days that follow."""

from collections.abc import Iterator

from changeflow.programme.programme import Programme
from changeflow.rules.workforce import PACK, ConsultationPlan, consultation_plans
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

DISCLAIMER = "Planning minimum, not legal advice."


def consultation_text(programme: Programme) -> Iterator[str]:
    """Yield each establishment where roles end by redundancy: counts, days, and the earliest notice and effect."""
    plans = list(consultation_plans(programme))
    if not plans:
        yield "No role ends by redundancy, by the files: `posts` of a service, or `redundancies` of a step."
        return
    for plan in plans:
        yield from _one(programme, plan)
    first = min(p.first_effect for p in plans)
    if programme.law(PACK, "organisation_threshold", on=first).is_unknown:
        yield "By then a threshold for the whole organisation counts as well, and its number is not known here."
    yield DISCLAIMER


def _one(programme: Programme, plan: ConsultationPlan) -> Iterator[str]:
    posts = counted(plan.posts, "role")
    window = int(programme.law(PACK, "consultation_window_days", on=plan.first_effect).value)
    ends = "ends" if plan.posts == 1 else "end"
    yield (
        f"{programme.school_names([plan.establishment])}: {posts} {ends} within {window} days, "
        f"the first on {format_day(plan.first_effect)}"
    )
    if not plan.days:
        yield "  no collective consultation is asked for; each person is consulted all the same"
        return
    yield f"  consultation takes {plan.days} days at least; form HR1 by {format_day(plan.notify_by)}, and before notice"
    if plan.starts is None or plan.complete is None or plan.earliest_notice is None or plan.earliest_effect is None:
        yield "  the plan has no consultation here"
        return
    yield f"  in the plan it runs from {format_day(plan.starts)} to {format_day(plan.complete)}"
    state = "kept" if plan.first_effect >= plan.earliest_effect else "NOT kept"
    yield (
        f"  notice from {format_day(plan.earliest_notice)}, the first role ends on {format_day(plan.earliest_effect)} "
        f"at the earliest: {state}"
    )
