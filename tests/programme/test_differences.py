"""The differences between two states of a programme: each single change gives the sentence that a reader needs.

The small programme: schools Ash and Beech in wave 1 and Cedar in wave 2; all go live on Wednesday 20 January 2027.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from changeflow.intake.folder import read_folder
from changeflow.programme.definition import ProgrammeFile, ServiceFile
from changeflow.programme.differences import differences
from changeflow.programme.programme import Programme, join
from changeflow.roadmap.analysis.differences import How, Topic, several
from changeflow.rules.engine import judge
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SCHOOLS, SERVICE, a_folder

CALENDAR = (
    "calendar: trust\n"
    "terms:\n  - {name: Spring term, first_day: 2027-01-04, last_day: 2027-03-25}\n"
    "closed:\n  - {name: Training day, first_day: 2027-02-01}\n"
)
GATED = PATHWAY + "  plan-agreed: {gate: plan, phase: plan, owner: lead}\n"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    return planned(tmp_path_factory.mktemp("before"))


def planned(home: Path, *, calendar: str = CALENDAR, **files: str) -> Programme:
    folder = a_folder(home / "trust", **{"pathway": GATED, **files})
    (folder / "calendars").mkdir(exist_ok=True)
    (folder / "calendars" / "trust.yaml").write_text(calendar)
    return judge(read_folder(folder).programme).programme


def sentences(before: Programme, after: Programme, part: Topic | None = None) -> list[str]:
    return [d.sentence for d in differences(before, after) if part in (None, d.topic)]


def test_equal_states_have_no_differences(before: Programme, tmp_path: Path):
    assert differences(before, planned(tmp_path)) == ()


def test_a_dropped_milestone_comes_first(before: Programme, tmp_path: Path):
    """Its deadline, 31 December 2027, goes with it."""
    fewer = PROGRAMME.replace("  all-live: {name: All are live, after: payroll/go-live, deadline: 2027-12-31}\n", "")
    after = planned(tmp_path, programme=fewer.replace("milestones:\n", "") + "milestones: {}\n", service=SERVICE)
    first, *_ = differences(before, after)
    assert first.comes_first
    assert first.sentence == "The milestone “All are live” was dropped (deadline 31 Dec 2027, forecast 20 Jan 2027)."


def test_a_dropped_deadline_comes_first_and_a_later_one_is_named(before: Programme, tmp_path: Path):
    none = planned(tmp_path / "a", programme=PROGRAMME.replace(", deadline: 2027-12-31", ""))
    assert differences(before, none)[0].sentence == "The deadline of “All are live”, 31 Dec 2027, was dropped."
    assert differences(before, none)[0].comes_first
    later = planned(tmp_path / "b", programme=PROGRAMME.replace("2027-12-31", "2028-01-31"))
    said = "The deadline of “All are live” has moved from 31 Dec 2027 to 31 Jan 2028 (31 days later)."
    assert sentences(before, later, Topic.MILESTONES) == [said]


def test_a_milestone_under_another_id_is_the_same_milestone(before: Programme, tmp_path: Path):
    """Otherwise a new id for the same name could hide a later deadline."""
    other = PROGRAMME.replace("all-live:", "live-everywhere:").replace("2027-12-31", "2028-01-31")
    found = differences(before, planned(tmp_path, programme=other))
    assert not any(d.comes_first for d in found)
    assert "The deadline of “All are live” has moved from 31 Dec 2027 to 31 Jan 2028 (31 days later)." in [
        d.sentence for d in found
    ]


def edited(old: str, new: str, *, which: str = "programme") -> Callable[[Path], Programme]:
    text = {"programme": PROGRAMME, "service": SERVICE, "pathway": GATED, "calendar": CALENDAR}[which]
    assert old in text
    return lambda home: planned(home, **{which: text.replace(old, new)})


def without_beech(home: Path) -> Programme:
    """A school in no wave is not in the programme."""
    programme = PROGRAMME.replace("schools: [ash, beech]", "schools: [ash]")
    return planned(home, programme=programme, schools=SCHOOLS.replace("beech,Beech School,secondary,north\n", ""))


CASES: dict[str, tuple[Callable[[Path], Programme], Topic, str]] = {
    "a renamed milestone": (
        edited("name: All are live", "name: Everybody is live"), Topic.MILESTONES,
        "“All are live” is now called “Everybody is live”.",
    ),
    "a gate that is gone": (
        edited("  plan-agreed: {gate: plan, phase: plan, owner: lead}\n", "", which="pathway"), Topic.GATES,
        "The decision “Payroll: plan agreed” was dropped (forecast 4 Jan 2027).",
    ),
    "a school that moves to another wave": (
        edited("schools: [ash, beech]}\n  - {id: w2, name: wave 2, schools: [cedar]}",
               "schools: [ash]}\n  - {id: w2, name: wave 2, schools: [beech, cedar]}"), Topic.WAVES,
        "Beech School moved from wave 1 to wave 2.",
    ),
    "a school that leaves": (without_beech, Topic.WAVES, "Beech School is no longer in wave 1."),
    "its go-live": (without_beech, Topic.GO_LIVES, "Payroll no longer goes live at Beech School (was 20 Jan 2027)."),
    "a renamed wave": (
        edited("name: wave 2", "name: the last wave"), Topic.WAVES, "The wave “wave 2” is now called “the last wave”.",
    ),
    "a wave that may start later": (
        edited("schools: [cedar]", "start_no_earlier: 2027-02-01, schools: [cedar]"), Topic.WAVES,
        "The earliest start of wave 2 is now 1 Feb 2027 (was any day).",
    ),
    "the go-live that follows": (
        edited("schools: [cedar]", "start_no_earlier: 2027-02-01, schools: [cedar]"), Topic.GO_LIVES,
        "Payroll go-live at Cedar School is 12 days later, on 1 Feb 2027 (was 20 Jan 2027).",
    ),
    "a longer task": (
        edited("requirements, phase: design, duration: 5d", "requirements, phase: design, duration: 8d",
               which="pathway"), Topic.DURATIONS,
        "“Payroll: requirements” takes 8 working days instead of 5 working days.",
    ),
    "a task that is gone": (
        edited("  quick-win: {kind: quick_win, phase: deploy, per: wave, duration: 1d, after: go-live}\n", "",
               which="pathway"), Topic.TASKS,
        "“Payroll, wave 1: quick win” and “Payroll, wave 2: quick win” have been dropped.",
    ),
    "another owner": (
        edited("phase: plan, owner: lead", "phase: plan, owner: chief", which="pathway"), Topic.OWNERS,
        "“Payroll: plan agreed” has a new owner, the Chief Executive (was the Director of People).",
    ),
    "a renamed service": (
        edited("name: Payroll", "name: Pay", which="service"), Topic.SERVICES,
        "The service “Payroll” is now called “Pay”.",
    ),
    "a set date": (
        edited("kind: closure, duration: 1d", "kind: closure, start_no_earlier: 2027-06-01, duration: 1d"),
        Topic.SET_DATES, "“Close” is now set to start no earlier than 1 Jun 2027 (it had no set date).",
    ),
    "a link": (
        edited("duration: 1d, after: go-live}\n  restructure", "duration: 1d, after: go-live FS+5d}\n  restructure",
               which="pathway"), Topic.LINKS,
        "The predecessors or lags of “Payroll, wave 1: quick win” and “Payroll, wave 2: quick win” have changed.",
    ),
    "a term that ends earlier": (
        edited("last_day: 2027-03-25", "last_day: 2027-03-19", which="calendar"), Topic.CALENDARS,
        "In the calendar of the trust, “Spring term” is now 4 Jan 2027 to 19 Mar 2027 (was 4 Jan 2027 to 25 Mar 2027).",
    ),
    "a closure that is gone": (
        edited("closed:\n  - {name: Training day, first_day: 2027-02-01}\n", "", which="calendar"), Topic.CALENDARS,
        "In the calendar of the trust, “Training day” (1 Feb 2027) was dropped.",
    ),
    "the programme's start": (
        edited("start: 2027-01-04", "start: 2027-01-11"), Topic.SETTINGS,
        "The programme now starts on 11 Jan 2027 (was 4 Jan 2027).",
    ),
    "the sponsor": (
        edited("sponsor: {person: chief", "sponsor: {person: lead"), Topic.PEOPLE,
        "The sponsor is now the Director of People (was the Chief Executive).",
    ),
    "the lead provider": (
        edited("lead_provider: {person: lead", "lead_provider: {person: chief", which="service"), Topic.PEOPLE,
        "The lead provider of Payroll is now the Chief Executive (was the Director of People).",
    ),
}  # fmt: skip


@pytest.mark.usual(11)
@pytest.mark.parametrize("case", CASES)
def test_each_change_is_named(before: Programme, tmp_path: Path, case: str):
    change, part, sentence = CASES[case]
    assert sentence in sentences(before, change(tmp_path), part)


class _Another:
    """A value that equals no other, for comparisons only."""


OWN_CASES = {
    "programme", "service", "tasks", "milestones", "waivers", "waves", "closed", "policy", "start", "finish", "sponsor",
    "name", "lead_provider", "service_manager", "action_owners",
}  # fmt: skip
"""Fields that are compared as tasks, or have their own test here."""
FIELDS = [
    (part, field)
    for part, shape in (("programme", ProgrammeFile), ("service", ServiceFile))
    for field in shape.model_fields
    if field not in OWN_CASES or (part, field) == ("programme", "name")
]


@pytest.mark.parametrize(("part", "field"), FIELDS)
def test_every_changed_field_is_reported(before: Programme, part: str, field: str):
    """Each field gets a different value, whatever its meaning, and a sentence names the field."""
    definition = before.definition
    if part == "programme":
        changed = definition.programme.model_copy(update={field: _Another()})
        after = definition.model_copy(update={"programme": changed})
    else:
        service = definition.services[0].model_copy(update={field: _Another()})
        after = definition.model_copy(update={"services": (service,)})
    found = differences(before, replace(before, definition=after))
    assert any(field.replace("_", " ") in d.sentence for d in found)


def test_policies_are_named_with_both_values(before: Programme, tmp_path: Path):
    after = planned(tmp_path, programme=PROGRAMME + "policy: {ready_share: 0.9}\n")
    assert sentences(before, after) == ["The policy “ready share” is now 0.9 (was 0.8)."]


def test_people_are_named_by_their_roles(before: Programme, tmp_path: Path):
    more = PEOPLE + "p1,A,Payroll Officer,a@example.org,team,ash,,lead\np2,B,Payroll Officer,b@example.org,team,,,\n"
    after = planned(tmp_path, people=more)
    assert sentences(before, after, Topic.PEOPLE) == ["2 people are new: Payroll Officer (2)."]
    assert sentences(after, before, Topic.PEOPLE) == ["2 people are no longer listed: Payroll Officer (2)."]


def test_moved_tasks_are_counted_in_one_sentence(before: Programme, tmp_path: Path):
    """Requirements take 8 days instead of 5. Their successors end three working days later; the gate does not."""
    late = edited("requirements, phase: design, duration: 5d", "requirements, phase: design, duration: 8d",
                  which="pathway")(tmp_path)  # fmt: skip
    [moved] = [d for d in differences(before, late) if (d.topic, d.how) == (Topic.TASKS, How.MOVED)]
    assert re.match(r"\d+ tasks now finish later; the largest change is to “", moved.sentence)
    assert "earlier" not in moved.sentence


def test_joining_on_another_day_changes_no_definition(before: Programme):
    programme, _ = join(before.definition, rulepacks=before.rulepacks, on=date(2027, 1, 4))
    assert differences(before, judge(programme).programme) == ()


def test_long_lists_are_counted():
    assert several(["A"]) == "“A”"
    assert several(["A", "B", "C"]) == "“A”, “B” and “C”"
    assert several(list("ABCDE")) == "5 tasks (“A”, “B”, “C” and 2 more)"


def test_a_definition_stored_and_read_again_has_no_differences(tmp_path: Path):
    """A definition is stored with sorted keys, so its steps come back in another order."""
    here = judge(read_folder(a_folder(tmp_path / "trust")).programme).programme
    stored, _ = join(type(here.definition).model_validate_json(here.definition.canonical()), rulepacks=here.rulepacks)
    assert differences(judge(stored).programme, here) == ()
