"""Who may do what, for people: the table as text and as the page that the documentation ships; who is in which role."""

from collections.abc import Iterator

from changeflow.programme.definition import Definition
from changeflow.programme.mandates import HOW_NAMED, WORKING, Subject, in_role
from changeflow.programme.permissions import TABLE, PermissionEntry
from changeflow.values.words import Role

_OF_A_SERVICE = (Role.LEAD_PROVIDER, Role.SERVICE_MANAGER)
_LISTED = (
    Role.SRO,
    Role.BOARD,
    Role.FINANCE,
    Role.DATA_PROTECTION,
    Role.ADMIN,
    Role.PROJECT_TEAM,
    Role.CHANGE_LEAD,
    Role.SPONSOR,
    Role.HEAD,
)
SHOWN = 4
"""People of one role that a list names by their titles: more are a number."""
_HEAD = """\
# Who may do what

Made by `changeflow roles --format markdown` from the table that changeflow checks. Every command and every page is in
it. `changeflow roles DIR` says who is in which role in a programme folder.
"""
_RULES = """\
## What the table rests on

- **Roles come from the programme's files.** A person may be in several. A person who has left, or has not
  joined yet, holds no role. Without `people.csv`, anyone who works on the programme is in its project team.
- **A refusal changes nothing.** It says who may, exits with 4, and goes into the log. A refusal about personal data
  goes into the audit as well.
- **No one gives themselves a role.** A version needs the SRO or the board of the version before it if it changes who is
  in a role that may do more than a viewer, the project team, the change leads, the sponsors and the head of a school
  included. So does one that changes who signs or decides a gate, or who leaves or takes over from them. The audit has
  an entry for each such change. A new service or school changes nothing, but people who join the project team with a
  new service's team do. A person of the project team, a change lead, a sponsor or a head who is taken out of
  `people.csv`, or who joins it without a role, changes nothing. Where neither the SRO nor the board is named yet,
  anyone who may store a version may name them.
- **No one weakens what protects people alone.** The same is true of a version that shows smaller groups or keeps
  personal data longer: `policy: minimum_group`, or numbers of a rulepack `privacy` of its own.
- **A waiver in a file counts like one on the command line**, and so does an explanation of differences in pay.

## Names on the command line are claims

`--as` says who acts; anyone with access to the machine can say it. So the audit records that the name was a claim, and
the machine's account beside it. The table stops mistakes and makes misuse visible. It does not stop a person who can
write to the database file: protect the machine.

`policy: decisions_on_command_line: false` in `programme.yaml` refuses decisions on the command line: those marked
*decision* in the table, whatever name is given. Decisions inside an import, and waivers inside a folder, are refused as
well. The default is `true`.

Changing this policy needs the SRO or the board. On the command line that is a claim too, so the policy cannot stop a
person who claims to be the SRO. It can show it: the change is a new version, with an audit entry of its own
(`policy:decisions_on_command_line=true`), before any decision can follow. Store waivers that the folder already has
before you switch the policy on.

## Names and addresses in a folder

`changeflow export folder` leaves the columns `name`, `email`, `language`, `away` and `active` out of `people.csv`. With
`--with-addresses` it writes them, for those who may, and the audit notes it. When you apply a folder:

- a column that `people.csv` does not have leaves what is stored as it is;
- a blank cell removes that person's detail; a name becomes the role's title again;
- a column `email` without a single address counts as left out, so that no one loses every address by mistake.

## Explanations of single contracts in a folder

It also leaves out of `services/*.yaml` the `explanations:` of single contracts, those with a `key`. With
`--with-contracts` it writes those of the services whose contracts you may look at, in files that only you can read, and
the audit notes it. When you apply a folder without them, those that are stored stay. To remove one, export the folder
with them.
"""


def roles_list() -> Iterator[str]:
    """Yield a line an action: what it is, and who may."""
    yield f"Working roles: {', '.join(WORKING)}. Everyone in people.csv is a viewer."
    yield ""
    for entry in TABLE.values():
        yield f"{_sentence(entry.what())}: {_roles(entry)}"


def roles_page() -> str:
    """Write the page: every role, every action with who may, and what both rest on."""
    lines = [_HEAD, "## Roles", "", "| role | who |", "|---|---|"]
    lines += [f"| {role.value} | {HOW_NAMED[role]} |" for role in Role]
    working = ", ".join(WORKING)
    lines += ["", "## The table", "", f"*Working roles* are: {working}. Everyone in `people.csv` is a viewer.", ""]
    lines += ["| action | who may | command or page | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(entry))} |" for entry in TABLE.values()]
    return "\n".join([*lines, "", _RULES])


def holders_text(definition: Definition) -> Iterator[str]:
    """Yield who is in each role, by their titles."""
    for role in _LISTED:
        yield f"{_sentence(role.value) + ':':<24} {_titles(definition, in_role(definition, role))}"
    for service in definition.services:
        yield service.name
        about = Subject(service=service.service)
        for role in _OF_A_SERVICE:
            yield f"  {_sentence(role.value) + ':':<22} {_titles(definition, in_role(definition, role, about))}"
        signs = frozenset(service.go_no_go.sign)
        if signs:
            yield f"  {'Signatories:':<22} {_titles(definition, signs)}"


def _cells(entry: PermissionEntry) -> tuple[str, str, str, str]:
    doors = [*(f"`{command}`" for command in entry.commands), *(f"`{route}`" for route in entry.routes)]
    notes = [*(["*decision*"] if entry.is_decision else []), *([entry.note] if entry.note else [])]
    return entry.what(), _roles(entry), ", ".join(doors), "; ".join(notes)


def _roles(entry: PermissionEntry) -> str:
    """Say who may; those who do the work of the change in one phrase."""
    if not set(WORKING) <= set(entry.roles):
        return ", ".join(entry.roles)
    return ", ".join(["working roles", *(role for role in entry.roles if role not in WORKING)])


def _titles(definition: Definition, people: frozenset[str]) -> str:
    if not people:
        return "no one is named"
    if len(people) > SHOWN:
        return f"{len(people)} people"
    return ", ".join(f"{definition.role_of(p) or p} ({p})" for p in sorted(people))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
