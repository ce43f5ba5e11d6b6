"""The places that a change touches, named by ids, so that they can be found again when other lines have changed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from changeflow.intake.editing import schools_table
from changeflow.intake.editing.sources import SCHOOLS_FILE, Sources
from changeflow.intake.editing.yaml_patch import MISSING, data_of, value_at
from changeflow.intake.editing.yaml_splice import flow_text

Place = tuple[str, ...]
"""A file, then keys and ids: `("programme.yaml", "waves", "pilot", "schools", "ash")`."""
_KEYS = ("id", "name", "person", "group", "rule", "kind")
"""What tells the items of a list apart: the first of these that all items have, each with another value."""


def touched(before: Sources, after: Sources) -> list[Place]:
    """Return the places whose values differ."""
    found: list[Place] = []
    for file in sorted({*before, *after}):
        if before.get(file) != after.get(file):
            found += _differing(content_of(before, file), content_of(after, file), (file,))
    return found


def reordered(before: Sources, after: Sources) -> list[Place]:
    """Return the places whose items are in another order."""
    found: list[Place] = []
    for file in sorted(before.keys() & after.keys()):
        if before[file] != after[file]:
            found += _in_another_order(content_of(before, file), content_of(after, file), (file,))
    return found


def order_at(sources: Sources, place: Place) -> list[str]:
    """Return the ids of the items at a place, in order."""
    found = state_at(sources, place)
    return list(found) if isinstance(found, Mapping) else []


def state_at(sources: Sources, place: Place) -> Any:  # noqa: ANN401
    """Return the value at a place, or `MISSING`."""
    return value_at(content_of(sources, place[0]), place[1:])


def contents_with(sources: Sources, others: Sources, places: Iterable[Place]) -> dict[str, Any]:
    """Return what texts say, with the values of other texts at some places."""
    found: dict[str, Any] = {file: content_of(sources, file) for file in sources}
    for place in places:
        value = state_at(others, place)
        within: Any = found
        for key in place[:-1]:
            if isinstance(within, dict) and within.get(key) is None and value is not MISSING:
                within[key] = {}
            within = within.get(key) if isinstance(within, dict) else None
        if not isinstance(within, dict):
            return {}
        if value is MISSING:
            within.pop(place[-1], None)
        else:
            within[place[-1]] = value
    return found


def in_text(value: Any) -> str:  # noqa: ANN401
    """Write a value as a file has it; empty if there is none."""
    return "" if value is MISSING else flow_text(value)


def content_of(sources: Sources, file: str) -> Any:  # noqa: ANN401
    """Return what a file says, with the items of lists by their ids."""
    if file not in sources:
        return MISSING
    if file == SCHOOLS_FILE:
        return schools_table.rows_of(sources[file], schools_table.columns_in(sources))
    if not file.endswith(".yaml"):
        return sources[file]
    return _by_id(data_of(sources[file], file))


def _by_id(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {str(key): _by_id(below) for key, below in value.items()}
    if not isinstance(value, list):
        return value
    if all(not isinstance(item, dict | list) for item in value):
        names = [str(item) for item in value]
        return dict(zip(names, value, strict=True)) if len(set(names)) == len(names) else value
    for key in _KEYS:
        names = [str(item[key]) for item in value if isinstance(item, dict) and key in item]
        if len(set(names)) == len(value):
            return {name: _by_id(item) for name, item in zip(names, value, strict=True)}
    return value


def _differing(before: Any, after: Any, place: Place) -> Iterator[Place]:  # noqa: ANN401
    if after and isinstance(after, Mapping) and (before is MISSING or before is None):
        # Two edits that each add the first key of a mapping touch different places.
        before = {}
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _differing(before.get(key, MISSING), after.get(key, MISSING), (*place, key))
    elif before is not after and (type(before) is not type(after) or before != after):
        yield place


def _in_another_order(before: Any, after: Any, place: Place) -> Iterator[Place]:  # noqa: ANN401
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        if [key for key in before if key in after] != [key for key in after if key in before]:
            yield place
        for key in before.keys() & after.keys():
            yield from _in_another_order(before[key], after[key], (*place, key))
