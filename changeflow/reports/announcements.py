"""Go-lives of schools as lines of text: what was announced, and what is forecast."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from changeflow.programme.announcements import GoLive
from changeflow.programme.programme import Programme
from changeflow.values.duration import counted
from changeflow.values.moments import format_day


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLiveLine:
    """One service at one school."""

    service: str
    school: str
    announced: str
    """A dash where nothing was announced."""
    announced_on: str
    how: str
    forecast: str
    """A dash where it is no longer planned."""
    days: int
    """Calendar days later than announced; earlier when negative."""
    state: str
    """`live`, `later`, `earlier`, `as announced`, `not announced` or `no longer planned`."""


def go_live_lines(programme: Programme, found: Iterable[GoLive]) -> tuple[GoLiveLine, ...]:
    """Put go-lives into words."""
    names = {s.service: s.name for s in programme.services}
    return tuple(
        GoLiveLine(
            service=names.get(live.service, live.service),
            school=programme.school_name(live.school),
            announced=format_day(live.announced) if live.announced else "–",
            announced_on=format_day(live.announced_on) if live.announced_on else "–",
            how=live.how or "–",
            forecast=format_day(live.day) if live.day else "–",
            days=live.days_late,
            state=_state(live),
        )
        for live in found
    )


def _state(live: GoLive) -> str:
    if live.day is None:
        return "no longer planned"
    if live.is_done:
        return "live"
    if live.announced is None:
        return "not announced"
    return "later" if live.days_late > 0 else "earlier" if live.days_late < 0 else "as announced"


def announced_sentence(found: Sequence[GoLive]) -> str:
    """Say how many announced go-lives are later than announced, or are no longer planned; empty where none is."""
    known = [live for live in found if live.announced is not None]
    late, dropped = sum(live.is_late for live in known), sum(live.is_dropped for live in known)
    parts = []
    if late:
        noun, verb = "school go-live" if len(known) == 1 else "school go-lives", "is" if late == 1 else "are"
        parts.append(f"{late} of {len(known)} {noun} {verb} later than announced.")
    if dropped:
        noun, verb = ("announced go-live", "is") if dropped == 1 else ("announced go-lives", "are")
        parts.append(f"{dropped} {noun} {verb} no longer planned.")
    return " ".join(parts)


def go_lives_text(lines: Sequence[GoLiveLine]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    yield f"{'service':<18}{'school':<28}{'announced':<14}{'forecast':<14}state"
    for line in lines:
        days = f", {counted(abs(line.days), 'day')} {'later' if line.days > 0 else 'earlier'}" if line.days else ""
        source = f" (announced on {line.announced_on}: {line.how})" if line.how != "–" else ""
        state = f"{line.state}{days}" if line.state == "live" else line.state
        if line.state in ("later", "earlier"):
            state = days.removeprefix(", ")
        yield f"{line.service:<18}{line.school:<28}{line.announced:<14}{line.forecast:<14}{state}{source}"
