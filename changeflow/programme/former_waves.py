"""Keep a wave's published results with its schools, even if another wave takes its name later."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from changeflow.adkar.published import Snapshot, Standing
from changeflow.programme.audiences import AUDIENCE, WAVE
from changeflow.programme.definition import Definition, Wave
from changeflow.programme.facts import Facts
from changeflow.programme.references import References

Key = tuple[str, str]
"""A view and the group in it."""
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Published:
    """One publication, and the waves of the version in force then."""

    snapshot: Snapshot
    waves: Sequence[Wave]


def with_waves_of_now(published: Iterable[Published], now: Definition) -> tuple[Snapshot, ...]:
    """Return the publications, with each wave under the current name of the same schools.

    A wave stays the same while the schools that joined or left it have fewer people than the minimum group. Results of
    a wave that no longer exists keep their figures under a name that lists its schools, because another wave with the
    same name has different people.
    """
    return tuple(_renamed(one, now) for one in published)


def facts_with(facts: Facts, before: Definition, now: Definition) -> Facts:
    """Return a version's facts for another version: published results follow the schools of their waves."""
    published = (Published(snapshot, before.programme.waves) for snapshot in facts.snapshots)
    return replace(facts, snapshots=with_waves_of_now(published, now))


def _renamed(one: Published, now: Definition) -> Snapshot:
    if tuple(one.waves) == now.programme.waves:
        return one.snapshot
    then, today = _schools(one.waves, now), _schools(now.programme.waves, now)
    mine = {(s.view, s.group) for s in one.snapshot.standings} & then.keys()
    near = sorted(
        (people, other != key, key, other)
        for key in mine
        for other in today
        if _is_comparable(key, other)
        and (people := _people_apart(then[key], today[other], key, now)) < one.snapshot.minimum
        and not then[key].isdisjoint(today[other])
    )
    names: dict[Key, Key] = {}
    for *_, key, other in near:
        if key not in names and other not in names.values():
            names[key] = other
    former = {w.id: w.name for w in one.waves}
    names |= {key: _former(key, former, then[key], now) for key in sorted(mine - names.keys())}
    standings = tuple(_under(s, names.get((s.view, s.group))) for s in one.snapshot.standings)
    return replace(one.snapshot, standings=standings)


def _under(standing: Standing, key: Key | None) -> Standing:
    return standing if key is None else replace(standing, group=key[1])


def _schools(waves: Iterable[Wave], now: Definition) -> Mapping[Key, frozenset[str]]:
    """Return the schools of each wave, and of each service's part of it."""
    return dict(_keys(waves, [s.service for s in now.services]))


def _keys(waves: Iterable[Wave], services: Sequence[str]) -> Iterator[tuple[Key, frozenset[str]]]:
    for wave in waves:
        yield (WAVE, wave.id), frozenset(wave.schools)
        for service in services:
            if not wave.services or service in wave.services:
                yield (AUDIENCE, f"{service}/{wave.id}"), frozenset(wave.schools)


def _is_comparable(one: Key, other: Key) -> bool:
    """Return whether both are waves of the same service, or both of no service."""
    return one[0] == other[0] and (one[0] == WAVE or one[1].split("/")[0] == other[1].split("/")[0])


def _people_apart(then: frozenset[str], now: frozenset[str], key: Key, definition: Definition) -> int:
    """Count the people at schools that joined or left."""
    service = key[1].split("/")[0] if key[0] == AUDIENCE else None
    people = (p for p in definition.people if p.school in then ^ now)
    return sum(service is None or p.is_reached_by(service) for p in people)


def _former(key: Key, names: Mapping[str, str], schools: frozenset[str], now: Definition) -> Key:
    *service, wave = key[1].split("/")
    known = sorted(map(References(now).school_name, schools))
    more = len(known) - MOST_NAMED
    listed = ", ".join(known[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return key[0], "/".join([*service, f"former {names[wave]} ({listed})".replace("/", "-")])
