"""Each kind of edit changes these lines of a small programme, and no other; the expected lines are written by hand."""

from difflib import unified_diff
from typing import Any

import pytest
from pydantic import ValidationError

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.base import complaint_in_words
from changeflow.intake.editing.kinds import KINDS, edits_from
from changeflow.intake.editing.sources import Sources

SOURCES = {
    "programme.yaml": """\
programme: small
start: 2027-01-04
sponsor: {person: chief, since: 2026-09-01}
policy:
  minimum_group: 10   # as the trust decided
closed:
  - {name: Christmas, first_day: 2027-12-27}
waves:
  - {id: w1, name: wave 1, schools: [ash, beech]}
  - id: w2
    name: wave 2
    schools: [cedar]
tasks:
  close: {kind: closure, duration: 1d, after: payroll/checkpoint}
milestones:
  all-live: {name: All are live, after: payroll/go-live, deadline: 2027-12-31}
""",
    "services/payroll.yaml": """\
service: payroll
name: Payroll
pathway: short
tasks:
  train: {owner: lead}
  set-up:
    name: Set up
    duration: 5d
    after: [requirements, kick-off FS+2d]
  w1/go-live: {deadline: 2027-06-30}
  test: {start_no_earlier: 2027-02-01}
  requirements: {owner: chief}
team:
  manager: chief
  members:
    - {person: chief, days_per_week: 2}
    - {person: chair, days_per_week: 1}
go_no_go: {sign: [lead, chief]}
""",
    "pathways/short.yaml": """\
pathway: short
name: Short
steps:
  requirements: {duration: 5d, estimate: [4d, 5d, 8d]}
  kick-off: {duration: 1d, must_start: 2027-01-11}
  build: {duration: 10d, phase: develop, after: requirements, owner: lead}
  test: {duration: 5d, after: build SS+2d}
  train: {duration: 2d, per: wave, after: [build, test], needs: {ict: 1}}
  go-live: {kind: go_live, per: wave, after: train}
  checkpoint: {after: go-live}
""",
    "services/hr.yaml": """\
service: hr
name: HR
pathway: short
tasks:
  build: {needs: {ict: 2, hr: 1}}
  test: {calendar: every_day, needs: {}}
""",
    "calendars/trust.yaml": """\
calendar: trust
terms:
  - {name: Spring, first_day: 2027-01-04, last_day: 2027-03-25}
blackouts:
  - {name: Exams, first_day: 2027-05-10, last_day: 2027-06-23, activities: [training]}
meetings:
  - id: board
    name: Board
    dates:
      - 2027-02-01
      - 2027-04-05
""",
    "levelling.yaml": "pinned: {payroll/build: 2027-01-18T08:30}\nrefused: [payroll/test]\n",
    "risk.yaml": """\
events: [{id: leaves, probability: 0.3, effect: [1d, 2d, 3d], tasks: build}]
levers:
  - {id: more, cost: 5, shorten: {payroll/build: 50}}
  - {id: less, cost: 1, events: {leaves: 0.1}}
""",
    "rollout.yaml": """\
teams:
  ict: {days_per_week: 10}
apart: [[ash, beech]]
schools:
  cedar: {latest: 2028-03-31, fixed: {payroll: 2027-09-01}}
""",
    "schools.csv": """\
id,name,phase,authority
ash,Ash,primary,north
beech,Beech,primary,north
cedar,Cedar,primary,north
""",
}
PROGRAMME, PAYROLL, TRUST = "programme.yaml", "services/payroll.yaml", "calendars/trust.yaml"

