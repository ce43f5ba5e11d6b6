"""The one door to what is tested: documents in, the rows of `changeflow plan --format json` out."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from unittest.mock import patch

from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.assembly import calendars
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.programme.recording import ReportedProgress, progress_of
from changeflow.reports.tables import plan_json
from changeflow.rules.engine import Judged, judge

PACKS = shipped_rulepacks()
YEARS_AFTER = 2
"""How far calendars are laid out at first: most programmes end before that, and for the others they have to grow."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a person reported about a task."""

    started: date
    finished: date | None = None
    remaining: str | None = None


@dataclass(slots=True)
class Documents:
    """A programme folder as plain values, and what has happened."""

    programme: dict[str, Any]
    services: list[dict[str, Any]]
    schools: list[dict[str, Any]]
    calendars: list[dict[str, Any]] = field(default_factory=list)
    rollout: dict[str, Any] = field(default_factory=dict)
    risk: dict[str, Any] = field(default_factory=dict)
    levelling: dict[str, Any] = field(default_factory=dict)
    progress: dict[str, Report] = field(default_factory=dict)
    on: date | None = None
    features: set[str] = field(default_factory=set)


def joined(documents: Documents) -> Programme:
    """Read the documents as the folder's reader does, and join them with what has happened."""
    definition = Definition.model_validate(
        {
            "programme": documents.programme,
            "services": documents.services,
            "schools": documents.schools,
            "calendars": documents.calendars,
            "pathways": [{"pathway": "none", "name": "None", "steps": {}}],
            "rollout": documents.rollout,
            "risk": documents.risk,
            "levelling": documents.levelling,
        }
    )
    with patch.object(calendars, "YEARS_AFTER", YEARS_AFTER):
        programme, errors = join(definition, rulepacks=PACKS, on=documents.on)
    if errors:
        raise ValueError(f"The generator made mistakes: {[e.what for e in errors]}")
    if documents.progress:
        reports = {t: ReportedProgress(t, r.started, r.finished, r.remaining) for t, r in documents.progress.items()}
        facts = Facts(progress={t: progress_of(programme, r) for t, r in reports.items()})
        programme, _ = join(definition, rulepacks=PACKS, facts=facts, on=documents.on)
    return programme


def planned_programme(documents: Documents) -> Programme:
    """Return the programme with its rules' links and its schedule."""
    return judge(joined(documents)).programme


def planned(programme: Programme) -> Mapping[str, dict[str, Any]]:
    """Return the rows of the plan, by the task's id, with their free floats, which the plan does not show."""
    return rows_of(judge(programme))


def rows_of(judged: Judged) -> Mapping[str, dict[str, Any]]:
    schedule = judged.programme.schedule
    assert schedule is not None
    plan = json.loads(plan_json(judged))
    days = {f"programme/{m['id']}": m["day"] for m in plan["milestones"]}
    rows: Iterable[dict[str, Any]] = plan["tasks"]
    return {row["id"]: row | {"free_float": schedule[row["id"]].free_float, "day": days.get(row["id"])} for row in rows}
