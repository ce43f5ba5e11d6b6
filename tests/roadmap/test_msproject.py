"""Microsoft Project's rules, worked by hand. Days are Monday to Friday, 9 to 17; Monday is 4 January 2027.

| | Mon | Tue | Wed | Thu | Fri |
|---|---|---|---|---|---|
| week 1 | 4 | 5 | 6 | 7 | 8 |
| week 2 | 11 | 12 | 13 | 14 | 15 |
| week 3 | 18 | 19 | 20 | 21 | 22 |
"""

from dataclasses import replace

import pytest

from changeflow.errors import CyclicRoadmapError
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.profile import MSPROJECT, TEXTBOOK, Profile
from changeflow.roadmap.model.tasks import Assignment, Bound, Constraint, ManualDates, Roadmap, Task, TaskProgress
from changeflow.values.duration import Duration, Unit
from tests.builders import DAY, OFFICE, a_calendar, a_roadmap, a_task, at, clock


def project(*tasks: Task, links: tuple[str, ...] = (), **more: object) -> Roadmap:
    return a_roadmap(*tasks, links=links, profile=MSPROJECT, **more)


def early(schedule: Schedule, task: str) -> tuple[str, str]:
    return clock(schedule[task].early_start), clock(schedule[task].early_finish)


def late(schedule: Schedule, task: str) -> tuple[str, str]:
    return clock(schedule[task].late_start), clock(schedule[task].late_finish)


def floats(schedule: Schedule, task: str) -> tuple[float, float]:
    return schedule[task].total_float / DAY, schedule[task].free_float / DAY


def bound(kind: Bound, day: str) -> Constraint:
    return Constraint(kind, at(day))


class TestSetDates:
    """A takes five days, Monday 4 to Friday 8; B takes one, by logic Monday 11."""

    def b(self, kind: Bound, day: str, **more: object) -> Schedule:
        b = a_task("B", 1, constraints=(bound(kind, day),))
        return time_roadmap(project(a_task("A", 5), b, a_task("C", 1), links=("A -> B", "B -> C"), **more))

    def test_start_no_later_than_wins_over_later_logic(self):
        """Thursday 7 is earlier than logic's Monday 11: B is on Thursday; A should have ended on Wednesday."""
        schedule = self.b(Bound.START_NO_LATER, "2027-01-07T09:00")
        assert early(schedule, "B") == ("Thu 07 Jan 09:00", "Thu 07 Jan 17:00")
        assert floats(schedule, "A")[0] == -2

    def test_start_no_later_than_with_room_leaves_logic_alone(self):
        """Wednesday 13 is later than Monday 11; B must start by then, C lets it finish on Monday: no float anyway."""
        schedule = self.b(Bound.START_NO_LATER, "2027-01-13T09:00")
        assert early(schedule, "B")[0] == "Mon 11 Jan 09:00"

    def test_finish_no_later_than_wins_over_later_logic(self):
        """By Friday 8 at 17:00, B of one day is on Friday; A should have ended on Thursday: one day late."""
        schedule = self.b(Bound.FINISH_NO_LATER, "2027-01-08T17:00")
        assert early(schedule, "B") == ("Fri 08 Jan 09:00", "Fri 08 Jan 17:00")
        assert floats(schedule, "A")[0] == -1

    def test_must_start_holds_late_dates_too_and_shows_the_negative_float_of_logic(self):
        """B must start on Thursday 7. By logic it would end on Monday 11: two days after Thursday's end."""
        schedule = self.b(Bound.MUST_START, "2027-01-07T09:00")
        assert early(schedule, "B") == late(schedule, "B") == ("Thu 07 Jan 09:00", "Thu 07 Jan 17:00")
        assert floats(schedule, "B")[0] == -2
        assert late(schedule, "A")[1] == "Wed 06 Jan 17:00"

    def test_must_start_later_than_logic_stops_the_backward_pass(self):
        """B must start on Wednesday 13. A may end by Tuesday 12: two days of float, although C ends the project."""
        schedule = self.b(Bound.MUST_START, "2027-01-13T09:00")
        assert floats(schedule, "A") == (2, 2)
        assert floats(schedule, "B")[0] == 0

    def test_must_finish_of_a_milestone_earlier_than_logic(self):
        """A ends Friday 8, 17:00; M after it must finish on Thursday, 17:00: M is on Thursday in all four dates,
        with a total float of minus one day; A: late finish Thursday, total float minus one day, free float 0."""
        m = a_task("M", 0, constraints=(bound(Bound.MUST_FINISH, "2027-01-07T17:00"),))
        schedule = time_roadmap(project(a_task("A", 5), m, links=("A -> M",)))
        assert early(schedule, "M") == late(schedule, "M") == ("Thu 07 Jan 17:00", "Thu 07 Jan 17:00")
        assert floats(schedule, "M")[0] == -1
        assert (late(schedule, "A")[1], floats(schedule, "A")) == ("Thu 07 Jan 17:00", (-1, 0))

    def test_must_finish_later_than_logic(self):
        """The same, on Monday 11 at 17:00: M has no float, A one day."""
        m = a_task("M", 0, constraints=(bound(Bound.MUST_FINISH, "2027-01-11T17:00"),))
        schedule = time_roadmap(project(a_task("A", 5), m, links=("A -> M",)))
        assert (floats(schedule, "M")[0], floats(schedule, "A")[0]) == (0, 1)

    def test_dates_that_are_not_honoured_work_on_late_dates_alone(self):
        """B stays on Monday 11; that it should have started on Thursday shows as two days of negative float."""
        schedule = self.b(Bound.MUST_START, "2027-01-07T09:00", holds_set_dates=False)
        assert early(schedule, "B")[0] == "Mon 11 Jan 09:00"
        assert floats(schedule, "B")[0] == -2

    def test_a_deadline_never_moves_early_dates(self):
        """B ends on Monday 11, its deadline is Thursday 7 at 17:00: two days late, and A with it."""
        b = a_task("B", 1, deadline=at("2027-01-07T17:00"))
        schedule = time_roadmap(project(a_task("A", 5), b, links=("A -> B",)))
        assert early(schedule, "B")[0] == "Mon 11 Jan 09:00"
        assert (floats(schedule, "A")[0], floats(schedule, "B")[0]) == (-2, -2)
        assert schedule["A"].critical


