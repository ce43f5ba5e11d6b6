"""Precedence by links alone, independent of dates: which tasks start no earlier than another finishes."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from changeflow.roadmap.model.reachable import Reachable
from changeflow.roadmap.model.tasks import Link, LinkType, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit


class Precedence:
    """Answers many questions about one set of links, which may grow but must never form a loop.

    A start-to-start link or a lead does not pass precedence on. Where `tasks` are given, enough lag or work on the way
    makes up for such a link.
    """

    def __init__(
        self,
        links: Iterable[Link],
        *,
        tasks: Mapping[TaskId, Task] | None = None,
        progress: Mapping[TaskId, TaskProgress] | None = None,
    ) -> None:
        self._tasks, self._progress = tasks or {}, progress or {}
        self._links: dict[TaskId, list[Link]] = {}
        self._overlaps = False
        self._reachable: Reachable | None = None
        self._bounds: dict[TaskId, dict[TaskId, _Bounds]] = {}
        for link in links:
            self._learn(link)

    def add(self, link: Link) -> None:
        """Add a link; cached answers that it cannot affect are kept."""
        self._learn(link)
        if self._reachable is not None:
            self._reachable.add(link)
        self._bounds = {t: known for t, known in self._bounds.items() if link.predecessor not in known}

    def _learn(self, link: Link) -> None:
        self._links.setdefault(link.predecessor, []).append(link)
        self._overlaps = (
            self._overlaps or link.lag.amount < 0 or (link.type is not LinkType.FS and not link.lag.is_zero)
        )

    def holds(self, first: TaskId, *, before: TaskId) -> bool:
        """Return whether `before` starts no earlier than `first` finishes."""
        if self.reachable.starts(first, before):
            return True
        if not self._overlaps or first not in self._tasks:
            return False
        if first not in self._bounds:
            self._bounds[first] = self._measure(first)
        found = self._bounds[first].get(before)
        return found is not None and found.start is not None and found.start >= 0

    @property
    def reachable(self) -> Reachable:
        """What the links pass on by themselves."""
        if self._reachable is None:
            self._reachable = Reachable(link for links in self._links.values() for link in links)
        return self._reachable

    def _measure(self, first: TaskId) -> dict[TaskId, "_Bounds"]:
        """Return the least working time from the finish of `first` to each task's start and finish."""
        length = self._length(first)
        bounds = {first: _Bounds(None if length is None else -length, 0)}
        queue = deque([first])
        while queue:
            task = queue.popleft()
            for link in self._links.get(task, ()):
                known = bounds.get(link.successor, _Bounds(None, None))
                better = self._carried(link, bounds[task], known)
                if better != known:
                    bounds[link.successor] = better
                    queue.append(link.successor)
        return bounds

    def _carried(self, link: Link, before: "_Bounds", known: "_Bounds") -> "_Bounds":
        """Carry bounds over a link; they are working minutes of each task's own calendar."""
        at = before.finish if link.type.from_finish else before.start
        if at is None:
            return known
        if self._tasks[link.predecessor].calendar != self._tasks[link.successor].calendar:
            if at < 0:
                return known  # hours of different calendars cannot be compared
            at = 0
        lag = self._lag(link)
        if lag is None:
            return known
        length = self._length(link.successor)
        if link.type.to_finish:
            finish = _most(known.finish, at + lag)
            return _Bounds(known.start if length is None else _most(known.start, finish - length), finish)
        start = _most(known.start, at + lag)
        return _Bounds(start, _most(known.finish, start + (length or 0)))

    def _lag(self, link: Link) -> int | None:
        """Return the least working minutes that a lag takes; None if it may reach back by an unknown amount."""
        if link.lag.unit is Unit.WORKING:
            return link.lag.amount
        if link.lag.unit is Unit.PERCENT and (length := self._length(link.predecessor)) is not None:
            return length * link.lag.amount // 100
        return 0 if link.lag.amount >= 0 else None

    def _length(self, task: TaskId) -> int | None:
        """Return the working minutes of a task; None if unknown: elapsed time, or begun work."""
        duration: Duration = self._tasks[task].duration
        is_known = (duration.unit is Unit.WORKING or duration.is_zero) and task not in self._progress
        return duration.amount if is_known else None


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The fewest working minutes after the first task's finish; None if unknown."""

    start: int | None
    finish: int | None


def _most(known: int | None, new: int) -> int:
    return new if known is None else max(known, new)
