"""Profiles choose between the rules of Microsoft Project and of the textbook; `docs/profiles.md` lists the rules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A set of answers to questions that scheduling engines answer differently: the defaults are the textbook's."""

    name: str
    start_is_floor: bool = True
    """Nothing begins before the roadmap's start, not even a task that a constraint or a lead would put there. Otherwise
    that applies only to a task that a finish-to-finish link binds: such a link may let a long task begin early, but not
    before the roadmap."""
    limits_pull_early: bool = False
    """A "no later than" date that is earlier than the logic pulls the early dates; otherwise it limits only the late
    dates."""
    set_dates_hold_late: bool = False
    """A "must" date is also the late date, whatever the successors require, so they do not limit what comes before
    it."""
    pins_started: bool = False
    """A started successor limits the late dates before it by when it does resume, not by when it may, so float does not
    add up."""
    data_date_moves: bool = True
    """Work that has not begun cannot begin before the data date, and the remaining work of started tasks waits for it
    and for their predecessors (retained logic). Without it, stored resume dates are used as they are."""
    retains_logic: bool = True
    """The remaining work of a started task waits for predecessors that are not done; otherwise it continues regardless
    of them (progress override)."""
    shares_on_successor: bool = False
    """A lag that is a share of working time is counted on the successor's calendar, like any other lag; otherwise on
    the calendar of the predecessor, of whose duration it is a share."""
    late_shows_early: bool = False
    """An as-late-as-possible task shows the early dates that it could have, with the float of the dates that it does
    have; otherwise it shows only those dates."""
    elapsed_starts_in_work: bool = False
    """A date set for a wait in clock time moves to the next working moment, from which the clock runs; otherwise the
    wait starts there whether people work or not. A link's successor starts at the moment that the link gives."""
    limits_extend_late: bool = False
    """A "finish no later" date after the end is the late finish of tasks without successors; otherwise the end is."""
    free_float_is_capped: bool = False
    """Free float is measured on the successor's calendar, and without successors of its own equals total float;
    otherwise it is measured on the task's calendar, up to the roadmap's finish. It never exceeds total float."""


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
