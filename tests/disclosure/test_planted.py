"""The attacker finds each of several faults planted in the publishing code, each in a known random trust.

Without a fault, it finds nothing in the same trusts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from changeflow.adkar import counted, history, publishing, rounds, safety
from changeflow.adkar.history import GONE, Considered, History, Match
from changeflow.adkar.publishing import Protection
from disclosure import door
from disclosure.attacker import run
from disclosure.events import NO_BARRIER, Import, Member
from disclosure.trials import Job, attack_one

pytestmark = pytest.mark.slow

DOOR = "disclosure.door:make_door"
Rows = tuple[safety.Columns, safety.Rows, safety.Bools]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A function or constant to replace, and a trust in which the fault shows."""

    where: object
    name: str
    by: object
    seed: int
    breaks: str
    """The guarantee that the fault breaks."""


def hidden_groups_are_fresh(self: History, *groups: Any) -> list[Match]:
    return [replace(match, is_kept_hidden=False) for match in MATCH(self, *groups)]


def groups_are_their_names(
    self: History,
    groups: Sequence[frozenset[str]],
    members: Sequence[frozenset[str]],
    labels: Sequence[Sequence[tuple[str, str, str]]],
) -> list[Match]:
    known = {one.label: one for one in self.considered}
    found = []
    for names in labels:
        last = next((known[name] for name in names if name in known), None)
        is_shown = last is not None and last.is_shown
        found.append(Match(shown=last if is_shown else None, is_kept_hidden=last is not None and not is_shown))
    return found


def earlier_lines_are_left_out(
    groups: Sequence[frozenset[str]], others: Sequence[frozenset[str]], history: History, now: Mapping[str, Any]
) -> Rows:
    return ROWS_OF(groups, others, History((), minimum=history.minimum), now)


def hidden_groups_are_no_targets(*groups: Any) -> Rows:
    columns, rows, targets = ROWS_OF(*groups)
    return columns, rows, targets[: len(rows.members)]


def other_programmes_are_ignored(self: Any) -> None:
    history = self.history
    known = [one for one in (*history.considered, *history.undecided) if one.programme == self.programme]
    self.history = History(known, minimum=history.minimum)
    POST_INIT(self)


def the_same_answer_is_another(self: counted.Ledger, person: str, place: int, *, live: bool) -> tuple[int, bool]:
    return self.column(f"{person} before", place, live=live), False


def lines_that_stay_are_not_counted(self: Any, chosen: Sequence[Any]) -> dict[str, set[object]]:
    found: dict[str, set[object]] = {}
    for group in chosen:
        for person in group.people:
            found.setdefault(person, set()).add(self._key(group))
    return found


def who_stopped_has_no_barrier(*scores: Any) -> Any:
    places = PLACES(*scores)
    return np.where(places == publishing.UNKNOWN, NO_BARRIER, places)


def ids_are_people(everybody: Iterable[tuple[str, str, str]], **_: object) -> dict[tuple[str, str], str]:
    return {(programme, person): person for programme, person, _ in everybody}


def no_one(*_: object, **__: object) -> dict[str, str]:
    return {}


def groups_with_gone_answers_are_left_out(considered: Iterable[Considered], _: object) -> list[Considered]:
    return [one for one in considered if GONE not in one.places]


def the_threshold_that_is_asked_for(*_: object, **__: object) -> tuple[None, frozenset[str]]:
    return None, frozenset()


def never(*_: object) -> bool:
    return False


def always(*_: object) -> bool:
    return True


def untested(_: object) -> Iterator[safety.Bools]:
    return iter(())


MATCH, ROWS_OF, PLACES = History.match, publishing.rows_of, publishing.places
POST_INIT: Callable[[Any], None] = publishing._Door.__post_init__

