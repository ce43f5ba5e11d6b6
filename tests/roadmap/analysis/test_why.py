"""Every date says why, in words that a trustee can read."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from changeflow.roadmap.analysis.lengths import critical_or_float, float_in_words, length_in_words
from changeflow.roadmap.analysis.slippage import Slips
from changeflow.roadmap.analysis.why import explain, spare_before
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Roadmap, TaskProgress
from changeflow.values.duration import Duration
from tests.builders import DAY, OFFICE, a_calendar, a_roadmap, a_task, at
from tests.quick import draws
from tests.roadmap.engine.test_cpm import roadmaps

TERM = a_calendar("term", ("2027-02-15", "2027-02-19", "half-term"))


def test_the_chain_names_the_link_and_the_half_term_between():
    roadmap = a_roadmap(
        a_task("Build", 5), a_task("Train", 5, calendar="term"),
        links=("Build -> Train",), start="2027-02-08", calendars={"office": OFFICE, "term": TERM},
    )  # fmt: skip
    why = explain(roadmap, time_roadmap(roadmap), "Train")
    assert [b.sentence for b in why.chain] == [
        "“Build” runs from 8 to 12 Feb 2027, starting with the programme, because no other task comes before it.",
        (
            "“Train” runs from 22 to 26 Feb 2027, after “Build” ends (12 Feb); there is no work from 15 to 19 Feb 2027 "
            "(half-term). The work before it can slip by up to 5 working days without delaying it."
        ),
    ]
    assert why.late == "It has no float. If it slips, the programme ends later."


def test_float_is_quoted_in_its_own_unit():
    roadmap = a_roadmap(
        a_task("Train", 1, calendar="term"), a_task("Build", 10),
        start="2027-02-08", calendars={"office": OFFICE, "term": TERM},
    )  # fmt: skip
    why = explain(roadmap, time_roadmap(roadmap), "Train")
    # Of the ten working days to 19 February, five are school days: four are left after the first.
    assert why.late == "It can slip by 4 school days (its float), to 12 Feb 2027, without delaying the programme."


def test_a_rule_a_constraint_a_lag_and_a_fact_are_named():
    constraint = Constraint(Bound.START_NO_EARLIER, at("2027-01-11"))
    roadmap = a_roadmap(
        a_task("Done", 2), a_task("Set", 2, constraints=(constraint,)), a_task("Waits", 2), a_task("Ruled", 1),
        links=("Done -> Set", "Set -> Waits FS+2d"),
        progress={"Done": TaskProgress(at("2027-01-04T09:00"), at("2027-01-05T17:00"))},
    )  # fmt: skip
    roadmap = replace(roadmap, links=(*roadmap.links, Link("Waits", "Ruled", origin="rule:R02")))
    text = explain(roadmap, time_roadmap(roadmap), "Ruled").text
    assert "“Set” runs from 11 to 12 Jan 2027, because it is set to start no earlier than this." in text
    assert "“Waits” runs from 15 to 18 Jan 2027, 2 working days after “Set” ends (12 Jan)." in text
    assert "“Ruled” is on 19 Jan 2027, after “Waits” ends (18 Jan), as rule R02 requires." in text
    assert explain(roadmap, time_roadmap(roadmap), "Done").text == (
        "1. “Done” ran from 4 to 5 Jan 2027 (actual dates).\nIt is done."
    )


def test_a_wait_for_an_opening_is_named():
    roadmap = a_roadmap(a_task("Build", 5), a_task("Live", 0, starts_on="month"), links=("Build -> Live",))
    text = explain(roadmap, time_roadmap(roadmap), "Live").text
    assert "“Live” is on 1 Feb 2027, after “Build” ends (8 Jan); it can start only at the start of a month." in text


def test_a_task_whose_window_hides_float_does_not_move_itself():
    """Review, from 22 to 26 February, may end on 3 March with Other. Live could be later by that, but its next window
    opens on 1 March: Review then ends on Friday 5 March, after Other."""
    roadmap = a_roadmap(
        a_task("Live", 0, starts_on="month"), a_task("Review", 5, calendar="term"), a_task("Other", 33),
        links=("Live -> Review",), start="2027-01-18",
        calendars={"office": OFFICE, "term": a_calendar("term", ("2027-02-01", "2027-02-19", "closure"))},
    )  # fmt: skip
    late = explain(roadmap, time_roadmap(roadmap), "Live").late
    assert "Live" not in late
    assert late == (
        "It has no float. If it misses 1 Feb 2027, it waits for the next month, and the programme ends later."
    )


def test_float_to_the_end_says_that_what_waits_moves_sooner():
    """Live is on 1 February; Next opens a month too, and needs it 20 working days before: 1 March. Live on 1 March
    makes Next 1 April, and Last (30 calendar days) still ends on 1 May, before Other: 100 working days from 4 January
    end on Friday 21 May. So all of Live's float is float to the end, and not to Next, which its first day moves."""
    roadmap = a_roadmap(
        a_task("Build", 5), a_task("Live", 0, starts_on="month"), a_task("Next", 0, starts_on="month"),
        a_task("Last", "30ed"), a_task("Other", 100),
        links=("Build -> Live", "Live -> Next FS+20d", "Next -> Last"),
    )  # fmt: skip
    slips = Slips(roadmap, schedule := time_roadmap(roadmap))
    why = explain(roadmap, schedule, "Live")
    assert why.late == "It can slip by 20 working days (its float), to 1 Mar 2027, without delaying the programme."
    assert why.sooner == "But even a short delay moves the tasks that depend on it."
    ends = [slips.consequences.last_if("Live", at(day)) for day in ("2027-03-01", "2027-04-01")]
    assert [schedule.finish < end for end in ends] == [False, True]
    assert slips.finish_if("Live", at("2027-03-01"), "Next") > schedule["Next"].early_finish


