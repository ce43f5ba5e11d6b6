"""The figures of the rulepacks in words: every entry has them, and each value has its unit."""

from datetime import date

from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.reports.figures import FIGURES, TITLES, figures_table
from changeflow.values.rulepack import Rulepack, RulepackEntry, Rulepacks


def table_of(key: str, value: object, *, pack: str = "payroll", grade: str = "D") -> str:
    entry = RulepackEntry(value=value, source="A page", grade=grade)
    found = Rulepack(rulepack=pack, in_force_from=date(2027, 1, 4), entries={key: entry})
    return "\n".join(figures_table(Rulepacks(packs=(found,))))


def test_every_entry_of_the_built_in_rulepacks_has_words_and_no_words_lack_an_entry():
    shipped = {(pack.rulepack, key) for pack in shipped_rulepacks().packs for key in pack.entries}
    assert {(pack, key) for pack, figures in FIGURES.items() for key in figures} == shipped
    assert set(TITLES) == {pack for pack, _ in shipped}


def test_a_share_is_a_percentage():
    assert "| 99.5% | 4 Jan 2027 | A page | `payroll`: `pay_within_share` |" in table_of("pay_within_share", 0.995)


def test_dates_to_avoid_say_what_may_not_happen_and_when():
    window = {"name": "Early payday", "class": "payroll", "first": "12-01", "last": "12-31", "activities": ["go_live"]}
    assert "Early payday (no go-live for payroll, 1 Dec to 31 Dec)" in table_of("avoid_windows", [window])


def test_a_pause_has_no_end_until_one_is_known():
    pause = {"name": "Pause", "class": "payroll", "first_day": "2026-02-01", "activities": ["go_live"]}
    assert "Pause (no go-live for payroll from 1 Feb 2026)" in table_of("freeze_windows", [pause])
    ended = {**pause, "last_day": "2026-12-31"}
    assert "Pause (no go-live for payroll from 1 Feb 2026 to 31 Dec 2026)" in table_of("freeze_windows", [ended])


def test_a_number_that_no_one_knows_is_not_known():
    assert "| not known |" in table_of("organisation_threshold", None, pack="uk-employment")


def test_general_knowledge_is_called_so():
    assert "| A page (not checked against the source) |" in table_of("consecutive_clean_runs", 2, grade="K")


def test_an_entry_of_a_folders_own_rulepack_is_shown_by_its_name():
    assert "| Own limit | 3 | 4 Jan 2027 | A page | `ours`: `own_limit` |" in table_of("own_limit", 3, pack="ours")
