"""The one door from people's scores to anything that is shown, exported, sent or computed from.

What comes out is a `Snapshot`: how many of a group are held back, in steps, and no more of it than is safe together
with everything else (`safety`). It is frozen: the answers of a round are counted once, and a group's counts are only
replaced when so many of its members stand elsewhere that the difference says nothing of one of them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element
from changeflow.adkar.published import Band, Snapshot, Standing, band_of
from changeflow.adkar.safety import protect

GROUPS_OF_ONE = 3
"""In at most so many shown groups is anybody counted: our own choice. More views of the same people hide each other."""
UNKNOWN = -1
"""Of somebody whose answers end before a barrier was found: neither held back nor fine. They are not counted."""
OTHERS = "others"
"""Into which the parts of a division that are too small to be shown are rolled up, so that their voice counts."""


@dataclass(frozen=True, slots=True)
class View:
    """A group to be looked at: its members, whether they have answered or not."""

    view: str
    group: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Protection:
    """How closely may be looked. `together=False` tests no group against the others: it is for showing why one must."""

    minimum: int
    """Of answers, below which nothing is shown of a group."""
    step: int
    """Counts are told in steps of so many people."""
    together: bool = True


@dataclass(frozen=True, slots=True)
class Answers:
    """One round's answers as arrays: who, and where each is held back (`UNKNOWN`, 0 to 4, 5 for nowhere)."""

    round: str
    on: date
    people: tuple[str, ...]
    places: NDArray[np.int64]
    live: NDArray[np.bool_]


def read_answers(assessments: Sequence[Assessment], *, threshold: int, live: Collection[str]) -> Answers:
    """Return where each person of one round is held back; `live` names those to whom reinforcement applies."""
    elements = tuple(Element)
    flat = (a.scores.get(e, 0) for a in assessments for e in elements)
    scores = np.fromiter(flat, dtype=np.int64, count=len(assessments) * len(elements)).reshape(-1, len(elements))
    is_live = np.array([a.person in live for a in assessments], dtype=np.bool_)
    people = tuple(a.person for a in assessments)
    on = max((a.on for a in assessments), default=date.min)
    return Answers(assessments[0].round if assessments else "", on, people, places(scores, is_live, threshold), is_live)


def places(scores: NDArray[np.int64], live: NDArray[np.bool_], threshold: int) -> NDArray[np.int64]:
    """Return where each person is held back, by rows of five scores; 0 is an element that was not assessed."""
    found = np.full(len(scores), len(Element), dtype=np.int64)
    for k in reversed(range(len(Element))):
        score = scores[:, k]
        here = np.where(score == 0, UNKNOWN, np.where(score <= threshold, k, found))
        found = np.where(live, here, found) if k == Element.REINFORCEMENT.position else here
    return found


def publish(
    answers: Answers,
    views: Sequence[View],
    *,
    threshold: int,
    protection: Protection,
    before: Snapshot | None = None,
    earlier: Mapping[str, Answers] | None = None,
) -> Snapshot:
    """Publish a round, with the standings that it does not replace.

    `views` come in order of importance: where two cannot both be shown, the first one is. `before` is the snapshot of
    the round before, `earlier` the answers of earlier rounds by name, read by today's threshold.
    """
    counted, members, held = count_held(answers, views)
    where, live = answers.places[counted], answers.live[counted]
    standing = {(s.view, s.group): s for s in before.standings} if before else {}
    sizes = members.sum(axis=1)
    known_of = [standing.get((v.view, v.group)) for v in views]
    # A group is only counted anew when enough of its people stand elsewhere, or have joined since.
    moved = {name: _moved(answers, counted, was) for name, was in (earlier or {}).items()}
    fresh = np.array(
        [
            known is None
            or known.held is None
            or known.round not in moved
            or int((members[n] & moved[known.round]).sum()) >= protection.minimum
            for n, known in enumerate(known_of)
        ],
        dtype=np.bool_,
    )
    shown = (sizes >= protection.minimum) & fresh
    if protection.together:
        shown &= _at_most(members, shown, GROUPS_OF_ONE)
        wanted = np.flatnonzero(shown)
        shown[wanted] = protect(members[wanted], where, live, held=held[wanted], step=protection.step)
    found = []
    for row, view in enumerate(views):
        known, size = known_of[row], int(sizes[row])
        if not fresh[row] and known is not None:
            is_enough = size >= protection.minimum
            found.append(replace(known, confirmed=answers.on) if is_enough else known)
            continue
        if shown[row]:
            bands = tuple(band_of(int(n), size, step=protection.step) for n in held[row])
            found.append(_standing(view, answers, size, bands))
        else:
            # What was published before stays, with its day: it gets stale by itself.
            found.append(known if known is not None and known.held is not None else _standing(view, answers))
    return Snapshot(
        round=answers.round,
        on=answers.on,
        threshold=threshold,
        minimum=protection.minimum,
        step=protection.step,
        standings=tuple(found),
    )


