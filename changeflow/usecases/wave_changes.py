"""A wave plan's changes to programme.yaml, in words: each service's waves with days and schools."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from changeflow.planning.wave_use import UsedWaves, plan_in_force
from changeflow.programme.programme import Programme
from changeflow.programme.references import References
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem, wave_names
from changeflow.values.moments import format_day


@dataclass(slots=True)
class _ServiceWave:
    """A service's wave: the last day of its go-lives, and its schools."""

    day: date = date.min
    schools: list[str] = field(default_factory=list)


def wave_changes(programme: Programme, problem: WaveProblem, plan: WavePlan, used: UsedWaves) -> Iterator[str]:
    """Yield a line for each service's wave, then the task ids that change to keep records with their schools."""
    current = plan_in_force(programme, problem)
    for service in programme.services:
        known = References(programme.definition).waves_of(service)
        names = {(s, service.service): wave.name for wave in known for s in wave.schools}
        before = _waves_of(service.service, current, names)
        after = _waves_of(service.service, plan, wave_names(problem, plan))
        for name in sorted({**before, **after}, key=lambda n: (n not in after, (after.get(n) or before[n]).day, n)):
            change = _change(programme, before.get(name), after.get(name))
            yield f"{service.name}, {name}: {change}"
    if used.renamed:
        yield "Task ids that change, so that records stay with most of a wave's schools:"
        yield from (f"  {service}/{old}/… becomes {service}/{new}/…" for (service, old), new in used.renamed.items())


def _waves_of(service: str, plan: WavePlan, names: Mapping[Pair, str]) -> dict[str, _ServiceWave]:
    found: dict[str, _ServiceWave] = {}
    for pair, candidate in plan.chosen.items():
        if pair[1] == service and pair in names:
            wave = found.setdefault(names[pair], _ServiceWave())
            wave.day = max(wave.day, candidate.day)
            wave.schools.append(pair[0])
    return found


def _change(programme: Programme, before: _ServiceWave | None, after: _ServiceWave | None) -> str:
    if after is None:
        return "removed"
    if before is None:
        return f"new on {format_day(after.day)}, with {_named(programme, after.schools)}"
    parts = [format_day(after.day) + (f" instead of {format_day(before.day)}" if after.day != before.day else "")]
    if joins := [s for s in after.schools if s not in before.schools]:
        parts.append(f"joined by {_named(programme, joins)}")
    if leaves := [s for s in before.schools if s not in after.schools]:
        parts.append(f"without {_named(programme, leaves)}")
    is_same = after.day == before.day and len(parts) == 1
    return f"no change ({parts[0]})" if is_same else "; ".join(parts)


def _named(programme: Programme, schools: Sequence[str]) -> str:
    return ", ".join(sorted(programme.school_name(s) for s in schools))
