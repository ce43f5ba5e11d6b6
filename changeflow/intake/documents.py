"""The YAML files of a programme folder: each is read once, and becomes a frozen model.

Pydantic's complaints become problems in plain English, with their positions.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import BaseModel

from changeflow.adkar.people import ChangeImpact
from changeflow.files import write_whole
from changeflow.intake.doubts import Doubts
from changeflow.intake.opening import read_text
from changeflow.intake.programme_files import ProgrammeFiles
from changeflow.intake.shaping import shape_in_part
from changeflow.intake.table_rows import Table, TableRow
from changeflow.intake.yaml import MAX_BYTES, Document, parse_yaml
from changeflow.places import shipped_pathway
from changeflow.programme.calendar_files import CalendarFile
from changeflow.programme.definition import ProgrammeFile, ServiceFile
from changeflow.roadmap.model.pathways import Pathway
from changeflow.roadmap.model.requests import Levelling, Risk, Rollout
from changeflow.values.base import Frozen
from changeflow.values.problem import Problem
from changeflow.values.rulepack import Rulepack

Model = TypeVar("Model", bound=Frozen)


NO_WAVE = "no-wave"
"""Replaces the waves of a programme if none of them can be read."""
MOST_YAML = 6_000_000
"""The most characters in all YAML files of a folder: three times the largest single file."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A programme's files while they are being read: their problems and the YAML files so far."""

    source: ProgrammeFiles
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    """Each file, by what it describes: `programme`, `service:payroll`, `pathway:central-service`, `calendar:…`."""
    rows: dict[tuple[str, str], TableRow] = field(default_factory=dict)
    """The first row of each school and person, by `schools` or `people` and the id."""
    texts: dict[str, str] = field(default_factory=dict)
    """The text of each of the folder's own YAML files, by its path in the folder."""
    tables: dict[str, str] = field(default_factory=dict)
    """The text of each table as a version stores it: without unused parts, which may name people."""
    read: dict[str, Table] = field(default_factory=dict)
    """The tables of schools and people as read."""
    doubts: Doubts = field(default_factory=Doubts)

    def add(self, file: str, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(file=file, what=what, remedy=remedy))

    def files(self, folder: str, *endings: str) -> list[str]:
        """Return the names of a folder's files, such as `services/payroll.yaml`."""
        return self.source.names(folder, self.problems, endings=endings)


Reader = Callable[[Reading, Mapping[str, Any]], Any]
"""Reads one part of a folder; the second argument holds the parts that were read before it."""


def one(name: str, model: type[Frozen], *, required: bool = False) -> Reader:
    """Return a reader for one file. If the file is optional and missing, everything in it has its default."""

    def read(reading: Reading, _: Mapping[str, Any]) -> Frozen | None:
        if reading.source.has(name):
            shaped = read_described(reading, name, model)
            if shaped is None and required:
                reading.doubts.kinds |= {"waves", "start"}
            return shaped if shaped is not None else _empty(model, name)
        if required:
            reading.add(name, "The file is missing.", "Create one with: changeflow init DIR")
            reading.doubts.kinds |= {"waves", "start"}
        return _empty(model, name)

    return read


def _empty(model: type[Frozen], name: str) -> Frozen:
    """Return the replacement for a file that is missing or completely wrong."""
    return model.model_validate(stand_ins(model, name.partition(".")[0]))


def many(folder: str, model: type[Frozen], kind: str) -> Reader:
    """Return a reader for a folder of files; `kind` is the field with the id of each."""

    def read(reading: Reading, _: Mapping[str, Any]) -> tuple[Frozen, ...]:
        found = [read_described(reading, name, model, kind) for name in reading.files(folder, ".yaml")]
        return tuple(shaped for shaped in found if shaped is not None)

    return read


def read_pathways(reading: Reading, parts: Mapping[str, Any]) -> tuple[Pathway, ...]:
    """Read the pathways that services use: the folder's own or the built-in ones."""
    own, found = {PurePosixPath(name).stem: name for name in reading.files("pathways", ".yaml")}, list[Pathway]()
    for service in sorted(parts["services"], key=lambda s: s.pathway):
        if f"pathway:{service.pathway}" in reading.documents:
            continue
        shipped = shipped_pathway(service.pathway)
        if service.pathway in own:
            pathway = read_described(reading, own[service.pathway], Pathway, "pathway")
        elif shipped is not None:
            name = f"pathways/{shipped.name}"
            text = read_text(shipped, name, reading.problems, most=MAX_BYTES)
            pathway = _described(reading, text, name, Pathway, "pathway")
        else:
            document = reading.documents[f"service:{service.service}"]
            remedy = f"Add pathways/{service.pathway}.yaml, or use central-service."
            reading.problems.append(document.problem(("pathway",), f"No pathway '{service.pathway}'.", remedy))
            pathway = None
        if pathway is not None:
            found.append(pathway)
        else:
            reading.doubts.services.add(service.service)
    return tuple(found)


def read_described(reading: Reading, name: str, model: type[Model], kind: str = "") -> Model | None:
    """Read and remember one file, or the correct parts of it; add a `Problem` if an earlier file describes the same
    thing."""
    text = reading.source.text(name, reading.problems, most=MAX_BYTES)
    return _described(reading, text, name, model, kind, is_own=True)


def _described(
    reading: Reading, text: str | None, shown: str, model: type[Model], kind: str, *, is_own: bool = False
) -> Model | None:
    """Read a file's text; `is_own` if it is the programme's own file, which its version keeps."""
    stem = PurePosixPath(shown).stem
    document = None if text is None else parse_yaml(text, shown, reading.problems, in_part=True)
    if document is None:
        reading.doubts.add_words([stem, text or ""])
        return None
    if is_own:
        reading.texts[shown] = document.text
    if sum(map(len, reading.texts.values())) > MOST_YAML:
        what = f"The folder's files have more than {MOST_YAML // 1_000_000} MB in all."
        reading.add(shown, what, "Keep only the programme's files in it.")
        return None
    shaped = shape_in_part(document, model, reading.problems, reading.doubts, stand_ins(model, stem))
    if shaped is None:
        return None
    name = f"{kind}:{getattr(shaped, kind)}" if kind else stem
    if (earlier := reading.documents.setdefault(name, document)) is not document:
        what = f"'{name.split(':')[-1]}' is already described in {earlier.file}."
        reading.problems.append(document.problem((), what, "Give one of them another id."))
        reading.doubts.add_words([document.text])
        return None
    return shaped


def stand_ins(model: type[Frozen], stem: str) -> Mapping[str, object]:
    """Return replacements for a file's required keys that are missing or wrong, so that the rest of it can be
    checked."""
    if model is ProgrammeFile:
        wave = {"id": NO_WAVE, "name": NO_WAVE, "schools": [NO_WAVE]}
        named = {"programme": stem, "name": stem, "organisation": stem, "office": {"email": "office@example.org"}}
        return {**named, "start": date(2026, 9, 1), "waves": [wave]}
    return dict.fromkeys({"service", "calendar", "pathway", "name"} & model.model_fields.keys(), stem)


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
    from changeflow.intake.table_schemas import table_schemas

    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    described = {name: head | model.model_json_schema(by_alias=True) for name, model in _MODELS.items()}
    return described | table_schemas()


def write_schemas(folder: Path) -> None:
    for name, schema in schemas().items():
        write_whole(folder / f"{name}.json", json.dumps(schema, indent=1) + "\n")
