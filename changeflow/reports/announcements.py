"""School go-lives in words: announced and forecast."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.phrases import listed, shortened
from changeflow.programme.announcements import GoLive, in_place_of, late_of
from changeflow.programme.go_live_names import go_lives_of
from changeflow.programme.programme import Programme
from changeflow.roadmap.analysis.assumed import mark_if
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.moved_dates import later_or_earlier
from changeflow.values.sentences import sentence
from changeflow.values.words import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLiveLine:
    """One service at one school."""

    service: str
    school: str
    announced: str
    """A dash if not announced."""
    announced_on: str
    how: str
    forecast: str
    """A dash if no longer planned."""
    days: int
    """Calendar days later than announced; negative if earlier."""
    state: str
    """`live`, `later`, `earlier`, `as announced`, `not announced` or `no longer planned`."""


def go_live_lines(programme: Programme, found: Iterable[GoLive]) -> tuple[GoLiveLine, ...]:
    """Describe go-lives."""
    names = {s.service: s.name for s in programme.services}
    return tuple(
        GoLiveLine(
            service=names.get(live.service, live.service),
            school=programme.school_name(live.school),
            announced=format_day(live.announced) if live.announced else "–",
            announced_on=format_day(live.announced_on) if live.announced_on else "–",
            how=live.how or "–",
            forecast=mark_if(format_day(live.day), is_marked=_is_assumed(programme, live)) if live.day else "–",
            days=live.days_late,
            state=_state(live),
        )
        for live in found
    )


def _is_assumed(programme: Programme, live: GoLive) -> bool:
    lives = programme.tasks(kind=Kind.GO_LIVE, service=live.service, schools=frozenset({live.school}))
    return any(t.id in programme.required_schedule.assumed.early for t in lives)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLiveMove:
    """Schools whose go-live with a service moved from the same announced day to the same forecast day."""

    service: str
    schools: tuple[str, ...]
    announced: str
    forecast: str
    """A dash if no longer planned."""
    move: str
    """`31 days later`, `no longer planned`."""
    task: str
    """The name of one of their go-live tasks; empty if no longer planned."""
    live: bool
    """Whether they are live."""


def go_live_moves(programme: Programme, found: Iterable[GoLive]) -> tuple[GoLiveMove, ...]:
    """Group go-lives that differ from the announced day: those no longer planned first, then the largest moves."""
    groups: dict[tuple[str, date, date | None, bool], list[GoLive]] = {}
    for live in found:
        if live.announced is not None and (live.is_dropped or live.days_late):
            same = (live.service, live.announced, live.day, live.is_done)
            groups.setdefault(same, []).append(live)
    names, moves = {s.service: s.name for s in programme.services}, []
    for (service, announced, day, is_done), lives in groups.items():
        days = (day - announced).days if day else 0
        move = f"{counted(abs(days), 'day')} {'later' if days > 0 else 'earlier'}" if day else "no longer planned"
        line = GoLiveMove(
            service=names.get(service, service),
            schools=tuple(sorted(programme.school_name(g.school) for g in lives)),
            announced=format_day(announced),
            forecast=format_day(day) if day else "–",
            move=move,
            task=programme.roadmap.tasks[lives[0].task].name if lives[0].task else "",
            live=is_done,
        )
        moves.append((day is not None, -days, announced, line))
    return tuple(line for *_, line in sorted(moves, key=lambda m: (*m[:3], m[3].service)))


def _state(live: GoLive) -> str:
    if live.day is None:
        return "no longer planned"
    if live.is_done:
        return "live"
    if live.announced is None:
        return "not announced"
    return "later" if live.days_late > 0 else "earlier" if live.days_late < 0 else "as announced"


def school_lines(programme: Programme, school: str, *, asked: str) -> Iterator[str]:
    """Yield when a school goes live with each service, and the command that explains the day: `asked`, followed by an
    id."""
    found, names = go_lives_of(school, programme), {s.service: s.name for s in programme.services}
    for (_, service), task in found:
        verb = "went" if programme.is_done(task.id) else "goes"
        day = format_day(programme.days_of(task.id)[1], weekday=True)
        yield (
            f"{programme.school_name(school)} {verb} live with {names[service]} on {day}: {asked} {school}/{service}"
        )
    if not found:
        yield f"{programme.school_name(school)} goes live with no service."


def state_in_words(line: GoLiveLine) -> str:
    """Write a go-live's state: `28 days later`, `live, 1 day earlier`, `as announced`."""
    if line.state in ("later", "earlier"):
        return later_or_earlier(line.days)
    if line.state == "live" and line.days:
        return sentence("live, %(days)s", days=later_or_earlier(line.days))
    return STATES[line.state]


STATES = {
    "live": sentence("live"),
    "as announced": sentence("as announced"),
    "not announced": sentence("not announced"),
    "no longer planned": sentence("no longer planned"),
}
"""The states that have no number of days."""


def go_lives_text(lines: Sequence[GoLiveLine]) -> Iterator[str]:
    """Yield the lines for the terminal."""
    yield f"{'service':<18}{'school':<28}{'announced':<14}{'forecast':<14}status"
    for line in lines:
        source = f" (announced on {line.announced_on}: {line.how})" if line.how != "–" else ""
        state = state_in_words(line)
        yield f"{line.service:<18}{line.school:<28}{line.announced:<14}{line.forecast:<14}{state}{source}"


NAMED, BUT, WORDS = 12, 3, 6
"""The most schools that the headline names, exceptions to “all schools but”, and words of a school's name: our own
choice."""


def late_names(programme: Programme, found: Iterable[GoLive]) -> str:
    """List go-lives later than announced by service; empty if there are none.

    A few schools are named. More are summed up as “all 14 schools”, all but a few, whole waves, or a number.
    """
    known = [live for live in found if live.announced is not None]
    late = [live for live in known if live.is_late]
    if not late:
        return ""
    services = dict.fromkeys(live.service for live in late)
    parts = []
    for service in services:
        of_it = [live for live in late if live.service == service]
        is_one = len({(live.announced, live.day) for live in of_it}) == 1
        most = counted(max(live.days_late for live in of_it), "day")
        others = [live for live in known if live.service == service and not live.is_late]
        where = _schools(programme, of_it, others, is_short=len(late) <= NAMED)
        days = in_place_of(of_it[0]) if is_one else f"up to {most}"
        parts.append(f"{programme.service(service).name} at {where} ({days})")
    return f"{late_of(known, late)}: {'; '.join(parts)}."


def _schools(programme: Programme, late: Sequence[GoLive], others: Sequence[GoLive], *, is_short: bool) -> str:
    names, but = (sorted(shortened(programme.school_name(g.school), WORDS) for g in of) for of in (late, others))
    count = counted(len(names), "school")
    if is_short:
        return listed(names)
    if not others:
        return f"all {count}"
    if len(others) <= BUT:
        return f"all schools but {listed(but)}"
    waves = {_wave(programme, live) for live in late}
    if None not in waves and not waves & {_wave(programme, live) for live in others}:
        shown = [w.name for w in programme.definition.programme.waves if w.id in waves]
        return f"{count} ({'all of ' if len(shown) < BUT else ''}{listed(shown)})"
    return f"{len(names)} of {counted(len(names) + len(others), 'school')}"


def _wave(programme: Programme, live: GoLive) -> str | None:
    return programme.roadmap.tasks[live.task].wave if live.task is not None else None
