"""Which tasks a task's finish reaches through links without any overlap: a set of bits for each task.

With bits, each answer is one number. The whole closure costs one union of sets for each link.
"""

from collections import deque
from collections.abc import Iterable

from changeflow.roadmap.model.tasks import Link
from changeflow.values.base import TaskId

_Ends = tuple[int, bool, bool]
"""The other task of a link, and whether it leaves a finish and arrives at one."""


class Reachable:
    """What a set of links says about the order of tasks. Links with a lead say nothing; the links must not form a loop.

    For each task there are two cases: only its finish is known to be no earlier than some moment, or its start is as
    well. In each case, that makes the finish of other tasks known, and for some of them also the start.
    """

    def __init__(self, links: Iterable[Link]) -> None:
        self._number: dict[TaskId, int] = {}
        self._from_finish: list[tuple[int, int]] = []
        """For each task whose finish is known: the tasks whose finish it makes known, and whose start, as bits."""
        self._from_start: list[tuple[int, int]] = []
        """The same for a task whose start is known as well."""
        own = [link for link in links if link.lag.amount >= 0]
        out: list[list[_Ends]] = []
        waits: list[int] = []
        for link in own:
            before, after = self._of(link.predecessor), self._of(link.successor)
            while len(out) < len(self._number):
                out.append([])
                waits.append(0)
            out[before].append((after, link.type.from_finish, link.type.to_finish))
            waits[after] += 1
        for task in reversed(_in_order(out, waits)):
            for ends in out[task]:
                self._pass_on(task, ends)

    def starts(self, first: TaskId, then: TaskId) -> bool:
        """Return whether `then` starts no earlier than `first` finishes."""
        one, other = self._number.get(first), self._number.get(then)
        return one is not None and other is not None and bool(self._from_finish[one][1] >> other & 1)

    def add(self, link: Link) -> None:
        """Add a link: what reaches its predecessor now also reaches what the link makes known."""
        if link.lag.amount < 0:
            return
        before, after = self._of(link.predecessor), self._of(link.successor)
        ends = (after, link.type.from_finish, link.type.to_finish)
        gained = self._gain(ends)
        for reach in (self._from_finish, self._from_start):
            for task, (finishes, starts) in enumerate(reach):
                if starts >> before & 1 or (link.type.from_finish and finishes >> before & 1):
                    reach[task] = finishes | gained[0], starts | gained[1]
        self._pass_on(before, ends)

    def _of(self, task: TaskId) -> int:
        found = self._number.get(task)
        if found is None:
            found = self._number[task] = len(self._number)
            self._from_finish.append((0, 0))
            self._from_start.append((0, 0))
        return found

    def _pass_on(self, task: int, ends: _Ends) -> None:
        gained = self._gain(ends)
        for reach in (self._from_finish, self._from_start) if ends[1] else (self._from_start,):
            finishes, starts = reach[task]
            reach[task] = finishes | gained[0], starts | gained[1]

    def _gain(self, ends: _Ends) -> tuple[int, int]:
        """Return the tasks whose finish a link makes known, and those whose start it makes known."""
        other, _, to_finish = ends
        finishes, starts = (self._from_finish if to_finish else self._from_start)[other]
        own = 1 << other
        return finishes | own, starts if to_finish else starts | own


def _in_order(out: list[list[_Ends]], waits: list[int]) -> list[int]:
    """Return the tasks in an order in which each comes after those before it."""
    ready = deque(task for task, count in enumerate(waits) if not count)
    found = []
    while ready:
        task = ready.popleft()
        found.append(task)
        for other, _, _ in out[task]:
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    return found