CASES: list[tuple[dict[str, Any], dict[str, list[str]]]] = [
    ({"kind": "move-school", "school": "beech", "to_wave": "w2"},
     {PROGRAMME: ["-  - {id: w1, name: wave 1, schools: [ash, beech]}", "+  - {id: w1, name: wave 1, schools: [ash]}",
                  "-    schools: [cedar]", "+    schools: [cedar, beech]"]}),
    ({"kind": "add-wave", "id": "w3", "name": "wave 3", "schools": ["beech"]},
     {PROGRAMME: ["-  - {id: w1, name: wave 1, schools: [ash, beech]}", "+  - {id: w1, name: wave 1, schools: [ash]}",
                  "+  - {id: w3, name: wave 3, schools: [beech]}"]}),
    ({"kind": "rename-wave", "wave": "w2", "name": "last wave"},
     {PROGRAMME: ["-    name: wave 2", "+    name: last wave"]}),
    ({"kind": "set-wave", "wave": "w1", "name": "first wave", "schools": ["beech", "elm"], "services": ["payroll"],
      "first_day": "2027-06-01"},
     {PROGRAMME: ["-  - {id: w1, name: wave 1, schools: [ash, beech]}",
                  ("+  - {id: w1, name: first wave, schools: [beech, elm], services: [payroll], start_no_earlier: "
                   "2027-06-01}")]}),
    ({"kind": "remove-wave", "wave": "w1", "to_wave": "w2"},
     {PROGRAMME: ["-  - {id: w1, name: wave 1, schools: [ash, beech]}",
                  "-    schools: [cedar]", "+    schools: [cedar, ash, beech]"]}),
    # Payroll leaves wave 1: its task of that wave has a new id, and keeps its deadline.
    ({"kind": "split-wave", "wave": "w1", "services": ["payroll"], "id": "early", "name": "wave 1",
      "schools": ["ash", "beech"], "first_day": "2027-06-01",
      "former": {"payroll/early/go-live": ["payroll/w1/go-live"],
                 "payroll/early/train": ["payroll/first/train", "payroll/w1/train"]}},
     {PROGRAMME: ["-  - {id: w1, name: wave 1, schools: [ash, beech]}",
                  "+  - {id: w1, name: wave 1, schools: [ash, beech], services: [hr]}",
                  ("+  - {id: early, name: wave 1, schools: [ash, beech], services: [payroll], start_no_earlier: "
                   "2027-06-01}")],
      PAYROLL: ["-  w1/go-live: {deadline: 2027-06-30}",
                "+  early/go-live: {deadline: 2027-06-30, was: w1/go-live}",
                "+  early/train: {was: [first/train, w1/train]}"]}),
    ({"kind": "order-waves", "waves": ["w2", "w1"]},
     {PROGRAMME: ["-  - {id: w1, name: wave 1, schools: [ash, beech]}",
                  "+  - {id: w1, name: wave 1, schools: [ash, beech]}"]}),
    ({"kind": "set-event", "event": "leaves", "probability": 0.05},
     {"risk.yaml": ["-events: [{id: leaves, probability: 0.3, effect: [1d, 2d, 3d], tasks: build}]",
                    "+events: [{id: leaves, probability: 0.05, effect: [1d, 2d, 3d], tasks: build}]"]}),
    ({"kind": "remove-option", "option": "more"},
     {"risk.yaml": ["-  - {id: more, cost: 5, shorten: {payroll/build: 50}}"]}),
    ({"kind": "accept-move", "task": "payroll/build", "start": "2027-03-17T00:00:00"},
     {"levelling.yaml": ["-pinned: {payroll/build: 2027-01-18T08:30}", "+pinned: {}", "+accepted:",
                         "+  payroll/build: 2027-03-17"]}),
    ({"kind": "accept-move", "task": "payroll/test", "start": "2027-03-17T13:00:00"},
     {"levelling.yaml": ["-refused: [payroll/test]", "+accepted:", "+  payroll/test: 2027-03-17T13:00:00"]}),
    ({"kind": "set-wishes", "school": "cedar", "earliest": "2027-06-01", "pilot": False},
     {"rollout.yaml": ["-  cedar: {latest: 2028-03-31, fixed: {payroll: 2027-09-01}}",
                       "+  cedar: {fixed: {payroll: 2027-09-01}, earliest: 2027-06-01, pilot: false}"]}),
    ({"kind": "set-pin", "school": "ash", "service": "payroll", "day": "2027-06-01"},
     {"rollout.yaml": ["+  ash:", "+    fixed: {payroll: 2027-06-01}"]}),
    ({"kind": "remove-pin", "school": "cedar", "service": "payroll"},
     {"rollout.yaml": ["-  cedar: {latest: 2028-03-31, fixed: {payroll: 2027-09-01}}",
                       "+  cedar: {latest: 2028-03-31, fixed: {}}"]}),
    ({"kind": "keep-apart", "school": "ash", "other": "cedar"},
     {"rollout.yaml": ["-apart: [[ash, beech]]", "+apart: [[ash, beech], [ash, cedar]]"]}),
    ({"kind": "remove-apart", "school": "beech", "other": "ash"},
     {"rollout.yaml": ["-apart: [[ash, beech]]", "+apart: []"]}),
    ({"kind": "set-limit", "part": "service", "of": "payroll", "setting": "latest", "value": "2028-03-31"},
     {"rollout.yaml": ["+services:", "+  payroll: {latest: 2028-03-31}"]}),
    ({"kind": "add-school", "id": "elm", "name": "Elm, C of E", "phase": "primary", "authority": "north", "wave": "w2"},
     {PROGRAMME: ["-    schools: [cedar]", "+    schools: [cedar, elm]"],
      "schools.csv": ['+elm,"Elm, C of E",primary,north']}),
    ({"kind": "remove-school", "school": "beech"},
     {PROGRAMME: ["-  - {id: w1, name: wave 1, schools: [ash, beech]}", "+  - {id: w1, name: wave 1, schools: [ash]}"],
      "rollout.yaml": ["-apart: [[ash, beech]]", "+apart: []"],
      "schools.csv": ["-beech,Beech,primary,north"]}),
    ({"kind": "set-duration", "task": "payroll/w2/train", "duration": "3d"},
     {PAYROLL: ["+  w2/train:", "+    duration: 3d"]}),
    ({"kind": "set-estimate", "task": "payroll/set-up", "estimate": ["3d", "5d", "9d"]},
     {PAYROLL: ["+    estimate: [3d, 5d, 9d]"]}),
    ({"kind": "link", "task": "payroll/train", "after": "set-up FS+1d"},
     {PAYROLL: ["-  train: {owner: lead}", "+  train: {owner: lead, also_after: [set-up FS+1d]}"]}),
    ({"kind": "link", "task": "programme/all-live", "after": "payroll/set-up"},
     {PROGRAMME: ["-  all-live: {name: All are live, after: payroll/go-live, deadline: 2027-12-31}",
                  ("+  all-live: {name: All are live, after: [payroll/go-live, payroll/set-up], deadline: "
                  "2027-12-31}")]}),
    ({"kind": "unlink", "task": "payroll/set-up", "after": "kick-off"},
     {PAYROLL: ["-    after: [requirements, kick-off FS+2d]", "+    after: [requirements]"]}),
    ({"kind": "unlink", "task": "payroll/train", "after": "build"},
     {PAYROLL: ["-  train: {owner: lead}", "+  train: {owner: lead, after: [test]}"]}),
    ({"kind": "set-deadline", "task": "payroll/w1/go-live", "deadline": "2027-07-31"},
     {PAYROLL: ["-  w1/go-live: {deadline: 2027-06-30}", "+  w1/go-live: {deadline: 2027-07-31}"]}),
    ({"kind": "set-deadline", "task": "programme/all-live"},
     {PROGRAMME: ["-  all-live: {name: All are live, after: payroll/go-live, deadline: 2027-12-31}",
                  "+  all-live: {name: All are live, after: payroll/go-live}"]}),
    ({"kind": "set-earliest", "task": "payroll/w2/go-live", "earliest": "2027-09-06"},
     {PAYROLL: ["+  w2/go-live:", "+    start_no_earlier: 2027-09-06"]}),
    ({"kind": "set-earliest", "task": "payroll/test"},
     {PAYROLL: ["-  test: {start_no_earlier: 2027-02-01}", "+  test: {}"]}),
    ({"kind": "set-task-calendar", "task": "payroll/w1/train", "calendar": "term"},
     {PAYROLL: ["+  w1/train:", "+    calendar: term"]}),
    ({"kind": "set-task-calendar", "task": "hr/test"},
     {"services/hr.yaml": ["-  test: {calendar: every_day, needs: {}}", "+  test: {needs: {}}"]}),
    # A task's own people replace those of its step, so the others are written again.
    ({"kind": "set-need", "task": "payroll/w1/train", "team": "hr", "people": 0.5},
     {PAYROLL: ["+  w1/train:", "+    needs: {ict: 1, hr: 0.5}"]}),
    ({"kind": "set-need", "task": "payroll/train", "team": "ict"},
     {PAYROLL: ["-  train: {owner: lead}", "+  train: {owner: lead, needs: {}}"]}),
    ({"kind": "set-need", "task": "hr/build", "team": "hr"},
     {"services/hr.yaml": ["-  build: {needs: {ict: 2, hr: 1}}", "+  build: {needs: {ict: 2}}"]}),
    ({"kind": "set-need", "task": "hr/build", "team": "ict", "people": 3},
     {"services/hr.yaml": ["-  build: {needs: {ict: 2, hr: 1}}", "+  build: {needs: {ict: 3, hr: 1}}"]}),
    ({"kind": "set-need", "task": "hr/test", "team": "hr", "people": 2},
     {"services/hr.yaml": ["-  test: {calendar: every_day, needs: {}}",
                           "+  test: {calendar: every_day, needs: {hr: 2}}"]}),
    ({"kind": "set-owner", "task": "payroll/train", "owner": "head"},
     {PAYROLL: ["-  train: {owner: lead}", "+  train: {owner: head}"]}),
    ({"kind": "add-task", "service": "payroll", "id": "ids", "name": "Agree IDs", "duration": "2d", "after": ["build"]},
     {PAYROLL: ["+  ids:", "+    name: Agree IDs", "+    duration: 2d", "+    after: [build]"]}),
    ({"kind": "rename-task", "task": "payroll/set-up", "name": "Set up: all"},
     {PAYROLL: ["-    name: Set up", '+    name: "Set up: all"']}),
    ({"kind": "retire-task", "task": "payroll/set-up"},
     {PAYROLL: ["+    drop: true"]}),
    ({"kind": "retire-task", "task": "programme/all-live"},
     {PROGRAMME: ["-milestones:", "-  all-live: {name: All are live, after: payroll/go-live, deadline: 2027-12-31}",
                  "+milestones: {}"]}),
    ({"kind": "retire-task", "task": "payroll/train"},
     {PAYROLL: ["-  train: {owner: lead}", "+  train: {owner: lead, drop: true}"]}),
    # Training waits for the second part as well; testing follows the start of the first part, as before.
    ({"kind": "split-task", "task": "payroll/build", "first_duration": "6d", "id": "finish-build",
      "name": "Finish building", "duration": "4d"},
     {PAYROLL: ["-  train: {owner: lead}", "+  train: {owner: lead, also_after: [finish-build]}",
                "+  build:", "+    duration: 6d", "+  finish-build:", "+    name: Finish building", "+    duration: 4d",
                "+    after: build", "+    was: build", "+    phase: develop", "+    owner: lead"]}),
    ({"kind": "add-calendar", "calendar": "north-days", "authority": "north"},
     {"calendars/north-days.yaml": ["+calendar: north-days", "+authority: north"]}),
    ({"kind": "add-closure", "name": "Snow", "first_day": "2027-01-20"},
     {PROGRAMME: ["+  - {name: Snow, first_day: 2027-01-20}"]}),
    ({"kind": "remove-closure", "name": "Christmas", "first_day": "2027-12-27"},
     {PROGRAMME: ["-closed:", "-  - {name: Christmas, first_day: 2027-12-27}", "+closed: []"]}),
    ({"kind": "set-term", "calendar": "trust", "name": "Spring", "first_day": "2027-01-05", "last_day": "2027-03-25",
      "half_term": ["2027-02-15", "2027-02-19"]},
     {TRUST: ["-  - {name: Spring, first_day: 2027-01-04, last_day: 2027-03-25}",
              ("+  - {name: Spring, first_day: 2027-01-05, last_day: 2027-03-25, half_term: [2027-02-15, "
              "2027-02-19]}")]}),
    ({"kind": "set-term", "calendar": "trust", "name": "Autumn", "first_day": "2026-09-01", "last_day": "2026-12-18"},
     {TRUST: ["+  - {name: Autumn, first_day: 2026-09-01, last_day: 2026-12-18}"]}),
    ({"kind": "add-blackout", "calendar": "trust", "name": "Year end", "first_day": "2027-03-22",
      "last_day": "2027-04-09", "activities": ["system_live"]},
     {TRUST: ["+  - {name: Year end, first_day: 2027-03-22, last_day: 2027-04-09, activities: [system_live]}"]}),
    ({"kind": "remove-blackout", "calendar": "trust", "name": "Exams"},
     {TRUST: ["-blackouts:", "-  - {name: Exams, first_day: 2027-05-10, last_day: 2027-06-23, activities: [training]}",
              "+blackouts: []"]}),
    ({"kind": "set-meetings", "calendar": "trust", "meeting": "board", "dates": ["2027-06-07", "2027-04-05"]},
     {TRUST: ["-      - 2027-02-01", "+      - 2027-06-07"]}),
    ({"kind": "set-team", "team": "ict", "days_per_week": 12},
     {"rollout.yaml": ["-  ict: {days_per_week: 10}", "+  ict: {days_per_week: 12}"]}),
    ({"kind": "add-absence", "team": "ict", "first_day": "2027-04-05", "last_day": "2027-04-16"},
     {"rollout.yaml": ["-  ict: {days_per_week: 10}",
                       "+  ict: {days_per_week: 10, away: [{first_day: 2027-04-05, last_day: 2027-04-16}]}"]}),
    ({"kind": "add-service", "service": "estates", "name": "Estates", "pathway": "short", "lead_provider": "lead"},
     {"services/estates.yaml": ["+service: estates", "+name: Estates", "+pathway: short", "+lead_provider:",
                                "+  person: lead", "+  days_per_week: 1"]}),
    ({"kind": "set-policy", "setting": "minimum_group", "value": 12},
     {PROGRAMME: ["-  minimum_group: 10   # as the trust decided", "+  minimum_group: 12   # as the trust decided"]}),
    ({"kind": "set-sponsor", "person": "chair", "since": "2027-02-01"},
     {PROGRAMME: ["-sponsor: {person: chief, since: 2026-09-01}", "+sponsor: {person: chair, since: 2027-02-01}"]}),
    ({"kind": "set-benefits", "statement": "Teachers: more time", "approved_by": "chair", "approved_on": "2026-12-01"},
     {PROGRAMME: ["+wiifts:", '+  statement: "Teachers: more time"', "+  approved_by: chair",
                  "+  approved_on: 2026-12-01"]}),
    ({"kind": "replace-person", "person": "chief", "by": "chair", "on": "2027-05-03"},
     {PROGRAMME: ["-sponsor: {person: chief, since: 2026-09-01}", "+sponsor: {person: chair, since: 2027-05-03}"],
      PAYROLL: ["-  manager: chief", "+  manager: chair",
                # The chair is a member already.
                "-    - {person: chief, days_per_week: 2}",
                "-go_no_go: {sign: [lead, chief]}", "+go_no_go: {sign: [lead, chair]}"]}),
    ({"kind": "replace-person", "person": "lead", "by": "head", "keeps": ["payroll/build", "payroll/train"]},
     {PAYROLL: ["-go_no_go: {sign: [lead, chief]}", "+go_no_go: {sign: [head, chief]}"]}),
    ({"kind": "replace-person", "person": "lead", "by": "head", "keeps": ["payroll/test"]},
     {PAYROLL: ["-  test: {start_no_earlier: 2027-02-01}", "+  test: {start_no_earlier: 2027-02-01, owner: lead}",
                "-go_no_go: {sign: [lead, chief]}", "+go_no_go: {sign: [head, chief]}"]}),
    ({"kind": "add-waiver", "waiver": {"rule": "R04", "reason": "Known", "owner": "lead", "approved_by": "chief",
                                       "expires": "2027-09-01"}},
     {PROGRAMME: ["+waivers: [{rule: R04, reason: Known, owner: lead, approved_by: [chief], expires: 2027-09-01}]"]}),
    ({"kind": "apply-lesson", "tasks": ["payroll/w2/train"], "duration": "3d", "also_after": ["set-up"]},
     {PAYROLL: ["+  w2/train:", "+    duration: 3d", "+    also_after: [set-up]"]}),
]  # fmt: skip


