"""The pilot that programme.yaml declares for a service, and why it omits some schools."""

from dataclasses import dataclass

from changeflow.planning.wave_frame import Frame
from changeflow.programme.definition import ServiceFile
from changeflow.programme.references import References


@dataclass(frozen=True, slots=True)
class PlannedPilot:
    """The schools of a service's pilot wave in programme.yaml that stay in it, and why others do not."""

    schools: frozenset[str]
    notes: tuple[str, ...]


def planned_pilot(frame: Frame, service: ServiceFile) -> PlannedPilot:
    """Return the pilot that programme.yaml declares for a service; once it has begun, only the schools that have
    begun."""
    programme, asked, name = frame.programme, frame.asked(service.service), service.service
    every = programme.schools_of(name)
    waves = [w for w in References(programme.definition).waves_of(service) if w.pilot]
    declared = frozenset(s for w in waves for s in w.schools if s in every)
    wanted = declared | {s for s in every if frame.school(s).pilot}
    if asked.pilot is False or len(every) < 2:
        why = "rollout.yaml has none for it" if len(every) > 1 else "it has only one school"
        what = f"{service.name}: no pilot with {programme.school_names(sorted(wanted))}, because {why}."
        return PlannedPilot(frozenset(), (what,) if wanted else ())
    refused = {s for s in declared if frame.school(s).pilot is False}
    notes = [
        f"{service.name}: {programme.school_name(s)} is in the plan's pilot wave but not in this pilot, because "
        "rollout.yaml says pilot: false."
        for s in sorted(refused)
    ]
    begun = {s: frame.happened[s, name] for s in declared - refused if (s, name) in frame.happened}
    if begun:
        first = frame.week_of(min(begun.values()))
        kept = frozenset(s for s, day in begun.items() if frame.week_of(day) == first)
        notes += [
            f"{service.name}: the pilot has begun without {programme.school_name(s)}."
            for s in sorted(declared - refused - kept)
        ]
        return PlannedPilot(kept, tuple(notes))
    return PlannedPilot(declared - refused, tuple(notes))
