"""The `Programme`: definition, roadmap, facts and schedule as one immutable value."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from threading import RLock
from typing import Any, TypeVar

import networkx as nx

from changeflow.programme.asked import with_asked, without_asked
from changeflow.programme.assembly.action_owners import give_owners
from changeflow.programme.assembly.corrective_actions import Found, add_corrections, judged_checkpoints
from changeflow.programme.assembly.decisions_applied import add_conditions, add_rejections, add_repetitions
from changeflow.programme.assembly.expansion import Expansion, end_of, expand
from changeflow.programme.assembly.joining import add_joining, joining_days
from changeflow.programme.assembly.readiness import add_readiness
from changeflow.programme.definition import Definition, Policy, School, ServiceFile
from changeflow.programme.facts import Facts
from changeflow.programme.names import person_in_a_sentence, person_in_words
from changeflow.programme.pay import PayTables
from changeflow.programme.references import DefinitionError, References
from changeflow.programme.staffing import as_of, handed_over
from changeflow.roadmap.analysis.slippage import Slips
from changeflow.roadmap.analysis.why import spare_before
from changeflow.roadmap.engine.cpm import Schedule, TimedTask, time_roadmap
from changeflow.roadmap.model.graph import build_graph
from changeflow.roadmap.model.precedence import Precedence
from changeflow.roadmap.model.profile import TEXTBOOK
from changeflow.roadmap.model.tasks import Link, Milestone, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.moments import DAY, minute_of
from changeflow.values.rulepack import RulepackEntry, Rulepacks
from changeflow.values.words import Kind, Phase

Answer = TypeVar("Answer")


class _Asked:
    """A cache of answers about a programme: one thread computes an answer, others wait for it."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._lock = RLock()

    def once(self, name: str, make: Callable[[], Answer]) -> Answer:
        with self._lock:
            if name not in self._known:
                self._known[name] = make()
            found: Answer = self._known[name]
            return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """The value that rules, agenda and reports use. `on` is the data date, on which rules and waivers are judged."""

    definition: Definition
    roadmap: Roadmap
    milestones: tuple[Milestone, ...]
    graph: "nx.MultiDiGraph[TaskId]"
    facts: Facts
    rulepacks: Rulepacks
    on: date
    pay: PayTables
    schedule: Schedule | None = None
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """People's known names by id, for texts that people read; never stored."""
    _precedence: list[Precedence] = field(default_factory=list, compare=False, repr=False)
    """Empty, or one cache of what `guarantees` has found for this graph."""
    _by_kind: dict[Kind, list[Task]] = field(default_factory=dict, compare=False, repr=False)
    """The tasks of each kind, cached: links change, tasks do not."""
    _asked: _Asked = field(default_factory=_Asked, init=False, compare=False, repr=False)
    """Answers derived from this roadmap and schedule; a derived programme starts without them."""

    @property
    def id(self) -> str:
        return self.definition.programme.programme

    @property
    def name(self) -> str:
        return self.definition.programme.name

    @property
    def policy(self) -> Policy:
        return self.definition.programme.policy

    @property
    def minimum_group(self) -> int:
        """The smallest group shown: the programme's setting or the rulepack's, never below the floor."""
        floor = self.rulepacks.number("privacy", "floor", on=self.on)
        return max(floor, self.policy.minimum_group or self.rulepacks.number("privacy", "minimum_group", on=self.on))

    @property
    def band(self) -> int:
        """The narrowest band of a count. A folder's own rulepack may widen it but not narrow it."""
        return self.rulepacks.number("privacy", "step", on=self.on)

    @property
    def services(self) -> tuple[ServiceFile, ...]:
        return self.definition.services

    @property
    def minutes_per_day(self) -> int:
        return self.roadmap.minutes_per_day

    def service(self, service: str) -> ServiceFile:
        return next(s for s in self.services if s.service == service)

    def service_name(self, service: str) -> str:
        """Return a service's name, or words for one that has left the programme."""
        return next((s.name for s in self.services if s.service == service), "a former service")

    def schools_of(self, service: str) -> frozenset[str]:
        """Return every school in a wave of the service."""
        waves = References(self.definition).waves_of(self.service(service))
        return frozenset(s for w in waves for s in w.schools)

    def school(self, school: str) -> School:
        return next(s for s in self.definition.schools if s.id == school)

    def school_name(self, school: str) -> str:
        """Return a school's name, or its id if it has left the programme."""
        return next((s.name for s in self.definition.schools if s.id == school), school)

    def person(self, person: str | None) -> str:
        """Name a person in a list or a cell: by name and role, or by role alone."""
        return person_in_words(self.definition, self.names, person)

    def the_person(self, person: str | None) -> str:
        """Name a person within a sentence: “the Headteacher”, or their name with the role in brackets."""
        return person_in_a_sentence(self.definition, self.names, person)

    def with_names(self, names: Mapping[str, str]) -> "Programme":
        """Return the programme with different names for its people; it keeps its cached answers."""
        if names == self.names:
            return self
        named = copy(self)
        object.__setattr__(named, "names", names)
        return named

    def school_names(self, schools: Iterable[str]) -> str:
        return ", ".join(sorted(self.school(s).name for s in schools))

    def schools_in_words(self, schools: Iterable[str]) -> str:
        """List schools by name, or say `all 14 schools`."""
        named, every = set(schools), {s.id for s in self.definition.schools}
        return f"all {len(every)} schools" if len(every) > 1 and named == every else self.school_names(named)

    def tasks(
        self,
        *,
        kind: Kind | None = None,
        service: str | None = None,
        schools: frozenset[str] | None = None,
        phase: Phase | None = None,
        minor: bool | None = None,
    ) -> Iterator[Task]:
        """Yield the tasks that match, by id. `schools` matches a task that shares at least one of them."""
        for task in self._of_kind(kind):
            if (
                (service is None or task.service == service)
                and (schools is None or bool(task.schools & schools))
                and (phase is None or task.phase is phase)
                and (minor is None or task.minor is minor)
            ):
                yield task

    def _of_kind(self, kind: Kind | None) -> Iterable[Task]:
        if kind is None:
            return self.roadmap.tasks.values()
        if not self._by_kind:
            found: dict[Kind, list[Task]] = {}
            for task in self.roadmap.tasks.values():
                found.setdefault(task.kind, []).append(task)
            # Assigned at once, so that pages in other threads never see half of it.
            self._by_kind.update(found)
        return self._by_kind.get(kind, ())

    def guarantees(self, first: Task, *, before: Task) -> bool:
        """Return whether the links make `before` start no earlier than `first` finishes."""
        return self.precedence.holds(first.id, before=before.id)

    @property
    def precedence(self) -> Precedence:
        if not self._precedence:
            self._precedence.append(precedence_of(self.roadmap))
        return self._precedence[0]

    @property
    def required_schedule(self) -> Schedule:
        """The schedule; raises `LookupError` if there is none yet."""
        if self.schedule is None:
            raise LookupError("the programme has no schedule yet")
        return self.schedule

    def timed(self, task: TaskId) -> TimedTask:
        return self.required_schedule[task]

    @property
    def slips(self) -> Slips:
        """What follows if tasks end later than scheduled; one object serves all queries."""
        schedule = self.required_schedule
        return self._asked.once("slips", lambda: Slips(self.roadmap, schedule))

    @property
    def unslipped(self) -> Slips:
        """The roadmap timed from actuals only: a task that has begun is due at its start plus its planned duration."""
        return self._asked.once("unslipped", self._unslipped)

    def _unslipped(self) -> Slips:
        known = without_asked(self.roadmap, self.facts.progress)
        progress = {t: replace(p, remaining=None) for t, p in known.items()}
        roadmap = replace(self.roadmap, data_date=None, progress=progress)
        return Slips(roadmap, time_roadmap(roadmap))

    def once(self, question: str, answer: Callable[[], Answer]) -> Answer:
        """Return a cached answer about this schedule, computed on first use."""
        return self._asked.once(question, answer)

    def law(self, pack: str, key: str, *, on: date | None = None) -> RulepackEntry:
        """Return a rulepack's entry in force in the programme's nation on a day, by default the data date."""
        return self.rulepacks.entry(pack, key, on=on or self.on, nation=self.definition.programme.nation)

    def is_done(self, task: TaskId) -> bool:
        return self.roadmap.is_done(task)

    def days_of(self, task: TaskId) -> tuple[date, date]:
        """Return a task's first and last day, both inclusive; equal for a milestone."""
        timed = self.timed(task)
        return timed.first_day, timed.last_day

    def is_pilot(self, wave: str | None) -> bool:
        """Return whether a wave goes first, as a pilot."""
        return any(w.id == wave and w.pilot for w in self.definition.programme.waves)

    def spare(self, milestone: Milestone) -> int:
        """Return working minutes from a milestone's forecast to its deadline; without a deadline, its total float."""
        return spare_before(self.roadmap, self.timed(milestone.task))

    @property
    def open_milestones(self) -> tuple[Milestone, ...]:
        """The milestones that have not happened."""
        return tuple(m for m in self.milestones if m.task not in self.roadmap.progress)

    def milestone(self, name: str) -> Milestone | None:
        return next((m for m in self.milestones if m.id == name), None)

    def checkpoints(self) -> tuple[Found, ...]:
        """Return every reported checkpoint with its judgement, earliest first."""
        return tuple(judged_checkpoints(self.roadmap.tasks, self.facts, self.policy))

    def latest_checkpoints(self) -> dict[tuple[str | None, str | None], Found]:
        """Return the last reported checkpoint of each service and wave."""
        return {(f.task.service, f.task.wave): f for f in self.checkpoints()}

    def scheduled(self) -> "Programme":
        roadmap = with_asked(self.roadmap, self.facts.progress)
        return replace(self, roadmap=roadmap, schedule=time_roadmap(roadmap))