class TestTheStart:
    """The project starts on Monday 18 January."""

    def test_a_date_before_the_projects_start_is_kept_and_its_successor_follows(self):
        first = a_task("A", 1, constraints=(bound(Bound.START_NO_EARLIER, "2027-01-04T09:00"),))
        roadmap = project(first, a_task("B", 1), a_task("C", 1), links=("A -> B",), start="2027-01-18T09:00")
        schedule = time_roadmap(roadmap)
        assert early(schedule, "A")[0] == "Mon 04 Jan 09:00"
        assert early(schedule, "B")[0] == "Tue 05 Jan 09:00"
        assert early(schedule, "C")[0] == "Mon 18 Jan 09:00"

    def test_in_the_textbook_the_start_is_a_floor(self):
        first = a_task("A", 1, constraints=(bound(Bound.START_NO_EARLIER, "2027-01-04T09:00"),))
        roadmap = replace(project(first, start="2027-01-18T09:00"), profile=TEXTBOOK)
        assert early(time_roadmap(roadmap), "A")[0] == "Mon 18 Jan 09:00"


class TestAsLateAsPossible:
    def test_it_takes_the_total_float_and_pushes_what_follows(self):
        """X takes ten days and ends the project on Friday 15. A (2 days) then B (1 day) have seven days of float.
        A as late as possible is on Wednesday 13 and Thursday 14, B on Friday 15; neither has float left. Its
        early dates are still those that it could have."""
        a = a_task("A", 2, as_late_as_possible=True)
        roadmap = project(a_task("X", 10), a, a_task("B", 1), links=("A -> B",))
        schedule = time_roadmap(roadmap)
        assert late(schedule, "A") == ("Wed 13 Jan 09:00", "Thu 14 Jan 17:00")
        assert early(schedule, "A") == ("Mon 04 Jan 09:00", "Tue 05 Jan 17:00")
        assert early(schedule, "B")[0] == "Fri 15 Jan 09:00"
        assert floats(schedule, "A") == (0, 0)
        assert schedule["A"].critical
        in_textbook = time_roadmap(replace(roadmap, profile=TEXTBOOK))
        assert early(in_textbook, "A") == ("Wed 13 Jan 09:00", "Thu 14 Jan 17:00")


