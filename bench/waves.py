"""Waves: a fixed, made-up trust of fifty schools and three services, and the sample's three plans."""

import random
import time
from datetime import date, timedelta
from pathlib import Path

from changeflow.intake.folder import read_folder
from changeflow.planning.waves import wave_problem
from changeflow.roadmap.model.requests import Weights
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.plans import offers
from changeflow.roadmap.waves.problem import Candidate, Placement, SchoolPlan, ServicePlan, WaveProblem
from changeflow.roadmap.waves.solve import SearchLimits
from changeflow.rules.engine import judge
from changeflow.values.words import Kind

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"
MONDAY = date(2026, 8, 31)
EARLY = Weights(last=0, peak=0, risk=0, hub=2, fairness=0, announced=0, announced_week=0)
"""Finish early; another date within a hub has a weight."""
LIMITS = SearchLimits(seconds=6, effort=6)
"""Those of `changeflow waves`."""


def measure_waves() -> dict[str, float]:
    """Return seconds to the first plan of fifty schools, its gap, and seconds to the sample's three plans."""
    problem = fifty_schools()
    began = time.perf_counter()
    _, found, _ = next(offers(problem, LIMITS))
    fifty = time.perf_counter() - began
    if found.plan is None or check_plan(problem, found.plan):
        raise AssertionError("no plan that meets every requirement")
    programme = judge(read_folder(SAMPLE).programme).programme
    began = time.perf_counter()
    sample = wave_problem(programme)
    answers = [answer for _, answer, _ in offers(sample, LIMITS)]
    three = time.perf_counter() - began
    if any(a.plan is None or check_plan(sample, a.plan) for a in answers):
        raise AssertionError("no plan that meets every requirement")
    return {
        "waves_50_schools_3_services_s": round(fifty, 1),
        "waves_50_schools_3_services_gap": round(found.gap if found.gap is not None else 1.0, 4),
        "waves_14_three_plans_s": round(three, 1),
    }


def fifty_schools(seed: int = 7) -> WaveProblem:
    """Fifty schools in eight hubs; payroll opens monthly without December and April, finance and ICT more often.

    Load is 20 to 30 percent of capacity over the dates that there are. A quarter of the schools bears one change at a
    time, the others two.
    """
    rng = random.Random(seed)  # noqa: S311
    horizon = 100
    opens = {
        "payroll": tuple(w for w in range(20, 92, 4) if (MONDAY + timedelta(weeks=w)).month not in (4, 12)),
        "finance": tuple(w for w in range(14, 92, 3) if (MONDAY + timedelta(weeks=w)).month != 12),
        "ict": tuple(range(10, 92, 2)),
    }
    shape = {"payroll": (10, 9, 3), "finance": (2, 2, 4), "ict": (1, 1, 2)}
    schools = {
        f"s{n:02d}": SchoolPlan(
            school=f"s{n:02d}",
            name=f"School {n}",
            hub=f"hub {n % 8}",
            risk=rng.randint(1, 5),
            reluctant=n % 9 == 0,
            pilot=None,
            at_once=1 if n % 4 == 0 else 2,
        )
        for n in range(50)
    }
    candidates = {}
    dropped = {}
    for school in schools:
        exams = set(range(36, 43)) if rng.random() < 0.3 else set()
        for service, weeks in opens.items():
            kept = [w for w in weeks if w not in exams]
            candidates[school, service] = tuple(_candidate(w, service, shape[service]) for w in kept)
            dropped[school, service] = {w: "exams" for w in weeks if w in exams}
    return WaveProblem(
        start=MONDAY,
        weeks=horizon,
        services={
            service: ServicePlan(
                service=service,
                name=service.title(),
                days={w: MONDAY + timedelta(weeks=w) for w in weeks},
                wave_size=8,
                weeks_between=4 if service == "payroll" else 2,
                has_pilot=True,
                pilot_size=3,
                evaluation_weeks=6,
                after={},
            )
            for service, weeks in opens.items()
        },
        schools=schools,
        candidates=candidates,
        dropped=dropped,
        capacity={"trainers": (170,) * horizon, "payroll": (330,) * horizon, "ict": (150,) * horizon},
        team_names={"trainers": "Trainers", "payroll": "Payroll team", "ict": "ICT"},
        weights=EARLY,
    )


def _candidate(week: int, service: str, shape: tuple[int, int, int]) -> Candidate:
    before, run, after = shape
    team = "payroll" if service == "payroll" else "ict"
    return Candidate(
        week,
        MONDAY + timedelta(weeks=week),
        (
            Placement(Kind.TRAINING, "trainers", (week - before,), (20,)),
            Placement(Kind.PARALLEL_RUN, team, tuple(range(week - run, week)), (10,) * run),
            Placement(Kind.WORK, team, tuple(range(week, week + after)), (8,) * after),
        ),
    )
