"""The YAML files of a programme folder: each is read once, and becomes a frozen model.

Pydantic's complaints become problems in plain English, with their positions.
"""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from changeflow.adkar.people import ChangeImpact
from changeflow.errors import RenamedWarning
from changeflow.files import write_whole
from changeflow.intake.opening import is_there, list_files
from changeflow.intake.table_rows import TableRow
from changeflow.intake.yaml import Document, read_yaml
from changeflow.places import shipped_pathway
from changeflow.programme.definition import CalendarFile, ProgrammeFile, ServiceFile
from changeflow.roadmap.model.pathways import Pathway
from changeflow.roadmap.model.requests import Levelling, Risk, Rollout
from changeflow.values.base import ID_PATTERN, Frozen
from changeflow.values.limits import no_day
from changeflow.values.problem import Problem, did_you_mean
from changeflow.values.rulepack import Rulepack

Model = TypeVar("Model", bound=Frozen)


def shape(document: Document, model: type[Model], problems: list[Problem]) -> Model | None:
    """Make a `model` of a document; every complaint is added to `problems`. Old names of keys still work."""
    _use_new_names(document, model)
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        for complaint in error.errors():
            path = _written_path(document, complaint["loc"])
            what, remedy, on_key = _explained(dict(complaint), model, path)
            problems.append(document.problem(path, what, remedy, on_key=on_key))
        return None


def _use_new_names(document: Document, model: type[BaseModel]) -> None:
    """Rename the keys that have a newer name, and warn of each: those below first, so that their paths still hold."""
    renamed, found = _renamed_in(model), list[tuple[int, int, str]]()
    for path in [p for p in reversed(document.keys) if p[-1] in renamed] if renamed else ():
        new = renamed[str(path[-1])]
        if new in _fields_at(model, path[:-1]) and (*path[:-1], new) not in document.keys:
            found.append((*document.position(path, on_key=True), f"'{path[-1]}' is now called '{new}'"))
            document.rename(path, new)
    for line, column, what in sorted(found):
        text = f"{document.file}:{line}:{column}: {what}. The old name still works."
        warnings.warn(text, RenamedWarning, stacklevel=2)


@cache
def _renamed_in(model: type[BaseModel]) -> dict[str, str]:
    """Return the new names of keys by their old ones, of a model and of those within it."""
    found: dict[str, str] = {}
    for name, about in model.model_fields.items():
        found |= dict.fromkeys(_old_names(about), name)
        for inner in _models_in(about.annotation):
            found |= _renamed_in(inner)
    return found


def _old_names(field: FieldInfo) -> Iterator[str]:
    if isinstance(field.validation_alias, AliasChoices):
        yield from (str(name) for name in field.validation_alias.choices[1:])


def _written_path(document: Document, loc: tuple[int | str, ...]) -> tuple[str | int, ...]:
    """Leave out what pydantic adds to a path: names of union members and of validators."""
    path: tuple[str | int, ...] = ()
    for part in loc:
        if (*path, part) in document.values or (*path, part) in document.keys:
            path = (*path, part)
    last = loc[-1] if loc else None
    return (*path, last) if last is not None and (not path or path[-1] != last) and isinstance(last, str) else path


