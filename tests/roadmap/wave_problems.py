"""Tiny wave problems of three or four schools, one or two services and a few dates, and every plan that they have."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import chain, combinations, product
from typing import Any

from hypothesis import strategies as st

from changeflow.roadmap.model.requests import Weights
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.problem import (
    Candidate,
    GroupPlan,
    Pair,
    Placement,
    SchoolPlan,
    ServicePlan,
    WavePlan,
    WaveProblem,
    numbers_of,
    peaks,
)
from changeflow.values.words import Kind

MONDAY = date(2027, 1, 4)


def candidate(week: int, team: str | None, tenths: int) -> Candidate:
    """A week of training before, and the week of go-live itself."""
    return Candidate(
        week,
        MONDAY + timedelta(weeks=week),
        (Placement(Kind.TRAINING, team, (week - 1,), (tenths,)), Placement(Kind.WORK, None, (week,), (0,))),
    )


def problem(
    schools: str = "abc",
    services: Mapping[str, tuple[int, ...]] | None = None,
    *,
    team: str | None = None,
    capacity: int = 20,
    tenths: int = 10,
    service: Mapping[str, Any] | None = None,
    school: Mapping[str, Mapping[str, Any]] | None = None,
    **more: Any,
) -> WaveProblem:
    """The dullest problem that can be: no pilot, room for everyone, one change at a time."""
    dates = services or {"pay": (2, 4, 6)}
    asked = {
        "wave_size": 3,
        "weeks_between": 1,
        "has_pilot": False,
        "pilot_size": 1,
        "evaluation_weeks": 2,
        "after": {},
    }
    every = {"hub": "", "risk": 1, "reluctant": False, "pilot": None, "at_once": 2}
    return WaveProblem(
        start=MONDAY,
        weeks=40,
        services={
            s: ServicePlan(
                service=s, name=s.title(), days={w: MONDAY + timedelta(weeks=w) for w in weeks},
                **(asked | (service or {})),
            )
            for s, weeks in dates.items()
        },
        schools={n: SchoolPlan(school=n, name=n.upper(), **(every | (school or {}).get(n, {}))) for n in schools},
        candidates={(n, s): tuple(candidate(w, team, tenths) for w in ws) for n in schools for s, ws in dates.items()},
        dropped={(n, s): {} for n in schools for s in dates},
        capacity={team: (capacity,) * 40} if team else {},
        team_names={team: "Trainers"} if team else {},
        **({"weights": Weights()} | more),
    )  # fmt: skip


def every_plan(given_problem: WaveProblem) -> Iterator[WavePlan]:
    """Every choice of dates and of pilots that keeps every promise."""
    pairs = given_problem.pairs
    for dates in product(*(given_problem.candidates[p] for p in pairs)):
        chosen = dict(zip(pairs, dates, strict=True))
        for pilot in _pilots(given_problem, pairs):
            plan = WavePlan(chosen=chosen, pilot=frozenset(pilot))
            early = all(chosen[p].week in _pilot_dates(given_problem, p[1]) for p in pilot)
            if early and not check_plan(given_problem, plan):
                yield plan


def _pilots(given_problem: WaveProblem, pairs: tuple[Pair, ...]) -> Iterator[tuple[Pair, ...]]:
    some = [p for p in pairs if given_problem.services[p[1]].has_pilot]
    return chain.from_iterable(combinations(some, n) for n in range(len(some) + 1))


def _pilot_dates(given_problem: WaveProblem, service: str) -> tuple[int, ...]:
    """The early third of the dates, at least one: a pilot is early, by the model."""
    weeks = given_problem.services[service].weeks
    return weeks[: max(1, (len(weeks) + 2) // 3)]


def a_group(schools: str, at_once: int) -> GroupPlan:
    return GroupPlan(name="the trust", schools=frozenset(schools), at_once=at_once)


def worth(given_problem: WaveProblem, plan: WavePlan, weights: Weights) -> Fraction:
    """The objective in weeks of one school, added up exactly from the plan and the weights as they are written."""
    each = {name: Fraction(str(getattr(weights, name))) for name in Weights.model_fields}
    total = Fraction(0)
    for service, asked in given_problem.services.items():
        last = max(plan.week(p) for p in plan.chosen if p[1] == service)
        total += (last - asked.weeks[0]) * each["last"]
    hubs: dict[str, list[int]] = {}
    for pair, chosen in plan.chosen.items():
        school = given_problem.schools[pair[0]]
        total += chosen.week * each["finish"] - school.risk * chosen.week * each["risk"]
        announced = given_problem.announced.get(pair)
        if announced is not None and announced != chosen.week:
            total += each["announced"] + abs(chosen.week - announced) * each["announced_week"]
        if school.hub:
            hubs.setdefault(school.hub, []).append(chosen.week)
    means = [Fraction(sum(weeks), len(weeks)) for weeks in hubs.values()]
    total += (max(means) - min(means) if means else 0) * each["fairness"]
    total += sum(peaks(given_problem, plan).values()) * each["peak"]
    return total + numbers_of(given_problem, plan).hub_dates * each["hub"]


PROBLEMS = st.fixed_dictionaries(
    {
        "sizes": st.integers(1, 3),
        "between": st.integers(1, 4),
        "pilot": st.booleans(),
        "two": st.booleans(),
        "capacity": st.integers(10, 30),
        "risks": st.lists(st.integers(1, 5), min_size=3, max_size=3),
        "hubs": st.lists(st.sampled_from(["", "n", "s"]), min_size=3, max_size=3),
        "at_once": st.integers(1, 2),
        "reluctant": st.booleans(),
        "apart": st.booleans(),
        "announced": st.booleans(),
        "together": st.sampled_from([None, 1, 2, 3]),
        "declared": st.sampled_from(["", "a", "bc"]),
        "weights": st.one_of(
            st.just({}),
            st.fixed_dictionaries(
                {name: st.sampled_from([0, 0.000001, 0.01, 0.6, 1, 12.5, 10_000]) for name in Weights.model_fields}
            ),
            st.builds(
                lambda name, weight: dict.fromkeys(Weights.model_fields, 0) | {name: weight},
                st.sampled_from(sorted(Weights.model_fields)),
                st.sampled_from([0.01, 1]),
            ),
        ),
    }
)


def tiny(drawn: Mapping[str, Any]) -> WaveProblem:
    services = {"pay": (2, 4, 6, 9), "hr": (3, 4, 8)} if drawn["two"] else {"pay": (2, 4, 6, 9)}
    schools = {
        n: {"risk": r, "hub": h, "at_once": drawn["at_once"], "reluctant": drawn["reluctant"] and n == "c"}
        for n, r, h in zip("abc", drawn["risks"], drawn["hubs"], strict=True)
    }
    return problem(
        services=services,
        team="trainers",
        capacity=drawn["capacity"],
        school=schools,
        service={
            "wave_size": drawn["sizes"],
            "weeks_between": drawn["between"],
            "has_pilot": drawn["pilot"],
            "pilot_size": max(1, len(drawn.get("declared", ""))),
        },
        apart=(("a", "b"),) if drawn["apart"] else (),
        announced={("a", "pay"): 4, ("b", "pay"): 6} if drawn["announced"] else {},
        groups={"all": a_group("abc", drawn["together"])} if drawn.get("together") else {},
        declared=frozenset((n, v) for n in drawn.get("declared", "") for v in services if drawn["pilot"]),
        weights=Weights(**drawn.get("weights", {})),
    )
