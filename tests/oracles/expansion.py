"""What a folder's documents ask for, task by task: scopes, working time, periods and links, worked out by hand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import holidays

from tests.oracles.answers import Documents, Report
from tests.oracles.clock import ALL_DAYS, DAY, FIRST, LAST, Working, days, minute, number

NATIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LINK = re.compile(r"^(?P<before>[a-z0-9/-]+?)(?: (?P<type>FS|SS|FF|SF)(?P<lag>[+-][0-9.]+[a-z%]+)?)?$")
LENGTH = re.compile(r"^(?P<amount>[+-]?[0-9.]+)(?P<unit>[a-z%]+)$")


@cache
def public_holidays(nation: str) -> frozenset[int]:
    return frozenset(
        number(d)
        for d in holidays.country_holidays("GB", subdiv=NATIONS[nation], years=range(FIRST.year, LAST.year + 1))
    )


@dataclass(frozen=True, slots=True)
class Length:
    """An amount in one of five units: working minutes, minutes of the clock, school weeks, periods, percent."""

    amount: float
    unit: str


@dataclass(slots=True, eq=False, repr=False)
class Tie:
    """A link, seen from its successor."""

    before: "Item"
    after: "Item"
    type: str
    lag: Length


@dataclass(slots=True, eq=False, repr=False)
class Item:
    """One task with all that its dates depend on."""

    id: str
    length: Length
    schools: frozenset[str]
    calendar: Working
    measured: Working
    term: Working
    """The school days of its schools, without those that are bad for its kind."""
    periods: dict[str, list[tuple[int, int]]]
    """From opening to close: months, pay periods, and the terms of its schools."""
    late_periods: dict[str, list[tuple[int, int]]]
    """The same for late dates, which may lie before the table of pay periods begins: they are months."""
    starts_on: str | None = None
    dates: dict[str, int] = field(default_factory=dict)
    """Constraints, in minutes: a start is the first of its day, a finish the end of it."""
    deadline: int | None = None
    alap: bool = False
    extra: list[Length] = field(default_factory=list)
    """What events add after its own time."""
    is_milestone: bool = False
    """Of the programme: it has happened when all before it has."""
    floor: int = 0
    report: Report | None = None
    before: list[Tie] = field(default_factory=list)
    after: list[Tie] = field(default_factory=list)


class Expanded:
    """A programme's tasks by id, in the order in which links allow to work on them."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        programme = documents.programme
        self.schools = {s["id"]: s for s in documents.schools}
        self.waves = programme["waves"]
        week = programme.get("working_week", {})
        open_on = {WEEK.index(d) for d in week.get("days", WEEK[:5])}
        self.week = {d for d in ALL_DAYS if (d + FIRST.weekday()) % 7 in open_on}
        hours = week.get("hours", [{"start": "08:30", "end": "12:30"}, {"start": "13:00", "end": "16:30"}])
        self.hours = [(_clock(h["start"]), _clock(h["end"])) for h in hours]
        self.minutes_per_day = sum(b - a for a, b in self.hours)
        self.start = minute(programme["start"])
        self.office, self.closed = self._trust_days()
        self._taught: dict[str, set[int]] = {}
        self._working: dict[Any, Working] = {}
        self._terms: dict[frozenset[str], list[tuple[int, int]]] = {}
        self.months = _months(FIRST.year, LAST.year)
        self.pay = self._pay_periods()
        self.items: dict[str, Item] = {}
        self._by_step: dict[tuple[str, str], list[Item]] = {}
        self._expand()
        self.report(documents)

    def report(self, documents: Documents) -> None:
        """Take what has happened from the documents."""
        self.on = minute(documents.on) if documents.on else None
        policy = documents.programme.get("policy", {})
        self.retained = policy.get("out_of_sequence", "retained_logic") == "retained_logic"
        for item in self.items.values():
            item.report = documents.progress.get(item.id)

    # Working time

    def _trust_days(self) -> tuple[set[int], set[int]]:
        """Days on which the trust works, and on which it is closed."""
        closed, opened = set(public_holidays(self.documents.programme.get("nation", "england"))), set()
        files = [self.documents.programme, *(c for c in self.documents.calendars if _is_trusts(c))]
        for file in files:
            for one in file.get("closed", []):
                (opened if one.get("open") else closed).update(days(one["first_day"], one.get("last_day")))
        self.opened = opened
        return ((self.week & ALL_DAYS) - closed) | opened, closed

    def _school_days(self, school: str) -> set[int]:
        """The days when a school teaches: in term, not in half-term, not closed by a level above, or itself open."""
        if school not in self._taught:
            taught: set[int] = set()
            for term in self._terms_of(school):
                taught.update(days(term["first_day"], term["last_day"]))
                taught.difference_update(days(*term["half_term"]) if term.get("half_term") else ())
            taught &= self.week
            authority = self.schools[school]["authority"]
            files = self.documents.calendars
            for file in files:
                if file.get("authority") == authority and not file.get("school"):
                    taught = _closed_or_open(taught, file)
            taught = (taught - self.closed) | self.opened
            for file in files:
                if file.get("school") == school:
                    taught = _closed_or_open(taught, file)
            self._taught[school] = taught
        return self._taught[school]

    def _terms_of(self, school: str) -> list[dict[str, Any]]:
        """The terms of the narrowest calendar that has any: the school's, its authority's, the trust's."""
        authority = self.schools[school]["authority"]
        files = self.documents.calendars
        for mine in (
            [f for f in files if f.get("school") == school],
            [f for f in files if f.get("authority") == authority and not f.get("school")],
            [f for f in files if _is_trusts(f)],
        ):
            found = [t for f in mine for t in f.get("terms", [])]
            if found:
                return sorted(found, key=lambda t: t["first_day"])
        return []

    def _blacked_out(self, kind: str, schools: frozenset[str], *, is_whole: bool) -> set[int]:
        """Days that are bad for a kind of activity at one of these schools at least; for a whole service, at all."""
        found: dict[str, set[int]] = {school: set() for school in schools}
        for file in self.documents.calendars:
            for blackout in file.get("blackouts", []):
                for school in schools:
                    if kind in blackout["activities"] and self._concerns(file, blackout, school):
                        found[school].update(days(blackout["first_day"], blackout["last_day"]))
        return set.intersection(*found.values()) if is_whole else set.union(*found.values())

    def _concerns(self, file: dict[str, Any], blackout: dict[str, Any], school: str) -> bool:
        facts = self.schools[school]
        return (
            file.get("school") in (None, school)
            and file.get("authority") in (None, facts["authority"])
            and (not blackout.get("schools") or school in blackout["schools"])
            and (not blackout.get("phases") or facts["phase"] in blackout["phases"])
        )

    def working(self, name: str, schools: frozenset[str], kind: str = "", *, is_whole: bool = False) -> Working:
        """The working time of a named calendar at some schools, for a kind of activity."""
        black = frozenset(self._blacked_out(kind, schools, is_whole=is_whole)) if kind else frozenset()
        key = (name, schools if name == "term" else None, black)
        if key not in self._working:
            if name == "every_day":
                worked = set(ALL_DAYS)
            elif name == "office":
                worked = self.office
            else:
                worked = set.intersection(*(self._school_days(s) for s in schools))
            self._working[key] = Working(self.hours, worked - black)
        return self._working[key]

    # Periods

    def _pay_periods(self) -> list[tuple[int, int]]:
        """A pay period is a calendar month of the table."""
        for file in self.documents.calendars:
            if (table := file.get("pay_periods")) is not None:
                first = minute(date(int(table["first_month"][:4]), int(table["first_month"][5:]), 1))
                found = [m for m in self.months if m[0] >= first]
                return found[: table["months"]]
        return []

    def terms(self, schools: frozenset[str]) -> list[tuple[int, int]]:
        """The terms that schools have together, paired by time: open when all have begun, over when all have ended.

        Two schools' terms belong together where they overlap; one that some of them do not have is not a term of all.
        """
        if schools not in self._terms:
            spans = [
                [(minute(t["first_day"]), minute(t["last_day"]) + DAY) for t in self._terms_of(s)]
                for s in sorted(schools)
            ]
            together = spans[0]
            for other in spans[1:]:
                together = [(max(a, b), max(c, d)) for a, c in together for b, d in other if max(a, b) < min(c, d)]
            self._terms[schools] = together
        return self._terms[schools]

    # Tasks and links

    def _expand(self) -> None:
        everywhere = frozenset(s for w in self.waves for s in w["schools"])
        wanted: list[tuple[Item, str | None, list[str], str | None]] = []
        steps = [(None, n, s | {"per": "programme"}) for n, s in self.documents.programme.get("tasks", {}).items()]
        steps += [(v["service"], n, s) for v in self.documents.services for n, s in v["tasks"].items()]
        for service, name, step in steps:
            for task, wave, schools in self._scopes(service, name, step.get("per", "service"), everywhere):
                item = self._item(task, step, schools, wave)
                self._by_step.setdefault((service or "programme", name), []).append(item)
                wanted.append((item, service, _many(step.get("after")), wave))
                for link in _many(step.get("after_previous_wave")):
                    self._link_previous(item, service, link, wave)
        for name, milestone in self.documents.programme.get("milestones", {}).items():
            item = self._item(
                f"programme/{name}",
                {"duration": "0d"} | {k: milestone[k] for k in ("deadline",) if k in milestone},
                everywhere,
                None,
            )
            item.is_milestone = True
            self._by_step.setdefault(("programme", name), []).append(item)
            wanted.append((item, None, _many(milestone["after"]), None))
        for item, service, links, _ in wanted:
            for link in links:
                before, kind, lag = self._read_link(link, service)
                for other in before:
                    if other.schools & item.schools:
                        _tie(other, item, kind, lag)

    def _link_previous(self, item: Item, service: str | None, link: str, wave: str | None) -> None:
        ids = [w["id"] for w in self.waves]
        at = ids.index(wave) if wave else 0
        if at == 0:
            return
        schools = frozenset(self.waves[at - 1]["schools"])
        before, kind, lag = self._read_link(link, service)
        for other in before:
            if other.schools & schools:
                _tie(other, item, kind, lag)

    def _read_link(self, link: str, service: str | None) -> tuple[list[Item], str, Length]:
        match = LINK.match(link)
        assert match, link
        path = match["before"].split("/")
        key = (path[0], path[-1]) if len(path) > 1 else (service or "programme", path[0])
        lag = self.length(match["lag"]) if match["lag"] else Length(0, "working")
        return self._by_step[key], match["type"] or "FS", lag

    def _scopes(
        self, service: str | None, name: str, per: str, everywhere: frozenset[str]
    ) -> Iterable[tuple[str, str | None, frozenset[str]]]:
        if per == "programme":
            yield f"programme/{name}", None, everywhere
        elif per == "service":
            yield f"{service}/{name}", None, everywhere
        for wave in self.waves:
            if per == "wave":
                yield f"{service}/{wave['id']}/{name}", wave["id"], frozenset(wave["schools"])
            elif per == "school":
                for school in wave["schools"]:
                    yield f"{service}/{school}/{name}", wave["id"], frozenset([school])

    def _item(self, task: str, step: dict[str, Any], schools: frozenset[str], wave: str | None) -> Item:
        length = self.length(step.get("duration", "0d"))
        name, kind = step.get("calendar", "office"), step.get("kind", "work")
        is_work = length.amount > 0 and length.unit in ("working", "school")
        item = Item(
            id=task,
            length=length,
            schools=schools,
            calendar=self.working(name, schools, kind, is_whole=wave is None),
            # What goes on through blackouts has the float of these days as well.
            measured=self.working(name, schools, kind if is_work else "", is_whole=wave is None),
            term=self.working("term", schools, kind, is_whole=wave is None),
            periods={"month": self.months, "pay_period": self.pay, "term": self.terms(schools)},
            late_periods={"month": self.months, "pay_period": self.months, "term": self.terms(schools)},
            starts_on=step.get("starts_on"),
            alap=step.get("as_late_as_possible", False),
            floor=self.start,
        )
        for bound in ("start_no_earlier", "start_no_later", "must_start"):
            if bound in step:
                item.dates[bound] = minute(step[bound])
        for bound in ("finish_no_earlier", "finish_no_later", "must_finish"):
            if bound in step:
                item.dates[bound] = minute(step[bound]) + DAY
        if kind == "go_live" and item.starts_on in item.periods and name != "every_day":
            worked = self.working(name, schools, "", is_whole=wave is None)
            for periods in (item.periods, item.late_periods):
                periods["first working day"] = _on_working_days(periods[item.starts_on], worked)
            item.starts_on = "first working day"
        if "deadline" in step:
            item.deadline = minute(step["deadline"]) + DAY
        self.items[task] = item
        return item

    def length(self, written: str) -> Length:
        match = LENGTH.match(written)
        assert match, written
        number, unit = float(match["amount"]), match["unit"]
        if unit in ("pp", "t", "sw", "%"):
            return Length(round(number), {"pp": "pay_period", "t": "term", "sw": "school", "%": "percent"}[unit])
        if unit[0] == "e":
            return Length(round(number * {"m": 1, "h": 60, "d": DAY, "w": 7 * DAY}[unit[1]]), "elapsed")
        day = self.minutes_per_day
        return Length(round(number * {"m": 1, "h": 60, "d": day, "w": 5 * day}[unit]), "working")


