"""The effect of other rulepacks on stored programmes."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from changeflow.errors import InputError, ProblemsError
from changeflow.intake.rulepacks import read_rulepacks, shipped_rulepacks
from changeflow.programme.programme import join
from changeflow.rules.engine import judge
from changeflow.storage import facts, versions
from changeflow.storage.database import read_scope
from changeflow.usecases.stored import known_until
from changeflow.values.problem import Problem
from changeflow.values.rulepack import Rulepacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """The effect on one programme: new findings, findings that would go, and days by which the end would move."""

    programme: str
    found: tuple[str, ...]
    gone: tuple[str, ...]
    days: int

    @property
    def is_affected(self) -> bool:
        return bool(self.found or self.gone or self.days)


def recheck(packs: Path, *, db: str, on: date) -> list[Recheck]:
    """Judge every stored programme with the shipped packs, and with a folder's packs on top; write nothing."""
    problems: list[Problem] = []
    if not packs.is_dir():
        raise InputError(f"'{packs}' is not a folder. Name one with rulepacks (*.yaml).")
    added = read_rulepacks(packs, problems)
    if problems:
        raise ProblemsError(problems)
    if not added:
        raise InputError(f"'{packs}' has no rulepack (*.yaml).")
    shipped = shipped_rulepacks()
    with read_scope(db) as session:
        stored = []
        for name in versions.programme_ids(session):
            until = known_until(session, name)
            version = versions.latest(session, name) if until is None else versions.at_moment(session, name, until)
            if version is not None:
                stored.append((name, version.definition, facts.load_facts(session, name, until=until)))
    done = []
    for name, definition, known in stored:
        before, after = (
            judge(join(definition, rulepacks=rulepacks, facts=known, on=on)[0])
            for rulepacks in (shipped, Rulepacks(packs=(*shipped.packs, *added)))
        )
        texts = [{f"{f.severity.upper()} {f.rule} {f.message}" for f in j.findings} for j in (before, after)]
        ends = [j.programme.schedule.finish if j.programme.schedule else 0 for j in (before, after)]
        days = (ends[1] - ends[0]) // (24 * 60)
        found, gone = tuple(sorted(texts[1] - texts[0])), tuple(sorted(texts[0] - texts[1]))
        done.append(Recheck(programme=name, found=found, gone=gone, days=days))
    return done
