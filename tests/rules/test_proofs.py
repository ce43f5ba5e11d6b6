"""Rules over time: service gaps, and capacity on the day that a role ends. Worked out on a 2027 calendar."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from changeflow.rules.engine import Judged, judge
from changeflow.rules.sequence import Hole, hole_in_words, service_holes
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
    def test_work_in_order_leaves_no_hole(self, check: Callable[..., Judged]):
        assert holes(check()) == []

    def test_a_hole_is_named_with_its_days_and_remedy(self, check: Callable[..., Judged]):
        """Requirements end on Friday 8. Wave 2's capacity takes 5 days, to the 15th, and the restructure 5 more, to
        Friday 22. Its system takes 10, also to Friday 22. With 12 it ends on Tuesday 26: a hole from 23 to 26."""
        longer = EARLY.replace("10d", "12d")
        result = check(service=SERVICE + longer + WAIVED)
        assert holes(result) == [("cedar", date(2027, 1, 23), date(2027, 1, 26))]
        [hole] = list[Hole](service_holes(result.programme))
        assert hole_in_words(result.programme, hole) == (
            "No one provides Payroll at Cedar School from 23 Jan 2027 to 26 Jan 2027, when “Payroll, wave 2: "
            "restructure” has finished but “Payroll, wave 2: system live” has not. Finish the second earlier, or delay "
            "the first by 4 days."
        )

    def test_a_waiver_lifts_the_hole(self, check: Callable[..., Judged]):
        longer = EARLY.replace("10d", "12d")
        assert found(check(service=SERVICE + longer + WAIVED), "R02", Severity.BLOCK) == []

    def test_a_system_in_time_closes_the_hole(self, check: Callable[..., Judged]):
        assert holes(check(service=SERVICE + EARLY + WAIVED)) == []

    def test_the_sample_has_none(self, sample):
        assert holes(judge(sample.programme)) == []


FOURTEEN = "id,name,phase,authority\n" + "".join(f"s{n:02d},School {n},primary,north\n" for n in range(1, 15))
BY_SCHOOL = (
    PATHWAY.replace("kind: capacity_in_place, phase: develop, per: wave", "kind: capacity_in_place, per: school")
    .replace("kind: role_removal, phase: deploy, per: wave", "kind: role_removal, phase: deploy, per: school")
    .replace("after: train}", "after: requirements}")
)
JUDGED = "  judge: {kind: pilot, phase: deploy, per: wave, waves: pilot, duration: 1d, after: go-live}\n"


class TestCapacityOnTheDay:
    """Fourteen schools in two waves. School 7's new people are in place on Friday 5 March, in the evening."""

    def trust(self, tmp_path: Path, ends: str) -> Judged:
        waves = [", ".join(f"s{n:02d}" for n in part) for part in (range(1, 8), range(8, 15))]
        programme = PROGRAMME.replace("[ash, beech]", f"[{waves[0]}]").replace("[cedar]", f"[{waves[1]}]")
        tasks = (
            "tasks:\n  s07/capacity: {duration: 1d, must_start: 2027-03-05}\n"
            f"  s07/roles-end: {{must_start: {ends}}}\n"
        )
        pilot = programme.replace("name: wave 1,", "name: wave 1, pilot: true,")
        return judged(tmp_path, programme=pilot, schools=FOURTEEN, service=SERVICE + tasks, pathway=BY_SCHOOL + JUDGED)

    def test_a_role_that_ends_a_day_too_soon_is_reported_with_school_and_day(self, tmp_path: Path):
        [message] = found(self.trust(tmp_path, "2027-03-05"), "R03", Severity.BLOCK)
        assert message.startswith(
            "“Payroll, School 7: roles end” starts on 5 Mar 2027 at School 7, before “Payroll, School 7: capacity”"
        )
        assert message.endswith("capacity” ends on 5 Mar 2027.")

    def test_a_role_that_ends_later_keeps_the_rule(self, tmp_path: Path):
        assert found(self.trust(tmp_path, "2027-03-08"), "R03", Severity.BLOCK) == []


def delegated(*rows: str) -> str:
    return SERVICE + "delegation:\n" + "".join(f"  - {{{row}}}\n" for row in rows)


class TestR09:
    """The scheme of the small programme is approved on Friday 15 January 2027, so it is in force from Saturday 16."""

    HEAD = "area: site staff, role: the head, as_is: [accountable, staff], to_be: [accountable{}]"
    LEAD = "area: site staff, role: the Director, to_be: [staff, budget{}]"

    def test_a_head_who_keeps_a_right_has_agency(self, check: Callable[..., Judged]):
        text = delegated(self.HEAD.format(", priority"), self.LEAD.format(""))
        assert found(check(service=text), "R09", Severity.BLOCK) == []

    def test_a_head_without_rights_is_reported_with_schools_and_day(self, check: Callable[..., Judged]):
        text = delegated(self.HEAD.format(""), self.LEAD.format(""))
        [message] = found(check(service=text), "R09", Severity.BLOCK)
        assert message == (
            "In Payroll, the head is accountable for site staff from 16 Jan 2027 at Ash School, Beech School, "
            "Cedar School, but controls none of its budget, staff, priorities or decisions."
        )

    def test_one_school_may_differ(self, check: Callable[..., Judged]):
        keeps = "area: site staff, role: the head, to_be: [decision], schools: [ash, beech]"
        [message] = found(
            check(service=delegated(self.HEAD.format(""), keeps, self.LEAD.format(""))), "R09", Severity.BLOCK
        )
        assert "at Cedar School, but controls none" in message

    def test_control_without_accountability_is_reported(self, check: Callable[..., Judged]):
        [message] = found(check(service=delegated(self.LEAD.format(""))), "R09", Severity.BLOCK)
        assert "the Director controls site staff" in message
        assert message.endswith("but no one is accountable for it.")

    def test_the_sample_keeps_it(self, sample):
        assert not [f for f in judge(sample.programme).findings if f.rule == "R09"]
