"""Collective consultation: the legal numbers checked by oracles, and the rule that reads them."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeflow.intake.rulepacks import read_rulepacks, shipped_rulepacks
from changeflow.rules.engine import Judged
from changeflow.services.transition import RedundancyProposal, fullest_windows, minimum_days
from changeflow.values.problem import Problem
from changeflow.values.rulepack import RulepackEntry
from changeflow.values.words import Severity
from tests.builders import PATHWAY, SERVICE
from tests.rules.judging import found

START = date(2027, 2, 22)


def law(nation: str = "england") -> Callable[[str, date], RulepackEntry]:
    packs = shipped_rulepacks()
    return lambda key, on: packs.entry("uk-employment", key, on=on, nation=nation)


@pytest.mark.parametrize(
    ("posts", "nation", "allowed"),
    [
        (19, "england", None),
        (20, "england", "2027-03-24"),
        (99, "scotland", "2027-03-24"),
        (100, "wales", "2027-04-08"),
        (19, "northern-ireland", None),
        (20, "northern-ireland", "2027-03-24"),
        (100, "northern-ireland", "2027-05-23"),
    ],
)
def test_consultation_from_22_february_2027(posts: int, nation: str, allowed: str | None):
    """20 to 99 posts: 30 days, to 24 March. 100: 45 days, to 8 April; in Northern Ireland 90, to 23 May."""
    days = minimum_days(posts, on=START, law=law(nation))
    assert (str(START + timedelta(days=days)) if days else None) == allowed


def test_posts_count_within_ninety_days_of_each_other():
    first = date(2027, 6, 1)
    near = [RedundancyProposal("ash", 12, first), RedundancyProposal("ash", 8, first + timedelta(days=89))]
    [duty] = fullest_windows(near, law=law())
    assert (duty.posts, duty.days, duty.first_effect) == (20, 30, first)
    far = [RedundancyProposal("ash", 12, first), RedundancyProposal("ash", 8, first + timedelta(days=90))]
    assert not any(d.days for d in fullest_windows(far, law=law()))


def test_each_establishment_counts_separately():
    proposals = [RedundancyProposal("ash", 15, START), RedundancyProposal("beech", 15, START)]
    assert not any(d.days for d in fullest_windows(proposals, law=law()))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 300)), min_size=1, max_size=8))
def test_a_duty_names_the_fullest_window(posts: list[tuple[int, int]]):
    proposals = [RedundancyProposal("ash", n, START + timedelta(days=d)) for n, d in posts]
    fullest = max(sum(n for n, d in posts if start <= d < start + 90) for _, start in posts)
    found_duties = [d for d in fullest_windows(proposals, law=law()) if d.days]
    assert bool(found_duties) == (fullest >= 20)
    assert all(d.posts == fullest for d in found_duties)


def test_the_unknown_threshold_of_2027_is_never_guessed():
    packs = shipped_rulepacks()
    assert packs.number("uk-employment", "organisation_threshold", on=date(2026, 12, 31)) == 0
    with pytest.raises(LookupError, match="organisation_threshold is not known for 2027-01-01"):
        packs.number("uk-employment", "organisation_threshold", on=date(2027, 1, 1))


def test_the_protective_award_depends_on_the_day():
    packs = shipped_rulepacks()
    days = [packs.number("uk-employment", "protective_award_days", on=date(2026, 4, day)) for day in (5, 6)]
    assert days == [90, 180]


def ending(schools: str, duration: str = "1d") -> str:
    """Roles end in wave 1, whose schools are Ash and Beech, after a consultation that begins on 4 January 2027."""
    return PATHWAY.replace(
        "  roles-end: {kind: role_removal, phase: deploy, per: wave, duration: 1d, after: [restructure, go-live]}\n",
        f"  consult: {{kind: consultation, phase: design, per: wave, duration: 10d}}\n"
        f"  roles-end: {{kind: role_removal, phase: deploy, per: wave, duration: {duration}, "
        f"after: [restructure, go-live, consult], redundancies: {{{schools}}}}}\n",
    )


class TestR19:
    def test_few_posts_need_no_collective_consultation(self, check: Callable[..., Judged]):
        result = check(pathway=ending("ash: 19"))
        assert not [m for m in found(result, "R19", Severity.BLOCK) if "Ash" in m]

    def test_roles_that_end_too_soon_are_reported_with_the_first_lawful_day(self, check: Callable[..., Judged]):
        """Consultation begins on 4 January; thirty days later is 3 February. The roles end in January."""
        [message] = [m for m in found(check(pathway=ending("ash: 20")), "R19", Severity.BLOCK) if "Ash" in m]
        assert message.startswith("20 roles end at Ash School, the first on ")
        assert message.endswith(
            "Consultation begins on 4 Jan 2027 and takes 30 days, so none may end before 3 Feb 2027."
        )

    def test_roles_that_end_later_keep_the_rule(self, check: Callable[..., Judged]):
        result = check(pathway=ending("ash: 20", "20d"))
        assert not [m for m in found(result, "R19", Severity.BLOCK) if "Ash" in m]

    def test_missing_consultation_is_reported(self, check: Callable[..., Judged]):
        text = ending("ash: 20").replace("kind: consultation", "kind: work")
        messages = found(check(pathway=text), "R19", Severity.BLOCK)
        assert "20 roles end at Ash School without the required 30 days of collective consultation." in messages

    def test_an_unknown_threshold_is_reported_and_not_assumed(self, check: Callable[..., Judged]):
        messages = found(check(pathway=ending("ash: 1")), "R19", Severity.BLOCK)
        assert len(messages) == 1
        assert "its number is not known here and none is assumed" in messages[0]

    def test_the_sample_ends_no_roles_by_redundancy(self, sample):
        from changeflow.rules.engine import judge

        assert not [f for f in judge(sample.programme).findings if f.rule == "R19"]


class TestR20:
    """Wave 2 goes live on 20 January 2027; 28 days earlier is 23 December 2026."""

    MOVES = SERVICE + "employer_changes: true\n"
    TALKS = PATHWAY + "  consult: {kind: consultation, phase: design, per: wave, duration: 1d, after: requirements}\n"

    def test_moves_within_one_employer_need_no_liability_information(self, check: Callable[..., Judged]):
        assert found(check(), "R20", Severity.BLOCK) == []

    def test_a_move_without_consultation_is_reported(self, check: Callable[..., Judged]):
        messages = found(check(service=self.MOVES), "R20", Severity.BLOCK)
        assert messages == [
            f"“Payroll, wave {n}: go live” moves staff to another employer, but no task consults them." for n in (1, 2)
        ]

    def test_a_consultation_that_begins_too_late_is_reported_with_both_days(self, check: Callable[..., Judged]):
        [first, _] = found(check(service=self.MOVES, pathway=self.TALKS), "R20", Severity.BLOCK)
        assert first == (
            "“Payroll, wave 1: go live” moves staff to another employer on 20 Jan 2027, but consultation begins on "
            "11 Jan 2027. Employee liability information is due 28 days before the move."
        )

    def test_twenty_eight_days_before_is_in_time(self, check: Callable[..., Judged]):
        later = self.MOVES + "tasks:\n  go-live: {start_no_earlier: 2027-02-08}\n"
        assert found(check(service=later, pathway=self.TALKS), "R20", Severity.BLOCK) == []


class TestRulepacks:
    def problems(self, folder: Path, **texts: str) -> str:
        folder.mkdir()
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text)
        found_problems: list[Problem] = []
        read_rulepacks(folder, found_problems)
        return "\n".join(map(str, found_problems))

    PACK = "rulepack: ours\nin_force_from: 2027-01-01\nentries:\n  limit: {value: 3, grade: D, source: the trust}\n"

    def test_two_editions_for_one_day_are_refused_with_both_names(self, tmp_path: Path):
        text = self.problems(tmp_path / "rulepacks", a=self.PACK, b=self.PACK)
        assert "rulepacks/b.yaml" in text
        assert "a.yaml already has 'ours' for the same nation and day" in text

    @pytest.mark.parametrize(("a", "b", "is_refused"), [
        ("england", "england", True),
        ("[england, wales]", "england", True),
        ("wales", "[england, wales]", True),
        ("[england, wales]", "scotland", False),
    ])  # fmt: skip
    def test_editions_that_share_a_nation(self, tmp_path: Path, a: str, b: str, is_refused: bool):
        texts = {name: f"nation: {nation}\n{self.PACK}" for name, nation in (("a", a), ("b", b))}
        assert ("for the same nation and day" in self.problems(tmp_path / "packs", **texts)) == is_refused

    def test_an_entry_without_a_source_or_a_pack_without_a_day_is_refused(self, tmp_path: Path):
        text = self.problems(
            tmp_path / "rulepacks",
            a=self.PACK.replace(", source: the trust", ""),
            b=self.PACK.replace("in_force_from: 2027-01-01\n", ""),
        )
        assert "rulepacks/a.yaml:4" in text
        assert "source" in text
        assert "in_force_from" in text
