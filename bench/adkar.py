"""Assessments of five thousand people over ten rounds, published safely for all groups."""

import random
import time
from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.history import Considered
from changeflow.adkar.published import View
from changeflow.adkar.publishing import Protection, publish, read_answers

PEOPLE, ROUNDS, ANSWER = 5_000, 10, 0.8
HUBS, ROLES, WAVES, OTHER_GROUPS = 12, 30, 10, 20


def measure_adkar() -> dict[str, float]:
    """Return seconds of publishing all rounds safely."""
    chance = random.Random(20270201)  # noqa: S311
    views, rounds = _views(chance), [_round(chance, n) for n in range(ROUNDS)]
    answers = [read_answers(found, threshold=3, live=()) for found in rounds]
    began = time.perf_counter()
    history: list[Considered] = []
    protection = Protection(minimum=10, band=6)
    for one in answers:
        history += publish(one, views, threshold=3, protection=protection, history=history).considered
    return {"adkar_published_s": round(time.perf_counter() - began, 2)}


def _views(chance: random.Random) -> list[View]:
    people = [f"p{n}" for n in range(PEOPLE)]
    hub = {p: f"hub-{chance.randrange(HUBS)}" for p in people}
    role = {p: f"role-{min(int(chance.paretovariate(1)), ROLES)}" for p in people}
    wave = {p: f"wave-{chance.randrange(WAVES)}" for p in people}
    others: dict[str, set[str]] = {}
    for person in people:
        for n in chance.sample(range(OTHER_GROUPS), chance.randrange(3)):
            others.setdefault(f"group-{n}", set()).add(person)
    return [
        *_parts("wave", wave),
        *_parts("group", role),
        *(View("group", name, frozenset(members)) for name, members in sorted(others.items())),
        *_parts("hub-group", {p: f"{hub[p]}/{role[p]}" for p in people}),
        *_parts("hub", hub),
    ]


def _parts(view: str, of: Mapping[str, str]) -> list[View]:
    found: dict[str, set[str]] = {}
    for person, part in of.items():
        found.setdefault(part, set()).add(person)
    return [View(view, name, frozenset(members)) for name, members in sorted(found.items())]


def _round(chance: random.Random, number: int) -> list[Assessment]:
    """Answers that get better from round to round, and earlier elements before later ones."""
    day = date(2027, 1, 4) + timedelta(weeks=6 * number)
    return [
        Assessment(person=f"p{n}", round=f"round-{number}", on=day, scores=_scores(chance, number))
        for n in range(PEOPLE)
        if chance.random() < ANSWER
    ]


def _scores(chance: random.Random, number: int) -> dict[Element, int]:
    means = 2.5 + number / 4 - np.arange(4) / 5
    return {e: min(5, max(1, round(chance.gauss(m, 1.2)))) for e, m in zip(Element, means.tolist(), strict=False)}
