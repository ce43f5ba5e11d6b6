"""Who may do what where it is not one row of the table: the lock on the command line, versions that change roles,
folders without addresses, and looks that are noted."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import InputError, NotAllowedError, ProblemsError, UnknownThingError
from changeflow.intake.folder import read_folder
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.powers import POWERFUL
from changeflow.programme.privacy import LONGER, SMALLER
from changeflow.storage import audit, versions
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import apply as storing
from changeflow.usecases import assessments, calendars, facts, gates, governance, persons, piloting, previewing, report
from changeflow.usecases.export import Asked, export_folder
from changeflow.usecases.facts import Change
from changeflow.usecases.go_no_go import go_no_go_of
from changeflow.usecases.stored import load
from changeflow.usecases.withdrawing import recorded_facts, withdraw_fact
from changeflow.values.acting import Acting, Via, acting
from changeflow.values.finding import Waiver
from changeflow.values.roles import Role
from changeflow.values.words import Outcome
from tests.builders import PATHWAY, PROGRAMME, SERVICE, a_folder

NOW = datetime(2027, 1, 5, 17, tzinfo=UTC)
TODAY = date(2027, 1, 5)
PEOPLE = """\
id,name,role,email,audience,school,groups,manager
chief,Chief Executive,Chief Executive,chief@example.org,sponsor,,,
chair,Chair of Trustees,Chair of Trustees,chair@example.org,sponsor,,board,
lead,Director of People,Director of People,lead@example.org,lead,,,chief
office,Programme Manager,Programme Manager,office@example.org,team,,programme-office,chief
clerk,Payroll Clerk,Payroll Clerk,clerk@example.org,team,,clerks,lead
"""
GATED = PATHWAY + """\
  plan: {phase: plan, duration: 2d, owner: lead}
  plan-agreed: {gate: plan, phase: plan, after: plan, owner: lead}
  go-no-go: {gate: go_live, phase: deploy, per: wave, after: skills, owner: clerks}
