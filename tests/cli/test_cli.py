"""The command line: data to stdout, exit codes, errors without a traceback."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from changeflow.cli import app
from changeflow.cli.context import TIMES, read_option_day
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SERVICE, a_folder

RUNNER = CliRunner()


def run(*args: str | Path, code: int = 0) -> Result:
    result = RUNNER.invoke(app, [str(a) for a in args])
    assert result.exit_code == code, f"{args}: {result.output} {result.exception!r}"
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "trust", service=SERVICE + "tasks:\n  requirements: {owner: lead}\n")


@pytest.fixture
def db(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CHANGEFLOW_DB", sqlite)
    monkeypatch.setenv("CHANGEFLOW_AS", "chief")
    monkeypatch.setenv("CHANGEFLOW_OUTBOX", str(tmp_path / "outbox"))
    return sqlite


@pytest.mark.slow
def test_a_ready_programme_is_valid_and_editors_know_its_schema(tmp_path: Path):
    run("init", tmp_path / "trust")
    assert "no problems. 14 schools" in run("validate", tmp_path / "trust").stdout
    first = (tmp_path / "trust" / "services" / "payroll.yaml").read_text().split("\n")[0]
    schema = tmp_path / "trust" / "services" / first.split("$schema=")[1]
    assert "lead_provider" in json.loads(schema.read_text())["properties"]
    assert "not empty" in run("init", tmp_path / "trust", code=5).stderr
    assert "trust-central-services" in run("init", tmp_path / "x", "--template", "council", code=4).stderr


def test_the_plan_as_json_keeps_its_contract(folder: Path):
    plan = json.loads(run("plan", folder, "--format", "json").stdout)
    assert set(plan) == {"programme", "tasks", "findings", "waves", "milestones", "points_of_no_return"}
    [task] = [t for t in plan["tasks"] if t["id"] == "payroll/requirements"]
    assert task == {
        "id": "payroll/requirements",
        "name": "Payroll: requirements",
        "early_start": "2027-01-04T08:30:00",
        "early_finish": "2027-01-08T16:30:00",
        "late_start": "2027-01-04T08:30:00",
        "late_finish": "2027-01-08T16:30:00",
        "total_float": 0,
        "free_float": 0,
        "float_unit": "working_minutes",
        "critical": True,
        "driving": True,
    }
    # Requirements, system and training take 12 days from 4 January, to the 19th; skills are shown on the 20th.
    assert [(w["wave"], w["go_live"]) for w in plan["waves"]] == [
        ("w1", "2027-01-20T16:30:00"),
        ("w2", "2027-01-20T16:30:00"),
    ]


def test_a_check_that_says_no_is_exit_code_3(folder: Path, tmp_path: Path):
    run("plan", folder, "--fail-on", "block")
    bad = a_folder(tmp_path / "bad", service=SERVICE + "tasks:\n  w1/system-live: {drop: true}\n")
    result = run("plan", bad, "--fail-on", "block", code=3)
    assert "BLOCK R02" in result.stdout
    assert "1 finding at or above 'block'." in result.stderr


def test_wrong_input_is_exit_code_4_and_lists_everything(tmp_path: Path):
    bad = a_folder(
        tmp_path / "bad", programme=PROGRAMME.replace("name: A small", "nam: A small"), people=PEOPLE + "x,,,,,,,\n"
    )
    result = run("validate", bad, code=4)
    assert "programme.yaml:2:1: Unknown key 'nam'. Did you mean 'name'?" in result.stderr
    assert "people.csv:4:3: 'role' is empty." in result.stderr
    assert result.stderr.rstrip().endswith("2 problems found in 2 files.")
    assert result.stdout == ""


@pytest.mark.slow
def test_why_explains_the_stored_programme_as_it_stands(folder: Path, db: str):
    run("apply", folder, "--yes", "--as", "chief", "--at", "2027-01-04")
    run("task", "finish", "payroll/requirements", "--on", "2027-01-08", "--as", "chief", "--at", "2027-01-11")
    said = run("why", "payroll/w1/system-live", "--at", "2027-01-11").stdout
    assert "(actual date)" in said
    assert " slip" not in run("why", "payroll/requirements", "--at", "2027-01-11").stdout
    assert "Did you mean 'payroll/w1/go-live'" in run("why", "payroll/w1/golive", code=4).stderr
    assert "one argument too many" in run("why", folder, "payroll/w1/go-live", "x", code=4).stderr


def test_why_explains_or_says_which_task_was_meant(folder: Path):
    assert ", after “Payroll: requirements” ends (" in run("why", folder, "payroll/w1/system-live").stdout
    assert "Did you mean 'payroll/w1/go-live'" in run("why", folder, "payroll/w1/golive", code=4).stderr


@pytest.mark.slow
def test_a_change_of_state_without_an_actor_is_refused(folder: Path, db: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CHANGEFLOW_AS")
    assert "--as PERSON" in run("apply", folder, "--yes", code=2).stderr


@pytest.mark.thorough
@pytest.mark.slow
def test_from_folder_to_report(folder: Path, db: str, tmp_path: Path):
    assert "small is new: 22 tasks, 1 milestone, " in run("apply", folder, "--yes", "--at", "2027-01-04").stdout
    again = run("apply", folder, "--at", "2027-01-04")
    assert "no difference from version 1" in again.stdout
    assert "Stored" not in again.stderr
    assert "No new version stored." in again.stderr
    run("baseline", "take", "--reason", "Agreed", "--at", "2027-01-04")
    run("task", "start", "payroll/requirements", "--on", "2027-01-05", "--at", "2027-01-08")
    run(
        "task", "progress", "payroll/requirements", "--started", "2027-01-05", "--remaining", "3d", "--at", "2027-01-08"
    )
    assert "1 nudge due, 1 new" in run("tick", "--at", "2027-01-11T07:00").stdout
    assert "1 nudge due, 0 new" in run("tick", "--at", "2027-01-11T07:00").stdout
    assert (
        "send  Director of People <lead@example.org>: "
        in run("nudge", "dispatch", "--dry-run", "--at", "2027-01-11T09:00").stdout
    )
    assert "1 message sent" in run("nudge", "dispatch", "--at", "2027-01-11T09:00").stderr
    run("task", "finish", "payroll/requirements", "--on", "2027-01-12", "--at", "2027-01-12")
    run("report", "sro", "--out", tmp_path / "r.html", "--at", "2027-01-12")
    run("report", "sro", "--out", tmp_path / "r.json", "--at", "2027-01-12")
    report = json.loads((tmp_path / "r.json").read_text())
    who = "Payroll at Ash School, Beech School and Cedar School (22 Jan instead of 20 Jan 2027)"
    late = f"3 of 3 school go-lives are later than announced: {who}. “All are live” is later than the baseline."
    assert report["headline"] == late
    [slip] = report["changes"]["slips"]
    assert sum(c["days"] for c in slip["causes"]) == slip["days"]
    assert slip["causes"][0]["sentence"] == "“Payroll: requirements” finished later than planned, on 12 Jan 2027."
    assert "“All are live” is 2 days later" in run("changes", "--at", "2027-01-12").stdout
    assert report["headline"].replace("“", "")[:8] in (tmp_path / "r.html").read_text()
    assert "entries, all in order" in run("audit", "verify").stdout
    assert "should end in" in run("report", "sro", "--out", tmp_path / "r.doc", code=4).stderr


@pytest.mark.slow
def test_a_question_that_is_answered_no_stores_nothing(folder: Path, db: str):
    result = RUNNER.invoke(app, ["apply", str(folder)], input="n\n")
    assert (result.exit_code, "No changes saved." in result.stderr) == (0, True)
    assert "There is no programme" in run("tick", "--programme", "small", code=4).stderr


@pytest.mark.slow
def test_progress_from_a_csv_is_taken_whole_or_not_at_all(folder: Path, db: str, tmp_path: Path):
    run("apply", folder, "--yes")
    file = tmp_path / "progress.csv"
    file.write_text(
        "task,started,finished\npayroll/requirements,2027-01-04,2027-01-08\npayroll/delegaton,2027-13-01,\n"
    )
    result = run("task", "import", file, "--at", "2027-01-20", code=4)
    assert "progress.csv:3:1: There is no task 'payroll/delegaton'. Did you mean 'payroll/delegation'?" in result.stderr
    file.write_text("task,started,finished\npayroll/requirements,2027-01-04,2027-01-08\n")
    assert "add --yes" in run("task", "import", file, "--at", "2027-01-20", code=2).stderr
    assert "New progress entries: 1." in run("task", "import", file, "--at", "2027-01-20", "--yes").stderr
    assert "New progress entries: 0." in run("task", "import", file, "--at", "2027-01-20").stderr


PAY = "contract,gross,net\nC1,1000.00,800.00\nC2,2000.00,1500.00\n"


@pytest.mark.slow
def test_two_payrolls_are_compared_without_a_database(tmp_path: Path):
    (tmp_path / "old.csv").write_text(PAY)
    (tmp_path / "new.csv").write_text(PAY.replace("1500.00", "1499.99"))
    command = ["pilot", "reconcile", tmp_path / "old.csv", tmp_path / "new.csv", "--key", "contract"]
    assert "1  unexplained" in run(*command, code=3).stdout
    clean = run(*command, "--tolerance", "net=0.01").stdout
    assert "1  within tolerance" in clean
    assert clean.endswith("\nThe run is clean.\n")
    assert "not a tolerance" in run(*command, "--tolerance", "net", code=4).stderr
    assert "'wage' is missing" in run(*command, "--tolerance", "wage=1", code=4).stderr


@pytest.mark.slow
def test_every_difference_can_be_listed(tmp_path: Path):
    """Ten of twelve are listed, of twelve missing contracts too; with --all each of them."""
    lines = [f"C-D{n:02},1.00" for n in range(12)]
    (tmp_path / "old.csv").write_text("\n".join(["contract,net", *lines, *(f"C-M{n:02},1.00" for n in range(12))]))
    (tmp_path / "new.csv").write_text("\n".join(["contract,net", *lines]).replace("1.00", "2.00"))
    command = ["pilot", "reconcile", tmp_path / "old.csv", tmp_path / "new.csv"]
    first = run(*command, code=3).stdout
    assert first.count(" → ") == 10
    assert " ".join(first.split()).count("and 2 more; --all lists them") == 2
    every = run(*command, "--all", code=3).stdout
    assert (every.count(" → "), "more" in every) == (12, False)
    assert all(f"-{kind}{n:02}" in every for kind in "DM" for n in range(12))


@pytest.mark.slow
def test_what_was_compared_is_said_first(tmp_path: Path):
    """Names are no amounts; gross is Bruto in the new file, which has decimal commas. Net of C2 falls by a pound."""
    (tmp_path / "old.csv").write_text(PAY.replace("net", "net,name").replace("00\n", "00,x\n"))
    (tmp_path / "new.csv").write_text("contract;Bruto;net\nC1;1000,00;800,00\nC2;2000,00;1499,00\n")
    result = run("pilot", "reconcile", tmp_path / "old.csv", tmp_path / "new.csv", "--columns", "gross=Bruto", code=3)
    assert result.stdout.startswith("Compared: gross and net.\nNot compared: name (old output, no amounts).\n")
    assert "new.csv: Decimal commas." in result.stdout
    assert "Headings matched: 'gross' with 'Bruto'." in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    asked = ["pilot", "reconcile", tmp_path / "new.csv", tmp_path / "new.csv"]
    assert "is not a pair of columns" in run(*asked, "--columns", "gross", code=4).stderr
    assert "'1000,00' is not an amount" in run(*asked, "--decimal", ".", code=4).stderr


@pytest.mark.thorough
@pytest.mark.slow
def test_a_gate_that_is_not_earned_is_refused(tmp_path: Path, db: str):
    run_step = "  parallel: {kind: parallel_run, phase: deploy, per: wave, duration: 2pp, after: train}\n"
    gate = "  decide: {kind: decision, phase: deploy, per: wave, duration: 1d, after: parallel, owner: sponsor}\n"
    pathway = PATHWAY.replace("after: skills}", "after: [skills, decide]}") + run_step + gate
    service = SERVICE + "class: payroll\nparallel_run: {tolerances: [{element: net}]}\n"
    folder = a_folder(tmp_path / "trust", pathway=pathway, service=service)
    (folder / "calendars").mkdir()
    (folder / "calendars/trust.yaml").write_text(
        "calendar: trust\npay_periods: {first_month: 2027-01, months: 24, payday: 28}\n"
    )
    run("apply", folder, "--yes")
    at = ["--at", "2027-04-06"]
    refused = run("gate", "decide", "payroll/w1/decide", "go", "--reason", "We must", *at, code=3)
    assert "No parallel run has been reconciled yet; 2 clean runs in a row are needed." in refused.stderr
    (tmp_path / "old.csv").write_text(PAY)
    (tmp_path / "bad.csv").write_text(PAY.replace("1500.00", "1400.00"))
    reconcile = ["pilot", "reconcile", tmp_path / "old.csv"]
    bad = run(*reconcile, tmp_path / "bad.csv", "--service", "payroll", "--period", "2027-02", *at)
    assert bad.stdout.endswith("\nThe run is not clean.\n")
    run(*reconcile, tmp_path / "old.csv", "--service", "payroll", "--period", "2027-03", *at)
    shown = run("gate", "show", "payroll/w1/decide", *at).stdout
    assert "The evidence does not yet support going ahead." in shown
    assert (
        "The February 2027 run has 1 contract with an unexplained difference. The largest difference is £100.00."
        in shown
    )
    run(*reconcile, tmp_path / "old.csv", "--service", "payroll", "--period", "2027-04", *at)
    again = run(*reconcile, tmp_path / "old.csv", "--service", "payroll", "--period", "2027-04", *at)
    assert "This run is already saved." in again.stderr
    open_yet = run("gate", "show", "payroll/w1/decide", *at).stdout
    assert "The evidence supports going ahead, with conditions." in open_yet
    assert "outstanding: “Payroll, wave 1: parallel” is not complete yet." in open_yet
    run("task", "finish", "payroll/w1/parallel", "--started", "2027-02-01", "--on", "2027-03-31", *at)
    assert "The evidence supports going ahead." in run("gate", "show", "payroll/w1/decide", *at).stdout
    run("gate", "decide", "payroll/w1/decide", "go", "--reason", "Two clean runs", *at)
    second = run("gate", "decide", "payroll/w1/decide", "no_go", "--reason", "Wait", *at, code=5).stderr
    assert "was approved on 6 Apr 2027 by the Chief Executive: Two clean runs. That decision stands" in second
    assert (
        "approve (or go), approve_with_conditions"
        in run("gate", "decide", "x", "maybe", "--reason", "?", *at, code=4).stderr
    )
    assert "Did you mean 'payroll/w1/decide'" in run("gate", "show", "payroll/w1/decid", *at, code=4).stderr


@pytest.mark.slow
def test_exports_open_again(folder: Path, tmp_path: Path):
    from icalendar import Calendar

    run("export", "ics", tmp_path / "x.ics", "--from", folder)
    events = Calendar.from_ical((tmp_path / "x.ics").read_bytes()).walk("VEVENT")
    assert {str(e["summary"]) for e in events} >= {"Payroll, wave 1: go live", "All are live"}
    run("export", "xlsx", tmp_path / "x.xlsx", "--from", folder)
    assert (tmp_path / "x.xlsx").read_bytes()[:2] == b"PK"
    run("export", "mspdi", tmp_path / "x.xml", "--from", folder)
    theirs = json.loads(run("schedule", tmp_path / "x.xml", "--format", "json").stdout)["tasks"]
    ours = json.loads(run("plan", folder, "--format", "json").stdout)["tasks"]
    early = {t["name"]: (t["early_start"], t["early_finish"], t["total_float"]) for t in ours}
    found = {t["name"]: (t["early_start"], t["early_finish"], t["total_float"]) for t in theirs}
    assert {name: found[name] for name in early} == early
    assert found.keys() - early.keys() == {"Payroll", "wave 1", "wave 2", "Ash School", "Beech School", "Cedar School"}
    assert "Use folder, mspdi, xlsx or ics" in run("export", "docx", tmp_path / "x", "--from", folder, code=4).stderr


def test_a_file_that_is_no_project_file(tmp_path: Path):
    (tmp_path / "a.xml").write_text("<Project><Tasks>")
    assert "a.xml:1:" in run("schedule", tmp_path / "a.xml", code=4).stderr
    (tmp_path / "b.xml").write_text("<x/>")
    assert "not a Microsoft Project file" in run("schedule", tmp_path / "b.xml", code=4).stderr
    (tmp_path / "secret.txt").write_text("a secret")
    task = "<Task><UID>1</UID><Name>x &e;</Name><OutlineLevel>1</OutlineLevel></Task>"
    (tmp_path / "c.xml").write_text(
        '<!DOCTYPE p [<!ENTITY e SYSTEM "secret.txt">]>'
        f'<Project xmlns="http://schemas.microsoft.com/project"><StartDate>2027-01-04T08:00:00</StartDate>'
        f"<Tasks>{task}</Tasks></Project>"
    )
    refused = run("schedule", tmp_path / "c.xml", code=4)
    assert "a secret" not in refused.output


@pytest.mark.slow
def test_the_database_is_copied_and_put_back(folder: Path, db: str, tmp_path: Path):
    run("db", "upgrade")
    run("apply", folder, "--yes")
    run("db", "backup", tmp_path / "copy.db")
    assert "--yes" in run("db", "restore", tmp_path / "copy.db", code=5).stderr
    assert "It sends nothing yet" in run("db", "restore", tmp_path / "copy.db", "--yes").stderr
    assert "2 entries, all in order" in run("audit", "verify").stdout
    assert "restored, not released" in run("nudge", "dispatch", code=3).stderr
    assert "restored, not released" in run("status", code=3).stderr
    assert "has not been shown yet" in run("db", "release", "--as", "chief", code=3).stderr
    assert "changeflow db release" in run("db", "review").stderr
    assert "Released" in run("db", "release", "--as", "chief").stderr
    assert "does not need to be released" in run("db", "review").stderr
    assert "has already joined" in run("db", "join", "--as", "chief").stderr
    run("nudge", "dispatch")


def test_a_wrong_database_address(folder: Path):
    assert "only SQLite and PostgreSQL" in run("apply", folder, "--db", "mysql://x/y", "--yes", code=4).stderr


def test_the_version_is_printed():
    assert run("--version").stdout.startswith("changeflow 0.")


@pytest.mark.slow
def test_what_if_lists_what_moves_the_end_and_refuses_what_is_no_working_time(folder: Path):
    shown = run("what-if", folder, "--longer", "5d").stdout
    assert "+7  Payroll: requirements" in shown
    assert "have enough float" in shown
    rows = json.loads(run("what-if", folder, "--longer", "1d", "--format", "json").stdout)
    assert rows[0]["days"] >= rows[-1]["days"]
    assert "is not a length of working time" in run("what-if", folder, "--longer", "2pp", code=4).stderr
    assert "is not a duration" in run("what-if", folder, "--longer", "soon", code=4).stderr


def test_a_profile_is_chosen_by_name(tmp_path: Path):
    """The textbook's programme starts on Monday 4 January; Project lets a date before it stand."""
    early = SERVICE + "tasks:\n  requirements: {start_no_earlier: 2026-12-14}\n"
    folder = a_folder(tmp_path / "trust", service=early)
    starts = {}
    for profile in ("msproject", "textbook"):
        rows = json.loads(run("schedule", folder, "--profile", profile, "--format", "json").stdout)["tasks"]
        starts[profile] = next(t["early_start"] for t in rows if t["id"] == "payroll/requirements")
    assert starts == {"msproject": "2026-12-14T08:30:00", "textbook": "2027-01-04T08:30:00"}
    assert "Use one of: msproject, textbook" in run("schedule", folder, "--profile", "primavera", code=4).stderr