def changed(before: Sources, after: Sources) -> dict[str, list[str]]:
    """The lines that come and go in each file."""
    found = {}
    for file in sorted({*before, *after}):
        lines = unified_diff(before.get(file, "").splitlines(), after.get(file, "").splitlines(), n=0, lineterm="")
        if own := [line for line in lines if not line.startswith(("---", "+++", "@@"))]:
            found[file] = own
    return found


@pytest.mark.parametrize(("edit", "lines"), CASES)
def test_an_edit_changes_these_lines(edit: dict[str, Any], lines: dict[str, list[str]]):
    [made] = edits_from([edit])
    assert changed(SOURCES, made.apply(SOURCES)) == lines
    assert made.words().endswith(".")


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        ("office", "'hr/test': schedule it on working days."),
        ("term", "'hr/test': schedule it on school days only."),
        ("every_day", "'hr/test': schedule it on every day, weekends and holidays included."),
        (None, "'hr/test': remove its own working days."),
    ],
)
def test_a_calendar_of_a_task_is_described_by_its_days(calendar: str | None, words: str):
    [made] = edits_from([{"kind": "set-task-calendar", "task": "hr/test", "calendar": calendar}])
    assert made.words() == words


def test_meetings_of_a_known_name_change_although_the_form_gives_another_id():
    given = {"kind": "set-meetings", "calendar": "trust", "meeting": "the-board", "name": "Board"}
    [made] = edits_from([{**given, "dates": ["2027-02-01", "2027-04-05", "2027-06-07"]}])
    assert changed(SOURCES, made.apply(SOURCES)) == {TRUST: ["+      - 2027-06-07"]}