@pytest.mark.slow
@given(roadmaps())
@settings(max_examples=draws(40))
def test_planning_again_confirms_the_float_in_words(roadmap: Roadmap):
    """A finish as late as the total float allows leaves the end where it is; without float, a day later moves it."""
    slips = Slips(roadmap, schedule := time_roadmap(roadmap))
    for task, timed in schedule.timed.items():
        why = explain(roadmap, schedule, task)
        if " After that, the programme ends later." in why.late:
            assert slips.consequences.last_if(task, timed.late_finish) == schedule.finish
        if why.late.startswith("It has no float") and all(k.type.from_finish for k in roadmap.links):
            assert slips.consequences.last_if(task, slips.slipped(task, 1)) > schedule.finish


def test_what_a_slip_costs_comes_before_what_sets_the_latest_dates():
    roadmap = a_roadmap(a_task("Build", 5), a_task("Train", 2), links=("Build -> Train",))
    why = replace(explain(roadmap, time_roadmap(roadmap), "Train"), costs=("One working day later costs a month.",))
    assert why.text.splitlines()[2:] == [
        "It has no float. If it slips, the programme ends later.",
        "One working day later costs a month.",
        "How late it can be, and why:",
        "1. “Train” must be complete by 12 Jan 2027, when the programme ends.",
    ]


def test_a_lag_and_a_cut_off_are_in_days_of_their_calendar():
    """Live is on Friday 5 February. Five school days later is Monday 22, after half-term: Friday 12 is the fifth."""
    roadmap = a_roadmap(
        a_task("Live", 5), a_task("Review", 1, calendar="term"), a_task("Close", 1),
        links=("Live -> Review FS+5d", "Review -> Close FS+2d"), start="2027-02-01",
        calendars={"office": OFFICE, "term": TERM},
    )  # fmt: skip
    text = explain(roadmap, time_roadmap(roadmap), "Close").text
    assert "“Review” is on 22 Feb 2027, 5 school days after “Live” ends (5 Feb)." in text
    assert "“Close” is on 25 Feb 2027, 2 working days after “Review” ends (22 Feb)." in text
    assert length_in_words(Duration(5 * DAY), DAY, "term, northshire") == "5 school days"


