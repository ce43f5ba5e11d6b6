"""`changes` gives the cause of each move of a gate, a go-live or a task: what it is in the files, or what happened.

The small programme starts on Monday 4 January 2027; everything waits for its requirements of five days.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.reports.changes import Changes, changes_text
from changeflow.usecases import baselines, definitions, progress
from changeflow.usecases.changes import changes_between, changes_since
from changeflow.usecases.unit_of_work import Change
from tests.builders import PATHWAY, PROGRAMME, SERVICE, a_folder

GATED = PATHWAY.replace(
    "  delegation: {kind: delegation,",
    "  agreed: {kind: decision, gate: design, after: requirements, owner: chief}\n  delegation: {kind: delegation,",
)


def compared(tmp_path: Path, **after: str) -> Changes:
    before = a_folder(tmp_path / "before", pathway=GATED)
    return changes_between(before, a_folder(tmp_path / "after", **{"pathway": GATED} | after))


def causes_below(changes: Changes, title: str) -> dict[str, tuple[str, ...]]:
    [part] = [p for p in changes.parts if p.title == title]
    return dict(zip(part.lines, part.causes or ((),) * len(part.lines), strict=True))


@pytest.mark.slow
@pytest.mark.usual(3)
@pytest.mark.parametrize(
    ("after", "cause"),
    [
        (
            {"service": SERVICE + "tasks:\n  requirements: {duration: 8d}\n"},
            "“Payroll: requirements” takes 8 working days instead of 5 working days.",
        ),
        (
            {"service": SERVICE + "tasks:\n  requirements: {start_no_earlier: 2027-01-07}\n"},
            "“Payroll: requirements” is now set to start no earlier than 7 Jan 2027.",
        ),
        ({"programme": PROGRAMME.replace("start: 2027-01-04", "start: 2027-01-07")},
         "The programme now starts on 7 Jan 2027 (was 4 Jan 2027)."),
        (
            {"programme": PROGRAMME + "closed:\n  - {name: Move, first_day: 2027-01-06, last_day: 2027-01-08}\n"},
            "A calendar has changed: 6 to 8 Jan 2027 closed (Move).",
        ),
        (
            {"service": SERVICE + "tasks:\n  papers: {name: Gather papers, duration: 3d}\n"
                                  "  requirements: {also_after: papers}\n"},
            "“Payroll: gather papers” has been added.",
        ),
    ],
)  # fmt: skip
def test_a_gate_that_moves_names_what_changed_in_the_files(tmp_path: Path, after: dict[str, str], cause: str):
    """Three working days, from Friday 8 to Wednesday 13 January."""
    [(line, causes)] = causes_below(compared(tmp_path, **after), "Decisions").items()

    assert line.startswith("“Payroll: agreed” is 5 days later, on 13 Jan 2027 (was 8 Jan 2027).")
    assert causes == (f"  +5  {cause}",)


@pytest.mark.slow
def test_a_link_that_is_new_or_gone_is_named_with_the_task_it_waits_for(tmp_path: Path):
    """Capacity takes five days, as delegation does: its end moves by a working week."""
    pathway = GATED.replace(
        "per: wave, duration: 5d, after: requirements}", "per: wave, duration: 5d, after: delegation}", 1
    )

    text = "\n".join(changes_text(compared(tmp_path, pathway=pathway)))

    assert (
        "“Payroll, wave 1: capacity” now depends on “Payroll: delegation” and no longer depends on “Payroll: req"
        in text
    )


def test_go_lives_of_one_service_have_their_cause_below_the_line(tmp_path: Path):
    changes = compared(tmp_path, service=SERVICE + "tasks:\n  requirements: {duration: 8d}\n")

    causes = causes_below(changes, "School go-lives")

    assert causes
    assert all(c[0].endswith("takes 8 working days instead of 5 working days.") for c in causes.values())
    text = list(changes_text(changes))
    line = next(n for n, each in enumerate(text) if "go-live at" in each)
    assert text[line + 1].lstrip().startswith("+")


@pytest.mark.slow
def test_what_happened_is_the_cause_and_what_undoes_itself_is_left_out(db: str, tmp_path: Path):
    """Requirements begin on Monday 4 and end on Wednesday 13: known as begun first, and then as ended."""
    folder = a_folder(tmp_path / "trust", pathway=GATED)
    definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC), on=date(2027, 1, 4))
    baselines.take_baseline("Agreed", change(db, 4))
    progress.finish_task("payroll/requirements", date(2027, 1, 13), date(2027, 1, 4), change(db, 13))

    found = changes_since(None, db=db, since="baseline", on=date(2027, 1, 13))

    [causes] = causes_below(found, "Decisions").values()
    assert causes == ("  +5  “Payroll: requirements” finished later than planned, on 13 Jan 2027.",)


@pytest.mark.slow
def test_work_that_is_not_complete_names_what_made_it_start_late(db: str, tmp_path: Path):
    """Requirements end on Wednesday 13 January, not Friday 8, so capacity begins on Thursday 14, not Monday 11: three
    calendar days late. Its five working days would end on Wednesday 20; on Friday 22 it is still open."""
    folder = a_folder(tmp_path / "trust", pathway=GATED)
    definitions.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC), on=date(2027, 1, 4))
    baselines.take_baseline("Agreed", change(db, 4))
    progress.finish_task("payroll/requirements", date(2027, 1, 13), date(2027, 1, 4), change(db, 13))
    progress.start_task("payroll/w1/capacity", date(2027, 1, 14), change(db, 14))
    for other in ("payroll/delegation", "payroll/w1/system-live"):
        progress.finish_task(other, date(2027, 1, 20), date(2027, 1, 14), change(db, 20))

    text = "\n".join(changes_text(changes_since(None, db=db, since="baseline", on=date(2027, 1, 22))))

    assert (
        "“Payroll, wave 1: capacity” is not complete yet; it started 3 days late, because “Payroll: requirements” "
        "finished 5 days late, on 13 Jan 2027."
    ) in text


def change(db: str, day: int) -> Change:
    now = datetime(2027, 1, day, 8, tzinfo=UTC)
    return Change(db=db, programme=None, actor="chief", now=now, on=date(2027, 1, day))
