"""Holders of roles and mandates, read only from the programme's own files."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.references import HEADS, LEADS
from changeflow.values.words import Mandate, Role

FINANCE_CLASS = "finance"
OFFICE, BOARD = "programme-office", "board"
"""Groups in people.csv that give a role, in addition to `HEADS`."""
SPONSORS = "sponsor"
"""The audience in people.csv that gives a role, in addition to `LEADS`."""
SYSTEM = "system"
"""The audit's actor for automatic actions by flows."""
UNNAMED = "unnamed"
"""The audit's actor for reads by an unnamed person."""
NO_PEOPLE = (SYSTEM, UNNAMED)
"""The audit's own actors; no person may have these ids."""
NAMED = tuple(role for role in Role if role not in (Role.VIEWER, Role.SYSTEM, Role.MACHINE))
"""Roles that people in people.csv can hold. Each of them is also a viewer."""
WORKING = (Role.PROJECT_TEAM, Role.CHANGE_LEAD, Role.SERVICE_MANAGER, Role.LEAD_PROVIDER, Role.SRO)
"""Roles whose holders carry out the change."""
HOW_NAMED: Mapping[Role, str] = {
    Role.VIEWER: "everyone in people.csv",
    Role.HEAD: "people of the group `heads`, for their own school",
    Role.CHANGE_LEAD: "people of the audience `lead` in people.csv",
    Role.PROJECT_TEAM: "`team:` in the services' files, and the group `programme-office`",
    Role.SERVICE_MANAGER: "`service_manager:` in the service's file, for that service",
    Role.LEAD_PROVIDER: "`lead_provider:` in the service's file, for that service",
    Role.SRO: "`sponsor:` in programme.yaml, the senior responsible owner",
    Role.SPONSOR: "people of the audience `sponsor` in people.csv",
    Role.BOARD: "`mandates: board` in programme.yaml; by default the group `board`",
    Role.FINANCE: "`mandates: finance` in programme.yaml; by default the lead providers of services of class finance",
    Role.DATA_PROTECTION: "`data_protection_contact:` in programme.yaml",
    Role.ADMIN: "`admins:` in programme.yaml",
    Role.OWNER: "the owner of the gate, task, criterion, issue or improvement",
    Role.SIGNATORY: "`go_no_go: sign` in the service's file; each person signs for themselves",
    Role.RECORDER: "the person who recorded the fact",
    Role.RECIPIENT: "the person who received a message, through its link",
    Role.SYSTEM: "changeflow itself, when a flow runs",
    Role.MACHINE: "anyone with access to the machine and the database, without a name",
}
"""The places in the programme's files that name the people in each role."""
_OF_MANDATES = {Mandate.SRO: Role.SRO, Mandate.BOARD: Role.BOARD, Mandate.FINANCE: Role.FINANCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The subject of an action; only the fields that matter to it are set."""

    thing: str = ""
    """Its name in a refusal, such as “Payroll: plan agreed”."""
    service: str | None = None
    schools: frozenset[str] | None = None
    """The schools it affects; a head acts only for their own school."""
    owners: frozenset[str] = frozenset()
    signatories: frozenset[str] = frozenset()
    recorder: str | None = None
    """The person who recorded the fact."""
    recipient: str | None = None
    """The recipient of the message with the link."""


PROGRAMME = Subject()
"""The whole programme as a subject."""


def holders(definition: Definition, mandate: Mandate, service: str | None = None) -> frozenset[str]:
    """Return the holders of a mandate, by id; a lead provider's mandate covers their own service.

    The SRO also holds every lead provider's mandate, because they are accountable for everything: our own choice.
    """
    if mandate is Mandate.LEAD_PROVIDER:
        leads = in_role(definition, Role.LEAD_PROVIDER, Subject(service=service)) if service else frozenset[str]()
        return in_role(definition, Role.SRO) | leads
    return in_role(definition, _OF_MANDATES[mandate])


def in_role(definition: Definition, role: Role, subject: Subject = PROGRAMME) -> frozenset[str]:
    """Return the people in a role, by id; for a role tied to a subject, those of this subject."""
    return frozenset(person for person in _FOUND_BY[role](definition, subject) if person)


def _board(definition: Definition, _: Subject) -> Iterable[str]:
    return definition.programme.mandates.board or _in_group(definition, BOARD)


def _finance(definition: Definition, _: Subject) -> Iterable[str]:
    finance = (s for s in definition.services if s.service_class == FINANCE_CLASS)
    return definition.programme.mandates.finance or _leads(finance)


def _leads(services: Iterable[ServiceFile]) -> Iterable[str]:
    return [s.lead_provider.person for s in services if s.lead_provider]


def _services(definition: Definition, subject: Subject) -> Iterator[ServiceFile]:
    return (s for s in definition.services if subject.service in (None, s.service))


def _project_team(definition: Definition, _: Subject) -> Iterable[str]:
    """Return the managers and members of all service teams, and the programme office."""
    teams = [s.team for s in definition.services if s.team]
    staffed = [p for t in teams for p in (t.manager, *(m.person for m in t.members))]
    return [*staffed, *_in_group(definition, OFFICE)]


def _heads(definition: Definition, subject: Subject) -> Iterable[str]:
    """Return the heads of a subject's school, or all heads if schools do not matter."""
    heads = (p for p in definition.people if HEADS in p.groups and p.school is not None)
    return [p.id for p in heads if subject.schools is None or subject.schools == {p.school}]


def _of_audience(definition: Definition, audience: str) -> Iterable[str]:
    return [p.id for p in definition.people if p.audience == audience]


def _in_group(definition: Definition, group: str) -> Iterable[str]:
    return [p.id for p in definition.people if group in p.groups]


_FOUND_BY: Mapping[Role, Callable[[Definition, Subject], Iterable[str | None]]] = {
    Role.VIEWER: lambda definition, _: [p.id for p in definition.people],
    Role.HEAD: _heads,
    Role.CHANGE_LEAD: lambda definition, _: _of_audience(definition, LEADS),
    Role.PROJECT_TEAM: _project_team,
    Role.SERVICE_MANAGER: lambda definition, subject: [s.service_manager for s in _services(definition, subject)],
    Role.LEAD_PROVIDER: lambda definition, subject: _leads(_services(definition, subject)),
    Role.SRO: lambda definition, _: [definition.programme.sponsor.person] if definition.programme.sponsor else [],
    Role.SPONSOR: lambda definition, _: _of_audience(definition, SPONSORS),
    Role.BOARD: _board,
    Role.FINANCE: _finance,
    Role.DATA_PROTECTION: lambda definition, _: [definition.programme.data_protection_contact],
    Role.ADMIN: lambda definition, _: definition.programme.admins,
    Role.OWNER: lambda _, subject: subject.owners,
    Role.SIGNATORY: lambda _, subject: subject.signatories,
    Role.RECORDER: lambda _, subject: [subject.recorder],
    Role.RECIPIENT: lambda _, subject: [subject.recipient],
    Role.SYSTEM: lambda _, __: [SYSTEM],
    Role.MACHINE: lambda _, __: [],
}
"""The people in each role, without None or empty entries."""
