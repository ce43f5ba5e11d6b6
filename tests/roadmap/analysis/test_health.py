"""The 14 points, each once kept and once broken on a roadmap that shows nothing else."""

from dataclasses import replace

import pytest

from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.roadmap.analysis.health import HealthCheck, check_health
from changeflow.roadmap.analysis.slippage import Slips
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, TaskProgress
from changeflow.values.words import Kind
from tests.builders import a_calendar, a_roadmap, a_task, at

NOW = at("2027-01-04")
PACK = next(p for p in shipped_rulepacks().packs if p.rulepack == "schedule-health")


def point(number: int, roadmap: Roadmap, **more: object) -> HealthCheck:
    def limits(key: str) -> float:
        return float(PACK.entries[key].value)

    values: dict[str, object] = {"limits": limits, "now": NOW} | more
    return check_health(Slips(roadmap, time_roadmap(roadmap)), **values)[number - 1]  # type: ignore[arg-type]


CHAIN = [a_task("A", 5, owner="x"), a_task("B", 5, owner="x"), a_task("C", 5, owner="x")]
LINKS = ("A -> B", "B -> C")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
def test_a_plain_chain_keeps_every_point(number: int):
    check = point(number, a_roadmap(*CHAIN, links=LINKS))
    assert (check.number, check.passed, check.offenders) == (number, True, ())


def test_loose_ends_beyond_one_start_and_one_finish():
    check = point(1, a_roadmap(*CHAIN, a_task("loose", 1), links=LINKS))
    assert (check.passed, check.offenders) == (False, ("loose",))
    assert check.found == "1 of 4 open tasks (25%)"


@pytest.mark.parametrize(
    ("number", "links", "offender"),
    [(2, ("A -> B FS-1d", "B -> C"), "B"), (3, ("A -> B FS+2d", "B -> C"), "B"), (4, ("A -> B SS", "B -> C"), "B")],
)
def test_leads_lags_and_other_types_of_link(number: int, links: tuple[str, ...], offender: str):
    check = point(number, a_roadmap(*CHAIN, links=links))
    assert (check.passed, check.offenders) == (False, (offender,))


def test_the_wait_for_a_checkpoint_is_no_lag_that_hides_work():
    """Two weeks from B to C: counted where C is work, and not where it looks back at what B brought."""
    found = [
        point(3, a_roadmap(*CHAIN[:2], a_task("C", 5, kind=kind), links=("A -> B", "B -> C FS+10d")))
        for kind in (Kind.WORK, Kind.CHECKPOINT)
    ]
    assert [(c.passed, c.found) for c in found] == [(False, "1 of 2 links (50%)"), (True, "0 of 2 links (0%)")]


def test_added_tasks_do_not_count_against_the_plan():
    """An added task without an owner or link is not a mistake; a task from a file is."""
    loose = a_task("say-why", 60)
    for number in (1, 8, 10):
        assert point(number, a_roadmap(*CHAIN, replace(loose, is_added=True), links=LINKS)).passed, number
        assert not point(number, a_roadmap(*CHAIN, loose, links=LINKS)).passed, number


def test_hard_constraints_but_not_soft_ones():
    hard = a_task("D", 1, constraints=(Constraint(Bound.MUST_START, at("2027-01-25T09:00")),))
    soft = a_task("D", 1, constraints=(Constraint(Bound.START_NO_EARLIER, at("2027-01-25T09:00")),))
    links = (*LINKS, "C -> D")
    assert point(5, a_roadmap(*CHAIN, hard, links=links)).offenders == ("D",)
    assert point(5, a_roadmap(*CHAIN, soft, links=links)).passed


def test_float_of_more_than_44_days():
    check = point(6, a_roadmap(a_task("long", 60), a_task("short", 2)))
    assert (check.passed, check.offenders) == (False, ("short",))


def test_a_go_live_bounds_the_float_of_what_comes_before_it():
    """Training of 2 days has 58 before the end, and 3 before the go-live that it is for, after a build of 5."""
    tasks = (a_task("build", 5), a_task("train", 2), a_task("long", 60))
    links = ("build -> live", "train -> live")
    live, work = (a_task("live", 0 if kind is Kind.GO_LIVE else 1, kind=kind) for kind in (Kind.GO_LIVE, Kind.WORK))
    assert point(6, a_roadmap(*tasks, live, links=links)).offenders == ()
    assert point(6, a_roadmap(*tasks, work, links=links)).offenders == ("build", "train", "live")


