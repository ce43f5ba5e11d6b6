"""The critical path on large random networks, against a plain two-pass over networkx without any calendar."""

import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import networkx as nx

from changeflow.calendar.layers import DaySpan, Layer, compile_calendar
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.analysis.why import explain
from changeflow.roadmap.engine import jit
from changeflow.roadmap.engine.arrays import to_arrays
from changeflow.roadmap.engine.cpm import compute, time_roadmap
from changeflow.roadmap.engine.replan import Consequences, if_longer
from changeflow.roadmap.model.tasks import Link, Roadmap, Task
from changeflow.values.duration import Duration
from changeflow.values.moments import minute_of

ROUNDS = 5
SHORT_ROUNDS = 25
"""For what takes milliseconds: a median of five would be that of one disturbance."""
HOURS = ((540, 720), (780, 1020))


def measure_cpm() -> dict[str, float]:
    """Return how many times faster than networkx we are, both sides warmed up, the median of five rounds."""
    with jit.compiled_always():
        found = _measure_passes()
    return found | measure_questions() | measure_trust()


def _measure_passes() -> dict[str, float]:
    found: dict[str, float] = {}
    for name, count in (("10k", 10_000), ("100k", 100_000)):
        roadmap = a_network(count)
        arrays = to_arrays(roadmap)
        graph = as_graph(roadmap)
        theirs_built = clock(lambda g=graph: two_passes(g))
        theirs = clock(lambda r=roadmap: two_passes(as_graph(r)))
        ours_arrays = clock(lambda a=arrays: compute(a), rounds=SHORT_ROUNDS)
        ours = clock(lambda r=roadmap: time_roadmap(r))
        found[f"cpm_{name}_x_networkx"] = round(theirs_built / ours_arrays, 1)
        found[f"cpm_{name}_x_networkx_from_objects"] = round(theirs / ours, 2)
        found[f"cpm_{name}_kernel_ms"] = round(ours_arrays * 1000, 2)
        found[f"cpm_{name}_from_objects_ms"] = round(ours * 1000, 1)
    tracemalloc.start()
    time_roadmap(roadmap)
    found["cpm_100k_peak_mb"] = round(tracemalloc.get_traced_memory()[1] / 1e6, 1)
    tracemalloc.stop()
    return found


def measure_questions() -> dict[str, float]:
    """Return what questions of "what if" take: each of 10 000 tasks longer, and one of 2 000 tasks later."""
    small, trust = a_network(10_000), a_trust(2_000, schools=50)
    schedule = time_roadmap(trust)
    asked = sorted(trust.tasks)[::20]
    last = max(schedule.timed.values(), key=lambda t: t.early_finish).task

    def ask() -> None:
        found = Consequences(trust, schedule)
        for task in asked:
            found.finish_if(task, schedule[task].early_finish + 420, last)

    return {
        "if_longer_10k_ms": round(clock(lambda: if_longer(small, 420)) * 1000, 1),
        "finish_if_2000_tasks_ms": round(clock(ask) * 1000 / len(asked), 2),
    }


def measure_trust() -> dict[str, float]:
    """Return milliseconds for a roadmap of 2 000 tasks on 50 schools' calendars, every task's dates read."""
    roadmap = a_trust(2_000, schools=50)
    schedule = time_roadmap(roadmap)
    last = max(schedule.timed.values(), key=lambda t: t.early_finish).task
    return {
        "plan_2000_tasks_ms": round(clock(lambda: list(time_roadmap(roadmap).timed.values())) * 1000, 1),
        "why_2000_tasks_ms": round(clock(lambda: explain(roadmap, schedule, last)) * 1000, 2),
        "mspdi_read_2000_tasks_ms": round(_reading(a_network(2_000)) * 1000, 1),
    }


def _reading(roadmap: Roadmap) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.xml"
        write_roadmap(roadmap, time_roadmap(roadmap), path, name="A plan", calendar="office")
        return clock(lambda: read_mspdi(path))


def a_trust(count: int, *, schools: int) -> Roadmap:
    """The same network on the calendars of many schools, each closed for half-terms of its own."""
    roadmap, r = a_network(count), random.Random(11)  # noqa: S311
    week = Layer("week", dict.fromkeys(range(5), HOURS))
    calendars = {}
    for n in range(schools):
        first = [date(year, 2, 8) + timedelta(days=7 * (n % 3)) for year in range(2027, 2034)]
        closed = tuple(DaySpan(f, f + timedelta(days=4), (), "half-term") for f in first)
        layers = [week, Layer("school", spans=closed)]
        calendars[f"term {n}"] = compile_calendar(f"term {n}", layers, first=date(2026, 1, 1), last=date(2034, 1, 1))
    names = list(calendars)
    tasks = {t: replace(x, calendar=r.choice(names)) for t, x in roadmap.tasks.items()}
    return replace(roadmap, tasks=tasks, calendars=calendars)


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


def clock(work: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """Return seconds: the median of some rounds, after one to warm up."""
    work()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return median(took)
