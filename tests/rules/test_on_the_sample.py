"""Every rule on the sample: the sample as shipped keeps it, and one change breaks it."""

import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from changeflow.intake.folder import Folder
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.roadmap.model.pathways import StepFields
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.rules.catalogue import RULES
from changeflow.rules.engine import Judged, judge
from changeflow.rules.rule import MAKING_CHANGE_STICK
from changeflow.usecases.publishing import publish_rounds
from changeflow.values.words import Severity
from tests.builders import at

Change = Callable[[Definition], Definition]
SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
KEPT_BUT_FOR = {"R21": ("payroll/pilot/go-live",)}
"""The warnings in the sample as shipped: a go-live in a freeze without a known end."""


def service(name: str, steps: Mapping[str, dict[str, Any]] | None = None, **more: Any) -> Change:
    """Change a service's fields and some of its steps."""

    def apply(definition: Definition) -> Definition:
        changed = []
        for file in definition.services:
            if file.service == name:
                given = {k: StepFields(**v) for k, v in (steps or {}).items()}
                tasks = {k: file.tasks.get(k, StepFields()).changed_by(v) for k, v in given.items()}
                file = file.model_copy(update={"tasks": {**file.tasks, **tasks}, **more})
            changed.append(file)
        return definition.model_copy(update={"services": tuple(changed)})

    return apply


def programme(**more: Any) -> Change:
    return lambda d: d.model_copy(update={"programme": d.programme.model_copy(update=more)})


def dropped(*steps: str) -> dict[str, dict[str, Any]]:
    return {step: {"drop": True} for step in steps}


def without_pilot(definition: Definition) -> Definition:
    waves = tuple(w.model_copy(update={"pilot": False}) for w in definition.programme.waves)
    return programme(waves=waves)(definition)


def without_say(definition: Definition) -> Definition:
    """The head stays accountable for site staff but loses control of priorities."""
    estates = next(s for s in definition.services if s.service == "estates")
    first, *rest = estates.delegation
    return service("estates", delegation=(first.model_copy(update={"to_be": ("accountable",)}), *rest))(definition)


BROKEN: Mapping[str, tuple[Change, str]] = {
    "R02": (service("finance", dropped("system-live")), "needs a new system, but none goes live at"),
    "R03": (service("payroll", dropped("capacity-in-place")), "no task puts new capacity in place at"),
    "R04": (service("payroll", dropped("requirements")), "is irreversible, but no task sets out its requirements"),
    "R05": (
        service("finance", required_days_per_week=3.0),
        "Finance's lead provider has 2 days a week for it (at least 3 days needed).",
    ),
    "R06": (service("payroll", team=None), "Payroll has no project team."),
    "R07": (
        service("estates", {"requirements": {"sources": ("users",)}}),
        "The requirements for Estates have no input from",
    ),
    "R08": (
        service("payroll", agreement=None),
        "Payroll has neither a service level agreement nor a list of what each side gives and gets.",
    ),
    "R09": (without_say, "In Estates, the head is accountable for site staff from"),
    "R10": (service("payroll", dropped("delegation-approved")), "has no approved scheme of delegation for"),
    "R11": (without_pilot, "rolls out to all 14 schools without a pilot wave."),
    "R12": (service("payroll", dropped("parallel-run")), "pays people, but no parallel run covers"),
    "R13": (programme(wiifts=None), "No one has written down the benefits for students."),
    "R14": (service("finance", dropped("quick-win")), "has no quick win in its wave."),
    "R15": (service("estates", dropped("train-staff")), "has no training at"),
    "R16": (programme(sponsor=None), "No sponsor is named."),
    "R19": (
        service("payroll", {"roles-removed": {"redundancies": {"oakfield": 20}}}),
        "By then a threshold for the whole organisation also applies, but its number is not known here",
    ),
    "R20": (
        service("payroll", {"consultation": {"drop": True}}, employer_changes=True),
        "moves staff to another employer, but no task consults them.",
    ),
    "R21": (
        service("finance", {"go-live": {"start_no_earlier": date(2027, 12, 1)}}),
        "in a period to avoid (“Financial statements”), because academies",
    ),
    "R28": (
        service("finance", {"go-live": {"start_no_earlier": date(2028, 3, 1)}}),
        "” starts on 1 Mar 2028",
    ),
    "R30": (
        service("payroll", {"go-live": {"duration": "15d"}}),
        "pilot: go live” is too late for the June 2027 pay",
    ),
}


def judged(
    sample: Folder, change: Change = lambda d: d, *, facts: Facts | None = None, on: date | None = None
) -> Judged:
    made, _ = join(change(sample.definition), rulepacks=sample.rulepacks, facts=facts, on=on)
    return judge(made)


