"""The answers that published lines count, now and earlier, as rows and columns to test together.

An attacker may know whose answers stayed the same. So an answer that is no longer stored is assumed to equal the
person's current answer, or one from another time, wherever that fits all earlier publications. Then nothing new reveals
more than is safe.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from changeflow.adkar.history import GONE, Considered, History
from changeflow.adkar.safety import Columns, Rows
from changeflow.adkar.worlds import ELEMENTS, LAST, Bools

Key = tuple[str, int, bool | None]


@dataclass(slots=True)
class Ledger:
    """Answers by person and barrier. A person's answer is one column for as long as it stays the same."""

    now: Mapping[str, tuple[int, bool]]
    """The current place of each counted person's barrier, and whether reinforcement applies to them."""
    columns: dict[Key, int] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)
    live: list[bool] = field(default_factory=list)
    persons: list[int] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def column(self, person: str, place: int, *, live: bool) -> int:
        # Whether reinforcement applies matters only if there is no earlier barrier.
        key = (person, place, live if place >= LAST else None)
        if key not in self.columns:
            self.columns[key] = len(self.places)
            self.places.append(place)
            self.live.append(live)
            self.persons.append(self.numbers.setdefault(person, len(self.numbers)))
        return self.columns[key]

    def current(self, person: str) -> int:
        place, live = self.now[person]
        return self.column(person, place, live=live)

    def earlier(self, person: str, place: int, *, live: bool) -> tuple[int, bool]:
        """Return the column of an earlier answer, and whether it differs only in whether reinforcement applies."""
        now = self.now.get(person)
        if now is not None and now[0] >= LAST and place >= LAST and now[1] != live:
            return self.current(person), True
        return self.column(person, place, live=live), False


def rows_of(
    groups: Sequence[frozenset[str]],
    others: Sequence[frozenset[str]],
    history: History,
    now: Mapping[str, tuple[int, bool]],
) -> tuple[Columns, Rows, Bools]:
    """Return all answers, the lines that count them, and all named groups (groups by columns).

    The earlier lines come first and are fixed; then there is one line for each of `groups`. `others` are named groups
    that are not published.
    """
    ledger = Ledger(now)
    for person in now:
        ledger.current(person)
    lines: list[tuple[Considered, list[int], bool]] = []
    for one in filled((*history.considered, *history.undecided), now):
        mixed, inside = False, []
        for person, place, live in zip(one.people, one.places, one.live, strict=True):
            column, has_changed = ledger.earlier(person, place, live=live)
            mixed |= has_changed
            inside.append(column)
        lines.append((one, inside, mixed))
    shown = [line for line in lines if line[0].is_shown]
    total = len(ledger.places)
    members = np.zeros((len(shown) + len(groups), total), dtype=np.bool_)
    low, high = np.zeros((2, len(members), ELEMENTS), dtype=np.int64)
    for row, (one, inside, mixed) in enumerate(shown):
        members[row, inside] = True
        bands = one.standing.held or ()
        low[row], high[row] = [b.low for b in bands], [b.high for b in bands]
        if mixed:
            # If reinforcement applied to no one, the last count equals the one before it and adds nothing.
            low[row, LAST], high[row, LAST] = 0, len(inside)
    for row, group in enumerate(groups, start=len(shown)):
        members[row, [ledger.current(p) for p in group]] = True
    fixed = np.arange(len(members)) < len(shown)
    columns = Columns(
        persons=np.array(ledger.persons, dtype=np.int64),
        places=np.array(ledger.places, dtype=np.int64),
        live=np.array(ledger.live, dtype=np.bool_),
    )
    rows = Rows(members, low, high, fixed)
    _keep_true(rows, columns)
    hidden = [inside for one, inside, _ in lines if not one.is_shown]
    hidden += [[ledger.current(p) for p in group] for group in others]
    # Groups with the same answers are tested once.
    known = {row.tobytes() for row in members}
    targets = []
    for inside in hidden:
        target = np.zeros(total, dtype=np.bool_)
        target[inside] = True
        if (key := target.tobytes()) not in known:
            known.add(key)
            targets.append(target)
    return columns, rows, np.vstack([members, *targets])


