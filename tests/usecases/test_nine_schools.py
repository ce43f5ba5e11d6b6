"""Forty people of nine schools are asked: their trust sees itself, each of its services, and more."""

import random
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from changeflow.adkar.published import Standing
from disclosure.attacker import Attacker
from disclosure.events import NO_BARRIER, Import, Member
from disclosure.trusts import scores_at
from tests.disclosure.stored_door import StoredDoor

pytestmark = pytest.mark.slow

SCHOOLS = tuple(f"school-{n}" for n in range(1, 10))
POSTS = ("head", "business-manager", "office", "site")
CUTS = {"three waves of three": (3, 3, 3), "a pilot of two": (2, 3, 4)}
REACHED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "two services": {
        "head": ("finance",), "business-manager": ("finance",), "office": ("finance",), "site": ("estates",),
    },
    "three services": {
        "head": ("finance",), "business-manager": ("finance",), "office": ("payroll",), "site": ("estates",),
    },
    "two services that both reach the heads": {
        "head": ("estates", "finance"), "business-manager": ("finance",), "office": ("finance",), "site": ("estates",),
    },
    "one service for everybody": dict.fromkeys(POSTS, ("finance",)),
}  # fmt: skip
"""Which services reach a post: no service reaches fewer than eleven people, which is the least for two bands."""


def a_trust(seed: int, reached: Mapping[str, tuple[str, ...]]) -> tuple[Import, dict[str, str]]:
    """Draw the waves, the larger schools and the answers of a trust; return them, and the school of each person.

    Each school has a head, a business manager, and one person each of office and site staff. Four schools are larger:
    two have a second person in the office, two on the site.
    """
    chance = random.Random(seed)
    sizes = chance.choice(list(CUTS.values()))
    waves = [f"wave-{n}" for n, size in enumerate(sizes) for _ in range(size)]
    more = dict(zip(chance.sample(SCHOOLS, 4), ("office", "office", "site", "site"), strict=True))
    weights = [0.05 + chance.random() for _ in range(NO_BARRIER + 1)]
    members, scores, schools = [], {}, {}
    for school, wave in zip(SCHOOLS, waves, strict=True):
        hub = chance.choice(("north", "south"))
        for post in (*POSTS, *([more[school]] if school in more else [])):
            person = f"p{len(members)}"
            members.append(Member(person, f"{person}@trust.example", wave, (post,), hub, reached[post]))
            place = chance.choices(range(NO_BARRIER + 1), weights)[0]
            scores[person] = scores_at(place, 3, chance, live=False)
            schools[person] = school
    return Import("trust", "round.csv", date(2027, 2, 1), tuple(members), scores), schools


def is_told(standing: Standing) -> bool:
    """Tell whether some band is narrower than from no one to everyone."""
    return standing.is_shown and standing.hidden is None


@pytest.mark.thorough
@pytest.mark.parametrize("make_up", REACHED)
@pytest.mark.parametrize("seed", range(2))
def test_the_programme_each_service_and_two_more_groups_are_shown(tmp_path: Path, sqlite: str, make_up: str, seed: int):
    event, schools = a_trust(seed, REACHED[make_up])
    assert (len(event.scores), len(set(schools.values()))) == (40, 9)
    door, attacker = StoredDoor(tmp_path, sqlite, schools=schools), Attacker()

    lines = door.play(event)

    [snapshot] = door.snapshots("trust")
    shown = {(s.view, s.group) for s in snapshot.standings if is_told(s)}
    services = {("service", s) for m in event.members for s in m.services}
    assert {("programme", "all"), *services} <= shown
    first = {line.people for line in lines if line.view in ("programme", "service")}
    assert len({line.people for line in lines} - first) >= 2
    assert attacker.see(event, lines, door.named_groups(event)) == []
    assert attacker.attack() == []


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2))
def test_each_hidden_group_says_why(tmp_path: Path, sqlite: str, seed: int):
    event, schools = a_trust(seed, REACHED["three services"])
    door = StoredDoor(tmp_path, sqlite, schools=schools)
    door.play(event)
    [snapshot] = door.snapshots("trust")
    assert [s.group for s in snapshot.standings if is_told(s) is (s.hidden is not None)] == []
