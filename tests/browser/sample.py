"""The sample programme as `make run` leaves it on 20 May 2027, and a server of it: `changeflow serve`, in a process of
its own.
"""

import email
import email.policy
import email.utils
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from changeflow.pilots.entries import FeedbackGiven, ImprovementPlanned, IssueRaised, IssueSeverity, LessonProposed
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import session_scope
from changeflow.storage.invitations import invite
from changeflow.storage.jobs import JobState, end_job, latest_job
from changeflow.storage.ledger_files import LedgerFiles
from changeflow.usecases import accounts, definitions, jobs, ledger_pairs, message_weeks, pilot_records
from changeflow.usecases.ledger_comparison import compare_pair
from changeflow.usecases.ledger_pairs import Arrived
from changeflow.usecases.messages import Desk
from changeflow.usecases.unit_of_work import Change
from demo.__main__ import TODAY, steps
from demo.commands import run_command
from tests.waiting import PATIENCE, wait_until

PROGRAMME, DAY = "trust-central-services", "2027-05-20"
NOW = datetime(2027, 5, 20, 8, tzinfo=UTC)
OFFICE, SRO, HEAD, ADMIN = "programme-manager", "chief-executive", "ashdown-head", "governance-lead"
MANAGER = "payroll-manager"
PEOPLE = (OFFICE, SRO, HEAD, ADMIN, MANAGER)
"""The people with a printed sign-in link."""
INVITED = (OFFICE, HEAD)
"""People who may sign in by a link."""
NONE: Mapping[str, str] = {}
RECORDING = (
    ("init",), ("db", "sandbox"), ("apply",), ("baseline", "take"), ("task", "import"), ("sponsor", "act"),
    ("assess", "import"), ("pilot",), ("confidence", "set"), ("tick",), ("report", "sro", "--issue"),
    ("gate", "decide"),
)  # fmt: skip
"""How the demo's commands that store something begin. Its other commands only read."""


def store_sample(home: Path) -> None:
    """Run the demo's commands that store something, and send its messages to files, in an empty folder.

    The Head of Governance is the admin, because the sample itself has none.
    """
    trust = home / "trust"
    environment = {
        "CHANGEFLOW_DB": database_in(home),
        "CHANGEFLOW_OUTBOX": str(home / "messages"),
        "CHANGEFLOW_AS": OFFICE,
        "CHANGEFLOW_LOG": "off",
    }
    commands = [c for _, c in steps(home, trust) if any(tuple(c[: len(start)]) == start for start in RECORDING)]
    after_tick = next(n for n, c in enumerate(commands) if c[0] == "tick") + 1
    commands.insert(after_tick, ["nudge", "dispatch", "--at", f"{TODAY}T09:00"])
    for command in commands:
        done = run_command(command, environment)
        if done.exit_code:
            raise AssertionError(f"{' '.join(command)} failed: {done.stdout[-500:]} {done.stderr[-500:]}")
        if command[0] == "init":
            file = trust / "programme.yaml"
            file.write_text(f"{file.read_text()}admins: [{ADMIN}]\n")


def add_calculations(home: Path) -> None:
    """Add a calculation of each state after next week: 2 is finished, 3 failed, 4 stopped, 5 running and 6 waiting."""
    db, page = database_in(home), home / "calculated.html"
    token = accounts.sign_in_here(PROGRAMME, OFFICE, SignIn.SANDBOX, kind="", db=db, now=NOW).token
    command = ["simulate", "--format", "json", "--out", str(page), "--at", DAY]
    done = run_command(command, {"CHANGEFLOW_DB": db, "CHANGEFLOW_LOG": "off"})
    ends = (
        ("odds", JobState.DONE, {"page": page.read_text(), "data": done.stdout}),
        ("levelling", JobState.FAILED, {"news": "Team 'payroll-team' is not known.\nAdd it to teams.csv."}),
        ("waves", JobState.CANCELLED, {}),
    )
    for kind, state, result in ends:
        job = jobs.ask_job(token, PROGRAMME, kind, db=db, now=NOW)
        jobs.claim(db=db, now=NOW)
        jobs.finish(job.id, state, db=db, now=NOW, **result)
    running = jobs.ask_job(token, PROGRAMME, "waves", db=db, now=NOW)
    jobs.claim(db=db, now=NOW)
    jobs.tell(running.id, "Best so far: the last go-live is on 4 May 2028.", db=db, now=NOW)
    jobs.ask_job(token, PROGRAMME, "levelling", db=db, now=NOW)


