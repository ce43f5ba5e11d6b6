"""Profiles choose between the rules of Microsoft Project and of the textbook; `docs/profiles.md` lists the rules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A set of answers to questions that scheduling engines answer differently: the defaults are the textbook's."""

    name: str
    start_is_floor: bool = True
    """Nothing begins before the roadmap's start, not even what a constraint or a lead would put there. Where it is no
    floor in general, it is one for what a finish-to-finish link binds: that such a link lets a long task begin early
    does not mean before the roadmap."""
    limits_pull_early: bool = False
    """A "no later than" date earlier than logic pulls the early dates; else it bounds the late dates alone."""
    set_dates_hold_late: bool = False
    """A "must" date is the late date too, whatever successors say: no pressure from behind passes through."""
    pins_started: bool = False
    """A started successor passes back where its rest resumes, not a late start: its float does not add up."""
    data_date_moves: bool = True
    """Work that has not begun cannot begin before the data date, and the remaining work of begun tasks waits for it and
    for their predecessors (retained logic). Without it, stored resume dates are used as they are."""
    retains_logic: bool = True
    """The remaining work of a begun task waits for predecessors that are not done; otherwise it continues regardless of
    them (progress override)."""
    shares_on_successor: bool = False
    """A lag that is a share of working time passes on the successor's calendar, like any other lag; otherwise on the
    predecessor's, whose duration it is a share of."""
    late_shows_early: bool = False
    """An as-late-as-possible task shows the early dates that it could have, and the float of its place; otherwise only
    its place."""
    elapsed_starts_in_work: bool = False
    """A date set for a wait in clock time moves to the next working moment, from which the clock runs; otherwise the
    wait starts there whether people work or not. A link's successor starts at the moment that the link gives."""
    limits_extend_late: bool = False
    """A "finish no later" date after the end is the late finish of tasks without successors; otherwise the end is."""
    free_float_is_capped: bool = False
    """Free float is measured on the successor's calendar, and without successors of its own equals total float; else it
    is measured on the task's calendar, up to the roadmap's finish. It never exceeds total float."""


TEXTBOOK = Profile(name="textbook")


MSPROJECT = Profile(
    name="msproject",
    start_is_floor=False,
    limits_pull_early=True,
    set_dates_hold_late=True,
    pins_started=True,
    data_date_moves=False,
    shares_on_successor=True,
    late_shows_early=True,
    elapsed_starts_in_work=True,
    limits_extend_late=True,
    free_float_is_capped=True,
)


PROFILES = {p.name: p for p in (TEXTBOOK, MSPROJECT)}
