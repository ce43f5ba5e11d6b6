"""Decide exactly, with CP-SAT, whether an alternative world exists where the quick search finds none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from changeflow.adkar.worlds import DOWN, ELEMENTS, LAST, UP, Ints, Kinds, Worlds

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

LARGEST = 40_000
"""The largest product of kinds and rows for an exact decision; beyond this, bands are widened more than necessary."""
EFFORT = 1.0
"""Deterministic seconds for one question, so that two runs decide alike. A question that is not decided by then counts
as having no alternative world."""


@dataclass(slots=True)
class Effort:
    """The deterministic seconds left for all questions together."""

    left: float


class Exact:
    """A model of all worlds that fit the bands: how many of each kind have a barrier at each place."""

    def __init__(self, kinds: Kinds, *, low: Ints, high: Ints, worlds: Worlds, effort: Effort) -> None:
        self.kinds, self.worlds, self.effort = kinds, worlds, effort
        self.is_small = kinds.patterns.size <= LARGEST
        self.places: list[int] = kinds.places.tolist()
        self.live: list[bool] = kinds.live.tolist()
        self.sizes: list[int] = kinds.counts.tolist()
        self.low, self.high = low.tolist(), high.tolist()
        self.built: cp_model.CpModel | None = None
        self.at: list[list[int]] = []
        """For each kind and place, the index of the variable that counts people of the kind there."""

    def can_be(self, kind: int, places: Sequence[int]) -> bool:
        """Return whether a person of a kind can have a barrier at one of these places, for every possible insider."""
        if self.worlds.can_be(kind, places):
            return True
        if not self.is_small or (gone := self._moved_whole(kind, places, keep=None)) is None:
            return False
        return all(self._moved_whole(kind, places, keep=other) is not None for other in gone)

    def width(self, pool: Ints, place: int, wanted: int, *, is_prefix: bool) -> int:
        """Return how much a count of a group can differ between two worlds, up to `wanted`."""
        if wanted <= (width := self.worlds.width(pool, place, is_prefix=is_prefix)):
            return wanted
        for search in (self.worlds.search, self._push) if self.is_small else (self.worlds.search,):
            for way in (UP, DOWN):
                search(pool, place, way, wanted, is_prefix=is_prefix)
                if wanted <= (width := self.worlds.width(pool, place, is_prefix=is_prefix)):
                    return wanted
        return width

    def _model(self) -> "cp_model.CpModel":
        from ortools.sat.python import cp_model

        if self.built is None:
            model = self.built = cp_model.CpModel()
            at = []
            for kind, size in enumerate(self.sizes):
                most = [size if k != LAST or self.live[kind] else 0 for k in range(ELEMENTS + 1)]
                at.append([model.new_int_var(0, n, "") for n in most])
                model.add(sum(at[-1]) == size)
            for row, counted in enumerate(self.kinds.patterns.T):
                inside = counted.nonzero()[0].tolist()
                size = sum(self.sizes[kind] for kind in inside)
                for k in range(ELEMENTS):
                    if self.low[row][k] > 0 or self.high[row][k] < size:
                        held = sum(at[kind][j] for kind in inside for j in range(k + 1))
                        model.add_linear_constraint(held, self.low[row][k], self.high[row][k])
            self.at = [[v.index for v in row] for row in at]
        return self.built.clone()

    def _solve(self, model: "cp_model.CpModel") -> Ints | None:
        """Find the best world (kinds by places) and remember it; return None if there is none."""
        from ortools.sat.python import cp_model

        if self.effort.left <= 0:
            return None
        solver = cp_model.CpSolver()
        # Ctrl+C must end the whole command, not only this search.
        solver.parameters.catch_sigint_signal = False
        solver.parameters.num_workers = 1
        solver.parameters.max_deterministic_time = min(EFFORT, self.effort.left)
        # Measured on random trusts: without presolve, large questions take a hundred times as long; with full presolve,
        # every question takes twice as long.
        solver.parameters.linearization_level = 2
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
        solver.parameters.max_presolve_iterations = 1
        solver.parameters.presolve_substitution_level = 0
        solver.parameters.find_big_linear_overlap = False
        solver.parameters.presolve_inclusion_work_limit = 0
        status = solver.solve(model)
        self.effort.left -= solver.response_proto.deterministic_time
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        found = solver.response_proto.solution
        world = np.array([[found[v] for v in row] for row in self.at], dtype=np.int64)
        self.worlds.add(world)
        return world

    def _moved_whole(self, kind: int, places: Sequence[int], *, keep: int | None) -> list[int] | None:
        """Find a world where one of `kind` moves to `places`; return the kinds of which no one keeps their place in it.

        Return None if there is no such world. One insider of the kind `keep` keeps their place.
        """
        model = self._model()
        model.add(sum(model.get_int_var_from_proto_index(self.at[kind][k]) for k in places) >= 1)
        stays = []
        for other, size in enumerate(self.sizes):
            own = model.get_int_var_from_proto_index(self.at[other][self.places[other]])
            if other == keep:
                model.add(own >= 1)
            elif size - (other == kind) > 0:
                stays.append(model.new_bool_var(""))
                model.add(own >= 1).only_enforce_if(stays[-1])
        model.maximize(sum(stays))
        world = self._solve(model)
        if world is None:
            return None
        kept = world[range(len(self.sizes)), self.places]
        return [o for o, size in enumerate(self.sizes) if size - (o == kind) > 0 and not kept[o]]

    def _push(self, pool: Ints, place: int, way: int, wanted: int, *, is_prefix: bool) -> None:
        """Find a world in which a count of a group is up to `wanted` higher or lower."""
        model, parts, now = self._model(), [], 0
        places = range(place + 1) if is_prefix else range(place, place + 1)
        for kind in np.flatnonzero(pool).tolist():
            members = int(pool[kind])
            at = sum(model.get_int_var_from_proto_index(self.at[kind][k]) for k in places)
            part = model.new_int_var(0, members, "")
            # Non-members of the kind must account for the rest.
            model.add(part <= at)
            model.add(at - part <= self.sizes[kind] - members)
            parts.append(part)
            now += members * (self.places[kind] in places)
        # Limit the difference to `wanted`, so that the search ends there.
        model.add(way * sum(parts) <= way * now + wanted)
        model.maximize(way * sum(parts))
        self._solve(model)