def test_a_term_without_a_half_term_loses_the_one_it_had():
    given = {"kind": "set-term", "calendar": "trust", "name": "Spring", "first_day": "2027-01-04"}
    given |= {"last_day": "2027-03-25"}
    [with_half, without_half] = edits_from([{**given, "half_term": ["2027-02-15", "2027-02-19"]}, given])
    assert with_half.words() == "Spring ('trust') is from 4 Jan to 25 Mar 2027, with half-term 15 to 19 Feb 2027."
    assert without_half.words() == "Spring ('trust') is from 4 Jan to 25 Mar 2027, without a half-term."
    assert without_half.apply(with_half.apply(SOURCES)) == SOURCES


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"kind": "set-policy", "setting": "minimum_group", "value": True}, "This setting is not yes or no."),
        ({"kind": "set-policy", "setting": "barrier_threshold", "value": 9}, "Enter a number that is 4 or less."),
        ({"kind": "set-policy", "setting": "barrier_threshold", "value": 1.5}, "Enter a whole number."),
        ({"kind": "set-policy", "setting": "attended_share", "value": 0}, "Enter a number above 0."),
        ({"kind": "set-policy", "setting": "decisions_on_command_line", "value": 1}, "Enter yes or no."),
        ({"kind": "set-limit", "part": "rollout", "setting": "at_once", "value": True}, "This setting is not yes"),
        ({"kind": "set-limit", "part": "rollout", "setting": "latest", "value": 5}, "Enter a day."),
        ({"kind": "set-limit", "part": "hubs", "setting": "together", "value": "x"}, "Enter one of these: 'weight',"),
        ({"kind": "add-wave", "id": "x", "name": "X", "schools": []}, "Choose at least one."),
        ({"kind": "add-wave", "id": "", "name": "?", "schools": ["ash"]}, "Enter a name with at least one letter"),
        ({"kind": "set-team", "team": "ict"}, "Give the days per week, the backfill or the name."),
    ],
)  # fmt: skip
def test_a_value_that_is_not_accepted_has_a_message_with_the_remedy(edit: dict[str, Any], message: str):
    with pytest.raises(ValidationError) as refused:
        edits_from([edit])
    assert complaint_in_words(refused.value.errors()[0]).startswith(message)