def precedence_of(roadmap: Roadmap) -> Precedence:
    """Return the precedence that a roadmap's links give."""
    return Precedence(roadmap.links, tasks=roadmap.tasks, progress=roadmap.progress)


class Growing:
    """A programme that gains links: each link extends its graph and precedence; `settle` extends its roadmap."""

    def __init__(self, programme: Programme) -> None:
        self._base = programme
        self._links: list[Link] = []
        self._is_own = False

    @property
    def programme(self) -> Programme:
        """The programme: its graph has all links so far, its roadmap those at the last `settle`."""
        return self._base

    def add(self, link: Link) -> None:
        if not self._is_own:
            # The first link makes copies, so the original programme does not change.
            graph, precedence = self._base.graph.copy(), precedence_of(self._base.roadmap)
            self._base = replace(self._base, graph=graph, _precedence=[precedence])
            self._is_own = True
        self._base.graph.add_edge(link.predecessor, link.successor, link=link)
        self._base.precedence.add(link)
        self._links.append(link)

    def settle(self) -> Programme:
        """Put the links into the roadmap and drop the schedule, which may now be wrong."""
        if self._links:
            roadmap = replace(self._base.roadmap, links=(*self._base.roadmap.links, *self._links))
            self._base, self._links = replace(self._base, roadmap=roadmap, schedule=None), []
        return self._base

    def schedule(self) -> Programme:
        self._base = self.settle().scheduled()
        return self._base


