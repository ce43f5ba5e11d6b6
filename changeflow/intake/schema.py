"""JSON Schemas of the files that people write, made from the models that read them."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from changeflow.adkar.impacts import ChangeImpact
from changeflow.files import write_whole
from changeflow.programme.definition import CalendarFile, ProgrammeFile, ServiceFile
from changeflow.roadmap.levelling.request import Levelling
from changeflow.roadmap.model.pathways import Pathway
from changeflow.roadmap.risk.request import Risk
from changeflow.roadmap.waves.request import Rollout
from changeflow.values.rulepack import Rulepack

_MODELS: Mapping[str, type[BaseModel]] = {
    "programme": ProgrammeFile,
    "service": ServiceFile,
    "calendar": CalendarFile,
    "pathway": Pathway,
    "rulepack": Rulepack,
    "rollout": Rollout,
    "risk": Risk,
    "levelling": Levelling,
    "change": ChangeImpact,
}


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return a schema for each kind of file, by name."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: head | model.model_json_schema(by_alias=True) for name, model in _MODELS.items()}


def write_schemas(folder: Path) -> None:
    for name, schema in schemas().items():
        write_whole(folder / f"{name}.json", json.dumps(schema, indent=1) + "\n")
