"""The rulebook as a list, single rules and a handbook; delegation, consultation and conflicts in words."""

from collections.abc import Iterator, Sequence

from changeflow.programme.programme import Programme
from changeflow.reports.figures import figures_table
from changeflow.roadmap.analysis.conflicts import Conflict, ConflictItem, Wish
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.rules.catalogue import RULES
from changeflow.rules.rule import Rule
from changeflow.rules.titles import titled
from changeflow.rules.workforce import PACK, ConsultationPlan, consultation_plans
from changeflow.services.service import changes
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.rulepack import Rulepacks
from changeflow.values.words import Gate, Kind, Stops

GATES = {
    Gate.PLAN: "plan",
    Gate.DESIGN: "design",
    Gate.WAVE_RELEASE: "wave release",
    Gate.GO_LIVE: "go-live",
    Gate.CLOSURE: "closure",
}
DISCLAIMER = "Legal and other figures are for planning only; they are not legal advice."
NOT_ADVICE = "For planning only; not legal advice."
STOPS = {
    Stops.BASELINE: "the baseline cannot be approved",
    Stops.GATE: "the gate cannot be passed",
    Stops.CLOSURE: "the programme cannot be closed",
    Stops.REPORT: "the results are not shown",
    Stops.SEND: "the message is not sent",
}
"""What a finding stops, in words."""


def rules_list() -> Iterator[str]:
    """Yield a line for each rule."""
    for rule in RULES.values():
        yield f"{rule.code}  {rule.severity.upper():<5}  {rule.title}"


def rule_text(rule: Rule) -> Iterator[str]:
    """Yield the text and facts of one rule."""
    yield f"{rule.code}  {rule.title}"
    yield ""
    yield rule.text
    yield ""
    for name, value in _facts(rule):
        yield f"{name + ':':<22} {value}"


def rules_page(packs: Rulepacks) -> str:
    """Write the handbook: every rule with its example and source, and every figure in the rulepacks."""
    lines = [
        "# The rules",
        "",
        "changeflow checks every plan against these rules. Where it can, it adds a link so that the plan follows the",
        "rule, and says so. Otherwise `changeflow plan` lists the broken rule as a finding.",
        DISCLAIMER,
        "",
        "This page is generated: `changeflow rules list --format markdown`.",
        "",
    ]
    for rule in RULES.values():
        lines += [f"## {rule.code} {rule.title}", "", rule.text, ""]
        lines += [f"- **{name}:** {value}" for name, value in _facts(rule)]
        lines.append("")
    lines += [
        "## Figures used by the rules",
        "",
        "changeflow keeps these figures in dated files called rulepacks. To use your own figure, put a rulepack with",
        "the same name and entry in your programme's `rulepacks/` folder.",
        "",
        *figures_table(packs),
    ]
    return "\n".join(lines)


def delegation_text(programme: Programme) -> Iterator[str]:
    """Yield the changes to the delegation matrix, by service."""
    for service in programme.services:
        yield service.name
        found = list(changes(service.delegation))
        for change in found:
            where = programme.school_names(change.schools) if change.schools else "all schools"
            both = (("gains", change.gains), ("loses", change.loses))
            rights_by_verb = [f"{verb} {', '.join(rights)}" for verb, rights in both if rights]
            yield f"  {change.area}: {change.role} {' and '.join(rights_by_verb)} ({where})"
        if not found:
            yield "  No changes are listed under `delegation` in the service's file."
        for task in programme.tasks(kind=Kind.DELEGATION, service=service.service):
            day = format_day(programme.timed(task.id).last_day)
            yield f"  in force after {task.name}, {day}"


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    gates = ", and ".join(f"the {GATES[gate]} gate cannot be passed" for gate in filter(None, [rule.hardens_at]))
    warned = f"you get a warning, and {gates}" if gates else "you get a warning; nothing is blocked"
    yield "If it is broken", STOPS[rule.blocks] if rule.blocks else warned
    yield "Can be waived by", rule.waived_by or "no one"
    yield "Remedy", rule.remedy
    yield "Example", rule.example
    if rule.gates:
        yield "Checked at", ", ".join(f"the {GATES[gate]} gate" for gate in rule.gates)
    if rule.enforced_by:
        yield "How it is enforced", rule.enforced_by
    yield "Source", rule.cited
    if rule.our_choice:
        yield "changeflow's choices", rule.our_choice


