"""The order in which the engine computes a roadmap: rows of tasks, with each summary after the tasks below it.

A summary has two places in the order: a gate before its tasks and a roll-up after them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from changeflow.errors import CyclicRoadmapError
from changeflow.roadmap.engine.jit import call, kernel
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.base import TaskId

Ints = NDArray[np.integer[Any]]
"""Any container of whole numbers."""
Shorts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Outline:
    """Rows in topological order."""

    ids: Sequence[TaskId]
    row_of: Mapping[TaskId, int]
    row: Ints
    """The row of each task, in the roadmap's order."""
    before: Ints
    """The row of each link's predecessor."""
    after: Ints
    """The row of each link's successor."""
    below: Shorts
    """The rows of the tasks below summaries, without the summaries among them."""
    below_from: Ints
    """For each row, where its part of `below` begins; the same as `below_to` if the row is not a summary."""
    below_to: Ints
    above: Shorts
    """The rows of the summaries above each row: `first_above[t]` to `first_above[t + 1]` are above row t."""
    first_above: Shorts
    backwards: Shorts
    """The rows in the order of the backward pass: a summary before its tasks."""


def outline_of(roadmap: Roadmap) -> Outline:
    """Find the order; a loop raises `CyclicRoadmapError`. Complexity: O(tasks x depth + links)."""
    names, links = list(roadmap.tasks), roadmap.links
    count = len(names)
    index = dict(zip(names, range(count), strict=True))
    parent = np.full(count, -1, np.int64)
    for task, above in roadmap.parents.items():
        parent[index[task]] = index[above]
    summaries = np.flatnonzero(np.bincount(parent[parent >= 0], minlength=count))
    # A summary has two places: its gate, with its own number, and its roll-up, numbered after all others.
    out_of = np.arange(count)
    out_of[summaries] = count + np.arange(len(summaries))
    before = np.fromiter([index[k.predecessor] for k in links], np.int64)
    after = np.fromiter([index[k.successor] for k in links], np.int64)
    children = np.flatnonzero(parent >= 0)
    edges_from = np.concatenate([out_of[before], parent[children], out_of[children], summaries])
    edges_to = np.concatenate([after, children, out_of[parent[children]], out_of[summaries]])
    order = in_order(edges_from, edges_to, count + len(summaries))
    if len(order) < count + len(summaries):
        raise CyclicRoadmapError(_loop_of(roadmap))
    is_summary = np.zeros(count, bool)
    is_summary[summaries] = True
    task_of = np.concatenate([np.arange(count), summaries])
    forwards = task_of[order[(order >= count) | ~is_summary[task_of[order]]]]
    row = np.empty(count, np.int64)
    row[forwards] = np.arange(count)
    index.update(zip(names, row.tolist(), strict=True))
    backwards = row[task_of[order[order < count]]][::-1]
    below, below_from, below_to = _below(parent, is_summary, row)
    holders = np.repeat(np.arange(count), below_to - below_from)
    by_task = holders[stable_order(below)].astype(np.int32)
    first_above = np.concatenate([[0], np.cumsum(np.bincount(below, minlength=count))]).astype(np.int32)
    ids, backwards = [names[n] for n in forwards.tolist()], np.ascontiguousarray(backwards, dtype=np.int32)
    nesting = (below, below_from, below_to, by_task, first_above)
    return Outline(ids, index, row, row[before], row[after], *nesting, backwards)


def in_order(before: Ints, after: Ints, count: int) -> Ints:
    """Return the places so that each comes after those that lead to it; fewer than `count` if there is a loop. Of
    several free places, the one with the lowest number comes first.

    Complexity: O(places + edges).
    """
    by_source = stable_order(before)
    first = np.concatenate([[0], np.cumsum(np.bincount(before, minlength=count))])
    waits = np.bincount(after, minlength=count)
    order = np.empty(count, np.int64)
    return order[: call(_release, count, first, after[by_source], waits, order)]


def stable_order(numbers: "Ints | Shorts") -> Ints:
    """Return the order that sorts numbers from 0 up, and leaves equal ones in place: numpy is fastest at sorting 16
    bits at a time."""
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    for shift in range(16, int(numbers.max(initial=0)).bit_length(), 16):
        order = order[np.argsort((numbers[order] >> shift).astype(np.uint16), kind="stable")]
    return order


@kernel
def _release(first: Ints, after: Ints, waits: Ints, order: Ints) -> int:
    done = 0
    for place in range(len(waits)):
        if waits[place] == 0:
            order[done] = place
            done += 1
    at = 0
    while at < done:
        place = order[at]
        at += 1
        for edge in range(first[place], first[place + 1]):
            waits[after[edge]] -= 1
            if waits[after[edge]] == 0:
                order[done] = after[edge]
                done += 1
    return done


def _loop_of(roadmap: Roadmap) -> Sequence[TaskId]:
    """Return a loop as ids of tasks, without distinguishing gates and roll-ups."""
    # Loaded here: a roadmap without a loop needs no graph.
    import networkx as nx

    from changeflow.roadmap.model.graph import find_loop

    graph: nx.DiGraph[tuple[TaskId, bool]] = nx.DiGraph()
    summaries = set(roadmap.parents.values())
    for task in roadmap.tasks:
        graph.add_node((task, False))
        if task in summaries:
            graph.add_edge((task, False), (task, True))
        if (parent := roadmap.parents.get(task)) is not None:
            graph.add_edge((parent, False), (task, False))
            graph.add_edge((task, task in summaries), (parent, True))
    for link in roadmap.links:
        graph.add_edge((link.predecessor, link.predecessor in summaries), (link.successor, False))
    loop_of = {place: n for n, loop in enumerate(nx.strongly_connected_components(graph)) for place in loop}
    named: nx.MultiDiGraph[TaskId] = nx.MultiDiGraph()
    named.add_edges_from((a[0], b[0]) for a, b in graph.edges if loop_of[a] == loop_of[b] and a[0] != b[0])
    return find_loop(named) or ()


def _below(parent: Ints, is_summary: "NDArray[np.bool_]", row: Ints) -> tuple[Shorts, Ints, Ints]:
    """List every task, level by level, under each summary above it."""
    count = len(parent)
    held, holder = [], []
    task = np.flatnonzero(~is_summary)
    above = parent[task]
    while len(task := task[above >= 0]):
        above = above[above >= 0]
        held.append(row[task])
        holder.append(row[above])
        above = parent[above]
    if not held:
        return np.zeros(0, np.int32), np.zeros(count, np.int64), np.zeros(count, np.int64)
    rows, holders = np.concatenate(held), np.concatenate(holder)
    order = np.lexsort((rows, holders))
    sizes = np.bincount(holders, minlength=count)
    ends = np.cumsum(sizes)
    return rows[order].astype(np.int32), ends - sizes, ends
