"""An independent look at a levelled plan: it knows the request alone, and nothing of how the plan was found."""

from collections.abc import Iterator, Sequence

import numpy as np

from changeflow.roadmap.levelling.problem import LevelProblem
from changeflow.roadmap.levelling.slots import FREE


def check_level(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> list[str]:
    """Return every promise that a plan breaks, in words: lengths, fixed dates, links, maximal lags, people."""
    return [*_lengths(problem, start, finish), *_links(problem, start, finish), *_people(problem, start, finish)]


def _lengths(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> Iterator[str]:
    for n, piece in enumerate(problem.pieces):
        if piece.fixed is not None:
            if (start[n], finish[n]) != piece.fixed:
                yield f"{piece.id} is fixed at slots {piece.fixed}, and stands at {start[n], finish[n]}"
            continue
        if start[n] < piece.release:
            yield f"{piece.id} may start in slot {piece.release}, and starts in {start[n]}"
        if problem.finish_of(piece, start[n]) != finish[n]:
            yield f"{piece.id} takes from slot {start[n]} to {problem.finish_of(piece, start[n])}, not to {finish[n]}"


def _links(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> Iterator[str]:
    for bind in problem.binds:
        if problem.pieces[bind.after].fixed is not None:
            continue
        at = start[bind.before] if bind.from_start else finish[bind.before]
        at = int(problem.lags[bind.table][at]) if bind.table != FREE else at + bind.lag
        if (finish[bind.after] if bind.to_finish else start[bind.after]) < at:
            yield f"{problem.pieces[bind.after].id} does not wait for {problem.pieces[bind.before].id}"
    for keep in problem.keeps:
        last = finish[keep.before]
        last = int(problem.lags[keep.table][last]) if keep.table != FREE else last + keep.lag
        if start[keep.after] > last:
            yield f"{problem.pieces[keep.after].id} starts too long after {problem.pieces[keep.before].id}"


def _people(problem: LevelProblem, start: Sequence[int], finish: Sequence[int]) -> Iterator[str]:
    load = np.zeros_like(problem.amounts)
    for n, piece in enumerate(problem.pieces):
        if piece.fixed is None:
            slots = problem.slots_of(piece, start[n], finish[n])
            for resource, amount in piece.needs:
                load[resource, slots] += amount
    for resource, name in enumerate(problem.resources):
        over = np.flatnonzero(load[resource] > problem.free[resource])
        if len(over):
            yield f"{name} are asked for {load[resource, over[0]]} in slot {over[0]}, more than they have"
