"""The effect of a wave plan on the programme, and writing a plan into its folder."""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from changeflow.errors import ChangeflowError, CheckFailedError, DatabaseUrlError, ProblemsError
from changeflow.files import write_whole
from changeflow.intake.folder import Folder, read_folder
from changeflow.intake.opening import list_files
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.planning.wave_use import (
    LaterWave,
    MilestoneEffect,
    PlanEffect,
    Refers,
    UsedWaves,
    plan_in_force,
    renamed_key,
    renamed_text,
    waves_of,
    with_waves,
)
from changeflow.programme.announcements import go_live_tasks
from changeflow.programme.definition import Wave
from changeflow.programme.former_waves import facts_with
from changeflow.programme.programme import Programme, join
from changeflow.programme.renames import renames_of
from changeflow.programme.version_changes import lost_tasks
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.problem import Pair, WavePlan, WaveProblem, wave_names
from changeflow.rules.engine import Judged, judge
from changeflow.storage import versions
from changeflow.storage.database import session_scope
from changeflow.storage.facts import load_facts
from changeflow.usecases.wave_changes import wave_changes
from changeflow.values.problem import Problem

FILE = "programme.yaml"


def effect_in_force(programme: Programme, problem: WaveProblem, plan: WavePlan) -> PlanEffect:
    """Return the current plan's effect on deadlines, and the limits of rollout.yaml that it exceeds."""
    breaks = tuple(broken.what for broken in check_plan(problem, _within(problem, plan)))
    milestones = tuple(milestone_effects(programme))
    return PlanEffect(milestones=milestones, breaks=breaks, assumed=_assumed(programme), planned=plan)


def _within(problem: WaveProblem, plan: WavePlan) -> WavePlan:
    """Return a plan without work after the problem's last week, for which no team's capacity is known.

    The plan in force may continue after the last day that rollout.yaml allows.
    """
    chosen = dict(plan.chosen)
    for pair, candidate in plan.chosen.items():
        if candidate.last >= problem.weeks:
            weeks = [tuple(w for w in p.weeks if w < problem.weeks) for p in candidate.placements]
            cut = (
                replace(p, weeks=w, tenths=p.tenths[: len(w)])
                for p, w in zip(candidate.placements, weeks, strict=True)
                if w
            )
            chosen[pair] = replace(candidate, placements=tuple(cut))
    return replace(plan, chosen=chosen)


def judged_again(programme: Programme) -> Judged:
    """Judge the current programme again from its definition, to find what blocks it now."""
    joined, _ = join(programme.definition, rulepacks=shipped_rulepacks(), facts=programme.facts, on=_on(programme))
    return judge(joined)


def effect_of(judged: Judged, problem: WaveProblem, plan: WavePlan, refers: Refers) -> PlanEffect:
    """Schedule and judge the programme with a plan's waves and the same facts. `judged` is the current programme."""
    programme = judged.programme
    used = waves_of(programme, problem, plan, refers)
    changed = with_waves(programme.definition, used)
    facts = facts_with(renames_of(changed).facts(programme.facts), programme.definition, changed)
    joined, errors = join(changed, rulepacks=shipped_rulepacks(), facts=facts, on=_on(programme))
    try:
        after = judge(joined)
    except ChangeflowError as error:
        return PlanEffect(breaks=(str(error),))
    known = {(f.rule, f.subject) for f in judged.blocks}
    breaks = [f"{f.title}: {f.message}" for f in after.blocks if (f.rule, f.subject) not in known]
    moved = {f"{service}/{old}/" for (service, old) in used.renamed}
    breaks += [e.what for e in errors if not any(name in e.what for name in moved)]
    return PlanEffect(
        milestones=tuple(milestone_effects(after.programme)),
        breaks=tuple(dict.fromkeys(breaks)),
        later=tuple(_later_than_proposed(after.programme, problem, plan)),
        assumed=_assumed(after.programme),
        planned=plan_in_force(after.programme, problem),
    )


def _assumed(programme: Programme) -> frozenset[Pair]:
    assumed = programme.schedule.assumed.early if programme.schedule is not None else {}
    return frozenset(pair for pair, live in go_live_tasks(programme).items() if live.id in assumed)


