"""Waves by hand: the dates that each school could have, what a plan must keep and what it costs, from the documents."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import ceil, floor
from typing import Any

from tests.oracles.answers import Documents
from tests.oracles.clock import FIRST, day_at, minute, number
from tests.oracles.expansion import Expanded, Item
from tests.oracles.naive import Early

Pair = tuple[str, str]
"""A school and a service."""
ENOUGH = 3
"""Days that a week needs for training, and for work that can be done in another one."""
FURTHEST = 12
"""Weeks by which work may move, around holidays and blackouts."""
AFTER = 26
"""Weeks behind the last go-live in which work may be."""
USUAL: tuple[dict[str, Any], ...] = (
    {"kind": "training", "weeks_before": 2, "weeks": 1},
    {"weeks_before": -2, "weeks": 3},
)
WEIGHTS = {
    "finish": 1.0, "last": 1.0, "peak": 0.3, "risk": 0.1, "hub": 2.0, "fairness": 0.5, "announced": 8.0,
    "announced_week": 0.5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """A day that a school could go live on with a service, and the work that it takes."""

    week: int
    day: date
    work: tuple[tuple[tuple[str, int], int], ...]
    """((team, week), tenths of a day)."""
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A choice of options, and who is in the pilot."""

    chosen: Mapping[Pair, Option]
    pilot: frozenset[Pair]