@pytest.mark.slow
def test_two_folders_are_compared_from_the_command_line(folder: Path, tmp_path: Path):
    longer = a_folder(tmp_path / "longer", service=SERVICE + "tasks:\n  requirements: {owner: lead, duration: 8d}\n")
    shown = run("changes", folder, longer).stdout
    assert "“Payroll: requirements” takes 8 working days instead of 5 working days." in shown
    rows = json.loads(run("changes", folder, longer, "--format", "json").stdout)
    assert rows["title"] == "between trust and longer"
    assert "Name two folders" in run("changes", folder, code=4).stderr


def test_a_finish_is_scheduled_back_from(tmp_path: Path):
    back = a_folder(
        tmp_path / "back", programme=PROGRAMME.replace("start: 2027-01-04", "start: 2027-01-04\nfinish: 2027-06-30")
    )
    tasks = json.loads(run("schedule", back, "--format", "json").stdout)["tasks"]
    assert max(t["late_finish"] for t in tasks) == "2027-07-01T00:00:00", "the end of its last day"
    wrong = a_folder(
        tmp_path / "wrong", programme=PROGRAMME.replace("start: 2027-01-04", "start: 2027-01-04\nfinish: 2026-12-01")
    )
    assert "programme.yaml:5:9: The programme would finish on 2026-12-01" in run("validate", wrong, code=4).stderr


