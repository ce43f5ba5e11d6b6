"""A slip in words: how far a date has moved, and which start window it waits for."""

from changeflow.reports.changes import build_changes
from changeflow.roadmap.analysis.changes import Slip
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Roadmap
from tests.builders import a_roadmap, a_task


def of_build(days: int) -> Roadmap:
    return a_roadmap(a_task("Build", days), a_task("Live", 1, starts_on="month"), links=("Build -> Live",))


def sentence(was: Roadmap, now: Roadmap, task: str) -> str:
    before, after = (time_roadmap(roadmap)[task].early_finish for roadmap in (was, now))
    [line] = build_changes("since then", [Slip(task, before, after, ())], was, now).slips
    return line.sentence


def test_a_slip_of_a_month_names_the_start_window_that_the_task_waits_for():
    """Build ends on Friday 22 January, or six days later on Monday 1 February, after the month has begun."""
    early, late = of_build(15), of_build(21)
    waits = " It can happen only at the start of a month."
    assert sentence(early, late, "Live") == "“Live” is 28 days later, on 1 Mar 2027 (was 1 Feb 2027)." + waits
    assert sentence(late, early, "Live") == "“Live” is 28 days earlier, on 1 Feb 2027 (was 1 Mar 2027)."
    assert sentence(early, late, "Build") == "“Build” is 10 days later, on 1 Feb 2027 (was 22 Jan 2027)."
