"""Recorded facts for a signed-in person: the list, and one fact that they may withdraw or correct."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.programme.recorded import RecordedFact, action_of, check_whole, replacements, whole_of
from changeflow.reports.fact_pages import KINDS, FactLine, day_in, fact_line
from changeflow.usecases.fact_corrections import has_day_to_correct
from changeflow.usecases.own_school import sees_all
from changeflow.usecases.recorded import facts_now
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action

PAGE = 50
"""Facts on a page: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuery:
    """The facts that a person asks for."""

    kind: str = ""
    about: str = ""
    """The id of a task, service, school or person; empty for all."""
    mine: bool = False
    """Whether to show only what the person recorded."""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsPage:
    """A page of facts, the latest first."""

    lines: tuple[FactLine, ...]
    about: str
    """What they are about, in words; empty for everything."""
    only_own: bool
    """Whether the person sees only what they recorded."""
    older: int | None
    """The number of the next page; None if this is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPage:
    """One fact that the person may withdraw."""

    line: FactLine
    day: date | None
    """The day that can be corrected; None if there is none."""
    is_decision: bool
    why_not: str
    """Why it cannot be withdrawn alone; empty if it can be."""
    whole: str
    """The fact that it is part of, by id; empty if there is none."""


def facts_page(visit: Visit, query: FactQuery) -> FactsPage:
    """Return the facts that the person may see: all, or what they recorded themselves. The audit records the reading.

    People who do not see the record see only their own entries. Raise `InputError` for an unknown kind.
    """
    visit.permit(Action.READ_FACTS)
    if query.kind and query.kind not in KINDS:
        raise InputError("There are no facts of that kind. Choose a kind from the list.")
    only_own = not (visit.may(Action.READ_RECORD) and sees_all(visit))
    every = _known(visit)
    found = [f for f in reversed(every) if _is_wanted(f, query, visit.visitor.person, only_own=only_own)]
    first = (query.page - 1) * PAGE
    shown = found[first : first + PAGE]
    if shown:
        visit.note_look(f"facts:{query.kind or 'all'}")
    replaced = replacements(every)
    return FactsPage(
        lines=tuple(_line(visit, f, replaced) for f in shown),
        # People who see only their own entries might not know of the thing.
        about=_name_of(visit, query.about) if query.about and (shown or not only_own) else "",
        only_own=only_own,
        older=query.page + 1 if len(found) > first + PAGE else None,
    )


def fact_page(visit: Visit, fact: str) -> FactPage:
    """Return one fact; raise unless the person may withdraw it."""
    found, every = permit_fact(visit, fact), _known(visit)
    visit.note_look(f"facts:{found.kind}")
    why_not, whole = "", None
    if found.withdrawn is None:
        whole = whole_of(found, every)
        try:
            check_whole(found, every)
        except CheckFailedError:
            why_not = _why_not(found, whole)
    replaced = replacements(every)
    is_open = found.withdrawn is None and not why_not and found.id not in replaced
    return FactPage(
        line=_line(visit, found, replaced),
        day=day_in(visit.programme, found) if is_open and has_day_to_correct(found) else None,
        is_decision=found.kind == "decision",
        why_not=why_not,
        whole=whole.id if whole is not None and why_not else "",
    )


def permit_fact(visit: Visit, fact: str) -> RecordedFact:
    """Return a fact that the person may withdraw; raise for one that they may not, or that does not exist."""
    found = next((f for f in _known(visit) if f.id == fact), None)
    if found is None:
        visit.permit(Action.WITHDRAW_FACT)
        raise UnknownThingError("recorded fact", fact)
    action, subject = action_of(visit.programme, found)
    visit.permit(action, replace(subject, thing="this entry"))
    return found


def may_withdraw_about(visit: Visit, thing: str, kinds: Sequence[str]) -> bool:
    """Return whether there is a fact of these kinds about a thing, or any, that the person may withdraw."""
    of_kind = (f for f in _known(visit) if f.kind in kinds and f.withdrawn is None)
    return any(_may(visit, f) for f in of_kind if not thing or f.is_about(thing))


def _known(visit: Visit) -> list[RecordedFact]:
    return visit.view("recorded-facts", lambda: facts_now(visit.session, visit.name))


def _is_wanted(fact: RecordedFact, query: FactQuery, person: str, *, only_own: bool) -> bool:
    is_own = fact.by == person or not (only_own or query.mine)
    return is_own and query.kind in ("", fact.kind) and (not query.about or fact.is_about(query.about))


def _line(visit: Visit, fact: RecordedFact, replaced: Mapping[str, str]) -> FactLine:
    is_replaced = fact.id in replaced
    return fact_line(visit.programme, fact, replaced=is_replaced, may_withdraw=_may(visit, fact))


def _may(visit: Visit, fact: RecordedFact) -> bool:
    action, subject = action_of(visit.programme, fact)
    return visit.may(action, subject)


def _name_of(visit: Visit, thing: str) -> str:
    programme = visit.programme
    if (task := programme.roadmap.tasks.get(thing)) is not None:
        return task.name
    names = {s.service: s.name for s in programme.services} | {s.id: s.name for s in visit.definition.schools}
    return names.get(thing) or programme.person(thing)


def _why_not(fact: RecordedFact, whole: RecordedFact | None) -> str:
    """Say why a fact cannot be withdrawn alone, in the words of pages."""
    if fact.kind == "condition":
        return "This is the decision’s only condition. Reopen the decision, and decide again."
    if whole is not None:
        return "A decision recorded this." if whole.kind == "decision" else "A checkpoint’s result recorded this."
    return "An accepted lesson is already part of the plan. Change the plan instead."