FAULTS = {
    "hidden groups count as new": Fault(
        where=History, name="match", by=hidden_groups_are_fresh, seed=4, breaks="G6"
    ),
    "groups are identified by their names": Fault(
        where=History, name="match", by=groups_are_their_names, seed=4, breaks="G6"
    ),
    "earlier lines are left out of the joint test": Fault(
        where=publishing, name="rows_of", by=earlier_lines_are_left_out, seed=4, breaks="G3"
    ),
    "another file for the same days is another round": Fault(
        where=rounds.Days, name="overlaps", by=never, seed=133, breaks="G6"
    ),
    "other programmes' publications are ignored": Fault(
        where=publishing._Door, name="__post_init__", by=other_programmes_are_ignored, seed=10, breaks="G5"
    ),
    "people may be in any number of groups": Fault(
        where=publishing, name="GROUPS_OF_ONE", by=99, seed=1, breaks="G5"
    ),
    "groups of five are shown, in bands of three": Fault(
        where=door, name="PROTECTION", by=Protection(minimum=5, band=3), seed=2, breaks="G4"
    ),
    "three joiners or leavers are enough to show a hidden group": Fault(
        where=history, name="needed_of", by=lambda *_: 3, seed=4, breaks="G6"
    ),
    "counts are exact": Fault(
        where=door, name="PROTECTION", by=Protection(minimum=10, band=1), seed=2, breaks="G3"
    ),
    "groups are not tested together": Fault(
        where=door, name="PROTECTION", by=Protection(minimum=10, band=6, together=False), seed=2, breaks="G2"
    ),
    "counts may be uncertain by less than five": Fault(
        where=safety._Test, name="_narrow", by=untested, seed=2, breaks="G3"
    ),
    "counts of hidden groups may be known": Fault(
        where=publishing, name="rows_of", by=hidden_groups_are_no_targets, seed=4, breaks="G3"
    ),
    "an answer that stays the same counts as a new one": Fault(
        where=counted.Ledger, name="earlier", by=the_same_answer_is_another, seed=4, breaks="G3"
    ),
    "earlier lines that stay do not count towards the limit": Fault(
        where=publishing._Door, name="_counted", by=lines_that_stay_are_not_counted, seed=1, breaks="G5"
    ),
    "bands become finer again without a test": Fault(
        where=safety._Test, name="is_safe", by=always, seed=2, breaks="G2"
    ),
    "people with a new id are new people": Fault(
        where=door, name="join_ids", by=ids_are_people, seed=5, breaks="G6"
    ),
    "people with repeated answers under new ids are new people": Fault(
        where=door, name="same_people", by=no_one, seed=95, breaks="G6"
    ),
    "publications of removed answers are left out": Fault(
        where=counted, name="filled", by=groups_with_gone_answers_are_left_out, seed=95, breaks="G3"
    ),
    "the programme's current threshold is used": Fault(
        where=door, name="cut_for", by=the_threshold_that_is_asked_for, seed=32, breaks="G0"
    ),
    "people who stopped answering have no barrier": Fault(
        where=publishing, name="places", by=who_stopped_has_no_barrier, seed=1, breaks="G0"
    ),
}  # fmt: skip


@pytest.mark.usual(3)
@pytest.mark.parametrize("name", FAULTS)
def test_the_attacker_finds_the_fault(name: str, monkeypatch: pytest.MonkeyPatch):
    fault = FAULTS[name]
    monkeypatch.setattr(fault.where, fault.name, fault.by)
    found = attack_one(Job(fault.seed, DOOR)).findings
    assert fault.breaks in {finding.guarantee for finding in found}


@pytest.mark.usual(2)
@pytest.mark.parametrize("seed", sorted({fault.seed for fault in FAULTS.values()}))
def test_the_attacker_finds_nothing_without_a_fault(seed: int):
    assert attack_one(Job(seed, DOOR)).findings == ()


def test_the_attacker_finds_a_fault_that_counts_silence_as_leaving(monkeypatch: pytest.MonkeyPatch):
    """By hand: three roles of 24 with eleven barriers each, one of them hidden; then ten of each do not answer."""
    members = [Member(id=f"{role}-{n}", roles=(role,)) for role in ("a", "b", "c") for n in range(24)]
    members += [Member(id=f"other-{n}") for n in range(6)]
    scores = {m.id: (2, 5, 5, 5, None) if int(m.id[-2:].strip("-")) < 11 else (5, 5, 5, 5, None) for m in members}
    few = {p: s for p, s in scores.items() if s[0] == 2 or p.startswith("other") or int(p.split("-")[1]) >= 21}
    events = [
        Import("change", "1.csv", date(2027, 2, 1), tuple(members), scores),
        Import("change", "2.csv", date(2027, 3, 1), tuple(members), few),
    ]
    assert run(door.make_door(), events)[0] == []
    monkeypatch.setattr(History, "match", lambda self, groups, _, labels: MATCH(self, groups, groups, labels))
    found, _ = run(door.make_door(), events)
    assert "G6" in {finding.guarantee for finding in found}
