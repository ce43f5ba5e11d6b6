"""Answers that are not kept any more: what they may have been, so that what was published of them still counts.

Someone may know whose answers stayed the same. So an answer that is gone is taken to be the one its person gives now,
or gave at another time, wherever that fits all that was published of it: then nothing new says more than is safe.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ortools.sat.python import cp_model

from changeflow.adkar.history import GONE, Considered
from changeflow.adkar.worlds import ELEMENTS, LAST

WORK = 5.0
"""The most work that the search may take, as the solver counts it: the same on every machine."""

_Answer = tuple[str, ...]
"""A person; or a person, and the programme and round in which they answered."""
_Kind = tuple[frozenset[int], int | None, bool]
"""In which lines answers are counted, where their people have a barrier at other times, and who is live."""


def filled(considered: Sequence[Considered], now: Mapping[str, tuple[int, bool]]) -> list[Considered]:
    """Return groups with a place for every answer that is gone; `now` are the answers that are counted now."""
    if not any(GONE in one.places for one in considered):
        return list(considered)
    wishes = {p: place for one in considered for p, place in zip(one.people, one.places, strict=True) if place != GONE}
    wishes |= {person: place for person, (place, _) in now.items()}
    # First as if no one had ever answered otherwise; where that does not fit, each answer for itself.
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
    """Return places that agree with all that was published, as many as wished for as possible; None: none was found."""
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
    # Ctrl+C ends the command, and not this search alone.
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
