"""Turn a YAML document into a frozen model: pydantic's complaints become problems in plain English, with positions.

With `Doubts`, parts with mistakes are left out and the rest becomes the model, so that other mistakes are found too.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AliasChoices, BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from changeflow.errors import RenamedWarning
from changeflow.intake.doubts import Doubts
from changeflow.intake.yaml import Document, words_of
from changeflow.programme.references import Place
from changeflow.values.base import ID_PATTERN, Frozen
from changeflow.values.limits import no_day
from changeflow.values.problem import Problem, did_you_mean, is_near

Model = TypeVar("Model", bound=Frozen)
Path_ = tuple[str | int, ...]
MOST_ROUNDS = 8
"""The most times to leave out a part because it needs one that was left out before."""
NEUTRAL: tuple[object, ...] = (1, "not-read", "1d", date(2026, 9, 1))
"""What may replace a required value that is wrong, while the rest is checked: the first that its key accepts."""
_COMPARISONS = {f"{way}_than{end}" for way in ("less", "greater") for end in ("", "_equal")}
MOST_RENAMED = 50
"""How many misspelt keys of one file to read as the key that was probably meant."""


def shape(document: Document, model: type[Model], problems: list[Problem]) -> Model | None:
    """Make a `model` from a document; add every complaint to `problems`. Old names of keys still work."""
    _use_new_names(document, model)
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems += [problem for _, problem in _problems(document, model, error)]
        return None


def shape_in_part(
    document: Document, model: type[Model], problems: list[Problem], doubts: Doubts, stand_ins: Mapping[str, object]
) -> Model | None:
    """Make a `model` from the correct parts of a document; a misspelt key counts as the one that was meant.

    `stand_ins` replace required keys of the file that are missing or wrong, and `doubts` then lists them as kinds.
    Returns None if the file as a whole is wrong.
    """
    _use_new_names(document, model)
    doubts.add_words(document.lost)
    unread = set(document.wrong)
    taken_out = set(unread)
    leave_out(document, unread, doubts)
    document.lost, document.wrong = [], []
    renamed: dict[Path_, Path_] | None = None
    for _ in range(MOST_ROUNDS):
        try:
            return model.model_validate(document.data)
        except ValidationError as error:
            found = _problems(document, model, error)
            if renamed is None:
                renamed = _meant(document, model, error)
                found = [(path, problem) for path, problem in found if path not in renamed.values()]
                problems += [problem for path, problem in found if path not in unread]
                for path, meant in renamed.items():
                    document.rename(path, str(meant[-1]))
                found = [(path, problem) for path, problem in found if path not in renamed]
            else:
                # What is wrong only now follows from what was left out, unless it is below a renamed key.
                below = set(renamed.values())
                problems += [p for path, p in found if any(path[:n] in below for n in range(1, len(path) + 1))]
            replaced = _put_neutral_values(document, model, {path for path, _ in found} & taken_out, doubts)
            wrong = {path: written_part(document, path) for path, _ in found if path not in replaced}
            taken_out |= set(wrong.values())
            for path in [path for path, part in wrong.items() if part == ()]:
                if len(path) != 1 or path[0] not in stand_ins or path[0] in document.data:
                    doubts.add_words(words_of(document.data))
                    return None
                document.data[path[0]] = stand_ins[str(path[0])]
                doubts.kinds.add(str(path[0]))
            leave_out(document, wrong.values(), doubts)
    doubts.add_words(words_of(document.data))
    return None


def _put_neutral_values(
    document: Document, model: type[BaseModel], missing: Iterable[Path_], doubts: Doubts
) -> set[Path_]:
    """Replace required values that were left out, so that what is beside them is still checked; return their paths."""
    replaced = set[Path_]()
    for path in missing:
        fields = [f for kind in _models_at(model, path[:-1]) for n, f in kind.model_fields.items() if n == path[-1]]
        if len(path) > 1 and len(fields) == 1 and path not in document.keys and path[:-1] in document.values:
            for value in NEUTRAL:
                if _accepts(fields[0], value):
                    document.put(path, value)
                    doubts.add_words([str(value)])
                    replaced.add(path)
                    break
    return replaced


def _accepts(field: FieldInfo, value: object) -> bool:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def leave_out(document: Document, wrong: Iterable[Path_], doubts: Doubts) -> None:
    """Remove the wrong parts of a document, and remember their words and places."""
    wrong = [path for path in wrong if path]
    doubts.add_words(document.leave_out(wrong))
    for path in wrong:
        doubts.places.add(Place(document.file, path))


def _problems(document: Document, model: type[BaseModel], error: ValidationError) -> list[tuple[Path_, Problem]]:
    """Return each complaint as a problem, with its path."""
    found = []
    for complaint in error.errors():
        path = _written_path(document, complaint["loc"])
        what, remedy, on_key = _explained(dict(complaint), model, path)
        found.append((path, document.problem(path, what, remedy, on_key=on_key)))
    return found


def _meant(document: Document, model: type[BaseModel], error: ValidationError) -> dict[Path_, Path_]:
    """Return the paths of keys that are one typing slip away from an absent key, with the paths that were meant."""
    meant: dict[Path_, Path_] = {}
    for complaint in error.errors():
        path = _written_path(document, complaint["loc"])
        if complaint["type"] != "extra_forbidden" or len(meant) >= MOST_RENAMED:
            continue
        name = str(path[-1])
        near = [(*path[:-1], key) for key in _fields_at(model, path[:-1]) if is_near(name, [key])]
        if len(near) == 1 and near[0] not in document.keys and near[0] not in meant.values():
            meant[path] = near[0]
    return meant


def written_part(document: Document, path: Path_) -> Path_:
    """Return the part of a path that is written; for a missing key, the part that lacks it."""
    return next((path[:n] for n in range(len(path), 0, -1) if path[:n] in document.values), ())


def _use_new_names(document: Document, model: type[BaseModel]) -> None:
    """Rename the keys that have a newer name, and warn about each; the deepest first, so that paths stay valid."""
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
    """Return the new names of keys by their old names, for a model and the models within it."""
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
    """Remove what pydantic adds to a path: names of union members and of validators."""
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
    if (length := _wrong_length(str(name), complaint, model, path)) is not None:
        return *length, False
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
    if (bounds := _out_of_bounds(kind, str(name), given, complaint.get("ctx", {}))) is not None:
        return *bounds, False
    message = str(complaint["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        what, _, remedy = message.partition(". ")
        remedy = remedy if remedy.endswith("?") or not remedy else f"{remedy.rstrip('.')}."
        return what.rstrip(".") + ".", remedy, False
    return f"'{name}': {message[:1].lower()}{message[1:]}.", "", False


def _wrong_length(name: str, complaint: dict[str, Any], model: type[BaseModel], path: Path_) -> tuple[str, str] | None:
    """Say that a list has too few or too many values; None if that is not the mistake."""
    given = complaint.get("input")
    if complaint["type"] not in ("missing", "too_long") or not isinstance(given, list | tuple):
        return None
    needed, meaning = _length_at(model, path)
    has = f"{len(given)} value{'' if len(given) == 1 else 's'}"
    remedy = f"Write {needed}{f': {meaning.lower()}' if meaning else ' values'}."
    return (f"'{name}' has {has} and needs {needed}.", remedy) if needed else None


def _other_type(wanted: str, given: object) -> tuple[str, str]:
    """Say that a value does not have the type that its key needs."""
    shown = "a list" if isinstance(given, list) else "a mapping" if isinstance(given, dict) else f"'{given}'"
    if wanted == "bool":
        return f"{shown} is neither true nor false.", "Write true or false."
    if wanted != "string":
        return f"{shown} is not a {'whole ' if wanted == 'int' else ''}number.", "Write it in digits."
    remedy = "Write text here." if shown.startswith("a ") else "Put it in quotation marks."
    return f"{shown} is not text.", remedy


def _out_of_bounds(kind: str, name: str, given: object, limits: Mapping[str, object]) -> tuple[str, str] | None:
    """Say that a value is empty, too large or too small, or does not have the structure that its key needs."""
    shown = "a list" if isinstance(given, list) else "a mapping" if isinstance(given, dict) else f"'{given}'"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        what = f"'{name}' is empty." if given is None else f"'{name}' is {shown}, where keys with values are needed."
        return what, "Write `key: value` lines below it, each indented by two spaces more."
    if kind in ("tuple_type", "list_type"):
        what = f"'{name}' is empty." if given is None else f"'{name}' is {shown}, where a list is needed."
        return what, "Write a list, such as [one, two]."
    if kind in ("too_short", "string_too_short") and not given:
        return f"'{name}' is empty.", "Write at least one value." if kind == "too_short" else "Write text here."
    for key, words in (("le", "up to"), ("lt", "less than"), ("ge", "from"), ("gt", "more than")):
        if kind in _COMPARISONS and key in limits:
            way = "too large" if key[0] == "l" else "too small"
            return f"{shown} is {way} for '{name}'.", f"Write a number {words} {_number(limits[key])}."
    return None


def _number(limit: object) -> str:
    return f"{limit:g}" if isinstance(limit, float) else str(limit)


def _fields_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that are allowed at a path of a model."""
    return [f.alias or n for kind in _models_at(model, path) for n, f in kind.model_fields.items()]


def _length_at(model: type[BaseModel], path: tuple[str | int, ...]) -> tuple[int, str]:
    """Return how many values the list at a path has, and what they are; 0 if it may have any number."""
    for kind in _models_at(model, path[:-1]):
        if (field := kind.model_fields.get(str(path[-1]))) is not None:
            for kinds in (get_args(field.annotation), *map(get_args, get_args(field.annotation))):
                if len(kinds) > 1 and len(set(kinds)) == 1:
                    return len(kinds), (field.description or "").partition(", in ")[0]
    return 0, ""


def _models_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """Return the models that may be at a path of a model."""
    kinds: list[type[BaseModel]] = [model]
    for part in path:
        found: list[type[BaseModel]] = []
        for kind in kinds:
            by_name = {(f.alias or n): f for n, f in kind.model_fields.items()}
            by_name |= {old: f for f in kind.model_fields.values() for old in _old_names(f)}
            if str(part) in by_name:
                found += _models_in(by_name[str(part)].annotation)
        # The key of a mapping, or the index of a list, does not change the models to look in.
        kinds = found or kinds
    return kinds


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for arg in get_args(annotation) for m in _models_in(arg)]