def count_held(
    answers: Answers, views: Sequence[View]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Count each group's people who are held back at each element or before it: exact, and for nobody's eyes.

    Returns who is counted (positions in `answers`), who of them is in which group (groups by people), and the counts
    (groups by elements).
    """
    counted = np.flatnonzero(answers.places != UNKNOWN)
    index = {answers.people[i]: n for n, i in enumerate(counted.tolist())}
    members = np.zeros((len(views), len(counted)), dtype=np.bool_)
    for row, view in enumerate(views):
        members[row, list(map(index.__getitem__, view.members & index.keys()))] = True
    before = answers.places[counted][:, None] <= np.arange(len(Element))[None, :]
    # As floats, because NumPy multiplies whole numbers slowly; they are exact up to 2**24.
    held = (members.astype(np.float32) @ before.astype(np.float32)).astype(np.int64)
    return counted, members, held


def _at_most(members: NDArray[np.bool_], shown: NDArray[np.bool_], limit: int) -> NDArray[np.bool_]:
    """Keep of the groups, in their order, those that put nobody into more than so many."""
    kept, used = shown.copy(), np.zeros(members.shape[1], dtype=np.int64)
    for row in np.flatnonzero(shown):
        if (used[members[row]] >= limit).any():
            kept[row] = False
        else:
            used[members[row]] += 1
    return kept


def _standing(
    view: View, answers: Answers, answered: int | None = None, held: tuple[Band, ...] | None = None
) -> Standing:
    return Standing(
        view=view.view,
        group=view.group,
        round=answers.round,
        on=answers.on,
        confirmed=answers.on,
        answered=answered,
        held=held,
    )


def _moved(answers: Answers, counted: NDArray[np.int64], was: Answers) -> NDArray[np.bool_]:
    """Tell of each who is counted whether they stand elsewhere than in an earlier round, or were not in it."""
    then = dict(zip(was.people, was.places.tolist(), strict=True))
    now = answers.places[counted].tolist()
    people = (answers.people[i] for i in counted.tolist())
    return np.array([then.get(p) != place for p, place in zip(people, now, strict=True)], dtype=np.bool_)


def roll_up(views: Sequence[View], answered: Collection[str], *, minimum: int) -> list[View]:
    """Join the parts of a division that are too small to be shown, so that none is found by subtraction."""
    sizes = {v.group: len(v.members & frozenset(answered)) for v in views}
    hidden = suppressed(sizes, minimum=minimum)
    kept = [v for v in views if v.group not in hidden]
    joined = frozenset(p for v in views if v.group in hidden for p in v.members)
    return [*kept, *([View(views[0].view, OTHERS, joined)] if joined else [])]


def suppressed(sizes: Mapping[str, int], *, minimum: int) -> frozenset[str]:
    """Return which parts of a published total must be hidden, so that none can be found by subtraction.

    Parts below `minimum` are hidden; if that hides one part, or parts that together are still below `minimum`, the
    next smallest is hidden as well, until what is hidden is at least two parts and `minimum` people.

    >>> sorted(suppressed({"a": 18, "b": 12, "c": 7, "d": 3}, minimum=10))
    ['c', 'd']
    >>> sorted(suppressed({"a": 18, "b": 12, "c": 10, "d": 3}, minimum=10))
    ['c', 'd']
    """
    order = sorted((size, part) for part, size in sizes.items() if size > 0)
    hidden = [(size, part) for size, part in order if size < minimum]
    rest = [item for item in order if item not in hidden]
    while hidden and rest and (len(hidden) < 2 or sum(size for size, _ in hidden) < minimum):
        hidden.append(rest.pop(0))
    return frozenset(part for _, part in hidden)
