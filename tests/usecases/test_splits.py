"""Tasks that were split and tasks that were joined: what they inherit of what was done.

The small programme with gates (`gated.py`): the plan is approved on Tuesday 5 January 2027, requirements take 5 days
from Wednesday 6 January. On Saturday 9 January (applied in the morning) 3 days of them are left, so 2 are done.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.errors import CheckFailedError
from changeflow.programme.facts import Attendance, Facts
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress
from changeflow.programme.renames import Renames
from changeflow.storage.database import session_scope
from changeflow.usecases import baselines, changes, definitions, progress
from changeflow.usecases.gates import decide
from changeflow.usecases.stored import read
from changeflow.values.moments import day_of, last_day_of
from tests.builders import PROGRAMME, a_folder
from tests.stored import fill_once
from tests.usecases.gated import GATED, TEAM, answer, change, decisions, finish, planned, state, stored_with

DAY_9 = date(2027, 1, 9)
OLD = "  requirements: {kind: requirements, phase: design, duration: 5d, after: plan-agreed,"
SCHOOLS = "  for-schools: {was: requirements, kind: requirements, phase: design, duration: 3d, after: plan-agreed,"
SPLIT = (
    GATED.replace(OLD, SCHOOLS)
    + "  of-office: {was: requirements, phase: design, duration: 2d, after: plan-agreed, owner: lead}\n"
).replace("after: requirements}", "after: [for-schools, of-office]}")
IN_TURN = SPLIT.replace("duration: 2d, after: plan-agreed, owner", "duration: 2d, after: for-schools, owner")


def apply(db: str, tmp_path: Path, pathway: str = SPLIT, day: int = 9, **files: str) -> int:
    folder = a_folder(tmp_path / "trust", **({"pathway": pathway, "people": TEAM} | files))
    return definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, day, 8, tzinfo=UTC))


def difference(db: str, tmp_path: Path, pathway: str = SPLIT, **files: str) -> definitions.Difference:
    folder = a_folder(tmp_path / "other", **({"pathway": pathway, "people": TEAM} | files))
    return definitions.difference(folder, db=db, on=DAY_9)


def left(programme: Programme, task: str) -> str:
    """Return what is known of a task: when it began, and when it ended or what is left."""
    known = programme.facts.progress.get(task)
    if known is None:
        return "open"
    if known.actual_finish is not None:
        return f"{day_of(known.actual_start):%-d}-{last_day_of(known.actual_finish):%-d}"
    rest = known.remaining
    return f"{day_of(known.actual_start):%-d}-, {rest.amount / programme.minutes_per_day:g}d" if rest else "begun"


def now(db: str, *tasks: str, on: date = DAY_9) -> list[str]:
    return [left(state(db, on).programme, f"payroll/{task}") for task in tasks]


@pytest.fixture
def begun(db: str, tmp_path: Path) -> str:
    """Requirements began on the 6th; on the 8th three of five days are left. A baseline was taken before."""

    def fill() -> None:
        stored_with(db, tmp_path)
        baselines.take_baseline("Agreed", change(db, 4))
        planned(db)
        decide(answer(), change(db, 5, actor="lead"))
        report = ReportedProgress("payroll/requirements", date(2027, 1, 6), None, "3d")
        progress.report_progress([report], change(db, 8))

    fill_once("approved and begun", db, tmp_path, fill)
    return db


@pytest.mark.slow
@pytest.mark.both_databases
def test_what_was_done_belongs_to_the_first_part(begun: str, tmp_path: Path):
    """2 of 5 days are done. The first part takes 3 days: 1 is left. The second has both of its days left, so 3 in all
    are left, as before."""
    [message] = difference(begun, tmp_path).inherited
    assert message == (
        "“Payroll: requirements” was split into “Payroll: for schools” and “Payroll: of office”. Work since "
        "6 Jan 2027 counts for “Payroll: for schools”; it has 1 working day left. “Payroll: of office” has also begun "
        "that day, with all work left."
    )
    assert apply(begun, tmp_path) == 2
    assert now(begun, "for-schools", "of-office", "requirements") == ["6-, 1d", "6-, 2d", "open"]


@pytest.mark.slow
def test_a_part_that_waits_for_another_has_not_begun(begun: str, tmp_path: Path):
    assert difference(begun, tmp_path, IN_TURN).inherited[0].endswith("“Payroll: of office” has not begun.")
    apply(begun, tmp_path, IN_TURN)
    assert now(begun, "for-schools", "of-office") == ["6-, 1d", "open"]


@pytest.mark.slow
def test_where_no_one_said_what_is_left_it_is_not_guessed(db: str, tmp_path: Path):
    stored_with(db, tmp_path)
    planned(db)
    decide(answer(), change(db, 5, actor="lead"))
    progress.report_progress([ReportedProgress("payroll/requirements", date(2027, 1, 6))], change(db, 8))
    apply(db, tmp_path)
    assert now(db, "for-schools", "of-office") == ["begun", "6-, 2d"]


@pytest.mark.slow
def test_the_parts_of_a_finished_task_are_finished(begun: str, tmp_path: Path):
    finish(begun, "payroll/requirements", 6, 8)
    apply(begun, tmp_path)
    assert now(begun, "for-schools", "of-office") == ["6-8", "6-8"]


@pytest.mark.slow
def test_a_finished_part_after_another_overtook_nothing(begun: str, tmp_path: Path):
    finish(begun, "payroll/requirements", 6, 8)
    apply(begun, tmp_path, IN_TURN)
    assert now(begun, "for-schools", "of-office") == ["6-8", "8-8"]
    assert "R31" not in {f.rule for f in state(begun, DAY_9).judged.findings}


@pytest.mark.slow
def test_storing_the_same_folder_again_changes_nothing(begun: str, tmp_path: Path):
    apply(begun, tmp_path)
    report = ReportedProgress("payroll/of-office", date(2027, 1, 7), None, "1d")
    progress.report_progress([report], change(begun, 9))
    assert [apply(begun, tmp_path, day=10), apply(begun, tmp_path, SPLIT + "  more: {duration: 1d}\n", 11)] == [2, 3]
    assert now(begun, "for-schools", "of-office", on=date(2027, 1, 11)) == ["6-, 1d", "7-, 1d"]


@pytest.mark.slow
def test_a_split_is_told_as_one_and_keeps_the_baseline(begun: str, tmp_path: Path):
    before = state(begun, DAY_9).baseline
    said = [c.sentence for c in difference(begun, tmp_path).changes]
    split = "“Payroll: requirements” was split into “Payroll: for schools” and “Payroll: of office”."
    assert split in said
    assert not [s for s in said if "dropped" in s or "added" in s or "now called" in s]
    apply(begun, tmp_path)
    after = state(begun, DAY_9).baseline
    assert before is not None
    assert after is not None
    dates = [after.dates[f"payroll/{t}"] for t in ("for-schools", "of-office")]
    assert dates == [before.dates["payroll/requirements"]] * 2
    since = changes.changes_since(None, db=begun, since="baseline", on=DAY_9)
    assert split in {line for part in since.parts for line in part.lines}


@pytest.mark.slow
def test_what_was_known_before_a_split_is_as_it_was(begun: str, tmp_path: Path):
    apply(begun, tmp_path)
    with session_scope(begun) as session:
        then = read(session, "small", on=DAY_9, until=datetime(2027, 1, 8, 23, tzinfo=UTC))
    assert left(then.programme, "payroll/requirements") == "6-, 3d"
    assert left(then.programme, "payroll/of-office") == "open"


@pytest.mark.slow
def test_a_task_of_the_service_that_becomes_one_per_wave_is_split(begun: str, tmp_path: Path):
    """`was` names the step itself: its copy for the whole service."""
    per_wave = GATED.replace("  requirements: {", "  requirements: {per: wave, was: requirements, ")
    finish(begun, "payroll/requirements", 6, 8)
    apply(begun, tmp_path, per_wave)
    assert now(begun, "w1/requirements", "w2/requirements") == ["6-8", "6-8"]
    apply(begun, tmp_path, GATED.replace("  requirements: {", "  requirements: {was: requirements, "), 10)
    assert now(begun, "requirements", on=date(2027, 1, 10)) == ["6-8"]


@pytest.mark.slow
def test_a_wave_that_is_split_off_has_what_was_finished_before(begun: str, tmp_path: Path):
    """Wave 1 loses beech. What it had finished is finished for beech as well; what it finishes later is not."""
    finish(begun, "payroll/requirements", 6, 7)
    finish(begun, "payroll/w1/capacity", 8, 8)
    waves = PROGRAMME.replace("schools: [ash, beech]}", "schools: [ash]}").replace(
        "tasks:", "  - {id: w3, name: wave 3, schools: [beech], was: w1}\ntasks:"
    )
    apply(begun, tmp_path, GATED, programme=waves)
    finish(begun, "payroll/w1/system-live", 11, 11)
    for day in (9, 12):
        found = now(begun, "w1/capacity", "w3/capacity", "w3/system-live", on=date(2027, 1, day))
        assert found == ["8-8", "8-8", "open"]
        apply(begun, tmp_path, GATED + f"  day-{day}: {{duration: 1d}}\n", day, programme=waves)


@pytest.mark.slow
def test_the_parts_of_an_approved_gate_are_approved(begun: str, tmp_path: Path):
    gates = GATED.replace("  plan-agreed: {", "  scope-agreed: {was: plan-agreed, ").replace(
        "after: plan-agreed,", "after: [scope-agreed, budget-agreed],"
    )
    gates += "  budget-agreed: {was: plan-agreed, gate: plan, phase: plan, after: plan, owner: lead}\n"
    apply(begun, tmp_path, gates)
    found = state(begun, DAY_9).programme
    for gate in ("payroll/scope-agreed", "payroll/budget-agreed"):
        assert found.is_done(gate)
        decision = found.facts.decision(gate)
        assert decision is not None
        assert (decision.by, decision.on) == ("lead", date(2027, 1, 5))
    assert [d[0] for d in decisions(begun)] == ["payroll/plan-agreed", "payroll/scope-agreed"]


TWO = SPLIT.replace("was: requirements, ", "")
JOINED = GATED.replace("  requirements: {", "  requirements: {was: [for-schools, of-office], ")


@pytest.fixture
def two(db: str, tmp_path: Path) -> str:
    """For schools (3 days) and for the office (2 days) apart; the first ended on the 7th."""
    stored_with(db, tmp_path, pathway=TWO)
    planned(db)
    decide(answer(), change(db, 5, actor="lead"))
    finish(db, "payroll/for-schools", 6, 7)
    return db


@pytest.mark.slow
def test_a_joined_task_has_begun_and_has_the_open_part_left(two: str, tmp_path: Path):
    """3 of 5 days are done."""
    [message] = difference(two, tmp_path, JOINED).inherited
    assert message == (
        "“Payroll: for schools” and “Payroll: of office” were joined into “Payroll: requirements”. Work since "
        "6 Jan 2027 counts for “Payroll: requirements”; it has 2 working days left."
    )
    apply(two, tmp_path, JOINED)
    assert now(two, "requirements") == ["6-, 2d"]
    finish(two, "payroll/requirements", 6, 11)
    apply(two, tmp_path, JOINED + "  more: {duration: 1d}\n", 12)
    assert now(two, "requirements", on=date(2027, 1, 12)) == ["6-11"]


@pytest.mark.slow
def test_joined_tasks_that_are_all_finished_make_a_finished_one(two: str, tmp_path: Path):
    finish(two, "payroll/of-office", 7, 8)
    apply(two, tmp_path, JOINED)
    assert now(two, "requirements") == ["6-8"]


@pytest.mark.slow
def test_a_task_into_which_another_is_joined_is_open_again(two: str, tmp_path: Path):
    """For the schools was finished; with the office's work, 2 of its 5 days, it is not."""
    whole = TWO.replace("  for-schools: {", "  for-schools: {was: of-office, ").replace("duration: 3d", "duration: 5d")
    whole = "".join(line for line in whole.splitlines(keepends=True) if "  of-office:" not in line)
    apply(two, tmp_path, whole.replace("[for-schools, of-office]", "for-schools"))
    assert now(two, "for-schools", "of-office") == ["6-, 2d", "open"]


