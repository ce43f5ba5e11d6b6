"""A programme's files as texts by name, and where each thing is written in them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from changeflow.errors import EditRefusedError
from changeflow.intake.editing import yaml_patch
from changeflow.intake.editing.yaml_patch import MISSING, data_of, value_at
from changeflow.intake.editing.yaml_splice import block_text
from changeflow.intake.yaml import Path_
from changeflow.places import shipped_pathway
from changeflow.programme.references import PROGRAMME as PROGRAMME

PROGRAMME_FILE, ROLLOUT_FILE, SCHOOLS_FILE = "programme.yaml", "rollout.yaml", "schools.csv"
ROLLOUT_HEAD = "# Input for wave proposals: who does the work around a go-live, and how much they can change at once.\n"
Sources = Mapping[str, str]
"""The text of each file by its name in the folder. Changed copies are made of it."""


def data_in(sources: Sources, file: str) -> dict[str, Any]:
    """Return the data of a YAML file; empty if there is no such file."""
    return data_of(sources[file], file) if file in sources else {}


def found_at(sources: Sources, file: str, path: Path_) -> Any:  # noqa: ANN401
    """Return the value at a place, or `MISSING`."""
    return value_at(data_in(sources, file), path)


def with_value(sources: Sources, file: str, path: Path_, value: object) -> Sources:
    """Write a value at a place of a file."""
    text = sources.get(file)
    if text is None:
        text = ROLLOUT_HEAD if file == ROLLOUT_FILE else ""
        for part in reversed(path):
            value = {part: value}
        lines = block_text(value)
        return {**sources, file: f"{text}{lines}"}
    return {**sources, file: yaml_patch.set_value(text, path, value, file=file)}


def with_or_without(sources: Sources, file: str, path: Path_, value: object) -> Sources:
    """Write a value at a place; None removes what is there, if anything is."""
    if value is not None:
        return with_value(sources, file, path, value)
    return sources if found_at(sources, file, path) is MISSING else without(sources, file, path)


def with_item(sources: Sources, file: str, path: Path_, item: object) -> Sources:
    """Add an item to a list. A list that is a single text, as a link may be, becomes a list first."""
    before = found_at(sources, file, path)
    if file not in sources or before in (MISSING, None):
        return with_value(sources, file, path, [item])
    if not isinstance(before, list):
        return with_value(sources, file, path, [before, item])
    return {**sources, file: yaml_patch.append(sources[file], path, item, file=file)}


def with_item_before(sources: Sources, file: str, path: Path_, place: int, item: object) -> Sources:
    """Add an item to a list, before the item at a place."""
    if file not in sources or found_at(sources, file, path) in (MISSING, None):
        return with_item(sources, file, path, item)
    return {**sources, file: yaml_patch.insert(sources[file], path, place, item, file=file)}


def without(sources: Sources, file: str, path: Path_) -> Sources:
    """Remove a key or a list item."""
    return {**sources, file: yaml_patch.remove(sources[file], path, file=file)}


def without_item(sources: Sources, file: str, path: Path_, place: int) -> Sources:
    """Remove an item of a list that may be a single text; an empty list is removed with its key."""
    before = found_at(sources, file, path)
    if not isinstance(before, list) or len(before) == 1:
        return without(sources, file, path)
    return without(sources, file, (*path, place))


def service_file(sources: Sources, service: str) -> str:
    """Return the name of a service's file."""
    for name in sources:
        if name.startswith("services/") and data_in(sources, name).get("service") == service:
            return name
    raise EditRefusedError(f"There is no service '{service}'.")


def calendar_file(sources: Sources, calendar: str) -> str:
    """Return the name of a calendar's file."""
    for name in sources:
        if name.startswith("calendars/") and data_in(sources, name).get("calendar") == calendar:
            return name
    raise EditRefusedError(f"There is no calendar '{calendar}'.")


def place_of(items: Any, key: str, wanted: str) -> int | None:  # noqa: ANN401
    """Return the place of the mapping whose `key` has a value in a list; None if there is none."""
    if not isinstance(items, list):
        return None
    return next((n for n, item in enumerate(items) if isinstance(item, dict) and str(item.get(key)) == wanted), None)


def waves_of(sources: Sources) -> list[dict[str, Any]]:
    """Return the waves of programme.yaml as written."""
    waves = data_in(sources, PROGRAMME_FILE).get("waves")
    return [wave for wave in waves if isinstance(wave, dict)] if isinstance(waves, list) else []


def steps_of(sources: Sources, service: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the steps of a service as written: its pathway's, changed by its own file."""
    data = data_in(sources, service_file(sources, service))
    own = data.get("tasks") or {}
    return {**pathway_steps(sources, str(data.get("pathway") or "central-service")), **_new_steps(own)}


def _new_steps(own: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return {k: v or {} for k, v in own.items() if "/" not in str(k)} if isinstance(own, dict) else {}


def pathway_steps(sources: Sources, pathway: str) -> Mapping[str, Any]:
    """Return the steps of a pathway, which is the programme's own or a built-in one."""
    name = f"pathways/{pathway}.yaml"
    data = data_in(sources, name) if name in sources else _shipped_steps(pathway)
    steps = data.get("steps")
    return steps if isinstance(steps, dict) else {}


@lru_cache(maxsize=8)
def _shipped_steps(pathway: str) -> dict[str, Any]:
    path = shipped_pathway(pathway)
    return data_of(path.read_text(encoding="utf-8"), path.name) if path is not None else {}


def task_place(sources: Sources, task: str) -> tuple[str, Path_]:
    """Return the file and path of a task's or a milestone's own entry, which need not be there yet.

    Raise `EditRefusedError` if no file and no pathway has the task.
    """
    owner, _, local = task.partition("/")
    if owner == PROGRAMME:
        data = data_in(sources, PROGRAMME_FILE)
        for kind in ("milestones", "tasks"):
            if local in (data.get(kind) or {}):
                return PROGRAMME_FILE, (kind, local)
        raise EditRefusedError(f"There is no task '{task}'.")
    if local.rpartition("/")[2] not in steps_of(sources, owner):
        raise EditRefusedError(f"There is no task '{task}'.")
    return service_file(sources, owner), ("tasks", local)


def own_fields(sources: Sources, task: str) -> Iterator[Mapping[str, Any]]:
    """Yield the fields of a task as written, the most specific first: its own, its step's, its pathway's."""
    file, path = task_place(sources, task)
    yield _fields(found_at(sources, file, path))
    owner, _, local = task.partition("/")
    if owner == PROGRAMME:
        return
    step = local.rpartition("/")[2]
    if step != local:
        yield _fields(found_at(sources, file, ("tasks", step)))
    pathway = str(data_in(sources, file).get("pathway") or "central-service")
    yield _fields(pathway_steps(sources, pathway).get(step))


def _fields(value: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return value if isinstance(value, dict) else {}


def field_of(sources: Sources, task: str, name: str) -> Any:  # noqa: ANN401
    """Return the value of a task's field as written at the most specific place; None if no place has it."""
    return next((f[name] for f in own_fields(sources, task) if f.get(name) is not None), None)
