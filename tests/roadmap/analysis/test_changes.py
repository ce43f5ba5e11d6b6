"""A slip is taken apart by cause, and the parts add up. Monday is 4 January 2027; days are Monday to Friday."""

import random
from dataclasses import replace

import pytest

from changeflow.errors import CalendarExhaustedError, CyclicRoadmapError
from changeflow.roadmap.analysis.changes import Cause, attribute
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Roadmap, TaskProgress
from changeflow.values.duration import Duration
from changeflow.values.words import Kind
from tests.builders import DAY, a_calendar, a_roadmap, a_task, at
from tests.quick import quick_first
from tests.roadmap.engine.test_kernel import a_random_roadmap


def a_plan(**more: object) -> Roadmap:
    """Requirements (5 days, to Friday 8), build (5 days, to Friday 15), decide (Monday 18), live that evening."""
    return a_roadmap(
        a_task("requirements", 5),
        a_task("build", 5),
        a_task("decide", 1, kind=Kind.DECISION),
        a_task("live", 0),
        links=("requirements -> build", "build -> decide", "decide -> live"),
        **more,
    )


def causes(before: Roadmap, after: Roadmap) -> list[tuple[Cause, tuple[str, ...], int]]:
    [slip] = attribute(before, after, ["live"])
    assert sum(p.days for p in slip.parts) == slip.days
    return [(p.cause, p.tasks, p.days) for p in slip.parts]


def changed(roadmap: Roadmap, task: str, **fields: object) -> Roadmap:
    return replace(roadmap, tasks={**roadmap.tasks, task: replace(roadmap.tasks[task], **fields)})


class TestOneCause:
    """Live is on Monday 18. Each change is worked by hand."""

    def test_a_longer_estimate(self):
        """Build takes seven days, to Tuesday 19: decide on Wednesday 20, two days later."""
        longer = changed(a_plan(), "build", duration=Duration(7 * DAY))
        assert causes(a_plan(), longer) == [(Cause.RE_ESTIMATE, ("build",), 2)]

    def test_added_work_takes_its_links_along(self):
        """Train (3 days) from Monday 18 comes between build and decide: to Wednesday 20, decide on Thursday 21."""
        plan = a_plan()
        train = a_task("train", 3)
        more = replace(
            plan,
            tasks={**plan.tasks, "train": train},
            links=(*plan.links, Link("build", "train"), Link("train", "decide")),
        )
        assert causes(plan, more) == [(Cause.ADDED_WORK, ("train",), 3)]
        assert causes(more, plan) == [(Cause.REMOVED_WORK, ("train",), -3)]

    def test_a_closure(self):
        """Monday 11 to Wednesday 13 are closed: three days later, Thursday 21."""
        shut = a_calendar("office", ("2027-01-11", "2027-01-13", "strike"))
        assert causes(a_plan(), replace(a_plan(), calendars={"office": shut})) == [(Cause.CALENDAR, (), 3)]

    def test_a_rules_link_is_told_from_an_authors(self):
        """A survey of twelve days, to Tuesday 19, comes before decide: Wednesday 20."""
        plan = replace(a_plan(), tasks={**a_plan().tasks, "survey": a_task("survey", 12)})
        for origin, cause in (("authored", Cause.LINK), ("rule:R02", Cause.RULE)):
            linked = replace(plan, links=(*plan.links, Link("survey", "decide", origin=origin)))
            assert causes(plan, linked) == [(cause, ("decide",), 2)]

    def test_a_set_date(self):
        """Build may not start before Wednesday 13: two days later."""
        later = changed(a_plan(), "build", constraints=(Constraint(Bound.START_NO_EARLIER, at("2027-01-13")),))
        assert causes(a_plan(), later) == [(Cause.SET_DATE, ("build",), 2)]

    def test_a_school_that_moves_to_another_wave(self):
        plan = changed(a_plan(), "build", wave="w1")
        moved = changed(plan, "build", wave="w2", constraints=(Constraint(Bound.START_NO_EARLIER, at("2027-01-13")),))
        assert causes(plan, moved) == [(Cause.WAVE_MOVE, ("build",), 2)]

    def test_a_late_actual(self):
        """Requirements ended on Tuesday 12 instead of Friday 8: two working days, and all else follows."""
        late = {"requirements": TaskProgress(at("2027-01-04T09:00"), at("2027-01-12T17:00"))}
        after = replace(a_plan(), progress=late, data_date=at("2027-01-13"))
        assert causes(a_plan(), after) == [(Cause.ACTUAL, ("requirements",), 2)]

    def test_a_late_decision_is_told_apart(self):
        """Build ended as planned on Friday 15; no one decided by Thursday 21, the data date: three days later."""
        done = {
            "requirements": TaskProgress(at("2027-01-04T09:00"), at("2027-01-08T17:00")),
            "build": TaskProgress(at("2027-01-11T09:00"), at("2027-01-15T17:00")),
        }
        after = replace(a_plan(), progress=done, data_date=at("2027-01-21"))
        assert causes(a_plan(), after) == [(Cause.DECISION, ("decide",), 3)]

    def test_unstarted_work_is_reported_with_its_task(self):
        """Nothing has begun by Wednesday 6: two days later."""
        assert causes(a_plan(), replace(a_plan(), data_date=at("2027-01-06"))) == [
            (Cause.NOT_DONE, ("requirements",), 2)
        ]


