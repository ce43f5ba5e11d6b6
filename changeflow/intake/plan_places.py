"""Where the tasks of an imported plan belong: guessed from their names and outline, for people to correct."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from changeflow.errors import InputError
from changeflow.intake.mspdi.reader import ProjectFile
from changeflow.intake.named_lines import named_lines
from changeflow.programme.calendar_files import Term
from changeflow.programme.definition import SchoolPhase
from changeflow.values.base import TaskId
from changeflow.values.words import Kind, Phase

SCHOOL_PHASES: tuple[str, ...] = get_args(SchoolPhase)
WHOLE = "Whole programme"
"""The name of the choice for tasks that belong to no service."""
LONGEST_NAME = 60
SERVICES: Mapping[str, str] = {
    r"payroll|pay": "Payroll",
    r"finance|financial|ledger|accounting": "Finance",
    r"estates?|premises|facilities": "Estates",
    r"hr|human resources|recruitment": "HR",
    r"ict|it services?|it": "ICT",
    r"procurement|purchasing": "Procurement",
    r"catering": "Catering",
    r"admissions": "Admissions",
}
PHASES: Mapping[str, Phase] = {
    r"initiat\w*|mobilis\w*|planning|scop\w*|business case|kick-?off": Phase.PLAN,
    r"design|requirements?|specif\w*|analysis": Phase.DESIGN,
    r"develop\w*|build\w*|config\w*|test\w*|migrat\w*|procure\w*": Phase.DEVELOP,
    r"deploy\w*|go[- ]?live\w*|goes live|roll-?out|train\w*|launch\w*|cut-?over|pilot": Phase.DEPLOY,
    r"sustain|embed\w*|reviews?|support|benefits?|lessons|clos(?:e|ure|ing)|handover": Phase.SUSTAIN,
}
KINDS: Mapping[str, Kind] = {
    r"go[- ]?live|goes live|live date": Kind.GO_LIVE,
    r"(?:staff |user )?train(?:ing)?": Kind.TRAINING,
    r"cut-?over|system live|switch on": Kind.SYSTEM_LIVE,
}
KINDS_IN_WORDS: Mapping[Kind, str] = {
    Kind.WORK: "Work",
    Kind.TRAINING: "Training",
    Kind.SYSTEM_LIVE: "System live",
    Kind.GO_LIVE: "Go-live",
}
"""The kinds that a plan can be read as. Rules about schools need go-lives and training."""
_WAVE = re.compile(r"\b(wave|tranche|cohort)\s*(\d{1,2}|[a-d])\b", re.IGNORECASE)
_PILOT = re.compile(r"\bpilot( wave| schools?)?\b", re.IGNORECASE)
_SCHOOL = re.compile(
    r"\b((?:(?:[A-Z][\w'’.-]*|of|the|and|St) ){1,4}(?:Primary|Secondary|Infants?|Junior|High|Grammar|Nursery|Academy|"
    r"School|College)(?: (?:Primary|School|Academy))?)\b"
)
_PRIMARY, _SPECIAL = re.compile(r"primary|infant|junior", re.IGNORECASE), re.compile(r"special", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlanTask:
    """A task of a plan, without the summaries."""

    uid: TaskId
    name: str
    path: tuple[str, ...]
    """The names of the summaries above it, the outermost first."""
    parent: TaskId | None


@dataclass(frozen=True, slots=True)
class TaskPlace:
    """Where a task belongs. Names as people write them; empty for the whole programme, every wave or every school."""

    service: str = ""
    wave: str = ""
    school: str = ""
    phase: Phase | None = None
    kind: Kind = Kind.WORK


@dataclass(frozen=True, slots=True)
class ListedSchool:
    """A school of the programme: its phase, and its wave if it is known."""

    name: str
    phase: str
    wave: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAbout:
    """What an imported plan does not say, or says only in its names."""

    name: str
    organisation: str
    services: tuple[str, ...]
    schools: tuple[ListedSchool, ...]
    terms: tuple[Term, ...] = ()
    email: str = "programme-office@example.org"
    """The address of the programme office."""

    @property
    def waves(self) -> tuple[str, ...]:
        """The names of the waves: the pilot, then the others in order."""
        names = dict.fromkeys(s.wave for s in self.schools if s.wave)
        return tuple(sorted(names, key=_order)) or ("wave 1",)

    def wave_of(self, school: ListedSchool) -> str:
        """Return a school's wave: the last one if none is given."""
        return school.wave or self.waves[-1]