def said(result: Judged, code: str) -> list[str]:
    """Return a rule's findings, except added links and the warnings in the sample as shipped."""
    return [
        f.message
        for f in result.findings
        if f.rule == code and f.severity is not Severity.INFO and f.subject not in KEPT_BUT_FOR.get(code, ())
    ]


@pytest.mark.parametrize("code", sorted(RULES))
def test_the_sample_as_shipped_keeps_the_rule(sample: Folder, code: str):
    assert said(judged(sample), code) == []


@pytest.mark.usual(11)
@pytest.mark.parametrize("code", sorted(BROKEN))
def test_one_change_breaks_the_rule(sample: Folder, code: str):
    change, message = BROKEN[code]
    found = said(judged(sample, change), code)
    assert any(message in text for text in found), found


def test_r01_reports_work_of_the_next_phase_that_began_too_soon(sample: Folder):
    """Payroll's process requirements begin in October, before the design is agreed."""
    begun = Facts(progress={"payroll/process-requirements": TaskProgress(at("2026-10-01T08:30"))})
    [message] = said(judged(sample, facts=begun, on=date(2026, 10, 2)), "R01")
    assert message == ("“Payroll: set out process requirements” started before “Payroll: approve the design” finished.")


def test_r31_reports_work_that_began_before_its_predecessor(sample: Folder):
    """Payroll's requirements begin in September, but listening is planned until 7 October."""
    begun = Facts(progress={"payroll/requirements": TaskProgress(at("2026-09-28T08:30"))})
    [message] = said(judged(sample, facts=begun, on=date(2026, 9, 29)), "R31")
    assert message == (
        "“Payroll: agree user requirements” started on 28 Sep 2026, too early. It depends on “Payroll: "
        "listen to heads, the board and local governing bodies”."
    )


def test_r17_reports_a_sponsor_who_was_never_visible(sample: Folder):
    """Work began on 1 September; by 10 December more than eight school weeks have passed."""
    begun = Facts(progress={"payroll/lead-provider-named": TaskProgress(at("2026-09-01T08:30"))})
    [message] = said(judged(sample, facts=begun, on=date(2026, 12, 10)), "R17")
    assert message.startswith("The sponsor has not been visibly active for ")
    assert message.endswith("Raise this with the board.")


@pytest.mark.thorough
@pytest.mark.slow
def test_r25_reports_training_of_people_who_do_not_want_the_change_yet(sample: Folder):
    """In the sample's published results, half of the payroll officers have a barrier at desire. Training begins on
    24 February 2027, 176 days after the start: within 26 weeks, but not within the default six."""
    facts = Facts(snapshots=publish_rounds(sample.programme, sample.assessments))
    assert said(judged(sample, facts=facts), "R25") == []
    policy = sample.definition.programme.policy.model_copy(update={"barrier_order_within_weeks": 26})
    found = said(judged(sample, programme(policy=policy), facts=facts), "R25")
    start = (
        "At least half of payroll officers have a barrier at desire or earlier, but training for Payroll starts on "
        "24 Feb"
    )
    assert any(text.startswith(start) for text in found), found


@pytest.mark.thorough
@pytest.mark.slow
def test_r26_is_enforced_where_scores_are_shown(sample: Folder):
    """The payroll team has fewer than ten people, so every view of groups hides it."""
    assert RULES["R26"].enforced_by
    for snapshot in publish_rounds(sample.programme, sample.assessments):
        shown = {s.group: s.answered for s in snapshot.view("group")}
        assert shown["payroll-officers"] >= 10
        assert shown["payroll-team"] is None


def test_r27_is_enforced_where_nudges_are_sent(sample: Folder):
    """The rulepack allows one message a day; tests/usecases/test_ticks.py sends them."""
    assert RULES["R27"].enforced_by
    assert sample.programme.rulepacks.number("nudges", "per_day", on=date(2026, 9, 1)) == 1


def test_every_rule_is_broken_in_this_module():
    # In the sample every go-live is at the start of its month or pay period, so a day off is only noted.
    elsewhere = {"R01", "R17", "R25", "R26", "R27", "R29", "R31"}
    assert set(BROKEN) | elsewhere == set(RULES)


def test_every_quotation_is_in_the_founding_document():
    """The catalogue quotes the founding document word for word."""
    if not SEEDS.is_dir() and not os.environ.get("CHANGEFLOW_REQUIRE_SHARED"):
        pytest.skip("the founding documents are not available")
    text = " ".join(" ".join(p.read_text() for p in SEEDS.glob("000_*.txt")).split())
    quoted = [r for r in RULES.values() if r.source == MAKING_CHANGE_STICK]
    assert len(quoted) == 17
    for rule in quoted:
        assert rule.sentence, rule.code
        assert rule.sentence in text, rule.code