class TestFromTheFinish:
    """X takes five days, A two; both come before B of one day. The finish is Friday 22 January, 17:00."""

    def schedule(self, profile: Profile, *, late_as_possible: bool) -> Schedule:
        tasks = [
            a_task(name, days, as_late_as_possible=late_as_possible) for name, days in (("X", 5), ("A", 2), ("B", 1))
        ]
        roadmap = project(*tasks, links=("X -> B", "A -> B"), finish=at("2027-01-22T17:00"))
        return time_roadmap(replace(roadmap, profile=profile))

    def test_the_start_follows_from_the_finish(self):
        """B on Friday 22, X from Friday 15 to Thursday 21, A on Wednesday 20 and Thursday 21. The start is Friday 15;
        from there A could be done by Monday 18: three days of float, as X and B have none."""
        schedule = self.schedule(TEXTBOOK, late_as_possible=False)
        assert late(schedule, "B") == ("Fri 22 Jan 09:00", "Fri 22 Jan 17:00")
        assert early(schedule, "X") == late(schedule, "X") == ("Fri 15 Jan 09:00", "Thu 21 Jan 17:00")
        assert late(schedule, "A") == ("Wed 20 Jan 09:00", "Thu 21 Jan 17:00")
        assert early(schedule, "A") == ("Fri 15 Jan 09:00", "Mon 18 Jan 17:00")
        assert [floats(schedule, t)[0] for t in "XAB"] == [0, 3, 0]

    def test_in_project_tasks_are_then_as_late_as_possible_and_have_no_float(self):
        schedule = self.schedule(MSPROJECT, late_as_possible=True)
        assert late(schedule, "A") == ("Wed 20 Jan 09:00", "Thu 21 Jan 17:00")
        assert [floats(schedule, t)[0] for t in "XAB"] == [0, 0, 0]

    def test_a_date_that_cannot_hold_shows_as_negative_float(self):
        """X cannot start before Monday 18 and ends on Friday 22; B would end on Monday 25: one day too late."""
        x = a_task("X", 5, constraints=(bound(Bound.START_NO_EARLIER, "2027-01-18"),))
        roadmap = project(x, a_task("B", 1), links=("X -> B",), finish=at("2027-01-22T17:00"))
        assert floats(time_roadmap(replace(roadmap, profile=TEXTBOOK)), "B")[0] == -1


class TestSeveralCriticalPaths:
    def test_what_has_no_successor_has_no_float(self):
        """X ends the project on Friday 8. A then B end on Wednesday 6, and nothing waits for them: no float of their
        own, where one critical path would leave them two days."""
        roadmap = project(a_task("X", 5), a_task("A", 2), a_task("B", 1), links=("A -> B",))
        assert [floats(time_roadmap(roadmap), t)[0] for t in "XAB"] == [0, 2, 2]
        several = time_roadmap(replace(roadmap, several_paths=True))
        assert [floats(several, t)[0] for t in "XAB"] == [0, 0, 0]
        assert all(several[t].critical for t in "XAB")

    def test_what_has_a_date_of_its_own_and_no_successor_has_no_float_either(self):
        """X ends on Friday 8, and B, held until Wednesday 6, on that day. Nothing waits for it; A ends on Tuesday."""
        b = a_task("B", 1, constraints=(bound(Bound.START_NO_EARLIER, "2027-01-06T09:00"),))
        roadmap = project(a_task("X", 5), a_task("A", 2), b, links=("A -> B",))
        assert [floats(time_roadmap(roadmap), t)[0] for t in "XAB"] == [0, 2, 2]
        assert [floats(time_roadmap(replace(roadmap, several_paths=True)), t)[0] for t in "XAB"] == [0, 0, 0]


class TestElapsed:
    def test_an_elapsed_task_lives_on_the_clock_and_its_successor_on_the_calendar(self):
        """From Monday 4, 09:00, five days of the clock end on Saturday 9, 09:00; work goes on on Monday 11."""
        schedule = time_roadmap(project(a_task("E", "5ed"), a_task("B", 1), links=("E -> B",)))
        assert early(schedule, "E") == ("Mon 04 Jan 09:00", "Sat 09 Jan 09:00")
        assert early(schedule, "B")[0] == "Mon 11 Jan 09:00"
        # It may end when B must begin, Monday 09:00: two days of the clock.
        assert schedule["E"].total_float == 2 * 24 * 60

    def test_an_elapsed_lag_runs_through_the_weekend(self):
        """A ends Friday 8, 17:00; three days of the clock later is Monday 11, 17:00: B starts on Tuesday."""
        schedule = time_roadmap(project(a_task("A", 5), a_task("B", 1), links=("A -> B FS+3ed",)))
        assert early(schedule, "B")[0] == "Tue 12 Jan 09:00"

    def test_a_share_of_the_predecessor(self):
        """Minus half of A's four days: B starts when two of them are done."""
        schedule = time_roadmap(project(a_task("A", 4), a_task("B", 1), links=("A -> B FS-50%",)))
        assert early(schedule, "B")[0] == "Wed 06 Jan 09:00"


