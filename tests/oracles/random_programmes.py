"""Random programmes: small trusts with everything that a folder can say about dates, in most of them at once."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.oracles.answers import Documents, Report
from tests.oracles.clock import day_at
from tests.oracles.expansion import Expanded, Item
from tests.oracles.naive import Early, Naive

KINDS = ("work", "work", "training", "system_live", "skills_evidenced")
PHASES = ("primary", "secondary", "special")
FEATURES: tuple[str, ...] = (
    "duration d", "duration h", "duration m", "duration w", "duration ed", "duration eh", "duration ew", "duration sw",
    "duration pp", "duration t", "duration of part of a day", "moment",
    "calendar term", "calendar every_day", "window month", "window pay_period", "window term", "window of a moment",
    "start_no_earlier", "finish_no_earlier", "start_no_later", "finish_no_later", "must_start", "must_finish",
    "deadline", "as late as possible",
    "link FS", "link SS", "link FF", "link SF", "link to the wave before", "link to another service",
    "lag of working time", "lead of working time", "lag of elapsed time", "lead of elapsed time", "lag of school weeks",
    "lag of pay periods", "lag of terms", "lag in percent", "lead in percent",
    "blackout", "blackout of a phase", "blackout of schools", "blackout of a phase and schools", "blackout of work",
    "blackouts of one name", "blackout in a school's file", "blackout in an authority's file",
    "closed trust", "closed in the trust's calendar", "closed authority", "closed school", "open trust", "open school",
    "two authorities' terms", "terms not aligned", "a school's own terms",
    "milestone", "milestone with a deadline",
    "task of the programme", "task of a service", "task of a wave", "task of a school",
    "other working week", "data date", "done", "begun", "begun with a rest", "out of sequence",
    "begun with a bound on its finish", "begun early without a rest", "bound on the finish of a window",
    "share of whole periods",
)  # fmt: skip


def day(text: str) -> date:
    return date.fromisoformat(text)


def random_programme(seed: int) -> tuple[Documents, Naive]:
    """Return the programme of a seed and its dates; draws that reach beyond its own calendars are thrown away."""
    for attempt in range(20):
        try:
            return _Maker(f"{seed}, {attempt}").make()
        except LookupError:
            continue
    raise LookupError(seed)


@dataclass
class _Maker:
    seed: str
    features: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.start = day("2026-11-02") + timedelta(days=self.random.randrange(150))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some_day(self, first: int = 0, last: int = 200) -> date:
        return self.start + timedelta(days=self.random.randint(first, last))

    def make(self) -> tuple[Documents, Naive]:
        schools, waves = self.schools()
        calendars = [self.trust_calendar(schools), *self.authorities(schools), *self.school_calendars(schools)]
        services = self.services(len(schools))
        programme: dict[str, Any] = {
            "programme": "p",
            "name": "P",
            "organisation": "O",
            "office": {"email": "office@example.org"},
            "nation": self.random.choice(("england", "england", "wales", "scotland", "northern-ireland")),
            "start": self.start,
            "waves": waves,
            "tasks": self.programme_tasks(services),
            "milestones": self.milestones(services),
        }
        if self.chance(0.8):
            programme["closed"] = [self.closure("closed trust")]
        if self.chance(0.75):
            programme["working_week"] = self.working_week()
        documents = Documents(programme=programme, services=services, schools=schools, calendars=calendars)
        documents.features = self.features
        self.expanded = Expanded(documents)
        if self.chance(0.92):
            self.progress(documents)
        self.expanded.report(documents)
        return documents, Naive(self.expanded)

    # Who and where

    def schools(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        names = [f"s{n}" for n in range(self.random.randint(4, 6))]
        schools = [
            {"id": n, "name": n, "phase": self.random.choice(PHASES), "authority": "la1" if i % 2 else "la2"}
            for i, n in enumerate(names)
        ]
        cuts = sorted(self.random.sample(range(1, len(names)), self.random.choice((1, 2))))
        parts = [names[a:b] for a, b in zip([0, *cuts], [*cuts, len(names)], strict=True)]
        return schools, [{"id": f"w{n}", "name": f"w{n}", "schools": p} for n, p in enumerate(parts, start=1)]

    # When

    def closure(self, feature: str, *, first: int = 0, last: int = 200) -> dict[str, Any]:
        self.features.add(feature)
        begins = self.some_day(first, last)
        return {"name": feature, "first_day": begins, "last_day": begins + timedelta(days=self.random.randrange(5))}

    def opening(self) -> dict[str, Any]:
        return {"name": "o", "first_day": self.some_day(), "open": True}

    def working_week(self) -> dict[str, Any]:
        self.features.add("other working week")
        days = self.random.choice(
            (
                ("mon", "tue", "wed", "thu"),
                ("mon", "tue", "wed", "thu", "fri", "sat"),
                ("tue", "wed", "thu", "fri", "sat"),
            )
        )
        hours = self.random.choice(
            ([("09:00", "17:00")], [("08:00", "12:00"), ("12:45", "16:15")], [("07:30", "11:30")])
        )
        return {"days": list(days), "hours": [{"start": a, "end": b} for a, b in hours]}

    def trust_calendar(self, schools: list[dict[str, Any]]) -> dict[str, Any]:
        calendar: dict[str, Any] = {
            "calendar": "trust",
            "pay_periods": {
                "first_month": f"{self.start - timedelta(days=200):%Y-%m}",
                "months": 48,
                "payday": self.random.choice((15, 25, 28)),
            },
            "closed": [],
            "blackouts": [],
        }
        if self.chance(0.8):
            calendar["closed"].append(self.closure("closed in the trust's calendar"))
        if self.chance(0.8):
            self.features.add("open trust")
            calendar["closed"].append(self.opening())
        for feature, share in (
            ("blackout", 0.8), ("blackout of a phase", 0.8), ("blackout of schools", 0.8),
            ("blackout of a phase and schools", 0.8), ("blackout of work", 0.75), ("blackouts of one name", 0.8),
        ):  # fmt: skip
            if self.chance(share):
                calendar["blackouts"] += self.blackouts(feature, schools)
        return calendar

    def blackouts(self, feature: str, schools: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.features.add(feature)
        ids = [s["id"] for s in schools]
        one = self.blackout(feature)
        if feature == "blackout of work":
            one["activities"] = ["work"]
        if feature in ("blackout of a phase", "blackout of a phase and schools"):
            one["phases"] = self.random.sample(PHASES, self.random.choice((1, 2)))
        if feature in ("blackout of schools", "blackout of a phase and schools"):
            one["schools"] = self.random.sample(ids, 2)
        if feature == "blackouts of one name":
            other = self.blackout(feature) | {"activities": one["activities"], "phases": ["secondary"]}
            return [one | {"phases": ["primary"]}, other]
        return [one]

    def blackout(self, name: str) -> dict[str, Any]:
        begins = self.some_day(-5, 150)
        activities = self.random.sample(sorted(set(KINDS) - {"work"}), self.random.choice((1, 2)))
        return {
            "name": name,
            "first_day": begins,
            "last_day": begins + timedelta(days=self.random.randrange(12)),
            "activities": activities,
        }

    def terms(self, shift: int) -> list[dict[str, Any]]:
        terms = []
        for year in range(2025, 2032):
            for name, first, last in (
                ("Autumn", f"{year}-09-01", f"{year}-12-18"),
                ("Spring", f"{year + 1}-01-04", f"{year + 1}-03-26"),
                ("Summer", f"{year + 1}-04-12", f"{year + 1}-07-22"),
            ):
                begins = day(first) + timedelta(days=shift + self.random.randrange(3))
                ends = day(last) - timedelta(days=self.random.randrange(4))
                term: dict[str, Any] = {"name": f"{name} {year}", "first_day": begins, "last_day": ends}
                if self.chance(0.8):
                    middle = begins + (ends - begins) / 2
                    term["half_term"] = [middle, middle + timedelta(days=4)]
                terms.append(term)
        return terms

    def authorities(self, schools: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.features.add("two authorities' terms")
        files = []
        for n, authority in enumerate(("la1", "la2")):
            terms = self.terms(n)
            if n == 1 and self.chance(0.8):
                self.features.add("terms not aligned")
                terms = terms[1:]
            file: dict[str, Any] = {"calendar": authority, "authority": authority, "terms": terms}
            if self.chance(0.6):
                file["closed"] = [self.closure("closed authority")]
            if self.chance(0.6):
                self.features.add("blackout in an authority's file")
                file["blackouts"] = [self.blackout("authority")]
            files.append(file)
        return files

    def school_calendars(self, schools: list[dict[str, Any]]) -> list[dict[str, Any]]:
        files = []
        for school in self.random.sample(schools, 3):
            file: dict[str, Any] = {"calendar": f"of-{school['id']}", "school": school["id"], "closed": []}
            if self.chance(0.6):
                file["closed"].append(self.closure("closed school"))
            if self.chance(0.6):
                self.features.add("open school")
                file["closed"].append(self.opening())
            if self.chance(0.6):
                self.features.add("blackout in a school's file")
                file["blackouts"] = [self.blackout("school")]
            if self.chance(0.4):
                self.features.add("a school's own terms")
                file["terms"] = self.terms(1)
            files.append(file)
        return files

    # What

    def services(self, schools: int) -> list[dict[str, Any]]:
        wishes = [*self.shapes(), *({} for _ in range(3))]
        self.random.shuffle(wishes)
        half = len(wishes) // 2
        services = []
        for name, part in (("one", wishes[:half]), ("two", wishes[half:])):
            pers = [self.random.choices(("service", "wave", "school"), (6, 3, 1))[0] for _ in part]
            tasks: dict[str, dict[str, Any]] = {}
            for n, (shape, per) in enumerate(zip(part, pers, strict=True)):
                step = {"duration": self.plain_duration(), "kind": self.random.choice(KINDS), "per": per} | shape
                self.features.add(f"task of a {per}")
                self.link(step, name, tasks, services[0]["tasks"] if services else {})
                tasks[f"t{n}"] = step
            services.append({"service": name, "name": name, "pathway": "none", "tasks": tasks})
        return services

    def plain_duration(self) -> str:
        self.features.add("duration d")
        return f"{self.random.randint(1, 12)}d"

    def shapes(self) -> list[dict[str, Any]]:
        """What single steps say, one thing each: most programmes have nearly all of it."""
        pick = self.random
        number = pick.randint
        shapes: list[tuple[str, Callable[[], dict[str, Any]]]] = [
            ("duration h", lambda: {"duration": f"{number(1, 30)}h"}),
            ("duration m", lambda: {"duration": f"{number(20, 900)}m"}),
            ("duration w", lambda: {"duration": f"{number(1, 3)}w"}),
            ("duration ed", lambda: {"duration": f"{number(1, 45)}ed"}),
            ("duration eh", lambda: {"duration": f"{number(5, 200)}eh"}),
            ("duration ew", lambda: {"duration": f"{number(1, 4)}ew"}),
            ("duration sw", lambda: {"duration": f"{number(1, 4)}sw"}),
            ("duration pp", lambda: {"duration": f"{number(1, 2)}pp"}),
            ("duration t", lambda: {"duration": "1t"}),
            ("duration of part of a day", lambda: {"duration": f"{number(1, 9)}.5d"}),
            ("moment", lambda: {"duration": "0d"}),
            ("calendar term", lambda: {"calendar": "term"}),
            ("calendar every_day", lambda: {"calendar": "every_day"}),
            ("window month", lambda: {"starts_on": "month"}),
            ("window pay_period", lambda: {"starts_on": "pay_period", "calendar": pick.choice(("office", "term"))}),
            ("window term", lambda: {"starts_on": "term"}),
            ("window of a moment", lambda: {"duration": "0d", "starts_on": pick.choice(("month", "pay_period"))}),
            ("start_no_earlier", lambda: {"start_no_earlier": self.some_day()}),
            ("finish_no_earlier", lambda: {"finish_no_earlier": self.some_day()}),
            ("start_no_later", lambda: {"start_no_later": self.some_day(0, 400)}),
            ("finish_no_later", lambda: {"finish_no_later": self.some_day(0, 400)}),
            ("must_start", lambda: {"must_start": self.some_day(0, 300)}),
            ("must_finish", lambda: {"must_finish": self.some_day(0, 300)}),
            ("deadline", lambda: {"deadline": self.some_day(0, 400)}),
            ("as late as possible", lambda: {"as_late_as_possible": True}),
        ]  # fmt: skip
        made = []
        for feature, make in shapes:
            if self.chance(0.88):
                self.features.add(feature)
                made.append(make())
        return made

    def link(self, step: dict[str, Any], service: str, tasks: dict[str, Any], elsewhere: dict[str, Any]) -> None:
        links, before = [], list(tasks)
        if before and self.chance(0.85):
            names = self.random.sample(before[-6:], min(len(before), self.random.choice((1, 1, 1, 2))))
            links += [name + self.relation(step, tasks[name]) for name in names]
        if elsewhere and self.chance(0.2):
            self.features.add("link to another service")
            name = self.random.choice(sorted(elsewhere))
            links.append(f"one/{name}" + self.relation(step, elsewhere[name]))
        if links:
            step["after"] = links
        if step["per"] in ("wave", "school") and before and self.chance(0.3):
            self.features.add("link to the wave before")
            step["after_previous_wave"] = [self.random.choice(before)]

    def relation(self, step: dict[str, Any], before: dict[str, Any]) -> str:
        weights = (6, 3, 5, 3) if "starts_on" in step else (8, 3, 4, 1.5)
        kind = self.random.choices(("FS", "SS", "FF", "SF"), weights)[0]
        if "starts_on" in step and kind[1] == "F":
            self.features.add("bound on the finish of a window")
        self.features.add(f"link {kind}")
        number = self.random.randint
        in_periods = before["duration"].lstrip("0123456789.") in ("pp", "t")
        lags: list[tuple[str, Callable[[], str], float]] = [
            ("", lambda: "+0d", 5),
            ("lag of working time", lambda: f"+{number(1, 10)}{self.random.choice(('d', 'h', 'd', 'w')[:3])}", 2),
            ("lead of working time", lambda: f"-{number(1, 5)}d", 2),
            ("lag of elapsed time", lambda: f"+{number(1, 20)}{self.random.choice(('ed', 'eh'))}", 1.5),
            ("lead of elapsed time", lambda: f"-{number(1, 6)}ed", 1.5),
            ("lag of school weeks", lambda: f"+{number(1, 3)}sw", 1.5),
            ("lag of pay periods", lambda: f"+{number(1, 2)}pp", 1.5),
            ("lag of terms", lambda: "+1t", 1),
            ("lag in percent", lambda: f"+{number(10, 90)}%", 20 if in_periods else 1.5),
            ("lead in percent", lambda: f"-{number(10, 60)}%", 20 if in_periods else 1.5),
        ]
        feature, make, _ = self.random.choices(lags, [w for *_, w in lags])[0]
        if feature:
            self.features.add(feature)
        if feature.endswith("percent") and in_periods:
            self.features.add("share of whole periods")
        lag = make()
        return "" if kind == "FS" and lag == "+0d" else f" {kind}{lag}"

    def programme_tasks(self, services: list[dict[str, Any]]) -> dict[str, Any]:
        self.features.add("task of the programme")
        last = self.random.choice(sorted(services[0]["tasks"]))
        return {"close": {"duration": "2d", "after": [f"one/{last}"]}, "alone": {"duration": self.plain_duration()}}

    def milestones(self, services: list[dict[str, Any]]) -> dict[str, Any]:
        self.features |= {"milestone", "milestone with a deadline"}
        made = {}
        for n, service in enumerate(services):
            after = [f"{service['service']}/{t}" for t in self.random.sample(sorted(service["tasks"]), 2)]
            made[f"m{n}"] = {"name": f"m{n}", "after": after, "deadline": self.some_day(60, 500)}
        made["open"] = {"name": "open", "after": [f"one/{self.random.choice(sorted(services[0]['tasks']))}"]}
        return made

    # What has happened

    def progress(self, documents: Documents) -> None:
        """Report some tasks by their dates as the plan has them, more or less."""
        self.features.add("data date")
        plan = Early(self.expanded)
        plan.pass_forward()
        documents.on = on = self.some_day(30, 120)
        if self.chance(0.4):
            documents.programme["policy"] = {"out_of_sequence": "progress_override"}
        for item in plan.order:
            dates = plan.dates[item.id]
            begins = day_at(dates.start) + timedelta(days=self.random.randrange(6))
            ends = max(begins, day_at(dates.finish - 1) + timedelta(days=self.random.randrange(6)))
            if begins >= on or item.id.startswith("programme/m") or item.id == "programme/open":
                continue
            if ends < on and self.chance(0.5):
                self.features.add("done")
                documents.progress[item.id] = Report(begins, ends)
            elif item.length.amount and self.chance(0.95):
                self.begun(documents, item, begins)
        if any(
            not self.was_done(documents, t.before.id)
            for i in plan.order
            if i.id in documents.progress
            for t in i.before
        ):
            self.features.add("out of sequence")

    def was_done(self, documents: Documents, task: str) -> bool:
        return task in documents.progress and documents.progress[task].finished is not None

    def begun(self, documents: Documents, item: Item, begins: date) -> None:
        if any(t.type[1] == "F" for t in item.before):
            self.features.add("begun with a bound on its finish")
        self.features.add("begun")
        rest = None
        if self.chance(0.6):
            self.features.add("begun with a rest")
            unit = {"elapsed": "ed", "pay_period": "pp", "term": "t", "school": "sw"}.get(item.length.unit, "d")
            rest = f"{self.random.randint(1, 2 if unit in ('pp', 't') else 8)}{unit}"
        if rest is None and item.before:
            self.features.add("begun early without a rest")
        documents.progress[item.id] = Report(begins, None, rest)