def test_the_longest_path_to_any_milestone_is_shown_with_floats(folder: Path):
    shown = run("plan", folder, "--to", "all-live").stdout
    assert "tasks on the longest path to “All are live”" in shown
    assert "There is no milestone or task 'all-lives'" in run("plan", folder, "--to", "all-lives", code=4).stderr


@pytest.mark.slow
def test_variance_is_shown_by_milestone_and_task(folder: Path, db: str):
    run("apply", folder, "--yes", "--at", "2027-01-04")
    assert "No baseline has been taken" in run("baseline", "show", code=4).stderr
    run("baseline", "take", "--reason", "Agreed", "--at", "2027-01-04")
    run("task", "finish", "payroll/requirements", "--started", "2027-01-04", "--on", "2027-01-13", "--at", "2027-01-13")
    shown = run("baseline", "show", "--at", "2027-01-13").stdout
    assert "+5  13 Jan 2027  (was 8 Jan 2027, done)  Payroll: requirements" in shown
    rows = json.loads(run("baseline", "show", "--at", "2027-01-13", "--all", "--format", "json").stdout)
    assert rows["tasks"][0]["days"] >= rows["tasks"][-1]["days"]
    assert [m["id"] for m in rows["milestones"]] == ["programme/all-live"]


@pytest.mark.slow
def test_rules_are_listed_explained_and_rechecked(folder: Path, db: str, tmp_path: Path):
    assert "R02  BLOCK  Systems before restructuring" in run("rules").stdout
    shown = run("rules", "show", "r02").stdout
    assert "only once its new system is live" in shown
    assert "Oakfield" in shown
    assert "There is no rule 'R99'" in run("rules", "show", "R99", code=4).stderr
    packs = tmp_path / "packs"
    packs.mkdir()
    text = "rulepack: payroll\nin_force_from: 2026-01-01\nentries:\n"
    text += "  parallel_runs_minimum: {value: 3, grade: D, source: changeflow's own choice}\n"
    (packs / "payroll.yaml").write_text(text)
    paying = SERVICE + "class: payroll\ntasks:\n  run: {kind: parallel_run, per: wave, duration: 2pp, phase: develop}\n"
    pay = "calendar: pay\npay_periods: {first_month: 2027-01, months: 24, payday: 28}\n"
    a_folder(folder, service=paying)
    (folder / "calendars").mkdir()
    (folder / "calendars" / "pay.yaml").write_text(pay)
    run("apply", folder, "--yes", "--at", "2027-01-04")
    checked = run("rules", "recheck", "--packs", packs, "--at", "2027-01-04").stdout
    assert "small: 2 new findings, 0 no longer found" in checked
    assert "+ BLOCK R12 “Payroll, wave 1: run” lasts 2 pay periods; at least 3 are needed." in checked
    assert "is not a folder" in run("rules", "recheck", "--packs", tmp_path / "none", code=4).stderr


