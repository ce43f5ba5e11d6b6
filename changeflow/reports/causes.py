"""Why a date moved, in words: the duration, date, link, calendar or fact that changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property

from changeflow.phrases import listed
from changeflow.roadmap.analysis.changes import Cause, SlipPart
from changeflow.roadmap.analysis.lengths import length_in_words
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.tasks import STARTS, Constraint, Roadmap, Task
from changeflow.rules.titles import titled
from changeflow.values.base import TaskId
from changeflow.values.duration import counted
from changeflow.values.moments import day_of, format_day, format_days, last_day_of
from changeflow.values.words import RULE_ORIGIN, Kind

NAMED = 3
"""The most tasks or days that are named; the others are counted."""


class CauseWords:
    """Describes a cause from two states of a roadmap."""

    def __init__(self, before: Roadmap, after: Roadmap) -> None:
        self.before = before
        self.after = after
        self.late_starts = LateStarts(before, after)

    def of(self, part: SlipPart) -> str:
        if len(part.tasks) == 1 and (single := self._single(part)):
            return single
        if part.cause is Cause.NOT_DONE and not part.tasks:
            return "Earlier work was not finished in time"
        if part.cause is Cause.ANNOUNCED:
            word = "later" if part.days > 0 else "earlier"
            return f"The forecast was already {word} than the date that was announced"
        who = self._names(part.tasks)
        if part.cause is Cause.READINESS:
            return self._readiness(part.tasks)
        if part.cause is Cause.CALENDAR and not part.tasks:
            return self._calendars()
        if part.cause is Cause.SET_DATE and not part.tasks:
            return self._own_dates()
        whole = {
            Cause.RESOURCE: "The people available for the work have changed",
            Cause.OTHER: "Other changes to the plan",
        }
        several = {
            Cause.ADDED_WORK: f"{len(part.tasks)} tasks have been added ({who})",
            Cause.REMOVED_WORK: f"{len(part.tasks)} tasks have been removed ({who})",
            Cause.NOT_DONE: f"{len(part.tasks)} tasks are not complete yet ({who})",
            Cause.DECISION: f"{len(part.tasks)} decisions are outstanding ({who})",
        }
        return several.get(part.cause) or whole.get(part.cause) or f"{part.cause.value.capitalize()}: {who}"

    def _readiness(self, tasks: Sequence[TaskId]) -> str:
        """Say which waves' readiness changed, with each milestone's reason."""
        parts = []
        for task in tasks:
            found = self.after.tasks.get(task) or self.before.tasks[task]
            if found.kind is not Kind.READINESS:
                continue
            is_held = task in self.after.tasks and found.because
            parts.append(
                f"“{found.name}” not yet reached, because {found.because}" if is_held else f"“{found.name}” reached"
            )
        text = "; ".join(parts[:NAMED]) + (f"; and {len(parts) - NAMED} more" if len(parts) > NAMED else "")
        return f"Readiness of people. {text}" if text else "The preparation of people has changed"

    def _single(self, part: SlipPart) -> str:
        cause, task = part.cause, part.tasks[0]
        name = f"“{self.name(task)}”"
        old, new = self.before.tasks.get(task), self.after.tasks.get(task)
        simple = {
            Cause.ADDED_WORK: f"{name} has been added",
            Cause.REMOVED_WORK: f"{name} has been removed",
            Cause.CALENDAR: f"{name} uses a different calendar",
            Cause.NOT_DONE: f"{name} {self._not_done(task)}",
        }
        if cause is Cause.SET_DATE:
            return self._set_date(name, old, new)
        if cause is Cause.LINK:
            return self._links(task, name)
        if cause is Cause.RE_ESTIMATE and old and new:
            return f"{name} takes {self._length(new)} instead of {self._length(old)}"
        if cause is Cause.WAVE_MOVE and new:
            return f"{name} has moved to another wave ({new.wave})"
        if cause is Cause.RULE:
            return self._rule(task, name)
        if cause in (Cause.ACTUAL, Cause.DECISION):
            return self._happened(part, name)
        return simple.get(cause, "")

    def _calendars(self) -> str:
        """Say which days are now closed or open, or else that the calendar changed."""
        closed, opened = dict[date, str](), dict[date, str]()
        for key in sorted(self.before.calendars.keys() & self.after.calendars.keys()):
            then, now = self.before.calendars[key], self.after.calendars[key]
            if then is not now:
                closed |= {d: why for d, why in now.closures.items() if then.works_on(d) and not now.works_on(d)}
                opened |= {d: why for d, why in then.closures.items() if now.works_on(d) and not then.works_on(d)}
        said = [(span, "closed", why) for span, why in _spans(closed)]
        said += [(span, "no longer closed", why) for span, why in _spans(opened)]
        if not said:
            return "A calendar has changed (working hours, pay periods or meetings)"
        words = [f"{format_days(*span)} {how} ({why})" for span, how, why in sorted(said)]
        return f"A calendar has changed: {listed(words, most=NAMED)}"

    def _own_dates(self) -> str:
        before, after = self.before, self.after
        start, was = format_day(day_of(after.start)), format_day(day_of(before.start))
        if before.start != after.start:
            return f"The programme now starts on {start} (was {was})"
        ends = [format_day(last_day_of(end)) if end is not None else "" for end in (before.finish, after.finish)]
        if all(ends):
            return f"The programme must now finish by {ends[1]} (was {ends[0]})"
        return f"The programme must now finish by {ends[1]}" if ends[1] else "The programme no longer has a set finish"

    def _set_date(self, name: str, old: Task | None, new: Task | None) -> str:
        if new and new.because and (old is None or old.because != new.because):
            return f"{name} moved, because {new.because}"
        if old is None or new is None or set(old.constraints) == set(new.constraints):
            return f"A date set for {name} has changed"
        then, now = (list(task.constraints) for task in (old, new))
        lost, gained = [c for c in then if c not in now], [c for c in now if c not in then]
        if [c.bound for c in gained] == [c.bound for c in lost]:
            pairs = zip(gained, lost, strict=True)
            return f"{name} is now set to {listed([f'{bound_in_words(new)} (was {_day(old)})' for new, old in pairs])}"
        words = [f"is now set to {listed([bound_in_words(c) for c in gained])}"] if gained else []
        words += [f"is no longer set to {listed([bound_in_words(c) for c in lost])}"] if lost else []
        return f"{name} {listed(words)}"

    def _links(self, task: TaskId, name: str) -> str:
        """Say which predecessors a task gained, lost or follows differently, apart from those of rules."""
        then, now = (
            {k.predecessor: k for k in roadmap.links if k.successor == task and not k.rule}
            for roadmap in (self.before, self.after)
        )
        gained, lost = [t for t in now if t not in then], [t for t in then if t not in now]
        changed = [t for t in now if t in then and now[t] != then[t]]
        words = [f"now depends on {self._names(gained)}"] if gained else []
        words += [f"no longer depends on {self._names(lost)}"] if lost else []
        words += [f"has another link or lag after {self._names(changed)}"] if changed else []
        return f"{name} {listed(words)}" if words else f"The predecessors of {name} have changed"

    def _rule(self, task: TaskId, name: str) -> str:
        def rules(roadmap: Roadmap) -> set[str]:
            origins = (k.origin for k in roadmap.links if k.successor == task)
            return {o.removeprefix(RULE_ORIGIN) for o in origins if o.startswith(RULE_ORIGIN)}

        gained, lost = rules(self.after) - rules(self.before), rules(self.before) - rules(self.after)
        if gained:
            return f"{name} now has to wait, because of {_named_rules(gained)}"
        if lost:
            return f"{name} no longer has to wait, because {_named_rules(lost)} is waived or met"
        return f"The links that rules add to {name} have changed"

    def _happened(self, part: SlipPart, name: str) -> str:
        done, is_decision = self.after.progress.get(part.tasks[0]), part.cause is Cause.DECISION
        if done is None:
            return f"{name} is still outstanding" if is_decision else f"The progress report on {name} was withdrawn"
        if done.actual_finish is None:
            started = format_day(day_of(done.actual_start))
            return f"{name} started on {started}, and its remaining work has been re-estimated"
        last = last_day_of(done.actual_finish) if done.actual_finish > done.actual_start else day_of(done.actual_finish)
        verb = "was made" if is_decision else "finished"
        name = f"The decision {name}" if is_decision else name
        return f"{name} {verb} {'later' if part.days > 0 else 'earlier'} than planned, on {format_day(last)}"

    def _not_done(self, task: TaskId) -> str:
        """Say how far a task has got that the data date holds up, and what made it start late."""
        if task not in self.after.progress:
            return "has not started yet"
        return f"is not complete yet{self.late_starts.of(task)}"

    def _length(self, task: Task) -> str:
        return length_in_words(task.duration, self.after.minutes_per_day, task.calendar)

    def _names(self, tasks: Sequence[TaskId]) -> str:
        named = ", ".join(f"“{self.name(t)}”" for t in tasks[:NAMED])
        return f"{named} and {len(tasks) - NAMED} more" if len(tasks) > NAMED else named

    def name(self, task: TaskId) -> str:
        found = self.after.tasks.get(task) or self.before.tasks.get(task)
        return found.name if found else task


class LateStarts:
    """Describes what made work start late."""

    def __init__(self, before: Roadmap, after: Roadmap) -> None:
        self.before = before
        self.after = after

    def of(self, task: TaskId) -> str:
        if task not in self.before.tasks or (first := self._first_late(task)) is None:
            return ""
        started = day_of(self.after.progress[task].actual_start)
        days = (started - day_of(self.planned[task].early_start)).days
        if days <= 0:
            return ""
        is_decision = self.after.tasks[first].kind is Kind.DECISION
        last = last_day_of(self._finish(first))
        by = counted((last - self.planned[first].last_day).days, "day")
        late = f"{'was decided' if is_decision else 'finished'} {by} late, on {format_day(last)}"
        return f"; it started {counted(days, 'day')} late, because “{self.after.tasks[first].name}” {late}"

    def _first_late(self, task: TaskId) -> TaskId | None:
        """Return what made a task start late: the nearest late task before it that took longer than planned, or else
        the first late one; None if they were on time.

        Before each task comes the last of its predecessors to finish, for as long as these finished late.
        """
        found, seen = None, {task}
        while True:
            links = (k for k in self.after.links if k.successor == task and k.predecessor not in seen)
            ends = [(self._finish(k.predecessor), k.predecessor) for k in links]
            if not (ends := [end for end in ends if end[0]]):
                return found
            _, task = max(ends)
            seen.add(task)
            if task not in self.before.tasks or last_day_of(self._finish(task)) <= self.planned[task].last_day:
                return found
            found = task
            if self._took_longer(task):
                return found

    def _took_longer(self, task: TaskId) -> bool:
        done, planned, calendar = self.after.progress[task], self.planned[task], self.after.calendar_of(task)
        taken = calendar.between(done.actual_start, self._finish(task))
        return taken > calendar.between(planned.early_start, planned.early_finish)

    def _finish(self, task: TaskId) -> int:
        """Return when a task finished, in civil minutes; 0 if it has not."""
        progress = self.after.progress.get(task)
        return (progress.actual_finish or 0) if progress is not None else 0

    @cached_property
    def planned(self) -> Schedule:
        return time_roadmap(self.before)


def bound_in_words(one: Constraint) -> str:
    """Describe a set date, to follow `set to`: `start no earlier than 12 May 2027`."""
    bound = one.bound.value.removeprefix("must_").replace("_", " ")
    return f"{bound} {'than' if 'no ' in bound else 'on'} {_day(one)}"


def _day(one: Constraint) -> str:
    return format_day(day_of(one.at) if one.bound in STARTS else last_day_of(one.at))


def _spans(days: Mapping[date, str]) -> list[tuple[tuple[date, date], str]]:
    """Join consecutive days that have the same reason."""
    spans: list[tuple[tuple[date, date], str]] = []
    for day, why in sorted(days.items()):
        if spans and spans[-1][1] == why and spans[-1][0][1] == day - timedelta(days=1):
            spans[-1] = ((spans[-1][0][0], day), why)
        else:
            spans.append(((day, day), why))
    return spans


def _named_rules(codes: Iterable[str]) -> str:
    """Name rules by their titles."""
    titles = [titled(code) for code in sorted(codes)]
    return f"the rule {titles[0]}" if len(titles) == 1 else f"the rules {listed(titles)}"
