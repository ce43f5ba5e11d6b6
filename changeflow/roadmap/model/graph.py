"""Properties of links alone, independent of dates: loops, order and precedence."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import networkx as nx

from changeflow.errors import CyclicRoadmapError
from changeflow.roadmap.model.tasks import Link
from changeflow.values.base import TaskId


def build_graph(tasks: Iterable[TaskId], links: Iterable[Link]) -> "nx.MultiDiGraph[TaskId]":
    """Make a node of every task and an edge of every link; the edge keeps its `Link` as `link`."""
    graph: nx.MultiDiGraph[TaskId] = nx.MultiDiGraph()
    graph.add_nodes_from(tasks)
    for link in links:
        graph.add_edge(link.predecessor, link.successor, link=link)
    return graph


def in_order(graph: "nx.MultiDiGraph[TaskId]", key: Callable[[TaskId], Any] | None = None) -> list[TaskId]:
    """Return the tasks so that every predecessor comes first, otherwise in the order of `key` (default: their ids).

    A loop is an error that names it in full.
    """
    try:
        return list(nx.lexicographical_topological_sort(graph, key))
    except nx.NetworkXUnfeasible:
        raise CyclicRoadmapError(find_loop(graph) or ()) from None


def find_loop(graph: "nx.MultiDiGraph[TaskId]") -> Sequence[TaskId] | None:
    """Return one loop, beginning with its smallest id, or None."""
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