def test_several_causes_are_shared_out_and_add_up():
    """Build takes seven days (two more), requirements ended on Monday 11 (one more working day): Monday 18 becomes
    Thursday 21. A shorter decision (none, on Wednesday 20 in the evening) would take one of them back."""
    after = changed(a_plan(), "build", duration=Duration(7 * DAY))
    late = {"requirements": TaskProgress(at("2027-01-04T09:00"), at("2027-01-11T17:00"))}
    after = replace(after, progress=late, data_date=at("2027-01-12"))
    assert causes(a_plan(), after) == [(Cause.RE_ESTIMATE, ("build",), 2), (Cause.ACTUAL, ("requirements",), 1)]


def test_a_date_has_the_same_causes_whatever_else_is_asked_about():
    """A day less for requirements and a day more for build leave the end where it is, and move requirements."""
    plan = a_plan()
    shorter = changed(plan, "requirements", duration=Duration(plan.tasks["requirements"].duration.amount - DAY))
    after = changed(shorter, "build", duration=Duration(plan.tasks["build"].duration.amount + DAY))
    [alone] = attribute(plan, after, ["live"])
    beside = {s.target: s for s in attribute(plan, after, ["live", "requirements"])}
    assert beside["live"] == alone
    assert alone.parts == ()
    assert [(p.cause, p.days) for p in beside["requirements"].parts] == [(Cause.RE_ESTIMATE, -1)]


def test_what_moves_no_target_is_not_told():
    plan = replace(a_plan(), tasks={**a_plan().tasks, "aside": a_task("aside", 1)})
    assert causes(plan, changed(plan, "aside", duration=Duration(3 * DAY))) == []


@pytest.mark.parametrize("seed", quick_first(15, range(60), usual=15, thorough=30))
def test_between_any_two_states_the_parts_add_up_to_the_whole(seed: int):
    """Two random roadmaps share some tasks' names and nothing else: whatever differs, no day is lost."""
    r = random.Random(seed)
    before, after = a_random_roadmap(r.randrange(10_000)), a_random_roadmap(r.randrange(10_000))
    targets = sorted((before.tasks.keys() & after.tasks.keys()) - {*before.parents.values(), *after.parents.values()})
    try:
        ends = [{t: time_roadmap(x)[t].early_finish for t in targets} for x in (before, after)]
        slips = attribute(before, after, targets)
    except (CalendarExhaustedError, CyclicRoadmapError):
        return
    for slip in slips:
        assert sum(p.days for p in slip.parts) == slip.days
        if not any(t.as_late_as_possible for x in (before, after) for t in x.tasks.values()):
            assert (slip.before, slip.after) == (ends[0][slip.target], ends[1][slip.target])
