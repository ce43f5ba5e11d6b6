"""Roles that may own a task: each role in the schema is accepted, and means a person of the task's schools."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.documents import schemas
from changeflow.intake.folder import read_folder
from changeflow.programme.references import OWNER_ROLES
from tests.builders import PATHWAY, SCHOOLS, SERVICE, a_folder

HUBS = (
    SCHOOLS.replace("authority\n", "authority,hub\n")
    .replace("primary,north\n", "primary,north,east\n")
    .replace("secondary,north\n", "secondary,north,west\n")
)
PEOPLE = """\
id,name,role,email,audience,school,hub,groups
chief,Chief Executive,Chief Executive,chief@example.org,sponsor,,,
lead,Director of People,Director of People,lead@example.org,manager,,,
ash-head,Headteacher,Headteacher of Ash,,manager,ash,,heads
cedar-head,Headteacher,Headteacher of Cedar,,manager,cedar,,heads
one,Change Lead,Change Lead,,lead,,east,
two,Change Lead,Change Lead,,lead,,west,
"""


def owners(path: Path, owner: str) -> dict[str, str | None]:
    """Return who trains each school and who takes wave 2 (Cedar) live, if the step's owner is a role."""
    pathway = PATHWAY.replace("per: school, duration: 2d,", f"per: school, duration: 2d, owner: {owner},")
    service = SERVICE + "service_manager: one\n" + f"tasks:\n  w2/go-live: {{owner: {owner}}}\n"
    folder = read_folder(a_folder(path, pathway=pathway, service=service, schools=HUBS, people=PEOPLE))
    tasks = folder.programme.roadmap.tasks
    return {t.removeprefix("payroll/"): task.owner for t, task in tasks.items() if t.endswith(("/train", "w2/go-live"))}


@pytest.mark.parametrize(
    ("owner", "people"),
    [
        ("head", ("ash-head", None, "cedar-head", "cedar-head")),
        ("change_lead", ("one", "two", "one", "one")),
        ("lead_provider", ("lead",) * 4),
        ("service_manager", ("one",) * 4),
        ("sponsor", ("chief",) * 4),
    ],
)
def test_a_role_means_its_person_at_the_tasks_schools(tmp_path: Path, owner: str, people: tuple[str | None, ...]):
    """Ash and Cedar are in the east. Beech is in the west and has no known head."""
    assert owners(tmp_path, owner) == dict(
        zip(("ash/train", "beech/train", "cedar/train", "w2/go-live"), people, strict=True)
    )


@pytest.mark.slow
def test_the_schema_names_the_roles_that_are_accepted():
    fields = schemas()["pathway"]["$defs"]["StepFields"]["properties"]["owner"]
    assert tuple(fields["examples"]) == OWNER_ROLES
    assert all(role in fields["description"] for role in OWNER_ROLES)


def test_another_role_is_refused_with_the_valid_roles(tmp_path: Path):
    with pytest.raises(ProblemsError, match=r"no person, group or role 'haed'\. Did you mean 'head'"):
        owners(tmp_path, "haed")
