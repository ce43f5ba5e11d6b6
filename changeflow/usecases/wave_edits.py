"""A plan of waves as edits of the programme's files, for a draft and for a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from changeflow.errors import ChangeflowError, CheckFailedError, DatabaseUrlError, EditRefusedError
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.sources import Sources
from changeflow.intake.editing.wave_plans import OrderWaves, RemoveWave, SetWave, SplitWave
from changeflow.intake.editing.waves import AddWave
from changeflow.intake.folder import Folder, read_changed, read_folder
from changeflow.planning.wave_use import Refers, UsedWaves, waves_of
from changeflow.programme.definition import Wave
from changeflow.programme.programme import Programme
from changeflow.programme.renames import renames_of
from changeflow.programme.version_changes import lost_tasks
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem
from changeflow.storage import versions
from changeflow.storage.database import session_scope
from changeflow.storage.facts import load_facts
from changeflow.usecases.folder_files import read_files, write_files
from changeflow.usecases.wave_changes import wave_changes


def refers_in(sources: Sources | None) -> Refers:
    """Return a function that says whether a programme's files name a task of a service's wave."""
    text = "\n".join(sources.values()) if sources is not None else ""
    return lambda service, wave: f"{service}/{wave}/" in text


def wave_edits(programme: Programme, used: UsedWaves) -> tuple[Edit, ...]:
    """Return the edits that turn a programme's waves into others: splits, changes, removed waves, new ones, the order.

    In this sequence, a school and a service are never in two waves, and records stay with the tasks.
    """
    known = {wave.id: wave for wave in programme.definition.programme.waves}
    every = tuple(s.service for s in programme.services)
    bases = {new: old for (_, old), new in used.renamed.items()}
    services = {wave.id: set(wave.services or every) for wave in known.values()}
    splits, order = list[Edit](), list(known)
    for wave in (w for w in used.waves if w.id in bases):
        base, own = bases[wave.id], wave.services or every
        services[base] -= set(own)
        splits.append(
            SplitWave(
                wave=base, services=own, id=wave.id, name=wave.name, schools=wave.schools,
                first_day=wave.start_no_earlier, former=_former(used, own, wave.id),
            )
        )  # fmt: skip
        order.insert(order.index(base) + 1, wave.id)
    staying = [w for w in used.waves if w.id in known]
    changes = [edit for wave in staying if (edit := _change(known[wave.id], wave, services[wave.id], every))]
    left = {wave.id for wave in used.waves}
    removed = [RemoveWave(wave=wave) for wave in known if wave not in left]
    new = [w for w in used.waves if w.id not in known and w.id not in bases]
    added = [
        AddWave(
            id=w.id, name=w.name, schools=w.schools, services=w.services, pilot=w.pilot, first_day=w.start_no_earlier
        )
        for w in new
    ]
    order = [wave for wave in order if wave in left] + [wave.id for wave in new]
    wanted = tuple(wave.id for wave in used.waves)
    return (*splits, *changes, *removed, *added, *([OrderWaves(waves=wanted)] if tuple(order) != wanted else ()))


def _former(used: UsedWaves, services: tuple[str, ...], wave: str) -> Mapping[str, tuple[str, ...]]:
    """Return the former ids of a new wave's tasks, by their new ids."""
    return {
        f"{service}/{new}": tuple(f"{service}/{old}" for old in olds)
        for service in services
        for new, olds in used.was.get(service, {}).items()
        if new.startswith(f"{wave}/")
    }


def _change(before: Wave, after: Wave, services: set[str], every: tuple[str, ...]) -> SetWave | None:
    """Return the edit of a wave that stays; None if nothing about it changes."""
    fields: dict[str, object] = {}
    if after.name != before.name:
        fields["name"] = after.name
    if set(after.schools) != set(before.schools):
        fields["schools"] = after.schools
    if set(after.services or every) != services:
        fields["services"] = after.services
    if after.start_no_earlier is not None and after.start_no_earlier != before.start_no_earlier:
        fields["first_day"] = after.start_no_earlier
    return SetWave.model_validate({"wave": after.id, **fields}) if fields else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """Files with a wave plan applied, and the changes in words."""

    files: Mapping[str, str]
    """The changed texts, by the names of the files in the folder."""
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
    before = read_folder(folder).sources
    used = waves_of(programme, problem, plan, refers_in(before))
    after: Sources = before
    try:
        for edit in wave_edits(programme, used):
            after = edit.apply(after)
    except EditRefusedError as error:
        raise CheckFailedError(f"{error} No changes saved.") from None
    files = {name: text for name, text in after.items() if text != before.get(name)}
    lines = tuple(wave_changes(programme, problem, plan, used))
    return Rewritten(files=files, lines=lines, read=_check(folder, files))


def write(folder: Path, found: Rewritten) -> None:
    """Write the files, each completely or not at all."""
    write_files(folder, found.files, read_files(folder, found.files.keys()))


def _check(folder: Path, files: Mapping[str, str]) -> Folder:
    """Read the folder as it would be."""
    try:
        return read_changed(folder, files)
    except ChangeflowError as error:
        raise CheckFailedError(
            "With these waves the folder would not be valid. No changes saved. First remove or change what the "
            f"files say about waves that this plan does not have, or use another plan:\n{error}"
        ) from None
