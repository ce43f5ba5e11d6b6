"""Level a programme: find which tasks wait for people, what each wait costs, and a bound that no plan can beat."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace

import networkx as nx

from changeflow.errors import CheckFailedError, InputError
from changeflow.phrases import listed
from changeflow.planning.levelling_slots import LevelRequest, SlotPlan, slot_plan
from changeflow.planning.risk import tasks_named
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.engine.replan import EarlyDates, Trials
from changeflow.roadmap.levelling.bounds import energy_finish
from changeflow.roadmap.levelling.exact import ExactPass, Placed, Wait, no_earlier
from changeflow.roadmap.levelling.search import Levelled, SearchEffort, level
from changeflow.roadmap.levelling.teams import TENTHS, Capacity, Spans, Stretch, loads, overloads, stretches
from changeflow.roadmap.model.graph import in_order
from changeflow.roadmap.model.tasks import Bound, Roadmap
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, parse_duration
from changeflow.values.moments import DAY, day_of, format_day

SEARCH_HORIZONS_DAYS = (366, 6 * 366)
"""How many days after the unlevelled finish the first and second attempts may use."""
MOST_COSTED = 400
"""The most waits for which a cost is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevellingMove:
    """One task that waits for people."""

    wait: Wait
    behind: tuple[TaskId, ...]
    """The tasks using the team when the waiting task would have begun."""
    costs: Mapping[str, int]
    """How many minutes earlier each milestone, or the programme's end, would be without this wait."""
    short: int
    """The team's shortfall, in person-minutes, if the task does not wait."""


@dataclass(frozen=True, kw_only=True)
class LevelledProgramme:
    """Dates with and without levelling, and details of the search."""

    programme: Programme
    before: Spans
    after: Spans
    moves: tuple[LevellingMove, ...]
    kept: Mapping[TaskId, tuple[int, int]]
    """Tasks that had to stay because they are pinned or refused, with their dates."""
    load_before: tuple[Stretch, ...]
    load_after: tuple[Stretch, ...]
    capacity: Capacity
    bound: int
    """The lower bound: no plan ends before this instant."""
    is_best: bool
    """Whether the finish equals the bound."""
    is_repeatable: bool
    broken_keeps: tuple[tuple[TaskId, TaskId], ...]
    """Maximum lags that no plan can meet."""

    @property
    def finish(self) -> int:
        return max(finish for _, finish in self.after.values())

    @property
    def finish_before(self) -> int:
        return max(finish for _, finish in self.before.values())


def level_programme(programme: Programme, limit: SearchEffort) -> LevelledProgramme:
    """Find the earliest dates at which every team has enough people, verified by the checker.

    Raises `InputError` if no task needs a team, and `CheckFailedError` if pins contradict each other, links or teams.
    """
    capacity = Capacity(programme.definition.rollout.teams)
    if not any(t.needs for t in programme.tasks()):
        raise InputError(
            "No task says which people it needs. Add needs: {ict: 1} to the tasks that share people. The names of the "
            "teams are in rollout.yaml."
        )
    before = programme.schedule or time_roadmap(programme.roadmap)
    dates = _spans(before)
    fixed = _fixed(programme)
    check_pins(programme, before, capacity, fixed)
    order, keeps = in_order(programme.graph), tuple(_keeps(programme))
    roadmap = _from_late_dates(programme.roadmap, dates)
    request = LevelRequest(roadmap=roadmap, order=order, dates=dates, fixed=fixed, capacity=capacity, keeps=keeps)
    plan, found = _search(programme, request, limit)
    placed = _exactly(programme.graph, request, plan, found)
    return _looked_at(programme, request, plan, found, placed)


def _search(programme: Programme, request: LevelRequest, limit: SearchEffort) -> tuple[SlotPlan, Levelled]:
    roadmap = request.roadmap
    start = min(roadmap.start, roadmap.data_date or roadmap.start)
    finish = max(finish for _, finish in request.dates.values())
    for days in SEARCH_HORIZONS_DAYS:
        plan = slot_plan(request, start, finish + days * DAY)
        found = level(plan.problem, limit)
        if found is not None:
            return plan, found
    last = finish + SEARCH_HORIZONS_DAYS[-1] * DAY
    raise InputError(
        f"The work does not fit before {format_day(day_of(last))} with the people available. "
        "Give the teams more days a week in rollout.yaml, or reduce the tasks' needs."
    )


