"""Proofs over time: service holes, and capacity on the day that a role goes. Worked on a wall calendar of 2027."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from changeflow.rules.engine import Judged, judge
from changeflow.rules.proofs import Hole, hole_in_words, service_holes
from changeflow.values.words import Severity
from tests.builders import PATHWAY, PROGRAMME, SERVICE
from tests.rules.judging import found, judged

WAIVED = """\
waivers:
  - {rule: R02, reason: They keep the old system, owner: lead, approved_by: chief, expires: 2027-12-31}
"""
EARLY = "tasks:\n  w2/restructure: {after: capacity}\n  w2/system-live: {duration: 10d}\n"


def holes(result: Judged) -> list[tuple[str, date, date]]:
    return [(h.school, h.first, h.last) for h in service_holes(result.programme)]


class TestServiceHoles:
    def test_in_order_there_is_none(self, check: Callable[..., Judged]):
        assert holes(check()) == []

    def test_days_between_the_old_way_and_the_new_are_named_with_what_closes_them(self, check: Callable[..., Judged]):
        """Requirements end on Friday 8. Capacity of wave 2 takes 5 days, to the 15th, and the restructure 5 more, to
        Friday 22. Its system takes 10, to Friday 22 as well; with 12 it ends on Tuesday 26: a hole from 23 to 26."""
        longer = EARLY.replace("10d", "12d")
        result = check(service=SERVICE + longer + WAIVED)
        assert holes(result) == [("cedar", date(2027, 1, 23), date(2027, 1, 26))]
        [hole] = list[Hole](service_holes(result.programme))
        assert hole_in_words(result.programme, hole) == (
            "Nobody provides Payroll at Cedar School from 23 Jan 2027 to 26 Jan 2027: Payroll: restructure, wave 2 is "
            "over, and Payroll: system live, wave 2 is not. Finish that earlier, or move the other 4 days."
        )

    def test_a_waiver_accepts_it_as_a_finding(self, check: Callable[..., Judged]):
        longer = EARLY.replace("10d", "12d")
        assert found(check(service=SERVICE + longer + WAIVED), "R02", Severity.BLOCK) == []

    def test_as_soon_as_the_system_is_in_time_the_hole_is_closed(self, check: Callable[..., Judged]):
        assert holes(check(service=SERVICE + EARLY + WAIVED)) == []

    def test_the_samples_waived_pilot_has_a_week_of_it_at_each_of_its_schools(self, sample):
        """Estates' pilot restructures before its system is in use, by a waiver: 10 to 16 April 2027."""
        found_holes = holes(judge(sample.programme))
        week = (date(2027, 4, 10), date(2027, 4, 16))
        assert found_holes == [(school, *week) for school in ("ashdown", "bridge", "oakfield")]


FOURTEEN = "id,name,phase,authority\n" + "".join(f"s{n:02d},School {n},primary,north\n" for n in range(1, 15))
BY_SCHOOL = (
    PATHWAY.replace("kind: capacity_in_place, phase: develop, per: wave", "kind: capacity_in_place, per: school")
    .replace("kind: role_removal, phase: deploy, per: wave", "kind: role_removal, phase: deploy, per: school")
    .replace("after: train}", "after: requirements}")
)
JUDGED = "  judge: {kind: pilot, phase: deploy, per: wave, waves: pilot, duration: 1d, after: go-live}\n"


class TestCapacityOnTheDay:
    """Fourteen schools in two waves. School 7's new people are there on Friday 5 March, in the evening."""

    def trust(self, tmp_path: Path, ends: str) -> Judged:
        waves = [", ".join(f"s{n:02d}" for n in part) for part in (range(1, 8), range(8, 15))]
        programme = PROGRAMME.replace("[ash, beech]", f"[{waves[0]}]").replace("[cedar]", f"[{waves[1]}]")
        tasks = (
            "tasks:\n  s07/capacity: {duration: 1d, must_start: 2027-03-05}\n"
            f"  s07/roles-end: {{must_start: {ends}}}\n"
        )
        pilot = programme.replace("name: wave 1,", "name: wave 1, pilot: true,")
        return judged(tmp_path, programme=pilot, schools=FOURTEEN, service=SERVICE + tasks, pathway=BY_SCHOOL + JUDGED)

    def test_a_role_that_ends_a_day_too_soon_is_named_by_school_and_day(self, tmp_path: Path):
        [message] = found(self.trust(tmp_path, "2027-03-05"), "R03", Severity.BLOCK)
        assert message.startswith(
            "Payroll: roles end, School 7 begins on 5 Mar 2027 at School 7, before Payroll: capacity"
        )
        assert message.endswith("capacity, School 7 ends on 5 Mar 2027.")

    def test_moved_back_it_is_clear(self, tmp_path: Path):
        assert found(self.trust(tmp_path, "2027-03-08"), "R03", Severity.BLOCK) == []