def _tie(before: Item, after: Item, kind: str, lag: Length) -> None:
    tie = Tie(before, after, kind, lag)
    before.after.append(tie)
    after.before.append(tie)


def _closed_or_open(worked: set[int], file: dict[str, Any]) -> set[int]:
    """What a narrower calendar says wins over the wider ones."""
    for one in file.get("closed", []):
        span = days(one["first_day"], one.get("last_day"))
        worked = worked.union(span) if one.get("open") else worked.difference(span)
    return worked


def _is_trusts(file: dict[str, Any]) -> bool:
    return not file.get("school") and not file.get("authority")


def _clock(written: str) -> int:
    hour, minutes = written.split(":")[:2]
    return int(hour) * 60 + int(minutes)


def _many(written: str | list[str] | None) -> list[str]:
    return [written] if isinstance(written, str) else list(written or [])


def _on_working_days(periods: list[tuple[int, int]], worked: Working) -> list[tuple[int, int]]:
    """Each period opens on its first working day; without one, it does not open."""
    opened = [(worked.next(opens) // DAY * DAY, closes) for opens, closes in periods]
    return [(opens, closes) for opens, closes in opened if opens < closes]


def _months(first: int, last: int) -> list[tuple[int, int]]:
    opens = [minute(date(year, month, 1)) for year in range(first, last + 1) for month in range(1, 13)]
    return list(pairwise(opens))
