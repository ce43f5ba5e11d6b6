"""Rules that the law makes about people's jobs: how long employees' representatives are consulted before roles end.

Every number is a rulepack's. Planning minimum, not legal advice.
"""

from collections.abc import Iterator
from datetime import date

from changeflow.programme.programme import Programme
from changeflow.roadmap.tasks import Task
from changeflow.services.consultation import Proposal, duties, earliest_effect
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, last_day_of, spoken_day
from changeflow.values.words import Kind

PACK = "uk-employment"


def consultation_before_redundancy(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Where so many roles end at one establishment that the law asks for collective consultation, it begins long enough
    before the first of them ends, and is complete before notice is given."""
    removals = [t for t in programme.tasks(kind=Kind.ROLE_REMOVAL) if t.redundancies]
    proposals = [
        Proposal(school, count, last_day_of(programme.timed(task.id).early_finish))
        for task in removals
        for school, count in task.redundancies.items()
    ]
    if not proposals:
        return
    first_effect = min(p.effect for p in proposals)
    yield from _unknown_threshold(programme, first_effect)
    for duty in duties(proposals, law=lambda key, on: programme.law(PACK, key, on=on)):
        talks = _consultations(programme, duty.establishment, removals)
        name = programme.school_names([duty.establishment])
        if not talks:
            message = f"{duty.posts} roles end at {name}: {duty.days} days of collective consultation are missing."
            yield Breach("R19", duty.establishment, message, None, frozenset({duty.establishment}))
            continue
        start = min(day_of(programme.timed(t.id).early_start) for t in talks)
        allowed = earliest_effect(start, duty.days)
        if duty.first_effect < allowed:
            message = (
                f"{duty.posts} roles end at {name}, the first on {spoken_day(duty.first_effect)}. Consultation from "
                f"{spoken_day(start)} takes {duty.days} days: none may end before {spoken_day(allowed)}."
            )
            yield Breach("R19", duty.establishment, message, None, frozenset({duty.establishment}))
        yield from _unfinished(programme, talks, removals, duty.establishment)


def liability_information_in_time(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Where staff move to another employer, the new one has their liability information in time, and they are consulted
    before. Inside one employer, as in a trust that centralises, nothing of the kind is asked for."""
    for service in programme.services:
        if not service.employer_changes:
            continue
        for live in programme.tasks(kind=Kind.GO_LIVE, service=service.service):
            moves = day_of(programme.timed(live.id).early_finish)
            days = int(programme.law(PACK, "tupe_liability_information_days", on=moves).value)
            talks = list(programme.tasks(kind=Kind.CONSULTATION, service=live.service, schools=live.schools))
            if not talks:
                message = f"{live.name} moves staff to another employer, and nobody consults them."
                yield Breach("R20", live.id, message, live.service, live.schools)
                continue
            begins = min(day_of(programme.timed(t.id).early_start) for t in talks)
            if (moves - begins).days < days:
                message = (
                    f"{live.name} moves staff to another employer on {spoken_day(moves)}; consultation begins on "
                    f"{spoken_day(begins)}. {days} days before are needed for liability information."
                )
                yield Breach("R20", live.id, message, live.service, live.schools)


def _unknown_threshold(programme: Programme, on: date) -> Iterator[Breach]:
    entry = programme.law(PACK, "organisation_threshold", on=on)
    if entry.is_unknown:
        message = (
            f"Roles end on {spoken_day(on)}. By then a threshold for the whole organisation counts as well, and its "
            "number is not known here: nothing is assumed. Write what your adviser says into rulepacks/ of the folder "
            "(rulepack: uk-employment, entry organisation_threshold), with its source."
        )
        yield Breach("R19", "programme", message)


def _consultations(programme: Programme, school: str, removals: list[Task]) -> list[Task]:
    services = {t.service for t in removals if school in t.redundancies}
    return [t for t in programme.tasks(kind=Kind.CONSULTATION) if school in t.schools and t.service in services]


def _unfinished(programme: Programme, talks: list[Task], removals: list[Task], school: str) -> Iterator[Breach]:
    """Consultation may take longer than the law's least: it ends before roles do, whatever its length."""
    for task in removals:
        for talk in talks:
            if school in task.redundancies and talk.service == task.service:
                ends = programme.timed(talk.id).early_finish
                if programme.timed(task.id).early_start < ends:
                    message = f"{task.name} begins before {talk.name} is complete, on {spoken_day(last_day_of(ends))}."
                    yield Breach("R19", task.id, message, task.service, frozenset({school}))