def test_words_have_the_lag_of_a_link_and_the_tenths_of_a_likelihood():
    [link, event] = edits_from(
        [
            {"kind": "link", "task": "payroll/train", "after": "build FS+20d"},
            {"kind": "set-event", "event": "leaves", "probability": 0.125},
        ]
    )
    assert link.words() == "'payroll/train' waits for 'payroll/build', with a lag of 20 working days."
    assert event.words() == "'leaves': the likelihood is now 12.5%."


def test_a_school_leaves_every_file_that_is_about_it():
    about = {
        **SOURCES,
        "calendars/ash-days.yaml": "calendar: ash-days\nschool: ash\n",
        TRUST: (
            "calendar: trust\nblackouts:\n"
            "  - {name: A, first_day: 2027-05-10, last_day: 2027-05-11, activities: [training], schools: [ash]}\n"
            "  - {name: B, first_day: 2027-05-12, last_day: 2027-05-13, activities: [x], schools: [ash, beech]}\n"
        ),
        "rollout.yaml": (
            "groups:\n  one: {at_once: 1, schools: [ash]}\n  two: {at_once: 1, schools: [beech, ash]}\n"
            "apart:\n  - [ash, beech]\n  - [beech, cedar]\n  - [cedar, ash]\n"
        ),
        PAYROLL: (
            "service: payroll\nname: Payroll\npathway: short\n"
            "tasks:\n  ash/train: {owner: lead}\n  train: {durations: {ash: 3d}, redundancies: {ash: 1, beech: 2}}\n"
            "posts:\n  - {id: one, school: ash, title: Clerk}\n  - {id: two, school: beech, title: Clerk}\n"
        ),
    }
    [made] = edits_from([{"kind": "remove-school", "school": "ash"}])
    after = made.apply(about)
    assert {file for file, text in after.items() if "ash" in text} == set()
    assert set(about) - set(after) == {"calendars/ash-days.yaml"}
    assert "name: A" not in after[TRUST]
    assert "schools: [beech]" in after[TRUST]
    assert "one" not in after["rollout.yaml"]
    assert "[beech, cedar]" in after["rollout.yaml"]
    assert "train: {redundancies: {beech: 2}}" in after[PAYROLL]


