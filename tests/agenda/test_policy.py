"""When messages go, at the edge of each limit of the rulepack `nudges`: the hours, one a day, three a week, digests."""

from datetime import date, datetime, time
from typing import Any

import pytest

from changeflow.agenda.policy import Fate, NudgePolicy, Reader, SendVerdict, Waiting, sort_out
from changeflow.agenda.reasons import Reason
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.values.moments import LONDON

FRIDAY = date(2027, 1, 8)
POLICY = NudgePolicy.of(shipped_rulepacks(), on=FRIDAY)
A_TASK = Waiting(id=1, recipient="a", reason=Reason.TASK, priority=1, due_on=FRIDAY)


class Weekdays:
    def works_on(self, day: date) -> bool:
        return day.weekday() < 5


def verdicts(*waiting: Waiting, at: time = time(9), day: date = FRIDAY, **reader: Any) -> list[SendVerdict]:
    known = {"a": Reader(days=Weekdays(), policy=POLICY, **reader)}
    return list(sort_out(waiting, known, now=datetime.combine(day, at, tzinfo=LONDON)))


def test_the_rulepack_has_the_limits_that_these_tests_look_at():
    assert (POLICY.send_from, POLICY.send_until, POLICY.per_day, POLICY.per_week) == (time(8), time(17, 30), 1, 3)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (time(7, 59), "no messages before 08:00"),
        (time(8), ""),
        (time(17, 29), ""),
        (time(17, 30), "no messages after 17:30; next on 11 Jan 2027"),
    ],
)
def test_a_message_goes_within_the_hours(at: time, why: str):
    [verdict] = verdicts(A_TASK, at=at)
    assert (verdict.fate, verdict.why) == (Fate.HELD if why else Fate.GOES, why)


@pytest.mark.parametrize(
    ("had", "why"),
    [
        ({"today": 0, "week": 2}, ""),
        ({"today": 1, "week": 1}, "already gets 1 message on this day"),
        ({"today": 0, "week": 3}, "already gets 3 messages within a week"),
    ],
)
def test_a_person_has_one_message_a_day_and_three_a_week(had: dict[str, int], why: str):
    [verdict] = verdicts(A_TASK, **had)
    assert (verdict.fate, verdict.why) == (Fate.HELD if why else Fate.GOES, why)


def test_several_things_go_in_one_message_from_the_hour_of_digests():
    both = (A_TASK, Waiting(id=2, recipient="a", reason=Reason.TASK, priority=0, due_on=FRIDAY))
    [early] = verdicts(*both, at=time(POLICY.digest_from.hour - 1, 59))
    [late] = verdicts(*both, at=POLICY.digest_from)
    assert (early.fate, late.fate) == (Fate.HELD, Fate.GOES)
    assert [w.id for w in late.nudges] == [2, 1], "the more important one first"


def test_nothing_goes_on_a_day_off_or_without_an_address():
    [saturday] = verdicts(A_TASK, day=date(2027, 1, 9))
    assert saturday.why == "not one of their working days; next on 11 Jan 2027"
    [nowhere] = verdicts(A_TASK, has_address=False)
    assert (nowhere.fate, nowhere.why) == (Fate.UNREACHED, "no email address")


def test_the_strictest_of_two_policies_counts():
    other = NudgePolicy(
        per_day=2, per_week=1, send_from=time(9), send_until=time(18), digest_from=time(8), optional=frozenset()
    )
    both = NudgePolicy.strictest((POLICY, other))
    assert (both.per_day, both.per_week, both.send_from, both.send_until) == (1, 1, time(9), time(17, 30))
    assert (both.digest_from, both.optional) == (POLICY.digest_from, frozenset())
