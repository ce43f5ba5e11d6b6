"""The critical path on large random networks, against a plain two-pass over networkx without any calendar."""

import random
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from statistics import median

import networkx as nx

from changeflow.calendar.layers import Layer, compile_calendar
from changeflow.roadmap.arrays import to_arrays
from changeflow.roadmap.cpm import time_roadmap
from changeflow.roadmap.kernel import compute
from changeflow.roadmap.tasks import Link, Roadmap, Task
from changeflow.roadmap.why import explain
from changeflow.values.duration import Duration
from changeflow.values.moments import minute_of

ROUNDS = 5
HOURS = ((540, 720), (780, 1020))


def measure_cpm() -> dict[str, float]:
    """Return how many times faster than networkx we are, both sides warmed up, the median of five rounds."""
    found: dict[str, float] = {}
    for name, count in (("10k", 10_000), ("100k", 100_000)):
        roadmap = a_network(count)
        arrays = to_arrays(roadmap)
        graph = as_graph(roadmap)
        theirs_built = clock(lambda g=graph: two_passes(g))
        theirs = clock(lambda r=roadmap: two_passes(as_graph(r)))
        ours_arrays = clock(lambda a=arrays: compute(a))
        ours = clock(lambda r=roadmap: time_roadmap(r))
        found[f"cpm_{name}_x_networkx"] = round(theirs_built / ours_arrays, 1)
        found[f"cpm_{name}_x_networkx_from_objects"] = round(theirs / ours, 2)
        found[f"cpm_{name}_kernel_ms"] = round(ours_arrays * 1000, 2)
        found[f"cpm_{name}_from_objects_ms"] = round(ours * 1000, 1)
    tracemalloc.start()
    time_roadmap(roadmap)
    found["cpm_100k_peak_mb"] = round(tracemalloc.get_traced_memory()[1] / 1e6, 1)
    tracemalloc.stop()
    small = a_network(2_000)
    schedule = time_roadmap(small)
    last = max(schedule.timed.values(), key=lambda t: t.early_finish).task
    found["time_2000_tasks_ms"] = round(clock(lambda: time_roadmap(small)) * 1000, 1)
    found["why_2000_tasks_ms"] = round(clock(lambda: explain(small, schedule, last)) * 1000, 2)
    return found


def a_network(count: int) -> Roadmap:
    """About 2.4 links a task, each to one of the fifty tasks before, on a calendar of seven-hour days."""
    r = random.Random(7)  # noqa: S311
    tasks = {f"t{n:06d}": a_task(f"t{n:06d}", r.choice((240, 420, 840, 1260))) for n in range(count)}
    ids = list(tasks)
    links = [
        Link(ids[max(0, n - r.randint(1, 50))], ids[n])
        for n in range(1, count)
        for _ in range(r.choice((1, 2, 3, 3, 3)))
    ]
    layer = Layer("week", dict.fromkeys(range(5), HOURS))
    calendar = compile_calendar("office", [layer], first=date(2027, 1, 1), last=date(2047 + count // 1000, 1, 1))
    return Roadmap(
        tasks=tasks,
        links=tuple(dict.fromkeys(links)),
        calendars={"office": calendar},
        start=minute_of(date(2027, 1, 4)),
        minutes_per_day=420,
    )


def a_task(name: str, minutes: int) -> Task:
    return Task(id=name, name=name, calendar="office", duration=Duration(minutes))


def as_graph(roadmap: Roadmap) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    for task in roadmap.tasks.values():
        graph.add_node(task.id, duration=task.duration.amount)
    graph.add_edges_from((link.predecessor, link.successor) for link in roadmap.links)
    return graph


def two_passes(graph: "nx.DiGraph[str]") -> dict[str, tuple[int, int, int, int, int, int]]:
    """The critical path method as one would write it on networkx, in plain numbers without a calendar."""
    order = list(nx.topological_sort(graph))
    length = dict(graph.nodes(data="duration"))
    early: dict[str, int] = {}
    for task in order:
        early[task] = max((early[p] + length[p] for p in graph.predecessors(task)), default=0)
    end = max(early[t] + length[t] for t in order)
    late: dict[str, int] = {}
    for task in reversed(order):
        late[task] = min((late[s] for s in graph.successors(task)), default=end) - length[task]
    return {
        t: (
            early[t],
            early[t] + length[t],
            late[t],
            late[t] + length[t],
            late[t] - early[t],
            min((early[s] for s in graph.successors(t)), default=end) - early[t] - length[t],
        )
        for t in order
    }


def clock(work: Callable[[], object]) -> float:
    work()
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return median(took)
