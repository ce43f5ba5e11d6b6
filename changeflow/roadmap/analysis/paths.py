"""Paths beside the longest one: chains of tasks with little float, that a small slip would make the longest."""

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx

from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId


@dataclass(frozen=True, slots=True)
class NearPath:
    """Linked tasks of little float, in the order of their dates."""

    tasks: tuple[TaskId, ...]
    total_float: int
    """The least of theirs, in working minutes of the task that has it."""
    tightest: TaskId


def near_critical_paths(roadmap: Roadmap, schedule: Schedule, *, within: int) -> Sequence[NearPath]:
    """Return the open tasks off the longest path with float of 1 to `within` minutes, as chains, the tightest first."""
    near = {
        t
        for t, timed in schedule.timed.items()
        if 0 < timed.total_float <= within
        and not timed.driving
        and t not in schedule.below
        and not ((done := roadmap.progress.get(t)) and done.is_done)
    }
    graph: nx.Graph[TaskId] = nx.Graph()
    graph.add_nodes_from(sorted(near))
    graph.add_edges_from((k.predecessor, k.successor) for k in roadmap.links if {k.predecessor, k.successor} <= near)
    paths = []
    for members in nx.connected_components(graph):
        tightest = min(members, key=lambda t: (schedule[t].total_float, t))
        in_order = sorted(members, key=lambda t: (schedule[t].early_start, schedule[t].early_finish, t))
        paths.append(NearPath(tuple(in_order), schedule[tightest].total_float, tightest))
    return sorted(paths, key=lambda p: (p.total_float, p.tightest))
