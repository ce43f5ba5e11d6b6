"""One small programme with a person who is in one role alone, for every role, and how each action is done on it."""

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.agenda.decisions import GateAnswer
from changeflow.pilots.entries import (
    FeedbackGiven,
    ImprovementPlanned,
    IssueRaised,
    IssueSeverity,
    IssueUpdate,
    LessonProposed,
)
from changeflow.programme.facts import Announcement, Submission
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.recording import ReportedProgress
from changeflow.storage.database import engine_for
from changeflow.usecases import (
    announcements,
    assessments,
    attendance,
    baselines,
    calendar_feeds,
    checkpoints,
    comments,
    data_requests,
    definitions,
    evidence,
    export,
    filings,
    gates,
    governance,
    message_switch,
    parallel_runs,
    pilot_records,
    pilots,
    progress,
    recorded,
    reports,
    retention,
    waivers,
)
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.unit_of_work import Change
from changeflow.values.finding import Waiver
from changeflow.values.words import Action, DataRequestKind, Outcome, RetentionReason, Role
from tests import asked
from tests.builders import PATHWAY, PROGRAMME, a_folder

TODAY = date(2027, 3, 25)
NOW = datetime(2027, 3, 25, 17, tzinfo=UTC)
GO, PLAN, SIDE_BY_SIDE = "payroll/w1/go-no-go", "payroll/plan-agreed", "payroll/w1/parallel-run"

PEOPLE = """\
id,name,role,email,audience,school,groups,manager
viewer,Viewer,Viewer,viewer@example.org,team,,,
head,Head,Head of Ash,head@example.org,manager,ash,heads,
lead,Change Lead,Change Lead,lead@example.org,lead,,,
member,Team Member,Team Member,member@example.org,team,,,
manager,Payroll Manager,Payroll Manager,manager@example.org,team,,,
provider,Director of People,Director of People,provider@example.org,team,,,
chief,Chief Executive,Chief Executive,chief@example.org,team,,,
patron,Patron,Patron,patron@example.org,sponsor,,,
chair,Chair of Trustees,Chair of Trustees,chair@example.org,team,,board,
accountant,Accountant,Accountant,accountant@example.org,team,,,
officer,Data Protection Officer,Data Protection Officer,officer@example.org,team,,,
admin,Administrator,Administrator,admin@example.org,team,,,
owner,Owner,Owner,owner@example.org,team,,,
signatory,Signatory,Signatory,signatory@example.org,team,,,
estates-manager,Estates Manager,Estates Manager,estates-manager@example.org,team,,,
estates-provider,Director of Estates,Director of Estates,estates-provider@example.org,team,,,
"""
FOREIGN = "another"
FOREIGN_PEOPLE = """\
id,name,role,email,audience,school,groups,manager
chief,Chief Executive,Chief Executive,another-chief@example.org,team,,,
lead,Change Lead,Change Lead,another-lead@example.org,lead,,,
"""
"""Another programme, and its people: no one of the small programme is in it."""
HOLDER = {
    Role.VIEWER: "viewer",
    Role.HEAD: "head",
    Role.CHANGE_LEAD: "lead",
    Role.PROJECT_TEAM: "member",
    Role.SERVICE_MANAGER: "manager",
    Role.LEAD_PROVIDER: "provider",
    Role.SRO: "chief",
    Role.SPONSOR: "patron",
    Role.BOARD: "chair",
    Role.FINANCE: "accountant",
    Role.DATA_PROTECTION: "officer",
    Role.ADMIN: "admin",
    Role.OWNER: "owner",
    Role.SIGNATORY: "signatory",
    Role.SYSTEM: SYSTEM,
}
RECORDED_BY = {
    Action.WITHDRAW_CONFIRMATION: "owner",
    Action.WITHDRAW_SIGNATURE: "signatory",
    Action.WITHDRAW_FACT: "viewer",
}
"""Who recorded the fact that is withdrawn: the one role that follows from an act."""
STRANGERS = ["estates-manager", "estates-provider"]
"""The service manager and the lead provider of another service: what is payroll's is not theirs."""
OF_THE_PROGRAMME = {
    Action.RECORD_DECISION,
    Action.ADD_WAIVER,
    Action.STORE_VERSION,
    Action.RECORD_TRAINING,
    Action.NOTE_SPONSOR,
    Action.ISSUE_REPORT,
}
"""What any service's manager or lead provider may do, as it is not about one service."""
FILE = PROGRAMME.replace("data_protection_contact: chief", "data_protection_contact: officer").replace(
    "schools: [ash, beech]}", "pilot: true, schools: [ash]}"
).replace("schools: [cedar]}", "schools: [beech, cedar]}") + (
    "admins: [admin]\nmandates: {finance: [accountant]}\n"
)  # fmt: skip
PAYROLL = """\
service: payroll
name: Payroll
class: payroll
lead_provider: {person: provider, days_per_week: 2}
service_manager: manager
team: {manager: member, members: [{person: member, days_per_week: 1}]}
agreement: {kind: gives_and_gets, gives: [Numbers in time], gets: [Pay in time]}
pathway: short
parallel_run:
  pay: net
  clean_runs: 2
  schemes: [{id: S1, joint_filing: old}]
  tolerances: [{element: gross, absolute: 0}, {element: net, absolute: 0.01}]
assurance: {method: both, cases: [{id: starter, what: A starter}]}
pilot: {exit_criteria: [{id: queries, measure: Queries, at_most: 3, owner: owner}]}
go_no_go: {sign: [signatory], confirm: [{id: desk, what: A desk is there, owner: owner}]}
"""
ESTATES = """\
service: estates
name: Estates
lead_provider: {person: estates-provider, days_per_week: 2}
service_manager: estates-manager
agreement: {kind: gives_and_gets, gives: [Jobs], gets: [Repairs]}
pathway: short
"""
STEPS = (
    PATHWAY.replace("per: wave, after: skills}", "per: wave, starts_on: pay_period, after: go-no-go}").replace(
        "after: go-live FS+10d", "owner: owner, after: go-live FS+10d"
    )
    + """\
  test-pack: {kind: test_pack, phase: deploy, per: wave, classes: [payroll], assured_by: [test_pack, both],
    duration: 5d, after: train}
  plan: {phase: plan, duration: 2d, per: school, owner: owner}
  plan-agreed: {gate: plan, phase: plan, after: plan, owner: owner}
  parallel-run: {kind: parallel_run, phase: deploy, per: wave, classes: [payroll], assured_by: [parallel, both],
    duration: 2pp, after: train}
  go-no-go: {gate: go_live, phase: deploy, per: wave, after: [skills, parallel-run, test-pack], owner: owner}
  pilot-review: {kind: pilot, phase: deploy, per: wave, waves: pilot, duration: 5d, after: go-live}
"""
)
PAY = "calendar: trust\npay_periods: {first_month: 2026-09, months: 36, payday: 28}\n"
OLD = "contract,gross,net\nA1,100.00,80.00\nA2,200.00,160.00\n"
NEW = OLD.replace("A2,200.00", "A2,212.00")