def consultation_text(programme: Programme) -> Iterator[str]:
    """Yield each establishment where roles end by redundancy, with counts, consultation days and earliest dates."""
    plans = list(consultation_plans(programme))
    if not plans:
        yield "The files list no redundancies (`posts` of a service, or `redundancies` of a step)."
        return
    for plan in plans:
        yield from _consultation(programme, plan)
    first = min(p.first_effect for p in plans)
    if programme.law(PACK, "organisation_threshold", on=first).is_unknown:
        yield "By then a threshold for the whole organisation also applies, but its number is not known here."
    yield NOT_ADVICE


def _consultation(programme: Programme, plan: ConsultationPlan) -> Iterator[str]:
    posts = counted(plan.posts, "role")
    window = int(programme.law(PACK, "consultation_window_days", on=plan.first_effect).value)
    ends = "ends" if plan.posts == 1 else "end"
    yield (
        f"{programme.school_names([plan.establishment])}: {posts} {ends} within {window} days, "
        f"the first on {format_day(plan.first_effect)}"
    )
    if not plan.days:
        yield "  no collective consultation is required; each person must still be consulted"
        return
    yield f"  consultation takes at least {plan.days} days"
    yield f"  form HR1 is due by {format_day(plan.notify_by)}, and before notice is given"
    if plan.starts is None or plan.complete is None or plan.earliest_notice is None or plan.earliest_effect is None:
        yield "  the plan has no consultation for this establishment"
        return
    yield f"  in the plan it runs from {format_day(plan.starts)} to {format_day(plan.complete)}"
    state = "met" if plan.first_effect >= plan.earliest_effect else "NOT met"
    yield (
        f"  notice from {format_day(plan.earliest_notice)}, the first role ends on {format_day(plan.earliest_effect)} "
        f"at the earliest ({state})"
    )


def conflicts_text(roadmap: Roadmap, conflicts: Sequence[Conflict]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    if not conflicts:
        yield "No conflicts: every deadline, set date and rule can be met."
    for conflict in conflicts:
        days = counted(conflict.days, "day")
        yield f"{_format_item(roadmap, conflict.limit)} is missed by {days}. These cannot all be met:"
        for item in conflict.items:
            yield f"  - {_format_item(roadmap, item)}"
        yield "  Any one of these changes would help:"
        for relaxation in conflict.relaxations:
            yield f"    {_given_up(roadmap, conflict, relaxation.item, relaxation.days_left)}"
        yield ""


def _format_item(roadmap: Roadmap, item: ConflictItem) -> str:
    name = f"“{roadmap.tasks[item.task].name}”"
    if item.link is not None:
        rule = titled(item.link.origin.removeprefix("rule:"))
        return f"the rule {rule}, by which {name} comes after “{roadmap.tasks[item.link.predecessor].name}”"
    if item.constraint is not None:
        is_start = "start" in item.constraint.bound.value
        day = format_day(day_of(item.constraint.at) if is_start else last_day_of(item.constraint.at))
        bound = item.constraint.bound.value
        words = bound.removeprefix("must_").replace("_", " ")
        return f"{name} must {words} {'than' if 'no_' in bound else 'on'} {day}"
    return f"the deadline of {name}, {format_day(last_day_of(item.limit or 0))}"


def _given_up(roadmap: Roadmap, conflict: Conflict, item: ConflictItem, left: int) -> str:
    if item == conflict.limit:
        later = counted(conflict.days, "day")
        return f"{'move the deadline' if item.wish is Wish.DEADLINE else 'move that date'} by {later}; then all are met"
    what = "waive the rule" if item.wish is Wish.RULE else "lift the date"
    name = roadmap.tasks[item.task].name
    outcome = "then it is met" if not left else f"it is still missed by {counted(left, 'day')}"
    return f"{what} for “{name}”; {outcome}"
