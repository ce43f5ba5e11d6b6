"""Meetings as start windows: a step waits for the next one, and missing dates are reported with their file."""

from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import MeetingsExhaustedError, ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.programme.facts import Decision, Facts
from changeflow.programme.programme import Programme, join
from changeflow.roadmap.analysis.why import explain
from changeflow.values.moments import day_of
from changeflow.values.words import Outcome
from tests.builders import PATHWAY, a_folder

BOARD = "meetings:\n  - {id: board, name: Board of Trustees, dates: [2027-01-20, 2027-02-24, 2027-01-06]}\n"
APPROVE = "  approve: {gate: design, phase: design, after: requirements, starts_on: meeting/board}\n"
PER_SCHOOL = "  approve: {kind: decision, per: school, after: requirements, starts_on: meeting/board}\n"
GATE = "payroll/approve"


def a_trust(path: Path, *, step: str = APPROVE, **calendars: str) -> Path:
    folder = a_folder(path, pathway=PATHWAY + step)
    (folder / "calendars").mkdir()
    for name, text in (calendars or {"trust": BOARD}).items():
        (folder / "calendars" / f"{name}.yaml").write_text(f"calendar: {name}\n{text}", encoding="utf-8")
    return folder


def problems(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(ProblemsError) as caught:
        read_folder(folder)
    return [(p.file, p.line, p.what) for p in caught.value.problems]


def planned(programme: Programme, *decisions: Decision, on: str | None = None) -> Programme:
    day = date.fromisoformat(on) if on else None
    facts = Facts(decisions=decisions)
    return join(programme.definition, rulepacks=programme.rulepacks, facts=facts, on=day)[0].scheduled()


def rejected(on: str) -> Decision:
    day = date.fromisoformat(on)
    return Decision(task=GATE, outcome=Outcome.REJECT, reason="Costs are unclear.", by="chief", on=day)


def day(programme: Programme, task: str = GATE) -> str:
    return str(day_of(programme.timed(task).early_start))


def test_a_step_waits_for_the_next_meeting_and_gives_the_reason(tmp_path: Path):
    """Requirements end on Friday 8 January; the next meeting, in any order of entry, is on Wednesday 20."""
    programme = read_folder(a_trust(tmp_path)).programme.scheduled()
    assert day(programme) == "2027-01-20"
    assert programme.schedule is not None
    said = explain(programme.roadmap, programme.schedule, GATE).text
    assert "it can start only at a meeting (Board of Trustees)" in said


def test_work_that_ends_on_the_day_of_a_meeting_waits_for_the_next(tmp_path: Path):
    """The predecessor ends on Friday evening, after that day's meeting, so the next is on Monday."""
    dates = BOARD.replace("2027-01-20", "2027-01-08, 2027-01-11")
    assert day(read_folder(a_trust(tmp_path, trust=dates)).programme.scheduled()) == "2027-01-11"


def test_each_school_uses_its_most_specific_meeting(tmp_path: Path):
    """Ash's own board meets on 13 January; the others wait for the trust's, on the 20th."""
    own = "school: ash\nmeetings: [{id: board, name: Governors, dates: [2027-01-13]}]\n"
    programme = read_folder(a_trust(tmp_path, step=PER_SCHOOL, trust=BOARD, ash=own)).programme.scheduled()
    days = [day(programme, f"payroll/{school}/approve") for school in ("ash", "beech", "cedar")]
    assert days == ["2027-01-13", "2027-01-20", "2027-01-20"]


def test_one_step_cannot_wait_for_different_meetings(tmp_path: Path):
    own = "school: ash\nmeetings: [{id: board, name: Governors, dates: [2027-01-13]}]\n"
    [(file, _, what)] = problems(a_trust(tmp_path, trust=BOARD, ash=own))
    assert (file, what) == ("pathways/short.yaml", "The schools have different meetings 'board': ash and trust.")


def test_a_school_without_the_meeting_is_reported(tmp_path: Path):
    own = "school: ash\nmeetings: [{id: board, name: Governors, dates: [2027-01-13]}]\n"
    [(file, _, what)] = problems(a_trust(tmp_path, ash=own))
    assert (file, what) == ("pathways/short.yaml", "Some of its schools have no meeting 'board'.")


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (APPROVE.replace("board", "bord"), "There is no meeting 'bord'."),
        (APPROVE.replace("meeting/board", "meeting"), "'meeting' is not known here."),
    ],
)
def test_an_unknown_meeting_is_reported_with_its_line(tmp_path: Path, step: str, what: str):
    line = (PATHWAY + step).count("\n")
    assert problems(a_trust(tmp_path, step=step)) == [("pathways/short.yaml", line, what)]