def _exactly(graph: "nx.MultiDiGraph[TaskId]", request: LevelRequest, plan: SlotPlan, found: Levelled) -> Placed:
    """Turn the order found into dates. A task with a maximum lag keeps the start that the search gave it.

    A predecessor may start after its successor (because of a link to its finish, or a lead), but it is still placed
    first. If it is placed as early as possible, it may take people that the successor needs, so the start that the
    search found is tried as well.
    """
    kept = {t for first, second, _ in request.keeps for t in (first, second)}
    opens, place = plan.axis.opens, {t: n for n, t in enumerate(plan.order)}
    slot = {t: int(found.start[n]) for t, n in place.items()}
    starts = {t: int(opens[n]) for t, n in slot.items() if n < len(opens)}
    free = dict(zip(request.capacity.teams, plan.problem.amounts, strict=True))
    order = in_order(graph, lambda t: (slot[t], place[t]))
    first, soonest = set[TaskId](), len(opens) + 1
    for task in reversed(order):
        if slot[task] > soonest:
            first.add(task)
        soonest = min(soonest, slot[task])

    def placed(held: Set[TaskId]) -> Placed:
        exact = ExactPass(request.roadmap, plan.axis, free, {t: request.dates[t] for t in request.fixed})
        return exact.run(order, {t: starts[t] for t in held if t in starts})

    plain = placed(kept)
    again = placed(kept | first) if first - kept - request.fixed else plain
    return min(plain, again, key=lambda p: (len(p.stuck), max(finish for _, finish in p.dates.values())))


def _from_late_dates(roadmap: Roadmap, dates: Spans) -> Roadmap:
    """Let as-late-as-possible work start at or after the start its links give, because people may not be free then."""
    late = [t for t in roadmap.tasks.values() if t.as_late_as_possible and t.id not in roadmap.progress]
    held = {t.id: replace(no_earlier(t, dates[t.id][0]), as_late_as_possible=False) for t in late}
    return replace(roadmap, tasks={**roadmap.tasks, **held}) if held else roadmap


def _looked_at(
    programme: Programme, request: LevelRequest, plan: SlotPlan, found: Levelled, placed: Placed
) -> LevelledProgramme:
    """Check the dates independently, and compute the cost of each wait."""
    roadmap, capacity = request.roadmap, request.capacity
    held = _held(roadmap, placed.waits)
    after = _spans(time_roadmap(held))
    # Only fixed tasks may still need more people than there are.
    stays = {*placed.stuck, *request.fixed}
    for stretch in overloads(roadmap, after, capacity):
        if not set(_at(roadmap, after, stretch)) <= stays:
            raise AssertionError(f"the checker found {stretch.team} short on {day_of(stretch.start)}: {stretch}")
    ends = max(f for _, f in after.values())
    open_bound = _bound(plan, found, max(f for _, f in request.dates.values()))
    keeps = tuple(
        (first, second)
        for (first, second, _), keep in zip(request.keeps, plan.problem.keeps, strict=True)
        if plan.axis.slot(after[second][0]) > int(plan.problem.lags[keep.table][plan.axis.slot(after[first][1])])
    )
    return LevelledProgramme(
        programme=programme,
        before=request.dates,
        after=after,
        moves=tuple(_moves(programme, request, placed, held, after)),
        kept={t: after[t] for t in sorted(request.fixed) if t not in roadmap.progress},
        load_before=tuple(loads(roadmap, request.dates, capacity)),
        load_after=tuple(loads(roadmap, after, capacity)),
        capacity=capacity,
        bound=min(open_bound, ends),
        is_best=ends <= open_bound,
        is_repeatable=found.is_repeatable,
        broken_keeps=keeps,
    )


def _bound(plan: SlotPlan, found: Levelled, unlevelled: int) -> int:
    """Return a lower bound: no plan ends before this instant.

    The search rounds work up to whole slots; here every piece counts one slot less.
    """
    least = max(0, energy_finish(plan.problem, found.bounds) - 1)
    return max(unlevelled, int(plan.axis.opens[min(least, len(plan.axis) - 1)]))


def _moves(
    programme: Programme, request: LevelRequest, placed: Placed, held: Roadmap, after: Spans
) -> Iterator[LevellingMove]:
    roadmap, capacity, trials = request.roadmap, request.capacity, Trials()
    ends = _ends(programme, trials.early(held))
    sharing = [t.id for t in roadmap.tasks.values() if t.needs]
    for number, wait in enumerate(sorted(placed.waits.values(), key=lambda w: (w.start, w.task))):
        behind = tuple(t for t in _who(roadmap, after, wait.team, wait.wanted) if wait.team and t != wait.task)
        costs: dict[str, int] = {}
        short = 0
        if number < MOST_COSTED:
            without = trials.early(replace(held, tasks={**held.tasks, wait.task: roadmap.tasks[wait.task]}))
            costs = {name: ends[name] - at for name, at in _ends(programme, without).items() if at < ends[name]}
            teams = roadmap.tasks[wait.task].needs
            over = overloads(roadmap, {t: without[t] for t in sharing}, capacity, teams=teams)
            short = sum(s.over * (s.end - s.start) for s in over) // TENTHS
        yield LevellingMove(wait=wait, behind=behind, costs=costs, short=short)


def _ends(programme: Programme, early: EarlyDates) -> dict[str, int]:
    """Return when each open milestone is reached and when the programme ends; a set end does not move."""
    found = {m.name: early[m.task].finish for m in programme.open_milestones}
    end = programme.roadmap.finish
    return found | {"the programme's end": early.last if end is None else end}


