"""Plans of waves in a terminal, and why there is none."""

from collections.abc import Iterator, Sequence

from changeflow.planning.wave_use import PlanEffect
from changeflow.reports.waves import AnnouncedMove, DeadlineLine, LaterWaveLine, PlanReport, WavesReport, effect_lines
from changeflow.values.duration import counted

LATER = "Later than proposed, because tasks that are not in rollout.yaml have to be finished first:"
LIMITS = "Limits in rollout.yaml that it breaks:"
FINDINGS = "New blocking findings:"


def waves_text(report: WavesReport) -> Iterator[str]:
    """Yield the plans side by side, then each plan's waves and the schools that it moves."""
    names = [p.name for p in report.shown]
    label = max(len(line.label) for line in report.compared) + 2
    width = max(14, *(len(name) + 2 for name in names))
    beside = " compared with the current plan" if report.in_force else ""
    yield f"{report.programme}: {counted(len(report.plans), 'proposal')}{beside}"
    yield from report.explained
    yield from _listed("Requests in rollout.yaml that do not apply:", report.notes, indent="")
    yield ""
    yield " " * label + "".join(f"{name:<{width}}" for name in names).rstrip()
    for line in report.compared:
        yield f"{line.label:<{label}}" + "".join(f"{cell:<{width}}" for cell in line.cells).rstrip()
    for plan in report.shown:
        yield ""
        yield from _plan_text(plan)


def _plan_text(plan: PlanReport) -> Iterator[str]:
    yield f"{plan.name}: {plan.aim[:1].lower()}{plan.aim[1:]} ({plan.certainty})"
    if plan.same_as:
        yield f"  The same waves as “{plan.same_as}”."
        return
    names = max(len(wave.name) for wave in plan.waves)
    services = max(len(wave.service) for wave in plan.waves)
    for wave in plan.waves:
        yield f"  {wave.day:<12} {wave.service:<{services}}  {wave.name:<{names}}  {', '.join(wave.schools)}"
    yield from _effects(plan.deadlines, plan.later, indent="  ")
    yield from _listed(LIMITS, plan.limits)
    yield from _listed(FINDINGS, plan.findings)
    if plan.changes:
        yield f"  {counted(len(plan.moves), 'announced date')} changed:"
        yield from (f"    {change_in_words(change)}" for change in plan.changes)


def _effects(deadlines: Sequence[DeadlineLine], later: Sequence[LaterWaveLine], *, indent: str) -> Iterator[str]:
    yield from _listed("Deadlines:", [deadline_in_words(line) for line in deadlines], indent=indent)
    yield from _listed(LATER, [f"{x.wave}: {x.day}, not {x.proposed}" for x in later], indent=indent)


def _listed(heading: str, lines: Sequence[str], *, indent: str = "  ") -> Iterator[str]:
    if lines:
        yield f"{indent}{heading}"
        yield from (f"{indent}  {line[:1].upper()}{line[1:]}" for line in lines)


def change_in_words(change: AnnouncedMove) -> str:
    """Say which schools get another day than was announced."""
    schools = ", ".join(change.schools)
    return f"{change.service}, {change.day} (announced {change.announced}, {change.by}): {schools}"


def deadline_in_words(line: DeadlineLine) -> str:
    """Say when a milestone would be reached, and whether that meets its deadline."""
    late = f"misses its deadline of {line.deadline} by {counted(line.days_late, 'day')}"
    kept = f"meets its deadline of {line.deadline}"
    return f"{line.milestone}: {line.day}, {late if line.days_late else kept}"


def effect_text(effect: PlanEffect) -> Iterator[str]:
    """Say whether deadlines would be met, and what would break, with one plan."""
    deadlines, later, findings = effect_lines(effect)
    yield from _effects(deadlines, later, indent="")
    yield from _listed(FINDINGS, findings, indent="")


def conflict_text(sentences: Sequence[str], ways: Sequence[str], *, is_minimal: bool) -> Iterator[str]:
    """Yield why there is no plan, and what would be enough."""
    size = (
        "These limits cannot all be met. Dropping any one of them makes a plan possible"
        if is_minimal
        else "These limits cannot all be met. More than one may have to change"
    )
    yield f"There is no plan. {size}:"
    yield from (f"  - {sentence}" for sentence in sentences)
    if ways:
        yield "Any one of these changes would be enough:"
        yield from (f"  - {way}" for way in ways)