def test_when_dates_run_out_the_error_names_the_file(tmp_path: Path):
    """Requirements end on 8 January, and the last meeting is on the 6th."""
    past = BOARD.replace("2027-01-20, 2027-02-24, ", "")
    what = "No meeting of 'Board of Trustees' is known after 6 Jan 2027."
    assert problems(a_trust(tmp_path, trust=past)) == [("calendars/trust.yaml", 3, what)]


def test_a_duplicate_meeting_date_is_a_definition_error(tmp_path: Path):
    [(file, _, what)] = problems(a_trust(tmp_path, trust=BOARD, more=BOARD))
    assert (file, what) == ("calendars/trust.yaml", "The dates of 'board' are written twice.")


def test_a_rejected_gate_is_decided_again_at_the_next_meeting(tmp_path: Path):
    """Rejected at the meeting of 20 January; the next one is on 24 February."""
    programme = planned(read_folder(a_trust(tmp_path)).programme, rejected("2027-01-20"), on="2027-01-20")
    assert day(programme) == "2027-02-24"
    assert programme.roadmap.tasks[GATE].name == "Payroll: approve (rejected on 20 Jan 2027)"
    assert programme.schedule is not None
    said = explain(programme.roadmap, programme.schedule, GATE).text
    assert "it was rejected on 20 Jan 2027 (Costs are unclear), and it can be decided again at the next meeting" in said


def test_a_gate_rejected_at_the_last_known_meeting_needs_more_dates(tmp_path: Path):
    programme = read_folder(a_trust(tmp_path)).programme
    with pytest.raises(MeetingsExhaustedError, match=r"after 24 Feb 2027\. Add its dates to the calendar 'trust'"):
        planned(programme, rejected("2027-02-24"), on="2027-02-25")


FIXED = APPROVE.replace("starts_on: meeting/board", "must_start: 2027-01-20")


@pytest.mark.parametrize(
    ("on", "expected"), [("2027-01-20", "2027-01-20"), ("2027-01-21", "2027-01-21"), ("2027-02-01", "2027-02-01")]
)
def test_a_fixed_date_that_has_passed_moves_to_the_data_date(tmp_path: Path, on: str, expected: str):
    """Fixed for 20 January. The date applies on that day; later, with all predecessors done, it is on the data date."""
    folder = a_trust(tmp_path, step=FIXED.replace("after: requirements, ", ""))
    programme = planned(read_folder(folder).programme, on=on)
    assert day(programme) == expected
    assert programme.schedule is not None
    said = "it was set for 20 Jan 2027, which has passed" in explain(programme.roadmap, programme.schedule, GATE).text
    assert said == (expected != "2027-01-20")


def test_a_fixed_date_that_has_passed_moves_to_the_next_meeting(tmp_path: Path):
    step = APPROVE.replace("after: requirements, ", "must_start: 2027-01-20, ")
    assert day(planned(read_folder(a_trust(tmp_path, step=step)).programme, on="2027-01-21")) == "2027-02-24"


def test_a_rejected_gate_with_a_fixed_date_moves_with_the_data_date(tmp_path: Path):
    """Rejected on its day, Wednesday 20 January: decided again from Thursday, and never in the past."""
    programme = read_folder(a_trust(tmp_path, step=FIXED.replace("after: requirements, ", ""))).programme
    assert day(planned(programme, rejected("2027-01-20"), on="2027-01-20")) == "2027-01-21"
    assert day(planned(programme, rejected("2027-01-20"), on="2027-02-01")) == "2027-02-01"
    assert day(planned(programme, rejected("2027-01-13"), on="2027-01-13")) == "2027-01-20", "its date is to come"
