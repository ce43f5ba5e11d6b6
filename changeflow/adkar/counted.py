"""The answers that published lines count, now and earlier, as rows and columns that can be tested together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from changeflow.adkar.gone import filled
from changeflow.adkar.history import Considered, History
from changeflow.adkar.safety import Bools, Columns, Rows
from changeflow.adkar.worlds import ELEMENTS, LAST

Key = tuple[str, int, bool | None]


@dataclass(slots=True)
class Ledger:
    """Answers by person and place. One person's answer is one column for as long as it stays the same."""

    now: Mapping[str, tuple[int, bool]]
    """Where each person who is counted now has their barrier, and whether reinforcement applies to them."""
    columns: dict[Key, int] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)
    live: list[bool] = field(default_factory=list)
    persons: list[int] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def column(self, person: str, place: int, *, live: bool) -> int:
        # To whom reinforcement applies matters only where there is no earlier barrier.
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
        """Return the column of an earlier answer, and whether it is the same but for reinforcement, which applies now
        and did not then."""
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
    """Return all answers, the lines that count them, and all named groups (by columns).

    The lines are the earlier ones, which are fixed, then one for each of `groups`. Nothing is published of `others`.
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
            # Without reinforcement for anybody the last count is the one before it, and says no more.
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
    # The same answers under another name, or again, are one group to be tested.
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
    """Where an earlier line cannot be reconciled with the answers that are kept, let its counts move nowhere."""
    held = rows.held(columns)
    wrong = rows.fixed[:, None] & ((held < rows.low) | (held > rows.high))
    rows.low[wrong], rows.high[wrong] = held[wrong], held[wrong]
