"""A programme with many messages: many people, each with tasks that are due throughout the spring of 2027."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

from changeflow.usecases import definitions, ticks
from changeflow.values.moments import LONDON

FIRST_DAY = date(2027, 1, 11)
PROGRAMME = """\
programme: chaos
name: A busy programme
organisation: A trust
start: 2027-01-04
live: true
office: {email: office@example.org}
wiifts: {statement: More time for students, approved_by: chief, approved_on: 2026-12-01}
sponsor: {person: chief, since: 2026-09-01}
waves:
  - {id: w1, name: wave 1, schools: [ash]}
tasks:
"""
SERVICE = """\
service: payroll
name: Payroll
lead_provider: {person: chief, days_per_week: 1}
agreement: {kind: gives_and_gets, gives: [Numbers in time], gets: [Pay in time]}
pathway: short
"""
PATHWAY = """\
pathway: short
name: A short pathway
steps:
  requirements: {kind: requirements, phase: design, duration: 250d, sources: [heads]}
"""
PEOPLE = "id,name,role,email,audience,school,groups,manager\nchief,Chief,Chief Executive,chief@example.org,sponsor,,,\n"


def store(db: str, folder: Path, *, people: int, tasks: int) -> None:
    """Store the programme: each person has `tasks` tasks of different lengths, one after the other."""
    names = [f"p{n}" for n in range(people)]
    lines = [
        f"  t{n}-{k}: {{phase: plan, duration: {4 + (n * 7 + k * 3) % 11}d, owner: {name}"
        + (f", after: t{n}-{k - 1}}}" if k else "}")
        for n, name in enumerate(names)
        for k in range(tasks)
    ]
    rows = [f"{name},Lead {name},Lead,{name}@example.org,lead,,,chief\n" for name in names]
    files = {
        "programme.yaml": PROGRAMME + "\n".join(lines) + "\n",
        "services/payroll.yaml": SERVICE,
        "pathways/short.yaml": PATHWAY,
        "schools.csv": "id,name,phase,authority\nash,Ash School,primary,north\n",
        "people.csv": PEOPLE + "".join(rows),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    definitions.apply(folder, db=db, actor="chief", now=datetime.combine(date(2027, 1, 4), time(9), tzinfo=LONDON))


def working_days(count: int) -> list[date]:
    days = (FIRST_DAY + timedelta(days=n) for n in range(count * 2 + 10))
    return [day for day in days if day.weekday() < 5][:count]


def morning(day: date) -> datetime:
    return datetime.combine(day, time(9), tzinfo=LONDON)


def tick(db: str, day: date) -> None:
    ticks.tick(db=db, now=morning(day))
