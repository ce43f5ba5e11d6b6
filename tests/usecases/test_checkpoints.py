"""Checkpoints reported: what they find becomes work of supervisors and the sponsor. Days are of a calendar of 2027."""

from datetime import date, datetime
from pathlib import Path

import pytest

from changeflow.adkar.reinforcement import CheckpointResult, StickVerdict
from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.assembly.corrective_actions import Found
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.sponsorship import sponsorship
from changeflow.storage.database import session_scope
from changeflow.usecases import checkpoints
from changeflow.usecases.definitions import apply
from changeflow.usecases.governance import note_act
from changeflow.usecases.progress import report_progress
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON, last_day_of
from tests.builders import PATHWAY, PEOPLE, a_folder

LATER = "  checkpoint-later: {kind: checkpoint, per: wave, duration: 1d, after: checkpoint FS+20d}\n"
LIVE = date(2027, 1, 25)
FIRST = date(2027, 2, 8)
STAFF = PEOPLE + (
    "ash-head,Head,Headteacher,head@example.org,manager,ash,,lead\n"
    "ash-bursar,Bursar,Business Manager,bursar@example.org,manager,ash,,ash-head\n"
    "ash-one,One,Officer,one@example.org,team,ash,,ash-bursar\n"
    "ash-two,Two,Officer,two@example.org,team,ash,,ash-bursar\n"
)


def change(day: date, db: str) -> Change:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=LONDON)
    return Change(db=db, programme=None, actor="lead", now=now, on=day)