def add_next_week(home: Path) -> None:
    """Work out the messages of the next week, as the worker does."""
    db = database_in(home)
    token = accounts.sign_in_here(PROGRAMME, OFFICE, SignIn.SANDBOX, kind="", db=db, now=NOW).token
    message_weeks.ask_week(token, PROGRAMME, db=db, now=NOW)
    job = jobs.claim(db=db, now=NOW)
    assert job is not None
    found = message_weeks.work_out_week(PROGRAMME, db=db, now=NOW, desk=Desk(), say=lambda _: None)
    jobs.finish(job.id, JobState.DONE, db=db, now=NOW, data=found)


def add_uploads(home: Path) -> None:
    """Add uploaded outputs in each state: 1 differs, 2 has problems, 3 asks for the decimal mark, 4 waits, 5 was
    stopped, and the files of 6 are deleted.
    """
    db, store = database_in(home), LedgerFiles(database_in(home))
    token = accounts.sign_in_here(PROGRAMME, MANAGER, SignIn.SANDBOX, kind="", db=db, now=NOW).token
    head = "contract,gross,tax,ni,pension,net,note\n"
    good, bad = f"{head}C1,9,1,1,1,6,x\nC2,8,1,1,1,5,\n", f"{head}C1,9,1,1,1,7,x\nC3,8,1,1,1,5,\n"
    unclear = f"{head}C1,2.500,2.500,2.500,2.500,2.500,x\n".replace(",", ";")
    for number, (old, new) in enumerate(
        ((good, bad), (good, f"{head}C1,nine,1,1,1,7,x\n"), (unclear, unclear), *[(good, bad)] * 3), 1
    ):
        arrived = {}
        for side, text in (("old", old), ("new", new)):
            part = store.begin()
            part.write(text.encode())
            arrived[side] = Arrived(part, f"{side}.csv")
        ledger_pairs.add_pair(token, PROGRAMME, "payroll", "2027-05", arrived, db=db, now=NOW)
        if number <= 3:
            compare_pair(PROGRAMME, number, db=db, on=NOW.date(), say=lambda _: None)
            with session_scope(db) as session:
                job = latest_job(session, PROGRAMME, jobs.LEDGERS, str(number))
                end_job(session, job.id, JobState.DONE, now=NOW)
    ledger_pairs.stop_comparison(token, PROGRAMME, "payroll", 5, db=db, now=NOW)
    ledger_pairs.discard_pair(token, PROGRAMME, "payroll", 6, db=db, now=NOW)


def add_pilot_entries(home: Path) -> None:
    """Raise an issue, record feedback, plan an improvement and propose a lesson, each the first of payroll's."""
    change = Change(db=database_in(home), programme=PROGRAMME, actor=OFFICE, now=NOW, on=NOW.date())
    own = {"service": "payroll", "on": NOW.date(), "by": ""}
    severity = IssueSeverity.HARMS
    pilot_records.raise_issue(IssueRaised(text="Payslips were late", severity=severity, **own), change)
    pilot_records.give_feedback(FeedbackGiven(side="user", text="Too many forms", **own), change)
    plan = ImprovementPlanned(text="One form", owner=MANAGER, feedback=(1,), **own)
    pilot_records.plan_improvement(plan, change)
    pilot_records.give_feedback(FeedbackGiven(side="provider", text="The guide helps", **own), change)
    lesson = LessonProposed(step="train-staff", duration="6d", reason="It took longer", **own)
    pilot_records.propose_lesson(lesson, change)