@dataclass(frozen=True)
class World:
    """A stored programme, its folder, and files to import."""

    home: Path
    db: str

    def change(self, actor: str) -> Change:
        return Change(db=self.db, programme=None, actor=actor, now=NOW, on=TODAY)

    def file(self, name: str, text: str) -> Path:
        path = self.home / name
        path.write_text(text)
        return path

    def copy(self, into: Path) -> "World":
        into.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.home, into, dirs_exist_ok=True)
        return World(into, f"sqlite:///{into / 'test.db'}")

    def dump(self) -> str:
        """All that the database holds but the audit's refusals."""
        with closing(sqlite3.connect(self.db.removeprefix("sqlite:///"))) as connection:
            return "\n".join(line for line in connection.iterdump() if "'refused'" not in line)

    def audited(self) -> list[tuple[str, str, str]]:
        with closing(sqlite3.connect(self.db.removeprefix("sqlite:///"))) as connection:
            return connection.execute("SELECT actor, action, subject FROM audit ORDER BY number").fetchall()


def written(home: Path, programme: str = FILE, people: str = PEOPLE) -> Path:
    folder = a_folder(home / "trust", programme=programme, service=PAYROLL, pathway=STEPS, people=people)
    (folder / "services/estates.yaml").write_text(ESTATES)
    (folder / "calendars").mkdir(exist_ok=True)
    (folder / "calendars" / "trust.yaml").write_text(PAY)
    return folder


def stored_world(home: Path) -> World:
    """Copy the stored programme into a folder: storing it takes as long as a hundred copies."""
    return _first_world().copy(home)