@pytest.mark.slow
def test_gates_are_joined_only_where_all_or_none_are_decided(db: str, tmp_path: Path):
    gates = GATED + "  budget-agreed: {gate: plan, phase: plan, after: plan, owner: lead}\n"
    stored_with(db, tmp_path, pathway=gates)
    planned(db)
    decide(answer(), change(db, 5, actor="lead"))
    joined = GATED.replace("  plan-agreed: {", "  agreed: {was: [plan-agreed, budget-agreed], ")
    with pytest.raises(
        CheckFailedError, match=r"“Payroll: plan agreed” was decided, but “Payroll: budget agreed” is undecided"
    ):
        apply(db, tmp_path, joined.replace("after: plan-agreed,", "after: agreed,"))


@pytest.mark.slow
def test_a_milestone_that_was_split_keeps_its_trend(begun: str, tmp_path: Path):
    halves = PROGRAMME.replace(
        "  all-live: {",
        "  first-live: {name: First, was: all-live, after: payroll/w1/go-live}\n  all: {was: all-live, ",
    )
    apply(begun, tmp_path, GATED, programme=halves)
    baseline = state(begun, DAY_9).baseline
    assert baseline is not None
    assert baseline.dates["programme/first-live"] == baseline.dates["programme/all"]


def test_attendance_goes_with_the_part_for_the_persons_school():
    """Of two parts for other schools each person's goes to the one of their school; without a school to the first."""
    ids = Renames({"s/train": ("s/w1/train", "s/w2/train")}, {"s/train": {"ann": "s/w1/train", "ben": "s/w2/train"}})
    assert [ids.task("s/train", who) for who in ("ann", "ben", "cem")] == ["s/w1/train", "s/w2/train", "s/w1/train"]
    later = ids.then(Renames({"s/w2/train": "s/w2/teach"}))
    assert later.task("s/train", "ben") == "s/w2/teach"
    on = date(2027, 1, 4)
    facts = later.facts(Facts(attendance=(Attendance(task="s/train", person="ben", on=on),)))
    assert [a.task for a in facts.attendance] == ["s/w2/teach"]