def _keep_true(rows: Rows, columns: Columns) -> None:
    """Pin the counts of earlier lines that do not agree with the stored answers."""
    held = rows.held(columns)
    wrong = rows.fixed[:, None] & ((held < rows.low) | (held > rows.high))
    rows.low[wrong], rows.high[wrong] = held[wrong], held[wrong]


WORK = 5.0
"""The time limit of the search, in the solver's deterministic seconds, which are the same on every machine."""

_Answer = tuple[str, ...]
"""A person; or a person, with the programme and round in which they answered."""
_Kind = tuple[frozenset[int], int | None, bool]
"""The lines that count an answer, the person's barrier at other times, and whether their service is live."""


def filled(considered: Sequence[Considered], now: Mapping[str, tuple[int, bool]]) -> list[Considered]:
    """Return groups with a place filled in for every answer that is no longer stored; `now` has the current answers."""
    if not any(GONE in one.places for one in considered):
        return list(considered)
    wishes = {p: place for one in considered for p, place in zip(one.people, one.places, strict=True) if place != GONE}
    wishes |= {person: place for person, (place, _) in now.items()}
    # First assume that no one ever changed their answer; if that does not fit, treat each answer separately.
    for is_one in (True, False):
        found = _placed(considered, wishes, is_one=is_one)
        if found is not None:
            return [replace(one, places=tuple(_places(one, found, is_one=is_one))) for one in considered]
    likely: dict[_Answer, int] = defaultdict(lambda: ELEMENTS, {(person,): place for person, place in wishes.items()})
    return [replace(one, places=tuple(_places(one, likely, is_one=True))) for one in considered]


def _places(one: Considered, found: Mapping[_Answer, int], *, is_one: bool) -> Iterator[int]:
    for person, place in zip(one.people, one.places, strict=True):
        yield found[_answer(one, person, is_one=is_one)] if place == GONE else place


def _answer(one: Considered, person: str, *, is_one: bool) -> _Answer:
    return (person,) if is_one else (person, one.programme, one.standing.round)


def _placed(considered: Sequence[Considered], wishes: Mapping[str, int], *, is_one: bool) -> dict[_Answer, int] | None:
    """Return places that agree with all publications, with as many of the wished-for places as possible; None if there
    are none."""
    lines: dict[_Answer, set[int]] = defaultdict(set)
    live: dict[_Answer, bool] = {}
    for number, one in enumerate(considered):
        for person, place, is_live in zip(one.people, one.places, one.live, strict=True):
            if place == GONE:
                answer = _answer(one, person, is_one=is_one)
                live[answer] = live.get(answer, True) and is_live
                lines[answer] |= {number} if one.is_shown else set()
    kinds: dict[_Kind, list[_Answer]] = defaultdict(list)
    for answer in sorted(lines):
        kinds[frozenset(lines[answer]), wishes.get(answer[0]), live[answer]].append(answer)
    from ortools.sat.python import cp_model

    model, at = cp_model.CpModel(), dict[_Kind, list[cp_model.IntVar]]()
    for kind, answers in kinds.items():
        at[kind] = [model.new_int_var(0, len(answers), "") for _ in range(ELEMENTS + 1)]
        model.add(sum(at[kind]) == len(answers))
        if not kind[2]:
            model.add(at[kind][LAST] == 0)
    for number, one in enumerate(considered):
        inside = [at[kind] for kind in kinds if number in kind[0]]
        for element, band in enumerate(one.standing.held or ()) if inside else ():
            known = sum(GONE != place <= element for place in one.places)
            held = sum(places[k] for places in inside for k in range(element + 1))
            model.add_linear_constraint(held, band.low - known, band.high - known)
    model.maximize(sum(1 * at[kind][kind[1]] for kind in kinds if kind[1] is not None))
    solver = cp_model.CpSolver()
    # Ctrl+C must end the whole command, not only this search.
    solver.parameters.catch_sigint_signal = False
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = WORK
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    found: dict[_Answer, int] = {}
    for kind, answers in kinds.items():
        places = [k for k, number in enumerate(at[kind]) for _ in range(solver.value(number))]
        found |= dict(zip(answers, places, strict=True))
    return found
