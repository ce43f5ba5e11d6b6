"""Rulepacks that ship with changeflow, and a folder's own, which win over them."""

from datetime import date
from functools import lru_cache
from pathlib import Path

from changeflow.errors import ProblemsError
from changeflow.intake.opening import list_files
from changeflow.intake.rulepack_checks import check_values
from changeflow.intake.shaped import shape
from changeflow.intake.yaml import read_yaml
from changeflow.values.problem import Problem
from changeflow.values.rulepack import Rulepack, Rulepacks

_SHIPPED = Path(__file__).resolve().parent.parent / "rules" / "packs"


@lru_cache(maxsize=1)
def shipped_rulepacks() -> Rulepacks:
    problems: list[Problem] = []
    packs = read_rulepacks(_SHIPPED, problems)
    if problems:
        raise ProblemsError(problems)
    return Rulepacks(packs=packs)


def read_rulepacks(folder: Path, problems: list[Problem], *, inside: Path | None = None) -> tuple[Rulepack, ...]:
    packs: list[Rulepack] = []
    seen: dict[tuple[str, str, date], str] = {}
    inside = inside or folder
    for path in list_files(folder, problems, endings=(".yaml",), inside=inside):
        document = read_yaml(path, f"{folder.name}/{path.name}", problems, inside=inside)
        pack = shape(document, Rulepack, problems) if document else None
        if pack is None or document is None:
            continue
        if folder != _SHIPPED:
            problems += check_values(document, pack, shipped_rulepacks())
        editions = [(pack.rulepack, nation, pack.in_force_from) for nation in pack.nation or ("",)]
        if earlier := next((seen[e] for e in editions if e in seen), None):
            what = f"{earlier} is an edition of '{pack.rulepack}' for the same nation and day already."
            remedy = "Join the two, or give the later one its own day."
            problems.append(Problem(file=f"{folder.name}/{path.name}", what=what, remedy=remedy))
            continue
        seen |= dict.fromkeys(editions, path.name)
        packs.append(pack)
    return tuple(packs)