class TestStartToFinish:
    def test_a_lag_that_ends_after_a_holiday(self):
        """P starts on Monday 4; three working days after that is Wednesday 6 at 17:00, without a holiday. With the 5th
        and 6th closed it is Friday 8 at 17:00, so that B, of one day, works on Friday."""
        closed = a_calendar("office", ("2027-01-05", "2027-01-06", "closed"))
        roadmap = project(a_task("P", 1), a_task("B", 1), links=("P -> B SF+3d",), calendars={"office": closed})
        assert early(time_roadmap(roadmap), "B") == ("Fri 08 Jan 09:00", "Fri 08 Jan 17:00")


class TestSummaries:
    """Summary P holds X (1 day) and Y (3 days); Q (1 day) starts after P; R takes ten days and ends the project."""

    def roadmap(self, *links: str, **more: object) -> Roadmap:
        tasks = [a_task("P", 0), a_task("X", 1), a_task("Y", 3), a_task("Q", 1), a_task("R", 10)]
        return project(*tasks, links=links, parents={"X": "P", "Y": "P"}, **more)

    def test_a_link_from_a_summary_waits_for_its_last_task(self):
        schedule = time_roadmap(self.roadmap("P -> Q"))
        assert early(schedule, "P") == ("Mon 04 Jan 09:00", "Wed 06 Jan 17:00")
        assert early(schedule, "Q")[0] == "Thu 07 Jan 09:00"

    def test_a_link_from_a_summary_is_none_of_a_tasks_own_for_free_float(self):
        """Q ends on Thursday 7, six days before the project does. X ends on Monday, eight days before Q must begin:
        its total float is eight days, and, with no successor of its own, so is its free float."""
        schedule = time_roadmap(self.roadmap("P -> Q"))
        assert floats(schedule, "Q") == (6, 6)
        assert floats(schedule, "X") == (8, 8)
        assert floats(schedule, "Y") == (6, 6)

    def test_a_link_to_a_summary_binds_all_below_it(self):
        schedule = time_roadmap(self.roadmap("Q -> P FS+1d"))
        assert early(schedule, "X")[0] == early(schedule, "Y")[0] == "Wed 06 Jan 09:00"
        # P's late start is Y's: it may begin on Wednesday 13; a day of lag before it, Q must end on Monday 11.
        assert late(schedule, "Q")[1] == "Mon 11 Jan 17:00"

    def test_a_link_to_a_summary_over_a_change_of_calendars(self):
        """Q ends on Monday 4. Y works on a calendar that closes until Thursday 7, X on the office's: X runs on Tuesday,
        Y from Friday 8 to Tuesday 12. P spans both, and its own float is counted on the office calendar."""
        late_calendar = a_calendar("late", ("2027-01-04", "2027-01-07", "closed"))
        tasks = [a_task("P", 0), a_task("X", 1), a_task("Y", 3, calendar="late"), a_task("Q", 1), a_task("R", 10)]
        roadmap = project(
            *tasks, links=("Q -> P",), parents={"X": "P", "Y": "P"}, calendars={"office": OFFICE, "late": late_calendar}
        )
        schedule = time_roadmap(roadmap)
        assert early(schedule, "X")[0] == "Tue 05 Jan 09:00"
        assert early(schedule, "Y") == ("Fri 08 Jan 09:00", "Tue 12 Jan 17:00")
        assert early(schedule, "P") == ("Tue 05 Jan 09:00", "Tue 12 Jan 17:00")
        assert floats(schedule, "P")[0] == 3

    def test_a_loop_through_a_summary_is_named(self):
        with pytest.raises(CyclicRoadmapError, match=r"P .*Q|Q .*P"):
            time_roadmap(self.roadmap("P -> Q", "Q -> X"))

    def test_the_driving_path_goes_through_the_task_that_gives_a_summary_its_date(self):
        schedule = time_roadmap(self.roadmap("P -> Q"))
        assert schedule.path_to("Q") == {"Y", "Q"}

    def test_the_longest_path_goes_through_the_task_that_gives_a_summary_its_date(self):
        """Without R the project ends with Q, on Thursday 7: Y leads to it, and X ends two days before Y does."""
        tasks = [a_task("P", 0), a_task("X", 1), a_task("Y", 3), a_task("Q", 1)]
        schedule = time_roadmap(project(*tasks, links=("P -> Q",), parents={"X": "P", "Y": "P"}))
        assert {t for t in "XYQ" if schedule[t].driving} == {"Y", "Q"}