def join(
    definition: Definition, *, rulepacks: Rulepacks, facts: Facts | None = None, on: date | None = None
) -> tuple[Programme, tuple[DefinitionError, ...]]:
    """Join a definition and facts into an unscheduled programme, with the definition errors.

    `rulepacks` are the shipped ones; the definition's own override them. `on` is the data date; without it, work may
    begin at the programme's start.
    """
    known = facts or Facts()
    if on is not None:
        definition = as_of(definition, on)
    expansion, calendars = expand(definition)
    day = definition.programme.working_week.minutes_per_day
    add_repetitions(expansion, known.pilot, known.progress, minutes_per_day=day)
    add_joining(expansion, joining_days(definition, known))
    add_conditions(expansion, known.decisions, calendars.office, minutes_per_day=day)
    # Without a data date this is the original plan, so people's results, which have dates, are left out.
    add_rejections(expansion, known.decisions, calendars, known.progress)
    add_corrections(expansion, definition, known, calendars)
    reached = add_readiness(expansion, definition, known.until(on), calendars) if on else {}
    give_owners(expansion, definition)
    tasks = handed_over(expansion.tasks, definition, known.progress, on) if on else expansion.tasks
    roadmap = Roadmap(
        tasks=dict(sorted(tasks.items())),
        links=tuple(dict.fromkeys(expansion.links)),
        calendars=calendars.compiled,
        periods=calendars.periods.made,
        start=minute_of(definition.programme.start),
        finish=end_of(definition.programme.finish),
        profile=replace(TEXTBOOK, retains_logic=definition.programme.policy.out_of_sequence == "retained_logic"),
        data_date=minute_of(on) if on else None,
        minutes_per_day=day,
        progress=_with_milestones(expansion, known) | reached,
    )
    programme = Programme(
        definition=definition,
        roadmap=roadmap,
        milestones=tuple(expansion.milestones),
        graph=_graph_of(roadmap),
        facts=known,
        rulepacks=Rulepacks(packs=(*rulepacks.packs, *definition.rulepacks)),
        on=on or definition.programme.start,
        pay=calendars.pay,
    )
    return programme, tuple(expansion.errors)


_LAST_GRAPH: "list[tuple[tuple[TaskId, ...], tuple[Link, ...], nx.MultiDiGraph[TaskId]]]" = []
"""The last graph made, with its tasks and links: a plan is often joined twice, without and with its facts."""


def _graph_of(roadmap: Roadmap) -> "nx.MultiDiGraph[TaskId]":
    """Return the graph of a roadmap. No one changes a programme's graph: `Growing` extends a copy."""
    tasks = tuple(roadmap.tasks)
    last = _LAST_GRAPH[0] if _LAST_GRAPH else None
    if last is not None and last[0] == tasks and last[1] == roadmap.links:
        return last[2]
    graph = build_graph(tasks, roadmap.links)
    _LAST_GRAPH[:] = [(tasks, roadmap.links, graph)]
    return graph


def _with_milestones(expansion: Expansion, facts: Facts) -> dict[TaskId, TaskProgress]:
    """Mark a programme milestone as reached when all its predecessors have finished; it needs no report."""
    progress = {t: p for t, p in facts.progress.items() if t in expansion.tasks}
    for milestone in expansion.milestones:
        before = [progress.get(link.predecessor) for link in expansion.links if link.successor == milestone.task]
        finishes = [(p.actual_finish, p.actual_start) for p in before if p is not None and p.actual_finish is not None]
        if before and len(finishes) == len(before):
            finish, start = max(finishes)
            # Work that ended at midnight ended on the day before, and so did this.
            at = finish - 1 if finish % DAY == 0 and start < finish else finish
            progress[milestone.task] = TaskProgress(at, at)
    return progress