@pytest.fixture
def live(tmp_path: Path, sqlite: str) -> str:
    """Wave 1 went live on Monday 25 January."""
    folder = a_folder(tmp_path / "trust", pathway=PATHWAY + LATER, people=STAFF)
    apply(folder, db=sqlite, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
    report_progress([ReportedProgress("payroll/w1/go-live", LIVE, LIVE)], change(LIVE, sqlite))
    return sqlite


def report(db: str, on: date = FIRST, task: str = "payroll/w1/checkpoint", **found) -> Found:
    result = CheckpointResult(task=task, on=on, evidence="Tickets of January", **found)
    return checkpoints.report_checkpoint(result, change(on, db))


def loaded(db: str, on: date = FIRST) -> Stored:
    with session_scope(db) as session:
        return load(session, None, on=on)


class TestCorrections:
    @pytest.mark.slow
    def test_what_is_wrong_becomes_work_of_supervisors_and_the_sponsor(self, live: str):
        """At Ash the business manager leads two of those whom payroll reaches, the head one: the business manager it
        is. Beech has no one. The sponsor's part is the sponsor's."""
        found = report(live, use=0.6, sponsor_seen=False, said="The form is too long", did="It is halved")
        assert found.judgement.verdict is StickVerdict.AT_RISK
        programme = loaded(live).programme
        tasks = programme.roadmap.tasks
        assert tasks["payroll/ash/put-right-checkpoint"].owner == "ash-bursar"
        assert tasks["payroll/beech/put-right-checkpoint"].owner is None
        assert tasks["payroll/w1/be-seen-checkpoint"].owner == "chief"
        assert programme.is_done("payroll/w1/checkpoint")
        # Monday 8 February and three weeks are Monday 1 March.
        deadline = tasks["payroll/ash/put-right-checkpoint"].deadline
        assert deadline is not None
        assert last_day_of(deadline) == date(2027, 3, 1)
        waits = {k.predecessor for k in programme.roadmap.links if k.successor == "payroll/w1/checkpoint-later"}
        assert {"payroll/ash/put-right-checkpoint", "payroll/w1/be-seen-checkpoint"} <= waits

    @pytest.mark.slow
    def test_a_change_that_sticks_asks_for_nothing(self, live: str):
        found = report(live, use=0.9, experience=0.9, sponsor_seen=True, old_way_gone=True)
        assert found.judgement.verdict is StickVerdict.SUSTAINED
        assert not [t for t in loaded(live).programme.roadmap.tasks if "put-right" in t or "be-seen" in t]

    @pytest.mark.slow
    def test_the_second_report_of_a_checkpoint_counts(self, live: str):
        report(live, use=0.4)
        assert report(live, use=0.9, experience=0.9, sponsor_seen=True, old_way_gone=True).judgement.wrong == ()

    @pytest.mark.slow
    def test_a_later_fall_is_going_back(self, live: str):
        report(live, use=0.95, experience=0.9, sponsor_seen=True, old_way_gone=True)
        later = report(live, date(2027, 3, 10), "payroll/w1/checkpoint-later", use=0.82)
        assert later.judgement.verdict is StickVerdict.REVERTING
        assert later.judgement.reasons[0] == "82% use it (80% needed), down from 95%"

    @pytest.mark.slow
    def test_a_corrective_task_done_keeps_its_place(self, live: str):
        report(live, use=0.6)
        day = date(2027, 2, 12)
        report_progress([ReportedProgress("payroll/ash/put-right-checkpoint", day, day)], change(day, live))
        [line] = sponsorship(loaded(live, day).programme, today=day).stuck
        assert line.open == ("Payroll, Beech School: deal with the checkpoint's findings",)


class TestReport:
    @pytest.mark.slow
    def test_the_page_says_what_was_found_and_what_was_done(self, live: str):
        report(live, use=0.6, said="The form is too long", did="It is halved")
        part = sponsorship(loaded(live).programme, today=FIRST)
        [line] = part.stuck
        assert (line.verdict, line.said, line.did, line.evidence) == (
            "at risk", "The form is too long", "It is halved", "Tickets of January",
        )  # fmt: skip
        assert part.waiting == ()

    @pytest.mark.slow
    def test_a_wave_that_is_live_waits_for_its_checkpoint(self, live: str):
        assert sponsorship(loaded(live).programme, today=FIRST).waiting == ("Payroll, wave 1",)

    @pytest.mark.slow
    def test_a_checkpoint_that_is_done_without_a_result_is_named_with_its_day(self, live: str):
        report_progress([ReportedProgress("payroll/w1/checkpoint", FIRST, FIRST)], change(FIRST, live))
        [line] = sponsorship(loaded(live).programme, today=FIRST).waiting
        assert line == "Payroll, wave 1 (checkpoint done on 8 Feb 2027)"

    @pytest.mark.slow
    def test_a_kind_of_act_that_is_missing_is_said_and_an_act_of_a_lead_is_not_the_sponsors(self, live: str):
        """Forty school days after 1 February 2027 have passed on Monday 29 March (no holidays are in the files but
        Good Friday, 26 March): nine weeks, more than twice four."""
        for kind in ("seen", "coalition"):
            note_act("Something", date(2027, 2, 1), change(date(2027, 2, 1), live), kind=kind)
        note_act("Something else", date(2027, 4, 1), change(date(2027, 4, 1), live), kind="seen")
        note_act("A visit", date(2027, 4, 1), change(date(2027, 4, 1), live), kind="direct", who="lead")
        alerts = sponsorship(loaded(live, date(2027, 4, 8)).programme, today=date(2027, 4, 8)).alerts
        assert any("no record of the sponsor building support among other leaders in the last " in a for a in alerts)
        assert any("no record of the sponsor speaking to people directly in the last " in a for a in alerts)
        assert not any("showing visible support" in a for a in alerts)

    @pytest.mark.slow
    def test_a_group_that_is_touched_deeply_and_not_spoken_with_is_named(self, tmp_path: Path, sqlite: str):
        """From Monday 4 January to Friday 26 February are 39 school days after the first: seven weeks. Spoken with on
        15 February, nine days, the other group is left in peace, and so is one that is hardly touched."""
        people = STAFF.replace("one@example.org,team,ash,,", "one@example.org,team,ash,clerks;cooks;guards,")
        folder = a_folder(tmp_path / "trust", pathway=PATHWAY + LATER, people=people)
        (folder / "change.yaml").write_text(
            "impacts:\n"
            "  - {group: clerks, aspects: {role: 4}}\n"
            "  - {group: cooks, aspects: {role: 5}}\n"
            "  - {group: guards, aspects: {role: 3}}\n"
        )
        apply(folder, db=sqlite, actor="lead", now=datetime(2027, 1, 4, 9, tzinfo=LONDON))
        day = date(2027, 2, 15)
        report_progress([ReportedProgress("payroll/w1/go-live", LIVE, LIVE)], change(LIVE, sqlite))
        note_act("Met the cooks", day, change(day, sqlite), kind="direct", group="cooks")
        later = date(2027, 2, 26)
        alerts = sponsorship(loaded(sqlite, later).programme, today=later).alerts
        said = [a for a in alerts if "conversation" in a]
        assert said == [
            (
                "There is no record of a conversation with clerks in the last 7 school weeks "
                "(expected at least once every 6)."
            )
        ]


class TestRefusals:
    @pytest.mark.slow
    def test_before_the_go_live_there_is_nothing_to_check(self, live: str):
        with pytest.raises(InputError, match="a go-live that has not happened"):
            report(live, task="payroll/w2/checkpoint", use=0.9)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("found", "message"),
        [
            ({"use": 85}, "use must be a share from 0 to 1"),
            ({"experience": -0.1}, "experience must be a share"),
            ({}, "at least one"),
        ],
    )
    def test_numbers_that_cannot_be(self, live: str, found: dict, message: str):
        with pytest.raises(InputError, match=message):
            report(live, **found)
        assert loaded(live).programme.facts.checkpoints == ()

    @pytest.mark.slow
    def test_numbers_without_evidence(self, live: str):
        result = CheckpointResult(task="payroll/w1/checkpoint", on=FIRST, use=0.9)
        with pytest.raises(InputError, match="source of the numbers"):
            checkpoints.report_checkpoint(result, change(FIRST, live))

    @pytest.mark.slow
    def test_what_is_no_checkpoint_and_what_lies_ahead(self, live: str):
        with pytest.raises(UnknownThingError):
            report(live, task="payroll/w1/go-live", use=0.9)
        result = CheckpointResult(task="payroll/w1/checkpoint", on=date(2027, 2, 9), use=0.9, evidence="e")
        with pytest.raises(InputError, match="is in the future"):
            checkpoints.report_checkpoint(result, change(FIRST, live))
