"""Why a task of a programme has its dates: the same answer for the command and the task's page."""

from collections.abc import Sequence
from dataclasses import replace

from changeflow.planning.last_days import last_day
from changeflow.programme.programme import Programme
from changeflow.reports.last_days import last_day_text
from changeflow.roadmap.analysis.slippage import format_cut_off
from changeflow.roadmap.analysis.why import Because, Why, explain
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.rules.titles import with_titles
from changeflow.values.base import TaskId
from changeflow.values.words import Kind


def explain_task(programme: Programme, task: TaskId) -> Why:
    """Explain a task's dates: also until when a decision can wait, and how far the task can slip before a milestone
    moves."""
    costs = []
    if programme.roadmap.tasks[task].kind is Kind.DECISION and not programme.is_done(task):
        costs.append(last_day_text(last_day(programme, task)))
    schedule = programme.required_schedule
    ahead = () if programme.is_done(task) else programme.open_milestones
    cut_offs = (programme.slips.cut_off(task, m.task) for m in ahead if m.task != task)
    costs += [format_cut_off(programme.roadmap, schedule, c) for c in cut_offs if c is not None]
    return replace(explain_dates(programme.roadmap, schedule, task), costs=tuple(costs))


def explain_dates(roadmap: Roadmap, schedule: Schedule, task: TaskId) -> Why:
    """Explain a task's dates, and name the rules that add links."""
    why = explain(roadmap, schedule, task)
    return replace(why, chain=_titled(why.chain), late_chain=_titled(why.late_chain))


def _titled(chain: Sequence[Because]) -> tuple[Because, ...]:
    return tuple(Because(one.task, with_titles(one.sentence)) for one in chain)
