"""The checker accepts what the planner writes, and nothing else."""

import json
import random
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from changeflow.reports.documents import json_of
from changeflow.usecases.reports import sro_of_folder
from changeflow.verifying.check import check
from tests.verifying.reports import READY, Report, moved_report, random_report, sealed
from tests.verifying.tampering import TAMPERINGS, tamperings

PROGRAMMES, TAMPERED = 20, 70
"""Random programmes that are tampered with, and how often in each way.

The large programme is tampered with once in each way: checking it takes as long as checking seven random ones.

`tests/oracles/test_dates.py` checks the reports of 300 random programmes, which it has planned anyway.
"""
MOST_LINES = 300


@cache
def _large_report() -> str:
    return json_of(sro_of_folder(READY / "trust-central-services", today=date(2027, 3, 1)))


def _problems(text: str) -> list[str]:
    return check(json.loads(text))


@pytest.mark.slow
def test_the_report_of_a_small_ready_programme_that_has_moved_is_proved():
    assert json.loads(moved_report())["changes"]["slips"]
    assert _problems(moved_report()) == []


@pytest.mark.thorough
@pytest.mark.slow
def test_the_report_of_the_large_ready_programme_is_proved():
    assert _problems(_large_report()) == []


@pytest.mark.slow
def test_a_few_random_programmes_are_proved_and_their_tamperings_are_not():
    few = [*(random_report(seed) for seed in range(2)), moved_report()]
    assert [_problems(text) for text in few] == [[], [], []]
    rejected = Counter[str]()
    for kind, what, report in tamperings(few, 2 * len(TAMPERINGS), random.Random(1)):
        assert _is_rejected(report), what
        rejected[kind] += 1
    assert rejected == dict.fromkeys(TAMPERINGS, 2)


@pytest.mark.thorough
@pytest.mark.slow
def test_a_thousand_tamperings_are_rejected():
    """They are rejected by what the file proves: that the checksum differs does not count."""
    small = [*(random_report(seed) for seed in range(PROGRAMMES)), moved_report()]
    texts = [*small, *small, *small, _large_report(), *small]
    rejected, accepted = Counter[str](), []
    for kind, what, report in tamperings(texts, TAMPERED * len(TAMPERINGS), random.Random(22)):
        if _is_rejected(report):
            rejected[kind] += 1
        else:
            accepted.append(f"{kind}: {what}")
    assert accepted == []
    assert rejected == dict.fromkeys(TAMPERINGS, TAMPERED)
    assert rejected.total() > 1000


def _is_rejected(report: Report) -> bool:
    try:
        return any("checksum" not in problem for problem in check(report))
    except ValueError:
        return True


def test_the_checker_is_small_enough_to_read():
    files = sorted((Path(__file__).parents[2] / "changeflow" / "verifying").glob("*.py"))
    assert len(files) > 1
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) < MOST_LINES


@pytest.mark.slow
def test_a_problem_names_the_task_what_the_file_says_and_what_follows():
    report = json.loads(moved_report())
    task = next(t for t in report["proof"]["tasks"] if "ended" not in t["given"] and t["total_float"] == 0)
    task["total_float"] = 450
    assert _problems(sealed(report)) == [
        f"“{task['name']}” ({task['id']}): its total float is 450 minutes in the file; its dates give 0.",
    ]


def test_a_file_that_was_edited_does_not_fit_its_checksum():
    report = json.loads(moved_report()) | {"headline": "All is well."}
    assert check(report) == ["The file was changed after it was written: its checksum does not match."]


def test_a_removed_link_that_moves_no_date_is_missed_among_its_origin():
    report = json.loads(moved_report())
    links, driving = report["proof"]["links"], {n for t in report["proof"]["tasks"] for n in t["drivers"]}
    number = max(n for n in range(len(links)) if n not in driving)
    del links[number]
    for task in report["proof"]["tasks"]:
        task["drivers"] = [n - (n > number) for n in task["drivers"]]
    assert "Links were added or removed: there are not as many of each origin as the file says." in check(report)


def test_a_milestone_whose_task_the_proof_leaves_out_cannot_be_checked():
    report = json.loads(moved_report())
    del report["proof"]["shown"]["milestones.0.forecast"]
    report["milestones"][0]["forecast"] = "1 Aug 2027"
    with pytest.raises(ValueError, match=r"milestones\.0\.forecast"):
        check(json.loads(sealed(report)))


def test_work_that_needs_more_days_than_the_file_has_is_not_proved():
    report = json.loads(moved_report())
    for runs in report["proof"]["working_days"]:
        runs[:] = [run for run in runs if run[0] < "2028-06-01"]
    problems = _problems(sealed(report))
    assert any("the earliest dates are" in problem for problem in problems)


def test_working_time_that_overlaps_cannot_be_checked():
    report = json.loads(moved_report())
    runs = report["proof"]["working_days"][0]
    runs.insert(1, runs[0])
    with pytest.raises(ValueError, match="overlap"):
        check(report)


def test_a_loop_of_links_cannot_be_checked():
    report = json.loads(moved_report())
    first = report["proof"]["links"][0]
    report["proof"]["links"].append({**first, "from": first["to"], "to": first["from"]})
    with pytest.raises(ValueError, match="cycle"):
        check(report)


@pytest.mark.parametrize("text", ["[]", "{}", '{"proof": {"format": 99}}', '{"proof": {"format": 2}}'])
def test_a_file_without_a_proof_that_can_be_read_is_no_report(text: str):
    with pytest.raises(ValueError, match=r"^Its proof "):
        check(json.loads(text))