class TestResources:
    def test_a_resources_calendar_places_the_work_and_the_tasks_measures_the_float(self):
        """The resource has no Tuesday: two days of work from Monday end on Wednesday. R ends the project on Friday 15:
        seven working days of the task's own calendar later, although the resource works fewer."""
        part_time = a_calendar("part", ("2027-01-05", "2027-01-05", "off"), ("2027-01-12", "2027-01-12", "off"))
        roadmap = project(
            a_task("A", 2, placed_on="part"), a_task("R", 10), calendars={"office": OFFICE, "part": part_time}
        )
        schedule = time_roadmap(roadmap)
        assert early(schedule, "A")[1] == "Wed 06 Jan 17:00"
        assert schedule["A"].total_float == 7 * DAY

    def test_of_several_the_last_one_ends_the_task(self):
        """Two days each: one on the office calendar ends on Tuesday, one that begins on Thursday ends on Friday."""
        late_starter = a_calendar("late", ("2027-01-04", "2027-01-06", "away"))
        task = a_task("A", 2, assignments=(Assignment("office", 2 * DAY), Assignment("late", 2 * DAY)))
        schedule = time_roadmap(project(task, calendars={"office": OFFICE, "late": late_starter}))
        assert early(schedule, "A") == ("Mon 04 Jan 09:00", "Fri 08 Jan 17:00")
        # Backwards both end on Friday: the one starts on Thursday, and so does the other.
        assert late(schedule, "A")[0] == "Thu 07 Jan 09:00"


class TestManual:
    def test_links_do_not_move_it_and_only_its_finish_holds_it_late(self):
        """A ends Wednesday 6; M is held by hand on Tuesday 5. B follows M by start to start with two days: Thursday."""
        m = a_task("M", 1, manual=ManualDates(at("2027-01-05T09:00"), at("2027-01-05T17:00")))
        schedule = time_roadmap(
            project(a_task("A", 3), m, a_task("B", 1), a_task("R", 10), links=("A -> M", "M -> B SS+2d"))
        )
        assert early(schedule, "M") == ("Tue 05 Jan 09:00", "Tue 05 Jan 17:00")
        assert early(schedule, "B")[0] == "Thu 07 Jan 09:00"
        # The start-to-start link puts no bound on it: it may be as late as Friday 15, the end of the project.
        assert late(schedule, "M")[1] == "Fri 15 Jan 17:00"


