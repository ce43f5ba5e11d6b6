"""The second pass over a folder: check its definition as a whole, and join it.

Wrong parts are left out and the rest is checked, so that no mistake hides another. Possible consequences of what was
left out are not reported: see `Doubts`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from changeflow.adkar.people import Person
from changeflow.alike import MOST_LISTED
from changeflow.errors import CalendarExhaustedError, CyclicRoadmapError, MeetingsExhaustedError, RulesUnknownError
from changeflow.intake.calendar_checks import check_calendars
from changeflow.intake.checks import check_change, check_pilots, check_references, check_settings, people_missing
from changeflow.intake.documents import Reading, stand_ins
from changeflow.intake.pathway_places import in_own_files
from changeflow.intake.place_checks import check_places
from changeflow.intake.rollout_checks import check_levelling, check_recovery_options, check_risk, check_rollout
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.intake.shaping import leave_out, shape_in_part, written_part
from changeflow.programme.assembly.ranges import check_ranges
from changeflow.programme.definition import Definition, School
from changeflow.programme.programme import Programme, join
from changeflow.programme.references import DefinitionError
from changeflow.roadmap.engine.cpm import refuse_run_out, settled
from changeflow.roadmap.model.graph import in_order
from changeflow.roadmap.model.pathways import MEETING
from changeflow.values.problem import Problem, what_and_remedy

DEFINED = (check_references, check_calendars, check_places, check_ranges, check_rollout, check_change, check_pilots)
"""The checks of a definition. It can be joined only if none of them finds a problem."""
OF_NAMES = (check_references, check_calendars, check_change, check_pilots)
"""Those that need no waves."""
JOINED = (check_settings, check_risk, check_recovery_options, check_levelling)
NEEDED = {"waves", "school", "service"}
"""The kinds of things that are needed to make tasks."""
MOST_ROUNDS = 4
"""The most times to check again, because another part may need what was left out."""
HARMLESS = ("No wave ", "No calendar ")
"""How messages begin that do not prevent joining."""


def check_and_join(reading: Reading, parts: dict[str, Any]) -> tuple[Definition, Programme | None]:
    """Check a definition as it was read, and join it; return None for the programme if too much is missing."""
    definition, doubts = _definition(reading, parts), reading.doubts
    errors = _errors(definition, reading)
    missing = errors if "person" in doubts.kinds else people_missing(definition, errors)
    report(reading, definition, missing)
    if not definition.people:
        doubts.kinds.add("person")
    if any(p.file.startswith("calendars/") for p in reading.problems):
        doubts.kinds.add("calendar")
    sound = _sound_part(reading, parts, definition, errors)
    if sound is None or len(reading.problems) > MOST_LISTED:
        return definition, None
    try:
        joined, found = join(sound, rulepacks=shipped_rulepacks())
        for judge in JOINED:
            # Without the start, there are no days to compare with.
            judged = [e for e in judge(joined) if "start" not in doubts.kinds or doubts.is_about_a_name(e)]
            report(reading, sound, judged)
        report(reading, sound, found)
        _check_loops(reading, joined)
        _check_meetings(reading, joined)
    except RulesUnknownError as error:
        if "start" not in doubts.kinds:
            reading.problems.append(reading.documents["programme"].problem(("start",), *what_and_remedy(error)))
        return definition, None
    return definition, joined


def _definition(reading: Reading, parts: dict[str, Any]) -> Definition:
    doubts, programme = reading.doubts, parts["programme"]
    doubts.kinds |= {kind for kind, part in (("service", "services"), ("school", "schools")) if not parts[part]}
    if "waves" in doubts.kinds:
        programme = programme.model_copy(update={"waves": ()})
    if doubts.kinds & NEEDED:
        # A required part may be empty now, so the definition is not validated.
        return Definition.model_construct(**parts | {"programme": programme})
    return Definition(**parts)


def _errors(definition: Definition, reading: Reading) -> list[DefinitionError]:
    checks = OF_NAMES if reading.doubts.kinds & NEEDED else DEFINED
    return [error for check in checks for error in check(definition)]


def _sound_part(
    reading: Reading, parts: dict[str, Any], definition: Definition, errors: list[DefinitionError]
) -> Definition | None:
    """Return the definition without the parts that its checks refuse, so that it can be joined."""
    parts = dict(parts)
    for _ in range(MOST_ROUNDS):
        if reading.doubts.kinds & NEEDED or len(reading.problems) > MOST_LISTED:
            return None
        errors = [e for e in errors if not e.what.startswith(HARMLESS)]
        if not errors:
            return definition
        for file in sorted({e.place.file for e in errors}):
            if not _leave_out_of(reading, parts, file, [e for e in errors if e.place.file == file]):
                return None
        definition = _definition(reading, parts)
        errors = _errors(definition, reading)
    return None


def _leave_out_of(reading: Reading, parts: dict[str, Any], file: str, errors: list[DefinitionError]) -> bool:
    """Replace a part with its correct content; return whether that was possible."""
    if file in ("people", "schools"):
        wrong = {(e.place.path[0], str(e.place.path[-1])) for e in errors}
        parts[file] = tuple(_without(one, {column for id_, column in wrong if id_ == one.id}) for one in parts[file])
        return True
    document, (kind, _, name) = reading.documents[file], file.partition(":")
    paths = {written_part(document, e.place.path) for e in errors}
    if () in paths:
        return False
    leave_out(document, paths, reading.doubts)
    part = f"{kind}s" if name else kind
    old = next(one for one in parts[part] if getattr(one, kind) == name) if name else parts[part]
    new = shape_in_part(document, type(old), [], reading.doubts, stand_ins(type(old), name))
    if new is None:
        return False
    parts[part] = tuple(new if one is old else one for one in parts[part]) if name else new
    return True


def _without(one: School | Person, columns: set[str]) -> School | Person:
    """Return a school or person as if these cells were empty."""
    return one.model_copy(update={column: type(one).model_fields[column].get_default() for column in columns})


def report(reading: Reading, definition: Definition, errors: Iterable[DefinitionError]) -> None:
    """Turn errors into problems at their places in the user's own files, except those that may follow from others."""
    for error in in_own_files(reading, definition, _not_covered(reading, errors)):
        if len(reading.problems) > MOST_LISTED:
            return
        if isinstance(error, Problem):
            reading.problems.append(error)
            continue
        document, path = reading.documents.get(error.place.file), error.place.path
        if path and (row := reading.rows.get((error.place.file, str(path[0])))) is not None:
            reading.problems.append(row.problem(str(path[-1]), error.what, error.remedy))
        elif document is None:
            reading.problems.append(Problem(file=f"{error.place.file}.csv", what=error.what, remedy=error.remedy))
        else:
            reading.problems.append(document.problem(error.place.path, error.what, error.remedy, on_key=error.on_key))


