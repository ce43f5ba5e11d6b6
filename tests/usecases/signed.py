"""The small programme with a board, an office, gates and a go-live that is signed, for different people to store."""

from datetime import UTC, date, datetime
from pathlib import Path

from changeflow.storage.database import session_scope
from changeflow.usecases.unit_of_work import Change
from tests import audited
from tests.builders import PATHWAY, PROGRAMME, SERVICE, a_folder
from tests.stored import store_once

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
    return store_once(folder, db=db, actor=actor, now=NOW)


def a_pack(**values: int) -> str:
    entries = "".join(f'  {key}: {{value: {value}, grade: D, source: "ours"}}\n' for key, value in values.items())
    return f"rulepack: privacy\nin_force_from: 2020-01-01\nentries:\n{entries}"


def entries(db: str, action: str) -> list[tuple[str, str]]:
    with session_scope(db) as session:
        return [(e[2], e[4]) for e in audited.entries(session, "small") if e[3] == action]