def _later_than_proposed(programme: Programme, problem: WaveProblem, plan: WavePlan) -> Iterator[LaterWave]:
    """Yield the waves that would go live later than proposed, by proposed day."""
    lives, names = go_live_tasks(programme), wave_names(problem, plan)
    late: dict[tuple[date, str, str], date] = {}
    for pair, candidate in plan.chosen.items():
        live = lives.get(pair)
        day = programme.days_of(live.id)[1] if live else candidate.day
        if day > candidate.day:
            key = candidate.day, problem.services[pair[1]].name, names[pair]
            late[key] = max(day, late.get(key, day))
    for (proposed, service, name), day in sorted(late.items()):
        yield LaterWave(service=service, name=name, proposed=proposed, day=day)


def _on(programme: Programme) -> date | None:
    return programme.on if programme.roadmap.data_date is not None else None


def milestone_effects(programme: Programme) -> Iterator[MilestoneEffect]:
    """Yield the forecast of each open milestone that has a deadline."""
    for milestone in programme.open_milestones:
        if milestone.deadline is not None:
            forecast = programme.timed(milestone.task).last_day
            is_assumed = milestone.task in programme.required_schedule.assumed.early
            yield MilestoneEffect(
                name=milestone.name, forecast=forecast, deadline=milestone.deadline, is_assumed=is_assumed
            )


def refers_in(folder: Path | None) -> Refers:
    """Return a function that says whether the folder's files name a task of a service's wave."""
    text = "\n".join(_texts(folder).values()) if folder is not None else ""
    return lambda service, wave: f"{service}/{wave}/" in text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """Files with a wave plan applied, and the changes in words."""

    files: Mapping[Path, str]
    lines: tuple[str, ...]
    read: Folder
    """The folder after the change."""


def check_history(found: Rewritten, *, db: str) -> None:
    """Refuse a plan that would remove tasks with stored facts."""
    read, name = found.read, found.read.definition.programme.programme
    try:
        with session_scope(db, write=False) as session:
            stored = versions.latest(session, name)
            known = renames_of(read.definition).facts(load_facts(session, name))
    except DatabaseUrlError:
        return
    if stored is None:
        return
    if lost := lost_tasks(stored.definition, read.programme, known, rulepacks=read.rulepacks):
        raise CheckFailedError(
            f"This plan would remove {', '.join(lost)}, and their records would be lost. "
            "Choose another plan, or fix the dates of their schools in rollout.yaml. No changes saved."
        )


def rewritten(folder: Path, programme: Programme, problem: WaveProblem, plan: WavePlan) -> Rewritten:
    """Return the folder's files with a plan's waves, keeping comments and everything else; write nothing.

    Raise `CheckFailedError` with the reason if the folder would become invalid.
    """
    used = waves_of(programme, problem, plan, refers_in(folder))
    texts = _texts(folder)
    files = {path: changed for path, text in texts.items() if (changed := renamed_text(text, used.renamed)) != text}
    main = folder / FILE
    files[main] = with_waves_in(files.get(main, texts[main]), used.waves)
    for path, text in texts.items():
        service = str(_loaded(text).get("service")) if path.parent.name == "services" else ""
        if service in used.was or service in used.gone:
            files[path] = _with_block(files.get(path, text), "tasks", partial(_set_tasks, service=service, used=used))
    read = _check(folder, files)
    return Rewritten(files=files, lines=tuple(wave_changes(programme, problem, plan, used)), read=read)


def write(folder: Path, found: Rewritten) -> None:
    """Write the files, each completely or not at all."""
    for path, text in found.files.items():
        write_whole(path, text, inside=folder)


def _texts(folder: Path) -> dict[Path, str]:
    problems: list[Problem] = []
    parts = (folder, folder / "services", folder / "pathways")
    paths = [path for part in parts for path in list_files(part, problems, endings=(".yaml", ".yml"), inside=folder)]
    if problems:
        raise ProblemsError(problems)
    return {path: path.read_text(encoding="utf-8") for path in paths}


