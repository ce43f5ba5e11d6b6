"""The table of permissions, without a database: every cell, with the most important ones written by hand."""

from datetime import date

import pytest

from changeflow.adkar.people import Person
from changeflow.intake.folder import Folder
from changeflow.programme.definition import Definition, Mandates, Sponsor
from changeflow.programme.mandates import HOW_NAMED, SYSTEM, Subject, in_role
from changeflow.programme.permission_table import TABLE
from changeflow.programme.permissions import Allowed, Refused, is_allowed, may
from changeflow.rules.catalogue import RULES
from changeflow.services.service import LeadProvider, Member, Team
from changeflow.values.words import Action, Mandate, Role

PEOPLE = (
    Person(id="viewer", role="Viewer"),
    Person(id="head", role="Head", groups=("heads",), school="oakfield"),
    Person(id="other-head", role="Other Head", groups=("heads",), school="ashdown"),
    Person(id="lead", role="Change Lead", audience="lead"),
    Person(id="member", role="Team Member"),
    Person(id="office", role="Programme Office", groups=("programme-office",)),
    Person(id="manager", role="Payroll Manager"),
    Person(id="other-manager", role="Estates Manager"),
    Person(id="provider", role="Director of People"),
    Person(id="other-provider", role="Director of Estates"),
    Person(id="sro", role="Chief Executive"),
    Person(id="sponsor", role="Patron", audience="sponsor"),
    Person(id="chair", role="Chair of Trustees", groups=("board",)),
    Person(id="accountant", role="Accountant"),
    Person(id="officer", role="Data Protection Officer"),
    Person(id="admin", role="Administrator"),
    Person(id="owner", role="Owner"),
    Person(id="signatory", role="Signatory"),
    Person(id="recorder", role="Recorder"),
    Person(id="recipient", role="Recipient"),
    Person(id="gone", role="Former Chief Executive", leaves=date(2027, 1, 31)),
)
ABOUT = Subject(
    thing="“The thing”",
    service="payroll",
    schools=frozenset({"oakfield"}),
    owners=frozenset({"owner"}),
    signatories=frozenset({"signatory"}),
    recorder="recorder",
    recipient="recipient",
)
HOLDER = {
    Role.VIEWER: "viewer",
    Role.HEAD: "head",
    Role.CHANGE_LEAD: "lead",
    Role.PROJECT_TEAM: "member",
    Role.SERVICE_MANAGER: "manager",
    Role.LEAD_PROVIDER: "provider",
    Role.SRO: "sro",
    Role.SPONSOR: "sponsor",
    Role.BOARD: "chair",
    Role.FINANCE: "accountant",
    Role.DATA_PROTECTION: "officer",
    Role.ADMIN: "admin",
    Role.OWNER: "owner",
    Role.SIGNATORY: "signatory",
    Role.RECORDER: "recorder",
    Role.RECIPIENT: "recipient",
    Role.SYSTEM: SYSTEM,
}
"""A person with one role, who is also a viewer."""
ONLY = {
    Action.TAKE_BASELINE: {"sro", "chair"},
    Action.DECIDE_GATE: {"owner", "sro"},
    Action.SET_CONFIDENCE: {"sro"},
    Action.SIGN: {"signatory"},
    Action.WITHDRAW_DECISION: {"owner", "sro"},
    Action.WITHDRAW_CONFIRMATION: {"recorder", "sro"},
    Action.WITHDRAW_SIGNATURE: {"recorder"},
    Action.WITHDRAW_FACT: {"recorder", "sro"},
    Action.EXPORT_PERSON: {"officer", "admin"},
    Action.ERASE_PERSON: {"officer", "admin"},
    Action.EXPORT_ADDRESSES: {"officer", "admin", "member", "office"},
    Action.IMPORT_SCORES: {"member", "office", "lead", "sro"},
    Action.CORRECT_SCORES: {"member", "office", "officer"},
    Action.READ_CONTRACTS: {"manager", "provider"},
    Action.EXPLAIN_CONTRACTS: {"manager", "provider"},
    Action.CHANGE_ROLES: {"sro", "chair"},
    Action.CHANGE_ADDRESS: {"sro", "chair", "admin"},
    Action.APPROVE_BENEFITS: {"owner", "sro", "chair"},
    Action.ANSWER_MESSAGE: {"recipient"},
    Action.CHOOSE_MESSAGES: {"recipient"},
    Action.SUBSCRIBE: {"recipient"},
}
"""The only people above who may, written by hand, not read from the table."""