@cache
def _first_world() -> World:
    """Store the programme, with a run that differs, an issue, an improvement, a lesson and a round of scores."""
    home, maker = Path(tempfile.mkdtemp(prefix="changeflow-world-")), os.getpid()
    # A copy of the test process that ends leaves it to the others.
    atexit.register(lambda: shutil.rmtree(home, ignore_errors=True) if os.getpid() == maker else None)
    world = World(home, f"sqlite:///{home / 'test.db'}")
    definitions.apply(written(home), db=world.db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    reconcile(world, "member", NEW)
    issue = IssueRaised(service="payroll", on=TODAY, by="", text="It stops", severity=IssueSeverity.HARMS,
                        school="ash", owner="owner", blocks_next_wave=False)  # fmt: skip
    pilot_records.raise_issue(issue, world.change("member"))
    pilot_records.plan_improvement(IMPROVEMENT, world.change("member"))
    pilot_records.propose_lesson(LESSON, world.change("member"))
    import_scores(world, "member", "r0", 18)
    decide(world, "owner")
    pilot_records.confirm(GO, "desk", "A rota", None, world.change("owner"))
    pilot_records.sign(GO, "", world.change("signatory"), agrees=True)
    give_feedback(world, "viewer", "Slow")
    engine_for(world.db).dispose()
    return world


def store_another(world: World, people: str = FOREIGN_PEOPLE) -> None:
    """Store another programme in the same database."""
    programme = PROGRAMME.replace("programme: small", f"programme: {FOREIGN}")
    folder = a_folder(world.home / FOREIGN, programme=programme, people=people)
    definitions.apply(folder, db=world.db, actor="chief", now=NOW - timedelta(days=9))


IMPROVEMENT = ImprovementPlanned(service="payroll", on=TODAY, by="", text="A guide", owner="owner")
LESSON = LessonProposed(service="payroll", on=TODAY, by="", step="train", duration="4d", reason="It took longer")


def reconcile(world: World, actor: str, new: str, period: str = "2027-02") -> None:
    files = world.file("old.csv", OLD), world.file("new.csv", new)
    parallel_runs.reconcile_stored(*files, service="payroll", period=period, change=world.change(actor))


def import_scores(world: World, actor: str, name: str, day: int) -> None:
    path = world.file(f"{name}.csv", f"person,on,awareness,desire\nviewer,2027-03-{day},4,2\n")
    assessments.import_assessments(path, world.change(actor))


def import_training(world: World, actor: str) -> None:
    path = world.file("came.csv", "session,person,on\npayroll/ash/train,viewer,2027-03-20\n")
    attendance.import_attendance(path, world.change(actor))


def decide(world: World, actor: str, by: str | None = None) -> None:
    answer = GateAnswer(task=PLAN, outcome=Outcome.REJECT, reason="Not yet", on=TODAY, by=by, again=True)
    gates.decide(answer, world.change(actor))


def store(world: World, actor: str, **changes: str) -> None:
    folder = written(world.home, **({"programme": FILE.replace("A small programme", "A programme")} | changes))
    definitions.apply(folder, db=world.db, actor=actor, now=NOW)


def waive(world: World, actor: str) -> None:
    waiver = Waiver(rule="R02", reason="Agreed", owner="chief", approved_by=("chief",), expires=date(2027, 12, 31))
    waivers.add_waiver(waiver, world.change(actor))


def ask_about(world: World, actor: str) -> dict[str, Any]:
    ask = {"db": world.db, "programme": None, "actor": actor, "now": NOW, "reason": "Asked"}
    return asked.everything_about("viewer", TODAY, **ask).about


def explain(world: World, actor: str) -> None:
    pilot_records.explain("payroll", "2027-02", "gross", world.change(actor), contract="A2", between=None,
                     reason="Back-pay", evidence="A letter")  # fmt: skip


def say_progress(world: World, actor: str) -> None:
    progress.report_progress([ReportedProgress("payroll/ash/plan", date(2027, 3, 1))], world.change(actor))


def checkpoint(world: World, actor: str) -> None:
    found = CheckpointResult(task="payroll/w1/checkpoint", on=TODAY, said="A guide")
    checkpoints.report_checkpoint(found, world.change(actor))


def update_issue(world: World, actor: str) -> None:
    update = IssueUpdate(service="payroll", on=TODAY, by="", issue=1, words="Looked at", state="fixed")
    pilot_records.update_issue(update, world.change(actor))


def raise_issue(world: World, actor: str) -> None:
    raised = IssueRaised(service="payroll", on=TODAY, by="", text="Late", severity=IssueSeverity.HINDERS, owner=None)
    pilot_records.raise_issue(raised, world.change(actor))


def comment(world: World, actor: str) -> None:
    comments.comment_on("payroll/ash/plan", "Waiting for the supplier", world.change(actor))


def add_evidence(world: World, actor: str) -> None:
    minutes = evidence.NewEvidence(title="Minutes", link="https://example.org/minutes")
    evidence.add_evidence("payroll/ash/plan", minutes, world.change(actor))


def give_feedback(world: World, actor: str, text: str = "Good") -> None:
    said = FeedbackGiven(service="payroll", on=TODAY, by="", side="user", text=text)
    pilot_records.give_feedback(said, world.change(actor))


def withdraw(world: World, actor: str, kind: str, entry: str = "") -> None:
    known = recorded.recorded_facts(None, db=world.db, on=TODAY, kind=kind)
    fact = next(f for f in known if not entry or f.values["kind"] == entry)
    recorded.withdraw_fact(fact.id, "Wrong", world.change(actor))


def improve(world: World, actor: str) -> None:
    pilot_records.plan_improvement(IMPROVEMENT.model_copy(update={"text": "Another"}), world.change(actor))


def propose(world: World, actor: str) -> None:
    pilot_records.propose_lesson(LESSON.model_copy(update={"duration": "5d"}), world.change(actor))


def export_addresses(world: World, actor: str) -> None:
    asked = export.ExportRequest(actor=actor, now=NOW, addresses=True)
    export.export_folder(world.home / f"out-{actor}", db=world.db, programme=None, on=TODAY, asked=asked)


def delete_old_data(world: World, actor: str) -> None:
    """Delete the text of answers, a year and a half later; the people of the world are still there."""
    change = replace(world.change(actor), now=NOW + timedelta(days=550), on=TODAY + timedelta(days=550))
    retention.delete_now(RetentionReason.ASKED, change)


Call = Callable[[World, str], object]
HOW: dict[Action, Call] = {
    Action.TAKE_BASELINE: lambda w, who: baselines.take_baseline("Agreed", w.change(who)),
    Action.DECIDE_GATE: decide,
    Action.RECORD_DECISION: lambda w, who: decide(w, who, by="chief"),
    Action.ADD_WAIVER: waive,
    Action.SET_CONFIDENCE: lambda w, who: governance.set_confidence("amber", "Late", None, w.change(who)),
    Action.SIGN: lambda w, who: pilot_records.sign(GO, "Again", w.change(who), agrees=True),
    Action.CONFIRM: lambda w, who: pilot_records.confirm(GO, "desk", "Another rota", None, w.change(who)),
    Action.RECORD_DATA_REQUEST: lambda w, who: data_requests.record_data_request(
        "viewer", DataRequestKind.ACCESS, TODAY, w.change(who)
    ),
    Action.EXPORT_PERSON: ask_about,
    Action.ERASE_PERSON: lambda w, who: asked.erase("viewer", db=w.db, programme=None, actor=who, now=NOW),
    Action.DELETE_OLD_DATA: delete_old_data,
    Action.EXPORT_ADDRESSES: export_addresses,
    Action.READ_CONTRACTS: lambda w, who: parallel_runs.kept_variances("payroll", "2027-02", w.change(who)),
    Action.EXPLAIN_CONTRACTS: explain,
    Action.READ_STANDINGS: lambda w, who: assessments.look_at_people(w.change(who)),
    Action.READ_REPORT: lambda w, who: reports.sro_of_stored(None, db=w.db, today=TODAY, actor=who, now=NOW),
    Action.READ_CALENDAR: lambda w, who: calendar_feeds.feed_for("owner", db=w.db, programme=None, now=NOW, actor=who),
    Action.STORE_VERSION: store,
    Action.CHANGE_ROLES: lambda w, who: store(w, who, programme=FILE.replace("person: chief", "person: patron")),
    Action.PROPOSE_LESSON: propose,
    Action.ANSWER_LESSON: lambda w, who: pilot_records.answer_lesson("payroll", 1, "No", w.change(who), accepted=False),
    Action.REPEAT_PILOT: lambda w, who: pilot_records.repeat(SIDE_BY_SIDE, "1pp", "Not clean", w.change(who)),
    Action.REPORT_PROGRESS: say_progress,
    Action.IMPORT_SCORES: lambda w, who: import_scores(w, who, "r1", 20),
    Action.CORRECT_SCORES: lambda w, who: import_scores(w, who, "again", 18),
    Action.RECORD_TRAINING: import_training,
    Action.REPORT_CHECKPOINT: checkpoint,
    Action.NOTE_SPONSOR: lambda w, who: governance.note_act("Opened the training", TODAY, w.change(who)),
    Action.MEASURE_PILOT: lambda w, who: pilots.measure_criterion("payroll", "queries", "2", w.change(who)),
    Action.RECONCILE: lambda w, who: reconcile(w, who, OLD, "2027-03"),
    Action.RECORD_FILING: lambda w, who: filings.record_submission(FILED, w.change(who)),
    Action.RECORD_TEST: lambda w, who: pilot_records.test_case(
        "payroll", "starter", "A slip", w.change(who), passed=True
    ),
    Action.RAISE_ISSUE: raise_issue,
    Action.COMMENT: comment,
    Action.ADD_EVIDENCE: add_evidence,
    Action.UPDATE_ISSUE: update_issue,
    Action.GIVE_FEEDBACK: give_feedback,
    Action.PLAN_IMPROVEMENT: improve,
    Action.FINISH_IMPROVEMENT: lambda w, who: pilot_records.make_improvement("payroll", 1, "Written", w.change(who)),
    Action.ANNOUNCE: lambda w, who: announcements.announce([ANNOUNCED], w.change(who)),
    Action.ISSUE_REPORT: lambda w, who: issue_sro(None, db=w.db, today=TODAY, actor=who, now=NOW),
    Action.WITHDRAW_DECISION: lambda w, who: withdraw(w, who, "decision"),
    Action.WITHDRAW_CONFIRMATION: lambda w, who: withdraw(w, who, "pilot-entry", "confirmation"),
    Action.WITHDRAW_SIGNATURE: lambda w, who: withdraw(w, who, "pilot-entry", "signature"),
    Action.WITHDRAW_FACT: lambda w, who: withdraw(w, who, "pilot-entry", "feedback"),
    Action.SWITCH_MESSAGES: lambda w, who: message_switch.switch_messages(w.change(who), is_on=True),
    Action.READ_FACTS: lambda w, who: recorded.recorded_facts(None, db=w.db, on=TODAY, actor=who, now=NOW),
}
"""How a person does each action, on the world as it is stored."""
ANNOUNCED = Announcement(service="payroll", school="ash", day=date(2027, 9, 1), on=TODAY, how="letter")
FILED = Submission(service="payroll", scheme="S1", period="2027-02", system="old")
ELSEWHERE = {
    Action.APPROVE_WAIVER: "tests/rules/test_waivers.py: who may lift each rule",
    Action.READ_ANSWERS: "needs no name; below, that it is noted",
    Action.PREVIEW_MESSAGES: "needs no name",
    Action.READ_MESSAGES: "tests/web/pages/test_messages.py",
    Action.TEST_MESSAGES: "tests/web/pages/test_mail_settings.py",
    Action.APPROVE_BENEFITS: "tests/usecases/test_editing.py: only the approver, the SRO or the board",
    Action.CHANGE_ADDRESS: "tests/usecases/test_person_details.py: only the SRO, the board or an admin",
    Action.ANSWER_MESSAGE: "tests/web/test_answers.py: the link is the mandate",
    Action.CHOOSE_MESSAGES: "tests/web/test_answers.py: the link is the mandate",
    Action.SUBSCRIBE: "tests/usecases/test_calendar_feeds.py: the link is the mandate",
    Action.READ_PROGRAMME: "needs no name",
    Action.OPERATE: "needs no name",
    Action.READ_SCHOOL: "tests/web/pages: who sees which school",
    Action.READ_RECORD: "tests/web/pages: who sees the record",
    Action.ANSWER_OWN: "tests/web/pages/test_me.py",
    Action.CALCULATE: "tests/web/pages/test_calculations.py",
    Action.MAKE_TOKEN: "tests/web/pages/test_tokens.py",
    Action.SIGN_IN: "tests/web/pages: signing in",
    Action.INVITE: "tests/web/pages: who may invite",
    Action.SET_UP: "tests/web/pages/test_setup.py",
    Action.USE_FILES: "reads no stored programme",
}
LATER = {Action.REPORT_CHECKPOINT: "comes after a go-live that has not happened"}
"""The error that a person who may gets, where the world is not ready for the act."""
