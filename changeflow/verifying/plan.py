"""The tasks and links of a proof, and the dates and floats that follow for each task from those beside it.

Early dates follow from the file's dates of what comes before a task, late dates from those of what comes after it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from graphlib import TopologicalSorter

from changeflow.verifying.spans import DAY, Json, Length, OpenPeriods, ProvedLink, ProvedTask, WorkTime, last, minute

LIMITS = ("start_no_later", "finish_no_later")


class Plan:
    """The tasks and links of a proof, in order."""

    def __init__(self, proof: Json) -> None:
        s = proof["settings"]
        self.start, self.data_date = minute(s["start"]), minute(s["data_date"]) if s["data_date"] else None
        self.retains, self.end, self.week = s["retains_logic"], minute(s["end"]), 5 * s["minutes_per_day"]
        hours = [WorkTime(spans_of(proof["hours"], days)) for days in proof["working_days"]]
        self.hours = {key: hours[n] for key, n in proof["calendars"].items()}
        self.periods = {key: OpenPeriods(days) for key, days in proof["periods"].items()}
        self.tasks = {row["id"]: self.task(row) for row in proof["tasks"]}
        for n, row in enumerate(proof["links"]):
            before, after = self.tasks[row["from"]], self.tasks[row["to"]]
            lag = row.get("lag", [0, "working", after.row["calendar"]])
            link = ProvedLink(n, before, after, row["type"], self.length(lag), lag[1] == "percent")
            before.out.append(link)
            after.into.append(link)
        names = {t: {k.before.row["id"] for k in task.into} for t, task in self.tasks.items()}
        self.order = [self.tasks[t] for t in TopologicalSorter(names).static_order()]
        if s["finish"]:
            self.start = max(self.start, min(t.dates["late_start"] for t in self.order))

    def length(self, given: Json) -> Length:
        amount, unit, on = given
        if unit in ("pay_periods", "terms"):
            return Length(amount, whole=self.periods[on])
        return Length(amount * self.week if unit == "school_weeks" else amount, self.hours[on] if on else None)

    def task(self, row: Json) -> ProvedTask:
        own, dates = self.hours[row["calendar"]], dict[str, int]()
        for bound, at in row.get("set", []):
            known = dates.get(bound, minute(at))
            dates[bound] = min(known, minute(at)) if bound in LIMITS else max(known, minute(at))
        names = ("start", "finish", "late_start", "late_finish", "deadline", "began", "ended")
        dates |= {name: minute(row[name]) for name in names if name in row}
        left = self.length(row["left"]) if "left" in row else None
        floats, window = self.hours[row.get("floats_on", row["calendar"])], self.periods.get(row.get("starts_on", ""))
        return ProvedTask(row, self.length(row["duration"]), own, floats, window, left, dates)

    def bound(self, link: ProvedLink) -> int:
        """Return the earliest start of a task that a link allows; the earliest finish of a begun one."""
        after, at = link.after, link.before.dates["finish" if link.type[0] == "F" else "start"]
        at = after.after(link.length(), at)
        return after.ending(at) if link.type[1] == "F" and not after.is_begun else at

    def early(self, t: ProvedTask) -> tuple[int, int, set[int]]:
        """Return the earliest start and finish, and the links that put them there."""
        dates, on = t.dates, self.data_date
        if "ended" in dates:
            t.ends_day = dates["began"] != dates["ended"] or dates["ended"] % DAY > 0
            return dates["began"], dates["ended"], set()
        bounds = {k.number: self.bound(k) for k in t.into}
        if "began" in dates:
            return dates["began"], *self.begun(t, bounds)
        at = max([*bounds.values(), dates.get("start_no_earlier", self.start)])
        by_end = t.ending(dates["finish_no_earlier"]) if "finish_no_earlier" in dates else at
        is_clock = not (t.length.hours or t.length.whole or t.window)
        floor = max(t.own.next(self.start) if is_clock else self.start, self.start if on is None else on)
        floor = max(floor, dates["late_start"] if t.row.get("as_late_as_possible") else floor)
        by_hand = by_end > at and by_end >= floor
        start = t.lands(max(at, by_end, floor))
        held = dates.get("must_start")
        if held is None and "must_finish" in dates:
            held = t.last_start(dates["must_finish"])
        tight = {n for n, b in bounds.items() if t.lands(b) == start}
        if held is not None and (on is None or held >= on):
            t.logic, start, tight, by_hand = t.after(t.length, start), t.lands(held), set(), "must_start" not in dates
        finish, ends = t.after(t.length, start), by_hand
        if tight:
            ends = all(
                (k.lag.whole and k.lag.amount) or (k.type[0] == "F" and k.before.ends_day)
                for k in t.into
                if k.number in tight
            )
        t.ends_day = start != finish or finish % DAY > 0 or (ends and t.window is None)
        return start, finish, tight

    def left(self, t: ProvedTask, at: int) -> Length:
        """Return how much of begun work is left at a moment, if no one has said it."""
        planned, length = t.after(t.length, t.dates["began"]), t.length
        if length.whole:
            opens = length.whole.opens
            return length._replace(amount=max(0, bisect_left(opens, planned) - t.counts(opens, at)))
        amount = length.hours.work(planned) - length.hours.work(at) if length.hours else planned - at
        return length._replace(amount=max(0, amount))

    def begun(self, t: ProvedTask, bounds: Mapping[int, int]) -> tuple[int, set[int]]:
        """Return the finish of begun work: what is left goes on from the data date, and may wait for others."""
        start, on = t.dates["began"], self.data_date
        since = start if on is None else max(start, on)
        starts = {k.number: bounds[k.number] for k in t.into if k.type[1] == "S" and self.retains}
        ends = {k.number: bounds[k.number] for k in t.into if k.type[1] == "F" and self.retains}
        is_known = t.left is not None
        resume = max([since, *starts.values()]) if on is not None or is_known else since
        finish = t.after(t.length, start)
        if t.left is not None:
            first = t.people.next(resume)
            is_today = (
                not (t.left.hours or t.left.whole) and resume == on and resume % DAY == 0 and first < resume + DAY
            )
            resume = first if is_today else resume
            finish = t.after(t.left, resume)
        elif resume > since:
            finish = max(finish, t.after(self.left(t, since), resume))
        elif on is not None:
            finish = max(finish, on)
        held = {n: self.held(t, finish, b) for n, b in ends.items()}
        latest = max([finish, *held.values()])
        if latest > finish:
            return latest, {n for n, at in held.items() if at == latest}
        return finish, {n for n, b in starts.items() if b == resume and (is_known or resume > since)}

    def held(self, t: ProvedTask, finish: int, at: int) -> int:
        """Return where begun work ends that others hold until a moment."""
        rest = t.left or t.length
        if at <= finish:
            return finish
        if rest.whole:
            return rest.whole.at(rest.whole.closes, t.counts(rest.whole.closes, at))
        return max(finish, rest.hours.last(at)) if rest.hours else at

    def room(self, link: ProvedLink, start: int, finish: int) -> int | None:
        """Return the last moment of a predecessor's end with which a task keeps some dates."""
        t, own, lag = link.after, link.before, link.length()
        if "ended" in t.dates or (t.is_begun and not self.retains):
            return None
        if link.type[1] == "F":
            at = self.until(t, finish)
        elif not t.is_begun:
            at = t.call(start) if t.length.whole else start
        elif t.left is None and self.data_date is None:
            return None
        else:
            since = max(t.dates["began"], self.data_date or 0)
            left = t.left or self.left(t, since)
            at = last(lambda x: t.after(left, x) <= finish, finish) if left.amount else finish
            at = max(at, t.call(since)) if left.whole and left.amount else at
        if not lag.amount:
            return at
        if link.is_share and own.length.whole and "began" not in own.dates:
            return self._room_of_share(link, at)
        limit = at
        return last(lambda x: t.after(lag, x) <= limit, limit - (0 if lag.whole else lag.amount))

    def _room_of_share(self, link: ProvedLink, limit: int) -> int:
        """Return the same of whole periods that a lag is a share of."""
        own, from_finish = link.before, link.type[0] == "F"

        def fits(at: int) -> bool:
            start = own.lands(at, opens=True)
            return link.after.after(link.length(start), own.after(own.length, start) if from_finish else start) <= limit

        start = own.lands(last(fits, limit), opens=True)
        return own.after(own.length, start) if from_finish else start

    def until(self, t: ProvedTask, finish: int) -> int:
        """Return until when others may hold the end of a task, for it to end by a moment."""
        if not t.is_begun:
            return t.ends(finish, t.length)
        rest = t.left or t.length
        if rest.whole and rest.amount:
            closed = rest.whole.at(rest.whole.closes, bisect_right(rest.whole.closes, finish) - 1)
            return max(min(t.dates["finish"], finish), t.call(closed))
        return rest.hours.next(finish) if rest.hours and not t.is_point else finish

    def late(self, t: ProvedTask) -> tuple[int, int]:
        """Return the latest dates that move neither the end nor a deadline."""
        dates = t.dates
        if "ended" in dates:
            return dates["start"], dates["finish"]
        rooms = [(k.type[0], self.room(k, k.after.dates["late_start"], k.after.dates["late_finish"])) for k in t.out]
        own = (dates.get(name, self.end) for name in ("deadline", "finish_no_later", "must_finish"))
        latest = min([self.end, *own, *(at for end, at in rooms if end == "F" and at is not None)])
        if t.is_begun:
            return dates["start"], self.late_rest(t, latest)
        caps = [at for end, at in rooms if end == "S" and at is not None]
        is_work = t.length.hours is not None and not t.is_point
        for name in ("start_no_later", "must_start"):
            if (at := dates.get(name)) is not None:
                first = t.people.next(at) if is_work else at
                caps.append(first if name == "must_start" or (at % DAY == 0 and first < at + DAY) else at)
        start = t.last_start(latest, min(caps, default=None), dates["late_start"])
        return start, t.after(t.length, start)

    def late_rest(self, t: ProvedTask, latest: int) -> int:
        """Return the latest end of begun work."""
        rest = t.left if t.left and t.left.amount else t.length
        since = max(t.dates["began"], self.data_date or 0)
        left = t.left or (self.left(t, since) if self.data_date is not None else t.length)
        if not left.amount:
            return latest
        if rest.whole:
            return rest.whole.at(rest.whole.closes, bisect_right(rest.whole.closes, latest) - 1)
        return rest.hours.last(latest) if rest.hours else latest

    def floats(self, t: ProvedTask) -> tuple[int, int]:
        """Return total and free float."""
        d = t.dates
        if "ended" in d:
            return 0, 0
        total = t.between(d["finish"], d["late_finish"])
        if not t.is_begun:
            total = min(total, t.between(d["start"], d["late_start"]))
        if t.logic is not None:
            total = min(total, t.between(t.logic, d["late_finish"]))
        free = []
        for link in t.out:
            at = self.room(link, link.after.dates["start"], link.after.dates["finish"])
            if at is not None and link.type[0] == "F":
                free.append(self.slips(t, at))
            elif at is not None:
                begins = at if t.is_begun else t.last_start_by(at)
                free.append(t.between(d["start"], begins))
        return total, min(max(0, min(free, default=self.slips(t, self.end))), total)

    def slips(self, t: ProvedTask, at: int) -> int:
        """Return how far a task may slip until it would end after a moment."""
        gap = t.between(t.dates["finish"], at)
        if t.is_begun or not (t.window or t.length.whole or t.people is not t.own):
            return gap
        by_start = t.between(t.dates["start"], t.last_start(at))
        return by_start if t.window or t.length.whole else min(gap, by_start)


def spans_of(hours: Json, days: Json) -> list[tuple[int, int]]:
    """Write out runs of days with the same hours."""
    spans: list[tuple[int, int]] = []
    for first, count, which in days:
        begins = minute(first)
        spans += [(day + a, day + z) for day in range(begins, begins + count * DAY, DAY) for a, z in hours[which]]
    return spans