def with_waves_in(text: str, waves: tuple[Wave, ...]) -> str:
    """Return the text of programme.yaml with other waves; comments and everything else stay."""
    return _with_block(text, "waves", partial(_set_waves, waves=waves))


def _with_block(text: str, key: str, change: Callable[[CommentedMap], None]) -> str:
    """Change the text under one key, keeping all other characters."""
    lines = text.splitlines(keepends=True)
    first = next((n for n, line in enumerate(lines) if re.match(rf"{key}\s*:", line)), None)
    if first is None and key in _loaded(text):
        return _dumped(text, change)
    if first is None:
        return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{_dumped('', change)}"
    last = next((n for n in range(first + 1, len(lines)) if re.match(r"[^\s#-]", lines[n])), len(lines))
    while last > first + 1 and re.match(r"\s*$|#", lines[last - 1]):
        last -= 1  # a comment above the next key belongs to that key
    block = _dumped("".join(lines[first:last]), change)
    return "".join([*lines[:first], block, *lines[last:]])


def _yaml() -> YAML:
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 120
    yaml.preserve_quotes = True
    return yaml


def _loaded(text: str) -> CommentedMap:
    return _yaml().load(text) or CommentedMap()


def _dumped(text: str, change: Callable[[CommentedMap], None]) -> str:
    data, out = _loaded(text), io.StringIO()
    change(data)
    _yaml().dump(data, out)
    return out.getvalue()


def _set_waves(data: CommentedMap, waves: tuple[Wave, ...]) -> None:
    """Replace the waves; those that stay keep their comments."""
    known: dict[str, Any] = {str(w["id"]): w for w in data.get("waves") or []}
    after = CommentedSeq()
    for wave in waves:
        entry = known.get(wave.id, CommentedMap())
        _put(entry, "id", wave.id)
        _put(entry, "name", wave.name)
        _put(entry, "pilot", wave.pilot or None)
        _put(entry, "schools", _in_a_line(wave.schools))
        _put(entry, "services", _in_a_line(wave.services) if wave.services else None)
        _put(entry, "start_no_earlier", wave.start_no_earlier)
        after.append(entry)
    data["waves"] = after


def _set_tasks(data: CommentedMap, service: str, used: UsedWaves) -> None:
    """Write changed tasks under their new ids, with their former ids."""
    tasks = data.get("tasks") or CommentedMap()
    for place, old in enumerate(list(tasks)):
        if (new := renamed_key(service, str(old), used.renamed)) != old:
            comment = tasks.ca.items.pop(old, None)
            tasks.insert(place, new, tasks.pop(old))
            if comment is not None:
                tasks.ca.items[new] = comment
    for key in used.gone.get(service, ()):
        del tasks[key]
    for key, olds in used.was.get(service, {}).items():
        if key not in tasks:
            tasks[key] = CommentedMap()
            tasks[key].fa.set_flow_style()
        tasks[key]["was"] = olds[0] if len(olds) == 1 else _in_a_line(olds)
    data["tasks"] = tasks


def _in_a_line(names: tuple[str, ...]) -> CommentedSeq:
    found = CommentedSeq(names)
    found.fa.set_flow_style()
    return found


def _put(entry: "CommentedMap | dict[str, Any]", key: str, value: object) -> None:
    if value is None:
        entry.pop(key, None)
    elif entry.get(key) != value:  # An unchanged value keeps its comment.
        entry[key] = value


def _check(folder: Path, files: Mapping[Path, str]) -> Folder:
    """Read the changed folder from a temporary copy."""
    import shutil

    with TemporaryDirectory() as name:
        copy = Path(name) / folder.resolve().name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.db*", "*.html", "*.pdf"))
        for path, text in files.items():
            (copy / path.relative_to(folder)).write_text(text, encoding="utf-8")
        try:
            return read_folder(copy)
        except ChangeflowError as error:
            raise CheckFailedError(
                "With these waves the folder would not be valid. No changes saved. First remove or change what the "
                f"files say about waves that this plan does not have, or use another plan:\n{error}"
            ) from None
