"""Every rule, kept and broken, on a small programme of one service, two waves and three schools."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.programme.facts import Facts
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.rules.catalogue import RULES
from changeflow.rules.engine import Judged
from changeflow.values.words import Severity
from tests.builders import PATHWAY, PROGRAMME, SERVICE, at
from tests.rules.judging import found, implied, judged, without


def test_the_small_programme_keeps_every_rule(check: Callable[..., Judged]):
    result = check()
    assert [str(f) for f in result.findings] == []
    assert [link.origin for link in result.programme.roadmap.links if link.origin.startswith("rule")] == []


class TestR01:
    def test_a_later_phase_waits_for_the_service_wide_tasks_of_the_one_before(self, check: Callable[..., Judged]):
        result = check(pathway=PATHWAY.replace("[system-live, capacity, delegation]", "[system-live, capacity]"))
        assert implied(result, "R01") == [
            f"payroll/delegation -> payroll/{school}/train" for school in ("ash", "beech", "cedar")
        ]

    def test_phases_that_wait_for_each_other_are_reported_as_a_loop(self, check: Callable[..., Judged]):
        pathway = PATHWAY.replace(
            "duration: 5d, after: requirements}\n  capacity", "duration: 5d, after: go-live}\n  capacity"
        )
        pathway = pathway.replace("[system-live, capacity, delegation]", "[system-live, capacity]")
        [message, *_] = found(check(pathway=pathway), "R01", Severity.BLOCK)
        assert "payroll/ash/train -> payroll/w1/skills -> payroll/w1/go-live -> payroll/delegation" in message


class TestR02:
    """The link from "system live" to the restructure of wave 2 is dropped; wave 1 keeps its own."""

    dropped = SERVICE + "tasks:\n  w2/restructure: {after: capacity}\n"
    waiver = (
        "waivers:\n  - {rule: R02, task: payroll/w2/restructure, reason: Small, owner: lead, approved_by: chief, "
        "expires: 2027-03-31}\n"
    )

    def test_a_dropped_link_is_restored_for_that_wave_only(self, check: Callable[..., Judged]):
        result = check(service=self.dropped)
        assert implied(result, "R02") == ["payroll/w2/system-live -> payroll/w2/restructure"]
        assert found(result, "R02", Severity.INFO) == [
            "“Payroll, wave 2: restructure” now comes after “Payroll, wave 2: system live”."
        ]
        assert not result.blocks

    def test_a_waiver_lifts_the_rule_until_it_expires(self, check: Callable[..., Judged]):
        service = self.dropped + self.waiver
        until = check(service=service, on=date(2027, 3, 31))
        assert implied(until, "R02") == []
        assert [w.rule for w in until.used_waivers] == ["R02"]
        after = check(service=service, on=date(2027, 4, 1))
        assert implied(after, "R02") == ["payroll/w2/system-live -> payroll/w2/restructure"]

    def test_a_missing_task_is_reported_with_its_schools(self, check: Callable[..., Judged]):
        result = check(service=SERVICE + "tasks:\n  w1/system-live: {drop: true}\n")
        assert found(result, "R02", Severity.BLOCK) == [
            "“Payroll, wave 1: restructure” needs a new system, but none goes live at Ash School, Beech School."
        ]
        [finding] = result.blocks
        assert finding.blocks == "baseline"
        assert "system_live" in finding.remedy

    def test_a_minor_change_is_exempt(self, check: Callable[..., Judged]):
        result = check(service=SERVICE + "tasks:\n  restructure: {after: capacity, minor: true}\n")
        assert implied(result, "R02") == []

    def test_a_system_of_another_wave_does_not_count(self, check: Callable[..., Judged]):
        tasks = "tasks:\n  w2/restructure: {after: [payroll/w1/system-live, capacity]}\n"
        assert implied(check(service=SERVICE + tasks), "R02") == ["payroll/w2/system-live -> payroll/w2/restructure"]

    def test_a_link_that_would_create_a_loop_is_not_added(self, check: Callable[..., Judged]):
        tasks = "tasks:\n  w2/restructure: {after: capacity}\n  w2/system-live: {after: [requirements, restructure]}\n"
        result = check(service=SERVICE + tasks)
        assert implied(result, "R02") == []
        [message] = [m for m in found(result, "R02", Severity.BLOCK) if "loop" in m]
        assert "payroll/w2/restructure -> payroll/w2/system-live -> payroll/w2/restructure" in message

    def test_a_breach_that_has_happened_is_reported(self, check: Callable[..., Judged]):
        facts = Facts(progress={"payroll/w1/restructure": TaskProgress(at("2027-01-05T08:30"))})
        result = check(facts=facts, on=date(2027, 1, 6))
        contradicted = "“Payroll, wave 1: restructure” started before “Payroll, wave 1: system live” finished."
        assert contradicted in found(result, "R02", Severity.BLOCK)


class TestR03:
    @pytest.mark.parametrize(
        ("step", "words"), [("capacity", "puts new capacity in place"), ("skills", "gives evidence of the new skills")]
    )
    def test_roles_end_only_with_capacity_and_skills(self, check: Callable[..., Judged], step: str, words: str):
        pathway = without(step).replace("capacity, ", "" if step == "capacity" else "capacity, ")
        pathway = pathway.replace(", after: skills", "" if step == "skills" else ", after: skills")
        messages = found(check(pathway=pathway), "R03", Severity.BLOCK)
        assert len(messages) == 2
        assert words in messages[0]
        assert "Ash School, Beech School" in messages[0]

    def test_a_missing_link_is_added(self, check: Callable[..., Judged]):
        result = check(pathway=PATHWAY.replace("after: [restructure, go-live]", "after: restructure"))
        assert implied(result, "R03") == [f"payroll/{w}/skills -> payroll/{w}/roles-end" for w in ("w1", "w2")]


class TestR05:
    def test_a_service_without_a_lead_provider_is_reported(self, check: Callable[..., Judged]):
        service = "\n".join(line for line in SERVICE.split("\n") if "lead_provider" not in line)
        assert found(check(service=service), "R05", Severity.BLOCK) == ["Payroll has no lead provider."]

    def test_too_little_time_is_reported(self, check: Callable[..., Judged]):
        result = check(service=SERVICE + "required_days_per_week: 2.5\n")
        assert found(result, "R05", Severity.BLOCK) == [
            "Payroll's lead provider has 2 days a week for it (at least 2.5 days needed)."
        ]
        assert result.blocks[0].blocks == "gate"

    def test_a_waiver_of_this_rule_is_a_definition_error(self, check: Callable[..., Judged]):
        waiver = "waivers:\n  - {rule: R05, reason: x, owner: lead, approved_by: chief, expires: 2028-01-01}\n"
        with pytest.raises(
            ProblemsError, match=r"services/payroll.yaml:8:12: Rule R05 cannot be waived. Remove the waiver"
        ):
            check(service=SERVICE + waiver)


class TestR06:
    TEAM = "team: {manager: lead, members: [{person: lead, days_per_week: 1}]}\n"

    def test_a_service_without_a_team_is_reported(self, check: Callable[..., Judged]):
        result = check(service=SERVICE.replace(self.TEAM, ""))
        assert found(result, "R06", Severity.BLOCK) == ["Payroll has no project team."]
        assert [f.blocks for f in result.findings if f.rule == "R06"] == ["gate"]

    def test_too_little_time_and_a_missing_skill_are_reported(self, check: Callable[..., Judged]):
        wanting = (
            "team: {manager: lead, needed_days_per_week: 3, needed_skills: [pensions, training], "
            "members: [{person: lead, days_per_week: 1, skills: [training]}]}\n"
        )
        assert found(check(service=SERVICE.replace(self.TEAM, wanting)), "R06", Severity.BLOCK) == [
            "No one in the project team of Payroll has the skill pensions.",
            "The project team of Payroll has 1 day a week (at least 3 days needed).",
        ]


class TestR10:
    def test_a_go_live_without_delegation_is_reported(self, check: Callable[..., Judged]):
        result = check(pathway=without("delegation").replace(", delegation]", "]"))
        assert found(result, "R10", Severity.BLOCK) == [
            "“Payroll, wave 1: go live” has no approved scheme of delegation for Ash School, Beech School.",
            "“Payroll, wave 2: go live” has no approved scheme of delegation for Cedar School.",
        ]

    def test_a_missing_link_is_added(self, check: Callable[..., Judged]):
        pathway = PATHWAY.replace(", delegation]", "]").replace("kind: delegation, phase: develop", "kind: delegation")
        result = check(pathway=pathway)
        assert implied(result, "R10") == [f"payroll/delegation -> payroll/{w}/go-live" for w in ("w1", "w2")]


class TestR11:
    larger = PROGRAMME + "policy: {larger_trust_from: 3}\n"
    piloted = larger.replace("name: wave 1,", "name: wave 1, pilot: true,")
    review = "  review: {kind: pilot, phase: deploy, per: wave, waves: pilot, duration: 5d, after: go-live}\n"

    def test_a_larger_trust_without_a_pilot_is_reported(self, check: Callable[..., Judged]):
        assert found(check(programme=self.larger), "R11", Severity.BLOCK) == [
            "Payroll rolls out to all 3 schools without a pilot wave."
        ]

    def test_a_small_trust_needs_no_pilot(self, check: Callable[..., Judged]):
        assert found(check(), "R11", Severity.BLOCK) == []

    def test_the_rollout_waits_for_the_pilots_judgement(self, check: Callable[..., Judged]):
        result = check(programme=self.piloted, pathway=PATHWAY + self.review)
        # The go-live and the end of roles follow these two.
        waiting = ("cedar/train", "w2/restructure")
        assert implied(result, "R11") == [f"payroll/w1/review -> payroll/{task}" for task in waiting]
        assert found(result, "R11", Severity.BLOCK) == []

    def test_training_that_has_begun_is_reported_and_stops_nothing(self, check: Callable[..., Judged]):
        begun = Facts(progress={"payroll/cedar/train": TaskProgress(at("2027-01-18T08:30"))})
        result = check(programme=self.piloted, pathway=PATHWAY + self.review, facts=begun, on=date(2027, 1, 18))
        message = "“Payroll, Cedar School: train” started before “Payroll, wave 1: review” finished."
        assert found(result, "R11", Severity.WARN) == [message]
        assert found(result, "R11", Severity.BLOCK) == []
        assert "payroll/w1/review -> payroll/w2/go-live" in implied(result, "R11")

    def test_a_pilot_without_a_judging_task_is_reported(self, check: Callable[..., Judged]):
        messages = found(check(programme=self.piloted), "R11", Severity.BLOCK)
        assert messages == ["The pilot of Payroll has no task that evaluates it."]

    def test_a_pilot_of_every_school_is_reported(self, check: Callable[..., Judged]):
        everywhere = self.piloted.replace("name: wave 2,", "name: wave 2, pilot: true,")
        assert "The pilot of Payroll includes every school." in found(
            check(programme=everywhere), "R11", Severity.BLOCK
        )


class TestR12:
    service = SERVICE + "class: payroll\n"
    run = "  parallel: {kind: parallel_run, phase: deploy, per: wave, duration: 2pp, after: train}\n"
    trust = "calendar: trust\npay_periods: {first_month: 2027-01, months: 24, payday: 28}\n"

    def with_pay(self, path: Path, **files: str) -> Judged:
        (path / "calendars").mkdir(parents=True)
        (path / "calendars" / "trust.yaml").write_text(self.trust)
        return judged(path, service=self.service, **files)

    def test_a_payroll_without_a_parallel_run_is_reported(self, check: Callable[..., Judged]):
        messages = found(check(service=self.service), "R12", Severity.BLOCK)
        assert (
            messages[0]
            == "“Payroll, wave 1: go live” pays people, but no parallel run covers Ash School, Beech School."
        )

    def test_go_live_waits_for_its_own_waves_run(self, tmp_path: Path):
        result = self.with_pay(tmp_path, pathway=PATHWAY + self.run)
        assert implied(result, "R12") == [f"payroll/{w}/parallel -> payroll/{w}/go-live" for w in ("w1", "w2")]
        assert not result.blocks

    def test_a_run_of_one_period_is_too_short(self, tmp_path: Path):
        result = self.with_pay(tmp_path, pathway=PATHWAY + self.run.replace("2pp", "1pp"))
        assert "lasts 1 pay period; at least 2 are needed" in found(result, "R12", Severity.BLOCK)[0]

    def test_other_services_need_no_parallel_run(self, check: Callable[..., Judged]):
        assert found(check(), "R12", Severity.BLOCK) == []


class TestR13:
    def test_missing_benefits_are_reported(self, check: Callable[..., Judged]):
        programme = "\n".join(line for line in PROGRAMME.split("\n") if not line.startswith("wiifts"))
        assert found(check(programme=programme), "R13", Severity.BLOCK) == [
            "No one has written down the benefits for students."
        ]

    def test_unapproved_benefits_are_reported(self, check: Callable[..., Judged]):
        programme = PROGRAMME.replace(", approved_by: chief, approved_on: 2026-12-01", "")
        assert "not approved" in found(check(programme=programme), "R13", Severity.BLOCK)[0]

    def test_approval_after_the_start_is_reported(self, check: Callable[..., Judged]):
        programme = PROGRAMME.replace("2026-12-01", "2027-02-01")
        assert "after the start" in found(check(programme=programme), "R13", Severity.BLOCK)[0]


class TestR15:
    def test_missing_training_is_reported(self, check: Callable[..., Judged]):
        pathway = without("train").replace("after: train", "after: [system-live, capacity, delegation]")
        assert found(check(pathway=pathway), "R15", Severity.BLOCK) == [
            "“Payroll, wave 1: go live” has no training at Ash School, Beech School.",
            "“Payroll, wave 2: go live” has no training at Cedar School.",
        ]

    def test_training_without_successors_is_linked(self, check: Callable[..., Judged]):
        result = check(pathway=PATHWAY.replace("after: train", "after: system-live"))
        assert implied(result, "R15") == [
            "payroll/ash/train -> payroll/w1/go-live",
            "payroll/beech/train -> payroll/w1/go-live",
            "payroll/cedar/train -> payroll/w2/go-live",
        ]


class TestR16:
    def test_a_missing_checkpoint_is_reported(self, check: Callable[..., Judged]):
        programme = PROGRAMME.replace("after: payroll/checkpoint, ", "after: payroll/go-live, ")
        messages = found(check(pathway=without("checkpoint"), programme=programme), "R16", Severity.BLOCK)
        assert messages[0] == "“Payroll, wave 1: go live” has no checkpoint after it at Ash School, Beech School."

    def test_closing_waits_for_the_last_checkpoint(self, check: Callable[..., Judged]):
        result = check(programme=PROGRAMME.replace("after: payroll/checkpoint", "after: payroll/w1/checkpoint"))
        assert implied(result, "R16") == ["payroll/w2/checkpoint -> programme/close"]

    def test_a_programme_that_never_closes_is_reported(self, check: Callable[..., Judged]):
        programme = "\n".join(line for line in PROGRAMME.split("\n") if "closure" not in line and line != "tasks:")
        assert "No task closes" in found(check(programme=programme), "R16", Severity.BLOCK)[0]

    def test_a_sponsor_who_leaves_too_soon_is_reported(self, check: Callable[..., Judged]):
        programme = PROGRAMME.replace("since: 2026-09-01", "since: 2026-09-01, until: 2027-01-31")
        [finding] = check(programme=programme).blocks
        assert finding.message.startswith("The sponsor's tenure ends on 31 Jan 2027, before the last checkpoint on ")
        assert finding.blocks == "closure"

    def test_a_missing_sponsor_is_reported(self, check: Callable[..., Judged]):
        programme = "\n".join(line for line in PROGRAMME.split("\n") if not line.startswith("sponsor"))
        assert "No sponsor is named." in found(check(programme=programme), "R16", Severity.BLOCK)


def test_every_rule_has_a_source_a_remedy_and_a_text():
    for rule in RULES.values():
        assert rule.source
        assert rule.remedy
        assert rule.text.endswith(".")
