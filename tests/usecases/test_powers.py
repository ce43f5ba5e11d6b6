"""Versions that change who may do what, or what protects people: they need the SRO or the board."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import NotAllowedError, UnknownThingError
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.version_changes import LONGER, POWERFUL, SMALLER
from changeflow.usecases import definitions
from changeflow.values.words import Role
from tests.builders import PROGRAMME, SERVICE, a_folder
from tests.quick import quick_first
from tests.usecases.signed import FILES, GATED, NOW, PEOPLE, SIGNED, a_pack, apply, entries

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
    "how long results are kept": {"privacy": a_pack(calculations_kept_months=7)},
    "how long uploaded ledgers are kept": {"privacy": a_pack(ledgers_kept_days=15)},
    "how long answered requests are kept": {"privacy": a_pack(requests_kept_months=73)},
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trust"


@pytest.fixture
def stored(sqlite: str, folder: Path) -> str:
    apply(folder, sqlite)
    return sqlite


class TestVersionsThatChangeRoles:
    @pytest.mark.usual(2)
    @pytest.mark.slow
    @pytest.mark.parametrize("what", quick_first(8, TAKEOVERS))
    def test_no_one_gives_themselves_a_role(self, stored: str, folder: Path, what: str):
        for actor in ("office", "lead"):
            with pytest.raises(NotAllowedError, match="cannot store a version that changes"):
                apply(folder, stored, actor, **TAKEOVERS[what])
        assert entries(stored, "roles") == []
        difference = definitions.difference(folder, db=stored)
        assert difference.powers
        assert apply(folder, stored, "chair", **TAKEOVERS[what]) == 2
        assert {actor for actor, _ in entries(stored, "roles")} == {"chair"}

    def test_every_role_that_lets_do_more_than_reading_is_watched(self):
        assert set(BY) == set(POWERFUL) - {Role.RECORDER, Role.RECIPIENT}, "these follow from what people did"
        assert set(BY.values()) <= set(TAKEOVERS)

    def test_every_number_of_the_privacy_rulepack_has_a_weaker_side(self):
        [pack] = [p for p in shipped_rulepacks().packs if p.rulepack == "privacy"]
        assert set(pack.entries) == set(SMALLER) | set(LONGER)

    @pytest.mark.slow
    def test_a_team_member_who_leaves_needs_no_decision(self, sqlite: str, folder: Path):
        staff = "p1,P1,Officer,p1@example.org,lead,ash,heads;programme-office,\n"
        apply(folder, sqlite, people=PEOPLE + staff)
        assert apply(folder, sqlite, "office") == 2
        assert entries(sqlite, "roles") == []
        with pytest.raises(NotAllowedError, match="who the change leads are, who is in the project team and the head"):
            apply(folder, sqlite, "office", people=PEOPLE + staff)

    @pytest.mark.slow
    def test_what_is_weakened_is_said_with_its_numbers(self, stored: str, folder: Path):
        said = "how many months scores are kept: 24 instead of 12"
        with pytest.raises(NotAllowedError, match=f"the smallest group that is shown: 6 instead of 10 and {said}"):
            apply(folder, stored, "office", privacy=a_pack(scores_kept_months=24, minimum_group=6))
        apply(folder, stored, "chief", privacy=a_pack(scores_kept_months=24, minimum_group=6))
        assert entries(stored, "roles") == [
            ("chief", "version:2:privacy:minimum_group=6"),
            ("chief", "version:2:privacy:scores_kept_months=24"),
        ]

    @pytest.mark.slow
    def test_the_audit_has_ids_alone(self, stored: str, folder: Path):
        apply(folder, stored, "chief", **TAKEOVERS["the lead provider"])
        assert ("chief", "version:2:lead provider:payroll") in entries(stored, "roles")
        assert "Director" not in str(entries(stored, "roles"))

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_a_new_wave_has_the_deciders_of_the_others(self, stored: str, folder: Path):
        waves = PROGRAMME.replace("[ash, beech]}", "[ash]}").replace(
            "tasks:\n", "  - {id: w3, name: wave 3, schools: [beech]}\ntasks:\n", 1
        )
        own = SIGNED + "tasks: {w3/go-no-go: {owner: office}}\n"
        with pytest.raises(NotAllowedError, match="who decides"):
            apply(folder, stored, "office", programme=waves, service=own)
        assert apply(folder, stored, "office", programme=waves) == 2

    @pytest.mark.slow
    def test_a_service_that_goes_and_comes_back_is_no_way_round(self, stored: str, folder: Path):
        assert apply(folder, stored, "office", estates=ESTATES) == 2, "a new service has new people"
        (folder / "services/estates.yaml").unlink()
        with pytest.raises(NotAllowedError, match="the service Estates, which is gone"):
            definitions.apply(folder, db=stored, actor="office", now=NOW)

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_explanations_of_pay_in_a_folder_need_who_may_explain(self, stored: str, folder: Path):
        explained = SIGNED + (
            "parallel_run: {explanations: [{element: net, between: [0, 60], reason: Award, explained_by: lead}]}\n"
        )
        with pytest.raises(NotAllowedError, match="cannot explain differences in pay of Payroll"):
            apply(folder, stored, "office", service=explained)
        assert entries(stored, "refused") == [("office", "explain-contracts")]
        assert apply(folder, stored, "lead", service=explained) == 2

    @pytest.mark.slow
    def test_apply_says_who_has_to_store_it(self, stored: str, folder: Path):
        a_folder(folder, **(FILES | TAKEOVERS["the admins"]))
        result = CliRunner().invoke(app, ["apply", str(folder), "--yes", "--db", stored, "--as", "office"])
        assert result.exit_code == 4
        assert "Only the SRO or the board may store this version, because it changes:\n  the admins\n" in result.stdout
