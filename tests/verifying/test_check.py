"""The checker accepts what the planner writes, and nothing else."""

import json
import random
from collections import Counter
from datetime import date

import pytest

from changeflow.reports.documents import json_of
from changeflow.usecases.reports import sro_of_folder
from changeflow.verifying.check import NotAReportError, check, check_parsed
from tests.verifying.reports import READY, TAMPERINGS, Report, moved_report, random_report, sealed, tamperings

PROGRAMMES, SPOILT, TAMPERED = 20, 10, 1000
"""`tests/oracles/test_dates.py` checks the reports of 300 random programmes, which it has planned anyway."""


def test_the_report_of_a_small_ready_programme_that_has_moved_holds():
    verdict = check(moved_report())
    assert verdict.problems == ()
    slips = json.loads(moved_report())["changes"]["slips"]
    assert slips
    assert f"{len(slips)} slips have parts that add up" in verdict.proved


@pytest.mark.slow
def test_the_report_of_the_large_ready_programme_holds():
    text = json_of(sro_of_folder(READY / "trust-central-services", today=date(2027, 3, 1)))
    assert check(text).problems == ()


def test_a_few_random_programmes_hold_and_their_tamperings_do_not():
    few = [random_report(seed) for seed in range(2)]
    assert [check(text).problems for text in few] == [(), ()]
    for _, what, report in tamperings(few, 2 * len(TAMPERINGS), random.Random(1)):
        assert _is_rejected(report), what


@pytest.mark.slow
def test_a_thousand_tamperings_are_rejected():
    """They are rejected by their dates, links, floats, windows and parts: that the checksum differs does not count."""
    rejected, accepted = Counter[str](), []
    small = sorted((random_report(seed) for seed in range(PROGRAMMES)), key=len)[:SPOILT]
    for kind, what, report in tamperings(small, TAMPERED, random.Random(22)):
        if _is_rejected(report):
            rejected[kind] += 1
        else:
            accepted.append(f"{kind}: {what}")
    assert accepted == []
    assert rejected == dict.fromkeys(TAMPERINGS, TAMPERED // len(TAMPERINGS))


def _is_rejected(report: Report) -> bool:
    try:
        return any("checksum" not in problem for problem in check_parsed(report).problems)
    except NotAReportError:
        return True


def test_a_problem_names_the_task_what_the_file_says_and_what_follows():
    report = json.loads(moved_report())
    task = next(t for t in report["proof"]["tasks"] if "ended" not in t and t["total_float"] == 0)
    task["total_float"] = 450
    assert check(sealed(report)).problems == (
        f"“{task['name']}” ({task['id']}): its total float is 450 minutes in the file; 0 follow.",
    )


def test_a_file_that_was_edited_does_not_fit_its_checksum():
    report = json.loads(moved_report()) | {"headline": "All is well."}
    assert check(json.dumps(report)).problems == (
        "The file was changed after it was written: its checksum does not match.",
    )


def test_a_file_with_other_line_breaks_is_the_same_report():
    assert check(json.dumps(json.loads(moved_report()))).problems == ()


def test_a_loop_of_links_is_named():
    report = json.loads(moved_report())
    first = report["proof"]["links"][0]
    report["proof"]["links"].append({**first, "from": first["to"], "to": first["from"]})
    [problem] = check(sealed(report)).problems
    assert problem.startswith("Tasks wait for each other: ")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"proof": {"format": 99}}', '{"proof": {"format": 1}}'])
def test_a_file_without_a_proof_that_can_be_read_is_no_report(text: str):
    with pytest.raises(NotAReportError):
        check(text)