def test_what_is_left_of_begun_work_is_said():
    """Build began on Monday with ten days, to Friday 15; on Wednesday morning eight are left. Reported: three."""
    begun = a_roadmap(a_task("Build", 10), progress={"Build": TaskProgress(at("2027-01-04T09:00"))})
    for roadmap, left in (
        (begun, "and takes 10 working days in all"),
        (replace(begun, data_date=at("2027-01-06")), "with 8 working days left"),
        (replace(begun, progress={"Build": replace(begun.progress["Build"], remaining=Duration(3 * DAY))}),
         "with 3 working days left"),
    ):  # fmt: skip
        assert f"; it has started, {left}." in explain(roadmap, time_roadmap(roadmap), "Build").text


def test_a_task_hangs_on_what_is_left_of_a_successor_that_has_begun():
    """Next began on Monday 4 January before Name had ended; its last three days wait for Name, then ten follow.

    Name ends on Friday 8, Next on Wednesday 13, Last on Wednesday 27, and the other 30 days end on Friday 12 February:
    twelve days of float. Name must end by Tuesday 26 January, not when the programme ends.
    """
    roadmap = a_roadmap(
        a_task("Name", 5), a_task("Next", 10), a_task("Last", 10), a_task("Other", 30),
        links=("Name -> Next", "Next -> Last"),
        progress={"Next": TaskProgress(at("2027-01-04T09:00"), remaining=Duration(3 * DAY))},
    )  # fmt: skip
    text = explain(roadmap, time_roadmap(roadmap), "Name").text
    assert "1. “Name” must be complete by 26 Jan 2027, because the rest of “Next” depends on it." in text
    assert "2. “Next” must be complete by 29 Jan 2027, in time for “Last”." in text
    assert "3. “Last” must be complete by 12 Feb 2027, when the programme ends." in text


def test_float_on_the_clock_is_in_whole_calendar_days():
    """Whole days are safe to use, and what is too late is too late by the day begun."""
    roadmap = a_roadmap(a_task("Wait", "5ed"), a_task("Other", 10))
    assert float_in_words(roadmap, "Wait", 6 * 1440 + 17 * 60) == "6 calendar days"
    assert float_in_words(roadmap, "Wait", -1441) == "-2 calendar days"
    assert float_in_words(roadmap, "Wait", 90) == "1 hour"


def test_a_missed_deadline_says_by_how_much_and_whose():
    roadmap = a_roadmap(a_task("Build", 5), a_task("Live", 1, deadline=at("2027-01-09")), links=("Build -> Live",))
    assert explain(roadmap, time_roadmap(roadmap), "Build").late == (
        "It ends 1 working day too late for “Live” to meet its deadline (8 Jan 2027)."
    )


def test_a_driving_task_with_float_says_both():
    """Half-term, 15 to 19 February, lies behind A: it drives B, and may be five working days later all the same."""
    roadmap = a_roadmap(
        a_task("A", 5), a_task("B", 5, calendar="term"),
        links=("A -> B",), start="2027-02-08", calendars={"office": OFFICE, "term": TERM},
    )  # fmt: skip
    schedule = time_roadmap(roadmap)
    assert schedule["A"].driving
    assert explain(roadmap, schedule, "A").late == (
        "It can slip by 5 working days (its float), to 19 Feb 2027, without delaying the programme."
    )
    assert "no work from 15 to 19 Feb 2027 (half-term)" in explain(roadmap, schedule, "B").text


