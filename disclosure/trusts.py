"""Random trusts: people in waves, roles and hubs, and their answers. A seed gives the same trust every time."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from disclosure.events import NO_BARRIER, REINFORCEMENT, Import, Member, Scores

FIRST_DAY = date(2027, 2, 1)
BETWEEN = timedelta(days=28)


@dataclass(slots=True)
class Programme:
    """The current state of a programme: its members and their last answers."""

    id: str
    chance: random.Random
    members: dict[str, Member]
    scores: dict[str, Scores]
    weights: Sequence[float]
    """How often each place is drawn, from awareness to no barrier."""
    threshold: int = 3
    day: date = FIRST_DAY
    files: int = 0
    joined: int = 0
    absent: set[str] = field(default_factory=set)
    """People who do not answer the next round."""
    ghosts: set[str] = field(default_factory=set)
    """Old ids of people whose rows are still there. They never answer."""

    def import_again(self) -> Import:
        """Import the current answers under another file name, on the same day."""
        self.files += 1
        scores = {p: self.scores[p] for p in self.scores if p in self.members and p not in self.absent | self.ghosts}
        return Import(
            self.id, f"round-{self.files}.csv", self.day, tuple(self.members.values()), scores, self.threshold
        )

    def next_round(self) -> Import:
        self.day += BETWEEN
        return self.import_again()

    def answered(self) -> list[str]:
        return sorted(p for p in self.scores if p in self.members and p not in self.absent | self.ghosts)

    def answer(self, person: str) -> None:
        """Draw new answers for a person, who occasionally stops before a barrier."""
        place = self.chance.choices(range(NO_BARRIER + 1), self.weights)[0]
        if self.chance.random() < 0.02:
            kept = self.chance.randrange(1, 4)
            high = tuple(self.chance.randint(self.threshold + 1, 5) for _ in range(kept))
            self.scores[person] = high + (None,) * (5 - kept)
            return
        self.scores[person] = scores_at(place, self.threshold, self.chance, live=self.members[person].live)

    def add(self, like: Member) -> str:
        """Add a person with the groups of another."""
        self.joined += 1
        name = f"{self.id}-new-{self.joined}"
        self.members[name] = replace(like, id=name, email=f"{name}@trust.example", who=None)
        self.answer(name)
        return name

    def roles(self) -> list[str]:
        return sorted({role for m in self.members.values() for role in m.roles})

    def in_role(self, role: str) -> list[str]:
        return [m.id for m in self.members.values() if role in m.roles]

    def change(self, person: str, **fields: object) -> None:
        self.members[person] = replace(self.members[person], **fields)  # type: ignore[arg-type]


def scores_at(place: int, threshold: int, chance: random.Random, *, live: bool) -> Scores:
    """Draw the scores of a person with a barrier at a place; later scores may be anything, or missing."""
    if place == REINFORCEMENT and not live:
        place = NO_BARRIER
    scores: list[int | None] = []
    stops = chance.random() < 0.15
    for element in range(5):
        if element < place and (element != REINFORCEMENT or live):
            scores.append(chance.randint(threshold + 1, 5))
        elif element == place:
            scores.append(chance.randint(1, threshold))
        elif element == REINFORCEMENT and not live:
            scores.append(None)
        else:
            scores.append(None if stops else chance.randint(1, 5))
    return tuple(scores)


def a_programme(chance: random.Random) -> Programme:
    """Draw a trust; a quarter of all trusts are hard on purpose."""
    draw = chance.random()
    if draw < 0.08:
        return _elevens(chance)
    programme = _cut_across(chance)
    if draw < 0.14:
        # Nearly everyone is at one place.
        place = chance.randrange(NO_BARRIER)
        programme.weights = [60 if p == place else 1 for p in range(NO_BARRIER + 1)]
    elif draw < 0.18:
        # No one has a barrier.
        programme.weights = [0] * NO_BARRIER + [1]
    for person in programme.members:
        if chance.random() >= programme_silence(chance):
            programme.answer(person)
    if 0.18 <= draw < 0.25:
        _to_the_edges(programme)
    return programme


def programme_silence(chance: random.Random) -> float:
    return chance.choice((0.0, 0.05, 0.1, 0.3))


def _weights(chance: random.Random) -> list[float]:
    if chance.random() < 0.3:
        return [1.0 + 0.2 * chance.random() for _ in range(NO_BARRIER + 1)]
    return [0.02 + chance.random() ** 2 for _ in range(NO_BARRIER + 1)]


def _cut_across(chance: random.Random) -> Programme:
    """Draw overlapping waves, roles, hubs and services."""
    people = chance.randint(15, 120)
    waves = [f"wave-{n}" for n in range(chance.randint(1, 4))]
    roles = [f"role-{n}" for n in range(chance.randint(1, 6))]
    hubs = [f"hub-{n}" for n in range(chance.randint(1, 4))]
    services = ["payroll", "finance", "estates"][: chance.randint(1, 3)]
    live_wave = waves[0] if chance.random() < 0.3 else None
    inner = roles[0] if chance.random() < 0.4 else None
    without_role, in_two = chance.choice((0.0, 0.1, 0.2)), chance.choice((0.0, 0.1, 0.3))
    members = {}
    for n in range(people):
        wave = chance.choice(waves)
        mine = [] if chance.random() < without_role else [chance.choice(roles)]
        if mine and chance.random() < in_two:
            mine.append(chance.choice(roles))
        if inner in mine and chance.random() < 0.6:
            mine.append("inner")
        reached = () if chance.random() < 0.4 else tuple(s for s in services if chance.random() < 0.6)
        members[f"p{n}"] = Member(
            id=f"p{n}",
            email=f"p{n}@trust.example" if chance.random() < 0.95 else None,
            wave=wave,
            roles=tuple(sorted(set(mine))),
            hub=chance.choice(hubs) if chance.random() < 0.95 else None,
            services=reached,
            live=wave == live_wave and (not reached or services[0] in reached),
        )
    return Programme("change", chance, members, {}, _weights(chance))


def _elevens(chance: random.Random) -> Programme:
    """Draw a wave in roles of eleven, each with a count at the edge of a band, and six people without a role."""
    place, size, held = chance.randrange(4), chance.choice((11, 11, 12, 17)), chance.choice((5, 6))
    outside = chance.choice((6, 6, 5, 7))
    groups = min(chance.randint(2, 8), (120 - outside) // size)
    hub = chance.choice((None, "hub-0"))
    members: dict[str, Member] = {}
    scores: dict[str, Scores] = {}

    def add(role: str | None, at: int) -> None:
        name = f"p{len(members)}"
        roles = (role,) if role else ()
        members[name] = Member(name, f"{name}@trust.example", "wave-0", roles, hub, chance.choice(((), ("payroll",))))
        scores[name] = scores_at(at, 3, chance, live=False)

    for group in range(groups):
        for n in range(size):
            add(f"role-{group}", place if n < held else NO_BARRIER)
    without = chance.choice((place, NO_BARRIER))
    for _ in range(outside):
        add(None, without)
    return Programme("change", chance, members, scores, _weights(chance))


def _to_the_edges(programme: Programme) -> None:
    """Give each role 0, 1, 5, 6, 11, 12, all or all but one barriers at awareness, and none elsewhere."""
    for role in programme.roles():
        people = [p for p in programme.in_role(role) if p in programme.scores]
        held = programme.chance.choice((0, 1, 5, 6, 11, 12, len(people) - 1, len(people)))
        for n, person in enumerate(people):
            programme.scores[person] = scores_at(
                0 if n < held else NO_BARRIER, 3, programme.chance, live=programme.members[person].live
            )


def some(people: Sequence[str], number: int, chance: random.Random) -> Iterator[str]:
    """Draw some of the people, or all if there are fewer."""
    yield from chance.sample(list(people), min(number, len(people)))


def copy_of(programme: Programme, name: str) -> Programme:
    return replace(
        programme,
        id=name,
        members=dict(programme.members),
        scores=dict(programme.scores),
        absent=set(programme.absent),
        ghosts=set(programme.ghosts),
    )


def with_addresses(programme: Programme) -> list[str]:
    """Draw people who have an address, all of them or some."""
    chance = programme.chance
    known = [p for p, m in programme.members.items() if m.email and p not in programme.ghosts]
    return known if chance.random() < 0.6 or not known else list(some(known, chance.randint(1, len(known)), chance))


def ask_with_changes(programme: Programme) -> Iterator[Import]:
    chance = programme.chance
    draw = chance.random()
    if draw < 0.3:
        regroup(programme)
    elif draw < 0.6:
        for person in some(programme.answered(), chance.choice((1, 12, 200)), chance):
            programme.answer(person)
    yield programme.import_again() if chance.random() < 0.3 else programme.next_round()


def give_ids(programme: Programme, those: list[str]) -> None:
    ids = {p: f"r{programme.files}-{p}" for p in those} | {p: p for p in programme.members if p not in those}
    programme.members = {
        ids[p]: replace(m, id=ids[p], who=m.who or p) if ids[p] != p else m for p, m in programme.members.items()
    }
    programme.scores = {ids[p]: s for p, s in programme.scores.items() if p in ids}
    programme.absent = {ids[p] for p in programme.absent if p in ids}


def regroup(programme: Programme) -> None:
    """Give all people new roles."""
    names = [f"team-{n}" for n in range(programme.chance.randint(1, 5))]
    for person in list(programme.members):
        programme.change(person, roles=(programme.chance.choice(names),))


def join(programme: Programme, number: int) -> None:
    """Add people, each with the groups of an existing member; half the time all with the same groups."""
    chance = programme.chance
    models = [chance.choice(list(programme.members.values())) for _ in range(number)]
    same = chance.random() < 0.5
    for model in models:
        programme.add(models[0] if same else model)
