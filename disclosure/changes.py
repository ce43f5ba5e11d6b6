"""More changes of a trust: other ids, silence, another threshold, removed answers."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from disclosure.events import Import
from disclosure.trusts import (
    BETWEEN,
    Programme,
    ask_with_changes,
    copy_of,
    give_ids,
    join,
    regroup,
    some,
    with_addresses,
)

Step = Callable[[Programme, list[Programme]], Iterator[Import]]


def _new_ids_beside(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Give people with addresses new ids, and keep the rows of the old ids, with or without the address."""
    those = with_addresses(programme)
    before = [programme.members[p] for p in those]
    keep_address = programme.chance.random() < 0.5
    give_ids(programme, those)
    for member in before:
        email = member.email if keep_address else None
        programme.members[member.id] = replace(member, email=email, who=member.who or member.id)
        programme.ghosts.add(member.id)
    yield from ask_with_changes(programme)


def _new_ids_alone(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Give everyone who answers a new id and no address, so that only their answers are the same."""
    for person in list(programme.members):
        programme.change(person, email=None)
    yield programme.next_round()
    give_ids(programme, programme.answered())
    yield programme.next_round()


def _other_threshold(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Change the threshold; perhaps only half the people answer the next round, and everyone the one after."""
    chance = programme.chance
    programme.threshold = chance.choice((2, 4, 1 + programme.threshold % 4))
    if chance.random() < 0.6:
        programme.absent = set(some(programme.answered(), len(programme.answered()) // 2, chance))
        join(programme, chance.choice((3, 12)))
        yield programme.next_round()
        programme.absent = set()
    yield programme.next_round()


def _roles_silent(programme: Programme, _: list[Programme]) -> Iterator[Import]:
    """Let ten or more of each larger role, wave or hub skip a round; no one has joined or left."""
    chance = programme.chance
    answered, kind = set(programme.answered()), chance.choice(("roles", "wave", "hub"))
    groups: dict[object, list[str]] = {}
    for person in sorted(answered):
        groups.setdefault(getattr(programme.members[person], kind), []).append(person)
    programme.absent = set()
    for people in groups.values():
        if len(people) >= 20:
            programme.absent |= set(some(people, chance.choice((10, 10, 11, 13)), chance))
    yield programme.next_round()
    if chance.random() < 0.5:
        programme.absent = set()
        yield programme.next_round()


def _closed(programme: Programme, programmes: list[Programme]) -> Iterator[Import]:
    """Close a programme and remove its answers; another one asks the same people, many with the same answers."""
    chance = programme.chance
    other = copy_of(programme, f"after-{programme.files}-{programme.id}")
    programmes[programmes.index(programme)] = other
    draw = chance.random()
    if draw < 0.3:
        for person in some(other.answered(), chance.choice((1, 12, 200)), chance):
            other.answer(person)
    elif draw < 0.6:
        regroup(other)
    other.day += BETWEEN
    yield replace(other.import_again(), forgets=(programme.id,))


MORE: dict[str, tuple[Step, int]] = {
    "new ids beside the old ones": (_new_ids_beside, 8),
    "new ids without addresses": (_new_ids_alone, 4),
    "another threshold": (_other_threshold, 8),
    "much of a group silent": (_roles_silent, 8),
    "closed, and its answers removed": (_closed, 8),
}
"""Changes that only three of eight trusts have, so that the other trusts, which tests name by seed, stay the same."""