def _not_covered(reading: Reading, errors: Iterable[DefinitionError]) -> Iterator[DefinitionError]:
    for error in errors:
        document = reading.documents.get(error.place.file)
        if not reading.doubts.cover(error, document.file if document is not None else error.place.file):
            yield error


def _check_loops(reading: Reading, programme: Programme) -> None:
    try:
        in_order(programme.graph)
    except CyclicRoadmapError as error:
        task = programme.roadmap.tasks[error.cycle[0]]
        local = task.id.removeprefix(f"{task.service}/")
        document = reading.documents[f"service:{task.service}" if task.service else "programme"]
        path = next((("tasks", n) for n in (local, task.step) if ("tasks", n) in document.keys), ())
        what, _, remedy = str(error).rpartition(". ")
        reading.problems.append(document.problem(path, f"{what}.", remedy, on_key=True))


def _check_meetings(reading: Reading, programme: Programme) -> None:
    """Schedule the tasks that wait for meetings, to find meetings with too few known dates."""
    windows = {t.starts_on for t in programme.roadmap.tasks.values() if t.starts_on and t.starts_on.startswith(MEETING)}
    if not windows or reading.problems:
        return
    try:
        _, result = settled(programme.roadmap)
        refuse_run_out(programme.roadmap, result.trouble)
    except MeetingsExhaustedError as error:
        document = reading.documents[f"calendar:{error.calendar}"]
        names = [m["name"].strip() for m in document.data["meetings"]]
        place = ("meetings", names.index(error.meeting), "dates")
        reading.problems.append(document.problem(place, *what_and_remedy(error)))
    except CalendarExhaustedError:
        return  # Reported when the folder is planned.
