"""Decide exactly whether a world is possible, and what the least and greatest values of a count are.

Only this may report a violation. The random walk asks it about everything that it has not reached.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from ortools.sat.python import cp_model

from disclosure.kernel import Groups, Ints, Net


class Exact:
    """The published lines as equations for a solver (CP-SAT)."""

    def __init__(self, net: Net, sizes: Ints) -> None:
        self._net, self._sizes = net, sizes
        model = cp_model.CpModel()
        counts = []
        for kind, size in enumerate(sizes.tolist()):
            mine = [model.new_int_var(0, size, "") for _ in range(net.first[kind + 1] - net.first[kind])]
            model.add(sum(mine) == size)
            counts += mine
        self._base = model
        held: dict[tuple[int, int], list[cp_model.IntVar]] = {}
        for kind in range(len(sizes)):
            begin = net.first[kind]
            for a in range(net.seen[kind], net.seen[kind + 1]):
                for item in range(begin, net.first[kind + 1]):
                    for place in range(net.places[net.map[a], item - begin], 5):
                        held.setdefault((int(net.line[a]), place), []).append(counts[item])
        for (line, place), parts in held.items():
            model.add_linear_constraint(sum(parts), int(net.low[line, place]), int(net.high[line, place]))
        self.asked = 0

    def world(self, at_least: Mapping[int, int]) -> Ints | None:
        """Return the counts of a world with at least these numbers in some items; None if there is none."""
        model = self._base.clone()
        for item, least in at_least.items():
            model.add(model.get_int_var_from_proto_index(item) >= least)
        return self._solve(model)

    def extreme(self, groups: Groups, group: int, places: Sequence[int], sign: int) -> Ints:
        """Return a world with the greatest count of a group at some places; the least if the sign is -1."""
        model, total = self._with_total(groups, group, places)
        model.maximize(sign * total)
        counts = self._solve(model)
        assert counts is not None, "the publications contradict each other"
        return counts

    def reaching(self, groups: Groups, group: int, places: Sequence[int], sign: int, bound: int) -> Ints | None:
        """Return a world in which a group's count is at least a bound (at most, if the sign is -1), or None.

        This is much quicker than finding the greatest count.
        """
        model, total = self._with_total(groups, group, places)
        model.add(sign * total >= sign * bound)
        return self._solve(model)

    def _with_total(
        self, groups: Groups, group: int, places: Sequence[int]
    ) -> tuple[cp_model.CpModel, cp_model.LinearExpr]:
        model, net = self._base.clone(), self._net
        total = []
        for n in range(groups.first[group], groups.first[group + 1]):
            kind, inside = int(groups.kind[n]), int(groups.inside[n])
            size, begin = int(self._sizes[kind]), int(net.first[kind])
            mine = [
                model.get_int_var_from_proto_index(item)
                for item in range(begin, int(net.first[kind + 1]))
                if net.places[groups.map[n], item - begin] in places
            ]
            part = model.new_int_var(0, inside, "")
            # Some of each kind are in the group; those outside must account for the rest.
            model.add(part <= sum(mine))
            model.add(part >= sum(mine) - (size - inside))
            total.append(part)
        return model, cp_model.LinearExpr.sum(total)

    def _solve(self, model: cp_model.CpModel) -> Ints | None:
        self.asked += 1
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(model)
        assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
        if status == cp_model.INFEASIBLE:
            return None
        return np.array(list(solver.response_proto.solution), np.int64)[: int(self._net.first[-1])]
