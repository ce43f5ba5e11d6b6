"""Changes of a trust: imports, repeats, corrections, new names, joiners, leavers, a second programme."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from disclosure.changes import MORE, Step
from disclosure.events import Import
from disclosure.trusts import (
    Programme,
    a_programme,
    ask_with_changes,
    copy_of,
    give_ids,
    join,
    regroup,
    some,
    with_addresses,
)


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust and its sequence of imports."""

    seed: int
    story: tuple[str, ...]
    """The name of each step, to explain a finding."""
    events: tuple[Import, ...]


def a_trust(seed: int) -> Trust:
    """Draw a trust, its first import and further changes.

    >>> a_trust(1) == a_trust(1)
    True
    """
    chance = random.Random(seed)
    programmes = [a_programme(chance)]
    events, story = [programmes[0].import_again()], ["import"]
    steps = STEPS | MORE if seed % 8 in (0, 3, 7) else STEPS
    for _ in range(chance.randint(2, 5)):
        name = chance.choices(list(steps), [weight for _, weight in steps.values()])[0]
        programme = chance.choice(programmes)
        story.append(name)
        events += steps[name][0](programme, programmes)
    return Trust(seed, tuple(story), tuple(events))


def first_import(seed: int) -> Import:
    """Return only the first import of a trust."""
    return a_programme(random.Random(seed)).import_again()


