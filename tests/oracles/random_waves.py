"""Random rollouts: a few schools and services, and everything that rollout.yaml can ask of their go-lives."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.oracles.answers import Documents, Report

FEATURES: tuple[str, ...] = (
    "opens weekly", "opens monthly", "opens with a pay period", "opens as its pathway says", "opens on a day off",
    "earliest of a service", "latest of a service", "earliest of a school", "latest of a school",
    "a forecast comes first", "a school joins later", "fixed", "fixed in the middle of a week",
    "fixed to a day that cannot be",
    "happened",
    "data date", "announced", "announced as planned",
    "blackout of go-lives", "blackout of training", "blackout of a parallel run", "blackout of work",
    "blackout of a school", "blackout of a phase", "blackout of a service", "closed office", "holidays of schools",
    "work before a go-live", "work after a go-live", "training after a go-live", "parallel run",
    "two weeks of an activity", "the usual activities",
    "team", "everyday work", "absence", "other working week",
    "at once", "at once of a school", "group of schools", "group of a hub", "order of services", "apart",
    "wave size", "weeks between", "pilot", "pilot of larger trusts", "declared pilot", "school in the pilot",
    "school never in a pilot", "reluctant", "reluctant by schools.csv", "no pilot",
    "hubs by weight", "hubs within weeks", "hubs on one date", "hubs apart",
    "weights left out", "tiny weight", "large weight", "no weight", "risk of a school",
)  # fmt: skip
WEIGHTS = ("finish", "last", "peak", "risk", "hub", "fairness", "announced", "announced_week")


def random_rollout(seed: int) -> Documents:
    """Return a small rollout; `features` says how often it asks for what."""
    return _Rollout(random.Random(f"waves {seed}")).make()


def counted(seed: int) -> Counter[str]:
    """Return how often a rollout asks for each feature."""
    maker = _Rollout(random.Random(f"waves {seed}"))
    maker.make()
    return maker.count


@dataclass
class _Rollout:
    random: random.Random
    count: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.start = date(2026, 11, 2) + timedelta(days=self.random.randrange(300))
        self.schools = [f"s{n}" for n in range(self.random.choice((2, 3, 3, 4)))]
        self.services = ["one", "two"][: 2 if len(self.schools) < 4 and self.chance(0.6) else 1]
        self.teams = ["ict", "trainers"][: self.random.choice((1, 2))]
        self.monthly = self.chance(0.5)
        self.weeks = 26 if self.monthly else 9
        """From the start to the last go-live."""

    def chance(self, share: float, feature: str = "") -> bool:
        drawn = self.random.random() < share
        if drawn and feature:
            self.count[feature] += 1
        return drawn

    def day(self, first: int, last: int) -> date:
        """A day between two weeks from the start."""
        return self.start + timedelta(days=self.random.randint(7 * first, 7 * last))

    def make(self) -> Documents:
        schools = [self.school(s) for s in self.schools]
        services = [self.service(s) for s in self.services]
        programme: dict[str, Any] = {
            "programme": "p", "name": "P", "organisation": "O", "office": {"email": "office@example.org"},
            "start": self.start, "waves": self.waves(), "policy": {},
        }  # fmt: skip
        if self.chance(0.25, "pilot of larger trusts"):
            programme["policy"] = {"larger_trust_from": 2}
        if self.chance(0.25, "other working week"):
            week = self.random.choice((("mon", "tue", "wed", "thu"), ("tue", "wed", "thu", "fri", "sat")))
            programme["working_week"] = {"days": list(week), "hours": [{"start": "09:00", "end": "15:00"}]}
        if self.chance(0.5, "closed office"):
            first = self.day(0, self.weeks)
            last = first + timedelta(days=self.random.randrange(5))
            programme["closed"] = [{"name": "closed", "first_day": first, "last_day": last}]
        documents = Documents(
            programme=programme, services=services, schools=schools, calendars=[self.calendar()],
            rollout=self.rollout(),
        )  # fmt: skip
        if self.chance(0.35, "data date"):
            documents.on = self.day(1, 4)
            self.happened(documents)
        documents.features = set(self.count)
        return documents

    def school(self, name: str) -> dict[str, Any]:
        school: dict[str, Any] = {"id": name, "name": name, "authority": "la"}
        school["phase"] = self.random.choice(("primary", "secondary"))
        if self.chance(0.1, "reluctant by schools.csv"):
            school["reluctant"] = True
        if self.chance(0.85):
            school["hub"] = self.random.choice(("north", "south"))
        if self.chance(0.2, "a school joins later"):
            school["joins"] = self.day(1, self.weeks // 3)
        return school

    def waves(self) -> list[dict[str, Any]]:
        names = list(self.schools)
        self.random.shuffle(names)
        cut = self.random.randint(1, len(names) - 1)
        waves: list[dict[str, Any]] = [
            {"id": f"w{n}", "name": f"w{n}", "schools": part} for n, part in enumerate((names[:cut], names[cut:]), 1)
        ]
        if self.chance(0.25, "declared pilot"):
            waves[0]["pilot"] = True
        return waves

    def service(self, name: str) -> dict[str, Any]:
        live: dict[str, Any] = {"kind": "go_live", "duration": "0d", "per": "wave", "after": "built"}
        if self.monthly and self.chance(0.6):
            live["starts_on"] = self.random.choice(("month", "pay_period"))
        self.opens_on_pathway = live.get("starts_on")
        built = {"duration": f"{self.random.choice((3, 5, 15))}d"}
        return {"service": name, "name": name, "pathway": "none", "tasks": {"built": built, "live": live}}

    def calendar(self) -> dict[str, Any]:
        calendar: dict[str, Any] = {"calendar": "trust", "blackouts": []}
        calendar["pay_periods"] = {"first_month": "2026-09", "months": 36, "payday": 25}
        calendar["terms"] = [
            {"name": f"{year} {first}", "first_day": _day(year, first), "last_day": _day(year, last)} | half
            for year in (2026, 2027, 2028)
            for first, last, half in (
                ("01-05", "03-24", {"half_term": [_day(year, "02-15"), _day(year, "02-19")]}),
                ("04-13", "07-21", {"half_term": [_day(year, "05-31"), _day(year, "06-04")]}),
                ("09-02", "12-17", {"half_term": [_day(year, "10-25"), _day(year, "10-29")]}),
            )
        ]
        self.count["holidays of schools"] += 1
        for kind, feature in (
            ("go_live", "blackout of go-lives"), ("training", "blackout of training"),
            ("parallel_run", "blackout of a parallel run"), ("work", "blackout of work"),
        ):  # fmt: skip
            if self.chance(0.4, feature):
                calendar["blackouts"].append(self.blackout(kind))
        return calendar

    def blackout(self, kind: str) -> dict[str, Any]:
        first = self.day(0, self.weeks)
        blackout: dict[str, Any] = {
            "name": f"no {kind}", "activities": [kind], "first_day": first,
            "last_day": first + timedelta(days=self.random.randrange(12)),
        }  # fmt: skip
        if self.chance(0.4, "blackout of a school"):
            blackout["schools"] = [self.random.choice(self.schools)]
        if self.chance(0.4, "blackout of a phase"):
            blackout["phases"] = [self.random.choice(("primary", "secondary"))]
        if self.chance(0.4, "blackout of a service"):
            blackout["services"] = [self.random.choice(self.services)]
        return blackout

    def rollout(self) -> dict[str, Any]:
        rollout: dict[str, Any] = {
            "latest": self.start + timedelta(weeks=self.weeks, days=self.random.randrange(7)),
            "services": {s: self.asked(s) for s in self.services},
            "teams": {t: self.team() for t in self.teams},
            "schools": {s: self.asked_by(s) for s in self.schools},
            "hubs": self.hubs(),
        }
        if len(self.services) == 2 and self.chance(0.6):
            self.count["at once"] += 1
            rollout["at_once"] = 1
        if self.chance(0.4, "apart"):
            rollout["apart"] = [self.random.sample(self.schools, 2)]
        groups: dict[str, Any] = {}
        if self.chance(0.4, "group of schools"):
            groups["all"] = {"at_once": self.random.randint(2, 4)}
            if self.chance(0.5):
                groups["all"]["schools"] = self.random.sample(self.schools, 2)
        if self.chance(0.4, "group of a hub"):
            groups["north"] = {"hub": "north", "at_once": self.random.randint(1, 4)}
        rollout["groups"] = groups
        weights = self.weights()
        if weights:
            rollout["weights"] = weights
        if self.chance(0.4, "announced as planned"):
            rollout["announced_as_planned"] = True
        return rollout

    def asked(self, service: str) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "wave_size": self.random.choice((1, 2, 2, 3)),
            "weeks_between": self.random.choice((1, 2, 3, 5) if self.monthly else (1, 1, 2, 3)),
        }
        self.count["wave size"] += 1
        self.count["weeks between"] += 1
        opens = (
            self.random.choice((None, "month", "pay_period")) if self.monthly else self.random.choice((None, "week"))
        )
        if opens is not None:
            asked["opens_on"] = opens
        self.count[
            {"week": "opens weekly", "month": "opens monthly", "pay_period": "opens with a pay period"}.get(
                opens or "", "opens as its pathway says"
            )
        ] += 1
        if self.chance(0.7, "earliest of a service"):
            asked["earliest"] = self.day(2, self.weeks // 3)
        else:
            self.count["a forecast comes first"] += 1
        if self.chance(0.2, "latest of a service"):
            asked["latest"] = self.day(self.weeks // 2 + 1, self.weeks)
        if self.chance(0.25, "pilot"):
            asked["pilot"] = True
        elif self.chance(0.3, "no pilot"):
            asked["pilot"] = False
        if self.chance(0.5):
            asked["pilot_size"] = self.random.randint(1, 2)
        asked["evaluation_weeks"] = self.random.randint(1, 6 if self.monthly else 3)
        if service == "two" and self.chance(0.6, "order of services"):
            asked["after"] = {"one": self.random.randint(0, 3)}
        if self.chance(0.8):
            asked["activities"] = [self.activity() for _ in range(self.random.randint(1, 3))]
        else:
            self.count["the usual activities"] += 1
        return asked

    def activity(self) -> dict[str, Any]:
        weeks = self.random.choice((1, 1, 2))
        shapes = ("work before", "work after", "training", "training", "training after", "parallel run")
        shape = self.random.choice(shapes)
        activity: dict[str, Any] = {"weeks": weeks}
        if weeks == 2:
            self.count["two weeks of an activity"] += 1
        if "training" in shape:
            activity["kind"] = "training"
        if shape == "parallel run":
            self.count[shape] += 1
            activity |= {"kind": "parallel_run", "weeks_before": self.random.choice((1, 1, 0, -1))}
        elif "after" in shape:
            self.count[f"{shape} a go-live"] += 1
            activity["weeks_before"] = -self.random.randint(1, 2)
        else:
            self.count["work before a go-live"] += 1
            activity["weeks_before"] = self.random.randint(0, 2)
        if self.chance(0.8, "team"):
            activity |= {"team": self.random.choice(self.teams), "days": self.random.choice((0.5, 1, 1.5, 2))}
        return activity

    def team(self) -> dict[str, Any]:
        team: dict[str, Any] = {"days_per_week": self.random.choice((3, 4, 6, 9))}
        if self.chance(0.3, "everyday work"):
            team["backfill"] = self.random.choice((0.5, 1))
        if self.chance(0.4, "absence"):
            first = self.day(0, self.weeks)
            last = first + timedelta(days=self.random.randrange(10))
            team["away"] = [{"first_day": first, "last_day": last, "days_per_week": self.random.choice((0, 1))}]
        return team

    def asked_by(self, school: str) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if self.chance(0.5, "risk of a school"):
            asked["risk"] = self.random.randint(1, 5)
        if self.chance(0.3, "reluctant"):
            asked["reluctant"] = True
        if self.chance(0.12, "school in the pilot"):
            asked["pilot"] = True
        elif self.chance(0.2, "school never in a pilot"):
            asked["pilot"] = False
        if self.chance(0.2, "at once of a school"):
            asked["at_once"] = self.random.randint(1, 2)
        if self.chance(0.2, "earliest of a school"):
            asked["earliest"] = self.day(1, self.weeks // 3)
        if self.chance(0.12, "latest of a school"):
            asked["latest"] = self.day(self.weeks // 2 + 1, self.weeks + 1)
        for service in self.services:
            if self.chance(0.07):
                asked.setdefault("fixed", {})[service] = self.fixed()
            if self.chance(0.35, "announced"):
                asked.setdefault("announced", {})[service] = self.day(1, self.weeks)
        return asked

    def fixed(self) -> date:
        self.count["fixed"] += 1
        if self.chance(0.25):
            return self.day(1, self.weeks)
        if self.monthly:
            return (self.day(6, self.weeks - 2) + timedelta(days=20)).replace(day=1)
        day = self.day(4, self.weeks - 1)
        if self.chance(0.6, "fixed in the middle of a week"):
            return day
        return day - timedelta(days=day.weekday())

    def hubs(self) -> dict[str, Any]:
        together = self.random.choice(("weight", "weight", "weeks", "same_wave", "apart"))
        names = {"weight": "by weight", "weeks": "within weeks", "same_wave": "on one date", "apart": "apart"}
        self.count[f"hubs {names[together]}"] += 2 * len(self.services)
        return {"together": together, "within_weeks": self.random.randint(1, 9)}

    def weights(self) -> dict[str, float]:
        kind = self.random.choice(("left out", "left out", "mixed", "single"))
        if kind == "left out":
            self.count["weights left out"] += len(WEIGHTS)
            return {}
        if kind == "single":
            self.count["no weight"] += len(WEIGHTS) - 1
            self.count["tiny weight"] += 1
            return dict.fromkeys(WEIGHTS, 0) | {self.random.choice(WEIGHTS): 0.01}
        weights = {w: self.random.choice((0, 0.000001, 0.02, 0.6, 1, 7.5, 1000)) for w in WEIGHTS}
        self.count["no weight"] += sum(w == 0 for w in weights.values())
        self.count["tiny weight"] += sum(0 < w < 0.1 for w in weights.values())
        self.count["large weight"] += sum(w == 1000 for w in weights.values())
        return weights

    def happened(self, documents: Documents) -> None:
        """Let the first wave be live with a service by the data date, in some."""
        service = self.random.choice(self.services)
        assert documents.on is not None
        day = documents.on - timedelta(days=self.random.randint(1, 6))
        wave = documents.programme["waves"][0]
        known = {s["id"]: s.get("joins") for s in documents.schools}
        if all(known[s] is None for s in wave["schools"]) and self.chance(0.7, "happened"):
            documents.progress = {f"{service}/{wave['id']}/live": Report(started=day, finished=day)}


def _day(year: int, text: str) -> date:
    return date.fromisoformat(f"{year}-{text}")
