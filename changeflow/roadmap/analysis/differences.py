"""The differences between two states of a roadmap: tasks, gates, milestones, owners, durations, dates and links.

`changes` divides a milestone's slip among causes; this module lists everything added, dropped, renamed or changed,
whether or not it moved a milestone. Dropped milestones, gates and deadlines come first, so that readers notice them.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import TypeVar

from changeflow.phrases import listed
from changeflow.roadmap.analysis.lengths import length_in_words
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Constraint, Link, Roadmap, Task
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.moved_dates import later_or_earlier, moved_in_words
from changeflow.values.words import Kind

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
NAMED = 3
"""The most things named in one sentence; the others are counted: our own choice."""


class Topic(StrEnum):
    """The topic of a difference, in reading order."""

    MILESTONES = "Milestones and deadlines"
    GO_LIVES = "School go-lives"
    ANNOUNCED = "Announced dates"
    GATES = "Decisions"
    SERVICES = "Services"
    SCHOOLS = "Schools"
    WAVES = "Waves"
    PEOPLE = "People"
    OWNERS = "Owners"
    TASKS = "Tasks"
    DURATIONS = "Durations"
    SET_DATES = "Set dates"
    LINKS = "Links between tasks"
    CALENDARS = "Calendars"
    WAIVERS = "Waivers"
    SETTINGS = "Settings"


class How(StrEnum):
    DROPPED = "dropped"
    ADDED = "added"
    RENAMED = "renamed"
    REGROUPED = "split or joined"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Altered:
    """One difference."""

    topic: Topic
    how: How
    sentence: str
    task: TaskId | None = None
    """A task in the later state whose date moved, if it is about one; of several that moved alike, one of them."""

    @property
    def comes_first(self) -> bool:
        """Whether a milestone, gate or deadline was dropped, which can hide lateness."""
        return self.how is How.DROPPED and self.topic in (Topic.MILESTONES, Topic.GATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _States:
    before: Roadmap
    after: Roadmap
    dates: tuple[Schedule, Schedule] | None
    milestones: Collection[TaskId]
    same: Mapping[TaskId, TaskId]
    """Tasks in both states, by old id; a task with a new id and the same name is the same."""
    regrouped: Sequence[tuple[Sequence[TaskId], Sequence[TaskId]]] = ()
    """Tasks that were split or joined: their old and new ids."""

    def both(self, *, regrouped: bool = False) -> Iterator[tuple[Task, Task]]:
        """Yield each task in both states. The first part of a split task is a different task, unless requested."""
        parts = {t for sides in self.regrouped for ids in sides for t in ids}
        for old, new in self.same.items():
            if regrouped or not {old, new} & parts:
                yield self.before.tasks[old], self.after.tasks[new]

    def is_gate(self, task: Task) -> bool:
        return task.kind is Kind.DECISION and task.id not in self.milestones

    def topic_of(self, task: Task) -> Topic:
        if task.id in self.milestones:
            return Topic.MILESTONES
        return Topic.GATES if self.is_gate(task) else Topic.TASKS


def task_differences(
    before: Roadmap,
    after: Roadmap,
    *,
    milestones: Collection[TaskId],
    role_of: Callable[[str], str] = str,
    dates: tuple[Schedule, Schedule] | None = None,
    regrouped: Sequence[tuple[Sequence[TaskId], Sequence[TaskId]]] = (),
) -> Iterator[Altered]:
    """Yield the differences between the tasks and links of two roadmaps; `dates` are their schedules.

    `regrouped` are tasks that were split or joined: their old and new ids.
    """
    states = _States(
        before=before, after=after, dates=dates, milestones=milestones, same=_same(before, after), regrouped=regrouped
    )
    yield from _regrouped(states)
    yield from _came_and_went(states)
    yield from _renamed(states)
    yield from _deadlines(states)
    yield from _owners(states, role_of)
    yield from _durations(states)
    yield from _set_dates(states)
    yield from _links(states)
    yield from _calendars(states)
    yield from _other_fields(states)
    if dates is not None:
        yield from _moved(states, *dates)


def in_order(found: Iterable[Altered]) -> list[Altered]:
    """Return differences in reading order, each once: important ones first, then by topic."""
    topics, hows = list(Topic), list(How)
    once = dict.fromkeys(found)
    return sorted(once, key=lambda d: (not d.comes_first, topics.index(d.topic), hows.index(d.how)))


def several(names: Sequence[str], noun: str = "task") -> str:
    """Name some things: `“A”`, `“A” and “B”`, `14 tasks (“A”, “B”, “C” and 11 more)`."""
    quoted = [f"“{name}”" for name in names]
    if len(names) <= NAMED:
        return listed(quoted)
    return f"{counted(len(names), noun)} ({listed(quoted, most=NAMED)})"


def _same(before: Roadmap, after: Roadmap) -> dict[TaskId, TaskId]:
    both = before.tasks.keys() & after.tasks.keys()
    gone, new = sorted(before.tasks.keys() - both), sorted(after.tasks.keys() - both)
    by_name = _grouped((after.tasks[t].name, t) for t in new)
    old_names = _grouped((before.tasks[t].name, t) for t in gone)
    again = {
        tasks[0]: by_name[name][0] for name, tasks in old_names.items() if len(tasks) == len(by_name.get(name, ())) == 1
    }
    return dict(sorted(({t: t for t in both} | again).items()))


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _regrouped(states: _States) -> Iterator[Altered]:
    """Yield the tasks that were split or joined; beyond the first few they are counted."""
    shown: dict[Topic, int] = {}
    for olds, news in states.regrouped:
        before, after = [states.before.tasks[t] for t in olds], [states.after.tasks[t] for t in news]
        topic = states.topic_of(after[0])
        shown[topic] = shown.get(topic, 0) + 1
        if topic is Topic.TASKS and shown[topic] > NAMED:
            continue
        what = "was split into" if len(before) == 1 else "were joined into" if len(after) == 1 else "became"
        sentence = f"{several([t.name for t in before])} {what} {several([t.name for t in after])}."
        yield Altered(topic, How.REGROUPED, sentence)
    if (more := shown.get(Topic.TASKS, 0) - NAMED) > 0:
        words = "other task was" if more == 1 else "others were"
        yield Altered(Topic.TASKS, How.REGROUPED, f"{more} {words} split or joined as well.")


def _came_and_went(states: _States) -> Iterator[Altered]:
    parts = [{t for ids in sides for t in ids} for sides in zip(*states.regrouped, strict=True)] or [set(), set()]
    gone = [t for i, t in sorted(states.before.tasks.items()) if i not in states.same and i not in parts[0]]
    kept = {*states.same.values(), *parts[1]}
    new = [t for i, t in sorted(states.after.tasks.items()) if i not in kept]
    for how, tasks in ((How.DROPPED, gone), (How.ADDED, new)):
        for topic, own in _grouped((states.topic_of(t), t) for t in tasks).items():
            if topic is Topic.TASKS:
                verb = "has" if len(own) == 1 else "have"
                yield Altered(topic, how, f"{several([t.name for t in own])} {verb} been {how}.")
                continue
            noun = "The milestone" if topic is Topic.MILESTONES else "The decision"
            for task in own:
                yield Altered(topic, how, f"{noun} “{task.name}” was {how}{_dated(states, task, how)}.")


def _dated(states: _States, task: Task, how: How) -> str:
    deadline = f"deadline {format_day(last_day_of(task.deadline))}" if task.deadline is not None else ""
    day = ""
    if states.dates is not None:
        schedule = states.dates[0] if how is How.DROPPED else states.dates[1]
        day = f"forecast {format_day(_last_day(schedule, task))}"
    found = ", ".join(filter(None, (deadline, day)))
    return f" ({found})" if found else ""


def _last_day(schedule: Schedule, task: Task) -> date:
    return schedule[task.id].last_day


def _renamed(states: _States) -> Iterator[Altered]:
    found = [(old, new) for old, new in states.both() if old.name != new.name]
    for topic, pairs in _grouped((states.topic_of(new), (old, new)) for old, new in found).items():
        shown = pairs if topic is not Topic.TASKS else pairs[:NAMED]
        for old, new in shown:
            yield Altered(topic, How.RENAMED, f"“{old.name}” is now called “{new.name}”.")
        if more := len(pairs) - len(shown):
            yield Altered(
                topic, How.RENAMED, f"{counted(more, 'other task')} {'was' if more == 1 else 'were'} renamed."
            )


def _deadlines(states: _States) -> Iterator[Altered]:
    changed = [(old, new) for old, new in states.both(regrouped=True) if old.deadline != new.deadline]
    for (was, now), tasks in _grouped(((o.deadline, n.deadline), n) for o, n in changed).items():
        what = f"The deadline of {several([t.name for t in tasks])}"
        then, day = (last_day_of(at) if at is not None else None for at in (was, now))
        if day is None:
            yield Altered(Topic.MILESTONES, How.DROPPED, f"{what}, {format_day(then) if then else ''}, was dropped.")
        elif then is None:
            yield Altered(Topic.MILESTONES, How.ADDED, f"{what} is {format_day(day)}; there was none.")
        else:
            moved = later_or_earlier((day - then).days)
            sentence = f"{what} has moved from {format_day(then)} to {format_day(day)} ({moved})."
            yield Altered(Topic.MILESTONES, How.CHANGED, sentence)


def _owners(states: _States, role_of: Callable[[str], str]) -> Iterator[Altered]:
    changed = [(old, new) for old, new in states.both() if old.owner != new.owner]
    for (was, now), tasks in _grouped(((o.owner, n.owner), n) for o, n in changed).items():
        old, new = (f"the {role_of(person)}" if person else "no one" for person in (was, now))
        if old == new:
            new = f"another {role_of(now or '')}"
        verb = "has" if len(tasks) == 1 else "have"
        sentence = f"{several([t.name for t in tasks])} {verb} a new owner, {new} (was {old})."
        yield Altered(Topic.OWNERS, How.CHANGED, sentence)


def _durations(states: _States) -> Iterator[Altered]:
    def length(roadmap: Roadmap, task: Task) -> str:
        return length_in_words(task.duration, roadmap.minutes_per_day, task.calendar)

    changed = [(o, n) for o, n in states.both() if o.duration != n.duration]
    keyed = (((length(states.before, o), length(states.after, n)), n) for o, n in changed)
    for (was, now), tasks in _grouped(keyed).items():
        verb = "takes" if len(tasks) == 1 else "take"
        sentence = f"{several([t.name for t in tasks])} {verb} {now} instead of {was}."
        yield Altered(Topic.DURATIONS, How.CHANGED, sentence)
    if ranges := [n.name for o, n in states.both() if o.estimate != n.estimate]:
        yield Altered(Topic.DURATIONS, How.CHANGED, f"The range of estimates for {several(ranges)} has changed.")


def _set_dates(states: _States) -> Iterator[Altered]:
    """Yield the dates that people set, without those that follow from facts, such as a school's joining day."""

    def dates(task: Task) -> tuple[Constraint, ...]:
        return tuple(one for one in task.constraints if not one.because)

    changed = [(o, n) for o, n in states.both() if dates(o) != dates(n)]
    for (was, now), tasks in _grouped(((dates(o), dates(n)), n) for o, n in changed).items():
        verb, had = ("is", "it had") if len(tasks) == 1 else ("are", "they had")
        what = (
            f"{verb} now set to {_bounds(now)}" if now else f"no longer {'has' if verb == 'is' else 'have'} a set date"
        )
        then = f"was set to {_bounds(was)}" if was else f"{had} no set date"
        sentence = f"{several([t.name for t in tasks])} {what} ({then})."
        yield Altered(Topic.SET_DATES, How.CHANGED, sentence)
    if by_hand := [n.name for o, n in states.both() if o.manual != n.manual]:
        sentence = f"The dates set manually for {several(by_hand)} have changed."
        yield Altered(Topic.SET_DATES, How.CHANGED, sentence)