def _import_again(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    yield programme.import_again()


def _same_answers_later(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    yield programme.next_round()


def _correct(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Correct some answers on the same day; usually another round follows with the corrected ones."""
    number = programme.chance.choice((1, 2, 5, 12, 30))
    for person in some(programme.answered(), number, programme.chance):
        programme.answer(person)
    yield programme.import_again()
    if programme.chance.random() < 0.7:
        yield programme.next_round()


def _rename(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Rename a wave, a role or a hub; sometimes a few people join at the same time."""
    chance = programme.chance
    kind = chance.choice(("wave", "hub", "role"))
    if kind == "role":
        if roles := programme.roles():
            _rename_roles(programme, {chance.choice(roles): f"renamed-{programme.files}"})
    else:
        names = sorted({n for m in programme.members.values() if (n := getattr(m, kind))})
        if names:
            old = chance.choice(names)
            for member in list(programme.members.values()):
                if getattr(member, kind) == old:
                    programme.change(member.id, **{kind: f"renamed-{programme.files}"})
    join(programme, chance.choice((0, 1, 1, 3)))
    yield programme.next_round() if chance.random() < 0.8 else programme.import_again()


def _swap_names(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    roles = programme.roles()
    if len(roles) >= 2:
        one, other = programme.chance.sample(roles, 2)
        _rename_roles(programme, {one: other, other: one})
    yield programme.next_round()


def _recreate(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Dissolve a role for a round, then re-create it, perhaps with another name and a few other people."""
    chance = programme.chance
    roles = programme.roles()
    if not roles:
        yield programme.next_round()
        return
    role = chance.choice(roles)
    before = set(programme.in_role(role))
    for person in before:
        programme.change(person, roles=tuple(r for r in programme.members[person].roles if r != role))
    yield programme.next_round()
    name = role if chance.random() < 0.5 else f"again-{programme.files}"
    others = [p for p in programme.members if p not in before]
    leaving = set(some(sorted(before), chance.choice((0, 0, 1, 2)), chance))
    for person in (before - leaving) | set(some(others, chance.choice((0, 0, 1, 2)), chance)):
        programme.change(person, roles=tuple(sorted({*programme.members[person].roles, name})))
    yield programme.next_round()


def _split(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    chance = programme.chance
    if roles := programme.roles():
        role = max(roles, key=lambda r: (len(programme.in_role(r)), r))
        for person in programme.in_role(role):
            part = f"{role}-{chance.choice('ab')}"
            kept = [r for r in programme.members[person].roles if r != role]
            programme.change(person, roles=tuple(sorted({*kept, part})))
    yield programme.next_round()


def _sub_group(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Create a role from a part of a role or programme: all but a few people, or about half."""
    chance = programme.chance
    whole = chance.choice([programme.in_role(r) for r in programme.roles()] or [list(programme.members)])
    number = chance.choice((len(whole) - 1, len(whole) - 3, len(whole) // 2, 11))
    _add_role(programme, some(whole, max(1, number), chance), f"part-{programme.files}")
    yield programme.next_round()


def _overlap(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Create new roles that overlap all others."""
    for n in range(programme.chance.randint(1, 3)):
        share = programme.chance.choice((0.2, 0.5, 0.9))
        members = [p for p in programme.members if programme.chance.random() < share]
        _add_role(programme, members, f"across-{programme.files}-{n}")
    yield programme.next_round()


def _join_few(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    join(programme, programme.chance.choice((1, 1, 2, 5)))
    yield programme.next_round()


def _join_many(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    join(programme, programme.chance.choice((9, 10, 12, 25)))
    yield programme.next_round()


def _leave(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    for person in some(sorted(programme.members), programme.chance.choice((1, 1, 3, 10)), programme.chance):
        if len(programme.members) > 3:
            del programme.members[person]
    yield programme.next_round()


def _change_one(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    for person in some(programme.answered(), 1, programme.chance):
        programme.answer(person)
    yield programme.next_round()


def _change_many(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    for person in some(programme.answered(), programme.chance.choice((9, 10, 11, 15, 30)), programme.chance):
        programme.answer(person)
    yield programme.next_round()


def _everyone_again(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Let everyone answer again, mostly further on; some silent people answer, and others fall silent."""
    chance = programme.chance
    programme.weights = [w * (0.5 + 0.4 * place) for place, w in enumerate(programme.weights)]
    programme.absent = set(some(sorted(programme.members), chance.choice((0, 0, 2, 6)), chance))
    for person in programme.members:
        programme.answer(person)
    yield programme.next_round()


def _drift(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Let a few people join, leave and change their answers in each of three rounds."""
    chance = programme.chance
    for _round in range(3):
        join(programme, chance.randint(1, 5))
        for person in some(sorted(programme.members), chance.randint(0, 3), chance):
            del programme.members[person]
        for person in some(programme.answered(), chance.randint(0, 4), chance):
            programme.answer(person)
        yield programme.next_round()


def _few_answer(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Let a few people skip this round, and perhaps answer the next."""
    programme.absent = set(some(programme.answered(), programme.chance.choice((1, 2, 5, 12)), programme.chance))
    yield programme.next_round()
    if programme.chance.random() < 0.5:
        programme.absent = set()
        yield programme.next_round()


def _go_live(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Let a service go live in a wave, so that reinforcement counts there from now on."""
    chance = programme.chance
    waves = sorted({m.wave for m in programme.members.values() if m.wave})
    if waves:
        wave = chance.choice(waves)
        for member in list(programme.members.values()):
            if member.wave == wave and not member.live:
                programme.change(member.id, live=True)
                if member.id in programme.scores and chance.random() < 0.9:
                    old = programme.scores[member.id]
                    programme.scores[member.id] = (*old[:4], old[4] or chance.randint(1, 5))
    yield programme.next_round()


def _second_programme(programme: Programme, programmes: list[Programme]) -> Iterator[Import]:
    """Add a programme with the same people, under the same ids or new ones, and perhaps with another threshold."""
    chance = programme.chance
    is_renamed = chance.random() < 0.5
    rename = {p: f"x-{p}" if is_renamed and m.email else p for p, m in programme.members.items()}
    members = {rename[p]: replace(m, id=rename[p]) for p, m in programme.members.items()}
    scores = {rename[p]: s for p, s in programme.scores.items() if p in rename}
    other = Programme(
        f"other-{len(programmes)}", chance, members, scores, programme.weights, programme.threshold, programme.day
    )
    other.absent = {rename[p] for p in programme.absent if p in rename}
    other.ghosts = {rename[p] for p in programme.ghosts if p in rename}
    draw = chance.random()
    if draw < 0.3:
        other.threshold = chance.choice((2, 4))
    if draw < 0.6:
        for person in some(other.answered(), chance.choice((1, 12, 200)), chance):
            other.answer(person)
    if chance.random() < 0.3:
        regroup(other)
    programmes.append(other)
    yield other.next_round() if chance.random() < 0.5 else other.import_again()


def _another_id(programme: Programme, programmes: list[Programme]) -> Iterator[Import]:
    """Store the same programme under another id with the same answers; later rounds mostly go there."""
    chance = programme.chance
    other = copy_of(programme, f"again-{len(programmes)}")
    if chance.random() < 0.7:
        programmes[programmes.index(programme)] = other
    else:
        programmes.append(other)
    join(other, chance.choice((0, 0, 1)))
    yield other.import_again()
    if chance.random() < 0.5:
        yield other.next_round()


def _new_ids(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Give all or some people with addresses new ids; sometimes groups change at the same time."""
    give_ids(programme, with_addresses(programme))
    yield from ask_with_changes(programme)


def _add_role(programme: Programme, people: Iterator[str] | list[str], role: str) -> None:
    for person in people:
        programme.change(person, roles=tuple(sorted({*programme.members[person].roles, role})))


def _rename_roles(programme: Programme, names: dict[str, str]) -> None:
    for member in list(programme.members.values()):
        programme.change(member.id, roles=tuple(sorted({names.get(r, r) for r in member.roles})))


STEPS: dict[str, tuple[Step, int]] = {
    "the same answers, another file": (_import_again, 4),
    "the same answers, a later day": (_same_answers_later, 2),
    "a correction": (_correct, 4),
    "a renamed group": (_rename, 4),
    "two names swapped": (_swap_names, 2),
    "a role re-created": (_recreate, 2),
    "a role split": (_split, 2),
    "a named part": (_sub_group, 4),
    "overlapping roles": (_overlap, 3),
    "joiners": (_join_few, 5),
    "many joiners": (_join_many, 3),
    "leavers": (_leave, 4),
    "one changed answer": (_change_one, 4),
    "many changed answers": (_change_many, 4),
    "everyone answers again": (_everyone_again, 4),
    "slow drift": (_drift, 3),
    "some silent": (_few_answer, 3),
    "a service goes live": (_go_live, 2),
    "a second programme": (_second_programme, 4),
    "another programme id": (_another_id, 3),
    "people's new ids": (_new_ids, 3),
}
"""The steps of a sequence, with their weights."""
