"""The YAML files of a programme folder: each is read once, and known by what it describes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from changeflow.intake.opening import is_there, list_files
from changeflow.intake.shaped import shape
from changeflow.intake.yaml import Document, read_yaml
from changeflow.resources import shipped_pathway
from changeflow.roadmap.model.pathways import Pathway
from changeflow.values.base import Frozen
from changeflow.values.problem import Problem

MOST_YAML = 6_000_000
"""Characters of all YAML files of a folder: three of the largest that is read."""

Model = TypeVar("Model", bound=Frozen)


@dataclass(frozen=True, slots=True)
class Reading:
    """A folder that is being read: its problems and its YAML files so far."""

    path: Path
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    """By what each describes: `programme`, `service:payroll`, `pathway:central-service`, `calendar:…`."""
    texts: dict[str, str] = field(default_factory=dict)
    """Of the folder's own YAML files, by their path in it."""

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
    return tuple(_pathways(reading, parts["services"]))


def _pathways(reading: Reading, services: tuple[Any, ...]) -> Iterator[Pathway]:
    own = {p.stem: p for p in reading.files("pathways", ".yaml")}
    for service in sorted(services, key=lambda s: s.pathway):
        if f"pathway:{service.pathway}" in reading.documents:
            continue
        path = own.get(service.pathway) or shipped_pathway(service.pathway)
        if path is None:
            document = reading.documents[f"service:{service.service}"]
            remedy = f"Add pathways/{service.pathway}.yaml, or use central-service."
            reading.problems.append(document.problem(("pathway",), f"No pathway '{service.pathway}'.", remedy))
        elif pathway := read_described(reading, path, f"pathways/{path.name}", Pathway, "pathway"):
            yield pathway


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
