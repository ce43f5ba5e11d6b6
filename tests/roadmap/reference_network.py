"""The reference's order: a summary has a gate before its tasks and a roll-up after them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import networkx as nx

from changeflow.errors import CyclicRoadmapError
from changeflow.roadmap.model.graph import find_loop
from changeflow.roadmap.model.tasks import Link, Roadmap
from changeflow.values.base import TaskId


class Station(Enum):
    """What happens at one place of the order."""

    GATE = 0
    TASK = 1
    ROLL_UP = 2


Place = tuple[TaskId, Station]


@dataclass(frozen=True, slots=True)
class Network:
    """A roadmap's structure: computed forwards in `order`, backwards in its reverse."""

    order: Sequence[Place]
    incoming: Mapping[TaskId, Sequence[Link]]
    """The links that bind a task: its own, and those of every summary above it."""
    outgoing: Mapping[TaskId, Sequence[Link]]
    own_outgoing: Mapping[TaskId, Sequence[Link]]
    below: Mapping[TaskId, Sequence[TaskId]]
    """The tasks below each summary, at any depth, without the summaries among them."""


def build_network(roadmap: Roadmap) -> Network:
    """Find the order; a loop, also one through summaries, is an error that names it."""
    summaries = set(roadmap.parents.values())
    place = {link: n for n, link in enumerate(roadmap.links)}
    own_in: dict[TaskId, list[Link]] = {t: [] for t in roadmap.tasks}
    own_out: dict[TaskId, list[Link]] = {t: [] for t in roadmap.tasks}
    for link in roadmap.links:
        own_out[link.predecessor].append(link)
        own_in[link.successor].append(link)
    below: dict[TaskId, list[TaskId]] = {s: [] for s in summaries}
    incoming, outgoing = dict(own_in), dict(own_out)
    for task in roadmap.tasks:
        if task in summaries:
            continue
        above = list(_above(roadmap, task))
        for summary in above:
            below[summary].append(task)
        if above:
            incoming[task] = sorted((link for t in (task, *above) for link in own_in[t]), key=place.__getitem__)
            outgoing[task] = [link for t in (task, *above) for link in own_out[t]]
    order = _order(roadmap, summaries)
    return Network(order, incoming, outgoing, own_out, below)


def _above(roadmap: Roadmap, task: TaskId) -> Iterator[TaskId]:
    parent = roadmap.parents.get(task)
    while parent is not None:
        yield parent
        parent = roadmap.parents.get(parent)


def _order(roadmap: Roadmap, summaries: set[TaskId]) -> list[Place]:
    graph: nx.DiGraph[Place] = nx.DiGraph()

    def entry(task: TaskId) -> Place:
        return (task, Station.GATE if task in summaries else Station.TASK)

    def exit_(task: TaskId) -> Place:
        return (task, Station.ROLL_UP if task in summaries else Station.TASK)

    for task in roadmap.tasks:
        graph.add_node(entry(task))
        if task in summaries:
            graph.add_edge(entry(task), exit_(task))
        parent = roadmap.parents.get(task)
        if parent is not None:
            graph.add_edge(entry(parent), entry(task))
            graph.add_edge(exit_(task), exit_(parent))
    for link in roadmap.links:
        graph.add_edge(exit_(link.predecessor), entry(link.successor))
    try:
        return list(nx.lexicographical_topological_sort(graph, key=lambda place: (place[0], place[1].value)))
    except nx.NetworkXUnfeasible:
        loop = find_loop(nx.MultiDiGraph(_named(graph))) or ()
        raise CyclicRoadmapError(loop) from None


def _named(graph: "nx.DiGraph[Place]") -> "nx.DiGraph[TaskId]":
    """Forget gates and roll-ups, so that a loop is told in the tasks' own names."""
    named: nx.DiGraph[TaskId] = nx.DiGraph()
    loop_of = {place: n for n, loop in enumerate(nx.strongly_connected_components(graph)) for place in loop}
    named.add_edges_from((a[0], b[0]) for a, b in graph.edges if loop_of[a] == loop_of[b] and a[0] != b[0])
    return named