def _explained(complaint: dict[str, Any], model: type[BaseModel], path: tuple[str | int, ...]) -> tuple[str, str, bool]:
    kind, given = complaint["type"], complaint.get("input")
    name = path[-1] if path else "the file"
    if kind == "extra_forbidden":
        return f"Unknown key '{name}'.", did_you_mean(str(name), _fields_at(model, path[:-1])), True
    if kind == "missing":
        return f"'{name}' is missing.", "Add it here.", True
    if kind in ("enum", "literal_error"):
        expected = str(complaint.get("ctx", {}).get("expected", ""))
        options = [o.strip("' ") for o in expected.replace(" or ", ", ").split(",")]
        return f"'{given}' is not known here.", did_you_mean(str(given), options), False
    if kind == "string_pattern_mismatch":
        if complaint.get("ctx", {}).get("pattern") == ID_PATTERN:
            return f"'{given}' is not an id.", "Use lower-case letters, digits and hyphens.", False
        example = "Write it like 2026-09." if name == "first_month" else "Look at an example."
        return f"'{given}' is not a '{name}'.", example, False
    if kind.startswith("date"):
        return *no_day(str(given)), False
    if kind in ("string_type", "int_type", "int_parsing", "float_type", "float_parsing", "bool_type", "bool_parsing"):
        return *_other_type(kind.partition("_")[0], given), False
    message = str(complaint["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        what, _, remedy = message.partition(". ")
        remedy = remedy if remedy.endswith("?") or not remedy else f"{remedy.rstrip('.')}."
        return what.rstrip(".") + ".", remedy, False
    return f"'{name}': {message[:1].lower()}{message[1:]}.", "", False


def _other_type(wanted: str, given: object) -> tuple[str, str]:
    """Say that a value is of another type than its key takes."""
    shown = "a list" if isinstance(given, list) else "a mapping" if isinstance(given, dict) else f"'{given}'"
    if wanted == "bool":
        return f"{shown} is neither true nor false.", "Write one of the two."
    if wanted != "string":
        return f"{shown} is not a {'whole ' if wanted == 'int' else ''}number.", "Write it in digits."
    remedy = "Write a text here." if shown.startswith("a ") else "Put it in quotation marks."
    return f"{shown} is not text.", remedy


def _fields_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand at a path of a model."""
    kinds: list[type[BaseModel]] = [model]
    for part in path:
        found: list[type[BaseModel]] = []
        for kind in kinds:
            by_name = {(f.alias or n): f for n, f in kind.model_fields.items()}
            by_name |= {old: f for f in kind.model_fields.values() for old in _old_names(f)}
            if str(part) in by_name:
                found += _models_in(by_name[str(part)].annotation)
        # A key of a mapping or an index of a list stays with the models that it holds.
        kinds = found or kinds
    return [f.alias or n for kind in kinds for n, f in kind.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for arg in get_args(annotation) for m in _models_in(arg)]


MOST_YAML = 6_000_000
"""Characters of all YAML files of a folder: three of the largest that is read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A folder that is being read: its problems and its YAML files so far."""

    path: Path
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    """By what each describes: `programme`, `service:payroll`, `pathway:central-service`, `calendar:…`."""
    rows: dict[tuple[str, str], TableRow] = field(default_factory=dict)
    """The first row of each school and person: by `schools` or `people`, and the id."""
    texts: dict[str, str] = field(default_factory=dict)
    """Of the folder's own YAML files, by their path in it."""
    tables: dict[str, str] = field(default_factory=dict)
    """Texts of tables that a version keeps without what was not used: it may name people."""

    def add(self, file: str, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(file=file, what=what, remedy=remedy))

    def files(self, folder: str, *endings: str) -> list[Path]:
        return list_files(self.path / folder, self.problems, endings=endings, inside=self.path)


Reader = Callable[[Reading, Mapping[str, Any]], Any]
"""Reads one part of a folder; the second argument holds the parts that were read before it."""


def one(name: str, model: type[Frozen], *, required: bool = False) -> Reader:
    """Return a reader of a single file. If it may be left out, everything in it has its default."""

    def read(reading: Reading, _: Mapping[str, Any]) -> Frozen | None:
        if is_there(reading.path / name):
            shaped = read_described(reading, reading.path / name, name, model)
            return shaped if shaped is not None or required else model()
        if required:
            reading.add(name, "The file is missing.", "changeflow init makes one.")
            return None
        return model()

    return read


def many(folder: str, model: type[Frozen], kind: str) -> Reader:
    """Return a reader of a folder of files; `kind` is the field that gives each its id."""

    def read(reading: Reading, _: Mapping[str, Any]) -> tuple[Frozen, ...]:
        found = [read_described(reading, p, f"{folder}/{p.name}", model, kind) for p in reading.files(folder, ".yaml")]
        return tuple(shaped for shaped in found if shaped is not None)

    return read


def read_pathways(reading: Reading, parts: Mapping[str, Any]) -> tuple[Pathway, ...]:
    """Read the pathways that services use: the folder's own, or one that ships."""
    own, found = {p.stem: p for p in reading.files("pathways", ".yaml")}, list[Pathway]()
    for service in sorted(parts["services"], key=lambda s: s.pathway):
        if f"pathway:{service.pathway}" in reading.documents:
            continue
        path = own.get(service.pathway) or shipped_pathway(service.pathway)
        if path is None:
            document = reading.documents[f"service:{service.service}"]
            remedy = f"Add pathways/{service.pathway}.yaml, or use central-service."
            reading.problems.append(document.problem(("pathway",), f"No pathway '{service.pathway}'.", remedy))
        elif pathway := read_described(reading, path, f"pathways/{path.name}", Pathway, "pathway"):
            found.append(pathway)
    return tuple(found)


def read_described(reading: Reading, path: Path, shown: str, model: type[Model], kind: str = "") -> Model | None:
    """Read and remember one file; one that describes the same thing as an earlier file is a problem."""
    inside = reading.path if path.is_relative_to(reading.path) else None
    document = read_yaml(path, shown, reading.problems, inside=inside)
    if document is None:
        return None
    if inside is not None:
        reading.texts[shown] = document.text
    if sum(map(len, reading.texts.values())) > MOST_YAML:
        what = f"The folder's files have more than {MOST_YAML // 1_000_000} MB in all."
        reading.add(shown, what, "Keep only the programme's files in it.")
        return None
    shaped = shape(document, model, reading.problems)
    if shaped is None:
        return None
    name = f"{kind}:{getattr(shaped, kind)}" if kind else path.stem
    if (earlier := reading.documents.setdefault(name, document)) is not document:
        what = f"'{name.split(':')[-1]}' is described in {earlier.file} already."
        reading.problems.append(document.problem((), what, "Give one of them another id."))
        return None
    return shaped


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
