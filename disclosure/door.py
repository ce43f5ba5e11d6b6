"""The product's own door: it publishes answers with the same functions as stored rounds, but without a database."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.history import GONE, Considered
from changeflow.adkar.identities import LIKELY, each_once, join_ids
from changeflow.adkar.people import Person
from changeflow.adkar.published import Snapshot, View
from changeflow.adkar.publishing import Protection, publish, read_answers
from changeflow.adkar.rounds import Days, name_of, rounds_on
from changeflow.programme.audiences import views
from changeflow.storage.publications import Kept, PublishedGroup
from changeflow.usecases.publishing import Cut, cut_for, same_people, to_count
from disclosure.events import GroupKey, Import, Line, Member

PROTECTION = Protection(minimum=10, band=6)
"""The values of the rulepack."""


class ProductDoor:
    """Stores what a database would: answers with their revisions, publications, and the people counted in them."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.taken = 0
        self.days: dict[str, dict[str, Days]] = {}
        self.snapshots: dict[str, dict[str, Snapshot]] = {}
        self.history: list[Considered] = []
        self.people: dict[tuple[str, str, str], None] = {}
        """Everyone who is, or was, in a programme: the programme, their id and an address."""
        self.numbers: list[tuple[int, Considered]] = []
        """Every considered group, with the number of its publication."""
        self.cuts: list[tuple[int, str, frozenset[str]]] = []
        """For each publication: its threshold, its programme, and the people whose answers it counted."""

    def named_groups(self, event: Import) -> Mapping[GroupKey, frozenset[str]]:
        return {(v.view, v.group): v.members for v in _views(event, list(event.scores))}

    def threshold(self, programme: str) -> int:
        """Return the barrier threshold that the latest publication names."""
        return self._latest(programme).threshold

    def _latest(self, programme: str) -> Snapshot:
        # If a day has two publications, readers see the later one: a faulty product may publish a day twice.
        return sorted(self.snapshots[programme].values(), key=lambda s: s.on)[-1]

    def play(self, event: Import) -> tuple[Line, ...]:
        self.people |= dict.fromkeys((event.programme, m.id, (m.email or "").casefold()) for m in event.members)
        for programme in event.forgets:
            self._forget(programme)
        days, known = Days(event.day, event.day), self.days.setdefault(event.programme, {})
        same = rounds_on(days, known)
        name = same[0] if same else name_of(days, known)
        known[name] = days
        self._take(event, name)
        if name not in self.snapshots.setdefault(event.programme, {}):
            self._publish(event, name)
        return tuple(self._lines(event))

    def _take(self, event: Import, name: str) -> None:
        latest: dict[str, Kept] = {}
        for one in self.kept:
            if one.programme == event.programme and one.answer.round == name:
                latest[one.answer.person] = one
        for person, scores in event.scores.items():
            given = {e: s for e, s in zip(Element, scores, strict=True) if s is not None}
            answer = Assessment(person=person, round=name, on=event.day, scores=given)
            before = latest.get(person)
            if before is None or before.answer != answer:
                revision = before.revision + 1 if before else 1
                self.taken += 1
                self.kept.append(
                    Kept(id=self.taken, programme=event.programme, answer=answer, revision=revision, publication=None)
                )

    def _forget(self, programme: str) -> None:
        """Remove a programme's answers, as retention does."""
        self.kept = [k for k in self.kept if k.programme != programme]
        self.history = [
            replace(c, places=tuple(GONE for _ in c.places)) if c.programme == programme else c for c in self.history
        ]

    def _publish(self, event: Import, name: str) -> None:
        programme = event.programme
        counted, keys, mine = self._read(event, name)
        here = {m.id for m in event.members}
        asked = _views(event, [k.answer.person for k in counted])
        groups = {(v.view, v.group): v.members for v in asked}
        same = same_people(
            self.kept, counted, keys, programme=programme, here=here, groups=groups, earlier=self._groups()
        )
        if same:
            for person, other in same.items():
                self.people |= dict.fromkeys((programme, p, f"{LIKELY}{person} {other}") for p in (person, other))
            counted, keys, mine = self._read(event, name)
        cuts = [Cut(where, t, frozenset(keys.get((where, p), p) for p in who)) for t, where, who in self.cuts]
        threshold, left_out = cut_for({mine[k.answer.person] for k in counted}, cuts, programme=programme)
        threshold = threshold or event.threshold
        counted = [k for k in counted if mine[k.answer.person] not in left_out]
        live = {m.id for m in event.members if m.live}
        read = read_answers([k.answer for k in counted], threshold=threshold, live=live)
        read = replace(read, round=name, on=event.day, people=tuple(mine[p] for p in read.people))
        looked_at = [
            View(v.view, v.group, frozenset(mine[p] for p in v.members if p in mine))
            for v in _views(event, [k.answer.person for k in counted])
        ]
        known = [self._known(c, keys) for c in self.history]
        done = publish(read, looked_at, threshold=threshold, protection=PROTECTION, history=known, programme=programme)
        # Stored under their own ids, as in the database: two ids may turn out later to be the same person.
        back = {key: person for person, key in mine.items()}
        back |= {mine[k.answer.person]: k.answer.person for k in counted}
        self.cuts.append((threshold, programme, frozenset(k.answer.person for k in counted)))
        number = len(self.cuts)
        for c in done.considered:
            silent = tuple(back.get(p, p) for p in c.silent)
            self.history.append(replace(c, people=tuple(back.get(p, p) for p in c.people), silent=silent))
            self.numbers.append((number, self.history[-1]))
        self.snapshots[programme][name] = done.snapshot
        ids = {k.id for k in counted}
        self.kept = [replace(k, publication=number) if k.id in ids else k for k in self.kept]

    def _read(self, event: Import, name: str) -> tuple[list[Kept], dict[tuple[str, str], str], dict[str, str]]:
        """Return the answers to count, the person of each id in all programmes, and of each id in this programme."""
        here = [k for k in self.kept if k.programme == event.programme]
        members = {m.id for m in event.members}
        keys = self._keys({k.answer.person for k in here if k.answer.round == name} & members)
        mine = {person: key for (where, person), key in keys.items() if where == event.programme}
        counted = to_count(here, name, self.days[event.programme], self.snapshots[event.programme], known_as=mine)
        return counted, keys, each_once(mine, [k.answer.person for k in counted], members)

    def _known(self, one: Considered, keys: Mapping[tuple[str, str], str]) -> Considered:
        people = tuple(keys.get((one.programme, p), p) for p in one.people)
        silent = {keys.get((one.programme, p), p) for p in one.silent}.difference(people)
        return replace(one, people=people, silent=tuple(sorted(silent)))

    def _groups(self) -> Iterator[PublishedGroup]:
        for number, c in self.numbers:
            people = dict(zip(c.people, c.live, strict=True))
            yield PublishedGroup(publication=number, view=c.standing.view, group=c.standing.group, people=people)

    def _keys(self, answered: Collection[str] = ()) -> dict[tuple[str, str], str]:
        """Return the person of each id in each programme; `answered` are ids of people who answer now."""
        together: dict[int, set[str]] = {}
        for number, group in self.numbers:
            together.setdefault(number, set()).update(group.people)
        for one in self.kept:
            if one.publication is not None:
                together.setdefault(one.publication, set()).add(one.answer.person)
        return join_ids(self.people, together=[*together.values(), answered])

    def _lines(self, event: Import) -> Iterator[Line]:
        """Yield the lines of the latest publication, with the people counted by the publication that made each line."""
        programme, keys = event.programme, self._keys()
        who = {id(c): frozenset(keys.get((c.programme, p), p) for p in c.people) for c in self.history}
        members = {key: {keys[programme, p] for p in people} for key, people in self.named_groups(event).items()}
        for standing in self._latest(programme).standings:
            if standing.held is None:
                continue
            alike = [
                c
                for c in reversed(self.history)
                if c.programme == programme
                and c.is_shown
                and (c.standing.held, c.standing.round) == (standing.held, standing.round)
                and len(c.people) == standing.answered
            ]
            # A renamed group shows the publication under its old name, of about the same people.
            label = (programme, standing.view, standing.group)
            now = members.get((standing.view, standing.group), set())
            made = min(alike, key=lambda c: (c.label != label, len(now ^ who[id(c)])))
            yield Line(
                programme=programme,
                view=standing.view,
                group=standing.group,
                day=standing.on,
                people=frozenset(made.people),
                held=tuple((b.low, b.high) for b in standing.held),
            )


def make_door() -> ProductDoor:
    return ProductDoor()


def _views(event: Import, answered: list[str]) -> list[View]:
    """Return the groups that the product names, with its own function on the parts of a programme that it needs."""
    waves = sorted({m.wave for m in event.members if m.wave})
    services = sorted({s for m in event.members for s in m.services}) or ["all-services"]
    definition = SimpleNamespace(
        people=tuple(_person(m) for m in event.members),
        schools=tuple(SimpleNamespace(id=w) for w in waves),
        services=tuple(SimpleNamespace(service=s) for s in services),
        programme=SimpleNamespace(waves=tuple(SimpleNamespace(id=w, schools=(w,), services=()) for w in waves)),
    )
    return views(cast(Any, definition), answered, minimum=PROTECTION.minimum)


def _person(member: Member) -> Person:
    return Person.model_construct(
        id=member.id, role="", school=member.wave, hub=member.hub, groups=member.roles, services=member.services
    )
