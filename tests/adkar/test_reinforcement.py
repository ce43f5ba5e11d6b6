"""Verdicts of checkpoints, worked by hand: 80% use and 70% satisfied are needed; use below 50% is reverting."""

from datetime import date

import pytest

from changeflow.adkar.reinforcement import Aspect, CheckpointResult, StickVerdict, Thresholds, judge_checkpoint

ASKED = Thresholds(sustained_use=0.8, reverting_use=0.5, proficient=0.7, satisfied=0.7)
GOOD = {"use": 0.9, "experience": 0.8, "sponsor_seen": True, "old_way_gone": True}


def found(past: bool | None = True, earlier: tuple[dict, ...] = (), **values) -> tuple[StickVerdict, set[Aspect]]:
    before = [CheckpointResult(task="t", on=date(2027, 5, 1 + n), **e) for n, e in enumerate(earlier)]
    result = CheckpointResult(task="t", on=date(2027, 6, 1), **values)
    judged = judge_checkpoint(result, before, ASKED, is_past_barriers=past)
    return judged.verdict, set(judged.wrong)


@pytest.mark.parametrize(
    ("change", "verdict", "wrong"),
    [
        ({}, StickVerdict.SUSTAINED, set()),
        ({"use": 0.8}, StickVerdict.SUSTAINED, set()),
        ({"use": 0.79}, StickVerdict.AT_RISK, {Aspect.USE}),
        ({"use": 0.49}, StickVerdict.REVERTING, {Aspect.USE}),
        ({"use": 0.0}, StickVerdict.REVERTING, {Aspect.USE}),
        ({"proficiency": 0.7}, StickVerdict.SUSTAINED, set()),
        ({"proficiency": 0.69}, StickVerdict.AT_RISK, {Aspect.PROFICIENCY}),
        ({"proficiency": 0.0}, StickVerdict.AT_RISK, {Aspect.PROFICIENCY}),
        ({"experience": 0.69}, StickVerdict.AT_RISK, {Aspect.EXPERIENCE}),
        ({"experience": 0.0}, StickVerdict.AT_RISK, {Aspect.EXPERIENCE}),
        ({"sponsor_seen": False}, StickVerdict.AT_RISK, {Aspect.SPONSOR}),
        ({"old_way_gone": False}, StickVerdict.AT_RISK, {Aspect.OLD_WAY}),
        ({"use": None}, StickVerdict.UNKNOWN, set()),
        ({"experience": None, "sponsor_seen": None}, StickVerdict.UNKNOWN, set()),
    ],
)
def test_the_results_decide_the_verdict(change: dict, verdict: StickVerdict, wrong: set[Aspect]):
    assert found(**(GOOD | change)) == (verdict, wrong)


def test_too_many_barriers_put_a_change_at_risk_and_unknown_barriers_do_not():
    assert found(past=False, **GOOD) == (StickVerdict.AT_RISK, {Aspect.BARRIER})
    assert found(past=None, **GOOD) == (StickVerdict.SUSTAINED, set())


def test_a_fall_in_use_is_reverting_whatever_the_level():
    """From 95% to 85% is a fall of ten percentage points; from 94% it is nine."""
    assert found(earlier=({"use": 0.95},), **(GOOD | {"use": 0.85})) == (StickVerdict.REVERTING, {Aspect.USE})
    assert found(earlier=({"use": 0.94},), **(GOOD | {"use": 0.85})) == (StickVerdict.SUSTAINED, set())


def test_a_reopened_old_way_is_reverting():
    assert found(earlier=({"old_way_gone": True},), **(GOOD | {"old_way_gone": False}))[0] is StickVerdict.REVERTING


def test_training_and_satisfaction_alone_are_not_adoption():
    assert found(experience=1.0, sponsor_seen=True, old_way_gone=True)[0] is StickVerdict.UNKNOWN
