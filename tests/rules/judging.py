"""Judge a small programme, and read the findings of one rule."""

from datetime import date
from pathlib import Path

from changeflow.intake.folder import read_folder
from changeflow.programme.facts import Facts
from changeflow.programme.programme import join
from changeflow.rules.engine import Judged, judge
from changeflow.values.words import Severity
from tests.builders import PATHWAY, a_folder


def judged(path: Path, *, facts: Facts | None = None, on: date | None = None, **files: str) -> Judged:
    folder = read_folder(a_folder(path, **files))
    programme, _ = join(folder.definition, rulepacks=folder.rulepacks, facts=facts, on=on)
    return judge(programme)


def found(result: Judged, rule: str, severity: Severity) -> list[str]:
    return [f.message for f in result.findings if f.rule == rule and f.severity is severity]


def implied(result: Judged, rule: str) -> list[str]:
    return [str(link) for link in result.programme.roadmap.links if link.origin == f"rule:{rule}"]


def without(step: str, text: str = PATHWAY) -> str:
    return "\n".join(line for line in text.split("\n") if not line.strip().startswith(f"{step}:"))
