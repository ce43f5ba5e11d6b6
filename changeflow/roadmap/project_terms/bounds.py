"""The limits that a link sets to the dates at its ends, as programs that schedule by Project's rules compute them.

The programs differ where working time has gaps: some subtract a lag before a duration and some after it, and some move
a milestone to the next work. So each limit is a pair: the earliest and the latest that any of them finds.
"""

from typing import NamedTuple

from changeflow.roadmap.model.tasks import LinkType
from changeflow.roadmap.project_terms.targets import Target, read_end
from changeflow.values.duration import Duration, Unit
from changeflow.values.moments import DAY


class LinkBounds(NamedTuple):
    """The earliest and the latest result of these programs."""

    least: int
    most: int


def start_bound(kind: LinkType, lag: Duration, before: Target, after: Target, floor: int) -> LinkBounds:
    """Return where a link lets its successor start at the earliest; nothing bound to a finish starts before `floor`."""
    at = before.finish if kind.from_finish else before.start
    # The last minute of a day on which something was finished is read as the midnight after it.
    read = read_end(at) if before.is_done and kind.from_finish else at
    if kind.to_finish:
        ours = after.later(_moved(read, lag, before, after), -after.duration)
        theirs = _moved(after.later(at, -after.duration), lag, before, after)
        found = [ours, theirs, theirs + midnight_margin(at, after)]
        found = [max(x, floor) for x in found] if kind.from_finish else found
    else:
        found = [_moved(read, lag, before, after), _moved(at, lag, before, after)]
    landed = [_landed_early(after, found[0], is_moved=False)]
    landed += [_landed_early(after, x, is_moved=True) for x in found[1:]]
    return LinkBounds(min(landed), max(landed))


def midnight_margin(at: int, after: Target) -> int:
    """Return by how much a start that is counted back from a finish may be too late.

    From a midnight, some programs count work back from the wrong end of a day.
    """
    return DAY if at % DAY == 0 and after.is_worked else 0


def finish_bound(kind: LinkType, lag: Duration, before: Target, after: Target, end: int) -> LinkBounds | None:
    """Return the latest finish that a link allows its predecessor; None if the link does not limit the finish."""
    if before.is_done or after.is_done:
        return None
    # By our rules, a link that binds a start does not bind work that has begun.
    is_bound = not before.is_begun or kind.from_finish
    found = [_their_finish(kind, lag, before, after, end)]
    found.append(_our_finish(kind, lag, before, after) if is_bound else end)
    landed = [_landed_late(before, min(at, end)) for at in found]
    return LinkBounds(min(landed), max(landed))


def _our_finish(kind: LinkType, lag: Duration, before: Target, after: Target) -> int:
    at = after.late_finish if kind.to_finish or (after.is_begun and after.is_point) else after.late_start
    if kind.to_finish and after.is_worked:
        at = after.calendar.next_working(at)
    elif after.is_begun and not kind.to_finish and after.resume is not None:
        at = after.resume
    at = _moved(at, lag, before, after, back=True)
    if lag.amount < 0 and lag.unit is not Unit.ELAPSED and not (lag.unit is Unit.PERCENT and before.is_elapsed):
        # The latest instant of that point of working time.
        at = after.calendar.next_working(at)
    return at if kind.from_finish else before.later(at, before.duration)


def _their_finish(kind: LinkType, lag: Duration, before: Target, after: Target, end: int) -> int:
    late = after.late_finish
    if after.is_point and after.calendar.between(worked := after.calendar.previous_working(late), late) == 0:
        late = worked
    if kind is LinkType.FF:
        return _moved(late, lag, before, after, back=True)
    if kind is LinkType.SF:
        return _moved(before.later(late, before.duration), lag, before, after, back=True)
    starts = after.later(late, -after.left)
    if kind is LinkType.FS:
        return _moved(starts, lag, before, after, back=True)
    if before.is_begun:
        return end
    if after.is_begun:
        return before.later(after.later(after.start, after.duration - after.left), before.duration)
    starts = starts if before.is_elapsed else before.calendar.next_working(starts)
    return before.later(_moved(starts, lag, before, after, back=True), before.duration)


def _moved(at: int, lag: Duration, before: Target, after: Target, *, back: bool = False) -> int:
    amount, is_elapsed = lag.amount, lag.unit is Unit.ELAPSED
    if lag.unit is Unit.PERCENT:
        amount, is_elapsed = before.duration * lag.amount // 100, before.is_elapsed
    amount = -amount if back else amount
    return at + amount if is_elapsed or amount == 0 else after.calendar.add(at, amount)


def _landed_early(task: Target, at: int, *, is_moved: bool) -> int:
    """Return where a start lands; some programs move a milestone to the next work, unless work has just ended."""
    if task.is_elapsed or (task.is_point and not is_moved):
        return at
    if task.is_point and task.calendar.between(at - 1, at) == 1:
        return at
    return task.calendar.next_working(at)


def _landed_late(task: Target, at: int) -> int:
    return task.calendar.previous_working(at) if task.is_worked else at