def test_negative_float_needs_a_deadline():
    late = a_task("D", 1, deadline=at("2027-01-22T17:00"))
    assert point(7, a_roadmap(*CHAIN, late, links=(*LINKS, "C -> D"))).offenders == ("A", "B", "C", "D")


def test_durations_of_more_than_44_days():
    assert point(8, a_roadmap(a_task("A", 44), a_task("B", 45), links=("A -> B",))).offenders == ("B",)


def test_an_actual_date_in_the_future():
    progress = {"A": TaskProgress(at("2027-02-01T09:00"))}
    assert point(9, a_roadmap(*CHAIN, links=LINKS, progress=progress)).offenders == ("A",)


def test_work_without_an_owner():
    assert point(10, a_roadmap(a_task("A", 5), a_task("B", "2h"))).offenders == ("A",)


def test_missed_tasks_and_the_baseline_execution_index():
    """Four tasks were to be done by Monday 1 February; one is, on time, one late, two are not: three of four missed,
    and two done of four due: 0.50."""
    tasks = [a_task(name, 5) for name in "ABCD"]
    done = {
        "A": TaskProgress(at("2027-01-04T09:00"), at("2027-01-08T17:00")),
        "B": TaskProgress(at("2027-01-04T09:00"), at("2027-01-20T17:00")),
    }
    more = {"baseline": dict.fromkeys("ABCD", at("2027-01-08T17:00")), "now": at("2027-02-01")}
    roadmap = a_roadmap(*tasks, progress=done)
    missed, index = point(11, roadmap, **more), point(14, roadmap, **more)
    assert (missed.passed, missed.offenders, missed.found) == (False, ("B", "C", "D"), "3 of 4 due by now (75%)")
    assert (index.passed, index.found) == (False, "0.50")


def test_without_a_baseline_two_points_cannot_be_told():
    roadmap = a_roadmap(*CHAIN, links=LINKS)
    assert [point(n, roadmap).passed for n in (11, 14)] == [None, None]


def test_the_critical_path_test_is_run_for_real():
    """A set date that successors cannot move breaks the path: six hundred days more move the end by nothing."""
    held = a_task("C", 5, constraints=(Constraint(Bound.MUST_START, at("2027-01-18T09:00")),))
    long = a_calendar()
    whole = a_roadmap(*CHAIN, links=LINKS, calendars={"office": long})
    broken = a_roadmap(*CHAIN[:2], held, links=LINKS, calendars={"office": long})
    assert point(12, whole).passed
    assert not point(12, broken).passed


@pytest.mark.parametrize(
    ("deadline", "index", "passed"),
    [("2027-02-05T17:00", "1.25", True), ("2027-01-29T17:00", "1.00", True), ("2027-01-27T17:00", "0.90", False)],
)
def test_the_critical_path_length_index(deadline: str, index: str, passed: bool):
    """Twenty days from Monday 4 to Friday 29 January. A deadline a week later gives 25/20, on the day 20/20, two days
    earlier 18/20."""
    roadmap = a_roadmap(a_task("Live", 20, deadline=at(deadline)), a_task("later", 60))
    check = point(13, roadmap, target="Live")
    assert (check.found, check.passed) == (index, passed)


def test_an_index_that_is_missed_by_a_hair_does_not_look_kept():
    """19 days and a day less of float: 18/19 is 0.947, below 0.95, and 0.94 when rounded down."""
    check = point(13, a_roadmap(a_task("Live", 19, deadline=at("2027-01-27T17:00"))), target="Live")
    assert (check.found, check.passed) == ("0.94", False)


def test_the_critical_path_test_leaves_deadlines_out():
    """Sign takes Monday 4 January and must be done that day: no float. It meets Build, of 100 days, at the end.

    600 days more of Build move the end by 600; of Sign they would by 501, for it has 99 days before.
    """
    sign = a_task("a-sign", 1, deadline=at("2027-01-04T17:00"))
    roadmap = a_roadmap(sign, a_task("build", 100), a_task("end", 1), links=("a-sign -> end", "build -> end"))
    assert time_roadmap(roadmap)["a-sign"].critical
    found = point(12, roadmap)
    assert (found.found, found.passed) == ("a test delay of 600 working days moved the end by 600", True)