def test_every_kind_has_a_case():
    assert {edit["kind"] for edit, _ in CASES} == set(KINDS)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ({"kind": "move-school", "school": "cedar", "to_wave": "w1"}, "'cedar' is the only school of wave 'w2'"),
        ({"kind": "move-school", "school": "elm", "to_wave": "w1"}, "'elm' is in no wave."),
        ({"kind": "move-school", "school": "ash", "to_wave": "w1"}, "'ash' is already in wave 'w1'."),
        ({"kind": "split-wave", "wave": "w1", "services": ["payroll", "hr"], "id": "x", "name": "X",
          "schools": ["ash"]}, "Wave 'w1' would have no service."),
        ({"kind": "split-wave", "wave": "w1", "services": ["ict"], "id": "x", "name": "X", "schools": ["ash"]},
         "'ict' is not in wave 'w1'."),
        ({"kind": "set-wishes", "school": "oak"}, "There is no school 'oak'."),
        ({"kind": "remove-pin", "school": "ash", "service": "payroll"}, "'ash' has no fixed day for 'payroll'."),
        ({"kind": "keep-apart", "school": "beech", "other": "ash"}, "'beech' and 'ash' are already kept apart."),
        ({"kind": "remove-apart", "school": "cedar", "other": "ash"}, "'cedar' and 'ash' are not kept apart."),
        ({"kind": "set-limit", "part": "group", "of": "trust", "setting": "at_once", "value": 3}, "no group 'trust'"),
        ({"kind": "set-limit", "part": "rollout", "setting": "latest"}, "The limit already has its default."),
        ({"kind": "set-event", "event": "rain", "probability": 0.1}, "There is no event 'rain'."),
        ({"kind": "remove-option", "option": "magic"}, "There is no recovery option 'magic'."),
        ({"kind": "remove-wave", "wave": "w9"}, "There is no wave 'w9'."),
        ({"kind": "order-waves", "waves": ["w1", "w3"]}, "Waves have been added or removed"),
        ({"kind": "add-school", "id": "ash", "name": "A", "phase": "primary", "authority": "n", "wave": "w1"},
         "There is already a school 'ash'."),
        ({"kind": "add-school", "id": "elm", "name": "E", "phase": "primary", "authority": "n", "wave": "w1",
          "hub": "h"}, "schools.csv has no column 'hub'."),
        ({"kind": "set-duration", "task": "payroll/nothing", "duration": "1d"}, "There is no task 'payroll/nothing'."),
        ({"kind": "set-duration", "task": "programme/all-live", "duration": "1d"}, "is a milestone"),
        ({"kind": "set-deadline", "task": "payroll/train"}, "has no deadline of its own to remove."),
        ({"kind": "set-earliest", "task": "payroll/train"}, "has no earliest start of its own to remove."),
        ({"kind": "set-earliest", "task": "payroll/kick-off", "earliest": "2027-02-01"}, "has a fixed date"),
        ({"kind": "set-earliest", "task": "payroll/build", "earliest": "2027-02-01"}, "has a fixed date"),
        ({"kind": "set-task-calendar", "task": "payroll/train"}, "has no calendar of its own to remove."),
        ({"kind": "set-task-calendar", "task": "programme/all-live", "calendar": "term"}, "is a milestone"),
        ({"kind": "set-need", "task": "payroll/build", "team": "ict"}, "needs no one from 'ict'."),
        ({"kind": "set-need", "task": "programme/all-live", "team": "ict", "people": 1}, "is a milestone"),
        ({"kind": "set-earliest", "task": "programme/all-live", "earliest": "2027-02-01"},
         "is a milestone, which has no earliest start."),
        ({"kind": "link", "task": "payroll/train", "after": "payroll/build"}, "already waits for 'payroll/build'."),
        ({"kind": "unlink", "task": "payroll/train", "after": "go-live"}, "does not wait for 'go-live'"),
        ({"kind": "unlink", "task": "programme/all-live", "after": "payroll/go-live"}, "needs at least one task"),
        ({"kind": "add-task", "service": "payroll", "id": "build", "name": "B", "duration": "1d"}, "already a task"),
        ({"kind": "split-task", "task": "payroll/go-live", "first_duration": "1d", "id": "x", "name": "X",
          "duration": "1d"}, "is of kind go_live"),
        ({"kind": "replace-person", "person": "head", "by": "chief"}, "'head' has no role in the files."),
        ({"kind": "replace-person", "person": "chief", "by": "chief"}, "cannot take over from themselves."),
        ({"kind": "add-service", "service": "payroll", "name": "P"}, "already a service"),
        ({"kind": "add-service", "service": "fleet", "name": "Fleet", "pathway": "nowhere"}, "no pathway 'nowhere'"),
        ({"kind": "set-term", "calendar": "other", "name": "T", "first_day": "2027-01-04", "last_day": "2027-03-01"},
         "There is no calendar 'other'."),
        ({"kind": "add-calendar", "calendar": "trust", "school": "ash"}, "There is already a calendar 'trust'."),
        ({"kind": "set-policy", "setting": "barrier_threshold"}, "already has its default"),
        ({"kind": "add-absence", "team": "hr", "first_day": "2027-01-04", "last_day": "2027-01-05"}, "no team 'hr'"),
    ],
)  # fmt: skip
def test_an_edit_that_does_not_apply_says_why(edit: dict[str, Any], why: str):
    [made] = edits_from([edit])
    with pytest.raises(EditRefusedError, match=why):
        made.apply(SOURCES)


def test_a_wave_that_is_removed_or_loses_a_service_leaves_no_former_ids():
    """Wave 1 was called “first”. A deadline of one of its tasks stays: a reader must see that it is gone."""
    was = SOURCES[PAYROLL].replace("w1/go-live: {", "w1/train: {was: first/train}\n  w1/go-live: {")
    removed, narrowed = edits_from([
        {"kind": "remove-wave", "wave": "w1"},
        {"kind": "set-wave", "wave": "w1", "services": ["hr"]},
    ])  # fmt: skip
    for edit in (removed, narrowed):
        assert edit.apply({**SOURCES, PAYROLL: was})[PAYROLL] == SOURCES[PAYROLL]
    kept = edits_from([{"kind": "set-wave", "wave": "w1", "services": ["payroll"]}])[0]
    assert kept.apply({**SOURCES, PAYROLL: was})[PAYROLL] == was