EMPTY, CHIEF = "empty", "chief"
"""A programme in which nothing has happened, and the only person in it."""
EMPTY_FILES = {
    "programme.yaml": """\
programme: empty
name: A programme that has just begun
organisation: A trust
start: 2027-05-20
office: {email: office@example.org}
sponsor: {person: chief, since: 2027-05-01}
admins: [chief]
waves:
  - {id: w1, name: wave 1, schools: [ash]}
tasks:
  close: {kind: closure, duration: 1d, owner: chief}
""",
    "schools.csv": "id,name,phase,authority\nash,Ash School,primary,north\n",
    "people.csv": "id,name,role,email,audience\nchief,Chief Executive,Chief Executive,chief@example.org,sponsor\n",
    "services/payroll.yaml": "service: payroll\nname: Payroll\npathway: one\n",
    "pathways/one.yaml": "pathway: one\nname: One step\nsteps:\n  ask: {phase: plan, duration: 5d}\n",
}


def store_empty(home: Path) -> str:
    """Store a programme in which nothing has happened; return the token of a session of its only person."""
    folder = home / EMPTY
    for name, text in EMPTY_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    definitions.apply(folder, db=database_in(home), actor=CHIEF, now=NOW, on=NOW.date())
    return accounts.sign_in_here(EMPTY, CHIEF, SignIn.SANDBOX, kind="", db=database_in(home), now=NOW).token


def invite_people(home: Path) -> None:
    """Invite the people who sign in by a link, as the admin would."""
    with session_scope(database_in(home)) as session:
        for person in INVITED:
            invite(session, PROGRAMME, person, f"{person}@example.org", at=NOW, by=ADMIN)


def database_in(home: Path) -> str:
    return f"sqlite:///{home / 'changeflow.db'}"


def links_in(home: Path, kind: str, *, to: str = "") -> list[str]:
    """Return the links of a kind in the messages that were written, as paths; `to` chooses one person's.

    Kinds are `a` to answer, `u` to choose messages and `sign-in/link` to sign in.
    """
    found = list[str]()
    for path in sorted((home / "messages").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if to and f"{to}@" not in str(message["To"]):
            continue
        body = message.get_body(("plain",))
        found += re.findall(rf"/{kind}/[A-Za-z0-9_-]{{43}}", body.get_content() if body else "")
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server."""

    home: Path
    base: str
    doors: dict[str, str]
    """The address that signs a person in, by the person's id."""
    began: datetime
    """When it was up, by the clock of its answers."""

    @property
    def now(self) -> datetime:
        """The server's time, to a few seconds."""
        return NOW + (date_of(self.base) - self.began)


def date_of(base: str) -> datetime:
    """Return the machine's time as a server's answer says it."""
    return email.utils.parsedate_to_datetime(httpx.get(f"{base}/health", timeout=PATIENCE).headers["date"])


@contextmanager
def serving(
    kept: Path, home: Path, *, prepare: Callable[[Path], None] = lambda _: None, settings: Mapping[str, str] = NONE
) -> Iterator[Served]:
    """Serve a copy of a stored sample, in a folder of its own and `prepare`d, with further settings."""
    shutil.copytree(kept, home, ignore=shutil.ignore_patterns("*.lock"), dirs_exist_ok=True)
    prepare(home)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("CHANGEFLOW_")}
    own |= {"CHANGEFLOW_DB": database_in(home), "CHANGEFLOW_BASE_URL": base, "CHANGEFLOW_LOG": "json"}
    own |= {"CHANGEFLOW_OUTBOX": str(home / "messages"), **settings}
    asked = [word for person in PEOPLE for word in ("--sign-in", person)]
    command = [sys.executable, "-m", "changeflow", "serve", "--at", f"{DAY}T09:00", "--port", str(port), *asked]
    with (home / "log").open("w") as log, (home / "printed").open("w") as printed:
        server = subprocess.Popen(command, env=own, stdout=printed, stderr=log)
        try:
            wait_until(
                lambda: is_up(base), what="the server",
                failed=lambda: server.poll() is not None and (home / "log").read_text(),
            )  # fmt: skip
            links = re.findall(r"http://\S+/sign-in/here/\S+", (home / "printed").read_text())
            yield Served(home=home, base=base, doors=dict(zip(PEOPLE, links, strict=True)), began=date_of(base))
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


def is_up(base: str) -> bool:
    try:
        httpx.get(f"{base}/health", timeout=PATIENCE)
    except httpx.TransportError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