def plan_tasks(project: ProjectFile) -> list[PlanTask]:
    """Return the tasks of a plan in its order, without its summaries."""
    roadmap, names = project.roadmap, project.names
    summaries = frozenset(roadmap.parents.values())
    found = []
    for uid in roadmap.tasks:
        if uid not in summaries:
            path = [names[above] for above in roadmap.above(uid)][::-1]
            found.append(PlanTask(uid, names[uid], tuple(path), roadmap.parents.get(uid)))
    return found


def guess_about(project: ProjectFile, tasks: Sequence[PlanTask], *, organisation: str = "") -> PlanAbout:
    """Guess the services and schools from the names of tasks and summaries."""
    services = dict.fromkeys(found for task in tasks for found in [_service_in(_inwards(task))] if found)
    schools: dict[str, ListedSchool] = {}
    for task in tasks:
        if name := _school_in(_inwards(task)):
            wave = _wave_in(_inwards(task))
            known = schools.get(name, ListedSchool(name, _phase_of_school(name)))
            schools[name] = ListedSchool(name, known.phase, known.wave or wave)
    name = _cut(project.name.removesuffix(".xml").removesuffix(".mpp")) or "Imported plan"
    return PlanAbout(
        name=name,
        organisation=organisation,
        services=tuple(services) or (name,),
        schools=tuple(schools.values()),
    )


def guess_places(tasks: Iterable[PlanTask], about: PlanAbout) -> dict[TaskId, TaskPlace]:
    """Guess where each task belongs, among the services, waves and schools of the programme."""
    return {task.uid: _guessed(task, about) for task in tasks}


def schools_in_lines(lines: Iterable[str]) -> Iterator[ListedSchool]:
    """Yield the schools of a list: on each line a name, a phase and a wave, separated by tabs, semicolons or commas.

    Raise `InputError` for a line that is none.
    """
    form = "a name, a phase and a wave"
    for line in named_lines(lines, what="school", form=form, fits=lambda cells: not any(cells[2:])):
        phase, wave, *_ = (*line.cells, "", "")
        if phase and phase.lower() not in SCHOOL_PHASES:
            known = ", ".join(SCHOOL_PHASES)
            raise InputError(f"“{phase}” on line {line.number} is not a phase of schools. Write one of: {known}.")
        yield ListedSchool(line.name, phase.lower() or _phase_of_school(line.name), wave.lower())


def _guessed(task: PlanTask, about: PlanAbout) -> TaskPlace:
    words = _inwards(task)
    named = {s.casefold(): s for s in about.services}
    service = next((named[w.casefold()] for w in words if w.casefold() in named), "")
    service = service or _service_in(words)
    if service not in about.services:
        service = about.services[0] if len(about.services) == 1 else ""
    school = next((s.name for w in words for s in about.schools if s.name.casefold() in w.casefold()), "")
    wave = "" if school else _wave_in(words)
    if (wave or school) and not service:
        service = about.services[0]
    kind = next((kind for pattern, kind in KINDS.items() if _has(pattern, task.name)), Kind.WORK)
    return TaskPlace(
        service=service,
        wave=wave if wave in about.waves else "",
        school=school,
        phase=_phase_in([task.name, *words[1:]]),
        kind=kind if service else Kind.WORK,
    )


def _inwards(task: PlanTask) -> list[str]:
    """Return a task's name, then those of the summaries above it, the nearest first."""
    return [task.name, *reversed(task.path)]


def _has(pattern: str, text: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", text, re.IGNORECASE) is not None


def _service_in(words: Iterable[str]) -> str:
    # A name that contains “it” is seldom about ICT, so that word counts only in capitals.
    found = (name for text in words for pattern, name in SERVICES.items() if _has(_without_it(pattern, text), text))
    return next(found, "")


def _without_it(pattern: str, text: str) -> str:
    return pattern if re.search(r"\bIT\b", text) else pattern.removesuffix("|it")


def _wave_in(words: Iterable[str]) -> str:
    for n, text in enumerate(words):
        if found := _WAVE.search(text):
            return f"{found[1].lower()} {found[2].lower()}"
        if n and _PILOT.search(text):
            return "pilot wave"
    return ""


def _school_in(words: Iterable[str]) -> str:
    return next((_cut(found[1]) for text in words if (found := _SCHOOL.search(text))), "")


def _phase_in(words: Iterable[str]) -> Phase | None:
    return next((phase for text in words for pattern, phase in PHASES.items() if _has(pattern, text)), None)


def _phase_of_school(name: str) -> str:
    return "primary" if _PRIMARY.search(name) else "special" if _SPECIAL.search(name) else "secondary"


def _order(wave: str) -> tuple[bool, int, str]:
    number = re.search(r"\d+", wave)
    return ("pilot" not in wave, int(number[0]) if number else 0, wave)


def _cut(text: str) -> str:
    return " ".join(text.split())[:LONGEST_NAME].strip()
