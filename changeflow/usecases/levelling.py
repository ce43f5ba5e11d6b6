"""Level a folder or a stored programme, and record decisions about the proposed moves."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ruamel.yaml import YAML

from changeflow.errors import NOT_SAVED, InputError, ProblemsError
from changeflow.files import write_whole
from changeflow.intake.opening import is_there
from changeflow.intake.yaml import read_yaml
from changeflow.planning.levelling import LevelledProgramme, level_programme
from changeflow.programme.programme import Programme
from changeflow.programme.task_names import named
from changeflow.roadmap.levelling.exact import Wait
from changeflow.roadmap.levelling.search import SearchEffort
from changeflow.roadmap.model.tasks import Task
from changeflow.values.base import TaskId
from changeflow.values.limits import check_value
from changeflow.values.moments import DAY, datetime_of, format_day
from changeflow.values.problem import Problem, check_known

FILE = "levelling.yaml"
HEAD = """# yaml-language-server: $schema=./schema/levelling.json
#
# What was decided about individual tasks when the programme was levelled: `changeflow level .`
"""
ALL = "all"
MOST_SECONDS = 3600
PATIENCE, LEAST_PATIENCE = 6, 20
"""The clock ends a search after the first number times its seconds, plus the second: a shared machine may be slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Moves to accept, moves to refuse, and tasks to pin to a start."""

    accept: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    pin: Mapping[str, datetime]

    def __bool__(self) -> bool:
        return bool(self.accept or self.refuse or self.pin)


def level_plan(programme: Programme, *, seconds: float, seed: int) -> LevelledProgramme:
    """Level a programme. Effort, not the clock, ends the search, so that results repeat on a busy machine."""
    if not 0 < seconds <= MOST_SECONDS:
        raise InputError(f"Give the search some time, up to {MOST_SECONDS} seconds: --seconds 5.")
    most = PATIENCE * seconds + LEAST_PATIENCE
    return level_programme(programme, SearchEffort(seconds=most, effort=seconds, seed=seed))


def read_pins(texts: Iterable[str]) -> dict[str, datetime]:
    """Read `TASK=2027-01-11` or `TASK=2027-01-11T13:00`."""
    pins = {}
    for text in texts:
        task, _, moment = text.partition("=")
        try:
            pins[task] = datetime.fromisoformat(moment).replace(tzinfo=None)
            check_value(pins[task])
        except ValueError:
            raise InputError(f"'{text}' is not a pin. Write --pin payroll/system-built=2027-01-11.") from None
    return pins


def _named(decisions: Decisions, tasks: Mapping[TaskId, Task]) -> Decisions:
    """Replace task names in decisions by ids; unknown names are unchanged."""
    return Decisions(
        accept=tuple(t if t == ALL else named(t, tasks) for t in decisions.accept),
        refuse=tuple(named(t, tasks) for t in decisions.refuse),
        pin={named(t, tasks): at for t, at in decisions.pin.items()},
    )


def decide(folder: Path, levelled: LevelledProgramme, decisions: Decisions) -> tuple[str, ...]:
    """Write decisions into the folder's levelling.yaml, keeping comments; return what was written, in words.

    A decision replaces an earlier one about the same task. An unknown task, or a move that levelling does not propose,
    is an error, and nothing is written.
    """
    starts = {m.wait.task: _moment(levelled, m.wait) for m in levelled.moves}
    decisions = _named(decisions, levelled.programme.roadmap.tasks)
    accept = tuple(starts) if ALL in decisions.accept else decisions.accept
    for task in accept:
        check_known("proposed move of", task, starts, remedy="changeflow level DIR lists them.")
    for task in (*decisions.refuse, *decisions.pin):
        check_known("task", task, levelled.programme.roadmap.tasks)
    first = levelled.programme.definition.programme.start
    if early := [t for t, at in decisions.pin.items() if at.date() < first]:
        raise InputError(f"'{early[0]}' cannot start before the programme, on {format_day(first)}.")
    decided = [(t, "accepted", starts[t]) for t in accept]
    decided += [(t, "pinned", at) for t, at in decisions.pin.items()]
    path = folder / FILE
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = _checked_text(path, folder)
    data = yaml.load(text) or {}
    _forget(data, {*accept, *decisions.refuse, *decisions.pin})
    for task, kind, at in decided:
        data.setdefault(kind, {})[task] = at.date() if at.time() == datetime.min.time() else at
    if decisions.refuse:
        data["refused"] = [*(data.get("refused") or []), *decisions.refuse]
    new = io.StringIO()
    yaml.dump(data, new)
    write_whole(path, ("" if text else HEAD) + new.getvalue(), inside=folder)
    lines = [f"{task}: {kind}, from {format_day(at.date())}" for task, kind, at in decided]
    return (*lines, *(f"{task}: refused; it stays where its links put it" for task in decisions.refuse))


def _checked_text(path: Path, folder: Path) -> str:
    """Return the text of the folder's levelling.yaml, within the limits for input files; empty if there is none."""
    if not is_there(path):
        return ""
    problems: list[Problem] = []
    document = read_yaml(path, FILE, problems, inside=folder)
    if document is None:
        raise ProblemsError(problems, NOT_SAVED)
    return document.text


def _moment(levelled: LevelledProgramme, wait: Wait) -> datetime:
    """Return a task's levelled start, as a day without a time if it starts with that day's work."""
    roadmap, start = levelled.programme.roadmap, datetime_of(wait.start)
    midnight = wait.start // DAY * DAY
    calendar = roadmap.calendars[roadmap.tasks[wait.task].calendar]
    is_first = calendar.between(midnight, wait.start) == 0
    return datetime_of(midnight) if is_first else start


def _forget(data: dict[str, object], tasks: set[str]) -> None:
    """Remove earlier decisions about these tasks."""
    for kind in ("accepted", "pinned"):
        known = data.get(kind)
        if isinstance(known, dict):
            for task in tasks & set(known):
                del known[task]
    refused = data.get("refused")
    names = [refused] if isinstance(refused, str) else refused
    if isinstance(names, list) and tasks & set(names):
        data["refused"] = [t for t in names if t not in tasks]
