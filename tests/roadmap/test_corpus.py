"""Real Microsoft Project files with the answers that Project stored in them. They lie beside the project, not in it."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.roadmap.engine.cpm import Schedule, TimedTask, time_roadmap
from changeflow.values.moments import datetime_of

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "msproject"
CONTRADICTS_THE_OTHERS = {("bug4", "2")}
"""Its stored late finish is its early one; open-ended tasks of every other file have the project's finish."""
DATES = ("early_start", "early_finish", "late_start", "late_finish")


def files() -> list[Path]:
    return sorted(CORPUS.glob("*.xml"))


@pytest.mark.skipif(
    not CORPUS.is_dir() and "CHANGEFLOW_REQUIRE_SHARED" not in os.environ,
    reason="the corpus of Microsoft Project files is not on this machine",
)
def test_the_corpus_is_there():
    assert len(files()) >= 30


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_all_seven_fields_of_every_task_are_those_that_project_stored(path: Path):
    schedule = time_roadmap(read_mspdi(path).roadmap)
    wanted = json.loads(path.with_suffix(".expected.json").read_text())["tasks"]
    wrong = [(t["uid"], t["name"], bad) for t in wanted if not t["summary"] and (bad := differences(schedule, t))]
    assert [w for w in wrong if (path.stem, str(w[0])) not in CONTRADICTS_THE_OTHERS] == []


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_written_and_read_again_it_gives_the_same_schedule(path: Path, tmp_path: Path):
    project = read_mspdi(path)
    schedule = time_roadmap(project.roadmap)
    write_roadmap(project.roadmap, schedule, tmp_path / "again.xml", name=project.name, calendar=project.calendar)
    again = time_roadmap(read_mspdi(tmp_path / "again.xml").roadmap)
    assert {t: fields(x) for t, x in again.timed.items()} == {t: fields(x) for t, x in schedule.timed.items()}


def fields(timed: TimedTask) -> tuple[object, ...]:
    return (*(getattr(timed, name) for name in DATES), timed.total_float, timed.free_float, timed.critical)


def differences(schedule: Schedule, want: dict[str, Any]) -> list[str]:
    got = schedule[str(want["uid"])]
    bad = [
        name
        for name in DATES
        if want[name] is not None and not _day(want[name][0]) <= datetime_of(getattr(got, name)) <= _day(want[name][1])
    ]
    floats = ("total_float", "free_float")
    bad += [name for name in floats if want[name] is not None and abs(getattr(got, name) - want[name]) > 1]
    if want["critical"] is not None and got.critical is not want["critical"]:
        bad.append("critical")
    return bad


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text)