def test_conflicts_are_told_in_the_fewest_with_what_giving_one_up_does(folder: Path, tmp_path: Path):
    assert "No conflicts" in run("conflicts", folder).stdout
    tight = SERVICE + "tasks:\n  requirements: {start_no_earlier: 2027-01-11, deadline: 2027-01-13}\n"
    shown = run("conflicts", a_folder(tmp_path / "tight", service=tight)).stdout
    assert "the deadline of “Payroll: requirements”, 13 Jan 2027 is missed by 2 days." in shown
    assert "- “Payroll: requirements” must start no earlier than 11 Jan 2027" in shown
    assert "lift the date for “Payroll: requirements”; then it is met" in shown
    assert "move the deadline by 2 days; then all are met" in shown
    assert "accountable" not in run("delegation", folder).stdout


@pytest.mark.slow
def test_what_is_left_is_reported_in_any_unit_and_said_in_it(folder: Path, db: str):
    """On Friday 8 January at 8:30 ten days of the clock are left: until Monday 18 January. It counts from then on."""
    run("apply", folder, "--yes", "--at", "2027-01-04")
    about = ("payroll/requirements", "--started", "2027-01-05", "--at", "2027-01-08", "--remaining")
    for text, says in (("abc", "is not a duration"), ("50%", "is a percentage"), ("1t", "is in terms")):
        assert says in run("task", "progress", *about, text, code=4).stderr
    run("task", "progress", *about, "10ed")
    assert "10 calendar days left" in run("fact", "list").stdout
    plan = json.loads(run("plan", "--format", "json", "--at", "2027-01-08").stdout)
    [task] = [t for t in plan["tasks"] if t["id"] == "payroll/requirements"]
    assert task["early_finish"] == "2027-01-18T08:30:00"
    run("task", "progress", *about, "5d")
    assert ", 5 working days left" in run("fact", "list").stdout


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("24/05/2027", "'24/05/2027' is not in the form year-month-day. Write 2027-05-24."),
        ("2027-02-30", "'2027-02-30' does not exist: February 2027 has 28 days."),
        ("soon", "'soon' is not a date. Write year-month-day, such as 2027-02-05."),
    ],
)
def test_what_is_no_day_is_explained_alike_on_the_command_line_and_in_files(tmp_path: Path, day: str, said: str):
    for option in ("--on", "--at"):
        with pytest.raises(typer.BadParameter, match=re.escape(said)):
            read_option_day(day, times=TIMES if option == "--at" else ())
    folder = a_folder(tmp_path, programme=PROGRAMME.replace("start: 2027-01-04", f"start: {day}"))
    assert said in run("validate", folder, code=4).stderr


