"""The roadmap's structure as one NetworkX graph: loops, order, what a path guarantees."""

from collections import deque
from collections.abc import Iterable, Sequence

import networkx as nx

from changeflow.errors import CyclicRoadmapError
from changeflow.roadmap.tasks import Link
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration


def build_graph(tasks: Iterable[TaskId], links: Iterable[Link]) -> "nx.MultiDiGraph[TaskId]":
    """Make a node of every task and an edge of every link; the edge keeps its `Link` as `link`."""
    graph: nx.MultiDiGraph[TaskId] = nx.MultiDiGraph()
    graph.add_nodes_from(tasks)
    for link in links:
        graph.add_edge(link.predecessor, link.successor, link=link)
    return graph


def in_order(graph: "nx.MultiDiGraph[TaskId]") -> list[TaskId]:
    """Return the tasks so that every predecessor comes first, ties by id; a loop is an error that names it in full."""
    try:
        return list(nx.lexicographical_topological_sort(graph))
    except nx.NetworkXUnfeasible:
        raise CyclicRoadmapError(find_loop(graph) or ()) from None


def find_loop(graph: "nx.MultiDiGraph[TaskId]") -> Sequence[TaskId] | None:
    """Return one loop, from its smallest id on, or None."""
    try:
        edges = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return None
    nodes = [edge[0] for edge in edges]
    first = nodes.index(min(nodes))
    return (*nodes[first:], *nodes[:first])


def loop_if_linked(graph: "nx.MultiDiGraph[TaskId]", predecessor: TaskId, successor: TaskId) -> Sequence[TaskId] | None:
    """Return the loop that a link from `predecessor` to `successor` would close, or None."""
    if predecessor == successor:
        return (predecessor,)
    if not nx.has_path(graph, successor, predecessor):
        return None
    nodes: Sequence[TaskId] = nx.shortest_path(graph, successor, predecessor)
    first = nodes.index(min(nodes))
    return (*nodes[first:], *nodes[:first])


class Promises:
    """What links promise, whatever the dates: which tasks start no earlier than another finishes.

    A start-to-start link or a negative lag does not carry that promise on.
    """

    def __init__(self, links: Iterable[Link]) -> None:
        self._out: dict[TaskId, list[tuple[TaskId, bool, bool]]] = {}
        """Of each task, the successors that its links carry a promise to, and which ends those join."""
        self._after: dict[TaskId, tuple[set[TaskId], frozenset[TaskId]]] = {}
        for link in links:
            self._learn(link)

    def add(self, link: Link) -> None:
        """Take one more link in; what it cannot touch stays known."""
        self._learn(link)
        self._after = {t: known for t, known in self._after.items() if link.predecessor not in known[0]}

    def _learn(self, link: Link) -> None:
        if _never_overlaps(link.lag):
            ends = (link.successor, link.type.from_finish, link.type.to_finish)
            self._out.setdefault(link.predecessor, []).append(ends)

    def after(self, first: TaskId) -> frozenset[TaskId]:
        """Return the tasks that start no earlier than `first` finishes. Complexity: O(tasks + links) that follow."""
        if first not in self._after:
            self._after[first] = self._follow(first)
        return self._after[first][1]

    def _follow(self, first: TaskId) -> tuple[set[TaskId], frozenset[TaskId]]:
        """Return what is known to finish no earlier than `first`, and of that what starts no earlier, too."""
        finish_known, start_known = {first}, set[TaskId]()
        queue = deque([first])
        while queue:
            task = queue.popleft()
            for successor, from_finish, to_finish in self._out.get(task, ()):
                known = finish_known if to_finish else start_known
                if successor in known or not (from_finish or task in start_known):
                    continue
                known.add(successor)
                finish_known.add(successor)
                queue.append(successor)
        return finish_known, frozenset(start_known)


def _never_overlaps(lag: Duration) -> bool:
    return lag.amount >= 0