def _who(roadmap: Roadmap, dates: Spans, team: str, at: int) -> list[TaskId]:
    """Return the tasks using a team's people on the day that contains an instant."""
    day = at // DAY * DAY
    until = max(day, min(at, day + DAY - 1))
    needed = [t.id for t in roadmap.tasks.values() if team in t.needs]
    return [t for t in needed if dates[t][0] < day + DAY and dates[t][1] > until]


def _at(roadmap: Roadmap, dates: Spans, stretch: Stretch) -> list[TaskId]:
    """Return the tasks using a team's people at the start of a stretch."""
    at, needed = stretch.start, (t for t in roadmap.tasks.values() if stretch.team in t.needs)
    return [t.id for t in needed if any(a <= at < b for a, b in stretches(t, roadmap, *dates[t.id]))]


def _held(roadmap: Roadmap, waits: Mapping[TaskId, Wait]) -> Roadmap:
    """Delay every waiting task until its people are free."""
    held = {t: no_earlier(roadmap.tasks[t], w.start) for t, w in waits.items()}
    return replace(roadmap, tasks={**roadmap.tasks, **held})


def _spans(schedule: Schedule) -> dict[TaskId, tuple[int, int]]:
    return {t: (timed.early_start, timed.early_finish) for t, timed in schedule.timed.items()}


def _fixed(programme: Programme) -> frozenset[TaskId]:
    """Return the fixed tasks: begun, pinned, refused, or with their own date."""
    levelling, roadmap = programme.definition.levelling, programme.roadmap
    must = (Bound.MUST_START, Bound.MUST_FINISH)
    dated = {t.id for t in roadmap.tasks.values() if any(c.bound in must for c in t.constraints)}
    return frozenset({*roadmap.progress, *levelling.pinned, *levelling.refused, *dated} & set(roadmap.tasks))


def _keeps(programme: Programme) -> Iterator[tuple[TaskId, TaskId, Duration]]:
    for keep in programme.definition.levelling.keep_within:
        within = parse_duration(keep.within, minutes_per_day=programme.minutes_per_day)
        firsts = [programme.roadmap.tasks[t] for t in tasks_named(programme, keep.after)]
        for name in tasks_named(programme, keep.start):
            second = programme.roadmap.tasks[name]
            for first in firsts:
                if first.service == second.service and first.schools & second.schools:
                    yield first.id, second.id, within


def check_pins(programme: Programme, schedule: Schedule, capacity: Capacity, fixed: frozenset[TaskId]) -> None:
    """Raise `CheckFailedError` if fixed tasks contradict links, or need more of a team than it has."""
    lines = [*_against_links(programme, schedule), *_against_teams(programme, schedule, capacity, fixed)]
    if lines:
        raise CheckFailedError(
            "These pinned dates conflict. Removing any one of the pins resolves its conflict:\n"
            + "\n".join(f"  - {line}" for line in lines)
        )


def _against_links(programme: Programme, schedule: Schedule) -> Iterator[str]:
    """Find pins that are too early for their links, and name at most one other pin as the cause."""
    levelling, roadmap, trials = programme.definition.levelling, programme.roadmap, Trials()
    for task in levelling.pinned:
        if task in roadmap.progress or task not in roadmap.tasks:
            continue
        kept = tuple(c for c in roadmap.tasks[task].constraints if c.bound is not Bound.MUST_START)
        unpinned = replace(roadmap.tasks[task], constraints=kept)
        free = replace(roadmap, tasks={**roadmap.tasks, task: unpinned})
        pinned, least = schedule[task].early_start, trials.early(free)[task].start
        if least <= pinned:
            continue
        path = time_roadmap(free).path_to(task)
        others = sorted(t for t in levelling.pinned if t != task and t in path)
        behind = f", because {others[0]} is pinned on {_day(schedule, others[0])}" if others else ""
        earliest = format_day(day_of(least))
        yield f"{task} is pinned on {_day(schedule, task)}, but its links allow no start before {earliest}{behind}"


def _day(schedule: Schedule, task: TaskId) -> str:
    return format_day(day_of(schedule[task].early_start))


def _against_teams(
    programme: Programme, schedule: Schedule, capacity: Capacity, fixed: frozenset[TaskId]
) -> Iterator[str]:
    """Find days on which pinned and started tasks need more of a team than it has, once for each set of tasks."""
    seen: set[tuple[str, ...]] = set()
    pinned = set(programme.definition.levelling.pinned)
    dates = _spans(schedule)
    alone = {t: x if t in fixed else replace(x, needs={}) for t, x in programme.roadmap.tasks.items()}
    roadmap = replace(programme.roadmap, tasks=alone)
    for stretch in overloads(roadmap, dates, capacity):
        who = _who(roadmap, dates, stretch.team, stretch.start)
        key = (stretch.team, *who)
        if key in seen or not pinned & set(who):
            continue
        seen.add(key)
        yield (
            f"{listed(who)} need {stretch.asked / TENTHS:g} people from {capacity.names[stretch.team]} on "
            f"{format_day(day_of(stretch.start))}, which has only {stretch.has / TENTHS:g} available"
        )
