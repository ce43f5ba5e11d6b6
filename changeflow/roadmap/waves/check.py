"""An independent checker: it tests every requirement from the plan's dates alone, and explains a date.

It shares no code with the model: it uses only the request and the plan.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from changeflow.phrases import listed
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem, wave_names
from changeflow.values.duration import counted
from changeflow.values.moments import format_day


@dataclass(frozen=True, slots=True)
class Broken:
    """A requirement that a plan does not meet."""

    rule: str
    what: str


def check_plan(problem: WaveProblem, plan: WavePlan) -> tuple[Broken, ...]:
    """Return all broken requirements of a plan; none if it meets all of them."""
    checks = (_dates, _fixed, _waves, _pilots, _capacity, _at_once, _groups, _order, _hubs, _apart)
    return tuple(broken for check in checks for broken in check(problem, plan))


def _dates(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    impossible: dict[tuple[str, date, str], list[str]] = {}
    for pair in problem.pairs:
        if pair not in plan.chosen:
            yield Broken("date", f"{problem.pair_name(pair)} has no date")
        elif plan.chosen[pair] not in problem.candidates[pair]:
            why, day = problem.dropped[pair].get(plan.week(pair), ""), plan.chosen[pair].day
            impossible.setdefault((pair[1], day, why), []).append(problem.schools[pair[0]].name)
    for (service, day, why), schools in impossible.items():
        what = f"{problem.services[service].name} cannot go live on {format_day(day)} at {listed(schools)}"
        yield Broken("date", f"{what}: {why}" if why else what)
    for pair in plan.chosen:
        if pair not in problem.candidates:
            yield Broken("date", f"{pair} was not requested")


def _fixed(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    for pair, week in problem.fixed.items():
        if pair in plan.chosen and plan.week(pair) != week:
            yield Broken("fixed", f"{problem.pair_name(pair)} is fixed to {problem.fixed_words(pair)}")


def _by_date(problem: WaveProblem, plan: WavePlan, service: str) -> dict[int, list[Pair]]:
    waves: dict[int, list[Pair]] = defaultdict(list)
    for pair, candidate in plan.chosen.items():
        if pair[1] == service and pair not in plan.pilot:
            waves[candidate.week].append(pair)
    return waves


def _waves(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    for service, asked in problem.services.items():
        waves = _by_date(problem, plan, service)
        for week, pairs in waves.items():
            if len(pairs) > asked.wave_size:
                going = f"{len(pairs)} schools go live with {asked.name} in {problem.week_words(week)}"
                yield Broken("wave size", f"{going} (limit {asked.wave_size})")
        for before, after in pairwise(sorted(waves)):
            if after - before < asked.weeks_between:
                later = f"only {counted(after - before, 'week')} later (at least {asked.weeks_between})"
                yield Broken("weeks between", f"{asked.name} has waves in {problem.week_words(before)} and {later}")


def _pilots(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    for service, asked in problem.services.items():
        pilots = [p for p in plan.pilot if p[1] == service]
        if not asked.has_pilot:
            if pilots:
                yield Broken("pilot", f"{asked.name} has a pilot that was not requested")
            continue
        weeks = {plan.week(p) for p in pilots}
        if not 1 <= len(pilots) <= asked.pilot_size:
            size = f"{counted(len(pilots), 'school')} (from 1 to {asked.pilot_size})"
            yield Broken("pilot", f"the pilot of {asked.name} has {size}")
        if len(weeks) != 1:
            yield from [Broken("pilot", f"the pilot schools of {asked.name} go live in different weeks")] * (
                len(weeks) > 1
            )
            continue
        [tried] = weeks
        early = [w for w in _by_date(problem, plan, service) if w < tried + asked.evaluation_weeks]
        if early:
            week = problem.week_words(min(early))
            yield Broken("pilot", f"{asked.name} continues in {week}, before its pilot is judged")
        chosen = {s for s, v in problem.declared if v == service}
        for school, _ in pilots:
            known = problem.schools[school]
            if known.pilot is False or (chosen and school not in chosen and not known.pilot):
                yield Broken("pilot", f"{known.name} is in the pilot of {asked.name} but should not be")
        willing = [problem.schools[s] for s, v in problem.candidates if v == service]
        reluctant = {s.school for s in willing if s.reluctant and s.pilot is not False}
        if reluctant and not chosen and not reluctant & {s for s, _ in pilots}:
            yield Broken("pilot", f"the pilot of {asked.name} has no reluctant school")
        for wanted in willing:
            has_to = wanted.pilot or (wanted.school in chosen and wanted.pilot is None)
            if has_to and wanted.school not in {s for s, _ in pilots}:
                yield Broken("pilot", f"{wanted.name} is not in the pilot of {asked.name}")


def _capacity(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    load: Counter[tuple[str, int]] = Counter()
    for candidate in plan.chosen.values():
        for placement in candidate.placements:
            if placement.team is not None:
                load.update(dict(zip(((placement.team, w) for w in placement.weeks), placement.tenths, strict=True)))
    for (team, week), tenths in sorted(load.items()):
        if tenths > problem.capacity[team][week]:
            given = f"{problem.capacity[team][week] / 10:g} days available in {problem.week_words(week)}"
            yield Broken("capacity", f"{problem.team_names[team]} have only {given}; {tenths / 10:g} are needed")


def _at_once(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    busy: dict[str, Counter[int]] = defaultdict(Counter)
    for (school, _), candidate in plan.chosen.items():
        busy[school].update(candidate.busy)
    for school, weeks in busy.items():
        known = problem.schools[school]
        yield from (Broken("at once", what) for what in _too_many(problem, known.name, weeks, known.at_once))


def _groups(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    for group in problem.groups.values():
        busy: Counter[int] = Counter()
        for (school, _), candidate in plan.chosen.items():
            if school in group.schools:
                busy.update(candidate.busy)
        yield from (Broken("group", what) for what in _too_many(problem, group.name, busy, group.at_once))


def _too_many(problem: WaveProblem, name: str, weeks: Mapping[int, int], limit: int) -> Iterator[str]:
    """Describe each run of weeks with the same number of changes, above the limit."""
    over = sorted((week, count) for week, count in weeks.items() if count > limit)
    runs: list[tuple[int, int, int]] = []
    for week, count in over:
        if runs and runs[-1][1:] == (week - 1, count):
            runs[-1] = runs[-1][0], week, count
        else:
            runs.append((week, week, count))
    for first, last, count in runs:
        span = f"in {problem.week_words(first)}"
        if last > first:
            span = f"from {problem.week_words(first)} to {problem.week_words(last)}"
        yield f"{name} has {count} changes at once {span} (limit {limit})"


def _order(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    for service, asked in problem.services.items():
        for first, weeks in asked.after.items():
            for school in problem.schools:
                later, earlier = (school, service), (school, first)
                if later in plan.chosen and earlier in plan.chosen and plan.week(later) < plan.week(earlier) + weeks:
                    yield Broken(
                        "order", f"{problem.pair_name(later)} comes too soon after {problem.services[first].name}"
                    )


def _hubs(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in plan.chosen:
        if (hub := problem.schools[pair[0]].hub) and pair not in plan.pilot:
            groups[hub, pair[1]].append(pair)
    for (hub, service), pairs in groups.items():
        name = problem.services[service].name
        weeks = sorted(plan.week(p) for p in pairs)
        if problem.hub_one_date and weeks[0] != weeks[-1]:
            yield Broken("hub", f"hub {hub} has several dates for {name}")
        if problem.hub_weeks is not None and weeks[-1] - weeks[0] >= problem.hub_weeks:
            yield Broken(
                "hub",
                f"hub {hub} takes {counted(weeks[-1] - weeks[0] + 1, 'week')} with {name} (limit {problem.hub_weeks})",
            )
    if problem.hubs_apart:
        every: Counter[tuple[str, str, int]] = Counter()
        for pair in plan.chosen:
            if hub := problem.schools[pair[0]].hub:
                every[hub, pair[1], plan.week(pair)] += 1
        for (hub, service, week), count in every.items():
            if count > 1:
                going = f"{count} schools of hub {hub} go live with {problem.services[service].name}"
                yield Broken("hub", f"{going} in {problem.week_words(week)}")


def _apart(problem: WaveProblem, plan: WavePlan) -> Iterator[Broken]:
    weeks: dict[str, set[int]] = defaultdict(set)
    for (school, _), candidate in plan.chosen.items():
        weeks[school].add(candidate.week)
    for one, other in problem.apart:
        for week in sorted(weeks[one] & weeks[other]):
            names = f"{problem.schools[one].name} and {problem.schools[other].name}"
            yield Broken("apart", f"{names} both go live in {problem.week_words(week)}")


def why(problem: WaveProblem, plan: WavePlan, pair: Pair) -> Iterator[str]:
    """Yield the date, then the reasons against each earlier date, and why there is none before the first.

    Dates with the same reason are grouped.

    The reasons assume that the rest of the plan does not change. A date might be possible if other dates moved.
    """
    chosen = plan.chosen[pair]
    school, service = problem.schools[pair[0]], problem.services[pair[1]]
    name = wave_names(problem, plan)[pair]
    part = "in the pilot" if pair in plan.pilot and name == "pilot" else f"in {name}"
    yield f"{school.name} goes live with {service.name} on {format_day(chosen.day)}, {part}."
    if pair in problem.fixed:
        yield "That date is fixed: it was set or has happened."
        return
    reasons: list[tuple[str, list[int]]] = []
    for week in service.weeks:
        if week >= chosen.week:
            break
        reason = _against(problem, plan, pair, week)
        if reasons and reasons[-1][0] == reason:
            reasons[-1][1].append(week)
        else:
            reasons.append((reason, [week]))
    for reason, weeks in reasons:
        days = [format_day(service.days[w]) for w in weeks]
        span = f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"
        yield f"Not {span}: {reason}."
    if service.begins and service.days:
        yield f"Not before {format_day(min(service.days.values()))}: {service.begins}."
    elif not reasons:
        yield "There is no earlier date."


def _against(problem: WaveProblem, plan: WavePlan, pair: Pair, week: int) -> str:
    if (reason := problem.dropped[pair].get(week)) is not None:
        return reason
    earlier = next((c for c in problem.candidates[pair] if c.week == week), None)
    if earlier is None:
        return "the service has no go-live date then"
    moved = replace(plan, chosen={**plan.chosen, pair: earlier})
    if broken := check_plan(problem, moved):
        return broken[0].what
    return "it is possible, but the plan prefers a calmer or fairer rollout, or fewer changes"
