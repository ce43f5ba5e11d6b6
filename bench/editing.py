"""Edits of a stored programme: how long the effect of one edit takes to show, in the sample and in a large trust."""

import csv
import io
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench.links import p95
from bench.rules import SAMPLE, a_large_definition
from changeflow.intake.editing.kinds import Edit, edits_from
from changeflow.programme.definition import Definition
from changeflow.roadmap.model.requests import Rollout
from changeflow.storage import versions
from changeflow.storage.database import session_scope
from changeflow.usecases import definitions
from changeflow.usecases.editing import PlanDraft, preview
from changeflow.usecases.unit_of_work import Change

NOW = datetime(2026, 9, 10, 9, tzinfo=UTC)
PERSON = "programme-manager"
TIMES = 24
"""How many edits are previewed, each another one: durations and moves in turn."""


def measure_editing() -> dict[str, float]:
    """Return, for each size, the milliseconds within which 95 of 100 previews are ready, and the processor's."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = f"sqlite:///{folder}/small.db", f"sqlite:///{folder}/large.db"
        shutil.copytree(SAMPLE, Path(folder) / "sample")
        definitions.apply(Path(folder) / "sample", db=small, actor=PERSON, now=NOW)
        store_large(large)
        moves = {"harbour": "w3"}, {"s10": "w03"}
        sizes = (("sample", small, "payroll", moves[0]), ("2000_tasks", large, "payroll-0", moves[1]))
        found = {}
        for name, db, service, moved in sizes:
            clock, processor = _measure(db, service, moved)
            found |= {f"preview_{name}_p95_ms": clock, f"preview_{name}_cpu_p95_ms": processor}
        return found


def _measure(db: str, service: str, moved: Mapping[str, str]) -> tuple[float, float]:
    """Return milliseconds, on the clock and of the processor."""
    change = Change(db=db, programme=None, actor=PERSON, now=NOW, on=NOW.date())
    times = []
    for n in range(TIMES + 1):
        [(school, wave)] = moved.items()
        edits: list[dict[str, object]] = [
            {"kind": "set-duration", "task": f"{service}/system-built", "duration": f"{46 + n}d"}
        ]
        edits += [{"kind": "move-school", "school": school, "to_wave": wave}] if n % 2 else []
        times.append(_clock(edits_from(edits), change))
    # The first one also loads the programme.
    clock, processor = zip(*times[1:], strict=True)
    return round(p95(list(clock)) * 1000, 1), round(p95(list(processor)) * 1000, 1)


def _clock(edits: tuple[Edit, ...], change: Change) -> tuple[float, float]:
    begin, processor = time.perf_counter(), time.process_time()
    seen = preview(PlanDraft(programme="", base=1, edits=edits), change)
    took = time.perf_counter() - begin, time.process_time() - processor
    if not seen.can_publish:
        raise RuntimeError(f"{seen.conflicts} {seen.problems} {seen.refused}")
    return took


def store_large(db: str) -> None:
    """Store the large trust with its files, so that they can be edited."""
    definition = _consistent(a_large_definition())
    with session_scope(db, create=True) as session:
        versions.add_programme(session, definition.programme.programme, at=NOW)
        sources = _sources(definition)
        versions.append(session, definition, sources=sources, parent=None, at=NOW, by="system")


def _consistent(definition: Definition) -> Definition:
    """Leave out what the files say of the sample's own schools and waves, which the checks would refuse."""
    services = tuple(
        s.model_copy(update={"posts": (), "tasks": {k: v for k, v in s.tasks.items() if "/" not in k}})
        for s in definition.services
    )
    calendars = tuple(c for c in definition.calendars if c.school is None and c.authority in (None, "northshire"))
    rollout = Rollout(teams=definition.rollout.teams)
    risk = definition.risk.model_copy(update={"causes": (), "events": (), "recovery_options": ()})
    changed = {"services": services, "calendars": calendars, "rollout": rollout, "risk": risk}
    return definition.model_copy(update=changed)


def _sources(definition: Definition) -> dict[str, str]:
    """Write a definition as files: JSON is YAML."""
    texts = json.loads(definition.canonical())
    rows, out = [("id", "name", "phase", "authority")], io.StringIO()
    rows += [(s.id, s.name, s.phase, s.authority) for s in definition.schools]
    csv.writer(out).writerows(rows)
    named = {"services": "service", "calendars": "calendar", "pathways": "pathway"}
    files = {f"{part}/{one[id_]}.yaml": one for part, id_ in named.items() for one in texts.get(part, ())}
    files |= {f"{part}.yaml": texts[part] for part in ("programme", "rollout", "risk", "change") if part in texts}
    return {"schools.csv": out.getvalue()} | {name: json.dumps(data, indent=1) for name, data in files.items()}