def test_late_dates_have_a_chain_too_that_ends_at_the_deadline():
    """Build must end by Tuesday 12, so that Train (2 days) makes its deadline on Thursday 14."""
    roadmap = a_roadmap(
        a_task("Build", 5), a_task("Train", 2, deadline=at("2027-01-14T17:00")), a_task("Other", 20),
        links=("Build -> Train",),
    )  # fmt: skip
    assert [b.sentence for b in explain(roadmap, time_roadmap(roadmap), "Build").late_chain] == [
        "“Build” must be complete by 12 Jan 2027, in time for “Train”.",
        "“Train” must be complete by 14 Jan 2027, its deadline.",
    ]


def test_the_last_day_of_a_milestone_is_the_deadline_that_it_must_keep():
    """The deadline is the end of Friday 15 January, a midnight: the milestone and what leads to it may be on it. Build
    runs from 9:00 on Monday 4 to 9:00 on Saturday 9: to the midnight it has six days and 15 hours."""
    live = a_task("Live", 0, deadline=at("2027-01-16"))
    roadmap = a_roadmap(a_task("Build", "5ed"), live, a_task("Other", 20), links=("Build -> Live",))
    why = explain(roadmap, time_roadmap(roadmap), "Build")
    assert why.late == (
        "It can slip by 6 calendar days (its float), to 15 Jan 2027, before “Live” misses its deadline (15 Jan 2027)."
    )
    assert [b.sentence for b in why.late_chain] == [
        "“Build” must be complete by 15 Jan 2027, in time for “Live”.",
        "“Live” must be reached by 15 Jan 2027, its deadline.",
    ]


def test_the_late_chain_names_the_rule_and_the_end():
    roadmap = a_roadmap(a_task("Build", 5), a_task("Change", 2))
    roadmap = replace(roadmap, links=(Link("Build", "Change", origin="rule:R02"),))
    assert [b.sentence for b in explain(roadmap, time_roadmap(roadmap), "Build").late_chain] == [
        "“Build” must be complete by 8 Jan 2027, in time for “Change”, as rule R02 requires.",
        "“Change” must be complete by 12 Jan 2027, when the programme ends.",
    ]


def test_a_set_date_holds_late_dates_and_says_so():
    held = a_task("Sign", 1, constraints=(Constraint(Bound.FINISH_NO_LATER, at("2027-01-07T17:00")),))
    roadmap = a_roadmap(a_task("Draft", 2), held, a_task("Other", 20), links=("Draft -> Sign",))
    last = explain(roadmap, time_roadmap(roadmap), "Draft").late_chain[-1]
    assert last.sentence == "“Sign” must be complete by 7 Jan 2027, because it is set to finish no later than this."


def test_a_negative_float_is_quoted_and_none_is_critical():
    """A takes Monday to Friday and may take two days: three too many. B follows for a day and ends the plan."""
    tight = a_roadmap(a_task("a", 5, deadline=at("2027-01-05T17:00")), a_task("b"), links=("a -> b",))
    schedule = time_roadmap(tight)
    assert critical_or_float(tight, "a", schedule["a"].total_float) == "-3 working days"
    assert critical_or_float(tight, "b", schedule["b"].total_float) == "critical"


def test_a_milestone_at_the_weekend_after_its_deadline_is_late_by_the_next_working_day():
    """Five days of the clock from Monday 4 January end on Saturday. The deadline is Friday; no one works between."""
    due = a_task("Live", 0, deadline=at("2027-01-09"))
    roadmap = a_roadmap(a_task("Wait", "5ed"), due, links=("Wait -> Live",), start="2027-01-04")
    live = time_roadmap(roadmap)["Live"]
    assert live.last_day.isoformat() == "2027-01-09"
    assert OFFICE.between(at("2027-01-09"), live.early_finish) == 0
    assert spare_before(roadmap, live) == -DAY
    on_time = a_roadmap(a_task("Wait", "4ed"), due, links=("Wait -> Live",), start="2027-01-04")
    assert spare_before(on_time, time_roadmap(on_time)["Live"]) > 0