def test_splits_and_renames_add_up():
    """`a` was split into b and c, then c was renamed; later b and d were joined."""
    ids = Renames({"a": ("b", "c")}).then(Renames({"c": "d"})).then(Renames({"b": "e", "d": "e"}))
    assert ids.parts("a") == ("e",)
    assert Renames({"a": ("b", "c")}).then(Renames({"c": "d"})).parts("a") == ("b", "d")
    assert ids.known == {"a": "e", "b": "e", "c": "e", "d": "e"}


@pytest.mark.slow
def test_the_first_part_is_not_compared_with_the_whole_but_for_its_deadline(begun: str, tmp_path: Path):
    """A part is shorter and ends earlier than the whole by nature. A deadline that only the whole had is gone."""
    whole = GATED.replace("  requirements: {", "  requirements: {deadline: 2027-01-20, ")
    apply(begun, tmp_path, whole)
    said = [c.sentence for c in difference(begun, tmp_path).changes]
    assert not [s for s in said if "takes" in s or "ends" in s or "setting" in s]
    assert "The deadline of “Payroll: for schools”, 20 Jan 2027, was dropped." in said


@pytest.mark.slow
def test_a_gate_that_was_work_before_is_open_until_someone_decides(begun: str, tmp_path: Path):
    finish(begun, "payroll/requirements", 6, 8)
    gate = SPLIT.replace("phase: design, duration: 2d, after: plan-agreed, owner", "gate: design, phase: design, owner")
    [message] = difference(begun, tmp_path, gate).inherited
    assert message.endswith("so “Payroll: for schools” is finished. “Payroll: of office” is undecided.")
    apply(begun, tmp_path, gate)
    assert now(begun, "for-schools", "of-office") == ["6-8", "open"]