@pytest.fixture(scope="module")
def definition(sample: Folder) -> Definition:
    payroll, estates = (
        next(s for s in sample.definition.services if s.service == name) for name in ("payroll", "estates")
    )
    team = Team(manager="member", members=(Member(person="member", days_per_week=1),))
    services = (
        payroll.model_copy(update={
            "team": team, "service_manager": "manager",
            "lead_provider": LeadProvider(person="provider", days_per_week=1),
        }),
        estates.model_copy(update={
            "team": None, "service_manager": "other-manager",
            "lead_provider": LeadProvider(person="other-provider", days_per_week=1),
        }),
    )  # fmt: skip
    programme = sample.definition.programme.model_copy(
        update={
            "sponsor": Sponsor(person="sro", since=date(2026, 9, 1)),
            "mandates": Mandates(finance=("accountant",)),
            "data_protection_contact": "officer",
            "admins": ("admin",),
        }
    )
    return sample.definition.model_copy(update={"people": PEOPLE, "services": services, "programme": programme})


def test_every_action_and_every_role_is_in_the_table():
    assert set(TABLE) == set(Action)
    assert set(HOW_NAMED) == set(Role)
    assert all(entry.roles for entry in TABLE.values())
    assert {role for entry in TABLE.values() for role in entry.roles} == set(Role)


@pytest.mark.slow
def test_each_holder_is_in_one_role(definition: Definition):
    for role, person in HOLDER.items():
        roles = {r for r in Role if person in in_role(definition, r, ABOUT)}
        assert roles - {Role.VIEWER} == {role} - {Role.VIEWER}, person


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", HOLDER)
def test_a_refusal_says_who_may(definition: Definition, action: Action, role: Role):
    person = HOLDER[role]
    verdict = may(definition, person, action, ABOUT)
    if is_allowed(action, role):
        assert isinstance(verdict, Allowed)
        return
    assert isinstance(verdict, Refused)
    title = definition.role_of(person)
    place = {"Head": " at Oakfield School"}.get(title or "", "")
    may_not = f"The {title}{place} cannot " if title else "'system' cannot "
    assert verdict.message.startswith(f"{may_not}{TABLE[action].what(ABOUT)}. ")
    assert verdict.message.endswith((" can do this.", "without a name."))
    who_may = {p for r in TABLE[action].roles for p in in_role(definition, r, ABOUT)}
    assert person not in who_may
    assert all(isinstance(may(definition, other, action, ABOUT), Allowed) for other in who_may)


@pytest.mark.parametrize("action", ONLY)
def test_reserved_actions_are_refused_to_everyone_else(definition: Definition, action: Action):
    allowed = {p.id for p in PEOPLE if isinstance(may(definition, p.id, action, ABOUT), Allowed)}
    assert allowed == ONLY[action]
    assert isinstance(may(definition, SYSTEM, action, ABOUT), Refused)


def test_a_refusal_names_roles_and_titles(definition: Definition):
    def said(person: str, action: Action) -> str:
        verdict = may(definition, person, action, ABOUT)
        assert isinstance(verdict, Refused)
        return verdict.message

    assert said("accountant", Action.TAKE_BASELINE) == (
        "The Accountant cannot take a baseline. Only the SRO (Chief Executive) or the board (Chair of Trustees) can "
        "do this."
    )
    assert said("viewer", Action.IMPORT_SCORES) == (
        "The Viewer cannot import a round of assessments. Only the project team, a change lead or the SRO (Chief "
        "Executive) can do this."
    )
    assert said("admin", Action.DECIDE_GATE) == (
        "The Administrator cannot decide “The thing”. Only the owner (Owner) or the SRO (Chief Executive) can do this."
    )