class Waves:
    """One rollout."""

    def __init__(self, documents: Documents) -> None:
        self.documents, self.rollout = documents, documents.rollout
        self.expanded = Expanded(documents)
        start: date = documents.programme["start"]
        self.on = documents.on or start
        self.monday = start - timedelta(days=start.weekday())
        self.latest: date = self.rollout["latest"]
        self.weeks = self.week(self.latest) + 1 + AFTER
        self.schools = {s["id"]: s for s in documents.schools}
        self.services: dict[str, Mapping[str, Any]] = {
            s["service"]: self.rollout["services"].get(s["service"], {}) for s in documents.services
        }
        self.tasks = {s["service"]: s["tasks"] for s in documents.services}
        self.pairs = [(school, service) for service in self.services for school in sorted(self.schools)]
        self.happened: dict[Pair, date] = {
            (school, task.split("/")[0]): report.started
            for task, report in documents.progress.items()
            for wave in documents.programme["waves"]
            if wave["id"] == task.split("/")[1]
            for school in wave["schools"]
        }
        self.lives, self.built = self._forecast()
        self.fixed: dict[Pair, date] = {
            (school, service): self.as_working_day(service, day)
            for school, asked in self.rollout["schools"].items()
            for service, day in asked.get("fixed", {}).items()
        } | self.happened
        self.openings = {s: self._openings(s) for s in self.services}
        self.announced = self._announced()
        self.options = {pair: self._options(pair) for pair in self.pairs}
        self.capacity = {
            (team, week): self._capacity(asked, week)
            for team, asked in self.rollout["teams"].items()
            for week in range(self.weeks)
        }
        self.hubs: dict[str, list[str]] = defaultdict(list)
        for school, facts in self.schools.items():
            if "hub" in facts:
                self.hubs[facts["hub"]].append(school)

    # Days

    def week(self, day: date) -> int:
        return (day - self.monday).days // 7

    def days_of(self, week: int) -> list[date]:
        return [self.monday + timedelta(weeks=week, days=n) for n in range(7)]

    def is_open(self, day: date) -> bool:
        return number(day) in self.expanded.office

    def joins(self, school: str) -> date:
        return self.schools[school].get("joins", date.min)

    def is_black(self, kind: str, school: str, service: str, day: date) -> bool:
        return any(
            kind in b["activities"]
            and b["first_day"] <= day <= b["last_day"]
            and school in b.get("schools", [school])
            and self.schools[school]["phase"] in b.get("phases", [self.schools[school]["phase"]])
            and service in b.get("services", [service])
            for b in self.documents.calendars[0]["blackouts"]
        )

    def good_days(self, kind: str, pair: Pair, week: int, *, base: str = "", since: date = date.min) -> int:
        """The days of a week on which a kind of work can be done at a school, from a day on."""
        school, service = pair
        taught = (base or ("term" if kind in ("training", "consultation") else "office")) == "term"
        worked = self.expanded._school_days(school) if taught else self.expanded.office
        return sum(
            number(d) in worked and d >= since and not self.is_black(kind, school, service, d)
            for d in self.days_of(week)
        )

    def _forecast(self) -> tuple[dict[Pair, date], dict[str, int]]:
        """When each school goes live by the plan, and when each service is built: a moment."""
        lives: dict[Pair, date] = {}
        built: dict[str, int] = {}
        for service in self.services:
            trust = self.documents.calendars[0]
            own = list(self._stops(service))
            early = Early(Expanded(replace(self.documents, calendars=[trust | {"blackouts": own}])))
            for item in early.order:
                item.floor = max(item.floor, *(minute(d) for d in self._joined(item)))
            early.pass_forward()
            built[service] = early.dates[f"{service}/built"].finish
            for wave in self.documents.programme["waves"]:
                at = day_at(early.dates[f"{service}/{wave['id']}/live"].finish)
                lives |= {(school, service): at for school in wave["schools"]}
        return lives, built

    def _stops(self, service: str) -> Iterator[dict[str, Any]]:
        """The blackouts that a service's own work keeps out of; one that names the service stops all of it."""
        for blackout in self.documents.calendars[0]["blackouts"]:
            first, kind = blackout["first_day"], blackout["activities"][0]
            if kind == "go_live" or not any(self.is_black(kind, s, service, first) for s in self.schools):
                continue
            narrow = ("schools", "phases") if "services" in blackout else ()
            yield {key: value for key, value in blackout.items() if key not in narrow}

    def _joined(self, item: Item) -> list[date]:
        """A go-live waits for all that join, other work for the first."""
        days = [self.joins(s) for s in item.schools]
        return [max(FIRST, max(days) if item.id.endswith("/live") else min(days))]

    def as_working_day(self, service: str, day: date) -> date:
        """The first of a month, on a day off: its go-lives are on its first working day."""
        if self.opens_on(service) == "week" or day.day > 1:
            return day
        while not self.is_open(day):
            day += timedelta(days=1)
        return day

    def opens_on(self, service: str) -> str:
        return str(self.services[service].get("opens_on") or self.tasks[service]["live"].get("starts_on") or "week")

    def _openings(self, service: str) -> list[date]:
        """The first working day of each week, month or pay period."""
        kind = self.opens_on(service)
        last = min(self.latest, self.services[service].get("latest", self.latest))
        if kind == "week":
            first_days = [next(filter(self.is_open, self.days_of(w)), None) for w in range(self.weeks)]
            return [d for d in first_days if d is not None]
        months = [date(y, m, 1) for y in (2026, 2027, 2028) for m in range(1, 13)]
        if kind == "pay_period":
            months = [m for m in months if f"{m:%Y-%m}" >= self.documents.calendars[0]["pay_periods"]["first_month"]]
        found = []
        for month in months:
            day = month
            while not self.is_open(day):
                day += timedelta(days=1)
            if day >= self.documents.programme["start"]:
                found.append(day)
        return [d for d in found if d <= last + timedelta(days=7)]

    def begins_off(self, service: str) -> int:
        """How many weeks, months or pay periods begin on a day off."""
        first = 1 if self.opens_on(service) == "week" else None
        return sum(d.weekday() > 0 if first else d.day > 1 for d in self.windows(service))

    def windows(self, service: str) -> list[date]:
        """The days on which a service may go live at all."""
        first, last = self._span(service)
        return [d for d in self.openings[service] if first <= d <= last]

    def windows_of(self, pair: Pair) -> list[date]:
        """The same for one school: if any week will do, its announced day counts as its week."""
        days, given = self.windows(pair[1]), self.announced.get(pair)
        first, last = self._span(pair[1])
        if given is None or self.opens_on(pair[1]) != "week" or not first <= given <= last or not self.is_open(given):
            return days
        return [given, *(d for d in days if self.week(d) != self.week(given))]

    def _span(self, service: str) -> tuple[date, date]:
        asked = self.services[service]
        ahead = [d for pair, d in self.lives.items() if pair[1] == service and pair not in self.happened]
        first = asked.get("earliest") or min(ahead, default=self.documents.programme["start"])
        return first, min(self.latest, asked.get("latest", self.latest))

    # Dates of each school

    def _options(self, pair: Pair) -> dict[int, Option]:
        found: dict[int, Option] = {}
        fixed = self.fixed.get(pair)
        for day in self.windows_of(pair):
            if self._is_welcome(pair, day) and (option := self.option(pair, day)) is not None:
                found[option.week] = option
        if fixed is None:
            return found
        found.pop(self.week(fixed), None)
        if pair in self.happened or self._may_be_fixed(pair, fixed):
            option = self.option(pair, fixed)
            if option is not None:
                return {option.week: option}
        return {}

    def _is_welcome(self, pair: Pair, day: date) -> bool:
        asked = self.rollout["schools"][pair[0]]
        first = max(self.on, self.joins(pair[0]), asked.get("earliest", date.min))
        return first <= day <= asked.get("latest", date.max)

    def _may_be_fixed(self, pair: Pair, day: date) -> bool:
        service = pair[1]
        asked, opens = self.services[service], self.opens_on(service)
        if not self._is_welcome(pair, day) or day > min(self.latest, asked.get("latest", self.latest)):
            return False
        if opens != "week" and day not in self.openings[service]:
            return False
        if "earliest" in asked:
            return day >= asked["earliest"]
        built = self.built[service]
        return minute(day) + 1440 > built if opens == "week" else self.expanded.working("office", frozenset()).next(
            minute(day)
        ) >= built  # fmt: skip

    def option(self, pair: Pair, day: date) -> Option | None:
        """Place the work of a day; None where anything of it has no place."""
        school, service = pair
        is_past = pair in self.happened
        if not is_past and self.is_black("go_live", school, service, day):
            return None
        since = date.min if is_past else max(self.on, self.joins(school))
        week = self.week(day)
        work: Counter[tuple[str, int]] = Counter()
        busy = [week]
        for activity in self.services[service].get("activities") or USUAL:
            kind = activity.get("kind", "work")
            weeks = self._weeks(pair, kind, week - activity.get("weeks_before", 0), activity, since)
            if weeks is None and not is_past:
                return None
            weeks = weeks or []
            busy += weeks
            if "team" in activity:
                shares = self._shares(pair, kind, weeks, activity.get("days", 0), since)
                work.update({(activity["team"], w): n for w, n in zip(weeks, shares, strict=True)})
        taken = tuple(sorted((key, tenths) for key, tenths in work.items() if tenths))
        return Option(week, day, taken, min(busy), max(busy))

    def _weeks(self, pair: Pair, kind: str, end: int, activity: Mapping[str, Any], since: date) -> list[int] | None:
        """The weeks of an activity; None where it has too few."""
        count, before = activity.get("weeks", 1), activity.get("weeks_before", 0)
        first = end - count + 1
        if kind == "parallel_run":
            weeks = list(range(first, end + 1))
            if since == date.min:
                return weeks if first >= 0 else None
            for week in weeks:
                usual = sum(map(self.is_open, self.days_of(week)))
                if week < 0 or self.good_days(kind, pair, week, since=since) < min(ENOUGH, usual):
                    return None
            return weeks
        if before < 0 and kind != "training":
            return list(range(first, end + 1)) if first >= (0 if since == date.min else self.week(since)) else None
        way = range(max(0, first), end + FURTHEST + 1) if before < 0 else range(end, max(-1, first - FURTHEST - 1), -1)
        good = [w for w in way if self.good_days(kind, pair, w, since=since) >= ENOUGH][:count]
        return sorted(good) if len(good) == count or since == date.min else None

    def _shares(self, pair: Pair, kind: str, weeks: list[int], days: float, since: date) -> list[int]:
        """Tenths of a day in each week, by its open days; what is left of a tenth goes on to the next week."""
        each = [self.good_days(kind, pair, w, base="office", since=since) for w in weeks]
        if not any(each):
            each = [sum(map(self.is_open, self.days_of(w))) for w in weeks]
        shares, given, passed = [], 0, 0
        for n in each:
            passed += n
            until = round(days * 10 * passed / sum(each)) if sum(each) else 0
            shares.append(until - given)
            given = until
        return shares

    def _announced(self) -> dict[Pair, date]:
        planned = self.lives if self.rollout.get("announced_as_planned") else {}
        said = {
            (school, service): day
            for school, asked in self.rollout["schools"].items()
            for service, day in asked.get("announced", {}).items()
        }
        return {pair: self.as_working_day(pair[1], day) for pair, day in (planned | said).items()}

    def _capacity(self, team: Mapping[str, Any], week: int) -> int:
        """Tenths of a day: its days a week by working days, less everyday work, or what an absence leaves."""
        days = len(self.documents.programme.get("working_week", {}).get("days", range(5)))
        total = Fraction(0)
        for day in filter(self.is_open, self.days_of(week)):
            left = team["days_per_week"] - team.get("backfill", 0)
            for away in team.get("away", []):
                if away["first_day"] <= day <= away["last_day"]:
                    left = min(left, away["days_per_week"])
            total += Fraction(str(left)) * 10 / days
        return floor(total)

    # Pilots

    @cached_property
    def asked_pilots(self) -> dict[str, tuple[frozenset[str], bool, int, set[int]]]:
        """Of each service: its declared pilot, whether it has one, of how many at most, and in which weeks."""
        return {
            s: (self.declared(s), self.has_pilot(s), self.pilot_size(s), self.pilot_weeks(s)) for s in self.services
        }

    def declared(self, service: str) -> frozenset[str]:
        """The pilot of programme.yaml, without those that the request keeps out; once it has begun, those who have."""
        asked = self.services[service]
        if asked.get("pilot") is False:
            return frozenset()
        waves = [w for w in self.documents.programme["waves"] if w.get("pilot")]
        schools = {s for w in waves for s in w["schools"] if self.rollout["schools"][s].get("pilot") is not False}
        begun = {s: self.happened[s, service] for s in schools if (s, service) in self.happened}
        return frozenset(begun or schools)

    def has_pilot(self, service: str) -> bool:
        asked = self.services[service].get("pilot")
        larger = len(self.schools) >= self.documents.programme["policy"].get("larger_trust_from", 10)
        return bool(larger or self.declared(service) if asked is None else asked)

    def pilot_size(self, service: str) -> int:
        asked = self.services[service]
        size = asked.get("pilot_size", max(3, len(self.declared(service))))
        return min(size, len(self.schools) - 1)

    def pilot_weeks(self, service: str) -> set[int]:
        """The early third of the weeks in which it may go live somewhere; later where its pilot is set to a day."""
        weeks = {self.week(d) for d in self.windows(service)}
        weeks |= {w for (_, s), options in self.options.items() if s == service for w in options}
        early = sorted(weeks)[: max(1, ceil(len(weeks) / 3))]
        set_days = [self.fixed[s, service] for s in self.declared(service) if (s, service) in self.fixed]
        last = max([*early, *map(self.week, set_days)], default=0)
        return {w for w in weeks if w <= last}

    def in_pilot(self, pair: Pair) -> bool | None:
        asked: bool | None = self.rollout["schools"][pair[0]].get("pilot")
        declared = self.asked_pilots[pair[1]][0]
        return pair[0] in declared if asked is None and declared else asked

    # What a plan keeps

    def broken(self, plan: Plan) -> Iterator[str]:
        """Everything that is wrong with a plan."""
        for pair in self.pairs:
            if pair not in plan.chosen:
                yield f"{pair} has no date"
            elif plan.chosen[pair] not in self.options[pair].values():
                yield f"{pair} cannot go live on {plan.chosen[pair].day}, or takes other work: {plan.chosen[pair]}"
        for service in self.services:
            yield from self.broken_waves(plan, service)
        yield from self._broken_loads(plan)
        for one, other in self.rollout.get("apart", []):
            both = self._weeks_of(plan, one) & self._weeks_of(plan, other)
            if both:
                yield f"{one} and {other} both go live in weeks {both}"

    def _weeks_of(self, plan: Plan, school: str) -> set[int]:
        return {option.week for pair, option in plan.chosen.items() if pair[0] == school}

    def broken_waves(self, plan: Plan, service: str) -> Iterator[str]:
        """What is wrong with the waves and the pilot of one service."""
        asked = self.services[service]
        own = {p[0]: o.week for p, o in plan.chosen.items() if p[1] == service}
        pilot = {s for s, v in plan.pilot if v == service}
        main = {s: w for s, w in own.items() if s not in pilot}
        sizes = Counter(main.values())
        if max(sizes.values(), default=0) > asked["wave_size"]:
            yield f"a wave of {service} is too large"
        if any(abs(a - b) < asked["weeks_between"] for a, b in combinations(sizes, 2)):
            yield f"waves of {service} follow too soon"
        yield from self._broken_pilot(service, own, pilot, main)
        for first, weeks in asked.get("after", {}).items():
            for school, week in own.items():
                before = plan.chosen.get((school, first))
                if before is not None and week < before.week + weeks:
                    yield f"{school} has {service} too soon after {first}"
        together = self.rollout["hubs"]["together"]
        for hub, schools in self.hubs.items():
            weeks_of = [main[s] for s in schools if s in main]
            if together == "same_wave" and len(set(weeks_of)) > 1:
                yield f"{hub} has several dates for {service}"
            span = max(weeks_of, default=0) - min(weeks_of, default=0) + 1
            if together == "weeks" and weeks_of and span > self.rollout["hubs"]["within_weeks"]:
                yield f"{hub} takes {span} weeks for {service}"
            all_weeks = [own[s] for s in schools if s in own]
            if together == "apart" and len(set(all_weeks)) < len(all_weeks):
                yield f"{hub} has two schools on one date of {service}"

    def _broken_pilot(
        self, service: str, own: Mapping[str, int], pilot: set[str], main: Mapping[str, int]
    ) -> Iterator[str]:
        declared, has_pilot, size, early = self.asked_pilots[service]
        if not has_pilot:
            if pilot:
                yield f"no pilot of {service} was requested"
            return
        weeks = {own[s] for s in pilot}
        if len(weeks) != 1 or len(pilot) > size or not weeks <= early:
            yield f"the pilot of {service} has {len(pilot)} schools in weeks {weeks}"
            return
        [tried] = weeks
        if min(main.values(), default=tried + 1000) < tried + self.services[service]["evaluation_weeks"]:
            yield f"{service} goes on before its pilot is judged"
        for school in own:
            if self.in_pilot((school, service)) is not None and self.in_pilot((school, service)) != (school in pilot):
                yield f"{school} is or is not in the pilot of {service}"
        reluctant = {s for s in own if self.is_reluctant(s) and self.in_pilot((s, service)) is not False}
        if not declared and reluctant and not reluctant & pilot:
            yield f"the pilot of {service} has no reluctant school"

    def is_reluctant(self, school: str) -> bool:
        """By schools.csv, or by rollout.yaml."""
        return bool(self.rollout["schools"][school].get("reluctant") or self.schools[school].get("reluctant"))

    def _broken_loads(self, plan: Plan) -> Iterator[str]:
        for key, tenths in self.loads(plan).items():
            if tenths > self.capacity[key]:
                yield f"{key} has {self.capacity[key]} tenths, and needs {tenths}"
        for limit, pairs in self.limits():
            busy = Counter(
                w for p in pairs if p in plan.chosen for w in range(plan.chosen[p].first, plan.chosen[p].last + 1)
            )
            if max(busy.values(), default=0) > limit:
                yield f"{limit} changes may go on at once, not {max(busy.values())}: {pairs}"

    def limits(self) -> Iterable[tuple[int, list[Pair]]]:
        """How many changes may go on at once, and which count."""
        for school, asked in self.rollout["schools"].items():
            yield asked.get("at_once", self.rollout.get("at_once", 2)), [p for p in self.pairs if p[0] == school]
        for group in self.rollout.get("groups", {}).values():
            schools = group.get("schools") or [
                s for s, facts in self.schools.items() if "hub" not in group or facts.get("hub") == group["hub"]
            ]
            yield group["at_once"], [p for p in self.pairs if p[0] in schools]

    def loads(self, plan: Plan) -> Counter[tuple[str, int]]:
        loads: Counter[tuple[str, int]] = Counter()
        for option in plan.chosen.values():
            for key, tenths in option.work:
                loads[key] += tenths
        return loads

    # What a plan costs

    def parts(self, plan: Plan) -> dict[str, Fraction]:
        """What is counted of a plan, by weight; weeks are those from the programme's start."""
        weeks = {pair: option.week for pair, option in plan.chosen.items()}
        peaks: dict[str, int] = dict.fromkeys(self.rollout["teams"], 0)
        for (team, week), tenths in self.loads(plan).items():
            peaks[team] = max(peaks[team], ceil(Fraction(100 * tenths, max(1, self.capacity[team, week]))))
        moved = [abs(weeks[p] - self.week(d)) for p, d in self.announced.items() if weeks[p] != self.week(d)]
        return {
            "finish": Fraction(sum(weeks.values())),
            "last": Fraction(sum(max(w for p, w in weeks.items() if p[1] == s) for s in self.services)),
            "peak": Fraction(sum(peaks.values())),
            "risk": -Fraction(sum(w * self.risk(p) for p, w in weeks.items())),
            "hub": Fraction(0 if self.rollout["hubs"]["together"] == "apart" else self.hub_dates(plan)),
            "fairness": self.fairness(weeks),
            "announced": Fraction(len(moved)),
            "announced_week": Fraction(sum(moved)),
        }

    def risk(self, pair: Pair) -> int:
        return int(self.rollout["schools"][pair[0]].get("risk", 2))

    def hub_dates(self, plan: Plan) -> int:
        """Dates of a hub for a service, beyond the first; pilots do not count."""
        dates = {
            (hub, service, plan.chosen[school, service].week)
            for hub, schools in self.hubs.items()
            for school in schools
            for service in self.services
            if (school, service) not in plan.pilot
        }
        return len(dates) - len({(hub, service) for hub, service, _ in dates})

    def fairness(self, weeks: Mapping[Pair, int]) -> Fraction:
        means = [
            Fraction(sum(w for p, w in weeks.items() if p[0] in schools), len(schools) * len(self.services))
            for schools in self.hubs.values()
        ]
        return max(means) - min(means) if means else Fraction(0)

    def prices(self, factors: Mapping[str, float]) -> dict[str, Fraction]:
        """The weights as they are written, times what a style makes of them."""
        asked = self.rollout.get("weights", WEIGHTS)
        return {
            name: Fraction(str(asked.get(name, usual))) * Fraction(str(factors.get(name, 1)))
            for name, usual in WEIGHTS.items()
        }
