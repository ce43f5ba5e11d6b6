"""`changeflow report verify` says what it proved, and each problem with the exit code that fits."""

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from changeflow.cli import app
from tests.verifying.reports import moved_report, sealed


def verify(file: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["report", "verify", str(file)])
    return result.exit_code, result.output


def test_a_report_that_holds_says_what_was_proved(tmp_path: Path):
    file = tmp_path / "report.json"
    file.write_text(moved_report(), encoding="utf-8")
    code, text = verify(file)
    assert code == 0
    slips = json.loads(moved_report())["changes"]["slips"]
    assert re.search(r"tasks with the earliest dates [^:]*: 49\n", text)
    assert f"slips with parts that add up: {len(slips)}\n" in text


def test_a_report_that_does_not_hold_exits_as_a_check_that_said_no(tmp_path: Path):
    report, file = json.loads(moved_report()), tmp_path / "report.json"
    report["proof"]["tasks"][0]["free_float"] += 1
    file.write_text(sealed(report), encoding="utf-8")
    code, text = verify(file)
    assert code == 3
    assert "its free float is" in text
    assert "failed the check: 1 problem." in text


def test_links_in_a_loop_are_named(tmp_path: Path):
    report, file = json.loads(moved_report()), tmp_path / "report.json"
    first = report["proof"]["links"][0]
    report["proof"]["links"].append({**first, "from": first["to"], "to": first["from"]})
    file.write_text(sealed(report), encoding="utf-8")
    code, text = verify(file)
    assert code == 3
    assert "Tasks wait for each other: " in text


def test_a_file_that_is_no_report_is_wrong_input(tmp_path: Path):
    file = tmp_path / "report.json"
    assert verify(file)[0] == 4
    for content in (b"", b"\xff\xfe\x00", b'{"headline": "x"}'):
        file.write_bytes(content)
        code, text = verify(file)
        assert code == 4, content
        assert "Traceback" not in text