def _bounds(constraints: Sequence[Constraint]) -> str:
    def day(one: Constraint) -> str:
        return format_day(day_of(one.at) if "start" in one.bound.value else last_day_of(one.at))

    words = []
    for one in constraints:
        bound = one.bound.value.removeprefix("must_").replace("_", " ")
        words.append(f"{bound} {'than' if 'no ' in bound else 'on'} {day(one)}")
    return " and ".join(words)


def _links(states: _States) -> Iterator[Altered]:
    old, new = _into(states.before), _into(states.after)
    common, changed = set(states.same.values()), []
    for was, now in states.same.items():
        before = {(states.same[k.predecessor], k.type, k.lag) for k in old.get(was, ()) if k.predecessor in states.same}
        after = {(k.predecessor, k.type, k.lag) for k in new.get(now, ()) if k.predecessor in common}
        if before != after:
            changed.append(states.after.tasks[now].name)
    if changed:
        sentence = f"The predecessors or lags of {several(changed)} have changed."
        yield Altered(Topic.LINKS, How.CHANGED, sentence)


def _into(roadmap: Roadmap) -> dict[TaskId, list[Link]]:
    return _grouped((link.successor, link) for link in roadmap.links)


_OF_CALENDARS = ("calendar", "term_calendar", "placed_on", "measured_on", "terms", "starts_on", "assignments")
_SAID = (
    "id", "name", "service_name", "place", "duration", "estimate", "deadline", "owner", "constraints", "manual",
    "because", "note", "wave", "schools", *_OF_CALENDARS,
)  # fmt: skip
"""Fields whose changes are reported separately, or follow from other fields."""


