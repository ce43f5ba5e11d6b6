"""The critical path method against cases worked by hand. Days are Monday to Friday, 9 to 17; 4 Jan 2027 is a Monday."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.errors import CyclicRoadmapError
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap, TaskProgress
from changeflow.values.duration import Duration, parse_duration
from tests.builders import DAY, OFFICE, a_calendar, a_link, a_roadmap, a_task, at, clock
from tests.quick import draws


def early(schedule: Schedule, task: str) -> tuple[str, str]:
    return clock(schedule[task].early_start), clock(schedule[task].early_finish)


def late(schedule: Schedule, task: str) -> tuple[str, str]:
    return clock(schedule[task].late_start), clock(schedule[task].late_finish)


def test_the_shorter_branch_gets_the_float():
    roadmap = a_roadmap(
        a_task("pilot", 10), a_task("train", 4), a_task("go-live", 0), links=("pilot -> go-live", "train -> go-live")
    )

    schedule = time_roadmap(roadmap)

    # Ten days from Monday 4 January end on Friday 15; four end on Thursday 7: six days to spare.
    assert early(schedule, "pilot") == ("Mon 04 Jan 09:00", "Fri 15 Jan 17:00")
    assert early(schedule, "train") == ("Mon 04 Jan 09:00", "Thu 07 Jan 17:00")
    assert late(schedule, "train") == ("Tue 12 Jan 09:00", "Fri 15 Jan 17:00")
    assert (schedule["pilot"].total_float, schedule["train"].total_float) == (0, 6 * DAY)
    assert schedule["train"].free_float == 6 * DAY
    assert [t for t in roadmap.tasks if schedule[t].driving] == ["pilot", "go-live"]
    assert early(schedule, "go-live") == ("Fri 15 Jan 17:00", "Fri 15 Jan 17:00"), "a milestone keeps its position"


def test_a_driver_may_have_float_when_calendars_differ():
    """Oracle: A ends Friday 12 February, half-term is 15 to 19, B starts on the 22nd. A has 5 days of float and
    drives B all the same; five days later has no effect, six days later delays B by one day."""
    term = a_calendar("term", ("2027-02-15", "2027-02-19", "half-term"))

    def b_start(slip: int) -> tuple[str, int, bool]:
        roadmap = a_roadmap(
            a_task("A", 5 + slip),
            a_task("B", 5, calendar="term"),
            links=("A -> B",),
            start="2027-02-08",
            calendars={"office": OFFICE, "term": term},
        )
        schedule = time_roadmap(roadmap)
        return clock(schedule["B"].early_start), schedule["A"].total_float, schedule["A"].driving

    assert b_start(0) == ("Mon 22 Feb 09:00", 5 * DAY, True)
    assert b_start(5) == ("Mon 22 Feb 09:00", 0, True)
    assert b_start(6) == ("Tue 23 Feb 09:00", 0, True)


@pytest.mark.parametrize(
    ("link", "start", "finish"),
    [
        # A takes Monday to Wednesday, B two days.
        ("A -> B", "Thu 07 Jan 09:00", "Fri 08 Jan 17:00"),
        ("A -> B FS+1d", "Fri 08 Jan 09:00", "Mon 11 Jan 17:00"),
        ("A -> B FS-1d", "Wed 06 Jan 09:00", "Thu 07 Jan 17:00"),
        ("A -> B SS+1d", "Tue 05 Jan 09:00", "Wed 06 Jan 17:00"),
        ("A -> B FF", "Tue 05 Jan 09:00", "Wed 06 Jan 17:00"),
        ("A -> B FF+1d", "Wed 06 Jan 09:00", "Thu 07 Jan 17:00"),
        ("A -> B SF+3d", "Tue 05 Jan 09:00", "Wed 06 Jan 17:00"),
        # Wednesday 17:00 plus three days of the clock is Saturday 17:00: work goes on on Monday.
        ("A -> B FS+3ed", "Mon 11 Jan 09:00", "Tue 12 Jan 17:00"),
        # Half of A's three days is one and a half: Friday 13:00.
        ("A -> B FS+50%", "Fri 08 Jan 13:00", "Tue 12 Jan 13:00"),
    ],
)
def test_each_type_of_link_and_lag(link: str, start: str, finish: str):
    schedule = time_roadmap(a_roadmap(a_task("A", 3), a_task("B", 2), links=(link,)))
    assert early(schedule, "B") == (start, finish)


def test_a_start_to_start_link_bounds_the_late_start():
    schedule = time_roadmap(a_roadmap(a_task("A", 1), a_task("B", 5), links=("A -> B SS+2d",)))
    # B runs Wednesday 6 to Tuesday 12; A must start two days before B, although its finish is free.
    assert late(schedule, "A") == ("Mon 04 Jan 09:00", "Mon 04 Jan 17:00")
    assert schedule["A"].total_float == 0


def test_a_missed_deadline_is_negative_float_all_along_the_chain():
    roadmap = a_roadmap(a_task("A", 5), a_task("B", 5, deadline=at("2027-01-14")), links=("A -> B",))
    schedule = time_roadmap(roadmap)
    # B ends on Friday 15; the end of Wednesday 13 is two days earlier.
    assert (schedule["A"].total_float, schedule["B"].total_float) == (-2 * DAY, -2 * DAY)
    assert schedule["A"].critical


def test_a_deadline_with_room_leaves_float_without_it():
    schedule = time_roadmap(a_roadmap(a_task("A", 5, deadline=at("2027-01-12")), a_task("B", 20)))
    assert schedule["A"].total_float == 1 * DAY


def test_a_start_that_was_set_holds_work_back_but_never_pulls_it():
    late_start = Constraint(Bound.START_NO_EARLIER, at("2027-01-13"))
    early_start = Constraint(Bound.START_NO_EARLIER, at("2027-01-04"))
    tasks = [a_task("A", 5), a_task("B", 1, constraints=(late_start,)), a_task("C", 1, constraints=(early_start,))]
    schedule = time_roadmap(a_roadmap(*tasks, links=("A -> B", "A -> C")))
    assert early(schedule, "B")[0] == "Wed 13 Jan 09:00"
    assert schedule["B"].reason == "start_no_earlier"
    assert early(schedule, "C")[0] == "Mon 11 Jan 09:00"
    assert schedule["C"].reason == "links"


def test_a_start_that_must_be_wins_over_logic_and_shows_what_it_costs():
    must = Constraint(Bound.MUST_START, at("2027-01-07T09:00"))
    schedule = time_roadmap(a_roadmap(a_task("A", 5), a_task("B", 1, constraints=(must,)), links=("A -> B",)))
    assert early(schedule, "B")[0] == "Thu 07 Jan 09:00"
    assert schedule["A"].total_float == -2 * DAY


def test_an_opening_makes_a_day_cost_a_month():
    def go_live(days: int) -> tuple[str, int]:
        roadmap = a_roadmap(a_task("build", days), a_task("go-live", 0, starts_on="month"), links=("build -> go-live",))
        schedule = time_roadmap(roadmap)
        return clock(schedule["go-live"].early_start), schedule["build"].free_float // DAY

    # Twenty days from 4 January end on Friday the 29th, so that 1 February is reached without float.
    assert go_live(19) == ("Mon 01 Feb 00:00", 1)
    assert go_live(20) == ("Mon 01 Feb 00:00", 0)
    assert go_live(21) == ("Mon 01 Mar 00:00", 19)


def test_whole_pay_periods_run_from_opening_to_closing():
    roadmap = a_roadmap(
        a_task("train", 3),
        a_task("parallel", "2pp"),
        a_task("decide", 1),
        links=("train -> parallel", "parallel -> decide"),
    )
    schedule = time_roadmap(roadmap)
    assert early(schedule, "parallel") == ("Mon 01 Feb 00:00", "Thu 01 Apr 00:00")
    assert early(schedule, "decide")[0] == "Thu 01 Apr 09:00"
    # Three days from Monday 4 January; the opening is missed from Monday 1 February on: 17 working days.
    assert schedule["train"].total_float == 17 * DAY


def test_an_elapsed_wait_runs_through_nights_and_weekends_and_its_float_is_of_the_clock():
    roadmap = a_roadmap(
        a_task("plan", 5), a_task("consult", "30ed"), a_task("long", 40), links=("plan -> consult", "plan -> long")
    )
    schedule = time_roadmap(roadmap)
    assert early(schedule, "consult") == ("Fri 08 Jan 17:00", "Sun 07 Feb 17:00")
    assert schedule["consult"].total_float == schedule.finish - at("2027-02-07T17:00")


def test_school_weeks_are_counted_on_the_term_calendar():
    term = a_calendar("term", ("2027-02-15", "2027-02-19", "half-term"))
    roadmap = a_roadmap(
        a_task("live", 0),
        a_task("checkpoint", 1, term_calendar="term"),
        links=("live -> checkpoint FS+2sw",),
        start="2027-02-08",
        calendars={"office": OFFICE, "term": term},
    )
    # Two school weeks from Monday 8 February are that week and, after half-term, the one of the 22nd.
    assert early(time_roadmap(roadmap), "checkpoint")[0] == "Mon 01 Mar 09:00"


def test_what_has_not_begun_cannot_begin_before_the_data_date():
    roadmap = a_roadmap(
        a_task("A", 5), a_task("B", 5), links=("A -> B",), data_date=at("2027-01-13"),
        progress={"A": TaskProgress(at("2027-01-04T09:00"), at("2027-01-07T17:00"))},
    )  # fmt: skip
    schedule = time_roadmap(roadmap)
    assert early(schedule, "B")[0] == "Wed 13 Jan 09:00"
    assert schedule["B"].reason == "data_date"
    assert schedule["A"].total_float == 0
    assert not schedule["A"].critical


def test_begun_work_whose_days_have_passed_ends_at_the_data_date():
    """A began on Monday 4 January and should have ended on Wednesday 6. On Monday 11 no one has said that it has, nor
    what is left of it, so it ends then at the earliest, and B begins."""
    roadmap = a_roadmap(
        a_task("A", 3), a_task("B", 1), links=("A -> B",), data_date=at("2027-01-11"),
        progress={"A": TaskProgress(at("2027-01-04T09:00"))},
    )  # fmt: skip
    schedule = time_roadmap(roadmap)
    assert clock(schedule["A"].early_finish) == "Mon 11 Jan 00:00"
    assert clock(schedule["B"].early_finish) == "Mon 11 Jan 17:00"


def test_what_is_left_of_a_begun_task_goes_on_from_the_data_date():
    roadmap = a_roadmap(
        a_task("A", 5), a_task("B", 1), links=("A -> B",), data_date=at("2027-01-11"),
        progress={"A": TaskProgress(at("2027-01-04T09:00"), None, Duration(2 * DAY))},
    )  # fmt: skip
    schedule = time_roadmap(roadmap)
    assert early(schedule, "A") == ("Mon 04 Jan 09:00", "Tue 12 Jan 17:00")
    assert early(schedule, "B")[0] == "Wed 13 Jan 09:00"


def test_all_ties_drive():
    roadmap = a_roadmap(
        a_task("A", 5), a_task("B", 5), a_task("C", 4), a_task("end", 0), links=("A -> end", "B -> end", "C -> end")
    )
    schedule = time_roadmap(roadmap)
    assert [link.predecessor for link in schedule["end"].drivers] == ["A", "B"]
    assert schedule.path_to("end") == {"A", "B", "end"}


def test_the_path_to_a_milestone_is_not_the_path_to_the_end():
    roadmap = a_roadmap(a_task("A", 5), a_task("pilot-live", 0), a_task("B", 20), links=("A -> pilot-live",))
    schedule = time_roadmap(roadmap)
    assert schedule.path_to("pilot-live") == {"A", "pilot-live"}
    assert [t for t in roadmap.tasks if schedule[t].driving] == ["B"]


def test_a_loop_is_named_in_full():
    roadmap = a_roadmap(a_task("A"), a_task("B"), a_task("C"), links=("A -> B", "B -> C", "C -> A"))
    with pytest.raises(CyclicRoadmapError, match="A -> B -> C -> A"):
        time_roadmap(roadmap)


CLOSED = a_calendar("term", ("2027-02-15", "2027-02-19", "half-term"), ("2027-04-01", "2027-04-16", "Easter"))


@st.composite
def roadmaps(draw: st.DrawFn) -> Roadmap:
    count = draw(st.integers(1, 8))
    tasks = [
        a_task(
            f"t{n}",
            draw(st.sampled_from(["0d", "1d", "3d", "7d", "4h", "10ed", "1pp"])),
            calendar=draw(st.sampled_from(["office", "term"])),
            starts_on=draw(st.sampled_from([None, None, None, "month"])),
        )
        for n in range(count)
    ]
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12)) if pairs else []
    kinds = st.sampled_from(["FS", "FS", "SS", "FF", "SF", "FS+2d", "SS+1d", "FS+5ed", "FS-1d"])
    links = tuple(f"t{a} -> t{b} {draw(kinds)}" for a, b in chosen)
    return a_roadmap(
        *tasks,
        links=links,
        calendars={"office": OFFICE, "term": CLOSED},
    )


@pytest.mark.slow
@given(roadmaps())
@settings(max_examples=draws(150))
def test_no_date_breaks_a_link_and_no_float_is_negative(roadmap: Roadmap):
    schedule = time_roadmap(roadmap)
    for timed in schedule.timed.values():
        assert timed.early_start <= timed.early_finish
        assert timed.total_float >= 0, "without deadlines nothing can be late"
        assert timed.free_float >= 0
    for link in roadmap.links:
        before, after = schedule[link.predecessor], schedule[link.successor]
        if link.lag.is_zero and link.type.value == "FS":
            # A window that opens at midnight is not missed before the successor's people come to work.
            calendar = roadmap.calendar_of(link.successor)
            assert calendar.between(before.early_finish, after.early_start) >= 0
            assert calendar.between(before.late_finish, after.late_start) >= 0


@pytest.mark.slow
@given(roadmaps())
@settings(max_examples=draws(100))
def test_adding_a_link_never_moves_an_early_date_earlier(roadmap: Roadmap):
    ids = sorted(roadmap.tasks)
    extra = (a_link(f"{ids[0]} -> {ids[-1]}"),) if len(ids) > 1 else ()
    before, after = time_roadmap(roadmap), time_roadmap(replace(roadmap, links=(*roadmap.links, *extra)))
    assert all(after[t].early_start >= before[t].early_start for t in ids)


@pytest.mark.slow
@given(roadmaps())
@settings(max_examples=draws(60))
def test_every_driving_chain_begins_without_a_driver_and_ends_at_the_finish(roadmap: Roadmap):
    schedule = time_roadmap(roadmap)
    driving = [t for t in schedule.timed.values() if t.driving]
    assert any(t.early_finish == schedule.finish for t in driving)
    assert any(not t.drivers for t in driving)


def test_what_is_too_late_has_no_free_float_before_the_next_task_either():
    """A ends on Monday 4 January, B has to end by the Monday and takes until Tuesday: both are a day late. C could wait
    for D until Friday, but has to end on the 4th itself, two days before it does: its free float is no more than -2."""
    tasks = (
        a_task("A"),
        a_task("B", deadline=at("2027-01-05")),
        a_task("C", 3, deadline=at("2027-01-05")),
        a_task("D", 4),
    )
    schedule = time_roadmap(a_roadmap(*tasks, a_task("E"), links=("A -> B", "C -> E", "D -> E")))
    floats = {t: (schedule[t].total_float / DAY, schedule[t].free_float / DAY) for t in "ABCDE"}
    assert floats == {"A": (-1, -1), "B": (-1, -1), "C": (-2, -2), "D": (0, 0), "E": (0, 0)}


def test_a_lead_of_school_weeks_goes_back_in_school_days():
    """A takes from Monday 4 to Friday 15 January. Two school weeks before its end are ten days: B begins with it."""
    schedule = time_roadmap(
        a_roadmap(a_task("A", 10), a_task("B"), a_task("C"), links=("A -> B FS-2sw", "A -> C FS-1sw"))
    )
    assert clock(schedule["B"].early_start) == "Mon 04 Jan 09:00"
    assert clock(schedule["C"].early_start) == "Mon 11 Jan 09:00"


@pytest.mark.parametrize(("lag", "what"), [("-1pp", "pay periods"), ("-2t", "terms")])
def test_a_lead_of_whole_periods_is_refused_with_what_to_write_instead(lag: str, what: str):
    with pytest.raises(
        ValueError, match=rf"'{lag}' is negative. A lag in whole {what} cannot overlap. .* such as -20d"
    ):
        parse_duration(lag, minutes_per_day=DAY, lag=True)
