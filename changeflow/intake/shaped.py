"""From plain data to frozen models; pydantic's complaints become problems in plain English, with their positions."""

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from changeflow.errors import RenamedWarning
from changeflow.intake.yaml import Document
from changeflow.values.base import ID_PATTERN, Frozen
from changeflow.values.problem import Problem, did_you_mean

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
    for name, field in model.model_fields.items():
        found |= dict.fromkeys(_old_names(field), name)
        for inner in _models_in(field.annotation):
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
        return f"'{given}' is not a date.", "Write year-month-day, such as 2027-02-05.", False
    message = str(complaint["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        what, _, remedy = message.partition(". ")
        return what.rstrip(".") + ".", f"{remedy.rstrip('.')}." if remedy else "", False
    return f"'{name}': {message[:1].lower()}{message[1:]}.", "", False


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