def test_a_file_is_no_folder_and_the_table_of_people_is_missed_once(tmp_path: Path):
    """Without people.csv, each file that names a person would be a mistake of its own."""
    folder = a_folder(tmp_path)
    assert "is a file. Give a programme's folder" in run("plan", folder / "programme.yaml", code=4).stderr
    (folder / "people.csv").unlink()
    said = run("validate", folder, code=4).stderr.splitlines()
    assert said == [
        "people.csv:1:1: people.csv is missing. Add it, with the people that other files name: chief, lead.",
        "1 problem found.",
    ]


@pytest.mark.parametrize("key", ["duration", "name"])
def test_a_number_where_text_belongs_is_said_in_plain_words(tmp_path: Path, key: str):
    folder = a_folder(tmp_path, service=SERVICE + f"tasks:\n  go-live: {{{key}: 15}}\n")
    said = {"duration": "'15' is not a duration. Write it like 5d,", "name": "'15' is not text. Put it in quotation"}
    assert said[key] in run("validate", folder, code=4).stderr


@pytest.mark.slow
def test_a_school_is_answered_with_its_go_lives_and_how_to_ask_for_one(folder: Path):
    """Requirements, system and training end on 19 January; skills are shown on the 20th, the day of the go-live."""
    said = f"Cedar School goes live with Payroll on Wed 20 Jan 2027: changeflow why {folder} cedar/payroll\n"
    assert run("why", folder, "cedar").stdout == run("why", folder, "Cedar School").stdout == said
    one = run("why", folder, "cedar/payroll").stdout
    assert one == run("why", folder, "payroll/w2/go-live").stdout
    assert "Did you mean 'cedar'?" in run("why", folder, "ceder", code=4).stderr
    assert "Did you mean 'cedar/payroll'?" in run("why", folder, "ceder/payroll", code=4).stderr


@pytest.mark.slow
def test_a_misspelt_word_that_no_task_has_is_answered_with_what_is_near(folder: Path, db: str):
    run("apply", folder, "--yes", "--at", "2027-01-04")
    assert "Did you mean 'cedar'?" in run("task", "list", "ceder", "--at", "2027-01-05").stderr
    assert "Did you mean" not in run("task", "list", "requirements", "--done", "--at", "2027-01-05").stderr