def test_a_refusal_without_a_holder_says_how_to_name_one(definition: Definition):
    unnamed = definition.model_copy(
        update={"programme": definition.programme.model_copy(update={"data_protection_contact": None, "admins": ()})}
    )
    verdict = may(unnamed, "sro", Action.ERASE_PERSON)
    assert isinstance(verdict, Refused)
    assert verdict.message == (
        "The Chief Executive cannot erase a person's data. No one can do this yet: name the data "
        "protection contact (`data_protection_contact:` in programme.yaml) or an admin (`admins:` in programme.yaml)."
    )


@pytest.mark.slow
def test_a_person_who_has_left_holds_no_role(definition: Definition):
    sponsor = Sponsor(person="gone", since=date(2026, 9, 1))
    left = definition.model_copy(update={"programme": definition.programme.model_copy(update={"sponsor": sponsor})})
    assert isinstance(may(left, "gone", Action.TAKE_BASELINE, on=date(2027, 1, 31)), Allowed)
    verdict = may(left, "gone", Action.TAKE_BASELINE, on=date(2027, 2, 1))
    assert isinstance(verdict, Refused)
    assert "left on 31 Jan 2027 and cannot take a baseline." in verdict.message


def test_a_person_who_has_not_joined_yet_holds_no_role(definition: Definition):
    people = tuple(p.model_copy(update={"joins": date(2027, 3, 1)}) if p.id == "chair" else p for p in PEOPLE)
    joining = definition.model_copy(update={"people": people})
    verdict = may(joining, "chair", Action.TAKE_BASELINE, on=date(2027, 2, 28))
    assert isinstance(verdict, Refused)
    assert verdict.message.startswith("The Chair of Trustees joins on 1 Mar 2027 and cannot take a baseline.")
    assert isinstance(may(joining, "chair", Action.TAKE_BASELINE, on=date(2027, 3, 1)), Allowed)


def test_a_head_acts_only_for_their_own_school(definition: Definition):
    def allowed(person: str, *schools: str) -> bool:
        about = Subject(schools=frozenset(schools))
        return isinstance(may(definition, person, Action.REPORT_PROGRESS, about), Allowed)

    assert allowed("head", "oakfield")
    assert not allowed("other-head", "oakfield")
    assert not allowed("head", "oakfield", "ashdown")
    assert not allowed("head")


def test_without_a_list_of_people_everyone_is_in_the_project_team(definition: Definition):
    empty = definition.model_copy(update={"people": ()})
    assert isinstance(may(empty, "anyone", Action.STORE_VERSION), Allowed)
    assert isinstance(may(empty, "anyone", Action.TAKE_BASELINE), Refused)
    assert isinstance(may(empty, "anyone", Action.ERASE_PERSON), Refused)


def test_the_table_names_every_mandate_that_rules_need():
    roles = {Mandate.SRO: Role.SRO, Mandate.BOARD: Role.BOARD, Mandate.FINANCE: Role.FINANCE,
             Mandate.LEAD_PROVIDER: Role.LEAD_PROVIDER}  # fmt: skip
    taken = {roles[m] for rule in RULES.values() for m in rule.lifted_by}
    assert taken == set(TABLE[Action.APPROVE_WAIVER].roles)


def test_decisions_signatures_baselines_waivers_and_confirmations_are_decisions():
    assert {action for action, entry in TABLE.items() if entry.is_decision} == {
        Action.TAKE_BASELINE,
        Action.DECIDE_GATE,
        Action.RECORD_DECISION,
        Action.APPROVE_WAIVER,
        Action.ADD_WAIVER,
        Action.SET_CONFIDENCE,
        Action.SIGN,
        Action.CONFIRM,
        Action.WITHDRAW_DECISION,
        Action.WITHDRAW_CONFIRMATION,
        Action.WITHDRAW_SIGNATURE,
    }
