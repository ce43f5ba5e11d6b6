"""Who holds which role and which mandate: read from the programme's own files, never kept anywhere else."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.references import HEADS, LEADS
from changeflow.values.words import Mandate, Role

FINANCE_CLASS = "finance"
OFFICE, BOARD = "programme-office", "board"
"""Groups of people.csv that give a role; so does `HEADS`."""
SPONSORS = "sponsor"
"""The audience of people.csv that gives a role; so does `LEADS`."""
SYSTEM = "system"
"""The actor of what flows do by themselves."""
UNNAMED = "unnamed"
"""The actor in the audit of what may be read without a name."""
NO_PEOPLE = (SYSTEM, UNNAMED)
"""Actors in the audit that no person may be called."""
NAMED = tuple(role for role in Role if role not in (Role.VIEWER, Role.SYSTEM, Role.MACHINE))
"""Roles of people in people.csv: each of them is a viewer as well."""
WORKING = (Role.PROJECT_TEAM, Role.CHANGE_LEAD, Role.SERVICE_MANAGER, Role.LEAD_PROVIDER, Role.SRO)
"""Those who do the work of the change."""
HOW_NAMED: Mapping[Role, str] = {
    Role.VIEWER: "everyone in people.csv",
    Role.HEAD: "people of the group `heads`, for their own school",
    Role.CHANGE_LEAD: "people of the audience `lead` in people.csv",
    Role.PROJECT_TEAM: "`team:` of the services' files, and the group `programme-office`",
    Role.SERVICE_MANAGER: "`service_manager:` in the service's file, for that service",
    Role.LEAD_PROVIDER: "`lead_provider:` in the service's file, for that service",
    Role.SRO: "`sponsor:` in programme.yaml, the senior responsible owner",
    Role.SPONSOR: "people of the audience `sponsor` in people.csv",
    Role.BOARD: "`mandates: board` in programme.yaml; left out, the group `board`",
    Role.FINANCE: "`mandates: finance` in programme.yaml; left out, the lead providers of services of class finance",
    Role.DATA_PROTECTION: "`data_protection_contact:` in programme.yaml",
    Role.ADMIN: "`admins:` in programme.yaml",
    Role.OWNER: "the owner of the gate, task, criterion, issue or improvement itself",
    Role.SIGNATORY: "`go_no_go: sign` in the service's file, each for themselves",
    Role.RECORDER: "the person who recorded the fact",
    Role.RECIPIENT: "the person who received a message, through the link in it",
    Role.SYSTEM: "changeflow itself, when a flow runs",
    Role.MACHINE: "anyone with access to the machine and the database, without a name",
}
"""Where the programme's files say who is in a role."""
_OF_MANDATES = {Mandate.SRO: Role.SRO, Mandate.BOARD: Role.BOARD, Mandate.FINANCE: Role.FINANCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The thing that an action is about; what is left out does not matter to the action."""

    thing: str = ""
    """What it is called in a refusal, such as “Payroll: plan agreed”."""
    service: str | None = None
    schools: frozenset[str] | None = None
    """The schools that it touches: a head acts for their own school alone."""
    owners: frozenset[str] = frozenset()
    signatories: frozenset[str] = frozenset()
    recorder: str | None = None
    """Who recorded the fact that it is about."""
    recipient: str | None = None
    """Whom the message with the link was sent to."""


PROGRAMME = Subject()
"""An action about the whole programme."""


def holders(definition: Definition, mandate: Mandate, service: str | None = None) -> frozenset[str]:
    """Return the people who hold a mandate, by id; the lead provider's is for their own service.

    What a lead provider may lift or decide, the SRO may as well, who is accountable for all of it: our own choice.
    """
    if mandate is Mandate.LEAD_PROVIDER:
        leads = in_role(definition, Role.LEAD_PROVIDER, Subject(service=service)) if service else frozenset[str]()
        return in_role(definition, Role.SRO) | leads
    return in_role(definition, _OF_MANDATES[mandate])


def in_role(definition: Definition, role: Role, subject: Subject = PROGRAMME) -> frozenset[str]:
    """Return the people in a role, by id; of a role that belongs to a thing, those of this thing."""
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
    """Return who manages or belongs to the team of any service, and the programme office."""
    teams = [s.team for s in definition.services if s.team]
    staffed = [p for t in teams for p in (t.manager, *(m.person for m in t.members))]
    return [*staffed, *_in_group(definition, OFFICE)]


def _heads(definition: Definition, subject: Subject) -> Iterable[str]:
    """Return the heads of all the schools that a thing touches: of one school, or where schools do not matter."""
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
"""Who is in each role; None and no one are left out."""