class TestStartedWork:
    def test_a_started_successor_passes_back_where_it_resumes(self):
        """A (1 day) Monday, B (2 days), C (1 day); A and B are half done. B resumes on Tuesday 5 at 17:00, so A's late
        finish is that, a day after its end, though A, B and C are one chain without gaps. In a textbook: none."""
        progress = {
            "A": TaskProgress(at("2027-01-04T09:00"), None, Duration(DAY // 2), at("2027-01-04T13:00")),
            "B": TaskProgress(at("2027-01-05T09:00"), None, Duration(DAY), at("2027-01-05T17:00")),
        }
        tasks = [a_task("A", 1), a_task("B", 2), a_task("C", 1)]
        schedule = time_roadmap(project(*tasks, links=("A -> B", "B -> C"), progress=progress))
        assert early(schedule, "B") == ("Tue 05 Jan 09:00", "Wed 06 Jan 17:00")
        assert late(schedule, "A")[1] == "Tue 05 Jan 17:00"
        assert floats(schedule, "A")[0] == 1
        assert late(schedule, "A")[0] == clock(schedule["A"].early_start), "a start that happened cannot be late"

    def test_a_started_successor_passes_none_of_its_own_float_back(self):
        """The same without C, in a project that R ends on Friday 15. B could end seven days later; A has one day."""
        progress = {
            "A": TaskProgress(at("2027-01-04T09:00"), None, Duration(DAY // 2), at("2027-01-04T13:00")),
            "B": TaskProgress(at("2027-01-05T09:00"), None, Duration(DAY), at("2027-01-05T17:00")),
        }
        schedule = time_roadmap(
            project(a_task("A", 1), a_task("B", 2), a_task("R", 10), links=("A -> B",), progress=progress)
        )
        assert (floats(schedule, "B")[0], floats(schedule, "A")[0]) == (7, 1)

    def test_stored_resume_dates_are_taken_and_predecessors_move_nothing(self):
        """B began out of order, on Monday, while A takes until Friday; it resumes on Wednesday 6 with one day left."""
        progress = {"B": TaskProgress(at("2027-01-04T09:00"), None, Duration(DAY), at("2027-01-06T09:00"))}
        roadmap = project(a_task("A", 5), a_task("B", 2), links=("A -> B",), progress=progress)
        assert early(time_roadmap(roadmap), "B")[1] == "Wed 06 Jan 17:00"

    def test_by_retained_logic_the_rest_waits_for_the_predecessor(self):
        """The same in the textbook, where what is left waits for A: Monday 11."""
        progress = {"B": TaskProgress(at("2027-01-04T09:00"), None, Duration(DAY))}
        roadmap = project(a_task("A", 5), a_task("B", 2), links=("A -> B",), progress=progress)
        assert early(time_roadmap(replace(roadmap, profile=TEXTBOOK)), "B")[1] == "Mon 11 Jan 17:00"

    def test_by_progress_override_the_rest_goes_on_regardless_of_the_predecessor(self):
        """The same once more: the data date is Tuesday 5, and B's last day is that Tuesday, whatever A does."""
        progress = {"B": TaskProgress(at("2027-01-04T09:00"), None, Duration(DAY))}
        roadmap = project(a_task("A", 5), a_task("B", 2), links=("A -> B",), progress=progress)
        override = replace(TEXTBOOK, retains_logic=False)
        schedule = time_roadmap(replace(roadmap, profile=override, data_date=at("2027-01-05")))
        assert early(schedule, "B") == ("Mon 04 Jan 09:00", "Tue 05 Jan 17:00")
        assert early(schedule, "A")[1] == "Mon 11 Jan 17:00"

    def test_a_task_that_is_done_has_no_float_and_is_not_critical(self):
        progress = {"A": TaskProgress(at("2027-01-04T09:00"), at("2027-01-05T17:00"))}
        schedule = time_roadmap(project(a_task("A", 5), a_task("R", 10), progress=progress))
        assert (floats(schedule, "A"), schedule["A"].critical) == ((0, 0), False)


class TestWaitsOnTheClock:
    """Two days on the clock, 48 hours."""

    def wait(self, *constraints: Constraint, links: tuple[str, ...] = (), **more: object) -> Schedule:
        wait = replace(a_task("W"), duration=Duration(2 * 1440, Unit.ELAPSED), constraints=constraints)
        return time_roadmap(project(a_task("A", 5), wait, links=links, **more))

    def test_it_starts_at_the_next_working_moment_after_a_date_that_is_none(self):
        """Saturday 9 is no day of work: it starts on Monday 11 at 9 and ends on Wednesday at 9."""
        schedule = self.wait(bound(Bound.START_NO_EARLIER, "2027-01-09T10:00"))
        assert early(schedule, "W") == ("Mon 11 Jan 09:00", "Wed 13 Jan 09:00")

    def test_a_finish_that_would_start_it_at_a_weekend_moves_with_its_start(self):
        """To end on Tuesday 12 at 10 it would start on Sunday 10; it starts on Monday 11 at 9, and ends two days on."""
        schedule = self.wait(bound(Bound.FINISH_NO_EARLIER, "2027-01-12T10:00"))
        assert early(schedule, "W") == ("Mon 11 Jan 09:00", "Wed 13 Jan 09:00")

    def test_after_a_link_it_starts_when_what_it_waits_for_ends(self):
        """A ends on Friday 8 at 17: concrete sets from then on, until Sunday at 17."""
        assert early(self.wait(links=("A -> W",)), "W") == ("Fri 08 Jan 17:00", "Sun 10 Jan 17:00")

    def test_in_a_textbook_it_starts_on_the_date_whether_people_work_or_not(self):
        wait = replace(
            a_task("W"),
            duration=Duration(2 * 1440, Unit.ELAPSED),
            constraints=(bound(Bound.START_NO_EARLIER, "2027-01-09T10:00"),),
        )
        assert early(time_roadmap(a_roadmap(wait)), "W") == ("Sat 09 Jan 10:00", "Mon 11 Jan 10:00")


def test_a_finish_no_later_date_after_the_end_is_the_late_finish_of_what_nothing_follows():
    """R ends the project on Friday 15. A, until Friday 8, may end by Wednesday 20: eight days of float, not five.
    B, which C follows, may end a day before the end of C: nothing of its own date is left."""
    by = (bound(Bound.FINISH_NO_LATER, "2027-01-20T17:00"),)
    tasks = (a_task("A", 5, constraints=by), a_task("B", 5, constraints=by), a_task("C", 1), a_task("R", 10))
    roadmap = project(*tasks, links=("B -> C",))
    schedule = time_roadmap(roadmap)
    assert (late(schedule, "A")[1], floats(schedule, "A")[0]) == ("Wed 20 Jan 17:00", 8)
    assert late(schedule, "B")[1] == "Thu 14 Jan 17:00"
    assert late(time_roadmap(replace(roadmap, profile=TEXTBOOK)), "A")[1] == "Fri 15 Jan 17:00"


def test_a_placeholder_is_never_critical():
    """Held by hand for all of the project: without float, but its duration is unknown."""
    by_hand = ManualDates(at("2027-01-04T09:00"), at("2027-01-05T17:00"))
    known, unknown = a_task("K", 2, manual=by_hand), a_task("U", 2, manual=by_hand, is_placeholder=True)
    schedule = time_roadmap(project(known, unknown))
    assert (schedule["K"].critical, schedule["U"].critical) == (True, False)
    assert schedule["U"].total_float == 0


def test_the_slack_limit_says_what_counts_as_critical():
    """A has two days to spare: critical where the limit is two days."""
    roadmap = project(a_task("A", 8), a_task("R", 10))
    assert not time_roadmap(roadmap)["A"].critical
    assert time_roadmap(replace(roadmap, slack_limit=2 * DAY))["A"].critical


def test_free_float_is_never_more_than_total_float():
    """A ends on Monday 4, B begins on Wednesday 13, six days later; but A itself has a deadline on Friday 8."""
    b = a_task("B", 1, constraints=(bound(Bound.START_NO_EARLIER, "2027-01-13T09:00"),))
    roadmap = project(a_task("A", 1, deadline=at("2027-01-08T17:00")), b, links=("A -> B",))
    assert floats(time_roadmap(roadmap), "A") == (4, 4)
    assert floats(time_roadmap(replace(roadmap, profile=TEXTBOOK)), "A") == (4, 4)


def test_free_float_is_counted_on_the_calendar_of_what_waits():
    """A ends on Monday 4, and works on no day from Tuesday to Thursday. B begins on Friday 8: three days later in
    its own office, none in A's. R ends on Friday 15, so that A has the five days from Friday 8 to Thursday 14."""
    away = a_calendar("away", ("2027-01-05", "2027-01-07", "away"))
    b = a_task("B", 1, constraints=(bound(Bound.START_NO_EARLIER, "2027-01-08T09:00"),))
    tasks = (a_task("A", 1, calendar="away"), b, a_task("R", 10))
    roadmap = project(*tasks, links=("A -> B",), calendars={"office": OFFICE, "away": away})
    assert floats(time_roadmap(roadmap), "A") == (5, 3)
    assert floats(time_roadmap(replace(roadmap, profile=TEXTBOOK)), "A") == (5, 0)


class TestBeforeTheStart:
    """The project starts on Monday 4 January. What links say may lie before it, but for one type."""

    def test_a_finish_to_finish_link_never_puts_a_start_before_the_projects(self):
        """A takes one day, B five and may not end before A does: from Monday 4, not from the Tuesday before."""
        schedule = time_roadmap(project(a_task("A", 1), a_task("B", 5), links=("A -> B FF",)))
        assert early(schedule, "B") == ("Mon 04 Jan 09:00", "Fri 08 Jan 17:00")
        assert schedule["B"].reason == "start"

    def test_a_start_to_finish_link_may(self):
        """B of one day is to end when A starts, on Monday 4 at 09:00: Friday 1, as far as this calendar knows."""
        schedule = time_roadmap(project(a_task("A", 1), a_task("B", 1), links=("A -> B SF",)))
        assert early(schedule, "B") == ("Fri 01 Jan 09:00", "Fri 01 Jan 17:00")