"""  # fmt: skip
SIGNED = SERVICE + "go_no_go: {sign: [lead], confirm: [{id: desk, what: A desk is there}]}\n"
LOCKED = PROGRAMME + "policy: {decisions_on_command_line: false}\n"
FILES = {"people": PEOPLE, "pathway": GATED, "service": SIGNED}
GO = "payroll/w1/go-no-go"


def change(db: str, actor: str) -> Change:
    return Change(db=db, programme=None, actor=actor, now=NOW, on=TODAY)


def apply(folder: Path, db: str, actor: str = "chief", **changes: str) -> int:
    more = {"estates": "services/estates.yaml", "privacy": "rulepacks/privacy.yaml"}
    a_folder(folder, **(FILES | {k: v for k, v in changes.items() if k not in more}))
    for name in changes.keys() & more.keys():
        (folder / more[name]).parent.mkdir(exist_ok=True)
        (folder / more[name]).write_text(changes[name])
    return storing.apply(folder, db=db, actor=actor, now=NOW)


def a_pack(**values: int) -> str:
    entries = "".join(f'  {key}: {{value: {value}, grade: D, source: "ours"}}\n' for key, value in values.items())
    return f"rulepack: privacy\nin_force_from: 2020-01-01\nentries:\n{entries}"


def entries(db: str, action: str) -> list[tuple[str, str]]:
    with session_scope(db) as session:
        return [(e[2], e[4]) for e in audit.entries(session, "small") if e[3] == action]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trust"


@pytest.fixture
def stored(sqlite: str, folder: Path) -> str:
    apply(folder, sqlite)
    return sqlite


@pytest.fixture
def locked(sqlite: str, folder: Path) -> str:
    apply(folder, sqlite, programme=LOCKED)
    return sqlite


WAIVER = Waiver(rule="R02", reason="Agreed", owner="chief", approved_by=("chief",), expires=date(2027, 12, 31))
WAIVED = SIGNED + "waivers:\n  - {rule: R02, reason: Agreed, owner: chief, approved_by: chief, expires: 2027-12-31}\n"


def decided(**more: object) -> gates.Answer:
    answer = {"task": "payroll/plan-agreed", "outcome": Outcome.REJECT, "reason": "Not yet", "on": TODAY}
    return gates.Answer(**(answer | more))  # type: ignore[arg-type]


def take_back(db: str) -> None:
    with acting(Acting(via=Via.LIBRARY)):
        gates.decide(decided(again=True), change(db, "lead"))
    latest = [f for f in recorded_facts(None, db=db, on=TODAY, kind="decision") if f.withdrawn is None][-1]
    withdraw_fact(latest.id, "Wrong", change(db, "lead"))


DECISIONS = {
    "a gate": lambda db: gates.decide(decided(), change(db, "lead")),
    "a gate for another person": lambda db: gates.decide(decided(by="lead"), change(db, "office")),
    "a baseline": lambda db: facts.take_baseline("Agreed", change(db, "chief")),
    "a waiver": lambda db: facts.add_waiver(WAIVER, change(db, "chief")),
    "confidence": lambda db: governance.set_confidence("amber", "Late", None, change(db, "chief")),
    "a signature": lambda db: piloting.sign(GO, "", change(db, "lead"), agrees=True),
    "a withheld signature": lambda db: piloting.sign(GO, "No desk", change(db, "lead"), agrees=False),
    "taking a decision back": lambda db: take_back(db),
    "a confirmation": lambda db: piloting.confirm(GO, "desk", "A rota", None, change(db, "lead")),
}


class TestLock:
    @pytest.mark.parametrize("what", DECISIONS)
    def test_decisions_are_refused_on_the_command_line_alone(self, locked: str, what: str):
        with acting(Acting(via=Via.COMMAND)), pytest.raises(NotAllowedError, match="does not take decisions there"):
            DECISIONS[what](locked)
        with acting(Acting(via=Via.SESSION)):
            DECISIONS[what](locked)

    @pytest.mark.parametrize("what", DECISIONS)
    def test_they_are_taken_there_by_default(self, stored: str, what: str):
        with acting(Acting(via=Via.COMMAND)):
            DECISIONS[what](stored)

    def test_decisions_of_minutes_are_refused_as_well(self, locked: str, tmp_path: Path):
        minutes = tmp_path / "minutes.csv"
        minutes.write_text("task,outcome,by,on,reason\npayroll/plan-agreed,reject,lead,2027-01-05,Not yet\n")
        progress = tmp_path / "progress.csv"
        progress.write_text("task,started\npayroll/plan,2027-01-04\n")
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(ProblemsError, match="does not take decisions there"):
                gates.import_decisions(minutes, change(locked, "lead"))
            with pytest.raises(ProblemsError, match="does not take decisions there"):
                gates.import_history(progress, minutes, change(locked, "lead"))
            with session_scope(locked) as session:
                known = load(session, None, on=TODAY).programme.facts
            assert (known.decisions, dict(known.progress)) == ((), {})
            assert facts.import_progress(progress, change(locked, "lead")) == 1, "progress is no decision"

    def test_a_waiver_in_a_folder_is_refused_like_one_on_the_command_line(self, locked: str, folder: Path):
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(NotAllowedError, match="may not record a waiver here"):
                apply(folder, locked, programme=LOCKED, service=WAIVED)
            assert apply(folder, locked, programme=LOCKED.replace("A small programme", "Renamed")) == 2

    def test_a_new_programme_with_the_lock_takes_no_waivers_there(self, sqlite: str, folder: Path):
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(NotAllowedError, match="may not record a waiver here"):
                apply(folder, sqlite, programme=LOCKED, service=WAIVED)
            assert apply(folder, sqlite, service=WAIVED) == 1
            assert apply(folder, sqlite, programme=LOCKED, service=WAIVED) == 2, "those that are known stay"

    @pytest.mark.parametrize("actor", ["lead", "office"])
    def test_only_the_sro_or_the_board_unlocks_and_the_audit_shows_it(self, locked: str, folder: Path, actor: str):
        with acting(Acting(via=Via.COMMAND)):
            with pytest.raises(NotAllowedError, match="whether decisions may be made on the command line") as caught:
                apply(folder, locked, actor)
            assert "The SRO (Chief Executive) or the board (Chair of Trustees) may." in str(caught.value)
            assert apply(folder, locked, "chair") == 2
        assert entries(locked, "roles") == [("chair", "version:2:policy:decisions_on_command_line=true")]

    def test_the_lock_and_a_waiver_are_not_lifted_together(self, locked: str, folder: Path):
        with acting(Acting(via=Via.COMMAND)), pytest.raises(NotAllowedError, match="may not record a waiver here"):
            apply(folder, locked, "chief", service=WAIVED)


ESTATES = (
    SERVICE.replace("payroll", "estates").replace("Payroll", "Estates").replace("person: lead", "person: office", 1)
)
TAKEOVERS = {
    "the SRO": {"programme": PROGRAMME.replace("person: chief", "person: lead")},
    "the board, by a group": {"people": PEOPLE.replace("team,,clerks", "team,,clerks;board")},
    "the board, by name": {"programme": PROGRAMME + "mandates: {board: [lead]}\n"},
    "the finance mandate": {"programme": PROGRAMME + "mandates: {finance: [lead]}\n"},
    "the finance mandate, by class": {"service": SIGNED + "class: finance\n"},
    "the data protection contact": {
        "programme": PROGRAMME.replace("data_protection_contact: chief", "data_protection_contact: office")
    },
    "the admins": {"programme": PROGRAMME + "admins: [office]\n"},
    "the lead provider": {"service": SIGNED.replace("lead_provider: {person: lead", "lead_provider: {person: office")},
    "the service manager": {"service": SIGNED + "service_manager: office\n"},
    "who signs": {"service": SIGNED.replace("sign: [lead]", "sign: [office]")},
    "who no longer signs": {"service": SIGNED.replace("sign: [lead]", "sign: []")},
    "who decides a gate": {"pathway": GATED.replace("after: plan, owner: lead", "after: plan, owner: office")},
    "who decides a gate of one wave": {"service": SIGNED + "tasks: {w2/go-no-go: {owner: office}}\n"},
    "who decides a gate, by a group": {"people": PEOPLE + "a-clerk,A Clerk,Clerk,a@example.org,team,,clerks,\n"},
    "a gate that is gone": {"service": SIGNED + "tasks: {plan-agreed: {drop: true}}\n"},
    "a gate that decides nothing": {"pathway": GATED.replace("gate: plan, ", "")},
    "who takes over a gate": {"people": PEOPLE.replace("manager\n", "manager,leaves,successor\n", 1).replace(
        "lead,,,chief\n", "lead,,,chief,2027-01-31,office\n")},
    "the project team, by a group": {"people": PEOPLE.replace("team,,clerks", "team,,clerks;programme-office")},
    "the project team, by a person who is new": {"people": PEOPLE + "x,X,X,x@example.org,team,,programme-office,\n"},
    "the project team, by a team": {"service": SIGNED.replace("members: [{person: lead", "members: [{person: clerk")},
    "the project team, by a service that is new": {"estates": ESTATES.replace("manager: lead", "manager: clerk")},
    "who leaves the project team and stays": {"people": PEOPLE.replace("programme-office", "")},
    "the change leads": {"people": PEOPLE.replace("team,,clerks", "lead,,clerks")},
    "the sponsors": {"people": PEOPLE.replace("team,,clerks", "sponsor,,clerks")},
    "the head of a school": {"people": PEOPLE.replace("team,,clerks", "team,ash,clerks;heads")},
    "the head of a school, by a move": {"people": PEOPLE.replace("manager\n", "manager,moves\n", 1).replace(
        "lead,,,chief\n", "lead,beech,heads,chief,2027-02-01=ash\n")},
    "the smallest group": {"programme": PROGRAMME + "policy: {minimum_group: 6}\n"},
    "the smallest group, by a rulepack": {"privacy": a_pack(minimum_group=6)},
    "how long scores are kept": {"privacy": a_pack(scores_kept_months=24)},
    "how long answers are kept": {"privacy": a_pack(answers_kept_months=13)},
    "how long links are kept": {"privacy": a_pack(links_kept_days=31)},
    "how long contracts are kept": {"privacy": a_pack(contracts_kept_months=13)},
    "how soon people get what is kept about them": {"privacy": a_pack(access_months=2)},
    "the closure, after which scores go": {"programme": PROGRAMME.replace("{kind: closure, ", "{")},
    "how long scores are kept, from a later day on": {
        "privacy": a_pack(scores_kept_months=24).replace("2020-01-01", "2030-01-01")
    },
}  # fmt: skip
BY = {"head": "the head of a school", "change lead": "the change leads", "project team": "the project team, by a group",
      "service manager": "the service manager", "lead provider": "the lead provider", "SRO": "the SRO",
      "sponsor": "the sponsors", "board": "the board, by name", "finance": "the finance mandate",
      "data protection contact": "the data protection contact", "admin": "the admins", "owner": "who decides a gate",
      "signatory": "who signs"}  # fmt: skip
"""By role, the version above that changes who is in it."""


class TestVersionsThatChangeRoles:
    @pytest.mark.parametrize("what", TAKEOVERS)
    def test_no_one_gives_themselves_a_role(self, stored: str, folder: Path, what: str):
        for actor in ("office", "lead"):
            with pytest.raises(NotAllowedError, match="may not store a version that changes"):
                apply(folder, stored, actor, **TAKEOVERS[what])
        assert entries(stored, "roles") == []
        difference = storing.difference(folder, db=stored)
        assert difference.powers
        assert apply(folder, stored, "chair", **TAKEOVERS[what]) == 2
        assert {actor for actor, _ in entries(stored, "roles")} == {"chair"}

    def test_every_role_that_lets_do_more_than_reading_is_watched(self):
        assert set(BY) == set(POWERFUL) - {Role.RECORDER, Role.RECIPIENT}, "these follow from what people did"
        assert set(BY.values()) <= set(TAKEOVERS)

    def test_every_number_of_the_privacy_rulepack_has_a_weaker_side(self):
        [pack] = [p for p in shipped_rulepacks().packs if p.rulepack == "privacy"]
        assert set(pack.entries) == set(SMALLER) | set(LONGER)

    def test_a_team_member_who_leaves_needs_no_decision(self, sqlite: str, folder: Path):
        staff = "p1,P1,Officer,p1@example.org,lead,ash,heads;programme-office,\n"
        apply(folder, sqlite, people=PEOPLE + staff)
        assert apply(folder, sqlite, "office") == 2
        assert entries(sqlite, "roles") == []
        with pytest.raises(NotAllowedError, match="who the change leads are, who is in the project team and the head"):
            apply(folder, sqlite, "office", people=PEOPLE + staff)

    def test_what_is_weakened_is_said_with_its_numbers(self, stored: str, folder: Path):
        said = "for how many months scores are kept: 24 instead of 12"
        with pytest.raises(NotAllowedError, match=f"the smallest group that is shown: 6 instead of 10 and {said}"):
            apply(folder, stored, "office", privacy=a_pack(scores_kept_months=24, minimum_group=6))
        apply(folder, stored, "chief", privacy=a_pack(scores_kept_months=24, minimum_group=6))
        assert entries(stored, "roles") == [
            ("chief", "version:2:privacy:minimum_group=6"),
            ("chief", "version:2:privacy:scores_kept_months=24"),
        ]

    def test_the_audit_has_ids_alone(self, stored: str, folder: Path):
        apply(folder, stored, "chief", **TAKEOVERS["the lead provider"])
        assert ("chief", "version:2:lead provider:payroll") in entries(stored, "roles")
        assert "Director" not in str(entries(stored, "roles"))

    @pytest.mark.parametrize(
        "changes",
        [
            {"service": SIGNED + "tasks: {requirements: {duration: 15d}}\n"},
            {"people": PEOPLE + "new,New,Teacher,new@example.org,team,ash,,lead\n"},
            {"people": PEOPLE.replace("clerk,Payroll Clerk,Payroll Clerk", "clerk,Payroll Clerk,Payroll Officer")},
            {"estates": ESTATES},
            {"privacy": a_pack(minimum_group=20, scores_kept_months=6, links_kept_days=7)},
            {"programme": PROGRAMME + "policy: {minimum_group: 12}\n"},
            {"programme": PROGRAMME.replace("[cedar]}", "[cedar]}").replace("[ash, beech]}", "[ash]}").replace(
                "name: wave 2, schools: [cedar]", "name: wave 2, schools: [beech, cedar]")},
        ],
    )  # fmt: skip
    def test_the_project_team_goes_on_planning(self, stored: str, folder: Path, changes: dict[str, str]):
        assert apply(folder, stored, "office", **changes) == 2
        assert entries(stored, "roles") == []

    def test_a_new_wave_has_the_deciders_of_the_others(self, stored: str, folder: Path):
        waves = PROGRAMME.replace("[ash, beech]}", "[ash]}").replace(
            "tasks:\n", "  - {id: w3, name: wave 3, schools: [beech]}\ntasks:\n", 1
        )
        own = SIGNED + "tasks: {w3/go-no-go: {owner: office}}\n"
        with pytest.raises(NotAllowedError, match="who decides"):
            apply(folder, stored, "office", programme=waves, service=own)
        assert apply(folder, stored, "office", programme=waves) == 2

    def test_a_service_that_goes_and_comes_back_is_no_way_round(self, stored: str, folder: Path):
        assert apply(folder, stored, "office", estates=ESTATES) == 2, "a new service has new people"
        (folder / "services/estates.yaml").unlink()
        with pytest.raises(NotAllowedError, match="the service Estates, which is gone"):
            storing.apply(folder, db=stored, actor="office", now=NOW)

    def test_where_neither_is_named_who_stores_may_name_them(self, sqlite: str, folder: Path):
        nobody = PROGRAMME.replace("sponsor: {person: chief, since: 2026-09-01}\n", "")
        people = PEOPLE.replace(",,board,", ",,,")
        apply(folder, sqlite, "office", programme=nobody, people=people)
        assert apply(folder, sqlite, "office", people=people) == 2
        with pytest.raises(NotAllowedError):
            apply(folder, sqlite, "office", programme=nobody, people=people)

    def test_who_is_not_in_the_stored_version_lets_nobody_in(self, stored: str, folder: Path):
        people = PEOPLE + "new,New,Director,new@example.org,lead,,,\n"
        with pytest.raises(UnknownThingError, match="There is no person 'new'"):
            apply(folder, stored, "new", people=people)

    def test_explanations_of_pay_in_a_folder_need_who_may_explain(self, stored: str, folder: Path):
        explained = SIGNED + (
            "parallel_run: {explanations: [{element: net, between: [0, 60], reason: Award, explained_by: lead}]}\n"
        )
        with pytest.raises(NotAllowedError, match="may not explain differences in pay of Payroll"):
            apply(folder, stored, "office", service=explained)
        assert entries(stored, "refused") == [("office", "explain-contracts")]
        assert apply(folder, stored, "lead", service=explained) == 2

    def test_apply_says_who_has_to_store_it(self, stored: str, folder: Path):
        a_folder(folder, **(FILES | TAKEOVERS["the admins"]))
        result = CliRunner().invoke(app, ["apply", str(folder), "--yes", "--db", stored, "--as", "office"])
        assert result.exit_code == 4
        assert "The SRO or the board has to store this version, because it changes:\n  the admins\n" in result.stdout


class TestAddresses:
    def contacts(self, db: str) -> object:
        with session_scope(db) as session:
            return versions.contacts(session, "small")

    def exported(self, db: str, out: Path, actor: str | None = None) -> Path:
        asked = Asked(actor=actor, now=NOW, addresses=True) if actor else None
        export_folder(out, db=db, programme=None, on=TODAY, asked=asked)
        return out

    def test_a_folder_has_none_and_applying_it_changes_nothing(self, sqlite: str, folder: Path, tmp_path: Path):
        away = PEOPLE.replace("manager\n", "manager,away,language\n", 1).replace(
            "lead,,,chief\n", "lead,,,chief,2027-02-01..2027-02-05,cy\n"
        ).replace("clerk,Payroll Clerk,", "clerk,Sam,")  # fmt: skip
        apply(folder, sqlite, people=away)
        before = self.contacts(sqlite)
        out = self.exported(sqlite, tmp_path / "out")
        for secret in ("@example.org", "Sam", "2027-02-05", "cy"):
            assert secret not in (out / "people.csv").read_text()
        assert "lead@" not in "".join(p.read_text() for p in out.rglob("*") if p.is_file())
        assert storing.apply(out, db=sqlite, actor="office", now=NOW) == 1
        assert self.contacts(sqlite) == before
        assert entries(sqlite, "export") == []

    def test_with_them_it_is_as_it_was_and_noted(self, stored: str, tmp_path: Path):
        before = self.contacts(stored)
        out = self.exported(stored, tmp_path / "out", "office")
        assert "lead@example.org" in (out / "people.csv").read_text()
        assert storing.apply(out, db=stored, actor="office", now=NOW) == 1
        assert self.contacts(stored) == before
        assert entries(stored, "export") == [("office", "version:1:addresses")]

    def test_who_may_not_have_them_gets_no_folder(self, stored: str, tmp_path: Path):
        with pytest.raises(NotAllowedError, match="may not export names and addresses"):
            self.exported(stored, tmp_path / "out", "clerk")
        assert not (tmp_path / "out").exists()
        assert entries(stored, "refused") == [("clerk", "export-addresses")]

    def test_a_changed_plan_keeps_the_addresses_too(self, stored: str, tmp_path: Path):
        before = self.contacts(stored)
        out = self.exported(stored, tmp_path / "out")
        path = out / "programme.yaml"
        path.write_text(path.read_text().replace("A small programme", "A programme"))
        assert storing.apply(out, db=stored, actor="office", now=NOW) == 2
        assert self.contacts(stored) == before

    def test_a_blank_cell_among_addresses_removes_one(self, stored: str, folder: Path):
        apply(folder, stored, people=PEOPLE.replace("clerk@example.org", ""))
        assert {p for p, c in self.contacts(stored).items() if c.email is None} == {"clerk"}  # type: ignore[attr-defined]

    def test_a_column_of_blank_addresses_removes_none(self, stored: str, folder: Path):
        people = "\n".join(
            ",".join("" if n == 3 and i else cell for n, cell in enumerate(line.split(",")))
            for i, line in enumerate(PEOPLE.splitlines())
        )
        before = self.contacts(stored)
        apply(folder, stored, people=people + "\n")
        assert self.contacts(stored) == before

    def test_a_person_who_is_new_has_no_address_and_a_name_follows_the_role(self, stored: str, folder: Path):
        without = "id,role,audience,groups\n" + "".join(
            ",".join([cells[0], cells[2], cells[4], cells[6]]) + "\n"
            for cells in (line.split(",") for line in PEOPLE.splitlines()[1:])
        )
        people = without.replace("Payroll Clerk", "Payroll Officer") + "new,Teacher,team,\n"
        apply(folder, stored, people=people)
        found = self.contacts(stored)
        assert (found["new"].name, found["new"].email) == ("Teacher", None)  # type: ignore[index]
        assert (found["clerk"].name, found["clerk"].email) == ("Payroll Officer", "clerk@example.org")  # type: ignore[index]
        assert (found["lead"].name, found["lead"].email) == ("Director of People", "lead@example.org")  # type: ignore[index]

    def test_only_a_folder_has_addresses(self, folder: Path, tmp_path: Path):
        a_folder(folder, **FILES)
        args = ["export", "xlsx", str(tmp_path / "x.xlsx"), "--from", str(folder), "--with-addresses"]
        result = CliRunner().invoke(app, args)
        assert result.exit_code == 4
        assert "--with-addresses would have no effect: only a folder has addresses and explanations" in result.stderr


class TestLooks:
    @pytest.fixture
    def asked(self, sqlite: str, folder: Path, tmp_path: Path) -> str:
        staff = "".join(f"p{n},Officer,Officer,p{n}@example.org,team,ash,officers,lead\n" for n in range(14))
        apply(folder, sqlite, people=PEOPLE + staff)
        scores = tmp_path / "r1.csv"
        scores.write_text("person,on,awareness\n" + "".join(f"p{n},2027-01-05,4\n" for n in range(14)))
        assessments.import_assessments(scores, change(sqlite, "lead"))
        return sqlite

    def test_a_report_is_read_without_a_name_and_noted_where_it_says_where_people_are(self, asked: str):
        report.sro_of_stored(None, db=asked, today=TODAY, now=NOW)
        go_no_go_of(GO, db=asked, programme=None, today=TODAY, now=NOW)
        go_no_go_of(GO, db=asked, programme=None, today=TODAY, now=NOW, actor="chief")
        assert entries(asked, "look") == [
            ("unnamed", "report:2027-01-05"),
            ("unnamed", f"go-no-go:{GO}"),
            ("chief", f"go-no-go:{GO}"),
        ]

    def test_one_without_people_is_not_noted(self, stored: str):
        report.sro_of_stored(None, db=stored, today=TODAY, now=NOW)
        go_no_go_of(GO, db=stored, programme=None, today=TODAY, now=NOW)
        assert entries(stored, "look") == []

    def test_the_command_notes_it_as_well(self, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("CHANGEFLOW_AS", raising=False)
        args = ["report", "sro", "--db", asked, "--at", "2027-01-05", "--out", str(tmp_path / "r.json")]
        result = CliRunner().invoke(app, args)
        assert result.exit_code == 0, result.output
        assert entries(asked, "look") == [("unnamed", "report:2027-01-05")]

    def test_recorded_facts_are_noted_where_there_are_any(self, stored: str):
        assert recorded_facts(None, db=stored, on=TODAY, now=NOW) == []
        facts.finish_task("payroll/plan", TODAY, date(2027, 1, 4), change(stored, "lead"))
        recorded_facts(None, db=stored, on=TODAY, kind="progress", now=NOW)
        assert entries(stored, "look") == [("unnamed", "facts:progress")]

    def test_a_persons_dates_and_answers_are_noted(self, stored: str):
        calendars.feed_for("lead", db=stored, programme=None, now=NOW)
        assert list(previewing.answered(db=stored, programme=None, now=NOW)) == [], "nothing to note"
        assert entries(stored, "look") == [("unnamed", "calendar:lead")]


def test_what_may_be_asked_of_a_person_needs_a_name_that_is_known(stored: str):
    ask = {"db": stored, "programme": None, "now": NOW}
    with pytest.raises(UnknownThingError):
        persons.everything_about("clerk", TODAY, actor="nobody", **ask)
    with pytest.raises(NotAllowedError) as caught:
        persons.erase("clerk", actor="lead", **ask)
    assert str(caught.value) == (
        "The Director of People may not erase what is kept about a person. The data protection contact (Chief "
        "Executive) may."
    )
    assert entries(stored, "refused") == [("lead", "erase-person")]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"programme": PROGRAMME.replace("contact: chief", "contact: cheif")}, "programme.yaml:8:"),
        ({"programme": PROGRAMME + "admins: [chief, cheif]\n"}, "programme.yaml:16:"),
        ({"service": SIGNED + "service_manager: cheif\n"}, "services/payroll.yaml:"),
    ],
)
def test_who_is_named_must_be_in_the_list_of_people(folder: Path, files: dict[str, str], place: str):
    with pytest.raises(ProblemsError, match=r"There is no person 'cheif'. Did you mean 'chief'\?") as caught:
        read_folder(a_folder(folder, **(FILES | files)))
    assert place in str(caught.value)


def test_the_list_of_roles_names_who_is_in_each(folder: Path):
    a_folder(folder, **FILES)
    said = CliRunner().invoke(app, ["roles", str(folder)]).stdout
    assert "SRO:                     Chief Executive (chief)" in said
    assert "Signatories:           Director of People (lead)" in said
    assert "Admin:                   no one is named" in said
    assert "Take a baseline: SRO, board" in CliRunner().invoke(app, ["roles"]).stdout
    assert CliRunner().invoke(app, ["roles", str(folder), "--format", "markdown"]).exit_code == InputError.exit_code


@pytest.mark.slow
def test_a_refusal_is_noted_on_postgresql_too(db: str, folder: Path):
    apply(folder, db)
    with pytest.raises(NotAllowedError):
        persons.erase("clerk", db=db, programme=None, actor="lead", now=NOW)
    assert entries(db, "refused") == [("lead", "erase-person")]
    engine_for(db).dispose()
