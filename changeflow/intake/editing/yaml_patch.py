"""Change one value of a YAML text, and keep all other lines as they are.

Each change is checked: the new text is read again, and must differ from the old one in that value alone. So a text in
an unusual style is changed correctly or not at all.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.yaml_splice import LinesPatch, Patch, UnknownStyleError, child_of, flow_text
from changeflow.intake.editing.yaml_tree import TextPart, parts_of
from changeflow.intake.yaml import Path_, parse_yaml
from changeflow.values.problem import Problem

MISSING = object()
"""No value is written there."""


def data_of(text: str, file: str) -> dict[str, Any]:
    """Return the plain data of a YAML text; raise `EditRefusedError` if it cannot be read. Do not change it."""
    found = _data(text)
    if found is None:
        raise EditRefusedError(f"{file} cannot be read.")
    return found


@lru_cache(maxsize=256)
def _data(text: str) -> dict[str, Any] | None:
    problems: list[Problem] = []
    document = parse_yaml(text, "", problems)
    return document.data if document is not None and not problems else None


def value_at(data: Any, path: Path_) -> Any:  # noqa: ANN401
    """Return the value at a path, or `MISSING`."""
    try:
        for part in path:
            data = data[part]
    except (LookupError, TypeError):
        return MISSING
    return data


def set_value(text: str, path: Path_, value: object, *, file: str) -> str:
    """Write a value at a path. A missing key becomes the last of its mapping, and missing mappings are added."""
    data, value = data_of(text, file), _plain(value)
    if value_at(data, path) == value:
        return text
    missing = next((n for n in range(1, len(path)) if value_at(data, path[:n]) in (MISSING, None)), None)
    if missing is not None:
        for part in reversed(path[missing:]):
            value = {part: value}
        path = path[:missing]

    def expect(data: Any) -> None:  # noqa: ANN401
        value_at(data, path[:-1])[path[-1]] = value

    def splice(text: str) -> str:
        return Patch(text, file).set(path, value)

    return _checked(text, path, expect, splice, file=file)


def remove(text: str, path: Path_, *, file: str) -> str:
    """Remove the key or list item at a path; a comment above it stays."""

    def expect(data: Any) -> None:  # noqa: ANN401
        del value_at(data, path[:-1])[path[-1]]

    return _checked(text, path, expect, lambda text: Patch(text, file).remove(path), file=file)


def append(text: str, path: Path_, item: object, *, file: str) -> str:
    """Add an item to the end of the list at a path."""
    data, item = data_of(text, file), _plain(item)
    if value_at(data, path) in (MISSING, None, []):
        return set_value(text, path, [item], file=file)

    def expect(data: Any) -> None:  # noqa: ANN401
        value_at(data, path).append(item)

    return _checked(text, path, expect, lambda text: Patch(text, file).append(path, item), file=file)


def insert(text: str, path: Path_, place: int, item: object, *, file: str) -> str:
    """Add an item to the list at a path, before the item at a place."""
    data, item = data_of(text, file), _plain(item)
    known = value_at(data, path)
    if not isinstance(known, list) or place >= len(known):
        return append(text, path, item, file=file)

    def expect(data: Any) -> None:  # noqa: ANN401
        value_at(data, path).insert(place, item)

    return _checked(text, path, expect, lambda text: Patch(text, file).insert(path, place, item), file=file)


def reorder(text: str, path: Path_, order: Sequence[int], *, file: str) -> str:
    """Put the items of the list at a path into another order: `order` are their places now. Comments move with them."""

    def expect(data: Any) -> None:  # noqa: ANN401
        items = value_at(data, path)
        items[:] = [items[place] for place in order]

    return _checked(text, path, expect, lambda text: LinesPatch(text, file).reorder(path, order), file=file)


def rename_key(text: str, path: Path_, name: str, *, file: str) -> str:
    """Give the key at a path another name. The mapping must not have that name yet."""

    def expect(data: Any) -> None:  # noqa: ANN401
        parent = value_at(data, path[:-1])
        if name in parent:
            raise LookupError
        parent[name] = parent.pop(path[-1])

    return _checked(text, path, expect, lambda text: LinesPatch(text, file).rename_key(path, name), file=file)


def add_keys(text: str, path: Path_, entries: Mapping[str, object], *, file: str) -> str:
    """Add several keys at the end of the mapping at a path, each on a line. None of them may be there yet."""
    data, added = data_of(text, file), _plain(entries)
    if not added:
        return text
    if value_at(data, path) in (MISSING, None, {}):
        return set_value(text, path, added, file=file)

    def expect(data: Any) -> None:  # noqa: ANN401
        parent = value_at(data, path)
        if parent.keys() & added.keys():
            raise LookupError
        parent.update(added)

    return _checked(text, path, expect, lambda text: LinesPatch(text, file).add_keys(path, added), file=file)


def _plain(value: object) -> Any:  # noqa: ANN401
    """Return a value as reading its text gives it: lists for tuples, texts for words."""
    if isinstance(value, Mapping):
        return {str(key): _plain(below) for key, below in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(below) for below in value]
    return str(value) if isinstance(value, str) else value


def _checked(text: str, path: Path_, expect: Callable[[Any], None], splice: Callable[[str], str], *, file: str) -> str:
    """Splice a change into a text; if it would also change another place, first write out what the two share."""
    wanted = copy.deepcopy(data_of(text, file))
    try:
        expect(wanted)
    except (LookupError, TypeError, AttributeError):
        raise _refused(file) from None
    for attempt in (text, _unshared(text, path, file)):
        try:
            changed = splice(attempt)
        except UnknownStyleError:
            continue
        if _data(changed) == wanted:
            return changed
    raise _refused(file)


def _refused(file: str) -> EditRefusedError:
    return EditRefusedError(
        f"This part of {file} is written in a way that cannot be changed without changing other lines. Change it in "
        "the file itself."
    )


def _unshared(text: str, path: Path_, file: str) -> str:
    """Return the text with each alias of what is at a path, or above or within it, written out."""
    root = parts_of(text)
    if root is None:
        return text
    anchors, part = set[str](), root
    for step in path:
        anchors.add(part.anchor)
        found = child_of(part, step)
        if found is None:
            break
        part = found
    anchors |= {below.anchor for below in part.below()}
    if part.kind == "alias":
        anchors.add(part.text)
    places = sorted(_aliases(root, ()), key=lambda at: at[1].start, reverse=True)
    data = data_of(text, file)
    for where, alias in places:
        if alias.text in anchors:
            text = f"{text[: alias.start]}{flow_text(value_at(data, where))}{text[alias.end :]}"
    return text


def _aliases(part: TextPart, path: Path_) -> list[tuple[Path_, TextPart]]:
    if part.kind == "alias":
        return [(path, part)]
    below: list[tuple[str | int, TextPart]] = [(key.text, value) for key, value in part.entries]
    below += enumerate(part.items)
    return [found for step, value in below for found in _aliases(value, (*path, step))]