def _calendars(states: _States) -> Iterator[Altered]:
    changed = [n.name for o, n in states.both() if any(getattr(o, f) != getattr(n, f) for f in _OF_CALENDARS)]
    if changed:
        verb = "uses" if len(changed) == 1 else "use"
        yield Altered(Topic.CALENDARS, How.CHANGED, f"{several(changed)} now {verb} a different calendar.")


def _other_fields(states: _States) -> Iterator[Altered]:
    names = [f.name for f in fields(Task) if f.name not in _SAID]
    for name in names:
        changed = [n.name for o, n in states.both() if getattr(o, name) != getattr(n, name)]
        if changed:
            sentence = f"The setting “{name.replace('_', ' ')}” of {several(changed)} has changed."
            yield Altered(Topic.TASKS, How.CHANGED, sentence)


def _moved(states: _States, before: Schedule, after: Schedule) -> Iterator[Altered]:
    days = {n.id: (_last_day(after, n) - _last_day(before, o)).days for o, n in states.both()}
    tasks = [t for _, t in states.both() if days[t.id] and t.kind is not Kind.GO_LIVE]
    own = sorted(tasks, key=lambda t: (-abs(days[t.id]), t.id))
    then = {new: old for old, new in states.same.items()}
    for task in own:
        if (topic := states.topic_of(task)) is not Topic.TASKS:
            was = _last_day(before, states.before.tasks[then[task.id]])
            sentence = f"“{task.name}” {moved_in_words(was, _last_day(after, task))}."
            yield Altered(topic, How.MOVED, sentence, task.id)
    plain = [t for t in own if states.topic_of(t) is Topic.TASKS]
    if len(plain) <= NAMED:
        for task in plain:
            verb = "finished" if states.after.is_done(task.id) else "finishes"
            sentence = f"“{task.name}” {verb} {later_or_earlier(days[task.id])}."
            yield Altered(Topic.TASKS, How.MOVED, sentence, task.id)
        return
    later = sum(days[t.id] > 0 for t in plain)
    parts = [f"{n} {word}" for n, word in ((later, "later"), (len(plain) - later, "earlier")) if n]
    moved = (
        f"tasks now finish on another date ({' and '.join(parts)})"
        if len(parts) > 1
        else parts[0].replace(" ", " tasks now finish ")
    )
    most = f"the largest change is to “{plain[0].name}” ({later_or_earlier(days[plain[0].id])})"
    total = f"{len(plain)} " if len(parts) > 1 else ""
    yield Altered(Topic.TASKS, How.MOVED, f"{total}{moved}; {most}.", plain[0].id)
